/*
 * shim_proto.h - the words between a shim and its clients
 *
 * A stream socket (STATE/c/ID/shim.sock, mode 0600 in a 0700 directory, peers checked for uid 0 or
 * the shim's own uid) carries frames: the eight-byte header of Docker's attach stream (type, three
 * zero bytes, length as 32 bits big-endian) and a payload, so that the API can pass output on
 * unchanged. Types 0-2 are stdio, as Docker's; SHIM_* are ours. Integers in payloads are
 * little-endian and unaligned-safe; the structs below are packed.
 *
 *	client                                   shim
 *	SHIM_ATTACH flags           ->
 *	                            <-           1, 2 (output), until SHIM_EXITED or the client goes
 *	0 (stdin)                   ->           SHIM_STDIN_TAKEN
 *	SHIM_STDIN_EOF              ->           no answer
 *	SHIM_RESIZE                 ->           no answer
 *	SHIM_KILL                   ->           SHIM_RESULT
 *	SHIM_PAUSE, SHIM_RESUME     ->           SHIM_RESULT
 *	SHIM_WAIT                   ->           SHIM_EXITED when the container has stopped for good
 *	SHIM_WAIT_NEXT              ->           SHIM_EXITED at the next exit, restarted or not
 *
 * Whoever started the shim first gets SHIM_STARTED or SHIM_FAILED on its own socket. SHIM_ATTACH
 * without any flag waits like SHIM_WAIT. A client that has one frame of stdin on its way at a time,
 * by waiting for SHIM_STDIN_TAKEN, can always get a signal through to a program that does not read.
 */
#ifndef MODEL_SHIM_PROTO_H
#define MODEL_SHIM_PROTO_H

#include <stdint.h>

enum { SHIM_FRAME_HEADER = 8, SHIM_FRAME_MAX = 65536 /* payload bytes */ };

enum shim_frame {
	SHIM_STDIN = 0,
	SHIM_STDOUT = 1,
	SHIM_STDERR = 2,
	SHIM_ATTACH = 16,  /* struct shim_attach */
	SHIM_STDIN_EOF,    /* nothing */
	SHIM_RESIZE,       /* struct shim_resize */
	SHIM_KILL,         /* struct shim_kill */
	SHIM_PAUSE,        /* nothing */
	SHIM_RESUME,       /* nothing */
	SHIM_WAIT,         /* nothing */
	SHIM_WAIT_NEXT,    /* nothing */
	SHIM_STARTED = 64, /* struct shim_status */
	SHIM_FAILED,       /* struct shim_failure, then the message's bytes */
	SHIM_EXITED,       /* struct shim_status */
	SHIM_RESULT,       /* int32_t: 0 or a negative errno */
	SHIM_STDIN_TAKEN,  /* nothing: the container has taken one frame of stdin */
};

enum { SHIM_ATTACH_STDIN = 1, SHIM_ATTACH_STDOUT = 2, SHIM_ATTACH_STDERR = 4 };

struct shim_attach {
	uint32_t flags;
} __attribute__((packed));

struct shim_resize {
	uint16_t height, width;
} __attribute__((packed));

/* shim_kill.stop: anything but 0 means that no restart by policy follows. */
enum {
	SHIM_STOP = 1,
	SHIM_STOP_KEEP =
		2, /* ... and an --rm container keeps its files: it is started again at once */
};

struct shim_kill {
	int32_t signal;
	uint8_t all;  /* every process of the cgroup, not only init */
	uint8_t stop; /* SHIM_STOP: the user wants it down; 0: just a signal */
} __attribute__((packed));

/* exit_code: what `run` exits with (125 setup, 126 not executable, 127 not found). */
struct shim_failure {
	int32_t error; /* negative errno */
	int32_t exit_code;
} __attribute__((packed));

enum shim_state {
	SHIM_STATE_STARTING,
	SHIM_STATE_RUNNING,
	SHIM_STATE_PAUSED,
	SHIM_STATE_RESTARTING, /* waiting for the back-off to pass */
	SHIM_STATE_EXITED,
};

enum shim_health {
	SHIM_HEALTH_NONE, /* no health check */
	SHIM_HEALTH_STARTING,
	SHIM_HEALTH_HEALTHY,
	SHIM_HEALTH_UNHEALTHY,
};

enum { SHIM_STATUS_VERSION = 1 };

/*
 * The live status: STATE/c/ID/status, rewritten in place by one pwrite() per change; `check` is
 * equal to `seq` when the record is whole, so a reader retries on a torn one. While the shim
 * lives it holds an open-file-description write lock (F_OFD_SETLK) on byte 0 of that file: a
 * record without a lock is the last word of a dead shim. The same record is the exit record,
 * ROOT/exits/ID, written beside and renamed, which the next command folds into the store.
 */
struct shim_status {
	uint32_t version;
	uint32_t seq;
	uint32_t state;     /* enum shim_state */
	int32_t pid;        /* container's init in the host's pid namespace; 0 when not running */
	uint64_t pid_start; /* field 22 of /proc/PID/stat */
	int32_t shim_pid;
	int32_t exit_code;
	uint32_t restart_count;
	uint8_t oom_killed;
	uint8_t stopped_by_user;
	uint8_t health; /* enum shim_health */
	uint8_t reserved;
	int64_t started_at, finished_at; /* ns since 1970 */
	char error[256];
	uint32_t check;
} __attribute__((packed));

/*
 * STATE/c/ID/health, while there is a health check: a head, and the last results in turn, the
 * newest in slot (count - 1) % SHIM_PROBES. seq is odd while something is being written: a reader
 * that finds it so, or changed behind the slots, reads again.
 */
enum { SHIM_PROBES = 5, SHIM_PROBE_OUTPUT = 4100 };

struct shim_health_head {
	uint32_t version; /* SHIM_STATUS_VERSION */
	uint32_t seq;
	uint32_t failing_streak;
	uint32_t count; /* results so far */
} __attribute__((packed));

struct shim_probe {
	int64_t start, end; /* ns since 1970 */
	int32_t exit_code;  /* -1: it took too long */
	uint32_t len;
	char output[SHIM_PROBE_OUTPUT];
} __attribute__((packed));

#endif
