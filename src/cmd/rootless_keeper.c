/*
 * rootless_keeper.c - finding or starting the process that keeps an ordinary user's namespaces
 *
 *	a keeper lives               its namespaces
 *	none, but a shim             the shim's user namespace, and a new network namespace: the
 *	                             keeper was killed, and its bridges with it
 *	neither                      new ones; newuidmap(1) and newgidmap(1) write the maps
 *
 * All under the lock of STATE, so that a user has one user namespace at a time.
 */
#include "cmd/rootless_keeper.h"

#include "base/own.h"
#include "base/str.h"
#include "codec/subid.h"
#include "model/keeper.h"
#include "model/shim_proto.h"
#include "runtime/runtime.h"
#include "sys/file.h"
#include "sys/namespace.h"
#include "sys/proc.h"
#include "sys/program.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

enum { FILE_MAX = 1 << 20, PIPE_ENDS = 2, FIRST_SPARE_FD = 10 };
/* The first kernel whose overlayfs can be mounted in a user namespace. */
enum { OVERLAY_MAJOR = 5, OVERLAY_MINOR = 11 };

/* -- one that lives -- */

/* One that is ending has no namespaces any more before its number is free. */
static bool has_namespaces(pid_t pid)
{
	char path[64];
	OWN(fd) int netns = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	netns = namespace_open(path, CLONE_NEWNET);
	return netns >= 0;
}

int rootless_keeper_find(int state, struct rootless_keeper *ret)
{
	char text[64];
	char *end;
	ssize_t n = file_read_into(state, KEEPER_NOTE, text, sizeof(text));
	struct rootless_keeper k;

	if (n <= 0)
		return n < 0 ? (int)n : -ENOENT;
	k.pid = (pid_t)strtol(text, &end, 10);
	k.start = strtoull(end, NULL, 10);

	OWN(fd) int pidfd = k.pid > 1 ? proc_open(k.pid, k.start) : -1;

	if (pidfd < 0 || !has_namespaces(k.pid))
		return -ENOENT;
	*ret = k;
	return 0;
}

static int note(int state, pid_t pid, struct rootless_keeper *ret, struct err *err)
{
	char text[64];
	struct rootless_keeper k = { .pid = pid };
	int r = proc_start_time(pid, &k.start), n;

	n = snprintf(text, sizeof(text), "%d %llu\n", (int)pid, (unsigned long long)k.start);
	if (r == 0)
		r = file_write_at(state, KEEPER_NOTE, text, (size_t)n, 0600, 0);
	if (r == 0)
		*ret = k;
	return r < 0 ? err_code(err, r, "noting the process that keeps your namespaces") : 0;
}

/* -- the ranges that he has -- */

struct ranges {
	struct subid_range items[SUBID_RANGES_MAX];
	size_t n;
};

static int read_ranges(const char *file, const char *name, struct ranges *ret, struct err *err)
{
	OWN(str) char *text = NULL;
	int r = file_read_path(AT_FDCWD, file, FILE_MAX, &text, NULL);

	ret->n = r < 0 ? 0 : subid_parse(text, name, getuid(), ret->items);
	if (ret->n)
		return 0;
	return err_set(
		err, -EPERM,
		"%s grants you no range of numbers for the users of containers; root can "
		"add one: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s",
		file, name ? name : "USER");
}

/* Root in there is he; the numbers from 1 on are the ranges, one behind the other. */
static void map(const struct ranges *from, uint32_t own, struct arena *a,
		struct oci_id_mapping **ret, size_t *ret_n)
{
	struct oci_id_mapping *to = arena_array(a, from->n + 1, sizeof(*to));
	uint32_t next = 1;
	size_t n = 0;

	to[n++] = (struct oci_id_mapping){ 0, own, 1 };
	for (size_t i = 0; i < from->n && from->items[i].count <= UINT32_MAX - next; i++) {
		to[n++] =
			(struct oci_id_mapping){ next, from->items[i].first, from->items[i].count };
		next += from->items[i].count;
	}
	*ret = to;
	*ret_n = n;
}

