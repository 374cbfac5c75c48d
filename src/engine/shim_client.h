/*
 * shim_client.h - a client of one container's shim
 *
 * Frames of shim_proto.h over a stream socket. All functions are for one thread.
 */
#ifndef ENGINE_SHIM_CLIENT_H
#define ENGINE_SHIM_CLIENT_H

#include "base/err.h"
#include "model/shim_proto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shim_client;

/* Takes the descriptor over. */
struct shim_client *shim_client_new(int fd);
/* Connects to STATE_DIR/shim.sock. -ENOENT or -ECONNREFUSED when no shim listens. */
int shim_client_connect(const char *state_dir, struct shim_client **ret, struct err *err);
void shim_client_close(struct shim_client *c);
static inline void shim_client_cleanup(struct shim_client **c)
{
	shim_client_close(*c);
	*c = NULL;
}
/* For poll(): readable means shim_client_read() has something. */
int shim_client_fd(const struct shim_client *c);

/* Sends one frame; blocks until it is out. -EPIPE when the shim is gone. */
int shim_client_send(struct shim_client *c, enum shim_frame type, const void *data, size_t len);
/*
 * The next frame, blocking: *ret_data points into the client's buffer until the next call.
 * Returns 1, 0 at the end of the stream, or a negative errno.
 */
int shim_client_read(struct shim_client *c, enum shim_frame *ret_type, const void **ret_data,
		     size_t *ret_len);
/* Sends a request and reads up to its SHIM_RESULT (output frames in between are dropped). */
int shim_client_call(struct shim_client *c, enum shim_frame type, const void *data, size_t len);

#endif
