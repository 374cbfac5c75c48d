/*
 * net_endpoint_port.c - which ports of the host a container gets
 *
 * A port that the user names is taken by the shim, which says when it cannot be had. Of a range, or
 * without a number, one is sought here by binding to it; all sockets stay open until all are
 * chosen, so that none is chosen twice.
 */
#include "engine/net_endpoint.h"

#include "base/own.h"
#include "codec/ip_block.h"
#include "codec/port.h"
#include "sys/visit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

struct choosing {
	struct container *c;
	struct arena *a;
	const struct net_endpoint_door *doors;
	int *sockets;
	size_t n_sockets;
	struct err *err;
};

enum { RANDOM_ATTEMPTS = 64 };

/* A port of the container, and where on the host it is to be: an address of each version. */
struct place {
	const struct port_binding *want;
	struct ip_block at[NET_VERSIONS];
	size_t n;
	const char *opened[NET_VERSIONS]; /* of a routed network: "0.0.0.0", "::" */
};

static int protocol_number(const char *name)
{
	return str_eq(name, "udp")    ? IPPROTO_UDP
	       : str_eq(name, "sctp") ? IPPROTO_SCTP
				      : IPPROTO_TCP;
}

/* *port 0: of the kernel's choice, which is then there. A descriptor, or negative errno. */
static int bind_one(const struct ip_block *at, int type, uint16_t *port)
{
	static const int on = 1;
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(*port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(*port) };
	bool is_v4 = at->family == 4;
	struct sockaddr *address = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	socklen_t len = is_v4 ? sizeof(v4) : sizeof(v6);
	OWN(fd) int fd = socket(is_v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);

	memcpy(&v4.sin_addr, at->bytes, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, at->bytes, sizeof(v6.sin6_addr));
	if (fd < 0 || (!is_v4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
	    bind(fd, address, len) < 0 || getsockname(fd, address, &len) < 0)
		return -errno;
	*port = ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
	return take_fd(&fd);
}

/* The same port at all addresses of the place; -EADDRINUSE. */
static int bind_all(struct choosing *x, const struct place *p, int type, uint16_t *port)
{
	size_t before = x->n_sockets;

	for (size_t i = 0; i < p->n; i++) {
		int fd = bind_one(&p->at[i], type, port);

		if (fd < 0) {
			while (x->n_sockets > before)
				(void)close(x->sockets[--x->n_sockets]);
			return fd;
		}
		x->sockets[x->n_sockets++] = fd;
	}
	return 0;
}

/* A free port of the range; first 0: of the kernel's choice. */
static int find_port(struct choosing *x, const struct place *p, const struct port_range *range,
		     uint16_t *ret, struct err *err)
{
	/* Without SCTP in the kernel another protocol's ports serve as well. */
	int type = str_eq(range->protocol, "udp") ? SOCK_DGRAM : SOCK_STREAM;
	unsigned attempts = range->first ? range->last - range->first + 1U : RANDOM_ATTEMPTS;

	for (unsigned i = 0; i < attempts; i++) {
		uint16_t port = (uint16_t)(range->first ? range->first + i : 0);
		int r = bind_all(x, p, type, &port);

		if (r == 0) {
			*ret = port;
			return 0;
		}
		if (r != -EADDRINUSE)
			return err_code(err, r, "port %u of the host", port);
	}
	return err_set(
		err, -EADDRINUSE,
		"driver failed programming external connectivity: all ports from %u to %u are "
		"already allocated",
		range->first, range->last);
}

static void add_port(struct choosing *x, const char *port, const char *host_ip,
		     const char *host_port)
{
	x->c->ports.items[x->c->ports.n++] =
		(struct port_binding){ .port = port, .host_ip = host_ip, .host_port = host_port };
}

static bool is_opened(const struct container *c, const char *port, const char *any)
{
	for (size_t i = 0; i < c->ports.n; i++)
		if (str_eq(c->ports.items[i].port, port) &&
		    str_eq(c->ports.items[i].host_ip, any) &&
		    str_is_empty(c->ports.items[i].host_port))
			return true;
	return false;
}

static int check_address(const struct choosing *x, const struct port_binding *want,
			 const struct ip_block *address, struct err *err)
{
	const struct net_endpoint_door *door = &x->doors[net_version(address)];

	if (address->family == 6 && ip_block_is_loopback(address))
		return err_set(err, -ENOTSUP,
			       "port %s: what is sent to ::1 cannot be led to a container; publish "
			       "it at 127.0.0.1, or at another IPv6 address of the host",
			       want->port);
	if (!door->open)
		return err_set(
			err, -EINVAL,
			"port %s: it cannot be published at %s, for the container has no way "
			"out over IPv%u; %s",
			want->port, want->host_ip, address->family,
			address->family == 6 ? "use a network made with --ipv6"
					     : "leave the address out, or use one of IPv6");
	if (door->routed && !ip_block_is_any(address))
		return err_set(
			err, -EINVAL,
			"port %s: its network is routed, so it is reached at the container's "
			"address; leave %s out",
			want->port, want->host_ip);
	return 0;
}

/* Where the port comes in over one version of IP. host_ip NULL: it does not. */
static void add_place(struct choosing *x, struct place *p, const char *host_ip, size_t version)
{
	const struct net_endpoint_door *door = &x->doors[version];
	const char *any = version == NET_V4 ? "0.0.0.0" : "::";

	if (!door->open || !host_ip)
		return;
	if (!door->routed)
		p->n += ip_block_parse_address(host_ip, &p->at[p->n]) == 0;
	else if (!is_opened(x->c, p->want->port, any))
		p->opened[version] = any;
}

static int find_places(struct choosing *x, struct place *p, struct err *err)
{
	const struct port_binding *want = p->want;
	struct ip_block address;
	int r;

	if (str_is_empty(want->host_ip)) {
		for (size_t i = 0; i < NET_VERSIONS; i++)
			add_place(x, p, x->doors[i].host_ip, i);
		return 0;
	}
	if (ip_block_parse_address(want->host_ip, &address) < 0)
		return err_set(err, -EINVAL, "invalid IP address of the host: %.100s",
			       want->host_ip);
	r = check_address(x, want, &address, err);
	if (r == 0)
		add_place(x, p, want->host_ip, net_version(&address));
	return r;
}

static void add_ports(struct choosing *x, const struct place *p, uint16_t port)
{
	for (size_t i = 0; i < p->n; i++) {
		char text[IP_BLOCK_TEXT_MAX];

		ip_block_write(&p->at[i], text);
		add_port(x, p->want->port, arena_strdup(x->a, text),
			 arena_printf(x->a, "%u", port));
	}
	for (size_t i = 0; i < NET_VERSIONS; i++)
		if (p->opened[i])
			add_port(x, p->want->port, p->opened[i], "");
}

static int choose_one(struct choosing *x, const struct port_binding *want, struct err *err)
{
	struct port_range range = { 0, 0, "tcp" }, of_container;
	struct place place = { .want = want };
	uint16_t port;
	int r = port_range_parse(want->port, &of_container, err);

	if (r < 0)
		return err_wrap(err, "port %.50s", want->port);
	if (!str_is_empty(want->host_port) && port_range_parse(want->host_port, &range, err) < 0)
		return err_wrap(err, "invalid hostPort %.50s", want->host_port);
	range.protocol = of_container.protocol;
	r = find_places(x, &place, err);
	port = range.first;
	if (r == 0 && place.n > 0 && (port == 0 || range.first != range.last))
		r = find_port(x, &place, &range, &port, err);
	if (r == 0)
		add_ports(x, &place, port);
	return r;
}

static bool is_bound(const struct container *c, const char *port)
{
	for (size_t i = 0; i < c->host_config.port_bindings.n; i++)
		if (str_eq(c->host_config.port_bindings.items[i].port, port))
			return true;
	return false;
}

/* Where the ports are to be, which for an ordinary user is not where his bridges are. */
static int choose_all(void *arg)
{
	struct choosing *x = arg;
	struct err *err = x->err;
	struct container *c = x->c;
	const struct strv *exposed = &c->config.exposed_ports;
	size_t most = c->host_config.port_bindings.n +
		      (c->host_config.publish_all_ports ? exposed->n : 0);
	int r = 0;

	c->ports.items = arena_array(x->a, NET_VERSIONS * most, sizeof(*c->ports.items));
	c->ports.n = 0;
	x->sockets = arena_array(x->a, NET_VERSIONS * most, sizeof(*x->sockets));
	for (size_t i = 0; r == 0 && i < c->host_config.port_bindings.n; i++)
		r = choose_one(x, &c->host_config.port_bindings.items[i], err);
	for (size_t i = 0; r == 0 && c->host_config.publish_all_ports && i < exposed->n; i++)
		if (!is_bound(c, exposed->items[i]))
			r = choose_one(x, &(struct port_binding){ .port = exposed->items[i] }, err);
	return r;
}

int net_endpoint_port_choose(struct engine *e, struct container *c,
			     const struct net_endpoint_door doors[NET_VERSIONS], struct arena *a,
			     struct err *err)
{
	struct choosing x = { .c = c, .a = a, .doors = doors, .err = err };
	int r = visit_call_home(e->guest ? e->guest->home : NULL, choose_all, &x);

	for (size_t i = 0; i < x.n_sockets; i++)
		(void)close(x.sockets[i]);
	if (r < 0)
		c->ports.n = 0;
	return r;
}

/* host_port "": the container's own is opened. */
static int plan_port(const struct container *c, const struct port_binding *p,
		     struct net_port_plan *ret, struct err *err)
{
	struct port_range range, host = { 0, 0, "tcp" };
	const struct endpoint *to;
	struct ip_block address;
	size_t version;
	int r = port_range_parse(p->port, &range, err);

	if (r == 0 && !str_is_empty(p->host_port))
		r = port_range_parse(p->host_port, &host, err);
	if (r < 0)
		return err_wrap(err, "port %s", p->port);
	if (ip_block_parse_address(p->host_ip, &address) < 0)
		return err_set(err, -EINVAL, "invalid IP address of the host: %.100s", p->host_ip);
	version = net_version(&address);
	to = net_endpoint_way(c, version);
	if (!to)
		return err_set(err, -EINVAL, "port %s: the container has no way out over IPv%u",
			       p->port, address.family);
	*ret = (struct net_port_plan){ .protocol = (uint32_t)protocol_number(range.protocol),
				       .host_ip = p->host_ip,
				       .host_port = host.first,
				       .ip = net_endpoint_ip(to, version),
				       .port = range.first };
	return 0;
}

int net_endpoint_port_plan(const struct container *c, struct arena *a, struct net_plan *plan,
			   struct err *err)
{
	int r = 0;

	plan->ports.items = arena_array(a, c->ports.n, sizeof(*plan->ports.items));
	for (size_t i = 0; r == 0 && i < c->ports.n; i++)
		r = plan_port(c, &c->ports.items[i], &plan->ports.items[plan->ports.n++], err);
	return r;
}
