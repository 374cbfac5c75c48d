/* test_exec_mode.c - one more process in a running container, and a container with --init */
#include "shim/life.h"

#include <sys/ioctl.h>
#include <termios.h>

struct exec {
	struct arena a;
	struct exec_plan plan;
	struct life *life;
};

static struct exec *prepare_exec(struct life *l, const char *command)
{
	struct exec *x = mem_alloc(sizeof(*x));
	struct oci_process *p = &x->plan.process;

	x->life = l;
	p->cwd = "/";
	strv_add(&p->env, &x->a, "PATH=/bin");
	strv_add(&p->args, &x->a, "sh");
	strv_add(&p->args, &x->a, "-c");
	strv_add(&p->args, &x->a, command);
	x->plan.id = ID;
	x->plan.init_pid = l->last.pid;
	x->plan.init_start = l->last.pid_start;
	x->plan.cgroup = l->plan.cgroup;
	return x;
}

static void exec_done(struct exec *x)
{
	arena_done(&x->a);
	free(x);
}

static int plan_fd(struct exec *x)
{
	int fd;

	CHECK_OK(shim_spawn_plan(&exec_plan_schema, &x->plan, &fd, NULL));
	return fd;
}

/* As `berth exec` does it: becomes the shim, in a child of ours that has these descriptors. */
static pid_t become(struct exec *x, int in, int out, int error)
{
	const char *argv[] = { "berth-shim", "exec", ID, NULL };
	OWN(fd) int plan = plan_fd(x);
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)setsid();
	(void)ioctl(in, TIOCSCTTY, 0);
	if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(error, 2) >= 0)
		(void)shim_spawn_become(plan, argv, NULL);
	_exit(99);
}

static int status_of(pid_t pid)
{
	int status;

	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs it; its output is in text. */
static int run_exec(struct exec *x, const char *input, struct buf *text)
{
	int in[2], out[2];
	char block[4096];
	pid_t pid;
	ssize_t n;

	CHECK_OK(pipe2(in, O_CLOEXEC));
	CHECK_OK(pipe2(out, O_CLOEXEC));
	CHECK_INT(write(in[1], input, strlen(input)), strlen(input));
	pid = become(x, in[0], out[1], out[1]);
	(void)close(in[0]);
	(void)close(in[1]);
	(void)close(out[1]);
	while ((n = read(out[0], block, sizeof(block))) > 0)
		buf_add(text, block, (size_t)n);
	(void)close(out[0]);
	exec_done(x);
	return status_of(pid);
}

static void end(struct life *l)
{
	kill_with(l->client, SIGKILL, SHIM_STOP);
	until(l, l->client, SHIM_EXITED);
	done(l);
}

TEST(a_command_has_the_caller_s_descriptors_and_its_status_is_the_command_s)
{
	NEEDS_ROOT();
	struct life *l = run("sleep 100");
	struct exec *x = prepare_exec(l, "cat; echo done; exit 5");
	OWN(buf) struct buf text = { 0 };

	x->plan.interactive = true;
	CHECK_INT(run_exec(x, "typed\n", &text), 5);
	CHECK_STR(buf_text(&text), "typed\ndone\n");
	end(l);
}

TEST(without_interactive_stdin_is_empty)
{
	NEEDS_ROOT();
	struct life *l = run("sleep 100");
	OWN(buf) struct buf text = { 0 };

	CHECK_INT(run_exec(prepare_exec(l, "cat; kill -9 $$"), "typed\n", &text), 137);
	CHECK_STR(buf_text(&text), "");
	end(l);
}

TEST(a_command_that_is_missing_is_127_and_says_so)
{
	NEEDS_ROOT();
	struct life *l = run("sleep 100");
	struct exec *x = prepare_exec(l, "");
	OWN(buf) struct buf text = { 0 };

	x->plan.process.args.items[0] = "nosuch";
	CHECK_INT(run_exec(x, "", &text), 127);
	CHECK(strstr(buf_text(&text), "berth: ") && strstr(buf_text(&text), "nosuch"));
	end(l);
}

TEST(another_process_with_the_number_of_init_is_refused)
{
	NEEDS_ROOT();
	struct life *l = run("sleep 100");
	struct exec *x = prepare_exec(l, "true");
	OWN(buf) struct buf text = { 0 };

	x->plan.init_start++;
	CHECK_INT(run_exec(x, "", &text), 125);
	end(l);
}

TEST(a_detached_command_is_reported_and_runs_on)
{
	NEEDS_ROOT();
	struct life *l = run("sleep 100");
	struct exec *x = prepare_exec(l, "sleep 0.2; echo x >/file");
	const char *argv[] = { "berth-shim", "exec", ID, NULL };
	OWN(fd) int plan = -1;
	OWN(shim_client) struct shim_client *c = NULL;
	enum shim_frame type;
	int fd;

	x->plan.detach = true;
	plan = plan_fd(x);
	CHECK_OK(shim_spawn(NULL, plan, argv, &fd, NULL));
	c = shim_client_new(fd);
	CHECK_INT(next(l, c, &type), 1);
	CHECK_INT(type, SHIM_STARTED);
	wait_there("upper/" ID "/file");
	exec_done(x);
	CHECK(wait(NULL) > 0);
	end(l);
}

/* -- terminals -- */

struct terminals {
	int master, slave;
};

static struct terminals open_terminals(void)
{
	struct terminals t = { .master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) };
	struct winsize size = { .ws_row = 11, .ws_col = 44 };
	int unlock = 0;

	CHECK_OK(ioctl(t.master, TIOCSPTLCK, &unlock));
	t.slave = ioctl(t.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(t.slave >= 0);
	CHECK_OK(ioctl(t.master, TIOCSWINSZ, &size));
	return t;
}

/* Reads until text stands there. */
static void expect(const struct terminals *t, struct buf *seen, const char *text)
{
	char block[4096];

	while (!strstr(buf_text(seen), text)) {
		struct pollfd p = { .fd = t->master, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, PATIENCE_MS) != 1)
			fail_msg("\"%s\" does not come; seen: \"%s\"", text, buf_text(seen));
		n = read(t->master, block, sizeof(block));
		CHECK(n > 0);
		buf_add(seen, block, (size_t)n);
	}
}

