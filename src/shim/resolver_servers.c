/*
 * resolver_servers.c - the name servers that are asked for what the networks do not know
 */
#include "shim/resolver_servers.h"

#include "base/own.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/stat.h>

enum { PORT_DOMAIN = 53, FILE_MAX = 8192 };

static const char host_file[] = "/etc/resolv.conf";

static void add(struct resolver_servers *all, const struct resolv_server *from)
{
	struct resolver_server *s = &all->items[all->n++];

	*s = (struct resolver_server){ .len = sizeof(s->address.v4) };
	if (!from->is_v6) {
		s->address.v4.sin_family = AF_INET;
		s->address.v4.sin_port = htons(PORT_DOMAIN);
		memcpy(&s->address.v4.sin_addr, from->address, 4);
		return;
	}
	s->len = sizeof(s->address.v6);
	s->address.v6.sin6_family = AF_INET6;
	s->address.v6.sin6_port = htons(PORT_DOMAIN);
	memcpy(&s->address.v6.sin6_addr, from->address, 16);
	if (from->scope[0])
		s->address.v6.sin6_scope_id = if_nametoindex(from->scope);
}

int resolver_servers_init(struct resolver_servers *all, const struct strv *addresses,
			  struct err *err)
{
	*all = (struct resolver_servers){ .is_fixed = addresses->n > 0 };
	for (size_t i = 0; i < addresses->n && all->n < RESOLV_CONF_SERVERS_MAX; i++) {
		struct resolv_server s;

		if (resolv_conf_parse_server(addresses->items[i], strlen(addresses->items[i]), &s) <
		    0)
			return err_set(err, -EINVAL, "name server %s: not an address",
				       addresses->items[i]);
		add(all, &s);
	}
	return 0;
}

static void read_servers(struct resolver_servers *all, int fd)
{
	struct resolv_server servers[RESOLV_CONF_SERVERS_MAX];
	char text[FILE_MAX];
	ssize_t len = read(fd, text, sizeof(text));
	size_t n = len > 0 ? resolv_conf_servers(text, (size_t)len, servers) : 0;

	all->n = 0;
	for (size_t i = 0; i < n; i++)
		add(all, &servers[i]);
}

void resolver_servers_refresh(struct resolver_servers *all)
{
	OWN(fd) int fd = -1;
	struct stat st;

	if (all->is_fixed)
		return;
	if (stat(host_file, &st) < 0 || !S_ISREG(st.st_mode)) {
		all->n = 0;
		all->ino = 0;
		return;
	}
	if (st.st_ino == all->ino && st.st_dev == all->dev &&
	    st.st_mtim.tv_sec == all->changed.tv_sec && st.st_mtim.tv_nsec == all->changed.tv_nsec)
		return;
	fd = open(host_file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	all->ino = st.st_ino;
	all->dev = st.st_dev;
	all->changed = st.st_mtim;
	read_servers(all, fd);
}

int resolver_servers_next(const struct resolver_servers *all, uint8_t tried, int64_t now_ms)
{
	int last = -1;

	for (size_t i = 0; i < all->n; i++) {
		if (tried & (1U << i))
			continue;
		if (all->items[i].bad_until_ms <= now_ms)
			return (int)i;
		last = last < 0 ? (int)i : last;
	}
	return last;
}
