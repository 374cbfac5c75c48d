/* test_life.c - a container's life under its supervisor */
#include "shim/life.h"

#include <sys/mount.h>

/* Its file system as the container sees it: what that waits for comes when it is to go on. */
static void let_go(struct life *l)
{
	OWN(str) char *path = str_printf("/proc/%d/root/seen", l->last.pid);

	CHECK_OK(close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)));
}

#define UNTIL_SEEN "while ! test -e /seen; do sleep 0.01; done; "

TEST(output_and_exit_status_reach_the_client_and_nothing_is_left)
{
	NEEDS_ROOT();
	struct life *l = run("echo out; echo err >&2; exit 7");

	until(l, l->client, SHIM_EXITED);
	CHECK_STR(buf_text(&l->out), "out\n");
	CHECK_STR(buf_text(&l->errors), "err\n");
	CHECK_INT(l->last.exit_code, 7);
	CHECK_INT(l->last.state, SHIM_STATE_EXITED);
	wait_gone("state/c/" ID);
	CHECK(exists("exits/" ID));
	done(l);
}

TEST(a_client_that_wants_one_stream_gets_that_alone)
{
	NEEDS_ROOT();
	struct life *l = prepare("echo out; echo err >&2");

	l->plan.attach = SHIM_ATTACH_STDERR;
	CHECK_INT(start(l), SHIM_STARTED);
	until(l, l->client, SHIM_EXITED);
	CHECK_STR(buf_text(&l->out), "");
	CHECK_STR(buf_text(&l->errors), "err\n");
	done(l);
}

TEST(a_program_that_is_missing_is_127_with_docker_s_words)
{
	NEEDS_ROOT();
	struct life *l = prepare("");

	l->plan.config.process->args.items[0] = "nosuch";
	CHECK_INT(start(l), SHIM_FAILED);
	CHECK_INT(l->failure.exit_code, 127);
	CHECK(strstr(l->message, "nosuch"));
	done(l);
}

TEST(a_signal_s_death_is_128_and_its_number)
{
	NEEDS_ROOT();
	struct life *l = run("sleep 100");

	kill_with(l->client, SIGKILL, SHIM_STOP);
	until(l, l->client, SHIM_EXITED);
	CHECK_INT(l->last.exit_code, 137);
	CHECK_INT(l->last.stopped_by_user, 1);
	done(l);
}

TEST(the_log_has_both_streams_and_an_unfinished_line)
{
	NEEDS_ROOT();
	struct life *l = run("echo one; echo two >&2; sleep 0.05; printf three");
	OWN(str) char *log = NULL;

	until(l, l->client, SHIM_EXITED);
	log = read_log();
	CHECK(strstr(log, "{\"log\":\"one\\n\",\"stream\":\"stdout\",\"time\":\"20"));
	CHECK(strstr(log, "{\"log\":\"two\\n\",\"stream\":\"stderr\",\"time\":\"20"));
	CHECK(strstr(log, "{\"log\":\"three\",\"stream\":\"stdout\",\"time\":\"20"));
	done(l);
}

TEST(stdin_flows_until_its_end)
{
	NEEDS_ROOT();
	struct life *l = prepare("cat");

	with_stdin(l);
	CHECK_INT(start(l), SHIM_STARTED);
	CHECK_OK(shim_client_send(l->client, SHIM_STDIN, "hello\n", 6));
	until(l, l->client, SHIM_STDIN_TAKEN);
	CHECK_OK(shim_client_send(l->client, SHIM_STDIN_EOF, NULL, 0));
	until(l, l->client, SHIM_EXITED);
	CHECK_STR(buf_text(&l->out), "hello\n");
	CHECK_INT(l->last.exit_code, 0);
	done(l);
}

TEST(a_signal_gets_through_while_stdin_is_full)
{
	NEEDS_ROOT();
	struct life *l = prepare("trap 'exit 3' USR1; echo up; while :; do sleep 0.01; done");
	static char block[SHIM_FRAME_MAX];

	with_stdin(l);
	CHECK_INT(start(l), SHIM_STARTED);
	until(l, l->client, SHIM_STDOUT);
	CHECK_OK(shim_client_send(l->client, SHIM_STDIN, block, sizeof(block)));
	until(l, l->client, SHIM_STDIN_TAKEN);
	CHECK_OK(shim_client_send(l->client, SHIM_STDIN, block, sizeof(block)));
	kill_with(l->client, SIGUSR1, 0);
	until(l, l->client, SHIM_EXITED);
	CHECK_INT(l->last.exit_code, 3);
	done(l);
}

