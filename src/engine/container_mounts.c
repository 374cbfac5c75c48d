/*
 * container_mounts.c - the user's mounts: -v, --mount and --tmpfs as one list
 *
 * The grammars are docker's: `src:dst[:options]` of -v (HostConfig.Binds), the structs of --mount
 * (HostConfig.Mounts) and the map of --tmpfs. Sources are paths of the host and trusted; targets
 * are resolved inside the container by the runtime.
 */
#include "engine/container_mounts.h"

#include "base/own.h"

#include <fcntl.h>
#include <sys/stat.h>

static const char *const propagations[] = { "private", "rprivate", "slave",
					    "rslave",  "shared",   "rshared" };
/* Options of -v that mean nothing to a bind here: SELinux labels, and hints for other systems. */
static const char *const ignored_options[] = { "z",      "Z",         "nocopy",       "consistent",
					       "cached", "delegated", "volume-nocopy" };
/* docker's list of what --tmpfs may be given, beside NAME=VALUE ones. */
static const char *const tmpfs_flags[] = {
	"exec",     "noexec",     "suid",        "nosuid",        "dev",
	"nodev",    "rw",         "ro",          "sync",          "async",
	"dirsync",  "atime",      "noatime",     "diratime",      "nodiratime",
	"relatime", "norelatime", "strictatime", "nostrictatime", "remount",
	"bind",     "rbind",      "private",     "rprivate",      "shared",
	"rshared",  "slave",      "rslave",      "unbindable",    "runbindable",
	"defaults",
};
static const char *const tmpfs_data[] = { "size=",      "mode=",      "uid=", "gid=",
					  "nr_inodes=", "nr_blocks=", "mpol=" };

#define IN(list, s) is_in(list, sizeof(list) / sizeof((list)[0]), s)

static bool is_in(const char *const *list, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], s))
			return true;
	return false;
}

char *container_mounts_clean(struct arena *a, const char *path)
{
	char *out = arena_alloc(a, strlen(path) + 2), *end = out;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0) {
			while (end > out && *--end != '/')
				;
		} else if (len > 0 && !(len == 1 && *path == '.')) {
			*end++ = '/';
			memcpy(end, path, len);
			end += len;
		}
		path += len + (path[len] == '/');
	}
	if (end == out)
		*end++ = '/';
	*end = '\0';
	return out;
}

static int set_target(struct user_mount *m, const char *target, struct arena *a, struct err *err)
{
	if (str_is_empty(target))
		return err_set(err, -EINVAL,
			       "invalid mount config: field Target must not be empty");
	if (target[0] != '/')
		return err_set(err, -EINVAL, "invalid mount path: '%s' mount path must be absolute",
			       target);
	m->target = container_mounts_clean(a, target);
	if (str_eq(m->target, "/"))
		return err_set(err, -EINVAL, "invalid specification: destination can't be '/'");
	return 0;
}

static int set_source(struct user_mount *m, const char *source, struct arena *a, struct err *err)
{
	if (str_is_empty(source))
		return err_set(err, -EINVAL,
			       "invalid mount config: field Source must not be empty");
	if (source[0] != '/')
		return err_set(err, -EINVAL,
			       "%s: named volumes are not supported; give the absolute path of a "
			       "directory",
			       source);
	m->source = container_mounts_clean(a, source);
	return 0;
}

static int bind_option(struct user_mount *m, const char *option, const char *all, struct err *err)
{
	if (str_eq(option, "ro") || str_eq(option, "rw"))
		m->read_only = option[1] == 'o';
	else if (IN(propagations, option))
		m->propagation = option;
	else if (!IN(ignored_options, option))
		return err_set(err, -EINVAL, "invalid mode: %s", all);
	return 0;
}

/* "src:dst[:options]" */
static int parse_bind(const char *spec, struct arena *a, struct user_mount *m, struct err *err)
{
	struct strv part = strv_split(a, spec, ':');

	*m = (struct user_mount){ .propagation = "rprivate", .make_source = true, .listed = true };
	if (part.n < 2 || part.n > 3 || !*part.items[0] || !*part.items[1])
		return err_set(err, -EINVAL, "invalid volume specification: '%s'", spec);
	m->mode = part.n == 3 ? part.items[2] : "";

	int r = set_source(m, part.items[0], a, err);

	if (r == 0)
		r = set_target(m, part.items[1], a, err);
	if (r < 0 || part.n < 3)
		return r;

	struct strv options = strv_split(a, m->mode, ',');

	for (size_t i = 0; r == 0 && i < options.n; i++)
		r = bind_option(m, options.items[i], m->mode, err);
	return r;
}

static void tmpfs_defaults(struct user_mount *m, struct arena *a)
{
	static const char *const flags[] = { "noexec", "nosuid", "nodev" };

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		strv_add(&m->options, a, flags[i]);
}

/* Adds an option; "exec" takes the default "noexec" back, and so on. */
static void tmpfs_option(struct user_mount *m, const char *option, struct arena *a)
{
	for (size_t i = 0; i < m->options.n; i++) {
		const char *old = m->options.items[i];
		const char *positive = str_after(old, "no");

		if (str_eq(old, option) || (positive && str_eq(positive, option))) {
			m->options.items[i] = option;
			return;
		}
	}
	strv_add(&m->options, a, option);
}

static int parse_tmpfs(const struct str_pair *pair, struct arena *a, struct user_mount *m,
		       struct err *err)
{
	struct strv options = strv_split(a, pair->value ? pair->value : "", ',');

