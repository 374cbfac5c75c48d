/*
 * container_devices.c - device nodes and who may use them: --device, --privileged, rules
 */
#include "engine/container_devices.h"

#include "base/own.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { DEV_DEPTH_MAX = 8, NODES_MAX = 16384 };

/* Of /dev: the container has these of its own. */
static const char *const own_entries[] = {
	"pts", "shm", "fd", "mqueue", "console", "ptmx", "core"
};

static int64_t *number(struct arena *a, int64_t n)
{
	int64_t *p = arena_new(a, int64_t);

	*p = n;
	return p;
}

static void add_rule(struct container_devices *d, const struct oci_device_rule *rule,
		     struct arena *a)
{
	/* Grown by doubling whenever the count is a power of two. */
	if ((d->rules.n & (d->rules.n - 1)) == 0) {
		struct oci_device_rule *items =
			arena_array(a, d->rules.n ? d->rules.n * 2 : 1, sizeof(*items));

		if (d->rules.n)
			memcpy(items, d->rules.items, d->rules.n * sizeof(*items));
		d->rules.items = items;
	}
	d->rules.items[d->rules.n++] = *rule;
}

static void add_node(struct container_devices *d, const char *path, const struct stat *st,
		     struct arena *a)
{
	if ((d->nodes.n & (d->nodes.n - 1)) == 0) {
		struct oci_device *items =
			arena_array(a, d->nodes.n ? d->nodes.n * 2 : 1, sizeof(*items));

		if (d->nodes.n)
			memcpy(items, d->nodes.items, d->nodes.n * sizeof(*items));
		d->nodes.items = items;
	}

	uint32_t *ids = arena_array(a, 3, sizeof(*ids));

	ids[0] = st->st_mode & 07777;
	ids[1] = st->st_uid;
	ids[2] = st->st_gid;
	d->nodes.items[d->nodes.n++] = (struct oci_device){
		.path = path,
		.type = S_ISCHR(st->st_mode) ? "c" : "b",
		.major = major(st->st_rdev),
		.minor = minor(st->st_rdev),
		.file_mode = &ids[0],
		.uid = &ids[1],
		.gid = &ids[2],
	};
}

static bool is_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

/* What a walk below /dev, or below a directory given with --device, adds. */
struct walk {
	struct container_devices *d;
	const char *permissions; /* a rule for each node; NULL: none needed */
	struct arena *a;
};

static void add_with_rule(const struct walk *w, const char *path, const struct stat *st)
{
	if (w->d->nodes.n >= NODES_MAX)
		return;
	add_node(w->d, path, st, w->a);
	if (w->permissions)
		add_rule(w->d,
			 &(struct oci_device_rule){
				 .allow = true,
				 .type = S_ISCHR(st->st_mode) ? "c" : "b",
				 .major = number(w->a, major(st->st_rdev)),
				 .minor = number(w->a, minor(st->st_rdev)),
				 .access = w->permissions,
			 },
			 w->a);
}

static bool is_own_entry(const char *name)
{
	for (size_t i = 0; i < sizeof(own_entries) / sizeof(own_entries[0]); i++)
		if (str_eq(own_entries[i], name))
			return true;
	return name[0] == '.';
}

static void walk_dir(const struct walk *w, int parent, const char *name, const char *target,
		     int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		fd_cleanup(&fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		char *path;
		struct stat st;

		if (is_own_entry(entry->d_name) ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		path = arena_printf(w->a, "%s/%s", target, entry->d_name);
		if (S_ISDIR(st.st_mode) && depth < DEV_DEPTH_MAX)
			walk_dir(w, fd, entry->d_name, path, depth + 1);
		else if (is_device(&st))
			add_with_rule(w, path, &st);
	}
	(void)closedir(dir);
}

static int add_mapping(const struct device_mapping *m, struct container_devices *d, struct arena *a,
		       struct err *err)
{
	const char *target =
		str_is_empty(m->path_in_container) ? m->path_on_host : m->path_in_container;
	struct walk w = { d, str_is_empty(m->cgroup_permissions) ? "rwm" : m->cgroup_permissions,
			  a };
	size_t before = d->nodes.n;
	struct stat st;

	if (stat(m->path_on_host, &st) < 0)
		return err_sys(
			err, "error gathering device information while adding custom device \"%s\"",
			m->path_on_host);
	if (is_device(&st))
		add_with_rule(&w, target, &st);
	else if (S_ISDIR(st.st_mode))
		walk_dir(&w, AT_FDCWD, m->path_on_host, target, 0);
	if (d->nodes.n == before)
		return err_set(
			err, -EINVAL,
			"error gathering device information while adding custom device \"%s\": "
			"not a device node",
			m->path_on_host);
	return 0;
}

/* "*" or a number; NULL and false when it is neither. */
static bool parse_number(const char **s, struct arena *a, int64_t **ret)
{
	char *end;

	*ret = NULL;
	if (**s == '*') {
		(*s)++;
		return true;
	}
	if (!isdigit((unsigned char)**s))
		return false;
	*ret = number(a, strtoll(*s, &end, 10));
	*s = end;
	return **ret <= UINT32_MAX;
}

int container_devices_parse_rule(const char *text, struct arena *a, struct oci_device_rule *ret,
				 struct err *err)
{
	const char *s = text;
	struct oci_device_rule rule = { .allow = true };
	bool ok = strchr("abc", *s) && *s && s[1] == ' ';

	if (ok) {
		rule.type = arena_strndup(a, s, 1);
		s += 2;
		ok = parse_number(&s, a, &rule.major) && *s++ == ':' &&
		     parse_number(&s, a, &rule.minor) && *s++ == ' ';
	}
	if (!ok || !*s || strlen(s) > 3 || strspn(s, "rwm") != strlen(s))
		return err_set(err, -EINVAL, "invalid device cgroup rule format: '%.100s'", text);
	rule.access = s;
	*ret = rule;
	return 0;
}

int container_devices_gather(const struct host_config *host, struct arena *a,
			     struct container_devices *ret, struct err *err)
{
	struct container_devices d = { 0 };
	struct oci_device_rule rule;
	int r = 0;

	add_rule(&d, &(struct oci_device_rule){ .allow = host->privileged, .access = "rwm" }, a);
	if (host->privileged)
		walk_dir(&(struct walk){ .d = &d, .a = a }, AT_FDCWD, "/dev", "/dev", 0);
	for (size_t i = 0; r == 0 && !host->privileged && i < host->devices.n; i++)
		r = add_mapping(&host->devices.items[i], &d, a, err);
	for (size_t i = 0; r == 0 && i < host->device_cgroup_rules.n; i++) {
		r = container_devices_parse_rule(host->device_cgroup_rules.items[i], a, &rule, err);
		if (r == 0)
			add_rule(&d, &rule, a);
	}
	if (r == 0)
		*ret = d;
	return r;
}
