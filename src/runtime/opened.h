/*
 * opened.h - the descriptors of a plan
 *
 * The parent opens them before there is a child and closes them when the child has gone its way;
 * detached mounts that no child has attached go away with their descriptor.
 */
#ifndef RUNTIME_OPENED_H
#define RUNTIME_OPENED_H

#include "base/arena.h"
#include "base/err.h"
#include "runtime/init_plan.h"
#include "runtime/runtime.h"

struct opened {
	struct arena *a;
	int *fds;
	size_t n, max;
	struct init_source *sources; /* that are left to the child */
	size_t n_sources, max_sources;
};

static inline void opened_init(struct opened *o, struct arena *a)
{
	*o = (struct opened){ .a = a };
}
/* Takes the descriptor over. */
void opened_add(struct opened *o, int fd);
void opened_done(struct opened *o);
static inline void opened_cleanup(struct opened *o)
{
	opened_done(o);
}

/* The root: an overlay or the bundle's, as a detached mount; or the plan's overlay_options. */
int opened_root(struct opened *o, const struct runtime_start *start, struct init_plan *p,
		struct err *err);
/* The trees of bind mounts and control groups. */
int opened_mounts(struct opened *o, struct init_plan *p, struct err *err);
/* The namespaces that are joined, each verified to be of its kind. *ret is the arena's. */
int opened_joins(struct opened *o, const struct oci_config *config, struct init_join **ret,
		 size_t *ret_n, struct err *err);
/* /dev/null, /proc, and the caller's descriptors moved to where none of them is in another's way.
 */
int opened_rest(struct opened *o, struct init_plan *p, bool die_with_parent, struct err *err);

#endif
