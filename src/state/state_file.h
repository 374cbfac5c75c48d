/*
 * state_file.h - the two LMDB files behind the store, and errors of LMDB
 */
#ifndef STATE_STATE_FILE_H
#define STATE_STATE_FILE_H

#include "base/err.h"

#include <lmdb.h>

/*
 * Opens this boot's live copy below ROOT/db, making ROOT, ROOT/db and the copy when missing. The
 * environment is the caller's (mdb_env_close()).
 */
int state_file_open_live(const char *root, MDB_env **ret, struct err *err);
/* Opens ROOT/db/data.mdb. Only for whoever has a write transaction on the live copy. */
int state_file_open_durable(const char *root, MDB_env **ret, struct err *err);

/*
 * Makes sure that a transaction which adds this much can be written, and that some room is left for
 * those that only remove. 0 or an errno, as LMDB has it: ENOSPC.
 */
int state_file_reserve(MDB_env *env, size_t bytes);

/* LMDB's code as a negative errno, and as an error that names the store. */
int state_file_errno(int mdb);
int state_file_error(int mdb, const char *root, struct err *err);

#endif
