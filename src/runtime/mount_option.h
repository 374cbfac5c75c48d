/*
 * mount_option.h - what mount options by name mean
 */
#ifndef RUNTIME_MOUNT_OPTION_H
#define RUNTIME_MOUNT_OPTION_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct init_option;

/* The sum of a mount's options. */
struct mount_options {
	uint64_t set, clear;           /* MOUNT_ATTR_* of the mount */
	uint64_t tree_set, tree_clear; /* ... and of all mounts beneath it (rro and the like) */
	uint64_t propagation;          /* MS_PRIVATE, ...; 0: not given */
	bool tree_propagation;         /* rprivate and the like */
	bool bind, recursive;          /* bind, rbind */
	bool no_follow;                /* src-nofollow: bind a link itself */
	bool on_link;                  /* dest-nofollow: mount upon a link itself */
	bool copy_link;                /* copy-symlink: make a link like the source's */
	bool again;                    /* remount: change what is mounted there */
	bool copy_up;                  /* tmpcopyup */
	bool id_map, id_map_tree;      /* idmap, ridmap */
	struct init_option *data;      /* for the file system; a value of NULL is a flag */
	size_t n_data;
};

/* What is unknown is the file system's. */
void mount_option_read(const struct strv *options, struct arena *a, struct mount_options *ret);
/* MS_* of "rslave" and the like, or 0. */
uint64_t mount_option_propagation(const char *name);
/* Every option that is more than the file system's business; the list is the arena's. */
struct strv mount_option_all(struct arena *a);

#endif
