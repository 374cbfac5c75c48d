/*
 * id_map.c - maps of users and groups, and how an ordinary user has them written
 *
 * newuidmap and newgidmap are programs of the system (package uidmap) that have the privilege to
 * write any map, and write those alone that root has granted in /etc/subuid and /etc/subgid. There
 * is no other way to a range of users, so this is the one program of others that a runtime starts.
 * It is named by a path of the system's, whatever PATH says, gets no environment and nothing open.
 */
#include "runtime/id_map.h"

#include "base/arena.h"
#include "base/own.h"
#include "base/str.h"
#include "sys/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SAID_MAX = 256 };

/* The last one is where systems have them whose programs have no fixed place (NixOS). */
static const char *const places[] = { "/usr/bin", "/bin", "/usr/local/bin", "/run/wrappers/bin" };

/* What is special about each of the two. */
struct kind {
	const char *member, *tool, *grants, *file;
};
static const struct kind users = { "linux.uidMappings", "newuidmap", "/etc/subuid", "uid_map" },
			 groups = { "linux.gidMappings", "newgidmap", "/etc/subgid", "gid_map" };

bool id_map_holds(const struct oci_id_mapping *items, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= items[i].container_id && id - items[i].container_id < items[i].size)
			return true;
	return false;
}

bool id_map_is_single(const struct oci_id_mapping *items, size_t n)
{
	return n == 1 && items[0].size == 1;
}

/* A program that is root's and that nobody else can have written. */
static const char *find(const char *name, struct arena *a)
{
	for (size_t i = 0; i < COUNT(places); i++) {
		const char *path = arena_printf(a, "%s/%s", places[i], name);
		struct stat st;

		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 &&
		    !(st.st_mode & (S_IWGRP | S_IWOTH)))
			return path;
	}
	return NULL;
}

static int spawn(const char *path, const struct strv *args, int out, pid_t *ret)
{
	static char *const none[] = { NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t no_signal, all;
	int r;

	(void)sigemptyset(&no_signal);
	(void)sigfillset(&all);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setsigmask(&attr, &no_signal);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	r = posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY,
						     0);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	if (r == 0)
		r = posix_spawn(ret, path, &files, &attr, (char *const *)args->items, none);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* Its first line, for a message. */
static void listen_to(int fd, char said[SAID_MAX])
{
	size_t len = 0;
	ssize_t n = 1;

	while (len < SAID_MAX - 1 && (n = read(fd, said + len, SAID_MAX - 1 - len)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	said[len] = '\0';
	said[strcspn(said, "\n")] = '\0';
}

/* 0, or its exit status, or a negative errno when it does not even run. */
static int run(const char *path, const struct strv *args, char said[SAID_MAX])
{
	int ends[2], status = 0, r = pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;
	pid_t pid = -1;

	if (r < 0)
		return r;

	OWN(fd) int in = ends[0];
	OWN(fd) int out = ends[1];

	r = spawn(path, args, out, &pid);
	fd_cleanup(&out);
	if (r < 0)
		return r;
	listen_to(in, said);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

/* The first range that is not the user's own number, and that a line must grant. */
static const struct oci_id_mapping *granted(const struct oci_id_mapping *items, size_t n,
					    uint32_t own)
{
	for (size_t i = 0; i < n; i++)
		if (items[i].size != 1 || items[i].host_id != own)
			return &items[i];
	return &items[0];
}

static int refused(const struct kind *k, const struct oci_id_mapping *items, size_t n, uint32_t own,
		   const char *said, struct err *err)
{
	const struct oci_id_mapping *m = granted(items, n, own);

	return err_set(err, -EPERM,
		       "%s: %s; %s must grant it with a line \"%u:%u:%u\" (or the user's name in "
		       "front)",
		       k->member, said, k->grants, (unsigned)getuid(), m->host_id, m->size);
}

static int run_tool(const struct kind *k, pid_t pid, const struct oci_id_mapping *items, size_t n,
		    uint32_t own, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *path = find(k->tool, &a);
	struct strv args = { 0 };
	char said[SAID_MAX] = "";
	int r;

	if (!path)
		return err_set(err, -ENOENT,
			       "%s: more than one's own number is mapped by %s, which is not "
			       "installed; its package is uidmap (shadow-utils)",
			       k->member, k->tool);
	strv_add(&args, &a, path);
	strv_add(&args, &a, arena_printf(&a, "%d", (int)pid));
	for (size_t i = 0; i < n; i++) {
		strv_add(&args, &a, arena_printf(&a, "%u", items[i].container_id));
		strv_add(&args, &a, arena_printf(&a, "%u", items[i].host_id));
		strv_add(&args, &a, arena_printf(&a, "%u", items[i].size));
	}
	r = run(path, &args, said);
	if (r < 0)
		return err_code(err, r, "%s: executing %s", k->member, path);
	return r > 0 ? refused(k, items, n, own, *said ? said : k->tool, err) : 0;
}

static int write_one(const struct kind *k, pid_t pid, const struct oci_id_mapping *items, size_t n,
		     uint32_t own, struct err *err)
{
	char text[64];
	int r = 0;

	if (!id_map_is_single(items, n) || items[0].host_id != own)
		return run_tool(k, pid, items, n, own, err);
	if (k == &groups)
		r = userns_deny_setgroups(pid);
	(void)snprintf(text, sizeof(text), "%u %u 1\n", items[0].container_id, own);
	if (r == 0)
		r = userns_write_map(pid, k->file, text);
	return r < 0 ? err_code(err, r, "%s: mapping one's own number %u", k->member, own) : 0;
}

int id_map_write(pid_t pid, const struct oci_id_mappings *m, struct err *err)
{
	int r = write_one(&users, pid, m->uids.items, m->uids.n, geteuid(), err);

	return r < 0 ? r : write_one(&groups, pid, m->gids.items, m->gids.n, getegid(), err);
}
