/*
 * test_heal.c - what killed processes left in a private ROOT and STATE is put right
 *
 * The shims here are files: a status with or without a lock on it.
 */
#include "check.h"

#include "base/own.h"
#include "base/str.h"
#include "engine/heal.h"
#include "engine/container_query.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* A machine of its own, as far as an engine can see. */
struct machine {
	char dir[64];
	struct engine *e;
};

static void machine_open(struct machine *m)
{
	OWN(str) char *root = str_printf("%s/root", m->dir);
	OWN(str) char *state = str_printf("%s/state", m->dir);

	CHECK_OK(engine_open(&(struct engine_paths){ .root = root, .state = state }, &m->e, NULL));
}

static struct machine machine_new(void)
{
	struct machine m = { .dir = "/tmp/berth-heal-XXXXXX" };

	CHECK(mkdtemp(m.dir) != NULL);
	machine_open(&m);
	return m;
}

static void machine_free(struct machine *m)
{
	OWN(fd) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	engine_close(m->e);
	CHECK_OK(rmtree_at(tmp, m->dir + strlen("/tmp/")));
}

static bool exists(const struct machine *m, const char *path)
{
	OWN(str) char *full = str_printf("%s/%s", m->dir, path);

	return access(full, F_OK) == 0;
}

static void make_dir(const struct machine *m, const char *path)
{
	OWN(str) char *full = str_printf("%s/%s", m->dir, path);

	CHECK_OK(mkdir(full, 0700));
}

static void make_file(const struct machine *m, const char *path, const void *data, size_t len)
{
	OWN(str) char *full = str_printf("%s/%s", m->dir, path);
	OWN(fd) int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_OK(file_write_all(fd, data, len));
}

/* Everything that a running container has on disk. */
static void make_running(const struct machine *m, bool auto_remove)
{
	struct container c = {
		.version = CONTAINER_DOC_VERSION,
		.id = ID,
		.name = "web",
		.state = { .status = CONTAINER_RUNNING, .running = true, .started_at = 1 },
		.host_config = { .auto_remove = auto_remove, .restart_policy.name = "no" },
	};
	struct state_txn *txn;

	CHECK_OK(state_begin(m->e->st, STATE_NOSYNC, &txn, NULL));
	CHECK_OK(state_put_doc(txn, STATE_CONTAINERS, ID, &container_schema, &c, NULL));
	CHECK_OK(state_put_new(txn, STATE_CONTAINER_NAMES, "web", ID, strlen(ID), NULL));
	CHECK_OK(state_commit(&txn, NULL));
	make_dir(m, "root/upper/" ID);
	make_dir(m, "root/work/" ID);
	make_dir(m, "state/c/" ID);
}

static struct shim_status status(uint32_t state, int exit_code)
{
	return (struct shim_status){
		.version = SHIM_STATUS_VERSION,
		.seq = 1,
		.check = 1,
		.state = state,
		.pid = 4711,
		.exit_code = exit_code,
		.started_at = 10,
		.finished_at = 20,
	};
}

/* The state of "web" as a command sees it. */
static int seen(const struct machine *m, struct arena *a, struct container *c)
{
	return container_find(m->e, "web", a, c, NULL);
}

TEST(files_without_a_document_are_removed)
{
	struct machine m = machine_new();

	make_dir(&m, "root/upper/" ID);
	make_dir(&m, "root/work/" ID);
	make_dir(&m, "state/c/" ID);
	make_file(&m, "root/logs/" ID ".log", "x", 1);
	CHECK_OK(engine_heal(m.e, NULL));
	CHECK(!exists(&m, "root/upper/" ID) && !exists(&m, "root/work/" ID));
	CHECK(!exists(&m, "root/logs/" ID ".log") && !exists(&m, "state/c/" ID));
	machine_free(&m);
}

TEST(a_container_whose_shim_was_killed_is_exited_with_137)
{
	struct machine m = machine_new();
	struct shim_status s = status(SHIM_STATE_RUNNING, 0);
	OWN(arena) struct arena a = ARENA_INIT;
	struct container c;

	make_running(&m, false);
	make_file(&m, "state/c/" ID "/status", &s, sizeof(s));
	CHECK_OK(seen(&m, &a, &c));
	CHECK_INT(c.state.status, CONTAINER_EXITED);
	CHECK_INT(c.state.exit_code, 137);
	CHECK(!exists(&m, "state/c/" ID) && exists(&m, "root/upper/" ID));
	machine_free(&m);
}

