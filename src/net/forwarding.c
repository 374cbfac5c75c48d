/*
 * forwarding.c - the host as a router for its containers
 *
 * A host that forwards IPv6 ignores router advertisements, unless an interface is told to listen
 * all the same (accept_ra 2). Many hosts have their own address and default route by them: they
 * would lose both, some hours after the first container came.
 */
#include "net/net.h"

#include "base/own.h"
#include "base/str.h"
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

static const char *const switches[NET_VERSIONS] = {
	"/proc/sys/net/ipv4/ip_forward",
	"/proc/sys/net/ipv6/conf/all/forwarding",
};
static const char interfaces[] = "/proc/sys/net/ipv6/conf";

bool net_forwarding_is_on(size_t version)
{
	char now[8];

	return file_read_into(AT_FDCWD, switches[version], now, sizeof(now)) > 0 && now[0] != '0';
}

static void keep_listening(int dir, const char *name)
{
	OWN(str) char *path = str_printf("%s/accept_ra", name);
	char now[8];

	/* An interface may go meanwhile. */
	if (file_read_into(dir, path, now, sizeof(now)) > 0 && now[0] == '1')
		(void)file_put_at(dir, path, "2", 1);
}

static int keep_all_listening(void)
{
	DIR *list = opendir(interfaces);

	if (!list)
		return -errno;
	/* Also "default": interfaces that are still to come. Our bridges are told not to. */
	for (struct dirent *entry; (entry = readdir(list));)
		if (entry->d_name[0] != '.' && !str_eq(entry->d_name, "all"))
			keep_listening(dirfd(list), entry->d_name);
	(void)closedir(list);
	return 0;
}

int net_forwarding_enable(size_t version, struct err *err)
{
	int r = version == NET_V6 ? keep_all_listening() : 0;

	if (r < 0)
		return err_code(err, r, "%s", interfaces);
	r = file_put_at(AT_FDCWD, switches[version], "1", 1);
	return r < 0 ? err_code(err, r, "%s", switches[version]) : 0;
}
