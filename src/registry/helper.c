/*
 * helper.c - docker-credential-NAME: programs that keep secrets
 *
 * A helper may ask its user for a password on the terminal, so it keeps stderr and the session. Its
 * input fits into a pipe, so that writing it never waits.
 */
#include "registry/helper.h"

#include "base/own.h"
#include "sys/file.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

enum {
	TIME_MS = 30000,
	OUTPUT_MAX = 1 << 20,
	INPUT_MAX = 60 << 10, /* less than a pipe holds */
};

struct helper {
	const char *program;
	pid_t pid;
	int to, from; /* -1: closed */
};

/* Ends it if it still runs; it is our child, so its number is nobody else's. */
static void helper_cleanup(struct helper *h)
{
	fd_cleanup(&h->to);
	fd_cleanup(&h->from);
	if (h->pid > 0) {
		(void)kill(h->pid, SIGKILL);
		(void)waitpid(h->pid, NULL, 0);
	}
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A name is part of a program's name, not a path. */
static bool is_name(const char *s)
{
	return *s && *s != '.' && !strchr(s, '/') && strlen(s) < 128;
}

static int spawn(struct helper *h, const char *action, int in, int out, struct err *err)
{
	char *argv[] = { (char *)h->program, (char *)action, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int r = posix_spawn_file_actions_init(&files);

	if (r == 0)
		r = posix_spawnattr_init(&attr);
	(void)sigemptyset(&none);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attr, &none);
	if (r == 0)
		r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	if (r == 0)
		r = posix_spawnp(&h->pid, h->program, &files, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	if (r != 0)
		h->pid = 0;
	return r == 0 ? 0 : err_code(err, -r, "run %s", h->program);
}

static int start(struct helper *h, const char *action, struct err *err)
{
	OWN(fd) int in = -1;
	OWN(fd) int out = -1;
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, "pipe for %s", h->program);
	in = pair[0];
	h->to = pair[1];
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, "pipe for %s", h->program);
	h->from = pair[0];
	out = pair[1];
	return spawn(h, action, in, out, err);
}

/* Until it closes its output. */
static int gather(struct helper *h, struct buf *out, struct err *err)
{
	int64_t until = now_ms() + TIME_MS;
	char part[4096];

	for (;;) {
		struct pollfd p = { .fd = h->from, .events = POLLIN };
		int64_t left = until - now_ms();
		ssize_t n;
		int r = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (r == 0)
			return err_set(err, -ETIMEDOUT, "%s does not end within %d s", h->program,
				       TIME_MS / 1000);
		n = r < 0 ? -1 : read(h->from, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read from %s", h->program);
		if (n == 0)
			return 0;
		if (out->len + (size_t)n > OUTPUT_MAX)
			return err_set(err, -EFBIG, "%s says too much", h->program);
		buf_add(out, part, (size_t)n);
	}
}

/* It has closed its output; what it does after that may not keep us. */
static int await(struct helper *h, int *ret_status, struct err *err)
{
	OWN(fd) int pidfd = pidfd_open(h->pid, 0);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int r;

	if (pidfd < 0)
		return err_sys(err, "pidfd of %s", h->program);
	do
		r = poll(&p, 1, TIME_MS);
	while (r < 0 && errno == EINTR);
	if (r <= 0)
		return err_set(err, -ETIMEDOUT, "%s does not end within %d s", h->program,
			       TIME_MS / 1000);
	if (waitpid(h->pid, ret_status, 0) < 0)
		return err_sys(err, "wait for %s", h->program);
	h->pid = 0;
	return 0;
}

static int judge(const struct helper *h, int status, const struct buf *out, struct err *err)
{
	size_t first = out->data ? strcspn(out->data, "\r\n") : 0;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (strstr(buf_text(out), "credentials not found"))
		return err_set(err, -ENOENT, "%s has no such credentials", h->program);
	return err_set(err, -EIO, "%s fails: %.*s", h->program, first < 200 ? (int)first : 200,
		       first ? out->data : "it says nothing");
}

int helper_run(const char *name, const char *action, const char *input, struct buf *out,
	       bool *ret_ran, struct err *err)
{
	OWN(str) char *program = str_printf("docker-credential-%s", name);
	OWN(helper) struct helper h = { .program = program, .to = -1, .from = -1 };
	int status = 0, r;

	*ret_ran = false;
	if (!is_name(name))
		return err_set(err, -EINVAL, "\"%.100s\" is not the name of a credential helper",
			       name);
	if (strlen(input) > INPUT_MAX)
		return err_set(err, -E2BIG, "too much for %s", program);
	r = start(&h, action, err);
	if (r < 0)
		return r;
	*ret_ran = true;
	/* It may end without reading: SIGPIPE is ignored in this program. */
	(void)file_write_all(h.to, input, strlen(input));
	fd_cleanup(&h.to);
	r = gather(&h, out, err);
	if (r == 0)
		r = await(&h, &status, err);
	return r == 0 ? judge(&h, status, out, err) : r;
}
