/*
 * cli.h - what every command works with: the engine, its output, its error
 */
#ifndef CMD_CLI_H
#define CMD_CLI_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/timestamp.h"
#include "engine/engine.h"

struct cli {
	struct engine_paths paths;
	struct arena *a;       /* lives as long as the command */
	struct engine *engine; /* opened by cli_engine() */
	struct buf out;        /* for stdout; cli_flush() writes it */
	struct err err;        /* what a command that returns a negative errno failed with */
};

/* Opens the engine at the first call. Error in cli->err. */
int cli_engine(struct cli *cli, struct engine **ret);

/* Appends to cli->out. */
void cli_print(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Writes all of cli->out; a full disk or a closed pipe is an error in cli->err. */
int cli_flush(struct cli *cli);

/* "berth: TEXT" on stderr. */
void cli_complain(const char *text);
/* Says cli->err and forgets it; returns 1, the exit status of most failures. */
int cli_fail(struct cli *cli);

/*
 * Does one thing to each name, printing the name when it is done, and goes on after a failure.
 * Returns the exit status: 1 when any failed.
 */
int cli_each(struct cli *cli, const struct strv *names,
	     int (*act)(struct cli *cli, const char *name, const void *opts), const void *opts);

/* A whole file, or stdin for "-", as a string of the arena of at most max bytes. */
int cli_read_file(const char *path, size_t max, struct arena *a, const char **ret, size_t *ret_len,
		  struct err *err);

/* Asks on stdout and reads a line: true for "y" or "yes". */
bool cli_confirm(struct cli *cli, const char *question);

/* Nanoseconds since 1970. */
int64_t cli_now(void);
/* A timestamp_zone(): the user's, of TZ or /etc/localtime (localtime_r(3)). */
int32_t cli_zone(int64_t at_s, char ret_name[TIMESTAMP_ZONE_MAX]);

#endif
