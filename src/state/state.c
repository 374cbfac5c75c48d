/*
 * state.c - the store: documents by key, in transactions
 *
 * All tables are one B-tree: a key is the table's letter, the key's text and a NUL. A small store
 * is then one or two pages, and a commit writes few of them.
 *
 * Every transaction is one of LMDB on the live copy (state_file.c says what the two files are). A
 * synced one also notes what it writes; at its end the notes are carried out in the durable file
 * and committed there with sync, then the live copy is committed. Both files count synced
 * transactions, in the same transactions. Where the counts differ, a process was killed between
 * the two commits (or the durable file is gone): the next synced transaction fills the durable
 * file anew from the live copy, whose word counts as long as the boot lasts.
 *
 * A process that was killed may have left a reader's slot, which would keep old pages from being
 * used again; whoever writes clears those first. The writer's lock is a robust mutex.
 */
#include "state/state.h"

#include "base/mem.h"
#include "base/own.h"
#include "state/state_file.h"

#include <limits.h>

enum { STATE_SCHEMA = 1, KEY_MAX = 511 /* LMDB's */, NUMBER_MAX = 24, PAGE = 4096 };

static const char letters[STATE_TABLES] = {
	[STATE_CONTAINERS] = 'c', [STATE_CONTAINER_NAMES] = 'n', [STATE_IMAGES] = 'i',
	[STATE_IMAGE_REFS] = 'r', [STATE_LAYERS] = 'l',          [STATE_META] = 'm',
	[STATE_NETWORKS] = 'N',   [STATE_NETWORK_NAMES] = 'w',   [STATE_ADDRESSES] = 'a',
	[STATE_POLICIES] = 'p',
};

struct state {
	char *root;
	MDB_env *live, *durable; /* durable: opened by the first synced commit */
};

struct state_txn {
	struct state *st;
	MDB_txn *txn;
	MDB_dbi dbi;
	enum state_mode mode;
	size_t added;     /* bytes put, in whole pages */
	struct buf notes; /* STATE_WRITE: struct note, key and data, one after the other */
};

struct note {
	uint32_t key_len, data_len; /* data_len NOTE_DELETE: no data */
};
enum { NOTE_DELETE = UINT32_MAX };

struct key {
	char text[KEY_MAX + 1];
	size_t len;
};

/* -ENAMETOOLONG; the NUL counts. */
static int make_key(enum state_table table, const char *name, struct key *ret)
{
	size_t len = strlen(name) + 1;

	if (len >= KEY_MAX)
		return -ENAMETOOLONG;
	ret->text[0] = letters[table];
	memcpy(ret->text + 1, name, len);
	ret->len = len + 1;
	return 0;
}

/* -- transactions -- */

static int begin_raw(MDB_env *env, unsigned flags, MDB_txn **ret, MDB_dbi *ret_dbi)
{
	int r = mdb_txn_begin(env, NULL, flags, ret);

	if (r == MDB_READERS_FULL) {
		(void)mdb_reader_check(env, NULL);
		r = mdb_txn_begin(env, NULL, flags, ret);
	}
	if (r != 0)
		return r;
	r = mdb_dbi_open(*ret, NULL, 0, ret_dbi);
	if (r != 0) {
		mdb_txn_abort(*ret);
		*ret = NULL;
	}
	return r;
}

int state_begin(struct state *st, enum state_mode mode, struct state_txn **ret_txn, struct err *err)
{
	struct state_txn *t = mem_alloc(sizeof(*t));
	int r;

	t->st = st;
	t->mode = mode;
	if (mode != STATE_READ)
		(void)mdb_reader_check(st->live, NULL);
	r = begin_raw(st->live, mode == STATE_READ ? MDB_RDONLY : 0, &t->txn, &t->dbi);
	if (r != 0) {
		free(t);
		return state_file_error(r, st->root, err);
	}
	*ret_txn = t;
	return 0;
}

void state_abort(struct state_txn **txn)
{
	struct state_txn *t = *txn;

	*txn = NULL;
	if (!t)
		return;
	if (t->txn)
		mdb_txn_abort(t->txn);
	buf_done(&t->notes);
	free(t);
}

/* -- numbers in META: the schema's version, the count of synced transactions -- */

