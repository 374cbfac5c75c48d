/*
 * hook.h - the programs that a configuration wants run along a container's way
 */
#ifndef RUNTIME_HOOK_H
#define RUNTIME_HOOK_H

#include "base/arena.h"
#include "runtime/init_plan.h"
#include "runtime/runtime.h"

/* What the child runs itself: the state's text around its process number. Arena's. */
void hook_plan(const struct oci_hook_list *hooks, const struct runtime_state *state,
	       struct arena *a, struct init_hooks *ret);
/* The state as hooks get it on their standard input, in two parts around the process number. */
void hook_state(const struct runtime_state *state, struct buf *head, struct buf *tail);

#endif
