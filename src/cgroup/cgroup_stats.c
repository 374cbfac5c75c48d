/*
 * cgroup_stats.c - what a group has used, from v1 and v2 files
 *
 * A file that is absent (a controller this machine has not, a kernel without the counter) leaves
 * its numbers zero: whoever shows statistics wants those that there are.
 */
#include "cgroup/cgroup.h"

#include "base/own.h"
#include "cgroup/group.h"
#include "cgroup/group_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { HUGE_SIZES_MAX = 8 };
enum { TEXT_MAX = 16384, NS_PER_US = 1000, NS_PER_TICK = 10000000 /* USER_HZ is 100 */ };

/* A group's files of one controller, one at a time. */
struct reader {
	const struct hierarchy *h; /* NULL: the machine has not got it */
	const char *group;
	char text[TEXT_MAX];
};

static bool load(struct reader *r, enum controller c, const char *v1, const char *v2)
{
	const char *file;

	/* v2 counts some things of every group, whatever controllers it has. */
	r->h = hierarchy_of(c);
	if (!r->h)
		r->h = hierarchy_v2();
	file = r->h && r->h->is_v2 ? v2 : v1;
	return r->h && file && group_file_read(r->h, r->group, file, r->text, TEXT_MAX) >= 0;
}

/* "max" and what is beyond every machine are no limit: UINT64_MAX. */
static uint64_t number(const char *text)
{
	return text[0] == 'm' ? UINT64_MAX : strtoull(text, NULL, 10);
}

static uint64_t one(struct reader *r, enum controller c, const char *v1, const char *v2)
{
	return load(r, c, v1, v2) ? number(r->text) : 0;
}

static uint64_t keyed(const struct reader *r, const char *key)
{
	int64_t value = group_file_value(r->text, key);

	return value < 0 ? 0 : (uint64_t)value;
}

static void read_cpu(struct reader *r, struct arena *a, struct cgroup_stats *s)
{
	bool v2 = false;

	if (load(r, CONTROLLER_CPU, "cpu.stat", "cpu.stat")) {
		v2 = r->h->is_v2;
		s->cpu_periods = keyed(r, "nr_periods");
		s->cpu_throttled_periods = keyed(r, "nr_throttled");
		s->cpu_throttled_ns =
			v2 ? keyed(r, "throttled_usec") * NS_PER_US : keyed(r, "throttled_time");
	}
	if (v2) {
		s->cpu_ns = keyed(r, "usage_usec") * NS_PER_US;
		s->cpu_user_ns = keyed(r, "user_usec") * NS_PER_US;
		s->cpu_kernel_ns = keyed(r, "system_usec") * NS_PER_US;
		return;
	}
	s->cpu_ns = one(r, CONTROLLER_CPUACCT, "cpuacct.usage", NULL);
	if (load(r, CONTROLLER_CPUACCT, "cpuacct.stat", NULL)) {
		s->cpu_user_ns = keyed(r, "user") * NS_PER_TICK;
		s->cpu_kernel_ns = keyed(r, "system") * NS_PER_TICK;
	}
	if (!load(r, CONTROLLER_CPUACCT, "cpuacct.usage_percpu", NULL))
		return;
	s->percpu_ns = arena_array(a, strlen(r->text) / 2 + 1, sizeof(uint64_t));
	for (char *at = r->text, *end;; at = end) {
		uint64_t n = strtoull(at, &end, 10);

		if (end == at)
			break;
		s->percpu_ns[s->n_percpu++] = n;
	}
}

static void read_memory_use(struct reader *r, const char *v1, const char *v2,
			    struct cgroup_memory_use *ret)
{
	static const char *const v1_files[] = { "usage_in_bytes", "max_usage_in_bytes",
						"limit_in_bytes", "failcnt" };
	static const char *const v2_files[] = { "current", "peak", "max", NULL };
	uint64_t *const values[] = { &ret->usage, &ret->max, &ret->limit, &ret->failures };

	for (size_t i = 0; i < 4; i++) {
		char old[64], new[64];

		(void)snprintf(old, sizeof(old), "memory.%s%s", v1, v1_files[i]);
		(void)snprintf(new, sizeof(new), "memory.%s%s", v2, v2_files[i] ? v2_files[i] : "");
		*values[i] = one(r, CONTROLLER_MEMORY, old, v2_files[i] ? new : NULL);
	}
}

