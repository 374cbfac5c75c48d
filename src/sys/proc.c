/*
 * proc.c - what procfs says about a process, and handles on processes
 */
#include "sys/proc.h"

#include "base/own.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { START_FIELD = 22, COMM_FIELD = 2 };

int proc_start_time(pid_t pid, uint64_t *ret)
{
	char path[64], stat[1024];
	ssize_t len;
	char *at;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	len = file_read_into(AT_FDCWD, path, stat, sizeof(stat));
	if (len < 0)
		return len == -ENOENT ? -ESRCH : (int)len;
	/* The second field is the program's name in parentheses and may itself hold any of both. */
	at = strrchr(stat, ')');
	for (int field = COMM_FIELD; at && field < START_FIELD; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -EIO;
	*ret = strtoull(at + 1, NULL, 10);
	return 0;
}

int proc_open(pid_t pid, uint64_t start)
{
	OWN(fd) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	uint64_t now;
	int r;

	if (fd < 0)
		return errno == EINVAL ? -ESRCH : -errno;
	/* Read after the handle is open: what it says is then about the same process. */
	r = proc_start_time(pid, &now);
	if (r < 0)
		return r;
	return now == start ? take_fd(&fd) : -ESRCH;
}

int proc_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int proc_take_fd(int pidfd, int fd)
{
	long copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return copy < 0 ? -errno : (int)copy;
}
