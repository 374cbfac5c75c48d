/*
 * shim_plan.h - what the engine hands a shim: everything decided
 *
 * The engine packs the plan (schema_pack) into a memfd and executes berth-shim with it as
 * descriptor SHIM_FD_PLAN. The descriptor stays open in the shim: a restart by policy is the shim
 * executing itself again with the same plan.
 */
#ifndef MODEL_SHIM_PLAN_H
#define MODEL_SHIM_PLAN_H

#include "codec/schema.h"
#include "model/net_plan.h"
#include "model/oci_runtime.h"

/* Descriptors that a shim starts with; everything else is closed. */
enum {
	SHIM_FD_PLAN = 3, /* memfd: the packed plan */
	SHIM_FD_CLIENT =
		4, /* stream socket to whoever started it (shim_proto.h); in exec mode too */
};

/* The health check: a command that is run again and again. Times in ns, none of them 0. */
struct health_plan {
	struct strv args;
	int64_t interval, timeout, start_interval;
	int64_t start_period; /* may be 0 */
	int retries;
};
SCHEMA_DECLARE(health_plan);

/* The name server at 127.0.0.11 in the container (shim/resolver.h). */
struct resolver_plan {
	/* Addresses of --dns, of which three are asked at most; none: those of the host, in whose
	 * network namespace all are asked. */
	struct strv servers;
};
SCHEMA_DECLARE(resolver_plan);

/* Signals and time as numbers; the engine has parsed all names. */
struct shim_plan {
	const char *id;
	const char *root_dir;   /* --root */
	const char *state_root; /* --state */
	const char *state_dir;  /* --state/c/ID: socket "shim.sock", "status", "lock", hosts, ... */
	const char *berth;      /* path of the berth program, executed to remove a --rm container */
	const char *log_path;   /* json-file log, appended to; NULL: none */
	uint64_t log_max_size;  /* bytes, 0: no rotation */
	int log_max_file;
	bool terminal;
	bool open_stdin, stdin_once; /* keep stdin open when no client is attached / close it after
					the first */
	uint32_t attach; /* SHIM_ATTACH_*: to what the client on SHIM_FD_CLIENT is attached from the
			    first byte; 0: it is not */
	bool auto_remove;
	int restart;     /* enum shim_restart */
	int restart_max; /* on-failure: 0 is no limit */
	int restart_count;
	uint32_t console_height, console_width;
	const char *cgroup; /* path beneath every hierarchy, "/berth/ID" */
	struct strv lower;  /* layer directories (absolute), TOP first as overlayfs wants them */
	const char *upper, *work;   /* absolute */
	bool volatile_upper;        /* mount the overlay `volatile`: it dies with the container */
	const char *seccomp_cache;  /* directory of compiled filters; NULL: compile each time */
	const char *seccomp_key;    /* file name in it; NULL: do not keep */
	struct health_plan *health; /* NULL: none */
	struct net_plan *net;       /* NULL: as the configuration says alone */
	const char *keeper;         /* an ordinary user's: the FIFO that is held open; NULL: none */
	struct resolver_plan *resolver; /* NULL: none; needs a network namespace with a path */
	struct oci_config config;       /* root.path unused: the overlay is the root */
};
SCHEMA_DECLARE(shim_plan);

enum shim_restart {
	SHIM_RESTART_NO,
	SHIM_RESTART_ON_FAILURE,
	SHIM_RESTART_ALWAYS,
	SHIM_RESTART_UNLESS_STOPPED,
};

/*
 * Exec mode: `berth-shim exec`, one more process in a running container. It supervises that
 * process for its caller: without a terminal the process simply has the caller's descriptors
 * 0, 1 and 2; with one, the shim relays between its own 0/1 and the pty. Its exit status is the
 * process's (128+n for a signal; 126, 127 and 125 as docker). With `detach` it reports the start
 * on SHIM_FD_CLIENT and stays behind, with /dev/null as 0, 1 and 2.
 *
 * `berth-shim probe ID PID START` is the same for a health check, which the container's shim
 * starts: the container's init is the one on the command line. A check that took too long ends it
 * by SIGALRM.
 */
struct exec_plan {
	const char *id;
	int init_pid;        /* the container's init ... */
	uint64_t init_start; /* ... and its start time (field 22 of /proc/PID/stat) */
	const char *cgroup;
	bool detach;
	int64_t timeout;         /* ns, then it is killed, and so ends this; 0: none */
	bool interactive;        /* pass stdin on; otherwise the process reads /dev/null */
	const char *detach_keys; /* bytes of the sequence; NULL: none */
	uint32_t console_height, console_width;
	const char *seccomp_cache, *seccomp_key;
	struct oci_seccomp *seccomp; /* NULL: none (unconfined or privileged) */
	struct oci_process process;
};
SCHEMA_DECLARE(exec_plan);

#endif