static pid_t become_on(struct exec *x, const struct terminals *t)
{
	x->plan.process.terminal = x->plan.interactive = true;
	/* Of the caller's terminal, as `exec` says it: the command may ask for it at once. */
	x->plan.process.console_size = (struct oci_box){ 11, 44 };
	x->plan.detach_keys = "\020\021";
	return become(x, t->slave, t->slave, t->slave);
}

TEST(a_terminal_is_relayed_and_the_caller_s_is_as_it_was)
{
	NEEDS_ROOT();
	struct life *l = run("sleep 100");
	struct terminals t = open_terminals();
	OWN(buf) struct buf seen = { 0 };
	struct exec *x =
		prepare_exec(l, "stty size; read a; echo got $a; read b; stty size; exit 6");
	struct winsize size = { .ws_row = 12, .ws_col = 55 };
	struct termios before, after;
	pid_t pid;

	CHECK_OK(tcgetattr(t.slave, &before));
	pid = become_on(x, &t);
	expect(&t, &seen, "11 44\r\n");
	CHECK_INT(write(t.master, "one\r", 4), 4);
	expect(&t, &seen, "got one\r\n");
	CHECK_OK(ioctl(t.master, TIOCSWINSZ, &size));
	/* Typed at once, it comes after the new size all the same. */
	CHECK_INT(write(t.master, "two\r", 4), 4);
	expect(&t, &seen, "12 55\r\n");
	CHECK_INT(status_of(pid), 6);
	CHECK_OK(tcgetattr(t.slave, &after));
	CHECK_INT(after.c_lflag, before.c_lflag);
	(void)close(t.slave);
	(void)close(t.master);
	exec_done(x);
	end(l);
}

