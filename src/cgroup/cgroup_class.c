/*
 * cgroup_class.c - classes of resctrl: parts of caches and of memory bandwidth
 *
 * resctrl (Linux 4.10, Documentation/arch/x86/resctrl.rst) is a file system of one level: a
 * directory is a class, its file schemata says what the class has, a process is in it that writes
 * itself to its tasks. mon_groups beneath holds groups that are only measured. Rules are those of
 * the OCI runtime specification's "IntelRdt".
 *
 * The kernel says no more than EINVAL when it refuses a line, and why in info/last_cmd_status.
 * Removing a class moves the processes in it to the default class without a word, so only one that
 * was made for the container alone is removed with it.
 */
#include "cgroup/cgroup.h"

#include "base/own.h"
#include "cgroup/hierarchy.h"
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { MOUNTINFO_MAX = 16 << 20, FILE_MAX = 64 << 10 };

const char *cgroup_class_mount(struct arena *a)
{
	OWN(str) char *text = NULL;
	char *line, *end;

	if (file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL) < 0)
		return NULL;
	for (line = text; *line; line = end) {
		struct hierarchy_mount m;

		end = strchrnul(line, '\n');
		if (*end)
			*end++ = '\0';
		if (hierarchy_split_mount(line, &m) && str_eq(m.type, "resctrl"))
			return arena_strdup(a, m.place);
	}
	return NULL;
}

/* -- places -- */

static int open_mount(const char *mount, struct err *err)
{
	int fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "resctrl at %s", mount) : fd;
}