static void read_memory(struct reader *r, struct arena *a, struct cgroup_stats *s)
{
	char *line, *save = NULL;

	read_memory_use(r, "", "", &s->memory);
	read_memory_use(r, "memsw.", "swap.", &s->swap);
	read_memory_use(r, "kmem.", "", &s->kernel);
	read_memory_use(r, "kmem.tcp.", "", &s->kernel_tcp);
	if (!load(r, CONTROLLER_MEMORY, "memory.stat", "memory.stat"))
		return;
	if (r->h->is_v2) {
		s->kernel = s->kernel_tcp = (struct cgroup_memory_use){ 0 };
		s->swap.usage += s->memory.usage; /* both together, as v1 counts */
		s->cache = keyed(r, "file");
	} else {
		s->cache = keyed(r, "cache");
	}
	for (line = strtok_r(r->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ' ');

		if (!value)
			continue;
		*value++ = '\0';
		str_map_set(&s->memory_raw, a, arena_strdup(a, line), arena_strdup(a, value));
	}
}

static void add_io(struct arena *a, struct cgroup_io_list *list, const struct cgroup_io *io)
{
	if (list->n % 16 == 0) {
		struct cgroup_io *items = arena_array(a, list->n + 16, sizeof(*items));

		if (list->n)
			memcpy(items, list->items, list->n * sizeof(*items));
		list->items = items;
	}
	list->items[list->n++] = *io;
}

/* "8:0 Read 4096" */
static void read_io_v1(struct reader *r, const char *file, struct arena *a,
		       struct cgroup_io_list *ret)
{
	char *line, *save = NULL;

