/* test_state.c - promises of the store */
#include "check.h"

#include "base/own.h"
#include "model/image_doc.h"
#include "state/state.h"
#include "sys/rmtree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A store of its own for each test, removed at its end. */
struct scratch {
	char root[64];
	struct err err;
};

static void scratch_init(struct scratch *s)
{
	memset(s, 0, sizeof(*s));
	(void)snprintf(s->root, sizeof(s->root), "/tmp/test_state.XXXXXX");
	CHECK(mkdtemp(s->root));
}

static void scratch_cleanup(struct scratch *s)
{
	OWN(fd) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK_OK(rmtree_at(tmp, s->root + strlen("/tmp/")));
}

static struct state *open_store(struct scratch *s)
{
	struct state *st = NULL;

	CHECK_OK(state_open(s->root, &st, &s->err));
	return st;
}

static void put(struct state *st, enum state_mode mode, const char *key, const char *value)
{
	OWN(state_txn) struct state_txn *txn = NULL;

	CHECK_OK(state_begin(st, mode, &txn, NULL));
	CHECK_OK(state_put(txn, STATE_IMAGE_REFS, key, value, strlen(value), NULL));
	CHECK_OK(state_commit(&txn, NULL));
}

static void del(struct state *st, enum state_mode mode, const char *key)
{
	OWN(state_txn) struct state_txn *txn = NULL;

	CHECK_OK(state_begin(st, mode, &txn, NULL));
	CHECK_OK(state_del(txn, STATE_IMAGE_REFS, key, NULL));
	CHECK_OK(state_commit(&txn, NULL));
}

/* The value of a key; "(none)" when there is none. */
static const char *value_of(struct state *st, const char *key, struct arena *a)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	const char *value = "(none)";

	CHECK_OK(state_begin(st, STATE_READ, &txn, NULL));
	(void)state_get_str(txn, STATE_IMAGE_REFS, key, a, &value);
	return value;
}

/* What a reboot does: the live copy belongs to a boot that is over. */
static void reboot(struct scratch *s)
{
	OWN(str) char *path = str_printf("%s/db", s->root);
	DIR *dir = opendir(path);
	struct dirent *e;

	CHECK(dir);
	while ((e = readdir(dir)))
		if (str_after(e->d_name, "live."))
			CHECK_OK(renameat(dirfd(dir), e->d_name, dirfd(dir), "live.another"));
	closedir(dir);
}

TEST(what_was_put_is_there_until_it_is_deleted)
{
	OWN(scratch) struct scratch s;
	OWN(arena) struct arena a = ARENA_INIT;

	scratch_init(&s);
	OWN(state) struct state *st = open_store(&s);
	put(st, STATE_WRITE, "a", "1");
	put(st, STATE_NOSYNC, "b", "2");
	CHECK_STR(value_of(st, "a", &a), "1");
	CHECK_STR(value_of(st, "b", &a), "2");
	del(st, STATE_WRITE, "a");
	del(st, STATE_NOSYNC, "b");
	del(st, STATE_NOSYNC, "never there");
	CHECK_STR(value_of(st, "a", &a), "(none)");
	CHECK_STR(value_of(st, "b", &a), "(none)");
}

TEST(an_aborted_transaction_writes_nothing)
{
	OWN(scratch) struct scratch s;
	OWN(arena) struct arena a = ARENA_INIT;
	struct state_txn *txn = NULL;

	scratch_init(&s);
	OWN(state) struct state *st = open_store(&s);
	CHECK_OK(state_begin(st, STATE_WRITE, &txn, NULL));
	CHECK_OK(state_put(txn, STATE_IMAGE_REFS, "a", "1", 1, NULL));
	state_abort(&txn);
	CHECK_STR(value_of(st, "a", &a), "(none)");
}

TEST(a_taken_key_is_not_put_as_new)
{
	OWN(scratch) struct scratch s;
	OWN(state_txn) struct state_txn *txn = NULL;

	scratch_init(&s);
	OWN(state) struct state *st = open_store(&s);
	put(st, STATE_NOSYNC, "a", "1");
	CHECK_OK(state_begin(st, STATE_WRITE, &txn, NULL));
	CHECK_INT(state_put_new(txn, STATE_IMAGE_REFS, "a", "2", 1, NULL), -EEXIST);
	CHECK_OK(state_put_new(txn, STATE_IMAGE_REFS, "b", "2", 1, NULL));
	state_abort(&txn);
}

TEST(tables_do_not_see_each_other)
{
	OWN(scratch) struct scratch s;
	OWN(state_txn) struct state_txn *txn = NULL;
	const void *data;
	size_t len;

	scratch_init(&s);
	OWN(state) struct state *st = open_store(&s);
	put(st, STATE_NOSYNC, "a", "1");
	CHECK_OK(state_begin(st, STATE_READ, &txn, NULL));
	CHECK_INT(state_get(txn, STATE_IMAGES, "a", &data, &len), -ENOENT);
	CHECK_INT((int)state_count(txn, STATE_IMAGE_REFS), 1);
	CHECK_INT((int)state_count(txn, STATE_IMAGES), 0);
	state_abort(&txn);
}

