/*
 * restart.c - docker's restart policies
 *
 * The wait begins with 100 ms, doubles up to a minute, and begins again once the container has been
 * up for 10 seconds.
 */
#include "shim/restart.h"

#include "model/shim_plan.h"

enum { DELAY_FIRST_MS = 100, DELAY_MAX_MS = 60000 };
static const int64_t STEADY_NS = 10LL * 1000000000;

static bool wants(const struct restart_facts *f)
{
	if (f->stopped)
		return false;
	switch ((enum shim_restart)f->policy) {
	case SHIM_RESTART_ALWAYS:
	case SHIM_RESTART_UNLESS_STOPPED:
		return true;
	case SHIM_RESTART_ON_FAILURE:
		return f->exit_code != 0 && (f->max <= 0 || f->count < (uint32_t)f->max);
	case SHIM_RESTART_NO:
		return false;
	}
	return false;
}

bool restart_decide(const struct restart_facts *f, uint32_t *ret_delay_ms)
{
	uint32_t delay = f->ran_ns >= STEADY_NS ? 0 : f->delay_ms;

	if (!wants(f))
		return false;
	delay = delay ? delay * 2 : DELAY_FIRST_MS;
	*ret_delay_ms = delay < DELAY_MAX_MS ? delay : DELAY_MAX_MS;
	return true;
}
