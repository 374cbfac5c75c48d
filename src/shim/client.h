/*
 * client.h - the connections to one shim, and what is under way on them
 *
 * All room is static, so a client costs the pages that it uses and nothing before. Output of the
 * container is one chunk at a time: it is read from the container when every attached client has
 * taken the chunk before. So nothing is lost, nothing piles up, and a client that stops reading
 * stops the container's output, as docker has it.
 *
 * Input is held per client until the container takes it. Meanwhile the client's requests are read,
 * but no second frame of input. It is told when the first one was taken (SHIM_STDIN_TAKEN), so a
 * client that waits for that can always get a signal through.
 */
#ifndef SHIM_CLIENT_H
#define SHIM_CLIENT_H

#include "codec/frame.h"
#include "model/shim_proto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENTS_MAX = 64, CLIENT_REQUEST_MAX = 16, CLIENT_CHUNK_MAX = 32768 };

/* Frames that are to be sent; sent in this order. */
enum client_pending {
	CLIENT_STARTED = 1,
	CLIENT_RESULT = 2,
	CLIENT_TAKEN = 4,
	CLIENT_EXITED = 8,
};

enum client_wait { CLIENT_WAITS_NOT, CLIENT_WAITS_NEXT, CLIENT_WAITS_END };

struct client {
	int fd;
	bool used;
	bool starter;  /* started the shim */
	bool gone;     /* takes nothing any more; what it has sent still counts */
	bool attached; /* gets SHIM_EXITED at the next exit */
	bool gives_stdin;
	bool ends_stdin; /* behind what is held */
	bool ended;      /* nothing more comes from it; it is dropped when nothing is held */
	uint8_t output;  /* SHIM_ATTACH_STDOUT, SHIM_ATTACH_STDERR */
	uint8_t waits, pending;
	int32_t result;
	struct frame in;
	unsigned char request[CLIENT_REQUEST_MAX]; /* payload of what is no stdin */
	uint32_t held, passed; /* bytes of stdin that wait, and of those that were passed on */
	bool owed;             /* it has not got the whole chunk yet ... */
	uint32_t got;          /* ... but so much */
};

/* What is being sent to clients. */
struct client_chunk {
	size_t len; /* with the header */
	unsigned char frame[FRAME_HEADER + CLIENT_CHUNK_MAX];
};

struct clients {
	/* What the frames in pending tell. */
	struct shim_status started, exited;
	size_t owed; /* clients that have not got the whole chunk */
	size_t top;  /* all used ones are below */
	struct client_room *room;
	struct client items[CLIENTS_MAX];
};

/* Its pages are touched when they are needed. */
struct client_room {
	_Alignas(4096) struct client_chunk chunk;
	_Alignas(4096) unsigned char input[CLIENTS_MAX][SHIM_FRAME_MAX];
};

/* Takes the descriptor over; NULL when there are too many, or when the peer is nobody to trust. */
struct client *client_add(struct clients *all, int fd);
/* Takes it out; its slot is free again. */
void client_drop(struct clients *all, struct client *c);

/* What to poll for; no events at all: not to be polled. */
short client_events(const struct client *c);
/* Sends what can be sent. */
void client_send(struct clients *all, struct client *c);
/* 1: a whole frame is there (c->in, c->request); 0: not yet; negative: nothing more comes. */
int client_receive(struct clients *all, struct client *c);
/* Its frame of SHIM_STDIN. */
const unsigned char *client_input(const struct clients *all, const struct client *c);
/* The frame was dealt with. */
void client_next(struct client *c);
/* It takes nothing any more. */
void client_lose(struct clients *all, struct client *c);

/* Room for output of the container. */
static inline unsigned char *client_chunk_room(struct clients *all)
{
	return all->room->chunk.frame + FRAME_HEADER;
}
/* len bytes of SHIM_STDOUT or SHIM_STDERR are there: sends them to whoever is attached to that. */
void client_chunk_send(struct clients *all, enum shim_frame type, size_t len);

#endif
