/*
 * cni_plugin.h - asking plugins of the Container Network Interface
 */
#ifndef ENGINE_CNI_PLUGIN_H
#define ENGINE_CNI_PLUGIN_H

#include "engine/room.h"
#include "model/cni.h"

#define CNI_PREFIX "cni-"

enum { CNI_TIMEOUT_S = 30, CNI_TIMEOUT_MAX_S = 600 };

/* Where plugins are when a network does not say: Debian's and upstream's directory. */
extern const char cni_plugin_path[];

/* Whether it may be a plugin's: one component of letters, digits, "-", "_" and ".". */
bool cni_plugin_is_name(const char *name);
/* The directory's file that would be executed; the arena's. -ENOENT: none of them has it. */
int cni_plugin_find(const char *type, const char *path, struct arena *a, const char **ret,
		    struct err *err);

/*
 * One command of the specification: "ADD", "DEL", "CHECK", "VERSION". netns: a path, or "" when the
 * container's namespace is gone. *ret: the answer, for the caller to free. Errors name the plugin
 * and say what it said; -ETIMEDOUT: it was killed.
 */
struct cni_call {
	const char *command, *type, *path, *container_id, *netns, *interface;
	int timeout; /* seconds */
	const char *conf;
};
int cni_plugin_call(const struct cni_call *c, struct buf *ret, struct err *err);

#endif