TEST(an_exit_record_is_folded_into_the_document)
{
	struct machine m = machine_new();
	struct shim_status s = status(SHIM_STATE_EXITED, 3);
	OWN(arena) struct arena a = ARENA_INIT;
	struct container c;

	make_running(&m, false);
	make_file(&m, "root/exits/" ID, &s, sizeof(s));
	CHECK_OK(engine_heal(m.e, NULL));
	CHECK(!exists(&m, "root/exits/" ID));
	CHECK_OK(seen(&m, &a, &c));
	CHECK_INT(c.state.exit_code, 3);
	CHECK_INT(c.state.finished_at, 20);
	machine_free(&m);
}

TEST(an_rm_container_that_ended_is_gone_with_its_name)
{
	struct machine m = machine_new();
	OWN(arena) struct arena a = ARENA_INIT;
	struct container c;

	make_running(&m, true);
	CHECK_OK(engine_heal(m.e, NULL));
	CHECK_INT(seen(&m, &a, &c), -ENOENT);
	CHECK(!exists(&m, "root/upper/" ID) && !exists(&m, "state/c/" ID));
	machine_free(&m);
}

TEST(a_living_shim_is_always_right)
{
	struct machine m = machine_new();
	struct shim_status s = status(SHIM_STATE_PAUSED, 0);
	OWN(str) char *path = str_printf("%s/state/c/%s/status", m.dir, ID);
	OWN(arena) struct arena a = ARENA_INIT;
	struct container c;

	make_running(&m, false);
	make_file(&m, "state/c/" ID "/status", &s, sizeof(s));

	OWN(fd) int held = open(path, O_RDWR | O_CLOEXEC);

	CHECK_OK(file_lock_ofd(held, false));
	CHECK_OK(engine_heal(m.e, NULL));
	CHECK_OK(seen(&m, &a, &c));
	CHECK_INT(c.state.status, CONTAINER_PAUSED);
	CHECK_INT(c.state.pid, 4711);
	CHECK(exists(&m, "state/c/" ID));
	machine_free(&m);
}

