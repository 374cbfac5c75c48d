/*
 * health.h - the health check of a container: a command that its shim runs again and again
 *
 * As docker has it: the first check comes one interval after the start, each next one an interval
 * after the end of the one before. A check fails by its exit status, or by taking too long; as many
 * failures in a row as `retries` make the container unhealthy, but for those in the start period of
 * a container that has not been healthy yet. Nothing is checked while it is paused.
 */
#ifndef SHIM_HEALTH_H
#define SHIM_HEALTH_H

#include "base/err.h"
#include "model/shim_plan.h"
#include "model/shim_proto.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct supervisor;

struct health {
	bool wanted;
	/* From the plan; ms. */
	int64_t interval, start_interval, start_period;
	int64_t timeout_ns;
	uint32_t retries;
	uid_t owner; /* of the check's process */

	int plan;         /* memfd: the packed exec_plan; or -1 */
	int file;         /* STATE/c/ID/health, or -1 */
	int null;         /* /dev/null */
	int64_t begun_ms; /* the run that is being checked; steady clock */
	int64_t next_ms;  /* when the next check is due */
	pid_t probe;      /* the supervisor of the check under way; 0: none */
	int output;       /* what it writes, or -1 */
	bool in_start_period;
	struct shim_health_head head;
};

#define HEALTH_NONE                                                                                \
	{                                                                                          \
		.plan = -1, .file = -1, .null = -1, .output = -1                                   \
	}

/* Before the container runs: all that is needed is made now. Nothing without a health check. */
int health_prepare(struct supervisor *s, const struct shim_plan *plan, struct err *err);
/* The container runs. The caller writes its status down. */
void health_begin(struct supervisor *s);
/* The container is paused, or runs on. The caller writes its status down. */
void health_pause(struct supervisor *s, bool paused);
/* The container has ended: a check that is under way ends with it. */
void health_end(struct supervisor *s);

/* Milliseconds until there is something to do; -1: nothing. */
int64_t health_wait_ms(const struct supervisor *s);
/* Starts a check that is due. */
void health_turn(struct supervisor *s);
/* There is output of the check. */
void health_read(struct supervisor *s);
/* A child has ended (a status of waitpid()): was it the check? */
bool health_reap(struct supervisor *s, pid_t pid, int wait_status);

#endif
