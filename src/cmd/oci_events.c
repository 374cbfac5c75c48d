/*
 * oci_events.c - events: what a container has used, again and again, and when it had no memory left
 *
 * One JSON document a line, in the form of runc's. It ends with the container.
 */
#include "cmd/oci_state.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "codec/duration.h"
#include "codec/json.h"

#include <inttypes.h>
#include <poll.h>
#include <time.h>

struct events_opts {
	int64_t interval; /* ns */
	bool stats;
};

static int convert_interval(const char *text, int64_t *ret, struct err *err)
{
	if (duration_parse(text, ret) < 0)
		return err_set(err, -EINVAL, "must be a duration such as 500ms or 5s");
	return *ret < 1000000 ? err_set(err, -EINVAL, "must be at least 1ms") : 0;
}

static const struct opt events_opts[] = {
	CONVERT(struct events_opts, interval, 0, "interval", "duration", convert_interval,
		"Time between two statistics (default 5s)"),
	FLAG(struct events_opts, stats, 0, "stats", "Print statistics once and quit"),
	OPT_END,
};

static const struct events_opts events_defaults = { .interval = 5000000000 };

/* -- a document -- */

static void add_memory(struct buf *out, const char *name, const struct cgroup_memory_use *use)
{
	buf_printf(out,
		   "\"%s\":{\"limit\":%" PRIu64 ",\"usage\":%" PRIu64 ",\"max\":%" PRIu64
		   ",\"failcnt\":%" PRIu64 "}",
		   name, use->limit, use->usage, use->max, use->failures);
}

static void add_io(struct buf *out, const char *name, const struct cgroup_io_list *list)
{
	buf_printf(out, "\"%s\":[", name);
	for (size_t i = 0; i < list->n; i++)
		buf_printf(out, "%s{\"major\":%u,\"minor\":%u,\"op\":\"%s\",\"value\":%" PRIu64 "}",
			   i ? "," : "", list->items[i].major, list->items[i].minor,
			   list->items[i].op, list->items[i].value);
	buf_addc(out, ']');
}

static void add_cpu(struct buf *out, const struct cgroup_stats *s)
{
	buf_printf(out, "\"cpu\":{\"usage\":{\"total\":%" PRIu64 ",\"percpu\":[", s->cpu_ns);
	for (size_t i = 0; i < s->n_percpu; i++)
		buf_printf(out, "%s%" PRIu64, i ? "," : "", s->percpu_ns[i]);
	buf_printf(out,
		   "],\"kernel\":%" PRIu64 ",\"user\":%" PRIu64
		   "},\"throttling\":{\"periods\":%" PRIu64 ",\"throttledPeriods\":%" PRIu64
		   ",\"throttledTime\":%" PRIu64 "}}",
		   s->cpu_kernel_ns, s->cpu_user_ns, s->cpu_periods, s->cpu_throttled_periods,
		   s->cpu_throttled_ns);
}

static void add_hugetlb(struct buf *out, const struct cgroup_stats *s)
{
	for (size_t i = 0; i < s->n_hugetlb; i++)
		buf_printf(out,
			   "%s\"%s\":{\"usage\":%" PRIu64 ",\"max\":%" PRIu64
			   ",\"failcnt\":%" PRIu64 "}",
			   i ? "," : ",\"hugetlb\":{", s->hugetlb[i].page_size, s->hugetlb[i].usage,
			   s->hugetlb[i].max, s->hugetlb[i].failures);
	if (s->n_hugetlb)
		buf_addc(out, '}');
}

