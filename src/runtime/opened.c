/*
 * opened.c - the descriptors of a plan
 *
 * Mounts are made detached, by the parent, with their attributes and their propagation set before
 * anybody can see them. Sources are paths of the host, which the caller vouches for; the child
 * attaches them to the container's tree by descriptor.
 */
#include "runtime/opened.h"

#include "base/own.h"
#include "base/str.h"
#include "model/oci_name.h"
#include "sys/namespace.h"
#include "sys/overlay.h"
#include "sys/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
	FIRST_FD = 3,
	FSCONFIG_STRING_MAX = 255, /* longer values are -EINVAL to fsconfig(2) */
	MOUNT_OPTIONS_MAX = 4095,  /* and to mount(2) */
};

void opened_add(struct opened *o, int fd)
{
	if (o->n == o->max) {
		size_t max = o->max ? o->max * 2 : 48;
		int *fds = arena_array(o->a, max, sizeof(*fds));

		if (o->n)
			memcpy(fds, o->fds, o->n * sizeof(*fds));
		o->fds = fds;
		o->max = max;
	}
	o->fds[o->n++] = fd;
}

void opened_done(struct opened *o)
{
	for (size_t i = 0; i < o->n; i++)
		(void)close(o->fds[i]);
	o->n = 0;
}

/* -- trees of the host -- */