/* Of one part alone: nobody but root makes links in resctrl, and none is followed. */
static int open_class(const struct cgroup_class *class, struct err *err)
{
	OWN(fd) int mount = open_mount(class->mount, err);
	int fd;

	if (mount < 0)
		return mount;
	if (!*class->name)
		return take_fd(&mount);
	fd = openat(mount, class->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_sys(err, "class %s of %s", class->name, class->mount) : fd;
}

/* What the kernel has to say about the last thing that it refused. */
static int failed(const struct cgroup_class *class, int code, const char *what, struct err *err)
{
	OWN(str) char *path = str_printf("%s/info/last_cmd_status", class->mount);
	OWN(str) char *text = NULL;

	if (file_read_at(AT_FDCWD, path, FILE_MAX, &text, NULL) < 0 || !*text ||
	    strncmp(text, "ok", 2) == 0)
		return err_code(err, code, "class %s of %s: %s", class->name, class->mount, what);
	text[strcspn(text, "\n")] = '\0';
	return err_set(err, code, "class %s of %s: %s: %s (%s)", class->name, class->mount, what,
		       strerror(-code), text);
}

static bool is_there(const char *mount, const char *name)
{
	OWN(str) char *path = str_printf("%s/%s", mount, name);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool has_lines(const struct cgroup_class_want *want)
{
	return want->l3 || want->mem_bw || (want->schemata && want->schemata->n);
}

/* Is what is to be measured among the things that this machine measures? */
static int check_measured(const char *mount, const struct cgroup_class_want *want, struct err *err)
{
	OWN(str) char *path = str_printf("%s/info/L3_MON/mon_features", mount);
	OWN(str) char *text = NULL;

	if (!want->monitor)
		return 0;
	if (file_read_at(AT_FDCWD, path, FILE_MAX, &text, NULL) < 0)
		return err_set(err, -ENOTSUP,
			       "linux.intelRdt: this machine measures neither caches nor memory "
			       "bandwidth; remove enableMonitoring");
	if (want->needs_occupancy && !strstr(text, "llc_occupancy"))
		return err_set(err, -ENOTSUP,
			       "linux.intelRdt.enableCMT: this machine does not measure caches");
	if (want->needs_bandwidth && !strstr(text, "mbm_"))
		return err_set(err, -ENOTSUP,
			       "linux.intelRdt.enableMBM: this machine does not measure memory "
			       "bandwidth");
	return 0;
}

/* Directories of resctrl that are no classes. */
static bool is_reserved(const char *name)
{
	return str_eq(name, "info") || str_eq(name, "mon_groups") || str_eq(name, "mon_data");
}

int cgroup_class_find(const char *mount, const struct cgroup_class_want *want, struct arena *a,
		      struct cgroup_class *ret, struct err *err)
{
	struct cgroup_class class = { .mount = mount,
				      .name = want->name ? want->name : want->container };
	int r = check_measured(mount, want, err);

	if (r < 0)
		return r;
	if (str_eq(class.name, "/"))
		class.name = "";
	if (is_reserved(class.name))
		return err_set(err, -EINVAL,
			       "linux.intelRdt: no class can be called %s; set closID", class.name);
	if (want->monitor)
		class.monitor = arena_strdup(a, want->container);
	class.name = arena_strdup(a, class.name);
	if (want->name && !has_lines(want) && !is_there(mount, class.name))
		return err_set(err, -ENOENT,
			       "linux.intelRdt.closID: there is no class %s in %s; make it, or say "
			       "in schemata what it has",
			       class.name, mount);
	class.is_ours = !want->name && !is_there(mount, class.name);
	*ret = class;
	return 0;
}

/* -- lines of schemata -- */

static int write_lines(const struct cgroup_class *class, int dir, const struct buf *lines,
		       struct err *err)
{
	OWN(str) char *what = NULL;
	int r;

	if (lines->len == 0)
		return 0;
	r = file_put_at(dir, "schemata", lines->data, lines->len);
	if (r == 0)
		return 0;
	what = str_printf("schemata \"%.*s\"", (int)lines->len - 1, lines->data);
	return failed(class, r, what, err);
}

static void add_line(const char *line, struct buf *lines)
{
	if (line)
		buf_printf(lines, "%s\n", line);
}

/* Two writes, since one must not have two lines for one thing, but the later may correct. */
static int write_all(const struct cgroup_class *class, int dir, const char *l3, const char *mem_bw,
		     const struct strv *schemata, struct err *err)
{
	OWN(buf) struct buf first = { 0 }, second = { 0 };
	int r;

	add_line(l3, &first);
	add_line(mem_bw, &first);
	for (size_t i = 0; schemata && i < schemata->n; i++)
		add_line(schemata->items[i], &second);
	r = write_lines(class, dir, &first, err);
	return r < 0 ? r : write_lines(class, dir, &second, err);
}

/* "0=07f" and " 0= 7F" say the same. */
static const char *skip_padding(const char *s)
{
	s += strspn(s, " ");
	while (*s == '0' && s[1] && !strchr("; \n", s[1]))
		s++;
	return s;
}

/* What a cache of this number has in a line "0=7f;1=3": its digits, or NULL. */
static const char *share_of(const char *domains, size_t len, const char *number, size_t n_number)
{
	const char *end = domains + len;

	for (const char *at = domains; at < end;) {
		const char *equal, *next = memchr(at, ';', (size_t)(end - at));

		at += strspn(at, " ");
		equal = memchr(at, '=', (size_t)(end - at));
		if (equal && (size_t)(equal - at) == n_number && !memcmp(at, number, n_number))
			return skip_padding(equal + 1);
		at = next ? next + 1 : end;
	}
	return NULL;
}

static bool same_share(const char *a, const char *b)
{
	size_t n = strcspn(a, "; \n");

	return n == strcspn(b, "; \n") && strncasecmp(a, b, n) == 0;
}

/* Does a class whose schemata are this text have what the line says? */
static bool has_line(const char *text, const char *line)
{
	const char *colon = strchr(line, ':'), *has = NULL;
	size_t name = (size_t)(colon - line);

	for (const char *at = text; *at && !has; at += strcspn(at, "\n"), at += *at == '\n') {
		at += strspn(at, " ");
		if (strncmp(at, line, name + 1) == 0)
			has = at + name + 1;
	}
	if (!has)
		return false;
	for (const char *at = colon + 1; *at;) {
		size_t number = strcspn(at, "=");
		const char *share = share_of(has, strcspn(has, "\n"), at, number);

		if (!at[number] || !share || !same_share(share, skip_padding(at + number + 1)))
			return false;
		at += strcspn(at, ";");
		at += *at == ';';
	}
	return true;
}

static int compare(const struct cgroup_class *class, int dir, const struct cgroup_class_want *want,
		   struct err *err)
{
	const char *lines[] = { want->l3, want->mem_bw };
	OWN(str) char *text = NULL;
	int r = 0;

	if (!want->l3 && !want->mem_bw)
		return 0;
	r = file_read_at(dir, "schemata", FILE_MAX, &text, NULL);
	if (r < 0)
		return failed(class, r, "reading schemata", err);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (lines[i] && !has_line(text, lines[i]))
			return err_set(
				err, -EEXIST,
				"linux.intelRdt.closID: class %s is there, and has something "
				"else than %s; change one of them, or name another class",
				*class->name ? class->name : "/", lines[i]);
	return 0;
}

/* -- making and removing -- */

static int make_class(struct cgroup_class *class, struct err *err)
{
	OWN(fd) int mount = -1;

	if (!*class->name)
		return 0;
	mount = open_mount(class->mount, err);
	if (mount < 0)
		return mount;
	if (mkdirat(mount, class->name, 0755) == 0) {
		class->is_new = true;
		return 0;
	}
	if (errno == EEXIST && !class->is_ours)
		return 0;
	if (errno == ENOSPC)
		return failed(class, -ENOSPC, "the processor has no more classes", err);
	return failed(class, -errno, "making it", err);
}

static int make_monitor(const struct cgroup_class *class, int dir, struct err *err)
{
	OWN(str) char *place = NULL;

	if (!class->monitor)
		return 0;
	place = str_printf("mon_groups/%s", class->monitor);
	if (mkdirat(dir, place, 0755) == 0 || errno == EEXIST)
		return 0;
	return failed(class, -errno, "making a group to be measured", err);
}

static int fill(const struct cgroup_class *class, const struct cgroup_class_want *want,
		struct err *err)
{
	OWN(fd) int dir = open_class(class, err);
	int r = dir < 0 ? dir : 0;

	if (r == 0 && want->name && !class->is_new) {
		r = compare(class, dir, want, err);
		if (r == 0)
			r = write_all(class, dir, NULL, NULL, want->schemata, err);
	} else if (r == 0) {
		r = write_all(class, dir, want->l3, want->mem_bw, want->schemata, err);
	}
	return r < 0 ? r : make_monitor(class, dir, err);
}

int cgroup_class_setup(struct cgroup_class *class, const struct cgroup_class_want *want,
		       struct err *err)
{
	int r = make_class(class, err);

	if (r == 0)
		r = fill(class, want, err);
	if (r < 0)
		(void)cgroup_class_undo(class, NULL);
	return r;
}

int cgroup_class_undo(const struct cgroup_class *class, struct err *err)
{
	OWN(str) char *path = str_printf("%s/%s/tasks", class->mount, class->name);
	OWN(str) char *text = NULL;
	struct cgroup_class made = *class;

	made.is_ours = class->is_new &&
		       (file_read_at(AT_FDCWD, path, FILE_MAX, &text, NULL) < 0 || !*text);
	return cgroup_class_teardown(&made, err);
}

int cgroup_class_update(const struct cgroup_class *class, const char *l3, const char *mem_bw,
			struct err *err)
{
	OWN(fd) int dir = open_class(class, err);

	return dir < 0 ? dir : write_all(class, dir, l3, mem_bw, NULL, err);
}

int cgroup_class_open_joins(const struct cgroup_class *class, int ret_fds[CGROUP_CLASS_JOINS],
			    size_t *ret_n, struct err *err)
{
	OWN(fd) int dir = open_class(class, err);
	OWN(fd) int tasks = -1, monitor = -1;
	OWN(str) char *place = NULL;

	if (dir < 0)
		return dir;
	tasks = openat(dir, "tasks", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (tasks < 0)
		return failed(class, -errno, "tasks", err);
	if (class->monitor) {
		place = str_printf("mon_groups/%s/tasks", class->monitor);
		monitor = openat(dir, place, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
		if (monitor < 0)
			return failed(class, -errno, place, err);
	}
	*ret_n = 0;
	ret_fds[(*ret_n)++] = take_fd(&tasks);
	if (monitor >= 0)
		ret_fds[(*ret_n)++] = take_fd(&monitor);
	return 0;
}

int cgroup_class_teardown(const struct cgroup_class *class, struct err *err)
{
	OWN(str) char *monitor = NULL, *dir = str_printf("%s/%s", class->mount, class->name);
	int r = 0;

	if (class->monitor) {
		monitor = str_printf("%s/mon_groups/%s", dir, class->monitor);
		if (rmdir(monitor) < 0 && errno != ENOENT)
			r = err_sys(err, "removing %s", monitor);
	}
	if (class->is_ours && rmdir(dir) < 0 && errno != ENOENT && r == 0)
		r = err_sys(err, "removing %s", dir);
	return r;
}

/* -- statistics -- */

static void read_schemata(int dir, struct arena *a, struct strv *ret)
{
	OWN(str) char *text = NULL;
	struct strv lines;

	if (file_read_at(dir, "schemata", FILE_MAX, &text, NULL) < 0)
		return;
	lines = strv_split(a, text, '\n');
	for (size_t i = 0; i < lines.n; i++) {
		const char *line = lines.items[i] + strspn(lines.items[i], " ");

		if (*line)
			strv_add(ret, a, line);
	}
}

static void read_info(const char *mount, const char *name, const char *const *files,
		      struct arena *a, struct str_map *ret)
{
	for (; *files; files++) {
		OWN(str) char *path = str_printf("%s/info/%s/%s", mount, name, *files);
		OWN(str) char *text = NULL;

		if (file_read_at(AT_FDCWD, path, FILE_MAX, &text, NULL) < 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		str_map_set(ret, a, *files, arena_strdup(a, text));
	}
}

/* "Unavailable", "Error" and what is not there are no numbers. */
static const uint64_t *read_number(int dir, const char *domain, const char *file, struct arena *a)
{
	OWN(str) char *path = str_printf("mon_data/%s/%s", domain, file);
	OWN(str) char *text = NULL;
	uint64_t *n;

	if (file_read_at(dir, path, FILE_MAX, &text, NULL) < 0 || text[0] < '0' || text[0] > '9')
		return NULL;
	n = arena_new(a, uint64_t);
	*n = strtoull(text, NULL, 10);
	return n;
}

static void read_domains(int dir, struct arena *a, struct cgroup_class_stats *s)
{
	struct dirent **names = NULL;
	OWN(fd) int data = openat(dir, "mon_data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = data < 0 ? 0 : scandirat(data, ".", &names, NULL, alphasort);

	s->domains = arena_array(a, n > 0 ? (size_t)n : 1, sizeof(*s->domains));
	for (int i = 0; i < n; i++) {
		const char *name = arena_strdup(a, names[i]->d_name);

		free(names[i]);
		if (strncmp(name, "mon_L3_", 7) != 0)
			continue;
		s->domains[s->n_domains++] = (struct cgroup_class_domain){
			.name = name,
			.occupancy = read_number(dir, name, "llc_occupancy", a),
			.total = read_number(dir, name, "mbm_total_bytes", a),
			.local = read_number(dir, name, "mbm_local_bytes", a),
		};
	}
	free(names);
}

int cgroup_class_stats(const struct cgroup_class *class, struct arena *a,
		       struct cgroup_class_stats *ret, struct err *err)
{
	static const char *const cache[] = { "cbm_mask", "min_cbm_bits", "num_closids", NULL };
	static const char *const bandwidth[] = { "bandwidth_gran", "delay_linear", "min_bandwidth",
						 "num_closids", NULL };
	OWN(fd) int dir = open_class(class, err);
	OWN(fd) int mount = dir < 0 ? -1 : open_mount(class->mount, err);
	OWN(fd) int measured = -1;

	if (dir < 0 || mount < 0)
		return dir < 0 ? dir : mount;
	*ret = (struct cgroup_class_stats){ 0 };
	read_schemata(dir, a, &ret->schemata);
	read_schemata(mount, a, &ret->root_schemata);
	read_info(class->mount, "L3", cache, a, &ret->cache);
	read_info(class->mount, "MB", bandwidth, a, &ret->bandwidth);
	if (class->monitor)
		measured = openat(dir, arena_printf(a, "mon_groups/%s", class->monitor),
				  O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	read_domains(measured < 0 ? dir : measured, a, ret);
	return 0;
}
