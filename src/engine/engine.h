/*
 * engine.h - containers: create, start, watch, stop, remove
 *
 * There is no daemon: the program that includes this does the work itself. What must be
 * remembered is in the store (state) and in the kernel, so any process may be killed at any time
 * and the next one carries on; engine_heal() is what makes that true.
 *
 * Names given to these functions are what a user types: a name, an ID, or the unique beginning
 * of an ID. -ENOENT: "No such container: NAME".
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/container.h"
#include "model/network_policy.h"
#include "model/shim_proto.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct engine;
struct image_store;
struct state;

/*
 * The engine of an ordinary user, who is root of a user namespace: it works in the network
 * namespace of his keeper (model/keeper.h), and starts shims where it came from.
 */
struct visit_home;
struct engine_guest {
	struct visit_home *home;
	pid_t keeper;
	uint64_t keeper_start;
};

struct engine_paths {
	const char *root;                 /* NULL: BERTH_ROOT, else /var/lib/berth */
	const char *state;                /* NULL: BERTH_STATE, else /run/berth */
	const struct engine_guest *guest; /* NULL: none; lives as long as the engine */
};

/* Directories are made (0700) when missing; after a reboot everything is healed once. */
int engine_open(const struct engine_paths *paths, struct engine **ret, struct err *err);
void engine_close(struct engine *e);
static inline void engine_cleanup(struct engine **e)
{
	engine_close(*e);
	*e = NULL;
}
struct state *engine_state(struct engine *e);
struct image_store *engine_images(struct engine *e);
const char *engine_root(const struct engine *e);

/*
 * Brings store, files and kernel together again after killed processes: folds exit records,
 * removes what containers that are gone left. Commands that list or name containers call it;
 * start and run only when the last time is ten seconds ago.
 */
int engine_heal(struct engine *e, struct err *err);

/*
 * Removes compiled seccomp filters that no container would start with; none while one runs.
 * *ret_freed: bytes.
 */
int engine_filters_prune(struct engine *e, int64_t *ret_freed, struct err *err);

/* -- create -- */

struct create_spec {
	const char *name;  /* NULL: made up, "eager_turing" */
	const char *image; /* reference or ID; -ENOENT when it is not here */
	/* As the user gave them; the image's values are merged in: env, labels, cmd, entrypoint,
	 * ... */
	struct container_config config;
	struct host_config host;
	/* Networks besides host.network_mode, which is the first of them; none: that one alone. */
	LIST(struct endpoint) endpoints;
	bool entrypoint_reset; /* --entrypoint "" */
	bool will_start;       /* `run`: the document is written once, as running */
};

/*
 * ret_id: 64 hex digits. Notes (see struct container) are also what `run` warns about. With
 * will_start, what spec points to must live until container_start() was called for this ID. Errors:
 * -ENOENT no such image, -EEXIST the name is taken, -EINVAL; nothing is left then.
 */
int container_create(struct engine *e, const struct create_spec *spec, char ret_id[65],
		     struct err *err);

/*
 * Before it is created: what --volumes-from names is added to host->mounts. -ENOENT no such
 * container, -EINVAL.
 */
int container_volumes_from(struct engine *e, struct host_config *host, struct arena *a,
			   struct err *err);

/* The notes of the container created last, without reading it again; the engine's. */
const struct strv *container_create_notes(const struct engine *e);

/* -- start and attach -- */

struct start_opts {
	bool attach_stdin, attach_stdout, attach_stderr; /* none: detached */
	uint32_t console_height, console_width;
};

/* A connection to a shim: see shim_client.h for what can be done with it. */
struct shim_client;

/*
 * Starts it and returns when its program runs. With an attach flag *ret_client is the attached
 * connection, which the caller closes; otherwise it is NULL. On failure *ret_exit is the exit
 * status that docker's `run` has then (125, 126, 127), and the container stays in state created
 * with the error in it.
 */
int container_start(struct engine *e, const char *name, const struct start_opts *opts,
		    struct shim_client **ret_client, int *ret_exit, struct err *err);
