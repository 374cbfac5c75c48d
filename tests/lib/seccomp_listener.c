/*
 * seccomp_listener SOCKET STATE_FILE [N] - listens for the filters of containers, writes the state
 * that comes with one into a file, and answers each system call that is asked about with -71, N
 * filters long.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER = 71, STATE_MAX = 65536 };

static int receive(int from, const char *file)
{
	static char text[STATE_MAX];
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { text, sizeof(text) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(from, &msg, 0);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	FILE *out = fopen(file, "w");
	int fd = -1;

	if (!c || c->cmsg_type != SCM_RIGHTS || !out)
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	(void)fwrite(text, 1, (size_t)n, out);
	(void)fclose(out);
	return fd;
}

/* Until nobody has the filter any more. */
static void answer(int filter)
{
	struct seccomp_notif ask;
	struct seccomp_notif_resp say;

	/* Until nobody is left whose filter it is. */
	for (struct pollfd p = { .fd = filter, .events = POLLIN };
	     poll(&p, 1, -1) > 0 && !(p.revents & POLLHUP);) {
		memset(&ask, 0, sizeof(ask));
		if (ioctl(filter, SECCOMP_IOCTL_NOTIF_RECV, &ask) < 0) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			return;
		}
		say = (struct seccomp_notif_resp){ .id = ask.id, .error = -ANSWER };
		(void)ioctl(filter, SECCOMP_IOCTL_NOTIF_SEND, &say);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), n = argc > 3 ? atoi(argv[3]) : 1;

	if (argc < 3 || strlen(argv[1]) >= sizeof(at.sun_path))
		return 2;
	strcpy(at.sun_path, argv[1]);
	if (bind(s, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(s, n) < 0)
		return 1;
	for (int i = 0; i < n; i++) {
		int from = accept(s, NULL, NULL), filter = receive(from, argv[2]);

		if (filter < 0)
			return 1;
		if (fork() == 0) {
			answer(filter);
			return 0;
		}
		(void)close(filter);
		(void)close(from);
	}
	return 0;
}
