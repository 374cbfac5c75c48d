/*
 * status_record.c - the live status and the exit record
 *
 * The record is rewritten in place; a reader that finds `check` and `seq` apart has come in between
 * and reads again. The exit record is not synced: what must outlast a power cut is only what was
 * reported as done, and a container whose record is missing after one is healed as killed by it.
 */
#include "shim/status_record.h"

#include "base/own.h"
#include "base/str.h"
#include "sys/file.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

void status_record_write(struct status_record *r)
{
	struct iovec record = { &r->now, sizeof(r->now) };

	r->now.check = ++r->now.seq;
	/* Nobody could be told of a failure, and the next change writes everything again. */
	if (r->fd >= 0)
		(void)!pwritev(r->fd, &record, 1, 0);
}

int status_record_open(struct status_record *r, int dir, struct err *err)
{
	int res;

	r->fd = openat(dir, "status", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (r->fd < 0)
		return err_sys(err, "status file");
	res = file_lock_ofd(r->fd, false);
	if (res < 0)
		return err_set(err, res == -EAGAIN ? -EBUSY : res,
			       "the container has a supervisor already");
	r->now = (struct shim_status){
		.version = SHIM_STATUS_VERSION,
		.state = SHIM_STATE_STARTING,
		.shim_pid = getpid(),
	};
	status_record_write(r);
	return 0;
}

int status_record_inherit(struct status_record *r, int fd, struct err *err)
{
	r->fd = fd;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    pread(fd, &r->now, sizeof(r->now), 0) != (ssize_t)sizeof(r->now) ||
	    r->now.version != SHIM_STATUS_VERSION)
		return err_set(err, -EBADMSG, "status file: not what was left there");
	return 0;
}

int status_record_leave(const struct status_record *r, const char *root_dir, const char *id)
{
	OWN(fd) int root = open(root_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	OWN(fd) int dir = root < 0 ? -1 : openat(root, "exits", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return -errno;
	return file_write_at(dir, id, &r->now, sizeof(r->now), 0600, 0);
}
