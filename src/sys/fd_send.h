/*
 * fd_send.h - a descriptor for another process
 */
#ifndef SYS_FD_SEND_H
#define SYS_FD_SEND_H

#include <stddef.h>

/*
 * Sends len (at least one) bytes of data with the descriptor fd over a Unix socket in one message
 * (SCM_RIGHTS, unix(7)); fd stays the caller's. 0, or a negative errno; never SIGPIPE.
 */
int fd_send(int socket, const void *data, size_t len, int fd);

#endif
