/*
 * oci_state.c - what berth-oci remembers of a container between two commands
 *
 * A container's directory is made first and removed last, and its state is written before there is
 * a process or a control group, so that `delete --force` finds all there is, whenever a command
 * was killed.
 *
 * The lock is a POSIX record lock: it belongs to this process, so a held container, which has
 * copies of our descriptors until it runs its program, does not keep it.
 */
#include "cmd/oci_state.h"

#include "base/own.h"
#include "sys/file.h"
#include "sys/openat2.h"
#include "sys/proc.h"
#include "sys/rmtree.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { ID_MAX = 255, STATE_MAX = 16 << 20 };

static const char made_file[] = "made.json", state_file[] = "state.json",
		  started_file[] = "started", socket_file[] = "start.sock";
static const char *const files[] = { state_file, started_file, made_file };

const char *const oci_status_names[OCI_STATUSES] = {
	[OCI_CREATING] = "creating", [OCI_CREATED] = "created", [OCI_RUNNING] = "running",
	[OCI_PAUSED] = "paused",     [OCI_STOPPED] = "stopped",
};

#define T struct cgroup_class
SCHEMA(oci_class, T, F_STR(T, mount, "mount", REQUIRED), F_STR(T, name, "name", REQUIRED),
       F_STR(T, monitor, "monitor", OMIT_EMPTY), F_BOOL(T, is_ours, "isOurs", ALWAYS_FULL));
#undef T

#define T struct oci_state
SCHEMA(oci_state, T, F_STR(T, id, "id", REQUIRED), F_INT(T, pid, "pid", ALWAYS_FULL),
       F_U64(T, start_time, "startTime", ALWAYS_FULL), F_BOOL(T, started, "started", ALWAYS_FULL),
       F_BOOL(T, listens, "listens", ALWAYS_FULL), F_STR(T, bundle, "bundle", REQUIRED),
       F_STR(T, rootfs, "rootfs", REQUIRED), F_STR(T, cgroup, "cgroup", ALWAYS_FULL),
       F_BOOL(T, cgroup_is_partial, "cgroupIsPartial", OMIT_EMPTY),
       F_STR(T, unit, "unit", OMIT_EMPTY), F_PTR(T, class, "class", oci_class, OMIT_EMPTY),
       F_TIME(T, created, "created", ALWAYS_FULL), F_U32(T, owner, "owner", ALWAYS_FULL),
       F_STRV(T, streams, "streams", OMIT_EMPTY), F_RAW(T, config, "config", REQUIRED));
#undef T

void oci_container_cleanup(struct oci_container *c)
{
	fd_cleanup(&c->dir);
	fd_cleanup(&c->lock);
}

static int check_id(struct oci_cli *cli, const char *id)
{
	size_t len = strlen(id);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)id[i]) && !strchr("_+.-", id[i]))
			return err_set(&cli->err, -EINVAL,
				       "invalid container ID %s: only letters, digits and _+.- may "
				       "stand in it",
				       id);
	if (len == 0 || len > ID_MAX || str_eq(id, ".") || str_eq(id, ".."))
		return err_set(
			&cli->err, -EINVAL,
			"invalid container ID \"%.64s\": it must have 1 to %d characters and "
			"not be . or ..",
			id, ID_MAX);
	return 0;
}

static int take_lock(struct oci_cli *cli, const char *id, struct oci_container *c)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int r;

	c->lock = openat(c->dir, made_file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->lock < 0)
		return err_sys(&cli->err, "lock of container %s", id);
	do
		r = fcntl(c->lock, F_SETLKW, &whole);
	while (r < 0 && errno == EINTR);
	return r < 0 ? err_sys(&cli->err, "locking container %s", id) : 0;
}

int oci_state_relock(struct oci_cli *cli, struct oci_container *c)
{
	int r = take_lock(cli, c->state.id, c);
	struct stat st;

	/* Whoever had the lock may have deleted the container meanwhile. */
	if (r == 0 && fstat(c->dir, &st) == 0 && st.st_nlink == 0)
		r = -ENOENT;
	if (r == -ENOENT)
		cli->err = (struct err)ERR_INIT;
	return r;
}

void oci_state_unlock(struct oci_container *c)
{
	fd_cleanup(&c->lock);
}

