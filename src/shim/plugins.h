/*
 * plugins.h - networks of a container that programs of others make
 */
#ifndef SHIM_PLUGINS_H
#define SHIM_PLUGINS_H

#include "model/shim_plan.h"
#include "shim/supervisor.h"

/*
 * Has them made in the container's namespace before it runs, when the plan has any. Name servers
 * that they name are added to the resolver's, when the user has named none. What fails leaves
 * nothing.
 */
int plugins_join(const struct supervisor *s, struct shim_plan *plan, int netns, struct arena *a,
		 struct err *err);
/* Has them taken down, when there are any: also those that the container joined while it ran. */
void plugins_leave(const struct supervisor *s);

#endif
