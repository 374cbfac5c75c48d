/*
 * fetch_pull.h - berth-fetch pull
 */
#ifndef CMD_FETCH_PULL_H
#define CMD_FETCH_PULL_H

#include "image/image.h"

struct fetch_pull_opts {
	bool all_tags, quiet;
	const char *platform;
};

/* Pulls NAME[:TAG|@DIGEST], or all its tags, and says so on stdout. */
int fetch_pull(struct image_store *is, const struct fetch_pull_opts *opts, const char *name,
	       struct arena *a, struct err *err);

#endif
