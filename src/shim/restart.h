/*
 * restart.h - docker's restart policies, as a decision without system calls
 */
#ifndef SHIM_RESTART_H
#define SHIM_RESTART_H

#include <stdbool.h>
#include <stdint.h>

struct restart_facts {
	int policy;     /* enum shim_restart */
	int max;        /* of on-failure; 0: no limit */
	uint32_t count; /* restarts so far */
	int exit_code;
	bool stopped;      /* the user wanted it down */
	int64_t ran_ns;    /* how long it was up */
	uint32_t delay_ms; /* the wait before this run; 0: none */
};

/* *ret_delay_ms: how long to wait, when the answer is yes. */
bool restart_decide(const struct restart_facts *f, uint32_t *ret_delay_ms);

#endif
