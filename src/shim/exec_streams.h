/*
 * exec_streams.h - between the caller's descriptors and those of an exec'd process
 */
#ifndef SHIM_EXEC_STREAMS_H
#define SHIM_EXEC_STREAMS_H

#include "base/err.h"
#include "runtime/runtime.h"

#include <stdbool.h>

enum { EXEC_STREAM_CHUNK = 16384 };

struct exec_streams {
	/* What the process gets as its descriptors 0 to 2. */
	int given[3];
	/* Our ends of the pipes among them; -1 where ours is passed on, or shared (2 with 1). */
	int ours[3];
	int null; /* or -1 */
	size_t in_len, in_sent;
	int lost; /* errno by which output could not be written, or 0 */
	char data[EXEC_STREAM_CHUNK];
};

/*
 * Decides what is passed on and makes pipes for the rest. terminal: the process has its own. owner:
 * the process's user, who may open his pipes again. The caller closes them, also after a failure.
 */
int exec_streams_open(struct exec_streams *s, bool interactive, bool terminal, uid_t owner,
		      struct err *err);
/* The process has its ends: they are closed here. */
void exec_streams_hand_over(struct exec_streams *s);
void exec_streams_close(struct exec_streams *s);
/* Is there anything to relay? */
bool exec_streams_are_relayed(const struct exec_streams *s);
/*
 * Relays until the process has ended: -1; it is to be reaped. Otherwise a signal has ended us: the
 * exit status of that; the process goes on, and a child of ours takes its output.
 */
int exec_streams_relay(struct exec_streams *s, const struct runtime_process *process);

#endif