TEST(what_a_client_sent_before_it_went_still_arrives)
{
	NEEDS_ROOT();
	struct life *l = prepare("sleep 0.3; wc -c >/count");
	OWN(str) char *count = NULL;
	static char block[SHIM_FRAME_MAX];

	with_stdin(l);
	CHECK_INT(start(l), SHIM_STARTED);
	for (int i = 0; i < 3; i++)
		CHECK_OK(shim_client_send(l->client, SHIM_STDIN, block, sizeof(block)));
	CHECK_OK(shim_client_send(l->client, SHIM_STDIN_EOF, NULL, 0));
	shim_client_close(l->client);
	l->client = NULL;
	wait_gone("state/c/" ID);
	CHECK_OK(file_read_at(scratch_fd, "upper/" ID "/count", 100, &count, NULL));
	CHECK_STR(count, "196608\n");
	done(l);
}

TEST(a_client_that_does_not_read_holds_the_output_up_and_loses_nothing)
{
	NEEDS_ROOT();
	struct life *l = run("seq 200000");

	nap_ms(500);
	until(l, l->client, SHIM_EXITED);
	CHECK_INT(l->out.len, 1288895);
	CHECK_STR(l->out.data + l->out.len - 7, "200000\n");
	done(l);
}

TEST(others_learn_of_the_end_though_a_client_is_stuck)
{
	NEEDS_ROOT();
	struct life *l = run("sleep 0.3; seq 20000; while :; do seq 20000; done");
	OWN(shim_client) struct shim_client *other = connect_shim(l);

	CHECK_OK(shim_client_send(other, SHIM_WAIT, NULL, 0));
	nap_ms(600);
	kill_with(other, SIGKILL, SHIM_STOP);
	/* The end comes behind the answer, though l->client has read nothing. */
	until(l, other, SHIM_EXITED);
	CHECK_INT(l->last.exit_code, 137);
	wait_gone("state/c/" ID);
	/* And what it had still to get is there. */
	until(l, l->client, SHIM_EXITED);
	CHECK_INT(l->out.data[l->out.len - 1] == '\n' || l->out.len > 0, 1);
	done(l);
}

TEST(a_terminal_has_a_size_and_echoes_and_takes_another_size)
{
	NEEDS_ROOT();
	struct life *l = prepare("stty size; read x; stty size; echo got $x");
	struct shim_resize size = { 33, 99 };

	with_terminal(l);
	CHECK_INT(start(l), SHIM_STARTED);
	until(l, l->client, SHIM_STDOUT);
	CHECK_OK(shim_client_send(l->client, SHIM_RESIZE, &size, sizeof(size)));
	CHECK_OK(shim_client_send(l->client, SHIM_STDIN, "abc\n", 4));
	until(l, l->client, SHIM_EXITED);
	CHECK_STR(buf_text(&l->out), "20 70\r\nabc\r\n33 99\r\ngot abc\r\n");
	done(l);
}

TEST(a_paused_container_is_frozen_and_can_be_killed)
{
	NEEDS_ROOT();
	struct life *l = run("while :; do echo x; sleep 0.01; done");
	OWN(shim_client) struct shim_client *other = connect_shim(l);
	struct pollfd p = { .fd = shim_client_fd(l->client), .events = POLLIN };
	enum shim_frame type;

	CHECK_OK(shim_client_call(other, SHIM_PAUSE, NULL, 0));
	while (poll(&p, 1, 100) > 0)
		CHECK_INT(next(l, l->client, &type), 1);
	CHECK_OK(shim_client_call(other, SHIM_RESUME, NULL, 0));
	until(l, l->client, SHIM_STDOUT);
	CHECK_OK(shim_client_call(other, SHIM_PAUSE, NULL, 0));
	kill_with(other, SIGKILL, SHIM_STOP);
	until(l, l->client, SHIM_EXITED);
	CHECK_INT(l->last.exit_code, 137);
	done(l);
}

