/*
 * streams.h - the container's stdin, stdout and stderr: pipes, or one terminal
 */
#ifndef SHIM_STREAMS_H
#define SHIM_STREAMS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { STREAMS_OUTPUTS = 2 };

struct streams {
	bool terminal;
	int input;                   /* -1: nothing more can be written to it */
	int output[STREAMS_OUTPUTS]; /* -1: ended. With a terminal the first one is it, as is input
				      */
	int peer;                    /* the terminal's other side, see streams.c; or -1 */
	bool ending;                 /* nobody is left who could write */
};

#define STREAMS_NONE                                                                               \
	{                                                                                          \
		.input = -1, .output = { -1, -1 }, .peer = -1                                      \
	}

/* What a container without a terminal gets as 0, 1 and 2: close-on-exec, the caller's to close. */
int streams_open(struct streams *s, bool with_input, uid_t owner, int ret_child[3],
		 struct err *err);
/* A terminal's master, which is taken over. */
void streams_open_terminal(struct streams *s, int console, bool with_input);
void streams_close(struct streams *s);

/*
 * After poll() said that there is something, or at the end: number of bytes; -EAGAIN nothing now; 0
 * the end, the stream is closed then.
 */
ssize_t streams_read(struct streams *s, int output, void *buf, size_t size);
/* Number of bytes, or -EAGAIN. When nobody reads any more input is closed and all of it counts. */
ssize_t streams_write(struct streams *s, const void *data, size_t len);
/* The container sees the end of its stdin; a terminal has none. */
void streams_end_input(struct streams *s);
/* All processes of the container are gone: what is there is read still, then comes the end. */
void streams_end(struct streams *s);
void streams_resize(const struct streams *s, uint16_t height, uint16_t width);

#endif