static int get_number(MDB_txn *txn, MDB_dbi dbi, const char *name, uint64_t *ret)
{
	char text[NUMBER_MAX] = "";
	struct key k;
	MDB_val key, data;
	int r = make_key(STATE_META, name, &k);

	*ret = 0;
	if (r < 0)
		return -r;
	key = (MDB_val){ k.len, k.text };
	r = mdb_get(txn, dbi, &key, &data);
	if (r == MDB_NOTFOUND)
		return 0;
	if (r != 0 || data.mv_size >= sizeof(text))
		return r ? r : MDB_CORRUPTED;
	memcpy(text, data.mv_data, data.mv_size);
	*ret = strtoull(text, NULL, 10);
	return 0;
}

static int put_number(MDB_txn *txn, MDB_dbi dbi, const char *name, uint64_t value)
{
	char text[NUMBER_MAX];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	MDB_val key, data = { (size_t)len, text };
	struct key k;
	int r = make_key(STATE_META, name, &k);

	if (r < 0)
		return -r;
	key = (MDB_val){ k.len, k.text };
	return mdb_put(txn, dbi, &key, &data, 0);
}

/* -- the synced commit -- */

static void add_note(struct state_txn *t, const struct key *key, const void *data, uint32_t len)
{
	struct note n = { (uint32_t)key->len, len };

	if (t->mode != STATE_WRITE)
		return;
	buf_add(&t->notes, &n, sizeof(n));
	buf_add(&t->notes, key->text, key->len);
	if (len != NOTE_DELETE)
		buf_add(&t->notes, data, len);
}

static int carry_out(const struct buf *notes, MDB_txn *to, MDB_dbi dbi)
{
	const char *at = notes->data, *end = at + notes->len;

	while (at < end) {
		struct note n;
		MDB_val key, data;
		int r;

		memcpy(&n, at, sizeof(n));
		key = (MDB_val){ n.key_len, (void *)(at + sizeof(n)) };
		at += sizeof(n) + n.key_len;
		if (n.data_len == NOTE_DELETE) {
			r = mdb_del(to, dbi, &key, NULL);
			r = r == MDB_NOTFOUND ? 0 : r;
		} else {
			data = (MDB_val){ n.data_len, (void *)at };
			at += n.data_len;
			r = mdb_put(to, dbi, &key, &data, 0);
		}
		if (r != 0)
			return r;
	}
	return 0;
}

/* All that is in one file, and nothing else, into the other one. */
static int copy_all(MDB_txn *from, MDB_dbi from_dbi, MDB_txn *to, MDB_dbi to_dbi)
{
	MDB_cursor *c;
	MDB_val key, data;
	int r = mdb_drop(to, to_dbi, 0);

	if (r == 0)
		r = mdb_cursor_open(from, from_dbi, &c);
	if (r != 0)
		return r;
	while ((r = mdb_cursor_get(c, &key, &data, MDB_NEXT)) == 0) {
		r = mdb_put(to, to_dbi, &key, &data, MDB_APPEND);
		if (r != 0)
			break;
	}
	mdb_cursor_close(c);
	return r == MDB_NOTFOUND ? 0 : r;
}

/* Writes t into the durable file, synced. The live transaction is counted but not committed. */
static int write_durable(struct state_txn *t)
{
	uint64_t live_count, durable_count;
	MDB_txn *to;
	MDB_dbi dbi;
	int r = begin_raw(t->st->durable, 0, &to, &dbi);

	if (r != 0)
		return r;
	r = get_number(t->txn, t->dbi, "synced", &live_count);
	if (r == 0)
		r = get_number(to, dbi, "synced", &durable_count);
	if (r == 0)
		r = put_number(t->txn, t->dbi, "synced", live_count + 1);
	if (r == 0 && live_count == durable_count)
		r = carry_out(&t->notes, to, dbi);
	else if (r == 0)
		r = copy_all(t->txn, t->dbi, to, dbi);
	if (r == 0)
		r = put_number(to, dbi, "synced", live_count + 1);
	if (r == 0)
		r = put_number(to, dbi, "schema", STATE_SCHEMA);
	if (r == 0)
		return mdb_txn_commit(to);
	mdb_txn_abort(to);
	return r;
}

/* After a live commit that failed: the durable file says again what the live copy says. */
static void take_back(struct state *st)
{
	MDB_txn *from, *to;
	MDB_dbi from_dbi, to_dbi;
	int r;

	if (begin_raw(st->live, 0, &from, &from_dbi) != 0)
		return;
	if (begin_raw(st->durable, 0, &to, &to_dbi) == 0) {
		r = copy_all(from, from_dbi, to, to_dbi);
		/* Should this fail too, the counts differ and the next synced commit does it. */
		if (r == 0)
			(void)mdb_txn_commit(to);
		else
			mdb_txn_abort(to);
	}
	mdb_txn_abort(from);
}

