/*
 * shim_client.c - a client of one container's shim
 *
 * Never reads beyond a frame: what is not read yet stays in the socket, where poll() sees it.
 */
#include "engine/shim_client.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

struct shim_client {
	int fd;
	struct frame in;
	char payload[SHIM_FRAME_MAX];
};

struct shim_client *shim_client_new(int fd)
{
	struct shim_client *c = mem_alloc(sizeof(*c));

	c->fd = fd;
	return c;
}

/* A socket's address is short and STATE may be long: it is named by its directory's descriptor. */
static int connect_in(int dir, int fd)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int r;

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d/shim.sock", dir);
	do
		r = connect(fd, (const struct sockaddr *)&to, sizeof(to));
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int shim_client_connect(const char *state_dir, struct shim_client **ret, struct err *err)
{
	OWN(fd) int dir = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	OWN(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	if (dir < 0 || fd < 0)
		return err_sys(err, "%s", dir < 0 ? state_dir : "socket");
	r = connect_in(dir, fd);
	if (r < 0)
		return err_code(err, r, "connecting to %s/shim.sock", state_dir);
	*ret = shim_client_new(take_fd(&fd));
	return 0;
}

void shim_client_close(struct shim_client *c)
{
	if (!c)
		return;
	fd_cleanup(&c->fd);
	free(c);
}

int shim_client_fd(const struct shim_client *c)
{
	return c->fd;
}

int shim_client_send(struct shim_client *c, enum shim_frame type, const void *data, size_t len)
{
	unsigned char header[SHIM_FRAME_HEADER];
	struct iovec parts[] = { { header, sizeof(header) }, { (void *)(uintptr_t)data, len } };
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = len ? 2 : 1 };

	if (len > SHIM_FRAME_MAX)
		return -EMSGSIZE;
	frame_header(header, type, len);
	while (msg.msg_iovlen > 0) {
		ssize_t n = sendmsg(c->fd, &msg, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		while (msg.msg_iovlen > 0 && (size_t)n >= msg.msg_iov->iov_len) {
			n -= (ssize_t)msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen > 0) {
			msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base + n;
			msg.msg_iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

/* 1 and the event; 0: the stream ended between two frames. */
static int read_piece(struct shim_client *c, int *ret_event)
{
	size_t size;
	void *room = frame_room(&c->in, c->payload, &size);
	ssize_t n = recv(c->fd, room, size, 0);

	if (n < 0)
		return -errno;
	if (n == 0)
		return c->in.have ? -EPIPE : 0;
	*ret_event = frame_took(&c->in, (size_t)n);
	if (*ret_event == FRAME_HEAD && c->in.len > SHIM_FRAME_MAX)
		*ret_event = -EPROTO;
	return *ret_event < 0 ? *ret_event : 1;
}

int shim_client_read(struct shim_client *c, enum shim_frame *ret_type, const void **ret_data,
		     size_t *ret_len)
{
	int event = FRAME_MORE, r;

	while (event != FRAME_WHOLE) {
		r = read_piece(c, &event);
		if (r == -EINTR)
			continue;
		if (r <= 0)
			return r;
	}
	*ret_type = (enum shim_frame)c->in.type;
	*ret_data = c->payload;
	*ret_len = c->in.len;
	frame_next(&c->in);
	return 1;
}

int shim_client_call(struct shim_client *c, enum shim_frame type, const void *data, size_t len)
{
	int r = shim_client_send(c, type, data, len);

	while (r == 0) {
		enum shim_frame answer;
		const void *text;
		size_t n;
		int32_t result;

		r = shim_client_read(c, &answer, &text, &n);
		if (r <= 0)
			return r < 0 ? r : -EPIPE;
		r = 0;
		if (answer != SHIM_RESULT)
			continue;
		if (n < sizeof(result))
			return -EPROTO;
		memcpy(&result, text, sizeof(result));
		return result;
	}
	return r;
}
