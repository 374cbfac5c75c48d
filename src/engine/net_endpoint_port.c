/*
 * net_endpoint_port.c - which ports of the host a container gets
 *
 * A port that the user names is taken by the shim, which says when it cannot be had. Of a range, or
 * without a number, one is sought here by binding to it; all sockets stay open until all are
 * chosen, so that none is chosen twice.
 */
#include "engine/net_endpoint.h"

#include "base/own.h"
#include "codec/cidr.h"
#include "codec/port.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

struct choosing {
	struct container *c;
	struct arena *a;
	const char *host_ip; /* for those that name none */
	int *sockets;
	size_t n_sockets;
};

static int protocol_number(const char *name)
{
	return str_eq(name, "udp")    ? IPPROTO_UDP
	       : str_eq(name, "sctp") ? IPPROTO_SCTP
				      : IPPROTO_TCP;
}

/* A free port of the range; first 0: of the kernel's choice. */
static int find_port(struct choosing *x, const struct port_range *range, uint32_t host_ip,
		     uint16_t *ret, struct err *err)
{
	int protocol = protocol_number(range->protocol);
	bool stream = protocol != IPPROTO_UDP;

	for (unsigned port = range->first; port <= range->last; port++) {
		/* Without SCTP in the kernel another protocol's ports serve as well. */
		OWN(fd) int fd =
			socket(AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
		struct sockaddr_in at = { .sin_family = AF_INET,
					  .sin_port = htons((uint16_t)port),
					  .sin_addr.s_addr = htonl(host_ip) };
		socklen_t len = sizeof(at);

		if (fd < 0)
			return err_sys(err, "socket for a port of the host");
		if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
		    getsockname(fd, (struct sockaddr *)&at, &len) == 0) {
			*ret = ntohs(at.sin_port);
			x->sockets[x->n_sockets++] = take_fd(&fd);
			return 0;
		}
		if (errno != EADDRINUSE)
			return err_sys(err, "port %u of the host", port);
	}
	return err_set(
		err, -EADDRINUSE,
		"driver failed programming external connectivity: all ports from %u to %u are "
		"already allocated",
		range->first, range->last);
}

static int choose_one(struct choosing *x, const struct port_binding *want, struct port_binding *ret,
		      struct err *err)
{
	struct port_range range = { 0, 0, "tcp" }, of_container;
	const char *host_ip = str_is_empty(want->host_ip) ? x->host_ip : want->host_ip;
	uint16_t port;
	uint32_t address;
	int r = port_range_parse(want->port, &of_container, err);

	if (r < 0)
		return err_wrap(err, "port %.50s", want->port);
	if (cidr_parse_address(host_ip, &address) < 0)
		return err_set(err, -EINVAL, "invalid IP address of the host: %.100s", host_ip);
	if (!str_is_empty(want->host_port) && port_range_parse(want->host_port, &range, err) < 0)
		return err_wrap(err, "invalid hostPort %.50s", want->host_port);
	range.protocol = of_container.protocol;
	port = range.first;
	if (port == 0 || range.first != range.last)
		r = find_port(x, &range, address, &port, err);
	if (r < 0)
		return r;
	*ret = (struct port_binding){ .port = want->port,
				      .host_ip = host_ip,
				      .host_port = arena_printf(x->a, "%u", port) };
	return 0;
}

static bool is_bound(const struct container *c, const char *port)
{
	for (size_t i = 0; i < c->host_config.port_bindings.n; i++)
		if (str_eq(c->host_config.port_bindings.items[i].port, port))
			return true;
	return false;
}

static int choose_all(struct choosing *x, struct err *err)
{
	struct container *c = x->c;
	const struct strv *exposed = &c->config.exposed_ports;
	size_t most = c->host_config.port_bindings.n +
		      (c->host_config.publish_all_ports ? exposed->n : 0);
	int r = 0;

	c->ports.items = arena_array(x->a, most, sizeof(*c->ports.items));
	c->ports.n = 0;
	x->sockets = arena_array(x->a, most, sizeof(*x->sockets));
	for (size_t i = 0; r == 0 && i < c->host_config.port_bindings.n; i++)
		r = choose_one(x, &c->host_config.port_bindings.items[i],
			       &c->ports.items[c->ports.n++], err);
	for (size_t i = 0; r == 0 && c->host_config.publish_all_ports && i < exposed->n; i++)
		if (!is_bound(c, exposed->items[i]))
			r = choose_one(x, &(struct port_binding){ .port = exposed->items[i] },
				       &c->ports.items[c->ports.n++], err);
	return r;
}

int net_endpoint_port_choose(struct container *c, const char *host_ip, struct arena *a,
			     struct err *err)
{
	struct choosing x = { .c = c,
			      .a = a,
			      .host_ip = str_is_empty(host_ip) ? "0.0.0.0" : host_ip };
	int r = choose_all(&x, err);

	for (size_t i = 0; i < x.n_sockets; i++)
		(void)close(x.sockets[i]);
	if (r < 0)
		c->ports.n = 0;
	return r;
}

int net_endpoint_port_plan(const struct container *c, struct arena *a, struct net_plan *plan,
			   struct err *err)
{
	const struct endpoint *to = net_endpoint_main(c);

	plan->ports.items = arena_array(a, c->ports.n, sizeof(*plan->ports.items));
	for (size_t i = 0; i < c->ports.n; i++) {
		const struct port_binding *p = &c->ports.items[i];
		struct port_range range, host;
		int r = port_range_parse(p->port, &range, err);

		if (r == 0)
			r = port_range_parse(p->host_port, &host, err);
		if (r < 0)
			return err_wrap(err, "port %s", p->port);
		plan->ports.items[plan->ports.n++] = (struct net_port_plan){
			.protocol = (uint32_t)protocol_number(range.protocol),
			.host_ip = p->host_ip,
			.host_port = host.first,
			.ip = to->ip,
			.port = range.first,
		};
	}
	return 0;
}
