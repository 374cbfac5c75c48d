/*
 * container_status.c - a container's state, from its document and its shim's word
 */
#include "engine/container_status.h"

#include "engine/container_health.h"

void container_status_starting(struct container_state *st, bool restarted)
{
	st->running = st->restarting = restarted;
	if (restarted)
		st->status = CONTAINER_RESTARTING;
	else
		st->status = st->finished_at ? CONTAINER_EXITED : CONTAINER_CREATED;
	if (st->status == CONTAINER_CREATED)
		st->started_at = 0;
	st->pid = 0;
}

/* What has ended is unhealthy, also when its shim did not come to say so. */
static void merge_health(struct container_state *st, const struct shim_status *s, struct arena *a)
{
	bool ended = s->state == SHIM_STATE_EXITED;

	st->health = NULL;
	if (!container_health_name(s->health))
		return;
	st->health = arena_new(a, struct health_state);
	st->health->status = container_health_name(ended ? SHIM_HEALTH_UNHEALTHY : s->health);
}

void container_status_merge(struct container *c, const struct shim_status *s, struct arena *a)
{
	struct container_state *st = &c->state;

	c->restart_count = (int)s->restart_count;
	if (s->started_at)
		st->started_at = s->started_at;
	if (s->finished_at)
		st->finished_at = s->finished_at;
	if (s->state == SHIM_STATE_STARTING) {
		container_status_starting(st, s->restart_count > 0);
		return;
	}
	merge_health(st, s, a);
	st->paused = s->state == SHIM_STATE_PAUSED;
	st->restarting = s->state == SHIM_STATE_RESTARTING;
	st->running = s->state != SHIM_STATE_EXITED;
	st->pid = st->running ? s->pid : 0;
	st->oom_killed = s->oom_killed;
	st->exit_code = st->running && !st->restarting ? 0 : s->exit_code;
	st->error = s->error[0] ? arena_strdup(a, s->error) : NULL;
	st->status = st->paused       ? CONTAINER_PAUSED
		     : st->restarting ? CONTAINER_RESTARTING
		     : st->running    ? CONTAINER_RUNNING
				      : CONTAINER_EXITED;
	if (s->stopped_by_user)
		c->has_been_manually_stopped = true;
}

bool container_status_is_up(const struct container *c)
{
	return c->state.status == CONTAINER_RUNNING || c->state.status == CONTAINER_PAUSED ||
	       c->state.status == CONTAINER_RESTARTING;
}

const char *container_status_cgroup(const struct container *c, struct arena *a)
{
	const char *parent = c->host_config.cgroup_parent;

	if (str_is_empty(parent))
		return arena_printf(a, "/berth/%s", c->id);
	return arena_printf(a, "%s%s/%s", parent[0] == '/' ? "" : "/", parent, c->id);
}