static int commit_synced(struct state_txn *t, struct err *err)
{
	struct state *st = t->st;
	int r = 0;

	if (!t->notes.len)
		return 0; /* nothing was written */
	if (!st->durable) {
		r = state_file_open_durable(st->root, &st->durable, err);
		if (r < 0)
			return r;
	}
	if (t->added)
		r = state_file_reserve(st->durable, t->added);
	if (r == 0 && t->added)
		r = state_file_reserve(st->live, t->added);
	if (r == 0)
		r = write_durable(t);
	if (r != 0)
		return state_file_error(r, st->root, err);
	r = mdb_txn_commit(take(&t->txn));
	if (r == 0)
		return 0;
	take_back(st);
	return state_file_error(r, st->root, err);
}

static int commit_unsynced(struct state_txn *t, struct err *err)
{
	int r = t->added ? state_file_reserve(t->st->live, t->added) : 0;

	if (r == 0)
		r = mdb_txn_commit(take(&t->txn));
	return r == 0 ? 0 : state_file_error(r, t->st->root, err);
}

int state_commit(struct state_txn **txn, struct err *err)
{
	struct state_txn *t = *txn;
	int r = 0;

	if (t->mode == STATE_WRITE)
		r = commit_synced(t, err);
	else if (t->mode == STATE_NOSYNC)
		r = commit_unsynced(t, err);
	state_abort(txn);
	return r;
}

/* -- opening -- */

typedef int migrate_fn(struct state_txn *txn, struct err *err);

/* A file without a version is new; there is nothing in it to change. */
static int migrate_new(struct state_txn *txn, struct err *err)
{
	(void)txn;
	(void)err;
	return 0;
}

/* By the version they start from. */
static migrate_fn *const migrations[STATE_SCHEMA] = { migrate_new };

static int migrate(struct state *st, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	char text[NUMBER_MAX];
	uint64_t version;
	int r = state_begin(st, STATE_WRITE, &txn, err);

	if (r < 0)
		return r;
	r = get_number(txn->txn, txn->dbi, "schema", &version);
	if (r != 0)
		return state_file_error(r, st->root, err);
	for (; version < STATE_SCHEMA; version++) {
		r = migrations[version](txn, err);
		if (r < 0)
			return r;
	}
	(void)snprintf(text, sizeof(text), "%d", STATE_SCHEMA);
	r = state_put(txn, STATE_META, "schema", text, strlen(text), err);
	return r < 0 ? r : state_commit(&txn, err);
}

static int check_schema(struct state *st, struct err *err)
{
	uint64_t version = 0;
	MDB_txn *txn;
	MDB_dbi dbi;
	int r = begin_raw(st->live, MDB_RDONLY, &txn, &dbi);

	if (r != 0)
		return state_file_error(r, st->root, err);
	r = get_number(txn, dbi, "schema", &version);
	mdb_txn_abort(txn);
	if (r != 0)
		return state_file_error(r, st->root, err);
	if (version > STATE_SCHEMA)
		return err_set(
			err, -EPROTO,
			"store %s/db: written by a newer Berth (version %llu, this one knows "
			"%d); use that one",
			st->root, (unsigned long long)version, STATE_SCHEMA);
	return version == STATE_SCHEMA ? 0 : migrate(st, err);
}

int state_open(const char *root, struct state **ret_state, struct err *err)
{
	OWN(state) struct state *st = mem_alloc(sizeof(*st));
	int r;

	st->root = str_dup(root);
	r = state_file_open_live(root, &st->live, err);
	if (r == 0)
		r = check_schema(st, err);
	if (r < 0)
		return r;
	*ret_state = take(&st);
	return 0;
}

void state_close(struct state *st)
{
	if (!st)
		return;
	if (st->durable)
		mdb_env_close(st->durable);
	if (st->live)
		mdb_env_close(st->live);
	free(st->root);
	free(st);
}

/* -- one key -- */

static int key_error(struct state_txn *t, int r, const char *name, struct err *err)
{
	if (r == -ENAMETOOLONG)
		return err_set(err, r, "the name is too long: %.60s…", name);
	return state_file_error(r, t->st->root, err);
}

int state_get(struct state_txn *txn, enum state_table table, const char *name,
	      const void **ret_data, size_t *ret_len)
{
	struct key k;
	MDB_val key, data;
	int r = make_key(table, name, &k);

	if (r < 0)
		return -ENOENT; /* what cannot be a key is not there */
	key = (MDB_val){ k.len, k.text };
	r = mdb_get(txn->txn, txn->dbi, &key, &data);
	if (r != 0)
		return state_file_errno(r);
	*ret_data = data.mv_data;
	*ret_len = data.mv_size;
	return 0;
}