	if (!load(r, CONTROLLER_BLKIO, file, NULL))
		return;
	for (line = strtok_r(r->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct cgroup_io io = { 0 };
		char op[16];

		if (sscanf(line, "%u:%u %15s %" SCNu64, &io.major, &io.minor, op, &io.value) != 4)
			continue;
		io.op = arena_strdup(a, op);
		add_io(a, ret, &io);
	}
}

/* "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0" */
static void read_io_v2(struct reader *r, struct arena *a, struct cgroup_stats *s)
{
	static const struct {
		const char *key, *op;
		bool bytes;
	} keys[] = { { "rbytes", "Read", true },    { "wbytes", "Write", true },
		     { "rios", "Read", false },     { "wios", "Write", false },
		     { "dbytes", "Discard", true }, { "dios", "Discard", false } };
	char *line, *save = NULL;

	for (line = strtok_r(r->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct cgroup_io io = { 0 };

		if (sscanf(line, "%u:%u", &io.major, &io.minor) != 2)
			continue;
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			const char *at = strstr(line, keys[i].key);

			if (!at || at[strlen(keys[i].key)] != '=')
				continue;
			io.op = keys[i].op;
			io.value = strtoull(at + strlen(keys[i].key) + 1, NULL, 10);
			add_io(a, keys[i].bytes ? &s->io_bytes : &s->io_operations, &io);
		}
	}
}

/* -- huge pages -- */

/* As the controller names its files: "2MB". */
static const char *page_size(uint64_t kb, struct arena *a)
{
	if (kb >= 1 << 20)
		return arena_printf(a, "%" PRIu64 "GB", kb >> 20);
	return kb >= 1 << 10 ? arena_printf(a, "%" PRIu64 "MB", kb >> 10)
			     : arena_printf(a, "%" PRIu64 "KB", kb);
}

static uint64_t hugetlb_file(struct reader *r, const char *size, const char *v1, const char *v2,
			     bool *ret_there)
{
	char old[64], new[64];

	(void)snprintf(old, sizeof(old), "hugetlb.%.16s.%s", size, v1);
	(void)snprintf(new, sizeof(new), "hugetlb.%.16s.%s", size, v2);
	*ret_there = load(r, CONTROLLER_HUGETLB, old, new);
	return *ret_there ? number(r->text) : 0;
}

static void add_hugetlb(struct reader *r, const char *size, struct cgroup_stats *s)
{
	struct cgroup_hugetlb *h = &s->hugetlb[s->n_hugetlb];
	bool there, other;

	*h = (struct cgroup_hugetlb){ .page_size = size };
	h->usage = hugetlb_file(r, size, "usage_in_bytes", "current", &there);
	if (!there)
		return;
	if (!r->h->is_v2) /* v2 keeps no maximum */
		h->max = hugetlb_file(r, size, "max_usage_in_bytes", "current", &other);
	h->failures = hugetlb_file(r, size, "failcnt", "events", &other);
	if (r->h->is_v2)
		h->failures = other ? keyed(r, "max") : 0;
	s->n_hugetlb++;
}

/* The sizes of this machine. */
static void read_hugetlb(struct reader *r, struct arena *a, struct cgroup_stats *s)
{
	DIR *dir = opendir("/sys/kernel/mm/hugepages");
	struct dirent *e;

	s->hugetlb = arena_array(a, HUGE_SIZES_MAX, sizeof(*s->hugetlb));
	while (dir && s->n_hugetlb < HUGE_SIZES_MAX && (e = readdir(dir))) {
		uint64_t kb;

		if (sscanf(e->d_name, "hugepages-%" SCNu64 "kB", &kb) == 1)
			add_hugetlb(r, page_size(kb, a), s);
	}
	if (dir)
		(void)closedir(dir);
}

int cgroup_stats(const char *path, struct arena *a, struct cgroup_stats *ret, struct err *err)
{
	struct reader *r = arena_new(a, struct reader);
	size_t n;
	const struct hierarchy *all = hierarchy_all(&n);
	OWN(fd) int dir = -1;

	*ret = (struct cgroup_stats){ 0 };
	if (!group_path_is_valid(path))
		return err_set(err, -EINVAL, "control group %s: not a valid path", path);
	if (n == 0)
		return err_set(err, -ENOTSUP, "control groups: no hierarchy is mounted");
	dir = group_file_open(&all[0], path, NULL, O_PATH | O_DIRECTORY);
	if (dir < 0)
		return err_code(err, dir, "control group %s%s", all[0].mount, path);
	r->group = path;
	read_cpu(r, a, ret);
	read_memory(r, a, ret);
	ret->pids = one(r, CONTROLLER_PIDS, "pids.current", "pids.current");
	ret->pids_limit = one(r, CONTROLLER_PIDS, "pids.max", "pids.max");
	read_hugetlb(r, a, ret);
	if (load(r, CONTROLLER_BLKIO, NULL, "io.stat")) {
		read_io_v2(r, a, ret);
	} else {
		read_io_v1(r, "blkio.throttle.io_service_bytes_recursive", a, &ret->io_bytes);
		read_io_v1(r, "blkio.throttle.io_serviced_recursive", a, &ret->io_operations);
	}
	return 0;
}

/* v1: an eventfd that the kernel writes to when the group has no memory left. */
static int watch_v1(const struct hierarchy *h, const char *path)
{
	OWN(fd) int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	OWN(fd) int control = group_file_open(h, path, "memory.oom_control", O_RDONLY);
	char line[32];
	int r;

	if (event < 0)
		return -errno;
	if (control < 0)
		return control;
	(void)snprintf(line, sizeof(line), "%d %d", event, control);
	r = group_file_write(h, path, "cgroup.event_control", line);
	return r < 0 ? r : take_fd(&event);
}

static int watch_v2(const struct hierarchy *h, const char *path)
{
	OWN(fd) int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char file[PATH_MAX];
	int r = hierarchy_path(h, path, "memory.events", file);

	if (watch < 0)
		return -errno;
	if (r < 0)
		return r;
	return inotify_add_watch(watch, file, IN_MODIFY) < 0 ? -errno : take_fd(&watch);
}

static uint64_t count_kills(const struct hierarchy *h, const char *path)
{
	char text[512];
	int64_t n = group_file_read(h, path, "memory.events", text, sizeof(text)) > 0
			    ? group_file_value(text, "oom_kill")
			    : 0;

	return n < 0 ? 0 : (uint64_t)n;
}

int cgroup_oom_watch(const char *path, struct cgroup_oom *ret, struct err *err)
{
	const struct hierarchy *h = hierarchy_of(CONTROLLER_MEMORY);
	int fd;

	if (!group_path_is_valid(path))
		return err_set(err, -EINVAL, "control group %s: not a valid path", path);
	if (!h)
		return err_set(err, -ENOTSUP, "watching for lack of memory: no memory controller");
	fd = h->is_v2 ? watch_v2(h, path) : watch_v1(h, path);
	if (fd < 0)
		return err_code(err, fd, "watching control group %s for lack of memory", path);
	*ret = (struct cgroup_oom){ .fd = fd, .is_v2 = h->is_v2 };
	if (h->is_v2)
		ret->count = count_kills(h, path);
	return 0;
}

bool cgroup_oom_struck(const char *path, struct cgroup_oom *oom)
{
	const struct hierarchy *h = hierarchy_of(CONTROLLER_MEMORY);
	char events[4096];
	bool woken = read(oom->fd, events, sizeof(events)) > 0;
	uint64_t before = oom->count;
	OWN(fd) int group = group_file_open(h, path, NULL, O_PATH | O_DIRECTORY);

	/* v1 tells before it counts, and when the group goes; v2 tells of other things as well. */
	if (!oom->is_v2)
		return woken && group >= 0;
	oom->count = count_kills(h, path);
	return oom->count > before;
}
