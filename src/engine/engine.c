/*
 * engine.c - opening the store and the directories that all commands share
 *
 * A command that finds everything in place makes a handful of system calls here; only the first one
 * on a machine, or after a reboot, makes directories and heals. STATE/boot holds the ID of the boot
 * for which that was done.
 */
#include "engine/room.h"

#include "base/mem.h"
#include "base/own.h"
#include "engine/container_dir.h"
#include "engine/heal.h"
#include "engine/skeleton.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum { BOOT_ID_LEN = 36 };

static const char *const root_dirs[] = { "upper", "work", "logs", "exits", "seccomp" };

/* Given, else from the environment, else the default; absolute. A heap string. */
static int choose_path(const char *given, const char *variable, const char *fallback, char **ret,
		       struct err *err)
{
	const char *path = given ? given : getenv(variable);

	if (str_is_empty(path))
		path = fallback;
	if (strpbrk(path, ":,\\\n"))
		return err_set(
			err, -EINVAL,
			"%s: a directory for containers must have none of : , \\ in its name",
			path);
	if (path[0] == '/') {
		*ret = str_dup(path);
		return 0;
	}

	OWN(str) char *here = getcwd(NULL, 0);

	if (!here)
		return err_sys(err, "current directory");
	*ret = str_printf("%s/%s", here, path);
	return 0;
}

/* Makes path and its parents; only the last is private. */
static int make_path(const char *path, struct err *err)
{
	OWN(str) char *part = str_dup(path);

	for (char *p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return err_sys(err, "creating %s", part);
		*p = '/';
	}
	if (mkdir(part, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "creating %s", part);
	return 0;
}

static int open_dir(const char *path, int *ret, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		int r = make_path(path, err);

		if (r < 0)
			return r;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return err_sys(err, "opening %s (berth must run as root)", path);
	if (fd < 0)
		return err_sys(err, "opening %s", path);
	*ret = fd;
	return 0;
}

static int make_dir_at(int dir, const char *base, const char *name, struct err *err)
{
	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "creating %s/%s", base, name);
	return 0;
}

static int make_root_dirs(struct engine *e, struct err *err)
{
	/* Made in this order, so the last one stands for all. */
	if (faccessat(e->root_fd, "seccomp", F_OK, 0) == 0)
		return skeleton_make(e->root_fd, e->root, err);
	for (size_t i = 0; i < sizeof(root_dirs) / sizeof(root_dirs[0]); i++) {
		int r = make_dir_at(e->root_fd, e->root, root_dirs[i], err);

		if (r < 0)
			return r;
	}
	return skeleton_make(e->root_fd, e->root, err);
}

static int read_boot_id(int dir, const char *path, char out[BOOT_ID_LEN + 1])
{
	OWN(fd) int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	ssize_t n = read(fd, out, BOOT_ID_LEN);

	out[n > 0 ? n : 0] = '\0';
	return n == BOOT_ID_LEN ? 0 : -EBADMSG;
}

static int write_boot_id(struct engine *e, const char *id, struct err *err)
{
	OWN(fd) int fd =
		openat(e->state_fd, "boot", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, id, BOOT_ID_LEN) != BOOT_ID_LEN)
		return err_sys(err, "writing %s/boot", e->state);
	return 0;
}

/* What STATE says of processes is from before a reboot when its boot ID is another. */
static int check_boot(struct engine *e, struct err *err)
{
	char now[BOOT_ID_LEN + 1], then[BOOT_ID_LEN + 1];
	int r = read_boot_id(AT_FDCWD, "/proc/sys/kernel/random/boot_id", now);

	if (r < 0)
		return err_code(err, r, "/proc/sys/kernel/random/boot_id");
	if (read_boot_id(e->state_fd, "boot", then) == 0 && str_eq(now, then))
		return 0;
	r = heal_after_boot(e, err);
	if (r < 0)
		return r;
	return write_boot_id(e, now, err);
}

static int open_all(struct engine *e, const struct engine_paths *paths, struct err *err)
{
	int r = choose_path(paths ? paths->root : NULL, "BERTH_ROOT", "/var/lib/berth", &e->root,
			    err);

	if (r == 0)
		r = choose_path(paths ? paths->state : NULL, "BERTH_STATE", "/run/berth", &e->state,
				err);
	if (r == 0)
		r = open_dir(e->root, &e->root_fd, err);
	if (r == 0)
		r = open_dir(e->state, &e->state_fd, err);
	if (r == 0)
		r = make_root_dirs(e, err);
	if (r == 0)
		r = make_dir_at(e->state_fd, e->state, "c", err);
	if (r < 0)
		return r;
	e->c_fd = openat(e->state_fd, "c", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (e->c_fd < 0)
		return err_sys(err, "opening %s/c", e->state);
	r = state_open(e->root, &e->st, err);
	if (r == 0)
		r = image_store_open(e->root, e->st, &e->images, err);
	return r < 0 ? r : check_boot(e, err);
}

int engine_open(const struct engine_paths *paths, struct engine **ret, struct err *err)
{
	OWN(engine) struct engine *e = mem_alloc(sizeof(*e));

	e->root_fd = e->state_fd = e->c_fd = -1;
	e->guest = paths ? paths->guest : NULL;
	/* Modes of what a container sees must not depend on the caller's mask. */
	(void)umask(022);

	int r = open_all(e, paths, err);

	if (r == 0)
		*ret = take(&e);
	return r;
}

void engine_close(struct engine *e)
{
	if (!e)
		return;
	if (e->prepared) {
		fd_cleanup(&e->prepared->lock);
		fd_cleanup(&e->prepared->dir);
		arena_done(&e->prepared->arena);
		free(e->prepared);
	}
	arena_done(&e->notes_arena);
	image_store_close(e->images);
	state_close(e->st);
	fd_cleanup(&e->c_fd);
	fd_cleanup(&e->state_fd);
	fd_cleanup(&e->root_fd);
	free(e->state);
	free(e->root);
	free(e);
}

struct state *engine_state(struct engine *e)
{
	return e->st;
}

struct image_store *engine_images(struct engine *e)
{
	return e->images;
}

const char *engine_root(const struct engine *e)
{
	return e->root;
}
