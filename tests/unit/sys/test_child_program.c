/* A program that is asked something and answers. */
#include "check.h"
#include "base/own.h"
#include "sys/child_program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static int run(const char *script, const char *input, size_t most, int timeout_ms,
	       struct buf *answer, int *status)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL }, *env[] = { "A=1", NULL };
	const struct child_program p = {
		.argv = argv,
		.env = env,
		.input = input,
		.input_len = strlen(input),
		.answer_max = most,
		.timeout_ms = timeout_ms,
	};

	return child_program_run(&p, answer, status);
}

TEST(it_hears_the_question_and_is_heard)
{
	OWN(buf) struct buf answer = { 0 };
	int status;

	CHECK_OK(run("cat; echo no >&2; exit 3", "what?", 100, 10000, &answer, &status));
	CHECK_STR(buf_text(&answer), "what?");
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 3);
}

TEST(it_has_no_environment_and_no_descriptors_of_ours)
{
	OWN(buf) struct buf answer = { 0 };
	OWN(fd) int leak = open("/dev/null", O_RDONLY);
	int status;

	CHECK(leak >= 3);
	CHECK_OK(run("echo $A$HOME$USER; for f in 2 3 4 5 6 7 8 9 10 11 12; do "
		     "[ ! -e /proc/$$/fd/$f ] || echo $f; done",
		     "", 1000, 10000, &answer, &status));
	CHECK_STR(buf_text(&answer), "1\n2\n");
}

TEST(one_that_hangs_is_killed_with_its_children)
{
	OWN(buf) struct buf answer = { 0 };
	int status;
	pid_t child;

	CHECK_INT(run("sleep 1000 & echo $!; exec sleep 1000", "", 100, 200, &answer, &status),
		  -ETIMEDOUT);
	CHECK(WIFSIGNALED(status));
	child = (pid_t)strtol(buf_text(&answer), NULL, 10);
	CHECK(child > 1);
	for (int i = 0; i < 1000 && kill(child, 0) == 0; i++)
		usleep(5000);
	CHECK(kill(child, 0) < 0);
}

TEST(one_that_closes_its_output_and_stays_is_not_waited_for_for_ever)
{
	OWN(buf) struct buf answer = { 0 };
	int status;

	CHECK_INT(run("exec >&- 2>&-; sleep 1000", "", 100, 200, &answer, &status), -ETIMEDOUT);
}

TEST(one_that_says_too_much_is_killed)
{
	OWN(buf) struct buf answer = { 0 };
	int status;

	CHECK_INT(run("while :; do echo more; done", "", 10000, 60000, &answer, &status), -EFBIG);
}

TEST(one_that_is_not_there_is_an_error)
{
	const char *argv[] = { "/nowhere/program", NULL }, *env[] = { NULL };
	const struct child_program p = {
		.argv = argv, .env = env, .input = "", .answer_max = 10, .timeout_ms = 1000
	};
	OWN(buf) struct buf answer = { 0 };
	int status;

	CHECK_INT(child_program_run(&p, &answer, &status), -ENOENT);
}

TESTS(T(it_hears_the_question_and_is_heard), T(it_has_no_environment_and_no_descriptors_of_ours),
      T(one_that_hangs_is_killed_with_its_children),
      T(one_that_closes_its_output_and_stays_is_not_waited_for_for_ever),
      T(one_that_says_too_much_is_killed), T(one_that_is_not_there_is_an_error))
