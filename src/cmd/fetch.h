/*
 * fetch.h - berth-fetch: load and import
 */
#ifndef CMD_FETCH_H
#define CMD_FETCH_H

#include "image/image.h"

/* The whole program; returns the exit status. */
int fetch_main(int argc, char **argv);

/* A bar for each layer on a terminal, redrawn in place. */
struct fetch_progress {
	size_t lines; /* drawn last time */
};
/* For struct image_progress; ctx is a struct fetch_progress. */
void fetch_progress_report(void *ctx, const struct image_progress_layer *layers, size_t n);

#endif
