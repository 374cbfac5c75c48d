/*
 * hook.c - the programs that a configuration wants run along a container's way
 *
 * https://github.com/opencontainers/runtime-spec/blob/main/config.md, "POSIX-platform Hooks". A
 * hook gets the container's state on its standard input; what it prints goes to our standard error.
 * Its environment is what the configuration says, nothing of ours.
 */
#include "runtime/hook.h"

#include "base/own.h"
#include "base/str.h"
#include "codec/json.h"
#include "sys/file.h"
#include "sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void add_annotations(const struct str_map *map, struct buf *out)
{
	for (size_t i = 0; map && i < map->n; i++) {
		buf_adds(out, i ? "," : ",\"annotations\":{");
		json_quote(map->items[i].key, strlen(map->items[i].key), out);
		buf_addc(out, ':');
		json_quote(map->items[i].value, strlen(map->items[i].value), out);
	}
	if (map && map->n)
		buf_addc(out, '}');
}

void hook_state(const struct runtime_state *s, struct buf *head, struct buf *tail)
{
	buf_adds(head, "{\"ociVersion\":\"" OCI_RUNTIME_SPEC "\",\"id\":");
	json_quote(s->id, strlen(s->id), head);
	buf_printf(head, ",\"status\":\"%s\",\"pid\":", s->status);
	buf_adds(tail, ",\"bundle\":");
	json_quote(s->bundle, strlen(s->bundle), tail);
	add_annotations(s->annotations, tail);
	buf_addc(tail, '}');
}

static const char *const *arguments(const struct oci_hook *h, struct arena *a)
{
	const char **argv;

	if (h->args.n)
		return h->args.items;
	argv = arena_array(a, 2, sizeof(*argv));
	argv[0] = h->path;
	return argv;
}

static const char *const *environment(const struct oci_hook *h)
{
	static const char *const none[] = { NULL };

	return h->env.n ? h->env.items : none;
}

void hook_plan(const struct oci_hook_list *hooks, const struct runtime_state *state,
	       struct arena *a, struct init_hooks *ret)
{
	OWN(buf) struct buf head = { 0 }, tail = { 0 };
	struct init_hook *items = arena_array(a, hooks->n, sizeof(*items));

	if (hooks->n == 0)
		return;
	hook_state(state, &head, &tail);
	for (size_t i = 0; i < hooks->n; i++) {
		const struct oci_hook *h = &hooks->items[i];

		items[i] = (struct init_hook){ .path = h->path,
					       .argv = arguments(h, a),
					       .envp = environment(h),
					       .timeout_s = h->timeout ? *h->timeout : 0 };
	}
	*ret = (struct init_hooks){ .items = items,
				    .n = hooks->n,
				    .head = arena_memdup(a, head.data, head.len),
				    .head_len = head.len,
				    .tail = arena_memdup(a, tail.data, tail.len),
				    .tail_len = tail.len };
}

/* -- those that we run -- */

static int state_file(const struct runtime_state *s, int *ret, struct err *err)
{
	OWN(buf) struct buf text = { 0 }, tail = { 0 };
	OWN(fd) int fd = memfd_create("state", MFD_CLOEXEC);
	int r;

	hook_state(s, &text, &tail);
	buf_printf(&text, "%d", (int)s->pid);
	buf_add(&text, tail.data, tail.len);
	r = fd < 0 ? -errno : file_write_all(fd, text.data, text.len);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0)
		return err_code(err, r, "the container's state");
	*ret = take_fd(&fd);
	return 0;
}

static int spawn(const struct oci_hook *h, const struct runtime_state *s, int state, pid_t *ret)
{
	OWN(arena) struct arena a = ARENA_INIT;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	r = posix_spawn_file_actions_adddup2(&files, state, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addchdir_np(&files, s->bundle);
	/* Descriptors that our caller wants passed on are the container's alone. */
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	if (r == 0)
		r = posix_spawn(ret, h->path, &files, &attr, (char *const *)arguments(h, &a),
				(char *const *)environment(h));
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* The wait status, or -ETIMEDOUT when it had to be killed. */
static int wait_for(pid_t pid, const int64_t *timeout_s)
{
	OWN(fd) int pidfd = timeout_s ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	int64_t ms = timeout_s && *timeout_s < INT32_MAX / 1000 ? *timeout_s * 1000 : -1;
	bool late = pidfd >= 0 && poll(&ended, 1, (int)ms) == 0;
	int status = 0;

	if (late)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return late ? -ETIMEDOUT : status;
}

static int run_one(const struct oci_hook *h, const char *name, size_t i,
		   const struct runtime_state *s, struct err *err)
{
	OWN(fd) int state = -1;
	int r = state_file(s, &state, err), status;
	pid_t pid;

	if (r == 0) {
		r = spawn(h, s, state, &pid);
		if (r < 0)
			(void)err_code(err, r, "executing it");
	}
	if (r < 0)
		return err_wrap(err, "hooks.%s[%zu] %s", name, i, h->path);
	status = wait_for(pid, h->timeout);
	if (status == -ETIMEDOUT)
		return err_set(err, status, "hooks.%s[%zu] %s: killed after its %lld s", name, i,
			       h->path, (long long)*h->timeout);
	if (status < 0)
		return err_code(err, status, "hooks.%s[%zu] %s", name, i, h->path);
	if (WIFSIGNALED(status))
		return err_set(err, -ECANCELED, "hooks.%s[%zu] %s: killed by signal %d", name, i,
			       h->path, WTERMSIG(status));
	return WEXITSTATUS(status)
		       ? err_set(err, -ECANCELED, "hooks.%s[%zu] %s: ended with status %d", name, i,
				 h->path, WEXITSTATUS(status))
		       : 0;
}

int runtime_run_hooks(const struct oci_hook_list *hooks, const char *name,
		      const struct runtime_state *state, bool go_on, struct err *err)
{
	struct err first = ERR_INIT;

	for (size_t i = 0; i < hooks->n; i++) {
		struct err one = ERR_INIT;

		if (run_one(&hooks->items[i], name, i, state, &one) == 0)
			continue;
		if (first.code == 0)
			first = one;
		else
			(void)err_also(&first, &one);
		if (!go_on)
			break;
	}
	return first.code ? err_set(err, first.code, "%s", first.msg) : 0;
}
