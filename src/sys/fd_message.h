/*
 * fd_message.h - several descriptors in one message over a Unix socket (SCM_RIGHTS, unix(7))
 *
 * The message can be made ready by one who may allocate and be sent by one who may not.
 */
#ifndef SYS_FD_MESSAGE_H
#define SYS_FD_MESSAGE_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { FD_MESSAGE_MAX = 16 };

struct fd_message {
	struct msghdr header; /* what sendmsg(2) takes */
	int *fds;             /* where the descriptors are put that are sent */
	struct iovec iov;
	unsigned char byte;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(FD_MESSAGE_MAX * sizeof(int))];
	} control;
};

/* A byte and n descriptors; m must stay where it is. */
void fd_message_init(struct fd_message *m, unsigned char byte, size_t n);
/*
 * Waits for such a message with just n descriptors, which are the caller's (close-on-exec). -EPROTO
 * for any other, -ECONNRESET when the other end was closed.
 */
int fd_message_receive(int socket, int *ret_fds, size_t n);

#endif