TEST(a_policy_restarts_it_and_whoever_waits_for_good_waits_on)
{
	NEEDS_ROOT();
	struct life *l = prepare("echo run >>/runs; runs=$(wc -l </runs);" UNTIL_SEEN
				 "test $runs -lt 3 && exit 9; exit 0");
	struct shim_client *waits;

	l->plan.restart = SHIM_RESTART_ON_FAILURE;
	CHECK_INT(start(l), SHIM_STARTED);
	waits = connect_shim(l);
	CHECK_OK(shim_client_send(waits, SHIM_WAIT, NULL, 0));
	let_go(l);
	until(l, l->client, SHIM_EXITED);
	CHECK_INT(l->last.exit_code, 9);
	CHECK_INT(l->last.state, SHIM_STATE_RESTARTING);
	until(l, waits, SHIM_EXITED);
	CHECK_INT(l->last.exit_code, 0);
	CHECK_INT(l->last.restart_count, 2);
	shim_client_close(waits);
	wait_gone("state/c/" ID);
	CHECK_OK(rmtree_at(scratch_fd, "upper"));
	done(l);
}

TEST(a_stop_ends_the_wait_for_a_restart)
{
	NEEDS_ROOT();
	struct life *l = prepare("exit 1");
	OWN(shim_client) struct shim_client *other = NULL;

	l->plan.restart = SHIM_RESTART_ALWAYS;
	CHECK_INT(start(l), SHIM_STARTED);
	until(l, l->client, SHIM_EXITED);
	other = connect_shim(l);
	kill_with(other, SIGTERM, SHIM_STOP);
	wait_gone("state/c/" ID);
	CHECK(exists("exits/" ID));
	done(l);
}

TEST(a_container_with_rm_loses_its_files_while_its_client_is_there)
{
	NEEDS_ROOT();
	struct life *l = prepare("echo x; touch /file");

	l->plan.auto_remove = l->plan.volatile_upper = true;
	CHECK_INT(start(l), SHIM_STARTED);
	until(l, l->client, SHIM_EXITED);
	wait_gone("state/c/" ID);
	CHECK(!exists("upper/" ID) && !exists("work/" ID) && !exists("logs/" ID ".log"));
	CHECK(!exists("exits/" ID));
	done(l);
}

/* Something is mounted in its layer, so that stays; and what stays has to be found again. */
TEST(what_cannot_be_removed_is_left_with_the_directory_that_tells_of_it)
{
	NEEDS_ROOT();
	struct life *l = prepare("sleep 0.1");
	const char *held = in_scratch(&l->a, "upper/" ID "/held");

	make_dir("upper/" ID "/held");
	CHECK_OK(mount("tmpfs", held, "tmpfs", 0, NULL));
	l->plan.auto_remove = l->plan.volatile_upper = true;
	CHECK_INT(start(l), SHIM_STARTED);
	until(l, l->client, SHIM_EXITED);
	CHECK(wait(NULL) > 0);
	CHECK(exists("upper/" ID "/held") && !exists("logs/" ID ".log"));
	CHECK(exists("state/c/" ID "/status") && exists("state/c/" ID "/lock"));
	CHECK_OK(umount(held));
	CHECK_OK(rmtree_at(scratch_fd, "upper"));
	CHECK_OK(rmtree_at(scratch_fd, "state"));
	done(l);
}

TEST(a_container_whose_lock_is_held_gives_its_status_up_and_its_directory_later)
{
	NEEDS_ROOT();
	struct life *l = run(UNTIL_SEEN);
	int lock = openat(scratch_fd, "state/c/" ID "/lock", O_RDWR | O_CLOEXEC);

	CHECK_OK(file_lock(lock, false));
	let_go(l);
	until(l, l->client, SHIM_EXITED);
	wait_gone("state/c/" ID "/status");
	nap_ms(50);
	CHECK(exists("state/c/" ID "/lock"));
	(void)close(lock);
	wait_gone("state/c/" ID);
	done(l);
}

