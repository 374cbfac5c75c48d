/*
 * state_file.c - the two LMDB files behind the store
 *
 * The problem: most of what a container does needs no sync, but LMDB's unsynced commits are only
 * safe while the system lives. Commits that are written out of order may leave, after a power cut,
 * a header that points at pages which never arrived, and everything is lost, old records too.
 *
 * The way: two files.
 *
 *	ROOT/db/data.mdb           what was committed with sync, and nothing else
 *	ROOT/db/live.BOOT/data.mdb all there is, in this boot; read by everybody, never synced
 *
 * A live copy belongs to the boot whose ID is in its name: a process can be killed at any instant
 * and what it wrote stays in the page cache, so within one boot it is always whole. Another boot
 * begins with a copy of data.mdb, which LMDB's synchronous commits keep whole. state.c writes a
 * synced transaction into both files.
 *
 * Making the copy: in a directory of one's own, which is renamed to live.BOOT. A live copy is never
 * empty, so the rename fails for all but the first. Nobody writes data.mdb before that, since
 * writers hold the live copy's lock; a copy that is made while another one has won is thrown away.
 *
 * A full disk: the files are allocated ahead of what is written, by transactions that add
 *something; so these fail before they wrote anything, and what is removed can always be committed.
 * LMDB's lock file is written through a mapping, and a hole in it would become SIGBUS on a full
 * disk. So its blocks are allocated before LMDB sees it.
 */
#include "state/state_file.h"

#include "base/own.h"
#include "base/str.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

enum {
	DIR_MODE = 0700,
	FILE_MODE = 0600,
	BOOT_ID_LEN = 36,
	LOCK_SIZE = 32768, /* bytes: some 500 readers at once */
	RESERVE = 65536,   /* bytes that are allocated ahead of what is written */
	STEP = 16384,      /* bytes; what a file grows by at least */
	TRIES_MAX = 8,
};

/* Address space, not memory; a process with little of it makes do with less. */
static const size_t map_sizes[] = { (size_t)16 << 30, (size_t)1 << 30, (size_t)64 << 20 };

int state_file_errno(int mdb)
{
	if (mdb >= 0)
		return -mdb;
	if (mdb == MDB_NOTFOUND)
		return -ENOENT;
	if (mdb == MDB_KEYEXIST)
		return -EEXIST;
	if (mdb == MDB_MAP_FULL)
		return -ENOSPC;
	if (mdb == MDB_READERS_FULL)
		return -EAGAIN;
	if (mdb == MDB_BAD_VALSIZE)
		return -EINVAL;
	return -EUCLEAN;
}

int state_file_error(int mdb, const char *root, struct err *err)
{
	return err_set(err, state_file_errno(mdb), "store %s/db: %s", root, mdb_strerror(mdb));
}

/* LMDB does that for all of its descriptors but one. */
static int close_on_exec(MDB_env *env)
{
	int fd, r = mdb_env_get_fd(env, &fd);

	if (r != 0)
		return r;
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? errno : 0;
}

static int open_env(const char *path, unsigned flags, MDB_env **ret)
{
	int r = MDB_NOTFOUND;

	for (size_t i = 0; i < sizeof(map_sizes) / sizeof(map_sizes[0]); i++) {
		MDB_env *env = NULL;

		r = mdb_env_create(&env);
		if (r == 0)
			r = mdb_env_set_mapsize(env, map_sizes[i]);
		if (r == 0)
			r = mdb_env_open(env, path, flags, FILE_MODE);
		if (r == 0)
			r = close_on_exec(env);
		if (r == 0) {
			*ret = env;
			return 0;
		}
		if (env)
			mdb_env_close(env);
		if (r != ENOMEM)
			break;
	}
	return r;
}

static int boot_id(char id[BOOT_ID_LEN + 2], struct err *err)
{
	const char *path = "/proc/sys/kernel/random/boot_id";
	ssize_t n = file_read_into(AT_FDCWD, path, id, BOOT_ID_LEN + 2);

	if (n < 0)
		return err_code(err, (int)n, "reading %s", path);
	id[strcspn(id, "\n")] = '\0';
	if (strspn(id, "0123456789abcdef-") != BOOT_ID_LEN || id[BOOT_ID_LEN])
		return err_set(err, -EINVAL, "%s does not hold a boot ID", path);
	return 0;
}

static int make_directories(const char *path, struct err *err)
{
	OWN(str) char *part = str_dup(path);

	for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(part, DIR_MODE) < 0 && errno != EEXIST)
			return err_sys(err, "making %s", part);
		if (!slash)
			return 0;
		*slash = '/';
	}
}