/* Attaches to a running container. -EINVAL when it does not run, -EBUSY when paused. */
int container_attach(struct engine *e, const char *name, uint32_t flags,
		     struct shim_client **ret_client, struct err *err);

/* -- look -- */

/* The document with its live state. */
int container_find(struct engine *e, const char *name, struct arena *a, struct container *ret,
		   struct err *err);
struct container_list {
	struct container *items;
	size_t n;
};
/* Newest first; all: also those that do not run. */
int container_list(struct engine *e, bool all, struct arena *a, struct container_list *ret,
		   struct err *err);
/* Bytes in the container's own layer, and in that layer and its image. */
int container_size(struct engine *e, const struct container *c, int64_t *ret_rw, int64_t *ret_root,
		   struct err *err);
/* The API's inspect document (docker's members, all of them), a json-c tree the caller puts. */
struct json_object *container_inspect(struct engine *e, const struct container *c, bool size);
/* Path of the json-file log, arena's; NULL with log driver none. */
const char *container_log_path(struct engine *e, const struct container *c, struct arena *a);
/* PIDs (host's) of every process in it. */
int container_pids(struct engine *e, const char *name, struct arena *a, int **ret_pids,
		   size_t *ret_n, struct err *err);

/* -- change -- */

/* timeout_s: NULL the container's own; -1 waits for ever. signal 0: the container's own. */
int container_stop(struct engine *e, const char *name, const int64_t *timeout_s, int signal,
		   struct err *err);
int container_restart(struct engine *e, const char *name, const int64_t *timeout_s, int signal,
		      struct err *err);
int container_kill(struct engine *e, const char *name, int signal, struct err *err);
int container_pause(struct engine *e, const char *name, struct err *err);
int container_unpause(struct engine *e, const char *name, struct err *err);
int container_rename(struct engine *e, const char *name, const char *new_name, struct err *err);
/* -EBUSY when it runs and force is false. */
int container_remove(struct engine *e, const char *name, bool force, bool volumes, struct err *err);

enum wait_for { WAIT_NOT_RUNNING, WAIT_NEXT_EXIT, WAIT_REMOVED };
int container_wait(struct engine *e, const char *name, enum wait_for until, int *ret_exit,
		   struct err *err);
/* After `run` got SHIM_EXITED: takes the exit into the store and, with AutoRemove, removes it. */
int container_finished(struct engine *e, const char *id, const struct shim_status *last,
		       struct err *err);
/* What a shim executes for a detached --rm container when it ended. */
int container_reap(struct engine *e, const char *id, struct err *err);

/* -- networks -- */

enum { NETWORK_NAME_MAX = 128 };

struct network_spec {
	const char *name, *driver;       /* driver NULL: bridge */
	const struct ipam_config *pools; /* one of each version that has none is chosen */
	size_t n_pools;
	bool internal, attachable;
	bool ipv6, no_ipv4;
	struct str_map options, labels;
	const char *ipam_driver; /* NULL: "default" */
	struct str_map ipam_options;
};
struct network_list {
	struct network_doc *items;
	size_t n;
};

/* ret_id: 64 hex digits. -EEXIST the name, the subnet or the interface is another's. */
int network_create(struct engine *e, const struct network_spec *spec, char ret_id[65],
		   struct err *err);
/* -ENOENT; -EBUSY while a container runs in it; -EPERM: it is always there. */
int network_remove(struct engine *e, const char *name, struct err *err);
int network_find(struct engine *e, const char *name, struct arena *a, struct network_doc *ret,
		 struct err *err);
/* By name. */
int network_list(struct engine *e, struct arena *a, struct network_list *ret, struct err *err);
bool network_is_predefined(const struct network_doc *n);
/* "local", "global" */
const char *network_scope(const struct network_doc *n);
/* The API's inspect document, a json-c tree the caller puts. */
struct json_object *network_inspect(struct engine *e, const struct network_doc *n);
/*
 * Of a container that runs, too, unless it has a restart policy (-EBUSY). ep: the network, by name
 * or ID, and what is wanted there. -EEXIST: it is connected already; -ENOENT: it is not.
 */