static void add_stats(struct buf *out, const struct cgroup_stats *s)
{
	add_cpu(out, s);
	buf_printf(out, ",\"memory\":{\"cache\":%" PRIu64 ",", s->cache);
	add_memory(out, "usage", &s->memory);
	buf_addc(out, ',');
	add_memory(out, "swap", &s->swap);
	buf_addc(out, ',');
	add_memory(out, "kernel", &s->kernel);
	buf_addc(out, ',');
	add_memory(out, "kernelTCP", &s->kernel_tcp);
	buf_adds(out, ",\"raw\":{");
	for (size_t i = 0; i < s->memory_raw.n; i++)
		buf_printf(out, "%s\"%s\":%s", i ? "," : "", s->memory_raw.items[i].key,
			   s->memory_raw.items[i].value);
	buf_printf(out, "}},\"pids\":{\"current\":%" PRIu64, s->pids);
	/* As runc has it, no limit is no member. */
	if (s->pids_limit && s->pids_limit != UINT64_MAX)
		buf_printf(out, ",\"limit\":%" PRIu64, s->pids_limit);
	buf_adds(out, "},\"blkio\":{");
	add_io(out, "ioServiceBytesRecursive", &s->io_bytes);
	buf_addc(out, ',');
	add_io(out, "ioServicedRecursive", &s->io_operations);
	buf_adds(out, "}");
	add_hugetlb(out, s);
}

/* -- the class of resctrl, as runc's intel_rdt -- */

static void add_text(struct buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	buf_printf(out, "\"%s\":", name);
	json_quote(text, strlen(text), out);
	buf_addc(out, ',');
}

/* The line of a resource ("L3:…", "L3CODE:…"), or NULL. */
static const char *line_of(const struct strv *schemata, const char *resource)
{
	for (size_t i = 0; i < schemata->n; i++)
		if (str_after(schemata->items[i], resource))
			return schemata->items[i];
	return NULL;
}

/* Of numbers in decimal, but for cbm_mask, which has hexadecimal digits and is text. */
static void add_info(struct buf *out, const char *name, const struct str_map *files)
{
	if (files->n == 0)
		return;
	buf_printf(out, "\"%s\":{", name);
	for (size_t i = 0; i < files->n; i++) {
		const struct str_pair *p = &files->items[i];

		buf_printf(out, "%s\"%s\":", i ? "," : "", p->key);
		if (str_eq(p->key, "cbm_mask"))
			json_quote(p->value, strlen(p->value), out);
		else
			buf_printf(out, "%llu", strtoull(p->value, NULL, 10));
	}
	buf_adds(out, "},");
}

static void add_measured(struct buf *out, const struct cgroup_class_stats *s)
{
	const char *comma = "";

	buf_adds(out, "\"mbm_stats\":[");
	for (size_t i = 0; i < s->n_domains; i++) {
		const struct cgroup_class_domain *d = &s->domains[i];

		if (!d->total && !d->local)
			continue;
		buf_printf(out,
			   "%s{\"mbm_total_bytes\":%" PRIu64 ",\"mbm_local_bytes\":%" PRIu64 "}",
			   comma, d->total ? *d->total : 0, d->local ? *d->local : 0);
		comma = ",";
	}
	buf_adds(out, "],\"cmt_stats\":[");
	comma = "";
	for (size_t i = 0; i < s->n_domains; i++) {
		if (!s->domains[i].occupancy)
			continue;
		buf_printf(out, "%s{\"llc_occupancy\":%" PRIu64 "}", comma,
			   *s->domains[i].occupancy);
		comma = ",";
	}
	buf_addc(out, ']');
}

static void add_class(struct buf *out, const struct cgroup_class_stats *s)
{
	buf_adds(out, ",\"intel_rdt\":{");
	add_info(out, "l3_cache_info", &s->cache);
	add_text(out, "l3_cache_schema_root", line_of(&s->root_schemata, "L3"));
	add_text(out, "l3_cache_schema", line_of(&s->schemata, "L3"));
	add_info(out, "mem_bw_info", &s->bandwidth);
	add_text(out, "mem_bw_schema_root", line_of(&s->root_schemata, "MB:"));
	add_text(out, "mem_bw_schema", line_of(&s->schemata, "MB:"));
	buf_adds(out, "\"schemata\":[");
	for (size_t i = 0; i < s->schemata.n; i++) {
		buf_adds(out, i ? "," : "");
		json_quote(s->schemata.items[i], strlen(s->schemata.items[i]), out);
	}
	buf_adds(out, "],");
	add_measured(out, s);
	buf_addc(out, '}');
}

