/*
 * answer.h - what a child cannot do itself and has done from outside
 */
#ifndef RUNTIME_ANSWER_H
#define RUNTIME_ANSWER_H

#include "base/arena.h"
#include "runtime/child.h"
#include "runtime/runtime.h"

/* Everything is NULL where it is not wanted. */
struct answers {
	const char *uid_map, *gid_map; /* of its user namespace */
	/* The same for an ordinary user, who may not write all of them. */
	const struct oci_id_mappings *mappings;
	/* Texts for files of its procfs that it may not write itself. */
	const char *oom_score_adj, *time_offsets;
	const struct oci_net_devices *net_devices;
	const struct oci_hooks *hooks; /* prestart and createRuntime */
	const struct oci_seccomp *seccomp;
	struct init_notify *notify;
	struct runtime_state state;
};

/*
 * How the descriptor of a filter by these rules comes to its listener: by memory, or by_message,
 * when we may not reach into the child. -ENOTSUP when the filter forbids that. *ret is the arena's.
 */
int answer_plan_notify(const struct oci_seccomp *rules, bool by_message, struct arena *a,
		       struct init_notify **ret, struct err *err);
/* Takes over what a child in a user namespace may not do, and says whether there is any to do. */
bool answer_plan(struct answers *answers, struct init_plan *p);
/* A child_answer_fn; ctx is struct answers. */
int answer(void *ctx, int what, pid_t pid, int talk, struct err *err);

#endif
