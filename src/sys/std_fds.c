/*
 * std_fds.c - descriptors 0, 1 and 2 are there, whatever the caller has closed
 */
#include "sys/std_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int std_fds_ensure(void)
{
	/* The lowest that is free is the one that is missing. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDONLY) != fd)
			return errno ? -errno : -EBADF;
	return 0;
}
