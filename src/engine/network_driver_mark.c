/*
 * network_driver_mark.c - networks of which there may be something in the kernel
 *
 * A mark outlives a killed process: what it names and the store does not know is taken down by the
 * next command. It dies with the boot, as all does that it stands for.
 */
#include "engine/network_driver.h"

#include "base/own.h"
#include "codec/digest.h"
#include "sys/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { MARK_MAX = 1 << 20 };

static int open_dir(struct engine *e, bool make)
{
	int fd;

	if (make && mkdirat(e->state_fd, "drivers", 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(e->state_fd, "drivers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int network_driver_lock(struct engine *e, int *ret_lock, struct err *err)
{
	OWN(fd) int dir = open_dir(e, true), lock = -1;
	int r = dir;

	if (dir >= 0) {
		lock = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		r = lock < 0 ? -errno : file_lock(lock, true);
	}
	if (r < 0)
		return err_code(err, r, "%s/drivers/lock", e->state);
	*ret_lock = take_fd(&lock);
	return 0;
}

int network_driver_mark(struct engine *e, const struct network_doc *n, struct err *err)
{
	OWN(fd) int dir = open_dir(e, true);
	OWN(buf) struct buf text = { 0 };
	int r = dir;

	schema_write(&network_doc_schema, n, SCHEMA_COMPACT, &text);
	if (r >= 0)
		r = file_write_at(dir, n->id, text.data, text.len, 0600, 0);
	return r < 0 ? err_code(err, r, "noting network %s", n->name) : 0;
}

bool network_driver_is_marked(struct engine *e, const struct network_doc *n)
{
	OWN(fd) int dir = open_dir(e, false);

	return dir >= 0 && faccessat(dir, n->id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void network_driver_unmark(struct engine *e, const struct network_doc *n)
{
	OWN(fd) int dir = open_dir(e, false);

	if (dir >= 0)
		(void)unlinkat(dir, n->id, 0);
}

static bool is_known(struct engine *e, const char *id)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	const void *data;
	size_t len;

	return state_begin(e->st, STATE_READ, &txn, NULL) < 0 ||
	       state_get(txn, STATE_NETWORKS, id, &data, &len) == 0;
}

static int look_at(struct engine *e, int dir, const char *id, network_driver_lost_fn *each,
		   struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(str) char *text = NULL;
	struct network_doc n;
	size_t len;

	if (is_known(e, id))
		return 0;
	if (file_read_at(dir, id, MARK_MAX, &text, &len) < 0 ||
	    schema_read(&network_doc_schema, text, len, &a, &n, NULL) < 0) {
		(void)unlinkat(dir, id, 0);
		return 0;
	}
	return each(e, &n, err);
}

int network_driver_each_lost(struct engine *e, network_driver_lost_fn *each, struct err *err)
{
	int fd = open_dir(e, false), r = 0;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list) {
		fd_cleanup(&fd);
		return 0; /* no such network has been used since the boot */
	}
	for (struct dirent *entry; r == 0 && (entry = readdir(list));)
		if (strlen(entry->d_name) == NETWORK_ID_LEN &&
		    digest_is_hex(entry->d_name, NETWORK_ID_LEN))
			r = look_at(e, dirfd(list), entry->d_name, each, err);
	(void)closedir(list);
	return r;
}