static int gather_maps(struct arena *a, struct oci_id_mappings *ret, struct err *err)
{
	OWN(str) char *passwd = NULL;
	struct ranges users, groups;
	const char *name = NULL;
	size_t len = 0;
	int r;

	if (file_read_path(AT_FDCWD, "/etc/passwd", FILE_MAX, &passwd, NULL) == 0)
		len = subid_user_name(passwd, getuid(), &name);
	/* Users of a directory service are not in there. */
	name = len ? arena_strndup(a, name, len) : getenv("USER");
	r = read_ranges("/etc/subuid", name, &users, err);
	if (r == 0)
		r = read_ranges("/etc/subgid", name, &groups, err);
	if (r < 0)
		return r;
	map(&users, geteuid(), a, &ret->uids.items, &ret->uids.n);
	map(&groups, getegid(), a, &ret->gids.items, &ret->gids.n);
	return 0;
}

/* -- starting one -- */

/* What the child has of us: descriptors for it, and a pair by which it waits for its maps. */
struct birth {
	int fifo, state, pair;
	int spaces; /* CLONE_NEW* */
	const char *program;
};

static _Noreturn void become_keeper(const struct birth *b)
{
	static char *const argv[] = { "berth-shim", "keep", NULL }, *const env[] = { NULL };
	int error = 0;
	char go;

	if (unshare(b->spaces) < 0)
		error = errno;
	if (write(b->pair, &error, sizeof(error)) != sizeof(error) || error ||
	    read(b->pair, &go, 1) != 1)
		_exit(1);

	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (dup2(null, 0) >= 0 && dup2(null, 1) >= 0 && dup2(null, 2) >= 0 &&
	    dup2(b->fifo, KEEPER_FD_FIFO) >= 0 && dup2(b->state, KEEPER_FD_STATE) >= 0)
		(void)execve(b->program, argv, env);
	error = errno;
	(void)!write(b->pair, &error, sizeof(error));
	_exit(1);
}

static int refused(int error, struct err *err)
{
	if (error == EPERM || error == ENOSPC || error == EINVAL)
		return err_set(err, -error,
			       "this kernel lets you make no user namespace (%s); root can change "
			       "that: sysctl user.max_user_namespaces=65536, and "
			       "kernel.unprivileged_userns_clone=1 or "
			       "kernel.apparmor_restrict_unprivileged_userns=0 where there is one",
			       strerror(error));
	return err_code(err, -error, "making a user namespace");
}

/* Its maps are written while it waits; then it executes, or says why not. */
static int raise_keeper(pid_t pid, int pair, const struct oci_id_mappings *maps, struct err *err)
{
	int error = 0;
	ssize_t n = read(pair, &error, sizeof(error));

	if (n != (ssize_t)sizeof(error))
		return err_set(err, -EIO, "the process that is to keep your namespaces has ended");
	if (error)
		return refused(error, err);
	if (maps) {
		int r = runtime_map_ids(pid, maps, err);

		if (r < 0)
			return r;
	}
	if (write(pair, "", 1) != 1)
		return err_sys(err, "telling the process that keeps your namespaces");
	n = read(pair, &error, sizeof(error));
	return n == 0 ? 0 : err_code(err, n > 0 ? -error : -EIO, "executing berth-shim");
}

/* maps: of the new user namespace; NULL: we are in the one that it is for. */
static int start_keeper(int state, int fifo, const struct oci_id_mappings *maps,
			struct rootless_keeper *ret, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct birth b = { .spaces = CLONE_NEWNET | (maps ? CLONE_NEWUSER : 0) };
	int ends[PIPE_ENDS], r = program_find("berth-shim", &a, &b.program, err);
	pid_t pid;

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, "socket pair");

	OWN(fd) int ours = ends[0];
	OWN(fd) int theirs = ends[1];
	OWN(fd) int fifo_high = fcntl(fifo, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
	OWN(fd) int state_high = fcntl(state, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);

	b.fifo = fifo_high;
	b.state = state_high;
	b.pair = theirs;
	pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0)
		become_keeper(&b);
	fd_cleanup(&theirs);
	r = raise_keeper(pid, ours, maps, err);
	if (r == 0)
		r = note(state, pid, ret, err);
	if (r < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return r;
}

