/*
 * fuzz_criu.c - a criu that answers anything ends in an outcome or in an error
 *
 * The input is a series of its messages, each after a byte with its length. They wait in the socket
 * before the work begins, and then it is closed.
 */
#include "cmd/criu.h"

#include "base/own.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MESSAGES_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Names are read to their end, so that one without an end is found. */
static int at_point(void *ctx, const char *point, pid_t pid, int *fd, struct err *err)
{
	size_t *points = ctx;

	if (*fd != -1)
		abort(); /* none was sent */
	(*points)++;
	if (strlen(point) > 16 && pid < 0)
		return err_set(err, -EINVAL, "%s", point);
	return 0;
}

static size_t send_all(int fd, const uint8_t *data, size_t size)
{
	size_t sent = 0;

	while (size > 1 && sent < MESSAGES_MAX) {
		size_t len = data[0] < size - 1 ? data[0] : size - 1;

		if (len > 0 && send(fd, data + 1, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
		sent += len > 0;
		data += len + 1;
		size -= len + 1;
	}
	return sent;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct criu_options options = { .images_fd = -1, .work_fd = -1 };
	OWN(criu) struct criu criu = { .pid = INT32_MAX,
				       .work_fd = -1 }; /* nobody has that number */
	struct err err = ERR_INIT;
	size_t points = 0, sent;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
	criu.socket = fds[0];
	sent = send_all(fds[1], data, size);
	(void)shutdown(fds[1], SHUT_WR);
	/* There is no child to wait for: even a good outcome ends in an error, and each has a text.
	 */
	if (criu_run(&criu, CRIU_RESTORE, &options, at_point, &points, &err) == 0 || !*err.msg)
		abort();
	if (points > sent || criu.socket != -1)
		abort();
	(void)close(fds[1]);
	return 0;
}