TEST(after_a_reboot_there_is_what_was_synced_and_nothing_else)
{
	OWN(scratch) struct scratch s;
	OWN(arena) struct arena a = ARENA_INIT;

	scratch_init(&s);
	OWN(state) struct state *st = open_store(&s);
	put(st, STATE_WRITE, "kept", "1");
	put(st, STATE_WRITE, "deleted", "1");
	put(st, STATE_NOSYNC, "lost", "1");
	put(st, STATE_NOSYNC, "kept", "not synced");
	del(st, STATE_WRITE, "deleted");
	state_cleanup(&st);
	reboot(&s);
	st = open_store(&s);
	CHECK_STR(value_of(st, "kept", &a), "1");
	CHECK_STR(value_of(st, "deleted", &a), "(none)");
	CHECK_STR(value_of(st, "lost", &a), "(none)");
}

TEST(a_durable_file_that_missed_a_commit_is_filled_again)
{
	OWN(scratch) struct scratch s;
	OWN(arena) struct arena a = ARENA_INIT;

	scratch_init(&s);
	OWN(state) struct state *st = open_store(&s);
	put(st, STATE_WRITE, "first", "1");
	state_cleanup(&st);
	OWN(str) char *data = str_printf("%s/db/data.mdb", s.root);
	CHECK_OK(unlink(data));
	st = open_store(&s);
	put(st, STATE_WRITE, "second", "2");
	state_cleanup(&st);
	reboot(&s);
	st = open_store(&s);
	CHECK_STR(value_of(st, "first", &a), "1");
	CHECK_STR(value_of(st, "second", &a), "2");
}

TEST(a_store_of_a_newer_berth_is_refused)
{
	OWN(scratch) struct scratch s;
	struct state_txn *txn = NULL;
	struct state *again = NULL;

	scratch_init(&s);
	OWN(state) struct state *st = open_store(&s);
	CHECK_OK(state_begin(st, STATE_NOSYNC, &txn, NULL));
	CHECK_OK(state_put(txn, STATE_META, "schema", "99", 2, NULL));
	CHECK_OK(state_commit(&txn, NULL));
	state_cleanup(&st);
	CHECK_ERR(state_open(s.root, &again, &s.err), -EPROTO, &s.err, "newer Berth");
}

TEST(only_the_owner_can_look_into_the_store)
{
	OWN(scratch) struct scratch s;
	struct stat sb;

	scratch_init(&s);
	OWN(state) struct state *st = open_store(&s);
	OWN(str) char *db = str_printf("%s/db", s.root);
	CHECK_OK(stat(db, &sb));
	CHECK_INT(sb.st_mode & 07777, 0700);
}

struct walk {
	struct buf seen;
	int answer;
};

static int note_key(void *ctx, const char *key, const void *data, size_t len)
{
	struct walk *w = ctx;

	buf_printf(&w->seen, "%s=%.*s ", key, (int)len, (const char *)data);
	return w->answer;
}

TEST(a_walk_gives_the_keys_with_the_prefix_in_order)
{
	OWN(scratch) struct scratch s;
	OWN(state_txn) struct state_txn *txn = NULL;
	struct walk w = { 0 };

	scratch_init(&s);
	OWN(state) struct state *st = open_store(&s);
	put(st, STATE_NOSYNC, "ab", "2");
	put(st, STATE_NOSYNC, "b", "4");
	put(st, STATE_NOSYNC, "a", "1");
	put(st, STATE_NOSYNC, "abc", "3");
	CHECK_OK(state_begin(st, STATE_READ, &txn, NULL));
	CHECK_OK(state_each(txn, STATE_IMAGE_REFS, "ab", note_key, &w));
	CHECK_STR(buf_text(&w.seen), "ab=2 abc=3 ");
	buf_done(&w.seen);
	CHECK_OK(state_each(txn, STATE_IMAGE_REFS, "", note_key, &w));
	CHECK_STR(buf_text(&w.seen), "a=1 ab=2 abc=3 b=4 ");
	buf_done(&w.seen);
	w.answer = 1;
	CHECK_OK(state_each(txn, STATE_IMAGE_REFS, "", note_key, &w));
	CHECK_STR(buf_text(&w.seen), "a=1 ");
	w.answer = -EXDEV;
	CHECK_INT(state_each(txn, STATE_IMAGE_REFS, "", note_key, &w), -EXDEV);
	CHECK_OK(state_each(txn, STATE_IMAGE_REFS, "nothing", note_key, &w));
	state_abort(&txn);
	buf_done(&w.seen);
}

