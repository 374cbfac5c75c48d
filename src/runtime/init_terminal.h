/*
 * init_terminal.h - a container's terminal
 */
#ifndef RUNTIME_INIT_TERMINAL_H
#define RUNTIME_INIT_TERMINAL_H

#include "runtime/init_kernel.h"
#include "runtime/init_mount.h"
#include "runtime/init_plan.h"

#include "sys/raw.h"
#include "sys/raw_path.h"

/* Opens the terminal in the container's own devpts; the other end goes to our parent. */
static inline long init_terminal_open(const struct init_plan *p, long *ret_master, long *ret_slave)
{
	struct statfs fs;
	struct winsize size = { .ws_row = p->rows, .ws_col = p->cols };
	long pts = raw_path_open_how(AT_FDCWD, "dev/pts", O_PATH | O_DIRECTORY,
				     RAW_PATH_CONFINED | RESOLVE_NO_SYMLINKS);
	long master, slave, r;
	int unlock = 0;

	if (pts < 0)
		return pts;
	r = RAW(fstatfs, pts, &fs);
	if (r < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		return r < 0 ? r : -ENOTTY;
	master = raw_path_open_how((int)pts, "ptmx", O_RDWR | O_NOCTTY,
				   RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
	(void)RAW(close, pts);
	if (master < 0)
		return master;
	r = RAW(ioctl, master, TIOCSPTLCK, &unlock);
	if (r >= 0 && (size.ws_row || size.ws_col))
		r = RAW(ioctl, master, TIOCSWINSZ, &size);
	/* By descriptor, not by the name of /dev/pts/N, which may be another file by then. */
	slave = r < 0 ? r : RAW(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return slave;
	*ret_master = master;
	*ret_slave = slave;
	return 0;
}

static inline long init_terminal_send(int socket, long fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	char byte = 't';
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	*(int *)(void *)CMSG_DATA(&control.header) = (int)fd;
	return RAW(sendmsg, socket, &msg, 0);
}

static inline long init_terminal_bind(long slave)
{
	static char path[] = "dev/console";
	long target, tree, r;

	target = raw_path_open_how(AT_FDCWD, path, O_PATH | O_NOFOLLOW,
				   RAW_PATH_CONFINED | RESOLVE_NO_SYMLINKS);
	if (target == -ENOENT)
		target = raw_path_make(path, false, 0);
	if (target < 0)
		return target;
	tree = RAW(open_tree, slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	r = tree < 0 ? tree : init_mount_move(tree, target);
	(void)RAW(close, target);
	if (tree >= 0)
		(void)RAW(close, tree);
	return r;
}

#endif
