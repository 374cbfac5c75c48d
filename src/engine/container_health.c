/*
 * container_health.c - the health check of a container: merged, checked, planned, and looked at
 *
 * The check is run by the container's shim (shim/health.c), which keeps the last results in
 * STATE/c/ID/health and the verdict in its status.
 */
#include "engine/container_health.h"

#include "base/own.h"
#include "engine/room.h"

#include <fcntl.h>
#include <sched.h>

static const int64_t MILLISECOND = 1000000, SECOND = 1000000000;
enum { INTERVAL_S = 30, TIMEOUT_S = 30, START_INTERVAL_S = 5, RETRIES = 3 };

/* -- what it is -- */

static void inherit(struct health_config *h, const struct health_config *image)
{
	if (h->test.n == 0)
		h->test = image->test;
	if (!h->interval)
		h->interval = image->interval;
	if (!h->timeout)
		h->timeout = image->timeout;
	if (!h->start_period)
		h->start_period = image->start_period;
	if (!h->start_interval)
		h->start_interval = image->start_interval;
	if (!h->retries)
		h->retries = image->retries;
}

static bool is_none(const struct health_config *h)
{
	return h->test.n == 0 || str_is_empty(h->test.items[0]) || str_eq(h->test.items[0], "NONE");
}

static int check(const struct health_config *h, struct err *err)
{
	const struct {
		const char *name;
		int64_t ns;
	} times[] = {
		{ "Interval", h->interval },
		{ "Timeout", h->timeout },
		{ "StartPeriod", h->start_period },
		{ "StartInterval", h->start_interval },
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (times[i].ns && times[i].ns < MILLISECOND)
			return err_set(err, -EINVAL, "%s in Healthcheck cannot be less than 1ms",
				       times[i].name);
	if (h->retries < 0)
		return err_set(err, -EINVAL, "Retries in Healthcheck cannot be negative");
	if (is_none(h))
		return 0;
	if (!str_eq(h->test.items[0], "CMD") && !str_eq(h->test.items[0], "CMD-SHELL"))
		return err_set(err, -EINVAL,
			       "Unknown healthcheck type '%.100s' (expected 'CMD', 'CMD-SHELL' or "
			       "'NONE')",
			       h->test.items[0]);
	if (h->test.n < 2)
		return err_set(err, -EINVAL, "Healthcheck %s has no command", h->test.items[0]);
	return 0;
}

int container_health_merge(struct container_config *c, const struct image_run_config *image,
			   struct arena *a, struct err *err)
{
	struct health_config *h = c->healthcheck, of_image = { 0 };
	int r = 0;

	if (image->healthcheck)
		r = schema_read(&health_config_schema, image->healthcheck,
				strlen(image->healthcheck), a, &of_image, err);
	if (r < 0)
		return err_wrap(err, "Healthcheck of the image");
	if (!h && !image->healthcheck)
		return 0;
	c->healthcheck = arena_new(a, struct health_config);
	if (h)
		*c->healthcheck = *h;
	inherit(c->healthcheck, &of_image);
	return check(c->healthcheck, err);
}

/* -- what the shim gets -- */

static void add_all(struct strv *to, const struct strv *from, size_t first, struct arena *a)
{
	for (size_t i = first; i < from->n; i++)
		strv_add(to, a, from->items[i]);
}

static int64_t or_seconds(int64_t ns, int seconds)
{
	return ns ? ns : seconds * SECOND;
}

struct health_plan *container_health_plan(const struct container_config *c, struct arena *a)
{
	const struct health_config *h = c->healthcheck;
	struct health_plan *plan;

	if (!h || is_none(h))
		return NULL;
	plan = arena_new(a, struct health_plan);
	if (str_eq(h->test.items[0], "CMD-SHELL") && c->shell.n) {
		add_all(&plan->args, &c->shell, 0, a);
	} else if (str_eq(h->test.items[0], "CMD-SHELL")) {
		strv_add(&plan->args, a, "/bin/sh");
		strv_add(&plan->args, a, "-c");
	}
	add_all(&plan->args, &h->test, 1, a);
	plan->interval = or_seconds(h->interval, INTERVAL_S);
	plan->timeout = or_seconds(h->timeout, TIMEOUT_S);
	plan->start_interval = or_seconds(h->start_interval, START_INTERVAL_S);
	plan->start_period = h->start_period;
	plan->retries = h->retries ? h->retries : RETRIES;
	return plan;
}

/* -- how it is -- */

const char *container_health_name(unsigned health)
{
	static const char *const names[] = { NULL, "starting", "healthy", "unhealthy" };

	return health < sizeof(names) / sizeof(names[0]) ? names[health] : NULL;
}

/* The head alone, when nothing is being written. */
static bool read_head(int fd, struct shim_health_head *ret)
{
	return pread(fd, ret, sizeof(*ret), 0) == (ssize_t)sizeof(*ret) &&
	       ret->version == SHIM_STATUS_VERSION && ret->seq % 2 == 0;
}

/* The head and the slots as they were at one time. */
static bool read_record(int fd, struct shim_health_head *head, struct shim_probe *slots)
{
	for (int i = 0; i < 100; i++) {
		struct shim_health_head behind;
		ssize_t n;

		if (read_head(fd, head)) {
			n = pread(fd, slots, SHIM_PROBES * sizeof(*slots), sizeof(*head));
			if (n >= 0 && read_head(fd, &behind) && behind.seq == head->seq)
				return true;
		}
		(void)sched_yield();
	}
	return false;
}

static struct health_result result_of(const struct shim_probe *p, struct arena *a)
{
	uint32_t len = p->len < SHIM_PROBE_OUTPUT ? p->len : SHIM_PROBE_OUTPUT;

	return (struct health_result){ p->start, p->end, p->exit_code,
				       arena_strndup(a, p->output, strnlen(p->output, len)) };
}

void container_health_results(struct engine *e, struct container *c, struct arena *a)
{
	OWN(str) char *path = str_printf("%s/health", c->id);
	OWN(fd) int fd = openat(e->c_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct shim_probe *slots = arena_array(a, SHIM_PROBES, sizeof(*slots));
	struct health_state *h = c->state.health;
	struct shim_health_head head;
	uint32_t n;

	if (!h || fd < 0 || !read_record(fd, &head, slots))
		return;
	n = head.count < SHIM_PROBES ? head.count : SHIM_PROBES;
	h->failing_streak = (int)head.failing_streak;
	h->log.items = arena_array(a, n, sizeof(*h->log.items));
	h->log.n = n;
	for (uint32_t i = 0; i < n; i++)
		h->log.items[i] = result_of(&slots[(head.count - n + i) % SHIM_PROBES], a);
}