/* data.mdb of dir_fd into to_fd; there is nothing to copy in a store that was never synced. */
static int copy_data(int from_dir, int to_dir)
{
	OWN(fd) int from = openat(from_dir, "data.mdb", O_RDONLY | O_CLOEXEC);
	OWN(fd) int to = -1;
	ssize_t n;

	if (from < 0)
		return errno == ENOENT ? 0 : -errno;
	to = openat(to_dir, "data.mdb", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (to < 0)
		return -errno;
	do
		n = sendfile(to, from, NULL, 1 << 30);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static int make_lock_file(int dir)
{
	OWN(fd)
	int fd = openat(dir, "lock.mdb", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);

	return fd < 0 ? -errno : -posix_fallocate(fd, 0, LOCK_SIZE);
}

static int fill_copy(int db, const char *tmp)
{
	OWN(fd) int dir = openat(db, tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = dir < 0 ? -errno : copy_data(db, dir);

	return r < 0 ? r : make_lock_file(dir);
}

/* Copies of other boots, and what makers of copies left when they were killed. */
static void remove_others(int db, const char *live)
{
	int fd = openat(db, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if ((str_after(e->d_name, "live.") || str_after(e->d_name, "new.")) &&
		    !str_eq(e->d_name, live))
			(void)rmtree_at(db, e->d_name);
	if (dir)
		(void)closedir(dir);
	else
		fd_cleanup(&fd);
}

/* -EEXIST and -ENOENT: somebody else made the copy, or removed ours; look again. */
static int make_copy(int db, const char *live)
{
	char tmp[32];
	int r;

	(void)snprintf(tmp, sizeof(tmp), "new.%d", (int)getpid());
	r = rmtree_at(db, tmp);
	if (r == 0 && mkdirat(db, tmp, DIR_MODE) < 0)
		r = -errno;
	if (r == 0)
		r = fill_copy(db, tmp);
	if (r == 0 && renameat(db, tmp, db, live) < 0)
		r = errno == ENOTEMPTY ? -EEXIST : -errno;
	if (r < 0)
		(void)rmtree_at(db, tmp);
	return r;
}

static int prepare(const char *db_path, const char *live, struct err *err)
{
	OWN(fd) int db = -1;
	int r = make_directories(db_path, err);

	if (r < 0)
		return r;
	db = open(db_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (db < 0)
		return err_sys(err, "%s", db_path);
	r = make_copy(db, live);
	if (r == 0)
		remove_others(db, live);
	if (r < 0 && r != -EEXIST && r != -ENOENT)
		return err_code(err, r, "store %s: making %s", db_path, live);
	return 0;
}

int state_file_open_live(const char *root, MDB_env **ret, struct err *err)
{
	OWN(str) char *db = str_printf("%s/db", root);
	OWN(str) char *path = NULL;
	char boot[BOOT_ID_LEN + 2];
	int r = boot_id(boot, err);

	if (r < 0)
		return r;
	path = str_printf("%s/live.%s", db, boot);
	for (int i = 0; i < TRIES_MAX; i++) {
		r = open_env(path, MDB_NOSYNC | MDB_NOTLS | MDB_NORDAHEAD, ret);
		if (r != ENOENT)
			break;
		if (prepare(db, strrchr(path, '/') + 1, err) < 0)
			return err ? err->code : -EIO;
	}
	return r == 0 ? 0 : state_file_error(r, root, err);
}

int state_file_reserve(MDB_env *env, size_t bytes)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat st;
	off_t need;
	int fd, r = mdb_env_info(env, &info);

	if (r == 0)
		r = mdb_env_stat(env, &stat);
	if (r == 0)
		r = mdb_env_get_fd(env, &fd);
	if (r != 0)
		return r;
	need = (off_t)((info.me_last_pgno + 1) * stat.ms_psize + bytes + RESERVE);
	if (fstat(fd, &st) < 0)
		return errno;
	if (st.st_size >= need)
		return 0;
	/* More than is needed, so that not every transaction comes here. */
	if (fallocate(fd, 0, st.st_size, need + STEP - st.st_size) == 0 || errno == EOPNOTSUPP)
		return 0;
	return errno;
}

static int sync_directory(const char *path)
{
	OWN(fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int state_file_open_durable(const char *root, MDB_env **ret, struct err *err)
{
	OWN(str) char *db = str_printf("%s/db", root);
	OWN(str) char *data = str_printf("%s/data.mdb", db);
	bool is_new = access(data, F_OK) < 0;
	/* No lock file: writers are one at a time by the live copy's lock, and nobody reads. */
	int r = open_env(db, MDB_NOLOCK | MDB_NOTLS | MDB_NORDAHEAD, ret);

	if (r == 0 && is_new && (sync_directory(db) < 0 || sync_directory(root) < 0)) {
		r = errno;
		mdb_env_close(*ret);
		*ret = NULL;
	}
	return r == 0 ? 0 : state_file_error(r, root, err);
}