/* What is at path, for the child to copy, which has a mount namespace of its own to do so in. */
static int leave_to_child(struct opened *o, struct init_plan *p, const char *path, unsigned flags,
			  int *ret, struct stat *st)
{
	OWN(fd) int fd =
		open(path, O_PATH | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
	struct stat own;

	if (!st)
		st = &own;
	if (fd < 0 || fstat(fd, st) < 0)
		return -errno;
	if (o->n_sources == o->max_sources) {
		size_t max = o->max_sources ? o->max_sources * 2 : 16;
		struct init_source *grown = arena_array(o->a, max, sizeof(*grown));

		if (o->n_sources)
			memcpy(grown, o->sources, o->n_sources * sizeof(*grown));
		o->sources = grown;
		o->max_sources = max;
	}
	o->sources[o->n_sources++] =
		(struct init_source){ .path = path,
				      .flags = flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC,
				      .inode = st->st_ino,
				      .dev_major = major(st->st_dev),
				      .dev_minor = minor(st->st_dev),
				      .ret_fd = ret };
	p->sources = o->sources;
	p->n_sources = o->n_sources;
	return 0;
}

/* A detached copy of what is mounted at path, AT_… flags; *ret is its descriptor, here or later.
 * st: may be NULL. */
static int open_source(struct opened *o, struct init_plan *p, const char *path, unsigned flags,
		       int *ret, struct stat *st)
{
	int fd;

	if (p->child_opens)
		return leave_to_child(o, p, path, flags, ret, st);
	fd = open_tree(AT_FDCWD, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return -errno;
	opened_add(o, fd);
	*ret = fd;
	return st && fstat(fd, st) < 0 ? -errno : 0;
}

/* Attributes of the copy that was opened last; flags: AT_RECURSIVE, or 0. */
static int set_source(struct opened *o, const struct init_plan *p, int fd, unsigned flags,
		      const struct mount_attr *attr)
{
	struct init_source *s;

	if (!p->child_opens)
		return mount_setattr(fd, "", AT_EMPTY_PATH | flags, (struct mount_attr *)attr,
				     sizeof(*attr)) < 0
			       ? -errno
			       : 0;
	s = &o->sources[o->n_sources - 1];
	s->attrs[s->n_attrs++] = (struct init_source_attr){ flags, attr->attr_set, attr->attr_clr,
							    attr->propagation };
	return 0;
}

/* -- the root -- */

/* What the file system had to say, in front of errno's text. */
static int overlay_failed(int fs, struct err *err)
{
	int code = errno;
	char text[256];
	ssize_t n = read(fs, text, sizeof(text) - 1);
	char *line;

	/* Before 6.5 overlayfs takes any option unseen, refuses it here, and has nothing to say. */
	if (n <= 0 && code == EINVAL)
		return -EOPNOTSUPP;
	if (n <= 0)
		return err_code(err, -code, "mounting the overlay");
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	line = strchr(text, ' '); /* behind the letter of its severity */
	return err_code(err, -code, "mounting the overlay: %s", line ? line + 1 : text);
}

static bool fits(const struct runtime_overlay *v)
{
	for (size_t i = 0; i < v->lower->n; i++)
		if (strlen(v->lower->items[i]) > FSCONFIG_STRING_MAX)
			return false;
	return strlen(v->upper) <= FSCONFIG_STRING_MAX && strlen(v->work) <= FSCONFIG_STRING_MAX;
}

/* A detached overlay. -EOPNOTSUPP: this kernel takes layers as one string only (before 6.7), or
 * has a reason that mount(2) is to tell. */
static int new_overlay(const struct runtime_overlay *v, int *ret, struct err *err)
{
	OWN(fd) int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return errno == ENOSYS ? -EOPNOTSUPP : err_sys(err, "fsopen overlay");
	for (size_t i = 0; i < v->lower->n; i++)
		if (fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", v->lower->items[i], 0) < 0)
			return i == 0 && errno == EINVAL ? -EOPNOTSUPP : overlay_failed(fs, err);
	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", "overlay", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", v->upper, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "workdir", v->work, 0) < 0 ||
	    (overlay_is_users() && fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0) ||
	    (v->is_volatile && fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return overlay_failed(fs, err);
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		return overlay_failed(fs, err);
	*ret = fd;
	return 0;
}

static void add_layers(const struct strv *layers, struct buf *out)
{
	buf_adds(out, "lowerdir=");
	for (size_t i = 0; i < layers->n; i++)
		buf_printf(out, "%s%s", i ? ":" : "", layers->items[i]);
}

/* Many layers have shorter names as descriptors, which the child opens again under our numbers. */
static int shorten(struct opened *o, const struct strv *layers, struct init_plan *p,
		   struct buf *out, struct err *err)
{
	struct init_layer *list = arena_array(o->a, layers->n, sizeof(*list));
	struct strv names = { 0 };

	for (size_t i = 0; i < layers->n; i++) {
		int fd = open(layers->items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return err_sys(err, "layer %s", layers->items[i]);
		opened_add(o, fd);
		list[i] = (struct init_layer){ layers->items[i], fd };
		strv_add(&names, o->a, arena_printf(o->a, "/proc/self/fd/%d", fd));
	}
	add_layers(&names, out);
	p->overlay_layers = list;
	p->n_overlay_layers = layers->n;
	return 0;
}

static int old_overlay(struct opened *o, const struct runtime_overlay *v, struct init_plan *p,
		       struct err *err)
{
	OWN(buf) struct buf text = { 0 }, rest = { 0 };
	int r;

	buf_printf(&rest, ",upperdir=%s,workdir=%s%s%s", v->upper, v->work,
		   overlay_is_users() ? ",userxattr" : "", v->is_volatile ? ",volatile" : "");
	add_layers(v->lower, &text);
	if (text.len + rest.len > MOUNT_OPTIONS_MAX) {
		text.len = 0;
		r = shorten(o, v->lower, p, &text, err);
		if (r < 0)
			return r;
	}
	buf_adds(&text, buf_text(&rest));
	if (text.len > MOUNT_OPTIONS_MAX)
		return err_set(err, -E2BIG, "%zu layers are more than this kernel can mount",
			       v->lower->n);
	p->overlay_options = arena_strdup(o->a, buf_text(&text));
	p->overlay_target = v->upper;
	return 0;
}

/* A root that is to share mounts must go on to receive the host's; pivot_root(2) wants it not to
 * send any. */
static bool wants_host_mounts(const char *propagation)
{
	return str_eq(propagation, "shared") || str_eq(propagation, "rshared") ||
	       str_eq(propagation, "slave") || str_eq(propagation, "rslave");
}

static int bundle_root(struct opened *o, const struct runtime_start *s, struct init_plan *p,
		       struct err *err)
{
	const char *path = s->config->root->path;
	struct mount_attr attr = { .propagation =
					   wants_host_mounts(s->config->linux_->rootfs_propagation)
						   ? MS_SLAVE
						   : MS_PRIVATE };
	struct stat st;
	int r;

	if (path[0] != '/' && s->bundle)
		path = arena_printf(o->a, "%s/%s", s->bundle, path);
	r = open_source(o, p, path, AT_RECURSIVE, &p->root_fd, &st);
	if (r < 0)
		return err_code(err, r, "root.path %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "root.path %s: not a directory", path);
	if (p->old_mounts)
		p->root_birth = attr.propagation;
	else
		r = set_source(o, p, p->root_fd, AT_RECURSIVE, &attr);
	return r < 0 ? err_code(err, r, "root.path %s: making it private", path) : 0;
}

int opened_root(struct opened *o, const struct runtime_start *s, struct init_plan *p,
		struct err *err)
{
	int r;

	if (!s->overlay)
		return bundle_root(o, s, p, err);
	if (!fits(s->overlay))
		return old_overlay(o, s->overlay, p, err);
	r = new_overlay(s->overlay, &p->root_fd, err);
	if (r == -EOPNOTSUPP)
		return old_overlay(o, s->overlay, p, err);
	if (r == 0)
		opened_add(o, p->root_fd);
	return r;
}

/* -- mounts -- */

static int set_attributes(struct opened *o, const struct init_plan *p, const struct init_mount *m)
{
	int r = 0;

	struct mount_attr all = { .attr_set = m->tree_attr_set,
				  .attr_clr = m->tree_attr_clear,
				  .propagation = m->tree_propagation ? m->propagation : 0 };
	struct mount_attr top = { .attr_set = m->attr_set,
				  .attr_clr = m->attr_clear,
				  .propagation = m->tree_propagation ? 0 : m->propagation };

	if (!m->recursive) { /* one mount: both are the same */
		top.attr_set |= all.attr_set;
		top.attr_clr |= all.attr_clr;
		top.propagation = m->propagation;
	} else {
		r = set_source(o, p, m->tree_fd, AT_RECURSIVE, &all);
	}
	if (r < 0 || (m->recursive && !top.attr_set && !top.attr_clr && !top.propagation))
		return r;
	return set_source(o, p, m->tree_fd, 0, &top);
}

static bool is_proc(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static bool is_proc_path(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static int map_ids(int tree, const struct init_mount *m, struct err *err)
{
	OWN(fd) int userns = userns_open(m->uid_map, m->gid_map);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int flags = AT_EMPTY_PATH | (m->map_tree ? AT_RECURSIVE : 0);

	if (userns < 0)
		return err_code(err, userns, "mount on /%s: a user namespace with its mappings",
				m->target);
	attr.userns_fd = (uint64_t)userns;
	if (mount_setattr(tree, "", flags, &attr, sizeof(attr)) < 0)
		return err_sys(err, "mount on /%s: the file system of %s cannot be idmapped",
			       m->target, m->source);
	return 0;
}

/* What an old kernel cannot do at all; the rest is done by the child, when the mount is attached.
 */
static int check_old(const struct init_mount *m, struct err *err)
{
	if (m->recursive && (m->tree_attr_set || m->tree_attr_clear))
		return err_set(err, -ENOTSUP,
			       "mount on /%s: recursive options (rro, …) need Linux 5.12",
			       m->target);
	if (m->uid_map)
		return err_set(err, -ENOTSUP, "mount on /%s: idmapped mounts need Linux 5.12",
			       m->target);
	return 0;
}

/* What the source names, when it is a link that the container is to have as one. */
static bool copy_link(struct opened *o, struct init_mount *m)
{
	char text[PATH_MAX];
	ssize_t n = m->copy_link ? readlink(m->source, text, sizeof(text)) : -1;

	if (n < 0 || n == (ssize_t)sizeof(text))
		return false;
	m->kind = INIT_MOUNT_LINK;
	m->link = arena_strndup(o->a, text, (size_t)n);
	return true;
}

static int open_bind(struct opened *o, struct init_plan *p, struct init_mount *m, struct err *err)
{
	struct stat st;
	int r;

	if (copy_link(o, m))
		return 0;
	r = open_source(o, p, m->source,
			(m->recursive ? AT_RECURSIVE : 0U) |
				(m->no_follow ? AT_SYMLINK_NOFOLLOW : 0U),
			&m->tree_fd, &st);
	if (r < 0)
		return err_code(err, r, "mount on /%s: source %s", m->target, m->source);
	m->dir = S_ISDIR(st.st_mode);
	/* The child sees to it that what it opens is the same. */
	if (m->over_proc && str_eq(m->target, "proc") &&
	    !(m->tree_fd < 0 ? is_proc_path(m->source) : is_proc(m->tree_fd)))
		return err_set(err, -EINVAL, "mount on /proc: %s is not procfs", m->source);
	if (p->old_mounts)
		return check_old(m, err);
	r = set_attributes(o, p, m);
	if (r < 0)
		return err_code(err, r, "mount on /%s: options of %s", m->target, m->source);
	return m->uid_map ? map_ids(m->tree_fd, m, err) : 0;
}

static int open_cgroups(struct opened *o, struct init_plan *p, struct init_mount *m,
			struct err *err)
{
	int r;

	struct mount_attr attr = { .attr_set = m->tree_attr_set, .propagation = MS_PRIVATE };

	for (size_t i = 0; i < m->n_cgroups; i++) {
		struct init_cgroup *g = &m->cgroups[i];

		r = open_source(o, p, g->path, 0, &g->tree_fd, NULL);
		if (r < 0)
			return err_code(err, r, "control group %s", g->path);
		if (!p->old_mounts)
			r = set_source(o, p, g->tree_fd, 0, &attr);
		if (r < 0)
			return err_code(err, r, "control group %s: mount options", g->path);
	}
	return 0;
}

int opened_mounts(struct opened *o, struct init_plan *p, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < p->n_mounts && r == 0; i++) {
		struct init_mount *m = &p->mounts[i];

		if (m->kind == INIT_MOUNT_BIND)
			r = open_bind(o, p, m, err);
		else if (m->kind == INIT_MOUNT_CGROUP)
			r = open_cgroups(o, p, m, err);
	}
	return r;
}

/* -- namespaces -- */

/* A sysctl of a namespace that is not the container's own would be the host's. */
static int check_sysctls(const struct oci_config *c, const char *type, struct err *err)
{
	for (size_t i = 0; i < c->linux_->sysctl.n; i++)
		if (str_eq(oci_runtime_sysctl_owner(c->linux_->sysctl.items[i].key), type))
			return err_set(err, -EINVAL,
				       "linux.sysctl: %s would be the host's, whose %s namespace "
				       "the container joins",
				       c->linux_->sysctl.items[i].key, type);
	return 0;
}

/*
 * Whoever has their root in a mount namespace that is joined gets the container's for it, and their
 * tree is gone: that is what a namespace made for the container is for. The machine's own, or ours,
 * would be lost for good.
 */
static int check_mount_join(int fd, const char *path, struct err *err)
{
	struct stat joined, init;

	if (namespace_is_ours(fd, "mnt") ||
	    (fstat(fd, &joined) == 0 && stat("/proc/1/ns/mnt", &init) == 0 &&
	     joined.st_ino == init.st_ino && joined.st_dev == init.st_dev))
		return err_set(err, -EPERM,
			       "linux.namespaces: mount namespace %s is that of the machine or of "
			       "this runtime, whose tree would be lost; make one for the container",
			       path);
	return 0;
}

static int open_join(struct opened *o, const struct oci_config *c, const struct oci_namespace *ns,
		     struct init_join *ret, struct err *err)
{
	int kind = (int)oci_name_value(OCI_NAME_NAMESPACE, ns->type);
	int fd = namespace_open(ns->path, kind);

	if (fd == -EINVAL)
		return err_set(err, fd, "linux.namespaces: %s is not a %s namespace", ns->path,
			       ns->type);
	if (fd < 0)
		return err_code(err, fd, "linux.namespaces: %s namespace %s", ns->type, ns->path);
	opened_add(o, fd);
	*ret = (struct init_join){ fd, kind };
	if (kind == CLONE_NEWNS)
		return check_mount_join(fd, ns->path, err);
	return namespace_is_ours(fd, namespace_name(kind)) ? check_sysctls(c, ns->type, err) : 0;
}

int opened_joins(struct opened *o, const struct oci_config *c, struct init_join **ret,
		 size_t *ret_n, struct err *err)
{
	struct init_join *joins = NULL;
	size_t n = 0;

	for (size_t i = 0; i < c->linux_->namespaces.n; i++) {
		const struct oci_namespace *ns = &c->linux_->namespaces.items[i];
		int r;

		if (str_is_empty(ns->path))
			continue;
		if (!joins)
			joins = arena_array(o->a, c->linux_->namespaces.n, sizeof(*joins));
		r = open_join(o, c, ns, &joins[n++], err);
		if (r < 0)
			return r;
	}
	*ret = joins;
	*ret_n = n;
	return 0;
}

/* -- the rest -- */

/* The host's node of a device, which must be that device. */
static int open_device(struct opened *o, struct init_plan *p, struct init_device *d,
		       struct err *err)
{
	const char *path = arena_printf(o->a, "/%s", d->path);
	struct mount_attr attr = { .propagation = MS_PRIVATE };
	struct stat st;
	int r = open_source(o, p, path, AT_SYMLINK_NOFOLLOW, &d->tree_fd, &st);

	if (r < 0)
		return err_code(err, r,
				"device %s: in a user namespace it must be the host's, which is "
				"not there",
				path);
	if ((st.st_mode & S_IFMT) != (d->mode & S_IFMT) || st.st_rdev != d->dev)
		return err_set(err, -ENODEV, "device %s: the host's is another one", path);
	if (!p->old_mounts)
		r = set_source(o, p, d->tree_fd, 0, &attr);
	return r < 0 ? err_code(err, r, "device %s", path) : 0;
}

static int open_devices(struct opened *o, struct init_plan *p, struct err *err)
{
	int r = 0;

	for (size_t i = 0; p->bind_devices && i < p->n_devices && r == 0; i++)
		if (!S_ISFIFO(p->devices[i].mode))
			r = open_device(o, p, &p->devices[i], err);
	return r;
}

/* The host's, and really it: masks put it over files of the kernel. */
static int open_null(struct opened *o, struct init_plan *p, struct err *err)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE };
	struct stat st;
	int r = open_source(o, p, "/dev/null", AT_SYMLINK_NOFOLLOW, &p->null_fd, &st);

	if (r < 0)
		return err_code(err, r, "/dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(err, -ENODEV, "/dev/null is not the null device");
	if (!p->old_mounts)
		r = set_source(o, p, p->null_fd, 0, &attr);
	return r < 0 ? err_code(err, r, "/dev/null") : 0;
}

static int open_proc(struct opened *o, int *ret, struct err *err)
{
	int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_sys(err, "/proc");
	opened_add(o, fd);
	if (!is_proc(fd))
		return err_set(err, -ENODEV, "/proc is not procfs");
	*ret = fd;
	return 0;
}

/* A descriptor that the child still reads when others have been put at their numbers. */
static int lift(struct opened *o, int *fd, int want, int end, struct err *err)
{
	int copy;

	if (*fd == want || *fd >= end)
		return 0;
	copy = fcntl(*fd, F_DUPFD_CLOEXEC, end);
	if (copy < 0)
		return err_sys(err, "descriptor %d for the program", *fd);
	opened_add(o, copy);
	*fd = copy;
	return 0;
}

static int lift_all(struct opened *o, struct init_plan *p, struct err *err)
{
	int end = FIRST_FD + (int)p->n_preserve_fds, r = 0;
	int *preserve = arena_memdup(o->a, p->preserve_fds, p->n_preserve_fds * sizeof(int));

	for (int i = 0; i < FIRST_FD && !p->terminal && r == 0; i++)
		r = lift(o, &p->stdio[i], i, end, err);
	for (int i = 0; i < (int)p->n_preserve_fds && r == 0; i++)
		r = lift(o, &preserve[i], FIRST_FD + i, end, err);
	p->preserve_fds = preserve;
	if (r == 0 && p->parent_fd >= 0)
		r = lift(o, &p->parent_fd, -1, end, err);
	if (r == 0 && p->hold_fd >= 0)
		r = lift(o, &p->hold_fd, -1, end, err);
	return r;
}

int opened_rest(struct opened *o, struct init_plan *p, bool die_with_parent, struct err *err)
{
	int r = 0;

	if (p->n_masked)
		r = open_null(o, p, err);
	if (r == 0)
		r = open_devices(o, p, err);
	if (r == 0 && (p->n_sysctls || p->oom_score_adj || p->apparmor || p->selinux ||
		       p->time_offsets || p->entry))
		r = open_proc(o, &p->proc_fd, err);
	if (r < 0)
		return r;
	if (die_with_parent) {
		p->parent_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
		if (p->parent_fd < 0)
			return err_sys(err, "pidfd_open");
		opened_add(o, p->parent_fd);
	}
	return lift_all(o, p, err);
}
