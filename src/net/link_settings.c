/*
 * link_settings.c - files beneath /proc/sys/net, in a namespace that is not ours
 *
 * What stands there belongs to the network namespace of whoever opens it; there is no other way to
 * say most of it. So we are in the other one for as long as it takes to write.
 */
#include "net/net.h"

#include "base/own.h"
#include "base/str.h"
#include "sys/file.h"
#include "sys/namespace.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_MAX_HERE = 256 };

static int write_one(const struct net_setting *s, struct err *err)
{
	char path[PATH_MAX_HERE];
	int n = snprintf(path, sizeof(path), "/proc/sys/net/%s", s->path), r;

	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(err, -ENAMETOOLONG, "setting %.60s...: too long", s->path);
	r = file_put_at(AT_FDCWD, path, s->value, strlen(s->value));
	return r < 0 ? err_code(err, r, "setting %s to %.60s in the container", path, s->value) : 0;
}

int net_settings_write(int netns, const struct net_setting *settings, size_t n, struct err *err)
{
	OWN(fd) int own = n ? namespace_own("net") : -1;
	int r = 0;

	if (n == 0)
		return 0;
	if (own < 0)
		return err_code(err, own, "our own network namespace");
	if (syscall(SYS_setns, netns, CLONE_NEWNET) < 0)
		return err_sys(err, "network namespace of the container");
	for (size_t i = 0; r == 0 && i < n; i++)
		r = write_one(&settings[i], err);
	if (syscall(SYS_setns, own, CLONE_NEWNET) < 0)
		return err_sys(err, "our own network namespace");
	return r;
}

bool net_has_ipv6(void)
{
	return access("/proc/sys/net/ipv6/conf/all", F_OK) == 0;
}
