/*
 * fd_message.c - several descriptors in one message over a Unix socket
 */
#include "sys/fd_message.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void fd_message_init(struct fd_message *m, unsigned char byte, size_t n)
{
	struct cmsghdr *c = &m->control.header;

	*m = (struct fd_message){ .byte = byte };
	m->iov = (struct iovec){ &m->byte, 1 };
	m->header = (struct msghdr){ .msg_iov = &m->iov,
				     .msg_iovlen = 1,
				     .msg_control = &m->control,
				     .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
			       .cmsg_type = SCM_RIGHTS,
			       .cmsg_len = CMSG_LEN(n * sizeof(int)) };
	m->fds = (int *)(void *)CMSG_DATA(c);
}

int fd_message_receive(int socket, int *ret_fds, size_t n)
{
	struct fd_message m;
	struct cmsghdr *c;
	size_t came = 0;
	ssize_t len;

	fd_message_init(&m, 0, FD_MESSAGE_MAX);
	do
		len = recvmsg(socket, &m.header, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len <= 0)
		return len < 0 ? -errno : -ECONNRESET;
	c = CMSG_FIRSTHDR(&m.header);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		came = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	if (came == n && !(m.header.msg_flags & MSG_CTRUNC)) {
		memcpy(ret_fds, CMSG_DATA(c), n * sizeof(int));
		return 0;
	}
	for (size_t i = 0; i < came; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
		(void)close(fd);
	}
	return -EPROTO;
}