TEST(the_detach_keys_leave_the_command_running)
{
	NEEDS_ROOT();
	struct life *l = run("sleep 100");
	struct terminals t = open_terminals();
	OWN(buf) struct buf seen = { 0 };
	struct exec *x = prepare_exec(l, "echo up; read a; sleep 0.3; echo $a >/file; sleep 100");
	pid_t pid = become_on(x, &t);

	expect(&t, &seen, "up\r\n");
	CHECK_INT(write(t.master, "x\020y\r\020\021", 6), 6);
	CHECK_INT(status_of(pid), 0);
	wait_there("upper/" ID "/file");
	(void)close(t.slave);
	(void)close(t.master);
	exec_done(x);
	end(l);
}

TEST(a_signal_ends_the_shim_restores_the_terminal_and_leaves_the_command)
{
	NEEDS_ROOT();
	struct life *l = run("sleep 100");
	struct terminals t = open_terminals();
	OWN(buf) struct buf seen = { 0 };
	struct exec *x = prepare_exec(l, "echo up; sleep 0.3; echo >/file; sleep 100");
	struct termios before, after;
	pid_t pid;

	CHECK_OK(tcgetattr(t.slave, &before));
	pid = become_on(x, &t);
	expect(&t, &seen, "up\r\n");
	CHECK_OK(kill(pid, SIGTERM));
	CHECK_INT(status_of(pid), 128 + SIGTERM);
	CHECK_OK(tcgetattr(t.slave, &after));
	CHECK_INT(after.c_lflag, before.c_lflag);
	wait_there("upper/" ID "/file");
	(void)close(t.slave);
	(void)close(t.master);
	exec_done(x);
	end(l);
}

/* -- berth-init -- */

static struct life *prepare_init(const char *command)
{
	struct life *l = prepare(command);
	struct strv *args = &l->plan.config.process->args;
	struct strv all = { 0 };

	strv_add(&all, &l->a, "/bin/berth-init");
	strv_add(&all, &l->a, "--");
	for (size_t i = 0; i < args->n; i++)
		strv_add(&all, &l->a, args->items[i]);
	*args = all;
	return l;
}

TEST(with_init_the_status_is_the_program_s_and_orphans_are_reaped)
{
	NEEDS_ROOT();
	struct life *l =
		prepare_init("(sleep 0.05 & ); while grep -q sleep /proc/*/comm; do :; done;"
			     "echo pid $$; exit 4");

	CHECK_INT(start(l), SHIM_STARTED);
	until(l, l->client, SHIM_EXITED);
	CHECK_STR(buf_text(&l->out), "pid 2\n");
	CHECK_INT(l->last.exit_code, 4);
	done(l);
}

TEST(with_init_signals_reach_the_program)
{
	NEEDS_ROOT();
	struct life *l = prepare_init("echo up; sleep 100");

	CHECK_INT(start(l), SHIM_STARTED);
	until(l, l->client, SHIM_STDOUT);
	kill_with(l->client, SIGTERM, SHIM_STOP);
	until(l, l->client, SHIM_EXITED);
	CHECK_INT(l->last.exit_code, 128 + SIGTERM);
	done(l);
}

TEST(with_init_a_missing_program_is_127)
{
	NEEDS_ROOT();
	struct life *l = prepare_init("");

	l->plan.config.process->args.items[2] = "nosuch";
	CHECK_INT(start(l), SHIM_STARTED);
	until(l, l->client, SHIM_EXITED);
	CHECK_INT(l->last.exit_code, 127);
	CHECK_STR(buf_text(&l->errors), "berth-init: nosuch: No such file or directory\n");
	done(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_command_has_the_caller_s_descriptors_and_its_status_is_the_command_s),
		T(without_interactive_stdin_is_empty),
		T(a_command_that_is_missing_is_127_and_says_so),
		T(another_process_with_the_number_of_init_is_refused),
		T(a_detached_command_is_reported_and_runs_on),
		T(a_terminal_is_relayed_and_the_caller_s_is_as_it_was),
		T(the_detach_keys_leave_the_command_running),
		T(a_signal_ends_the_shim_restores_the_terminal_and_leaves_the_command),
		T(with_init_the_status_is_the_program_s_and_orphans_are_reaped),
		T(with_init_signals_reach_the_program),
		T(with_init_a_missing_program_is_127),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
