/*
 * state_check.c - are the store's two files whole, and do they say the same?
 *
 * LMDB maps its files and trusts them: one that is damaged may end the process. So a child looks,
 * and says on a pipe how far it came; its parent reads that, and how it ended. The child keeps the
 * lock of writers while it compares (a robust mutex, which its death sets free).
 */
#include "state/state.h"

#include "base/own.h"
#include "base/str.h"
#include "model/finding.h"
#include "state/state_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* What the child is about to do; and what it found. */
enum step { STEP_LIVE = 1, STEP_DURABLE, STEP_COMPARE, STEP_DONE };
enum { REPORT_MAX = 512 };

static void say(int fd, char step)
{
	if (write(fd, &step, 1) != 1)
		_exit(2);
}

static _Noreturn void fail(int fd, const char *why)
{
	(void)!write(fd, why, strlen(why));
	_exit(1);
}

/* Each page that is in use, then each key and value, which must be in order. */
static void walk(MDB_env *env, int report)
{
	OWN(fd) int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_cursor *cursor;
	MDB_val key, data, last = { 0, NULL };
	volatile unsigned char sum = 0;
	int r = null < 0 ? errno : mdb_env_copyfd2(env, null, MDB_CP_COMPACT);

	if (r == 0)
		r = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (r == 0)
		r = mdb_dbi_open(txn, NULL, 0, &dbi);
	if (r == 0)
		r = mdb_cursor_open(txn, dbi, &cursor);
	while (r == 0 && (r = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) == 0) {
		if (last.mv_data && mdb_cmp(txn, dbi, &last, &key) >= 0)
			fail(report, "its keys are not in order");
		for (size_t i = 0; i < data.mv_size; i++)
			sum = (unsigned char)(sum + ((const unsigned char *)data.mv_data)[i]);
		last = key;
	}
	if (r != MDB_NOTFOUND)
		fail(report, mdb_strerror(r));
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
}

static bool same_number(MDB_txn *x, MDB_dbi x_dbi, MDB_txn *y, MDB_dbi y_dbi)
{
	char name[] = "msynced";
	MDB_val key = { sizeof(name), name }, a, b;

	return mdb_get(x, x_dbi, &key, &a) == 0 && mdb_get(y, y_dbi, &key, &b) == 0 &&
	       a.mv_size == b.mv_size && memcmp(a.mv_data, b.mv_data, a.mv_size) == 0;
}

/* Of images, names and layers, which are never written to one of them alone. */
static bool is_synced_key(const MDB_val *key)
{
	return key->mv_size > 0 && strchr("irl", ((const char *)key->mv_data)[0]);
}

static void has_all(MDB_txn *x, MDB_dbi x_dbi, MDB_txn *y, MDB_dbi y_dbi, int report)
{
	MDB_cursor *cursor;
	MDB_val key, data, other;

	if (mdb_cursor_open(x, x_dbi, &cursor) != 0)
		fail(report, "out of memory");
	while (mdb_cursor_get(cursor, &key, &data, MDB_NEXT) == 0)
		if (is_synced_key(&key) &&
		    (mdb_get(y, y_dbi, &key, &other) != 0 || other.mv_size != data.mv_size ||
		     memcmp(other.mv_data, data.mv_data, data.mv_size) != 0))
			fail(report, "it does not say what this boot's copy says");
	mdb_cursor_close(cursor);
}

/* Where the counts of commits differ, a process was killed between two (state.c), or a file lost.
 */
static void compare(MDB_txn *live, MDB_dbi live_dbi, MDB_env *env, int report)
{
	MDB_txn *txn;
	MDB_dbi dbi;

	if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 ||
	    mdb_dbi_open(txn, NULL, 0, &dbi) != 0)
		fail(report, "it cannot be read");
	if (!same_number(live, live_dbi, txn, dbi))
		fail(report, "it lacks the last commits");
	has_all(live, live_dbi, txn, dbi, report);
	has_all(txn, dbi, live, live_dbi, report);
	mdb_txn_abort(txn);
}