int state_get_str(struct state_txn *txn, enum state_table table, const char *key, struct arena *a,
		  const char **ret_value)
{
	const void *data;
	size_t len;
	int r = state_get(txn, table, key, &data, &len);

	if (r == 0)
		*ret_value = arena_strndup(a, data, len);
	return r;
}

static int put(struct state_txn *txn, enum state_table table, const char *name, const void *bytes,
	       size_t len, unsigned flags, struct err *err)
{
	struct key k;
	MDB_val key, data = { len, (void *)bytes };
	int r = make_key(table, name, &k);

	if (r < 0)
		return key_error(txn, r, name, err);
	if (len >= NOTE_DELETE)
		return err_set(err, -EFBIG, "store: %zu bytes are too many for one record", len);
	key = (MDB_val){ k.len, k.text };
	r = mdb_put(txn->txn, txn->dbi, &key, &data, flags);
	if (r != 0)
		return key_error(txn, r, name, err);
	txn->added += (len / PAGE + 2) * PAGE;
	add_note(txn, &k, bytes, (uint32_t)len);
	return 0;
}

int state_put(struct state_txn *txn, enum state_table table, const char *key, const void *data,
	      size_t len, struct err *err)
{
	return put(txn, table, key, data, len, 0, err);
}

int state_put_new(struct state_txn *txn, enum state_table table, const char *key, const void *data,
		  size_t len, struct err *err)
{
	return put(txn, table, key, data, len, MDB_NOOVERWRITE, err);
}

int state_del(struct state_txn *txn, enum state_table table, const char *name, struct err *err)
{
	struct key k;
	MDB_val key;
	int r = make_key(table, name, &k);

	if (r < 0)
		return 0;
	key = (MDB_val){ k.len, k.text };
	r = mdb_del(txn->txn, txn->dbi, &key, NULL);
	if (r != 0 && r != MDB_NOTFOUND)
		return key_error(txn, r, name, err);
	add_note(txn, &k, NULL, NOTE_DELETE);
	return 0;
}

/* -- documents -- */

int state_get_doc(struct state_txn *txn, enum state_table table, const char *key,
		  const struct schema *s, struct arena *a, void *obj, struct err *err)
{
	const void *data;
	size_t len;
	int r = state_get(txn, table, key, &data, &len);

	if (r == -ENOENT)
		return err_set(err, r, "no such %s: %s", s->name, key);
	if (r < 0)
		return err_code(err, r, "store %s/db", txn->st->root);
	r = schema_read(s, data, len, a, obj, err);
	return r < 0 ? err_wrap(err, "store: %s %s", s->name, key) : 0;
}

int state_put_doc(struct state_txn *txn, enum state_table table, const char *key,
		  const struct schema *s, const void *obj, struct err *err)
{
	OWN(buf) struct buf text = { 0 };

	schema_write(s, obj, SCHEMA_COMPACT, &text);
	return state_put(txn, table, key, text.data, text.len, err);
}

/* -- many keys -- */

int state_each(struct state_txn *txn, enum state_table table, const char *prefix,
	       state_each_fn *each, void *ctx)
{
	MDB_cursor_op op = MDB_SET_RANGE;
	MDB_cursor *c;
	MDB_val key, data;
	struct key from;
	size_t len;
	int r = make_key(table, prefix, &from), answer = 0;

	if (r < 0)
		return 0;   /* longer than any key */
	len = from.len - 1; /* without the NUL */
	key = (MDB_val){ len, from.text };
	r = mdb_cursor_open(txn->txn, txn->dbi, &c);
	if (r != 0)
		return state_file_errno(r);
	while (answer == 0 && (r = mdb_cursor_get(c, &key, &data, op)) == 0) {
		if (key.mv_size < len || memcmp(key.mv_data, from.text, len) != 0)
			break;
		answer = each(ctx, (const char *)key.mv_data + 1, data.mv_data, data.mv_size);
		op = MDB_NEXT;
	}
	mdb_cursor_close(c);
	if (answer != 0)
		return answer < 0 ? answer : 0;
	return r == MDB_NOTFOUND ? 0 : state_file_errno(r);
}

static int count_one(void *ctx, const char *key, const void *data, size_t len)
{
	(void)key;
	(void)data;
	(void)len;
	(*(size_t *)ctx)++;
	return 0;
}

size_t state_count(struct state_txn *txn, enum state_table table)
{
	size_t n = 0;

	(void)state_each(txn, table, "", count_one, &n);
	return n;
}