static int print_event(struct oci_cli *cli, const struct oci_container *c, const char *type,
		       const struct cgroup_stats *s, const struct cgroup_class_stats *class)
{
	OWN(buf) struct buf out = { 0 };

	buf_printf(&out, "{\"type\":\"%s\",\"id\":", type);
	json_quote(c->state.id, strlen(c->state.id), &out);
	if (s) {
		buf_adds(&out, ",\"data\":{");
		add_stats(&out, s);
		if (class)
			add_class(&out, class);
		buf_addc(&out, '}');
	}
	buf_adds(&out, "}\n");
	return oci_print(cli, out.data, out.len);
}

static int print_stats(struct oci_cli *cli, const struct oci_container *c)
{
	struct arena a = ARENA_INIT;
	struct cgroup_stats stats;
	struct cgroup_class_stats class = { 0 };
	int r = cgroup_stats(c->state.cgroup, &a, &stats, &cli->err);

	if (r == 0 && c->state.class)
		r = cgroup_class_stats(c->state.class, &a, &class, &cli->err);
	if (r == 0)
		r = print_event(cli, c, "stats", &stats, c->state.class ? &class : NULL);
	arena_done(&a);
	return r;
}

/* -- following a container -- */

static int64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int wait_for(struct pollfd *fds, nfds_t n, int64_t until)
{
	int64_t left = until - now_ns();
	struct timespec ts = { .tv_sec = left / 1000000000, .tv_nsec = left % 1000000000 };
	int r = left > 0 ? ppoll(fds, n, &ts, NULL) : ppoll(fds, n, &(struct timespec){ 0 }, NULL);

	return r < 0 && errno != EINTR ? -errno : r;
}

static int follow(struct oci_cli *cli, const struct oci_container *c, int64_t interval)
{
	OWN(fd) int init = oci_state_pidfd(c);
	struct cgroup_oom oom = { .fd = -1 };
	int64_t next = now_ns() + interval;
	int r = cgroup_oom_watch(c->state.cgroup, &oom, &cli->err);

	if (r == -ENOTSUP) /* a machine without memory control has statistics all the same */
		r = 0;
	while (r == 0) {
		struct pollfd fds[] = { { .fd = init, .events = POLLIN },
					{ .fd = oom.fd, .events = POLLIN } };
		int n = wait_for(fds, 2, next);

		if (n < 0)
			r = err_code(&cli->err, n, "waiting for events");
		if (n == 0) {
			r = print_stats(cli, c);
			next += interval;
		}
		/* Looked at before the end, since the end may come from it. */
		if (r == 0 && fds[1].revents && cgroup_oom_struck(c->state.cgroup, &oom))
			r = print_event(cli, c, "oom", NULL, NULL);
		if (fds[0].revents)
			break;
	}
	fd_cleanup(&oom.fd);
	return r;
}

static int oci_events(struct oci_cli *cli, const void *opts, const struct strv *args)
{
	const struct events_opts *o = opts;
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	int r = oci_state_open(cli, args->items[0], false, &c);
	enum oci_status is;

	if (r == 0)
		r = oci_state_need_cgroup(cli, &c, "events");
	if (r < 0)
		return r;
	is = oci_state_status(&c);
	if (is == OCI_STOPPED || is == OCI_CREATING)
		return err_set(&cli->err, -ESRCH, "container %s is %s: nothing happens in it",
			       c.state.id, oci_status_names[is]);
	return o->stats ? print_stats(cli, &c) : follow(cli, &c, o->interval);
}

const struct oci_cmd oci_events_table[] = {
	{ "events", "[OPTIONS] ID", "Print what a container uses, and when its memory ran out",
	  events_opts, &events_defaults, sizeof(struct events_opts), oci_events, 1, 1,
	  OPT_ANYWHERE },
	{ 0 },
};