TEST(documents_come_back_as_they_went_in)
{
	OWN(scratch) struct scratch s;
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(state_txn) struct state_txn *txn = NULL;
	struct layer_blob blob = { .digest = "sha256:11", .media_type = "text/plain", .size = 5 };
	struct layer_doc in = { .version = 1,
				.diff_id = "sha256:00",
				.size = 12,
				.inodes = 3,
				.blob = &blob },
			 out;

	scratch_init(&s);
	OWN(state) struct state *st = open_store(&s);
	CHECK_OK(state_begin(st, STATE_WRITE, &txn, NULL));
	CHECK_OK(state_put_doc(txn, STATE_LAYERS, "00", &layer_doc_schema, &in, NULL));
	CHECK_OK(state_get_doc(txn, STATE_LAYERS, "00", &layer_doc_schema, &a, &out, NULL));
	CHECK_STR(out.diff_id, "sha256:00");
	CHECK_INT(out.size, 12);
	CHECK_STR(out.blob->digest, "sha256:11");
	CHECK_INT(out.blob->size, 5);
	CHECK_ERR(state_get_doc(txn, STATE_LAYERS, "01", &layer_doc_schema, &a, &out, &s.err),
		  -ENOENT, &s.err, "no such layer_doc: 01");
	CHECK_OK(state_commit(&txn, NULL));
}

TEST(a_name_that_is_too_long_is_an_error_to_put_and_absent_to_get)
{
	OWN(scratch) struct scratch s;
	OWN(state_txn) struct state_txn *txn = NULL;
	char name[600];
	const void *data;
	size_t len;

	scratch_init(&s);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	OWN(state) struct state *st = open_store(&s);
	CHECK_OK(state_begin(st, STATE_WRITE, &txn, NULL));
	CHECK_ERR(state_put(txn, STATE_META, name, "", 0, &s.err), -ENAMETOOLONG, &s.err,
		  "too long");
	CHECK_INT(state_get(txn, STATE_META, name, &data, &len), -ENOENT);
	state_abort(&txn);
}

/* A child that writes pairs which must agree, until it is killed. */
static void write_pairs(const char *root)
{
	struct state *st;

	if (state_open(root, &st, NULL) < 0)
		_exit(1);
	for (unsigned i = 0;; i++) {
		struct state_txn *txn = NULL;
		char text[16];
		int len = snprintf(text, sizeof(text), "%u", i);

		if (state_begin(st, i % 3 ? STATE_NOSYNC : STATE_WRITE, &txn, NULL) < 0 ||
		    state_put(txn, STATE_IMAGE_REFS, "left", text, (size_t)len, NULL) < 0 ||
		    state_put(txn, STATE_IMAGES, "right", text, (size_t)len, NULL) < 0 ||
		    state_commit(&txn, NULL) < 0)
			_exit(1);
	}
}

static void check_pair(struct scratch *s)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(state) struct state *st = open_store(s);
	OWN(state_txn) struct state_txn *txn = NULL;
	const char *left = "", *right = "";

	CHECK_OK(state_begin(st, STATE_WRITE, &txn, NULL));
	(void)state_get_str(txn, STATE_IMAGE_REFS, "left", &a, &left);
	(void)state_get_str(txn, STATE_IMAGES, "right", &a, &right);
	CHECK_STR(left, right);
	CHECK_OK(state_put(txn, STATE_META, "checked", "1", 1, NULL));
	CHECK_OK(state_commit(&txn, NULL));
}

TEST(killed_writers_leave_whole_transactions_in_both_files)
{
	OWN(scratch) struct scratch s;

	scratch_init(&s);
	for (int round = 0; round < 40; round++) {
		pid_t pids[3];

		for (int i = 0; i < 3; i++) {
			pids[i] = fork();
			if (pids[i] == 0)
				write_pairs(s.root);
		}
		(void)usleep((useconds_t)(round * 1500));
		for (int i = 0; i < 3; i++) {
			CHECK_OK(kill(pids[i], SIGKILL));
			CHECK_INT(waitpid(pids[i], NULL, 0), pids[i]);
		}
		check_pair(&s);
		reboot(&s);
		check_pair(&s);
	}
}

TESTS(T(what_was_put_is_there_until_it_is_deleted), T(an_aborted_transaction_writes_nothing),
      T(a_taken_key_is_not_put_as_new), T(tables_do_not_see_each_other),
      T(after_a_reboot_there_is_what_was_synced_and_nothing_else),
      T(a_durable_file_that_missed_a_commit_is_filled_again),
      T(a_store_of_a_newer_berth_is_refused), T(only_the_owner_can_look_into_the_store),
      T(a_walk_gives_the_keys_with_the_prefix_in_order), T(documents_come_back_as_they_went_in),
      T(a_name_that_is_too_long_is_an_error_to_put_and_absent_to_get),
      T(killed_writers_leave_whole_transactions_in_both_files))
