/*
 * namespace.c - handles on namespaces
 */
#include "sys/namespace.h"

#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static const struct {
	int kind;
	const char *name;
} kinds[] = {
	{ CLONE_NEWNS, "mnt" },    { CLONE_NEWPID, "pid" },   { CLONE_NEWNET, "net" },
	{ CLONE_NEWUTS, "uts" },   { CLONE_NEWIPC, "ipc" },   { CLONE_NEWCGROUP, "cgroup" },
	{ CLONE_NEWTIME, "time" }, { CLONE_NEWUSER, "user" },
};

const char *namespace_name(int kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return NULL;
}

int namespace_own(const char *name)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int namespace_open(const char *path, int kind)
{
	/* O_NONBLOCK: a FIFO must not make us wait. */
	OWN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int is;

	if (fd < 0)
		return -errno;
	is = ioctl(fd, NS_GET_NSTYPE);
	return is == kind ? take_fd(&fd) : -EINVAL;
}

/* Inode numbers of nsfs are the namespaces' identities. */
static bool same(const struct stat *x, const struct stat *y)
{
	return x->st_ino == y->st_ino && x->st_dev == y->st_dev;
}

static int stat_own(const char *name, struct stat *ret)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return stat(path, ret);
}

bool namespace_is_shared_with(pid_t pid, const char *name)
{
	struct stat own, other;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return stat_own(name, &own) < 0 || stat(path, &other) < 0 || same(&own, &other);
}

bool namespace_is_seen(pid_t pid)
{
	struct stat st;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return stat(path, &st) == 0;
}

bool namespace_is_ours(int fd, const char *name)
{
	struct stat own, other;

	return stat_own(name, &own) == 0 && fstat(fd, &other) == 0 && same(&own, &other);
}
