/*
 * userns.c - user namespaces and their maps
 */
#include "sys/userns.h"

#include "base/own.h"
#include "sys/clone3.h"
#include "sys/file.h"
#include "sys/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define INITIAL_INODE 0xeffffffdU

enum { STACK_SIZE = 16 * 1024, STACK_ALIGN = 16 };

static int put(pid_t pid, const char *file, const char *text)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return file_put_at(AT_FDCWD, path, text, strlen(text));
}

int userns_write_maps(pid_t pid, const char *uid_map, const char *gid_map)
{
	int r = put(pid, "uid_map", uid_map);

	return r < 0 ? r : put(pid, "gid_map", gid_map);
}

int userns_write_map(pid_t pid, const char *file, const char *text)
{
	return put(pid, file, text);
}

int userns_deny_setgroups(pid_t pid)
{
	return put(pid, "setgroups", "deny");
}

/* Its inode is part of the kernel's interface (USER_NS_INIT_INO in <linux/nsfs.h>); a map of all
 * numbers is not, since other namespaces can have one as well. */
bool userns_is_initial(void)
{
	static enum { UNKNOWN, INITIAL, ANOTHER } known; /* for good: we never move ourselves */
	struct stat st;

	if (known == UNKNOWN)
		known = stat("/proc/self/ns/user", &st) < 0 || st.st_ino == INITIAL_INODE ? INITIAL
											  : ANOTHER;
	return known == INITIAL;
}

bool userns_is_roots(void)
{
	/* What we were executed as costs no system call. */
	return getauxval(AT_EUID) == 0 && userns_is_initial();
}

/* The process that holds the namespace until it is open. */
static int hold(void *arg __attribute__((unused)))
{
	for (;;)
		(void)RAW(ppoll, 0, 0, 0, 0, 0);
	return 0;
}

int userns_open(const char *uid_map, const char *gid_map)
{
	char stack[STACK_SIZE] __attribute__((aligned(STACK_ALIGN)));
	struct clone3_request request = { .flags = CLONE_NEWUSER | CLONE_VM,
					  .stack = stack,
					  .stack_size = sizeof(stack),
					  .cgroup_dir = -1,
					  .run = hold };
	sigset_t all, before;
	char path[64];
	pid_t pid;
	int r;

	/* No handler of ours may run in there. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = clone3_start(&request);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return pid;
	r = userns_write_maps(pid, uid_map, gid_map);
	if (r == 0) {
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
		r = open(path, O_RDONLY | O_CLOEXEC);
		r = r < 0 ? -errno : r;
	}
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}
