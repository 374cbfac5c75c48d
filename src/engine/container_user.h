/*
 * container_user.h - whom a user name means inside a container
 */
#ifndef ENGINE_CONTAINER_USER_H
#define ENGINE_CONTAINER_USER_H

#include "codec/passwd.h"
#include "engine/room.h"

/*
 * Resolves a --user against the container's own /etc/passwd and /etc/group. fresh: its upper layer
 * is empty. extra: --group-add. -EINVAL "unable to find user …".
 */
int container_user_resolve(struct engine *e, const struct container *c, bool fresh, struct arena *a,
			   struct passwd_user *ret, struct err *err);
/* The same in a container that runs, for a process beside init. */
int container_user_resolve_live(const struct container *c, const char *user, struct arena *a,
				struct passwd_user *ret, struct err *err);

#endif