/* In a child: holds the lock of a living shim until it is killed. */
static pid_t stand_in_for_shim(const char *status_path)
{
	int ready[2];
	char byte;
	pid_t pid;

	CHECK_OK(pipe2(ready, O_CLOEXEC));
	pid = fork();
	if (pid == 0) {
		int fd = open(status_path, O_RDWR | O_CLOEXEC);
		bool held = fd >= 0 && file_lock_ofd(fd, false) == 0;

		if (held && write(ready[1], "", 1) == 1)
			(void)pause();
		_exit(1);
	}
	(void)close(ready[1]);
	CHECK_INT(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return pid;
}

TEST(a_living_shim_of_a_container_that_was_removed_is_ended)
{
	struct machine m = machine_new();
	struct shim_status s = status(SHIM_STATE_RUNNING, 0);
	OWN(str) char *path = str_printf("%s/state/c/%s/status", m.dir, ID);
	int how = 0;
	pid_t pid;

	make_dir(&m, "root/upper/" ID);
	make_dir(&m, "root/work/" ID);
	make_dir(&m, "state/c/" ID);
	make_file(&m, "state/c/" ID "/status", &s, sizeof(s));
	pid = stand_in_for_shim(path);
	s.shim_pid = pid;
	make_file(&m, "state/c/" ID "/status", &s, sizeof(s));
	CHECK_OK(engine_heal(m.e, NULL));
	CHECK_INT(waitpid(pid, &how, WNOHANG), pid);
	CHECK(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
	CHECK(!exists(&m, "state/c/" ID) && !exists(&m, "root/upper/" ID));
	machine_free(&m);
}

TEST(a_container_that_somebody_works_on_is_left_alone)
{
	struct machine m = machine_new();
	struct container_dir d = CONTAINER_DIR_INIT;

	make_running(&m, true);
	CHECK_OK(container_dir_lock(m.e, ID, CONTAINER_DIR_CREATE, &d, NULL));
	CHECK_OK(engine_heal(m.e, NULL));
	CHECK(exists(&m, "state/c/" ID) && exists(&m, "root/upper/" ID));
	container_dir_unlock(&d);
	CHECK_OK(engine_heal(m.e, NULL));
	CHECK(!exists(&m, "state/c/" ID) && !exists(&m, "root/upper/" ID));
	machine_free(&m);
}

TEST(a_lock_of_a_directory_that_went_is_taken_anew)
{
	struct machine m = machine_new();
	struct container_dir first = CONTAINER_DIR_INIT, second = CONTAINER_DIR_INIT;

	CHECK_OK(container_dir_lock(m.e, ID, CONTAINER_DIR_CREATE, &first, NULL));
	CHECK_INT(container_dir_lock(m.e, ID, CONTAINER_DIR_TRY, &second, NULL), -EWOULDBLOCK);
	container_dir_remove(m.e, ID, &first);
	CHECK_INT(container_dir_lock(m.e, ID, 0, &second, NULL), -ENOENT);
	CHECK_OK(container_dir_lock(m.e, ID, CONTAINER_DIR_CREATE, &second, NULL));
	container_dir_remove(m.e, ID, &second);
	CHECK(!exists(&m, "state/c/" ID));
	machine_free(&m);
}

TEST(after_a_reboot_what_ran_is_exited_and_orphans_are_removed)
{
	struct machine m = machine_new();
	OWN(arena) struct arena a = ARENA_INIT;
	struct container c;
	char other[36];

	make_running(&m, false);
	make_dir(&m, "root/upper/f"
		     "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	engine_close(m.e);
	memset(other, 'a', sizeof(other));
	make_file(&m, "state/boot", other, sizeof(other));
	machine_open(&m);
	CHECK_OK(seen(&m, &a, &c));
	CHECK_INT(c.state.status, CONTAINER_EXITED);
	CHECK_INT(c.state.exit_code, 255);
	CHECK(!exists(
		&m, "root/upper/f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
	CHECK(exists(&m, "root/upper/" ID));
	machine_free(&m);
}

TEST(a_torn_exit_record_is_removed)
{
	struct machine m = machine_new();

	make_file(&m, "root/exits/." ID ".77", "x", 1);
	CHECK_OK(engine_heal(m.e, NULL));
	CHECK(!exists(&m, "root/exits/." ID ".77"));
	machine_free(&m);
}

TEST(a_unique_beginning_of_an_id_finds_it)
{
	struct machine m = machine_new();
	OWN(arena) struct arena a = ARENA_INIT;
	struct container c;
	struct err err = ERR_INIT;

	make_running(&m, false);
	CHECK_OK(container_find(m.e, "0123", &a, &c, NULL));
	CHECK_OK(container_find(m.e, "/web", &a, &c, NULL));
	CHECK_OK(container_find(m.e, ID, &a, &c, NULL));
	CHECK_ERR(container_find(m.e, "0124", &a, &c, &err), -ENOENT, &err,
		  "No such container: 0124");
	CHECK_ERR(container_find(m.e, "", &a, &c, &err), -ENOENT, &err, "No such container");
	machine_free(&m);
}

TEST(renaming_moves_the_name_and_refuses_one_that_is_taken)
{
	struct machine m = machine_new();
	OWN(arena) struct arena a = ARENA_INIT;
	struct container c;
	struct err err = ERR_INIT;

	make_running(&m, false);
	CHECK_OK(container_rename(m.e, "web", "/shop", NULL));
	CHECK_INT(seen(&m, &a, &c), -ENOENT);
	CHECK_OK(container_find(m.e, "shop", &a, &c, NULL));
	CHECK_ERR(container_rename(m.e, "shop", "shop", &err), -EINVAL, &err, "same name");
	CHECK_ERR(container_rename(m.e, "shop", "a b", &err), -EINVAL, &err,
		  "Invalid container name");
	machine_free(&m);
}

TESTS(T(files_without_a_document_are_removed),
      T(a_living_shim_of_a_container_that_was_removed_is_ended),
      T(a_container_whose_shim_was_killed_is_exited_with_137),
      T(an_exit_record_is_folded_into_the_document),
      T(an_rm_container_that_ended_is_gone_with_its_name), T(a_living_shim_is_always_right),
      T(a_container_that_somebody_works_on_is_left_alone),
      T(a_lock_of_a_directory_that_went_is_taken_anew),
      T(after_a_reboot_what_ran_is_exited_and_orphans_are_removed),
      T(a_torn_exit_record_is_removed), T(a_unique_beginning_of_an_id_finds_it),
      T(renaming_moves_the_name_and_refuses_one_that_is_taken))
