/*
 * plan_map.h - the plan that we were started with
 */
#ifndef SHIM_PLAN_MAP_H
#define SHIM_PLAN_MAP_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/schema.h"

struct plan_map {
	void *at;
	size_t len;
};

/*
 * Maps SHIM_FD_PLAN and unpacks it into *ret_plan: strings are in the mapping, which goes with
 * *ret, arrays are the arena's.
 */
int plan_map_open(const struct schema *schema, struct arena *a, void *ret_plan,
		  struct plan_map *ret, struct err *err);
void plan_map_close(struct plan_map *m);
static inline void plan_map_cleanup(struct plan_map *m)
{
	plan_map_close(m);
}

#endif
