/*
 * supervisor.h - one container as its supervisor knows it
 *
 *	         init ends                   all output is out, or nobody takes it
 *	RUNNING ----------->  DRAINING  ---------------------------------------->  its end is told
 *	                                                                            |    |     |
 *	  (executes itself again)  <-- wait is over -- RESTARTING  <-- by its policy     |     |
 *	                                                   | stop                        |     |
 *	                                                   +------>  DONE  <-------------+     |
 *	                                                               ^                       |
 *	                        what slow clients had still to get --- LINGERING <-------------+
 */
#ifndef SHIM_SUPERVISOR_H
#define SHIM_SUPERVISOR_H

#include "shim/client.h"
#include "shim/health.h"
#include "shim/log_file.h"
#include "shim/netns.h"
#include "shim/resolver.h"
#include "shim/status_record.h"
#include "shim/streams.h"

#include <time.h>

enum phase { PHASE_RUNNING, PHASE_DRAINING, PHASE_RESTARTING, PHASE_LINGERING, PHASE_DONE };

struct supervisor {
	/* From the plan, which is not kept. Heap. */
	char *id, *root_dir, *state_root, *state_dir, *berth, *log_path, *cgroup;
	bool auto_remove, open_stdin, stdin_once;
	bool own_pid_ns;     /* else its processes may outlive its init */
	bool memory_limited; /* so the OOM killer may strike at any exit */
	int restart, restart_max;

	enum phase phase;
	int64_t deadline_ms; /* of the phase; steady clock */
	uint32_t delay_ms;   /* the wait before this run; 0: none */
	bool keeps_files;    /* SHIM_STOP_KEEP */
	bool gave_back;      /* memory_give_back() */
	bool torn;           /* something could not be removed: for the next command */
	bool reaps;          /* `berth container reap` comes after us */
	pid_t pid;
	int pidfd;
	int dir, listener, signals;
	struct streams streams;
	struct status_record status;
	struct health health;
	struct netns netns;
	struct resolver resolver;
	struct log_file log;
	struct clients clients;
	struct log_room log_room;
	struct client_room client_room;
	struct resolver_room resolver_room;
};

static inline int64_t supervisor_steady_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline int64_t supervisor_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#endif