static int check_kernel(struct err *err)
{
	struct utsname names;
	unsigned major = 0, minor = 0;

	if (uname(&names) < 0 || sscanf(names.release, "%u.%u", &major, &minor) != 2 ||
	    major > OVERLAY_MAJOR || (major == OVERLAY_MAJOR && minor >= OVERLAY_MINOR))
		return 0;
	return err_set(err, -ENOTSUP,
		       "Linux %s lets only root mount the layers of containers; an ordinary user "
		       "needs 5.11 or newer",
		       names.release);
}

static int start_new(int state, int fifo, struct rootless_keeper *ret, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct oci_id_mappings maps = { 0 };
	int r = check_kernel(err);

	if (r == 0)
		r = gather_maps(&a, &maps, err);
	return r < 0 ? r : start_keeper(state, fifo, &maps, ret, err);
}

/* -- one that was killed -- */

/* The user namespace of a container that runs without a keeper; -ENOENT: none does. */
static int find_orphan(int state)
{
	int dir = openat(state, "c", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = -ENOENT;
	DIR *list = dir < 0 ? NULL : fdopendir(dir);

	if (!list) {
		fd_cleanup(&dir);
		return -ENOENT;
	}
	for (struct dirent *entry; found < 0 && (entry = readdir(list));) {
		OWN(str) char *name = str_printf("%s/status", entry->d_name);
		OWN(fd) int fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		struct shim_status s;
		char path[64];

		if (fd < 0 || file_is_locked_ofd(fd) != 1 ||
		    pread(fd, &s, sizeof(s), 0) != (ssize_t)sizeof(s) || s.shim_pid <= 1)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", s.shim_pid);
		found = namespace_open(path, CLONE_NEWUSER);
	}
	(void)closedir(list);
	return found;
}

/* As its child, so that we stay where we are: who is in a namespace cannot enter it once more. */
static int start_beside(int state, int fifo, int userns, struct rootless_keeper *ret,
			struct err *err)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0) {
		struct rootless_keeper k;
		struct err why = ERR_INIT;

		if (setns(userns, CLONE_NEWUSER) < 0 ||
		    start_keeper(state, fifo, NULL, &k, &why) < 0)
			_exit(1);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0 || rootless_keeper_find(state, ret) < 0)
		return err_set(
			err, -EIO,
			"the process that kept your namespaces was killed, and no other "
			"can be started in them; stop your containers' berth-shim processes");
	return 0;
}

/* -- all together -- */

static int open_lock(int state, int *ret, struct err *err)
{
	OWN(fd) int fd = openat(state, KEEPER_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : file_lock(fd, true);

	if (r < 0)
		return err_code(err, r, "lock of your containers");
	*ret = take_fd(&fd);
	return 0;
}

/* Under the lock. It reads from the FIFO before we are known to hold it. */
static int start(int state, struct rootless_keeper *ret, int *ret_hold, struct err *err)
{
	OWN(fd) int fifo = -1, hold = -1;
	OWN(fd) int orphan = find_orphan(state);
	int r;

	if (mkfifoat(state, KEEPER_FIFO, 0600) < 0 && errno != EEXIST)
		return err_sys(err, "making a FIFO for your containers");
	fifo = openat(state, KEEPER_FIFO, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	hold = openat(state, KEEPER_FIFO, O_WRONLY | O_NONBLOCK);
	if (fifo < 0 || hold < 0)
		return err_sys(err, "opening the FIFO of your containers");
	r = orphan >= 0 ? start_beside(state, fifo, orphan, ret, err)
			: start_new(state, fifo, ret, err);
	if (r == 0)
		*ret_hold = take_fd(&hold);
	return r;
}

int rootless_keeper_hold(int state, struct rootless_keeper *ret, int *ret_hold, struct err *err)
{
	OWN(fd) int lock = -1, hold = -1;
	int r = open_lock(state, &lock, err);

	if (r < 0)
		return r;
	/* Nobody reads: ENXIO. It stays open in what we execute. */
	hold = openat(state, KEEPER_FIFO, O_WRONLY | O_NONBLOCK);
	if (hold < 0 || rootless_keeper_find(state, ret) < 0)
		return start(state, ret, ret_hold, err);
	*ret_hold = take_fd(&hold);
	return 0;
}
