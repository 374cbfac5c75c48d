/*
 * container_mounts.h - the user's mounts: -v, --mount and --tmpfs as one list
 */
#ifndef ENGINE_CONTAINER_MOUNTS_H
#define ENGINE_CONTAINER_MOUNTS_H

#include "model/container.h"

/* One mount that the user wants; strings are the arena's. */
struct user_mount {
	bool tmpfs;              /* else a bind */
	const char *source;      /* bind: absolute */
	const char *target;      /* absolute, without "..", "//" and the like */
	const char *mode;        /* -v: the options as given, else "" */
	const char *propagation; /* bind: "rprivate", … */
	bool read_only;
	bool non_recursive;
	bool make_source;    /* -v: a missing source becomes a directory */
	bool listed;         /* stands in the API's Mounts (--tmpfs does not) */
	struct strv options; /* tmpfs: flags and data */
};
struct user_mounts {
	struct user_mount *items;
	size_t n;
};

/*
 * Parses all of them, parents before children as they have to be mounted. -EINVAL with docker's
 * words for what is malformed, given twice, or needs volumes.
 */
int container_mounts_parse(const struct host_config *host, struct arena *a, struct user_mounts *ret,
			   struct err *err);
/* Is something mounted exactly there? */
bool container_mounts_has(const struct user_mounts *mounts, const char *target);
/* A path without ".", "..", double and trailing slashes; the arena's. */
char *container_mounts_clean(struct arena *a, const char *path);
/* Checks, for --mount, that bind sources exist. */
int container_mounts_check_sources(const struct user_mounts *mounts, struct err *err);
/* Makes the directories of -v that are missing. */
int container_mounts_make_sources(const struct user_mounts *mounts, struct err *err);

#endif