int network_connect(struct engine *e, const char *container, const struct endpoint *ep,
		    struct err *err);
int network_disconnect(struct engine *e, const char *network, const char *container,
		       struct err *err);
/*
 * What a shim executes before its container runs, and when it has ended: plugins make, and take
 * down, its interfaces in namespace netns. servers: name servers that they name; the arena's.
 */
int network_join(struct engine *e, const char *id, int netns, struct arena *a, struct strv *servers,
		 struct err *err);
int network_leave(struct engine *e, const char *id, struct err *err);
/* Writes all rules anew. */
int network_heal(struct engine *e, struct err *err);

/* -- label policies -- */

enum label_policy_put { LABEL_POLICY_CREATED, LABEL_POLICY_CHANGED, LABEL_POLICY_UNCHANGED };

/*
 * All of them, or none. They hold at once: connections that they no longer allow are cut.
 * ret_what: one for each. -EEXIST without replace.
 */
int label_policy_put(struct engine *e, const struct network_policy_list *policies, bool replace,
		     enum label_policy_put *ret_what, struct err *err);
/* -ENOENT: "No such network policy: NAME". */
int label_policy_remove(struct engine *e, const char *name, struct err *err);
int label_policy_find(struct engine *e, const char *name, struct arena *a,
		      struct network_policy *ret, struct err *err);
/* By name. */
int label_policy_list(struct engine *e, struct arena *a, struct network_policy_list *ret,
		      struct err *err);
/* Everything that policy_explain() asks for (net/policy.h). */
struct policy_world;
int label_policy_world(struct engine *e, struct arena *a, struct policy_world *ret,
		       struct err *err);

/* -- exec -- */

struct exec_spec {
	struct strv cmd, env;
	const char *user, *working_dir;
	bool tty, interactive, detach, privileged;
	const char *detach_keys; /* bytes */
	uint32_t console_height, console_width;
};
/*
 * Not detached: does not return on success; the calling process becomes the exec shim and exits
 * with the command's status. Detached: returns once the command runs. *ret_exit as in start.
 */
int container_exec(struct engine *e, const char *name, const struct exec_spec *spec, int *ret_exit,
		   struct err *err);

/* -- its files, from outside -- */

struct container_tree;
enum container_tree_what {
	CONTAINER_TREE_UPPER, /* its own layer alone */
	CONTAINER_TREE_ROOT,  /* all its files, without what is mounted into it */
	CONTAINER_TREE_LIVE,  /* all that its processes see, or would */
};
/*
 * Opens the files of a container, running or not; one that does not run cannot be started or
 * removed until it is closed. pause: one that runs is paused until then. -ENOENT, -EBUSY, -ESRCH
 * when it is just ending.
 */
int container_tree_open(struct engine *e, const char *name, enum container_tree_what what,
			bool pause, struct container_tree **ret, struct err *err);
void container_tree_close(struct container_tree *t);
static inline void container_tree_cleanup(struct container_tree **t)
{
	container_tree_close(*t);
	*t = NULL;
}
/* Its document, and the directory that was asked for: "/", or its own layer; the tree's. */
const struct container *container_tree_document(const struct container_tree *t);
int container_tree_dir(const struct container_tree *t);
/* The layers beneath, as one read-only tree: a descriptor. */
int container_tree_lower(const struct container_tree *t, struct err *err);

/* -- holding the store against itself -- */

struct finding_list;
/*
 * Adds what is wrong with containers: shims, locks, control groups, files and mounts that belong to
 * none, and those that lack theirs. Heals nothing unless repair is set.
 */
int engine_check(struct engine *e, bool repair, struct finding_list *findings, struct err *err);
/* Layers (hex) that running containers are made of; strings are the arena's. */
int engine_busy_layers(struct engine *e, struct arena *a, struct strv *ret, struct err *err);

#endif