/* Made when it is missing; its path is trusted. */
static int open_root(struct oci_cli *cli)
{
	int root = open(cli->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root >= 0 || errno != ENOENT)
		return root < 0 ? -errno : root;

	OWN(fd) int top = open(cli->root[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (top < 0)
		return -errno;
	if (!cli->rootless)
		return openat2_mkdirs(top, cli->root, 0711);
	root = openat2_mkdirs(top, cli->root, 0700);
	/* Who cleans up in $XDG_RUNTIME_DIR spares what is sticky, the specification says. */
	if (root >= 0 && fchmodat(root, ".", S_ISVTX | S_IRWXU, 0) < 0)
		log_debug("%s: no sticky bit: %s", cli->root, strerror(errno));
	return root;
}

int oci_state_make(struct oci_cli *cli, const char *id, struct oci_container *ret)
{
	OWN(fd) int root = -1;
	int r = check_id(cli, id);

	if (r < 0)
		return r;
	root = open_root(cli);
	if (root < 0)
		return err_code(&cli->err, root, "opening %s", cli->root);
	if (mkdirat(root, id, 0700) < 0)
		return errno == EEXIST ? err_set(&cli->err, -EEXIST,
						 "container %s already exists; delete it or choose "
						 "another ID",
						 id)
				       : err_sys(&cli->err, "making %s/%s", cli->root, id);
	ret->dir = openat(root, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	r = ret->dir < 0 ? err_sys(&cli->err, "opening %s/%s", cli->root, id)
			 : take_lock(cli, id, ret);
	/* Nobody has seen it, and nobody would remove it. */
	if (r < 0) {
		(void)unlinkat(ret->dir, made_file, 0);
		(void)unlinkat(root, id, AT_REMOVEDIR);
	}
	return r;
}

/* -ENOENT for a directory that a create was killed in before it wrote anything. */
static int read_state(struct oci_cli *cli, const char *id, struct oci_container *c)
{
	OWN(str) char *text = NULL;
	bool made_only;
	size_t len;
	int r = file_read_at(c->dir, state_file, STATE_MAX, &text, &len);

	made_only = r == -ENOENT;
	if (made_only)
		r = file_read_at(c->dir, made_file, STATE_MAX, &text, &len);
	if (r == 0)
		r = schema_read(&oci_state_schema, text, len, cli->a, &c->state, &cli->err);
	else
		(void)err_code(&cli->err, r, "%s/%s", cli->root, id);
	if (r == 0)
		return 0;
	c->state.id = id;
	if (made_only)
		return err_set(&cli->err, -ENOENT,
			       "container %s does not exist; what is left of it goes with delete "
			       "--force",
			       id);
	return err_wrap(&cli->err, "state of container %s", id);
}

int oci_state_open(struct oci_cli *cli, const char *id, bool lock, struct oci_container *ret)
{
	int r = check_id(cli, id);

	if (r < 0)
		return r;
	ret->dir = open(arena_printf(cli->a, "%s/%s", cli->root, id),
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (ret->dir < 0 && errno == ENOENT)
		return err_set(&cli->err, -ENOENT, "container %s does not exist", id);
	if (ret->dir < 0)
		return err_sys(&cli->err, "opening %s/%s", cli->root, id);
	ret->state.id = id;
	if (lock)
		r = take_lock(cli, id, ret);
	if (r == -ENOENT) /* deleted meanwhile */
		return err_set(&cli->err, r, "container %s does not exist", id);
	return r < 0 ? r : read_state(cli, id, ret);
}

static int write_state(struct oci_cli *cli, const struct oci_container *c, bool made)
{
	OWN(buf) struct buf text = { 0 };
	int r;

	schema_write(&oci_state_schema, &c->state, SCHEMA_FULL, &text);
	r = made ? file_write_all(c->lock, text.data, text.len)
		 : file_write_at(c->dir, state_file, text.data, text.len, 0600, 0);
	return r < 0 ? err_code(&cli->err, r, "writing the state of container %s", c->state.id) : 0;
}

int oci_state_begin(struct oci_cli *cli, const struct oci_container *c)
{
	return write_state(cli, c, true);
}

int oci_state_save(struct oci_cli *cli, const struct oci_container *c)
{
	return write_state(cli, c, false);
}

int oci_state_started(struct oci_cli *cli, const struct oci_container *c)
{
	OWN(fd) int fd = openat(c->dir, started_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(&cli->err, "writing the state of container %s", c->state.id) : 0;
}

int oci_state_remove(struct oci_cli *cli, const struct oci_container *c)
{
	OWN(fd) int root = open(cli->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? -errno : 0;
	struct stat st;

	/* Somebody deleted it while we waited; the name may be a new container's by now. */
	if (fstat(c->dir, &st) == 0 && st.st_nlink == 0)
		return 0;
	if (c->state.listens)
		(void)unlinkat(c->dir, socket_file, 0);
	for (size_t i = 0; r == 0 && i < sizeof(files) / sizeof(files[0]); i++)
		(void)unlinkat(c->dir, files[i], 0);
	/* A write that was killed may have left another one. */
	if (r == 0 && unlinkat(root, c->state.id, AT_REMOVEDIR) < 0)
		r = rmtree_at(root, c->state.id);
	return r < 0 ? err_code(&cli->err, r, "removing %s/%s", cli->root, c->state.id) : 0;
}

bool oci_state_has_cgroup(const struct oci_container *c)
{
	return !str_is_empty(c->state.cgroup);
}

int oci_state_need_cgroup(struct oci_cli *cli, const struct oci_container *c, const char *what)
{
	if (oci_state_has_cgroup(c))
		return 0;
	return err_set(&cli->err, -ENOTSUP,
		       "%s: container %s has no control group, for its user could make none; have "
		       "a subtree of cgroup v2 delegated, and create it anew there",
		       what, c->state.id);
}

/* Its whole path may be longer than a socket's name can be. */
static int socket_at(const struct oci_container *c, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", c->dir,
		       socket_file);
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

int oci_state_listen(struct oci_cli *cli, const struct oci_container *c, int *ret)
{
	struct sockaddr_un at;
	OWN(fd) int fd = socket_at(c, &at);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0)
		return err_sys(&cli->err, "socket for the start of container %s", c->state.id);
	*ret = take_fd(&fd);
	return 0;
}

int oci_state_call(struct oci_cli *cli, const struct oci_container *c, int *ret)
{
	struct sockaddr_un at;

	*ret = -1;
	if (!c->state.listens)
		return 0;

	OWN(fd) int fd = socket_at(c, &at);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0) {
		*ret = take_fd(&fd);
		return 0;
	}
	return err_sys(&cli->err, "container %s does not wait to be started", c->state.id);
}

int oci_state_config(struct oci_cli *cli, const struct oci_container *c, struct oci_config **ret)
{
	struct oci_config *config = arena_new(cli->a, struct oci_config);
	int r = schema_read(&oci_config_schema, c->state.config, strlen(c->state.config), cli->a,
			    config, &cli->err);

	if (r < 0)
		return err_wrap(&cli->err, "configuration of container %s", c->state.id);
	*ret = config;
	return 0;
}

const struct oci_config *oci_state_hooks(struct oci_cli *cli, const struct oci_container *c)
{
	const char *text = c->state.config;
	struct oci_config *config;

	/* An escaped character might be one of the name. */
	if (!strstr(text, "\"hooks\"") && !strstr(text, "\\u"))
		return NULL;
	return oci_state_config(cli, c, &config) == 0 ? config : NULL;
}

int oci_state_pidfd(const struct oci_container *c)
{
	OWN(fd) int fd = c->state.pid ? proc_open(c->state.pid, c->state.start_time) : -ESRCH;
	struct pollfd ended = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return fd;
	/* A zombie still has its number. */
	return poll(&ended, 1, 0) == 1 ? -ESRCH : take_fd(&fd);
}

enum oci_status oci_state_status(const struct oci_container *c)
{
	OWN(fd) int pidfd = oci_state_pidfd(c);
	bool frozen = false;

	if (c->state.pid == 0)
		return OCI_CREATING;
	if (pidfd < 0)
		return OCI_STOPPED;
	if (cgroup_is_frozen(c->state.cgroup, &frozen) == 0 && frozen)
		return OCI_PAUSED;
	if (c->state.started || faccessat(c->dir, started_file, F_OK, 0) == 0)
		return OCI_RUNNING;
	return OCI_CREATED;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int oci_state_ids(struct oci_cli *cli, struct strv *ret)
{
	DIR *dir = opendir(cli->root);
	struct dirent *entry;

	*ret = (struct strv){ 0 };
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_sys(&cli->err, "opening %s", cli->root);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			strv_add(ret, cli->a, arena_strdup(cli->a, entry->d_name));
	(void)closedir(dir);
	if (ret->n > 0)
		qsort(ret->items, ret->n, sizeof(*ret->items), by_name);
	return 0;
}
