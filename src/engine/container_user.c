/*
 * container_user.c - whom a user name means inside a container
 *
 * The files are the image's or the container's: at most a mebibyte, regular, and found without
 * leaving the container's tree. Before a start the tree is the stack of layers; afterwards it is
 * the root of its init.
 */
#include "engine/container_user.h"

#include "base/mem.h"
#include "base/own.h"
#include "engine/merged_file.h"
#include "sys/openat2.h"

#include <fcntl.h>
#include <sys/stat.h>

/* A file that is absent is an empty one; one that is not to be read is an error. */
static int optional(int r, char **text, const char *what, struct err *err)
{
	if (r == -ENOENT || r == -ENOTDIR) {
		*text = str_dup("");
		return 0;
	}
	return r < 0 ? err_code(err, r, "%s of the container", what) : 0;
}

/* docker has the primary group among the additional ones too, where setgid() programs keep it. */
static void add_primary(struct passwd_user *u, struct arena *a)
{
	uint32_t *groups = arena_array(a, u->n_groups + 1, sizeof(*groups));
	size_t n = 0;

	groups[n++] = u->gid;
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] != u->gid)
			groups[n++] = u->groups[i];
	u->groups = groups;
	u->n_groups = n;
}

static int resolve(const struct container *c, const char *user, const char *passwd,
		   const char *group, struct arena *a, struct passwd_user *ret, struct err *err)
{
	int r = passwd_resolve(user ? user : "", passwd, group, &c->host_config.group_add, a, ret,
			       err);

	if (r == 0)
		add_primary(ret, a);
	return r;
}

/* The directories that are stacked, top first: how many are open, or a negative errno. */
static int open_stack(struct engine *e, const struct container *c, bool fresh, int *fds,
		      struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	int n = 0;

	for (size_t i = c->layers.n + !fresh; i-- > 0;) {
		const char *path = i == c->layers.n
					   ? arena_printf(&a, "upper/%s", c->id)
					   : arena_printf(&a, "layers/%s", c->layers.items[i]);

		fds[n] = openat(e->root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fds[n] < 0) {
			int r = err_sys(err, "%s/%s", e->root, path);

			while (n > 0)
				(void)close(fds[--n]);
			return r;
		}
		n++;
	}
	return n;
}

int container_user_resolve(struct engine *e, const struct container *c, bool fresh, struct arena *a,
			   struct passwd_user *ret, struct err *err)
{
	OWN(mem) int *fds = mem_alloc((c->layers.n + 1) * sizeof(*fds));
	OWN(str) char *passwd = NULL;
	OWN(str) char *group = NULL;
	int n = open_stack(e, c, fresh, fds, err);
	int r = n;

	if (n < 0)
		return n;
	r = merged_file_read(fds, (size_t)n, "/etc/passwd", PASSWD_FILE_MAX, &passwd, NULL);
	r = optional(r, &passwd, "/etc/passwd", err);
	if (r == 0) {
		r = merged_file_read(fds, (size_t)n, "/etc/group", PASSWD_FILE_MAX, &group, NULL);
		r = optional(r, &group, "/etc/group", err);
	}
	while (n > 0)
		(void)close(fds[--n]);
	return r < 0 ? r : resolve(c, c->config.user, passwd, group, a, ret, err);
}

/* Beneath the root of a running container: links stay in it, and nothing waits. */
static int read_in_root(int root, const char *path, char **ret_text)
{
	OWN(fd) int fd =
		openat2_open(root, path, O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	if (fd < 0)
		return fd;

	char name[32];
	OWN(fd) int proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > PASSWD_FILE_MAX)
		return -EFBIG;
	/* Known to be a regular file now; opening it cannot block or have effects. */
	(void)snprintf(name, sizeof(name), "%d", fd);
	OWN(fd) int readable = openat(proc, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (readable < 0)
		return -errno;

	char *text = mem_alloc((size_t)PASSWD_FILE_MAX + 1);
	size_t len = 0;
	ssize_t n;

	while (len < PASSWD_FILE_MAX && (n = read(readable, text + len, PASSWD_FILE_MAX - len)) > 0)
		len += (size_t)n;
	*ret_text = text;
	return 0;
}

int container_user_resolve_live(const struct container *c, const char *user, struct arena *a,
				struct passwd_user *ret, struct err *err)
{
	OWN(str) char *path = str_printf("/proc/%d/root", c->state.pid);
	OWN(str) char *passwd = NULL;
	OWN(str) char *group = NULL;
	OWN(fd) int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (root < 0)
		return err_sys(err, "root of container %.12s", c->id);
	r = optional(read_in_root(root, "etc/passwd", &passwd), &passwd, "/etc/passwd", err);
	if (r == 0)
		r = optional(read_in_root(root, "etc/group", &group), &group, "/etc/group", err);
	return r < 0 ? r : resolve(c, user, passwd, group, a, ret, err);
}
