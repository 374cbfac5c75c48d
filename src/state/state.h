/*
 * state.h - the store: documents by key, in transactions
 *
 * Memory-mapped LMDB files under ROOT/db: what was committed with sync, and this boot's live copy,
 * which everybody reads. Many readers and one writer across processes; a process may be killed at
 * any instant. A transaction that was committed with sync is on disk when state_commit() returns;
 * one begun with STATE_NOSYNC lives as long as the boot (a killed process loses nothing, a reboot
 * does) and is for what dies with the container or the boot.
 */
#ifndef STATE_STATE_H
#define STATE_STATE_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/schema.h"

#include <stdbool.h>
#include <stddef.h>

struct state;
struct state_txn;

enum state_table {
	STATE_CONTAINERS,      /* container ID to struct container */
	STATE_CONTAINER_NAMES, /* name to container ID */
	STATE_IMAGES,          /* image ID "sha256:hex" to struct image_doc */
	STATE_IMAGE_REFS,      /* "docker.io/library/busybox:latest" to image ID */
	STATE_LAYERS,          /* layer hex to struct layer_doc */
	STATE_NETWORKS,        /* network ID to struct network_doc */
	STATE_NETWORK_NAMES,   /* name to network ID */
	STATE_ADDRESSES,       /* "NETWORK ID/ac110002" to container ID; "NETWORK ID/next" */
	STATE_POLICIES,        /* name to struct network_policy */
	STATE_META,            /* "schema" to the store's version, "boot" to the boot ID */
	STATE_TABLES
};

enum state_mode { STATE_READ, STATE_WRITE, STATE_NOSYNC /* a write without a sync */ };

/* Opens or creates ROOT/db (0700) and migrates older documents; -EPROTO when a newer Berth wrote
 * it. */
int state_open(const char *root, struct state **ret_state, struct err *err);
void state_close(struct state *st);
static inline void state_cleanup(struct state **st)
{
	state_close(*st);
	*st = NULL;
}

/* A reader never waits; a writer waits for the other writer. Nested transactions do not exist. */
int state_begin(struct state *st, enum state_mode mode, struct state_txn **ret_txn,
		struct err *err);
/* Ends the transaction in any case; on failure nothing was written. -ENOSPC when the disk is full.
 */
int state_commit(struct state_txn **txn, struct err *err);
void state_abort(struct state_txn **txn);
static inline void state_txn_cleanup(struct state_txn **txn)
{
	state_abort(txn);
}

/* Bytes stay valid until the transaction ends or writes. -ENOENT when there is no such key. */
int state_get(struct state_txn *txn, enum state_table table, const char *key, const void **ret_data,
	      size_t *ret_len);
/* A short string value in the arena; -ENOENT. */
int state_get_str(struct state_txn *txn, enum state_table table, const char *key, struct arena *a,
		  const char **ret_value);
int state_put(struct state_txn *txn, enum state_table table, const char *key, const void *data,
	      size_t len, struct err *err);
/* -EEXIST when the key is taken. */
int state_put_new(struct state_txn *txn, enum state_table table, const char *key, const void *data,
		  size_t len, struct err *err);
/* Deleting what is not there is 0. */
int state_del(struct state_txn *txn, enum state_table table, const char *key, struct err *err);

/* Documents: JSON by a schema, SCHEMA_COMPACT. */
int state_get_doc(struct state_txn *txn, enum state_table table, const char *key,
		  const struct schema *s, struct arena *a, void *obj, struct err *err);
int state_put_doc(struct state_txn *txn, enum state_table table, const char *key,
		  const struct schema *s, const void *obj, struct err *err);

/*
 * Walks the keys that begin with prefix ("" for all), in order. Return 0 to go on, 1 to stop, a
 * negative errno to fail; returns what the last call did (1 becomes 0).
 */
typedef int state_each_fn(void *ctx, const char *key, const void *data, size_t len);
int state_each(struct state_txn *txn, enum state_table table, const char *prefix,
	       state_each_fn *each, void *ctx);
/* Number of entries of a table. */
size_t state_count(struct state_txn *txn, enum state_table table);

/*
 * Reads all of both files, page by page, and holds what images are recorded in the one against the
 * other; adds what is wrong. A file that is damaged beyond reading is no failure, but a finding.
 * With repair, the durable file is written anew from this boot's copy. Before state_open(), which
 * trusts them.
 */
struct finding_list;
int state_check(const char *root, bool repair, struct finding_list *findings, struct err *err);

#endif
