/*
 * fetch.h - berth-fetch: images in and out
 */
#ifndef CMD_FETCH_H
#define CMD_FETCH_H

#include "base/opt.h"
#include "image/image.h"

/* What every command of it works with. */
struct fetch {
	struct arena a;
	struct err err;
	const char *root;
	const char *state; /* as it was given, or NULL */
	struct buf out;    /* for stdout; written at the end */
};

struct fetch_cmd {
	const char *name, *usage;
	const struct opt *opts;
	size_t opts_size, least, most;
	bool no_images; /* works without the store, is is NULL */
	/* A negative errno, or the exit status. */
	int (*run)(struct fetch *f, struct image_store *is, const void *opts,
		   const struct strv *args);
};

/* Rows of other files. */
extern const struct fetch_cmd fetch_login_cmd, fetch_logout_cmd, fetch_push_cmd, fetch_check_cmd,
	fetch_commit_cmd, fetch_cp_cmd, fetch_policy_cmd;

/*
 * From now on SIGINT and SIGTERM set this, once; the second one ends the program as ever. What was
 * ignored stays ignored.
 */
atomic_bool *fetch_on_interrupt(void);

/* Writes what is in out. */
int fetch_flush(struct fetch *f);

/* The whole program; returns the exit status. */
int fetch_main(int argc, char **argv);

/* A bar for each layer on a terminal, redrawn in place. */
struct fetch_progress {
	int fd;       /* the terminal */
	size_t lines; /* drawn last time */
};
struct fetch_row {
	const char *id; /* a digest, or what stands for one */
	const char *phase;
	int64_t done, total; /* bytes; total -1: unknown, done -1: not worth telling */
	bool over;           /* nothing more happens to it */
};
void fetch_progress_draw(struct fetch_progress *p, const struct fetch_row *rows, size_t n);
/* "Pulled 171MB in 2.0 s (85MB/s)" */
void fetch_progress_summary(const char *what, int64_t bytes, double took_s, struct buf *out);
/* Seconds on a clock that does not jump. */
double fetch_progress_now(void);
/* For struct image_progress; ctx is a struct fetch_progress. */
void fetch_progress_report(void *ctx, const struct image_progress_layer *layers, size_t n);

#endif
