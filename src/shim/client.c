/*
 * client.c - the connections to one shim
 *
 * Frames other than output are so short that a stream socket of the kernel takes them whole or not
 * at all, so they need no room and no state: what is pending is a bit.
 */
#include "shim/client.h"

#include "base/own.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

static bool is_trusted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

struct client *client_add(struct clients *all, int fd)
{
	size_t i = 0;

	while (i < all->top && all->items[i].used)
		i++;
	if (i == CLIENTS_MAX || !is_trusted(fd)) {
		(void)close(fd);
		return NULL;
	}
	if (i == all->top)
		all->top++;
	all->items[i] = (struct client){ .fd = fd, .used = true };
	return &all->items[i];
}

void client_lose(struct clients *all, struct client *c)
{
	if (c->owed)
		all->owed--;
	c->owed = c->attached = false;
	c->gone = true;
	c->output = c->pending = 0;
	c->waits = CLIENT_WAITS_NOT;
}

void client_drop(struct clients *all, struct client *c)
{
	size_t i = (size_t)(c - all->items);

	client_lose(all, c);
	(void)close(c->fd);
	c->used = false;
	(void)madvise(all->room->input[i], sizeof(all->room->input[i]), MADV_DONTNEED);
	while (all->top > 0 && !all->items[all->top - 1].used)
		all->top--;
}

/* The next request waits until the last one was answered, and stdin for what is held of it. */
static bool can_receive(const struct client *c)
{
	bool is_more = c->held > 0 && c->in.have >= FRAME_HEADER && c->in.type == SHIM_STDIN;

	return !c->ended && !is_more && !(c->pending & (CLIENT_STARTED | CLIENT_RESULT));
}

short client_events(const struct client *c)
{
	short events = 0;

	if (can_receive(c))
		events |= POLLIN;
	if (!c->gone && (c->owed || c->pending))
		events |= POLLOUT;
	return events;
}

/* -- sending -- */

/* True when all of it is out. */
static bool send_chunk(struct clients *all, struct client *c)
{
	const struct client_chunk *chunk = &all->room->chunk;
	ssize_t n;

	do
		n = send(c->fd, chunk->frame + c->got, chunk->len - c->got,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		if (errno != EAGAIN)
			client_lose(all, c);
		return false;
	}
	c->got += (uint32_t)n;
	if (c->got < chunk->len)
		return false;
	c->owed = false;
	all->owed--;
	return true;
}

static bool send_frame(struct clients *all, struct client *c, enum shim_frame type,
		       const void *data, size_t len)
{
	unsigned char frame[FRAME_HEADER + sizeof(struct shim_status)];
	ssize_t n;

	frame_header(frame, type, len);
	memcpy(frame + FRAME_HEADER, data, len);
	do
		n = send(c->fd, frame, FRAME_HEADER + len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)(FRAME_HEADER + len))
		return true;
	if (n >= 0 || errno != EAGAIN)
		client_lose(all, c);
	return false;
}

static bool send_pending(struct clients *all, struct client *c, enum client_pending what)
{
	switch (what) {
	case CLIENT_STARTED:
		return send_frame(all, c, SHIM_STARTED, &all->started, sizeof(all->started));
	case CLIENT_RESULT:
		return send_frame(all, c, SHIM_RESULT, &c->result, sizeof(c->result));
	case CLIENT_TAKEN:
		return send_frame(all, c, SHIM_STDIN_TAKEN, "", 0);
	case CLIENT_EXITED:
		return send_frame(all, c, SHIM_EXITED, &all->exited, sizeof(all->exited));
	}
	return false;
}

void client_send(struct clients *all, struct client *c)
{
	if (c->gone || (c->owed && !send_chunk(all, c)))
		return;
	for (unsigned bit = CLIENT_STARTED; bit <= CLIENT_EXITED; bit <<= 1) {
		if (!(c->pending & bit))
			continue;
		if (!send_pending(all, c, (enum client_pending)bit))
			return;
		c->pending &= (uint8_t)~bit;
	}
}

void client_chunk_send(struct clients *all, enum shim_frame type, size_t len)
{
	unsigned stream = type == SHIM_STDERR ? SHIM_ATTACH_STDERR : SHIM_ATTACH_STDOUT;

	frame_header(all->room->chunk.frame, type, len);
	all->room->chunk.len = FRAME_HEADER + len;
	for (size_t i = 0; i < all->top; i++) {
		struct client *c = &all->items[i];

		if (!c->used || c->gone || !(c->output & stream))
			continue;
		c->owed = true;
		c->got = 0;
		all->owed++;
		client_send(all, c);
	}
}

/* -- receiving -- */

static unsigned char *payload_room(struct clients *all, struct client *c)
{
	return c->in.type == SHIM_STDIN ? all->room->input[c - all->items] : c->request;
}

const unsigned char *client_input(const struct clients *all, const struct client *c)
{
	return all->room->input[c - all->items];
}

static int receive_some(struct clients *all, struct client *c)
{
	size_t size;
	void *room = frame_room(&c->in, payload_room(all, c), &size);
	ssize_t n;

	do
		n = recv(c->fd, room, size, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	return n == 0 ? -EPIPE : (int)n;
}

int client_receive(struct clients *all, struct client *c)
{
	for (;;) {
		int n = receive_some(all, c);
		int event;
		size_t max;

		if (n <= 0)
			return n;
		event = frame_took(&c->in, (size_t)n);
		if (event < 0 || event == FRAME_WHOLE)
			return event < 0 ? event : 1;
		max = c->in.type == SHIM_STDIN ? SHIM_FRAME_MAX : CLIENT_REQUEST_MAX;
		if (event == FRAME_HEAD && c->in.len > max)
			return -EMSGSIZE;
		if (!can_receive(c))
			return 0;
	}
}

void client_next(struct client *c)
{
	frame_next(&c->in);
}
