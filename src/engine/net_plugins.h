/*
 * net_plugins.h - what plugins have made for a container, and will have to undo
 *
 * Plugins want a path to the container's network namespace, also when its last process has ended:
 * so that is pinned, by a mount at STATE/c/ID/netns, for as long as a plugin has anything in it.
 * STATE/c/ID/plugins says what that is. It is written before a plugin is asked, so whoever comes
 * after a killed process knows what to undo.
 */
#ifndef ENGINE_NET_PLUGINS_H
#define ENGINE_NET_PLUGINS_H

#include "engine/room.h"
#include "model/network_doc.h"

/* Does a container with this endpoint ask a plugin? */
bool net_plugins_has(const struct network_doc *n);

/*
 * Joins one network, whose namespace is netns: the plugin's answer is in ep (addresses, MAC,
 * gateway) and name servers are added to servers. dir: STATE/c/ID. What fails is undone.
 */
int net_plugins_join(struct engine *e, const struct network_doc *n, const struct container *c,
		     struct endpoint *ep, bool leads_out, int dir, int netns, struct arena *a,
		     struct strv *servers, struct err *err);
/* Leaves one network; nothing happens when it is in none of this ID. */
int net_plugins_leave(const char *state, const char *id, const char *network_id, int dir,
		      struct err *err);
/*
 * Undoes all of a container's and unpins its namespace. Goes through all; what a plugin cannot undo
 * is in the error, and is not tried again.
 */
int net_plugins_leave_all(const char *state, const char *id, int dir, struct err *err);
/* c's endpoints, whose addresses a plugin gave, into the store. net_plugins_run.c */
int net_plugins_store(struct engine *e, struct container *c, struct err *err);
/* net_plugins_check() of all containers that run; what is wrong is logged. */
void net_plugins_check_all(struct engine *e);
/* A line more for the container's hosts file. */
void net_plugins_note_host(int dir, const struct container *c, const struct endpoint *ep);
/* Asks the plugins whether all is as they made it. */
int net_plugins_check(const char *state, const char *id, int dir, struct err *err);

#endif
