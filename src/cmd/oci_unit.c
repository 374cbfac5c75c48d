/*
 * oci_unit.c - containers whose control group is a unit of systemd
 *
 * The unit is made before the container, so that its first process is born in the right group, and
 * its name is in the state before that, so that `delete` finds it after any death of ours. Until
 * the container is in it, a process of berth-systemd keeps it; that one dies with us.
 */
#include "cmd/oci_unit.h"

#include "base/own.h"
#include "codec/variant.h"
#include "runtime/runtime.h"
#include "sys/file.h"
#include "sys/program.h"

#include <ctype.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

/* Longer than berth-systemd waits for a job. */
enum { ANSWER_MAX = 1024, ANSWER_WAIT_MS = 150000 };

static const char program[] = "berth-systemd", booted[] = "/run/systemd/system/";

const char *oci_unit_program(struct oci_cli *cli)
{
	const char *path;

	return program_find(program, cli->a, &path, NULL) == 0 && access(path, X_OK) == 0 ? path
											  : NULL;
}

int oci_unit_check(struct oci_cli *cli)
{
	if (access(booted, F_OK) < 0)
		return err_set(&cli->err, -ENOTSUP,
			       "systemd does not run on this machine (no %s): have the engine use "
			       "its cgroupfs driver, or leave --systemd-cgroup out",
			       booted);
	if (!oci_unit_program(cli))
		return err_set(&cli->err, -ENOTSUP,
			       "%s, which speaks to systemd, is not beside berth-oci; install it",
			       program);
	return 0;
}