static _Noreturn void look(const char *root, int report)
{
	const struct rlimit none = { 0, 0 };
	struct err why = ERR_INIT;
	MDB_env *live, *durable;
	MDB_txn *txn;
	MDB_dbi dbi;

	(void)setrlimit(RLIMIT_CORE, &none);
	say(report, STEP_LIVE);
	if (state_file_open_live(root, &live, &why) < 0)
		fail(report, why.msg);
	walk(live, report);
	if (mdb_txn_begin(live, NULL, 0, &txn) != 0 || mdb_dbi_open(txn, NULL, 0, &dbi) != 0)
		fail(report, "it cannot be written");
	say(report, STEP_DURABLE);
	if (state_file_open_durable(root, &durable, &why) < 0)
		fail(report, why.msg);
	walk(durable, report);
	say(report, STEP_COMPARE);
	compare(txn, dbi, durable, report);
	mdb_txn_abort(txn);
	mdb_env_close(durable);
	mdb_env_close(live);
	say(report, STEP_DONE);
	_exit(0);
}

/* Everything that was said, as text. */
static int read_report(int fd, char text[REPORT_MAX])
{
	size_t at = 0;
	ssize_t n;

	while ((n = read(fd, text + at, REPORT_MAX - 1 - at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += (size_t)n;
	}
	text[at] = '\0';
	return 0;
}

static int ask_child(const char *root, char text[REPORT_MAX], struct err *err)
{
	int fds[2], status, r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, "checking the store");
	pid = fork();
	if (pid == 0)
		look(root, fds[1]);
	(void)close(fds[1]);
	r = pid < 0 ? -errno : read_report(fds[0], text);
	(void)close(fds[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? err_code(err, r, "checking the store") : 0;
}

/* The next synced commit finds that the counts differ and writes all of it. */
static int write_anew(const char *root, struct err *err)
{
	OWN(str) char *data = str_printf("%s/db/data.mdb", root);
	OWN(str) char *old = str_printf("%s/db/data.damaged", root);
	OWN(state) struct state *st = NULL;
	OWN(state_txn) struct state_txn *txn = NULL;
	const void *version;
	size_t len;
	int r = state_open(root, &st, err);

	if (r == 0)
		r = state_begin(st, STATE_WRITE, &txn, err);
	if (r < 0)
		return r;
	/* It goes when there is another one. */
	if (rename(data, old) < 0 && errno != ENOENT)
		return err_sys(err, "%s", data);
	r = state_get(txn, STATE_META, "schema", &version, &len);
	if (r == 0) {
		OWN(str) char *copy = str_printf("%.*s", (int)len, (const char *)version);

		r = state_put(txn, STATE_META, "schema", copy, strlen(copy), err);
	}
	if (r == 0)
		r = state_commit(&txn, err);
	if (r == 0)
		(void)unlink(old);
	return r;
}

int state_check(const char *root, bool repair, struct finding_list *findings, struct err *err)
{
	char text[REPORT_MAX] = "";
	const char *why;
	char step = 0;
	OWN(str) char *db = str_printf("%s/db", root);
	int r;

	if (access(db, F_OK) < 0 && errno == ENOENT)
		return 0; /* nothing was ever stored */
	r = ask_child(root, text, err);
	if (r < 0)
		return r;
	for (why = text; *why > 0 && *why <= STEP_DONE; why++)
		step = *why;
	if (step == STEP_DONE)
		return 0;
	if (!*why)
		why = "reading it ends the program";
	if (step == STEP_LIVE || step == 0) {
		(void)finding_addf(
			findings, "database", "this boot's copy",
			"when nothing runs, remove ROOT/db/live.*: it is made again from "
			"ROOT/db/data.mdb",
			"%s", why);
		return 0;
	}
	(void)finding_addf(findings, "database", "ROOT/db/data.mdb", "berth system check --repair",
			   "%s", why);
	return repair ? write_anew(root, err) : 0;
}
