/*
 * heal_decide.c - what follows from what is known of a container without a shim
 *
 * A shim that ended in order has left its exit record and decided about a restart itself. One that
 * was killed has left its last status, or nothing: then the container's init was killed with it.
 */
#include "engine/heal_decide.h"

enum { KILLED = 137, REBOOTED = 255 };

static bool is_up(int status)
{
	return status == CONTAINER_RUNNING || status == CONTAINER_PAUSED ||
	       status == CONTAINER_RESTARTING;
}

/* How it ended, when the shim did not come to say so. */
static struct shim_status violent_end(const struct heal_facts *f, int64_t now)
{
	struct shim_status end = { .version = SHIM_STATUS_VERSION };

	if (f->last)
		end = *f->last;
	else if (!f->rebooted)
		end.state = SHIM_STATE_STARTING; /* no shim has come up: it never ran */
	else
		end.state = SHIM_STATE_RUNNING;
	if (end.state == SHIM_STATE_EXITED)
		return end;
	if (end.state == SHIM_STATE_STARTING && end.restart_count == 0)
		return end; /* the document's own past says what it was before */
	if (end.state != SHIM_STATE_RESTARTING) { /* between two runs, the last end stands */
		end.exit_code = f->rebooted ? REBOOTED : KILLED;
		end.finished_at = now;
	}
	end.state = SHIM_STATE_EXITED;
	end.pid = 0;
	if (!end.restart_count)
		end.restart_count = (uint32_t)f->restart_count;
	return end;
}

static bool wants_restart(const struct heal_facts *f, const struct shim_status *end)
{
	const char *policy = f->restart_policy;

	if (end->stopped_by_user || end->state != SHIM_STATE_EXITED)
		return false;
	if (str_eq(policy, "always") || str_eq(policy, "unless-stopped"))
		return true;
	return str_eq(policy, "on-failure") && end->exit_code != 0 &&
	       (f->restart_max == 0 || (int)end->restart_count < f->restart_max);
}

void heal_decide(const struct heal_facts *f, int64_t now, struct heal_plan *ret)
{
	bool said = f->exit || (f->last && f->last->state == SHIM_STATE_EXITED);

	*ret = (struct heal_plan){ .verdict = HEAL_KEEP };
	if (!f->known && !f->unreadable)
		ret->verdict = HEAL_SWEEP;
	if (!f->known || f->unreadable || !is_up(f->status))
		return;
	ret->end = f->exit ? *f->exit : violent_end(f, now);
	if (f->auto_remove)
		ret->verdict = HEAL_REMOVE;
	else if (!said && wants_restart(f, &ret->end)) /* else the shim has decided that itself */
		ret->verdict = HEAL_RESTART;
	else
		ret->verdict = HEAL_EXITED;
}