/* Its standard input is the socket; nothing else of ours is open in there. */
static int execute(const char *path, const struct strv *words, int socket, pid_t *ret)
{
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
	r = posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	if (r == 0)
		r = posix_spawn(ret, path, &files, &attr, (char *const *)words->items, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

static int start(struct oci_cli *cli, const struct strv *words, struct oci_unit *ret)
{
	int ends[2], r;
	const char *path;

	r = program_find(program, cli->a, &path, &cli->err);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(&cli->err, "a socket for %s", program);
	r = execute(path, words, ends[1], &ret->pid);
	(void)close(ends[1]);
	if (r < 0) {
		(void)close(ends[0]);
		return err_code(&cli->err, r, "executing %s", path);
	}
	ret->socket = ends[0];
	return 0;
}

/* One line, without the newline. */
static int read_line(int socket, char line[ANSWER_MAX])
{
	struct pollfd ready = { .fd = socket, .events = POLLIN };
	size_t len = 0;

	while (len < ANSWER_MAX - 1) {
		ssize_t n;
		int r = poll(&ready, 1, ANSWER_WAIT_MS);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r == 0 ? -ETIMEDOUT : -errno;
		n = read(socket, line + len, ANSWER_MAX - 1 - len);
		if (n <= 0)
			return n == 0 ? -EPIPE : -errno;
		len += (size_t)n;
		line[len] = '\0';
		if (line[len - 1] == '\n') {
			line[len - 1] = '\0';
			return 0;
		}
	}
	return -EMSGSIZE;
}

void oci_unit_release(struct oci_unit *u)
{
	int status;

	if (u->socket < 0)
		return;
	/* A held container has a copy of our end: closing alone says nothing. */
	(void)send(u->socket, "", 1, MSG_NOSIGNAL);
	fd_cleanup(&u->socket);
	while (waitpid(u->pid, &status, 0) < 0 && errno == EINTR)
		;
}

/* Has it done, and keeps the program running when it holds something. */
static int ask(struct oci_cli *cli, const struct strv *words, struct oci_unit *u,
	       const char **ret_answer)
{
	char line[ANSWER_MAX];
	const char *text;
	int r = start(cli, words, u);

	if (r < 0)
		return r;
	r = read_line(u->socket, line);
	if (r < 0) {
		(void)kill(u->pid, SIGKILL);
		oci_unit_release(u);
		return err_code(&cli->err, r, "%s does not answer", program);
	}
	text = str_after(line, "ok ");
	if (text) {
		*ret_answer = arena_strdup(cli->a, text);
		return 0;
	}
	oci_unit_release(u);
	text = str_after(line, "error ");
	return err_set(&cli->err, -EIO, "%s", text ? text : line);
}

static struct strv request(const char *verb, const char *unit, const struct str_map *properties,
			   struct arena *a)
{
	struct strv words = { 0 };

	strv_add(&words, a, program);
	strv_add(&words, a, verb);
	strv_add(&words, a, unit);
	for (size_t i = 0; properties && i < properties->n; i++) {
		strv_add(&words, a, properties->items[i].key);
		strv_add(&words, a, properties->items[i].value);
	}
	return words;
}

/* -- annotations -- */

static bool is_property(const char *name)
{
	for (const char *s = name; *s; s++)
		if (!isalpha((unsigned char)*s))
			return false;
	return strlen(name) >= 3;
}

/* "TimeoutStopSec" is how unit files say what D-Bus calls TimeoutStopUSec. */
static bool is_seconds(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && str_ends(name, "Sec") && islower((unsigned char)name[len - 4]);
}

static int microseconds(const struct variant *v, uint64_t *ret)
{
	double seconds;

	if (v->type[1] || !strchr("nqiuxtd", v->type[0]))
		return -EINVAL;
	seconds = v->type[0] == 'd'           ? v->real
		  : strchr("nix", v->type[0]) ? (double)(int64_t)v->number
					      : (double)v->number;
	if (!(seconds >= 0 && seconds < 1e12))
		return -ERANGE;
	*ret = (uint64_t)(seconds * 1e6);
	return 0;
}

static int add_annotation(const char *name, const char *text, struct arena *a, struct str_map *ret,
			  struct err *err)
{
	struct variant v;
	uint64_t us;

	if (!is_property(name))
		return err_set(err, -EINVAL,
			       "a property's name has at least three letters and "
			       "nothing else");
	if (variant_parse(text, a, &v, err) < 0)
		return err->code;
	if (!is_seconds(name)) {
		str_map_set(ret, a, name, text);
		return 0;
	}
	if (microseconds(&v, &us) < 0)
		return err_set(err, -EINVAL, "%s is not a number of seconds", text);
	name = arena_printf(a, "%.*sUSec", (int)strlen(name) - 3, name);
	str_map_set(ret, a, name, arena_printf(a, "uint64 %" PRIu64, us));
	return 0;
}

int oci_unit_annotations(const struct str_map *annotations, struct arena *a, struct str_map *ret,
			 struct err *err)
{
	for (size_t i = 0; i < annotations->n; i++) {
		const struct str_pair *p = &annotations->items[i];
		const char *name = str_after(p->key, "org.systemd.property.");

		if (name && add_annotation(name, p->value, a, ret, err) < 0)
			return err_wrap(err, "annotation %s", p->key);
	}
	return 0;
}

/* -- what is asked for -- */

/* In a container that has another one's systemd, say. */
static int misplaced(struct oci_cli *cli, const struct cgroup_unit *unit, const char *group)
{
	(void)oci_unit_stop(cli, unit->name);
	return err_set(&cli->err, -ENOTSUP,
		       "systemd has %s at %s, not at %s: it manages a part of the control groups "
		       "only",
		       unit->name, group, unit->group);
}

int oci_unit_make(struct oci_cli *cli, const struct cgroup_unit *unit, const char *id,
		  const struct oci_config *config, struct oci_unit *ret)
{
	struct oci_unit u = { .socket = -1 };
	struct str_map properties = { 0 };
	struct strv words;
	const char *group;
	int r;

	cgroup_unit_basics(unit, id, cgroup_mode() == CGROUP_V2, cli->a, &properties);
	r = runtime_unit_limits(config->linux_->resources, cli->a, &properties, &cli->err);
	if (r == 0)
		r = oci_unit_annotations(&config->annotations, cli->a, &properties, &cli->err);
	if (r < 0)
		return r;
	words = request(unit->is_slice ? "make" : "hold", unit->name, &properties, cli->a);
	r = ask(cli, &words, &u, &group);
	if (r == 0 && !str_eq(group, unit->group))
		r = misplaced(cli, unit, group);
	if (r < 0 || unit->is_slice)
		oci_unit_release(&u);
	else
		*ret = u;
	return r;
}

int oci_unit_set(struct oci_cli *cli, const char *name, const struct oci_resources *resources)
{
	struct oci_unit u = { .socket = -1 };
	struct str_map properties = { 0 };
	struct strv words;
	const char *answer;
	int r = runtime_unit_limits(resources, cli->a, &properties, &cli->err);

	if (r < 0 || properties.n == 0)
		return r;
	words = request("set", name, &properties, cli->a);
	r = ask(cli, &words, &u, &answer);
	oci_unit_release(&u);
	return r;
}

int oci_unit_stop(struct oci_cli *cli, const char *name)
{
	struct oci_unit u = { .socket = -1 };
	struct strv words;
	const char *answer;
	int r;

	if (!name)
		return 0;
	words = request("stop", name, NULL, cli->a);
	r = ask(cli, &words, &u, &answer);
	oci_unit_release(&u);
	return r;
}
