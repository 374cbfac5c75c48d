/*
 * container_plan.h - a container as an OCI configuration and a shim's plan
 *
 * The deciding half of a start: everything that the plan depends on comes in as facts, so that a
 * plan can be compared with a golden file.
 */
#ifndef ENGINE_CONTAINER_PLAN_H
#define ENGINE_CONTAINER_PLAN_H

#include "codec/passwd.h"
#include "engine/container_devices.h"
#include "engine/container_security.h"
#include "engine/engine.h"
#include "model/shim_plan.h"

struct plan_facts {
	const struct host_facts *host;
	const char *root, *state; /* ROOT, STATE */
	const char *berth;        /* the berth program */
	const char *init;         /* --init: the helper that is mounted into the container */
	struct passwd_user user;
	struct container_devices devices;
	uint64_t caps;
	struct security security;
	struct security_filter filter;
	const struct start_opts *opts;
};

/* *ret refers to c, facts and the arena. */
int container_plan_make(const struct container *c, const struct plan_facts *facts, struct arena *a,
			struct shim_plan *ret, struct err *err);

/* The mounts of the configuration, in order. */
int container_plan_mounts(const struct container *c, const struct plan_facts *facts,
			  struct arena *a, struct oci_config *config, struct err *err);

/* What a process of this container has in its environment, for start and exec alike. */
struct strv container_plan_env(const struct container *c, bool tty, const struct strv *more,
			       const char *home, struct arena *a);
/* "RLIMIT_NOFILE" and so on, held to what this process may set. */
int container_plan_rlimits(const struct container *c, const struct host_facts *host,
			   struct arena *a, struct oci_process *process, struct err *err);

/* SHIM_ATTACH_* of what the starter wants to be attached to. */
static inline uint32_t container_plan_attach(const struct start_opts *o)
{
	return (o->attach_stdin ? SHIM_ATTACH_STDIN : 0u) |
	       (o->attach_stdout ? SHIM_ATTACH_STDOUT : 0u) |
	       (o->attach_stderr ? SHIM_ATTACH_STDERR : 0u);
}

#endif
