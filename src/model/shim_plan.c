/*
 * shim_plan.c - tables of the plans that a shim gets
 */
#include "model/shim_plan.h"

#define T struct health_plan
SCHEMA(health_plan, T, F_STRV(T, args, "args", REQUIRED), F_I64(T, interval, "interval", REQUIRED),
       F_I64(T, timeout, "timeout", REQUIRED), F_I64(T, start_interval, "startInterval", REQUIRED),
       F_I64(T, start_period, "startPeriod", OMIT_EMPTY), F_INT(T, retries, "retries", REQUIRED));
#undef T

#define T struct resolver_plan
SCHEMA(resolver_plan, T, F_STRV(T, servers, "servers", OMIT_EMPTY));
#undef T

#define T struct shim_plan
SCHEMA(shim_plan, T, F_STR(T, id, "id", REQUIRED), F_STR(T, root_dir, "rootDir", REQUIRED),
       F_STR(T, state_root, "stateRoot", REQUIRED), F_STR(T, state_dir, "stateDir", REQUIRED),
       F_STR(T, berth, "berth", OMIT_EMPTY), F_STR(T, log_path, "logPath", OMIT_EMPTY),
       F_U64(T, log_max_size, "logMaxSize", OMIT_EMPTY),
       F_INT(T, log_max_file, "logMaxFile", OMIT_EMPTY),
       F_BOOL(T, terminal, "terminal", OMIT_EMPTY), F_BOOL(T, open_stdin, "openStdin", OMIT_EMPTY),
       F_BOOL(T, stdin_once, "stdinOnce", OMIT_EMPTY), F_U32(T, attach, "attach", OMIT_EMPTY),
       F_BOOL(T, auto_remove, "autoRemove", OMIT_EMPTY), F_INT(T, restart, "restart", OMIT_EMPTY),
       F_INT(T, restart_max, "restartMax", OMIT_EMPTY),
       F_INT(T, restart_count, "restartCount", OMIT_EMPTY),
       F_U32(T, console_height, "consoleHeight", OMIT_EMPTY),
       F_U32(T, console_width, "consoleWidth", OMIT_EMPTY), F_STR(T, cgroup, "cgroup", REQUIRED),
       F_STRV(T, lower, "lower", REQUIRED), F_STR(T, upper, "upper", REQUIRED),
       F_STR(T, work, "work", REQUIRED), F_BOOL(T, volatile_upper, "volatileUpper", OMIT_EMPTY),
       F_STR(T, seccomp_cache, "seccompCache", OMIT_EMPTY),
       F_STR(T, seccomp_key, "seccompKey", OMIT_EMPTY),
       F_PTR(T, health, "health", health_plan, OMIT_EMPTY),
       F_PTR(T, net, "net", net_plan, OMIT_EMPTY), F_STR(T, keeper, "keeper", OMIT_EMPTY),
       F_PTR(T, resolver, "resolver", resolver_plan, OMIT_EMPTY),
       F_OBJ(T, config, "config", oci_config, REQUIRED));
#undef T

#define T struct exec_plan
SCHEMA(exec_plan, T, F_STR(T, id, "id", REQUIRED), F_INT(T, init_pid, "initPid", REQUIRED),
       F_U64(T, init_start, "initStart", REQUIRED), F_STR(T, cgroup, "cgroup", REQUIRED),
       F_BOOL(T, detach, "detach", OMIT_EMPTY), F_I64(T, timeout, "timeout", OMIT_EMPTY),
       F_BOOL(T, interactive, "interactive", OMIT_EMPTY),
       F_STR(T, detach_keys, "detachKeys", OMIT_EMPTY),
       F_U32(T, console_height, "consoleHeight", OMIT_EMPTY),
       F_U32(T, console_width, "consoleWidth", OMIT_EMPTY),
       F_STR(T, seccomp_cache, "seccompCache", OMIT_EMPTY),
       F_STR(T, seccomp_key, "seccompKey", OMIT_EMPTY),
       F_PTR(T, seccomp, "seccomp", oci_seccomp, OMIT_EMPTY),
       F_OBJ(T, process, "process", oci_process, REQUIRED));
#undef T