TEST(a_directory_that_another_shim_uses_by_now_is_left_to_it)
{
	NEEDS_ROOT();
	struct life *l = run(UNTIL_SEEN);
	int lock = openat(scratch_fd, "state/c/" ID "/lock", O_RDWR | O_CLOEXEC);

	CHECK_OK(file_lock(lock, false));
	let_go(l);
	until(l, l->client, SHIM_EXITED);
	wait_gone("state/c/" ID "/status");
	fd_cleanup(&(int){ openat(scratch_fd, "state/c/" ID "/status", O_CREAT | O_RDWR, 0600) });
	(void)close(lock);
	done(l);
	CHECK(exists("state/c/" ID "/status"));
	CHECK_OK(unlinkat(scratch_fd, "state/c/" ID "/status", 0));
}

TEST(garbage_ends_a_connection_and_nothing_else)
{
	NEEDS_ROOT();
	struct life *l = run(UNTIL_SEEN "echo fine");
	OWN(shim_client) struct shim_client *other = connect_shim(l);
	enum shim_frame type;

	CHECK(write(shim_client_fd(other), "GET / HTTP/1.1\r\n\r\n", 18) == 18);
	CHECK_INT(next(l, other, &type), 0);
	let_go(l);
	until(l, l->client, SHIM_EXITED);
	CHECK_STR(buf_text(&l->out), "fine\n");
	done(l);
}

TEST(many_clients_are_served_and_too_many_refused)
{
	NEEDS_ROOT();
	struct life *l = run(UNTIL_SEEN "echo fine");
	struct shim_client *all[80];
	struct shim_attach attach = { SHIM_ATTACH_STDOUT };
	int told = 0;

	for (int i = 0; i < 80; i++) {
		all[i] = connect_shim(l);
		(void)shim_client_send(all[i], SHIM_ATTACH, &attach, sizeof(attach));
		/* Answered when the one before it is served, or by the end of the connection. */
		(void)shim_client_call(all[i], SHIM_RESUME, NULL, 0);
	}
	let_go(l);
	for (int i = 0; i < 80; i++) {
		enum shim_frame type = SHIM_STDIN;

		while (type != SHIM_EXITED && next(l, all[i], &type) > 0)
			;
		told += type == SHIM_EXITED;
		shim_client_close(all[i]);
	}
	CHECK_INT(told, 63);
	done(l);
}

TEST(a_killed_shim_takes_its_container_with_it)
{
	NEEDS_ROOT();
	struct life *l = run("sleep 100");
	struct pollfd p = { .fd = shim_client_fd(l->client), .events = POLLIN };

	CHECK_OK(kill(l->last.shim_pid, SIGKILL));
	CHECK_INT(poll(&p, 1, PATIENCE_MS), 1);
	for (int ms = 0; ms < PATIENCE_MS && kill(l->last.pid, 0) == 0; ms += 10)
		nap_ms(10);
	CHECK_INT(kill(l->last.pid, 0), -1);
	done(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(output_and_exit_status_reach_the_client_and_nothing_is_left),
		T(a_client_that_wants_one_stream_gets_that_alone),
		T(a_program_that_is_missing_is_127_with_docker_s_words),
		T(a_signal_s_death_is_128_and_its_number),
		T(the_log_has_both_streams_and_an_unfinished_line),
		T(stdin_flows_until_its_end),
		T(a_signal_gets_through_while_stdin_is_full),
		T(what_a_client_sent_before_it_went_still_arrives),
		T(a_client_that_does_not_read_holds_the_output_up_and_loses_nothing),
		T(others_learn_of_the_end_though_a_client_is_stuck),
		T(a_terminal_has_a_size_and_echoes_and_takes_another_size),
		T(a_paused_container_is_frozen_and_can_be_killed),
		T(a_policy_restarts_it_and_whoever_waits_for_good_waits_on),
		T(a_stop_ends_the_wait_for_a_restart),
		T(a_container_with_rm_loses_its_files_while_its_client_is_there),
		T(what_cannot_be_removed_is_left_with_the_directory_that_tells_of_it),
		T(a_container_whose_lock_is_held_gives_its_status_up_and_its_directory_later),
		T(a_directory_that_another_shim_uses_by_now_is_left_to_it),
		T(garbage_ends_a_connection_and_nothing_else),
		T(many_clients_are_served_and_too_many_refused),
		T(a_killed_shim_takes_its_container_with_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
