/*
 * entry.h - the way into a held container of an ordinary user's
 */
#ifndef RUNTIME_ENTRY_H
#define RUNTIME_ENTRY_H

#include "base/arena.h"
#include "base/err.h"
#include "runtime/init_plan.h"
#include "runtime/runtime.h"

/* What a held process answers with. The arena's. */
struct init_entry *entry_new(struct arena *a);
/* Is the container in one of its own of this kind (CLONE_NEW*)? */
bool entry_differs(const struct runtime_entry *entry, int kind);
/* Appends to joins, of INIT_SPACES, the namespaces that are not ours, the user namespace first. */
size_t entry_joins(const struct runtime_entry *entry, struct init_join *joins);

#endif
