/*
 * container_dir.c - STATE/c/ID: the lock of one container, and what its shim says of itself
 *
 * The lock is flock(2) on c/ID/lock. The file goes away with the directory, so a lock may have been
 * got on a file that is no longer there: after locking, the name must still mean the same inode,
 * else everything begins again.
 *
 * Whether a shim lives is answered by the kernel: it holds an open-file-description lock on the
 * first byte of c/ID/status for as long as it exists, however it dies.
 */
#include "engine/container_dir.h"

#include "base/own.h"
#include "net/names.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <time.h>

enum { SETTLE_MS = 2000 };

static bool same_file(int dir, int lock)
{
	struct stat held, named;

	return fstat(lock, &held) == 0 && fstatat(dir, "lock", &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

/* One attempt: 0, or -ESTALE when the directory went away meanwhile. */
static int lock_once(struct engine *e, const char *id, int flags, struct container_dir *ret)
{
	if ((flags & CONTAINER_DIR_CREATE) && mkdirat(e->c_fd, id, 0700) < 0 && errno != EEXIST)
		return -errno;

	OWN(fd) int dir = openat(e->c_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT && (flags & CONTAINER_DIR_CREATE) ? -ESTALE : -errno;
	OWN(fd) int lock = openat(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	int r = file_lock(lock, !(flags & CONTAINER_DIR_TRY));

	if (r < 0)
		return r;
	if (!same_file(dir, lock))
		return -ESTALE;
	ret->dir = take_fd(&dir);
	ret->lock = take_fd(&lock);
	return 0;
}

int container_dir_lock(struct engine *e, const char *id, int flags, struct container_dir *ret,
		       struct err *err)
{
	int r;

	do
		r = lock_once(e, id, flags, ret);
	while (r == -ESTALE);
	if (r < 0)
		return err_code(err, r, "locking %s/c/%.12s", e->state, id);
	return 0;
}

void container_dir_unlock(struct container_dir *d)
{
	fd_cleanup(&d->lock);
	fd_cleanup(&d->dir);
}

static void remove_all_but_lock(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list) {
		fd_cleanup(&fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(list));)
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, "..") &&
		    !str_eq(entry->d_name, "lock") && unlinkat(dir, entry->d_name, 0) < 0)
			(void)rmtree_at(dir, entry->d_name);
	(void)closedir(list);
}

void container_dir_remove(struct engine *e, const char *id, struct container_dir *d)
{
	if (d->dir < 0)
		return;
	/* By the list that is in there. A shim that was killed has not done it. */
	(void)names_withdraw_all(e->state, id, NULL);
	remove_all_but_lock(d->dir);
	/*
	 * The lock's file is the last: until then others wait for it. Whoever comes between the two
	 * calls makes a lock of his own, and the directory is his: it is not empty and stays.
	 */
	(void)unlinkat(d->dir, "lock", 0);
	(void)unlinkat(e->c_fd, id, AT_REMOVEDIR);
	container_dir_unlock(d);
}

void container_dir_drop(struct engine *e, const char *id)
{
	(void)unlinkat(e->c_fd, id, AT_REMOVEDIR);
}

void container_dir_settle(struct engine *e, const char *id, struct container_dir *d)
{
	if (d->dir >= 0 && container_dir_wait_shim(d->dir, SETTLE_MS))
		container_dir_remove(e, id, d);
	else
		container_dir_unlock(d);
}

/* Takes away a directory in which no shim has anything any more. */
static void remove_if_left(struct engine *e, const char *id)
{
	struct container_dir d = CONTAINER_DIR_INIT;

	if (container_dir_lock(e, id, CONTAINER_DIR_TRY, &d, NULL) < 0)
		return;
	/* A status of a killed shim is for healing, one of a living shim is in use. */
	if (faccessat(d.dir, "status", F_OK, 0) < 0)
		container_dir_remove(e, id, &d);
	container_dir_unlock(&d);
}

void container_dir_leave(struct engine *e, const char *id, struct container_dir *d)
{
	struct shim_status s;
	bool alive = false;

	if (d->dir < 0)
		return;
	/*
	 * First the lock, then the look: a shim writes that it has ended before it tries the lock,
	 * so one that has not written it by now will get the lock.
	 */
	fd_cleanup(&d->lock);
	if (container_dir_status(d->dir, &s, &alive) < 0 || !alive ||
	    s.state == SHIM_STATE_EXITED) {
		(void)container_dir_wait_shim(d->dir, SETTLE_MS);
		remove_if_left(e, id);
	}
	fd_cleanup(&d->dir);
}

/* A record that is being rewritten has seq and check apart; that passes. */
static int read_record(int fd, struct shim_status *ret)
{
	for (int i = 0; i < 100; i++) {
		ssize_t n = pread(fd, ret, sizeof(*ret), 0);

		if (n < 0)
			return -errno;
		if (n == (ssize_t)sizeof(*ret) && ret->check == ret->seq &&
		    ret->version == SHIM_STATUS_VERSION) {
			ret->error[sizeof(ret->error) - 1] = '\0';
			return 0;
		}
		(void)sched_yield();
	}
	return -EBADMSG;
}

int container_dir_status(int dir, struct shim_status *ret, bool *ret_alive)
{
	OWN(fd) int fd = openat(dir, "status", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	int r = read_record(fd, ret);

	*ret_alive = file_is_locked_ofd(fd) == 1;
	if (r == -EBADMSG) { /* the shim has made the file and not come further */
		*ret = (struct shim_status){ .state = SHIM_STATE_STARTING };
		return *ret_alive ? 0 : -ENOENT;
	}
	return r;
}

int container_dir_peek(struct engine *e, const char *id, struct shim_status *ret, bool *ret_alive)
{
	OWN(fd) int dir = openat(e->c_fd, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return dir < 0 ? -errno : container_dir_status(dir, ret, ret_alive);
}

bool container_dir_wait_shim(int dir, int timeout_ms)
{
	OWN(fd) int fd = openat(dir, "status", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int64_t left_us = (int64_t)timeout_ms * 1000, nap_us = 200;

	if (fd < 0)
		return true;
	for (; file_is_locked_ofd(fd) == 1; left_us -= nap_us) {
		if (left_us <= 0)
			return false;
		(void)nanosleep(&(struct timespec){ .tv_nsec = nap_us * 1000 }, NULL);
		nap_us = nap_us < 3200 ? nap_us * 2 : nap_us;
	}
	return true;
}

int container_dir_exit_record(struct engine *e, const char *id, struct shim_status *ret)
{
	OWN(str) char *path = str_printf("exits/%s", id);
	OWN(fd) int fd = openat(e->root_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : read_record(fd, ret);
}
