/*
 * room.h - what the files of this room share: the open engine
 */
#ifndef ENGINE_ROOM_H
#define ENGINE_ROOM_H

#include "engine/engine.h"
#include "image/image.h"
#include "state/state.h"

/*
 * A container that `run` has created and will start at once: its lock is still held and its
 * document need not be read again.
 */
struct prepared {
	struct arena arena;
	struct container container;
	int dir;  /* STATE/c/ID */
	int lock; /* STATE/c/ID/lock, locked */
};

struct engine {
	char *root;  /* ROOT, absolute */
	char *state; /* STATE, absolute */
	int root_fd; /* ROOT */
	int c_fd;    /* STATE/c */
	int state_fd;
	struct state *st;
	struct image_store *images;
	struct prepared *prepared; /* NULL: none */
	struct arena notes_arena;
	struct strv notes;                /* of the container created last */
	const struct engine_guest *guest; /* NULL: the machine's root's */
};

#endif