	*m = (struct user_mount){ .tmpfs = true, .mode = "" };
	tmpfs_defaults(m, a);
	for (size_t i = 0; i < options.n; i++) {
		const char *option = options.items[i];
		bool known = IN(tmpfs_flags, option);

		if (!*option)
			continue;
		for (size_t k = 0; k < sizeof(tmpfs_data) / sizeof(tmpfs_data[0]); k++)
			known = known || str_after(option, tmpfs_data[k]);
		if (!known)
			return err_set(err, -EINVAL, "invalid tmpfs option [\"%s\"]", option);
		tmpfs_option(m, option, a);
	}
	return set_target(m, pair->key, a, err);
}

static int parse_mount_tmpfs(const struct mount_spec *spec, struct arena *a, struct user_mount *m,
			     struct err *err)
{
	m->tmpfs = true;
	tmpfs_defaults(m, a);
	if (!str_is_empty(spec->source))
		return err_set(err, -EINVAL,
			       "invalid mount config for type \"tmpfs\": field Source must not be "
			       "specified");
	if (spec->size_bytes < 0)
		return err_set(err, -EINVAL,
			       "invalid mount config for type \"tmpfs\": size must be positive");
	if (spec->size_bytes)
		strv_add(&m->options, a, arena_printf(a, "size=%lld", (long long)spec->size_bytes));
	if (spec->mode)
		strv_add(&m->options, a, arena_printf(a, "mode=%o", spec->mode));
	if (spec->read_only)
		strv_add(&m->options, a, "ro");
	return 0;
}

static int parse_mount(const struct mount_spec *spec, struct arena *a, struct user_mount *m,
		       struct err *err)
{
	int r;

	*m = (struct user_mount){
		.mode = "",
		.read_only = spec->read_only,
		.propagation = str_is_empty(spec->propagation) ? "rprivate" : spec->propagation,
		.non_recursive = spec->non_recursive,
		.listed = true,
	};
	if (str_eq(spec->type, "tmpfs"))
		r = parse_mount_tmpfs(spec, a, m, err);
	else if (str_eq(spec->type, "bind"))
		r = set_source(m, spec->source, a, err);
	else
		r = err_set(err, -EINVAL, "mount type \"%s\" is not supported; use bind or tmpfs",
			    spec->type ? spec->type : "");
	if (r == 0 && !m->tmpfs && !IN(propagations, m->propagation))
		r = err_set(err, -EINVAL,
			    "invalid mount config for type \"bind\": invalid propagation mode: %s",
			    m->propagation);
	return r < 0 ? r : set_target(m, spec->target, a, err);
}

static int add(struct user_mounts *list, const struct user_mount *m, struct err *err)
{
	if (container_mounts_has(list, m->target))
		return err_set(err, -EINVAL, "Duplicate mount point: %s", m->target);
	list->items[list->n++] = *m;
	return 0;
}

static size_t depth(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* Parents first, and otherwise in the order given: an insertion sort, for it is stable. */
static void sort_by_depth(struct user_mounts *list)
{
	for (size_t i = 1; i < list->n; i++) {
		struct user_mount m = list->items[i];
		size_t k = i;

		for (; k > 0 && depth(list->items[k - 1].target) > depth(m.target); k--)
			list->items[k] = list->items[k - 1];
		list->items[k] = m;
	}
}

int container_mounts_parse(const struct host_config *host, struct arena *a, struct user_mounts *ret,
			   struct err *err)
{
	struct user_mounts list = { 0 };
	size_t max = host->binds.n + host->mounts.n + host->tmpfs.n;
	struct user_mount m;
	int r = 0;

	list.items = max ? arena_array(a, max, sizeof(*list.items)) : NULL;
	for (size_t i = 0; r == 0 && i < host->binds.n; i++) {
		r = parse_bind(host->binds.items[i], a, &m, err);
		r = r < 0 ? r : add(&list, &m, err);
	}
	for (size_t i = 0; r == 0 && i < host->mounts.n; i++) {
		r = parse_mount(&host->mounts.items[i], a, &m, err);
		r = r < 0 ? r : add(&list, &m, err);
	}
	for (size_t i = 0; r == 0 && i < host->tmpfs.n; i++) {
		r = parse_tmpfs(&host->tmpfs.items[i], a, &m, err);
		r = r < 0 ? r : add(&list, &m, err);
	}
	if (r < 0)
		return r;
	sort_by_depth(&list);
	*ret = list;
	return 0;
}

bool container_mounts_has(const struct user_mounts *mounts, const char *target)
{
	for (size_t i = 0; i < mounts->n; i++)
		if (str_eq(mounts->items[i].target, target))
			return true;
	return false;
}

int container_mounts_check_sources(const struct user_mounts *mounts, struct err *err)
{
	for (size_t i = 0; i < mounts->n; i++) {
		const struct user_mount *m = &mounts->items[i];

		if (!m->tmpfs && !m->make_source && access(m->source, F_OK) < 0)
			return err_set(err, -EINVAL,
				       "invalid mount config for type \"bind\": bind source path "
				       "does not exist: %s",
				       m->source);
	}
	return 0;
}

static int make_source(const char *source, struct err *err)
{
	OWN(str) char *path = str_dup(source);
	int r = 0;

	for (char *p = path + 1; r == 0; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			r = err_sys(err, "error while creating mount source path '%s': mkdir %s",
				    source, path);
		*p = c;
		if (!c)
			break;
	}
	return r;
}

int container_mounts_make_sources(const struct user_mounts *mounts, struct err *err)
{
	for (size_t i = 0; i < mounts->n; i++) {
		const struct user_mount *m = &mounts->items[i];

		if (m->tmpfs || !m->make_source || access(m->source, F_OK) == 0)
			continue;

		int r = make_source(m->source, err);

		if (r < 0)
			return r;
	}
	return 0;
}
