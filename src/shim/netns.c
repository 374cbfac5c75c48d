/*
 * netns.c - the network of the container that is supervised
 *
 * The namespace is made before the container, and its first process enters it: so nothing in the
 * container ever runs without its interfaces, and ports that cannot be had are found before it is
 * started. Both ends of each link are configured through sockets that were opened in their
 * namespaces; we are in the new one only for as long as it takes to open ours.
 *
 * A published port is an element of the kernel's maps, and a socket that nobody listens at: it
 * keeps other programs from taking the port, and finds those that have it. It goes with us, however
 * we end; the elements are taken back by the next command when we are killed.
 */
#include "shim/netns.h"

#include "base/mem.h"
#include "base/own.h"
#include "sys/file.h"
#include "sys/namespace.h"
#include "sys/proc.h"
#include "sys/visit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* -- the namespace -- */

static int set_namespace(int fd)
{
	return syscall(SYS_setns, fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

/* In the new namespace: its handle, a socket in it, and no IPv6 on what comes. */
static int look_inside(int *ret_netns, int *ret_inside, struct err *err)
{
	OWN(fd) int netns = namespace_own("net");
	int r;

	if (netns < 0)
		return err_code(err, netns, "network namespace of the container");
	r = net_link_socket(ret_inside, err);
	if (r < 0)
		return r;
	/* A kernel without IPv6 has no such file. */
	(void)file_put_at(AT_FDCWD, "/proc/sys/net/ipv6/conf/default/disable_ipv6", "1", 1);
	*ret_netns = take_fd(&netns);
	return 0;
}

static int make_namespace(int *ret_netns, int *ret_inside, struct err *err)
{
	OWN(fd) int own = namespace_own("net");
	int r, back;

	if (own < 0)
		return err_code(err, own, "our own network namespace");
	if (syscall(SYS_unshare, CLONE_NEWNET) < 0)
		return err_sys(err, "network namespace of the container");
	r = look_inside(ret_netns, ret_inside, err);
	back = set_namespace(own);
	return r == 0 && back < 0 ? err_code(err, back, "our own network namespace") : r;
}

/* Its process may have ended, and its number be another's, since the plan was made. */
static int open_shared(const struct net_plan *plan, int *ret, struct err *err)
{
	OWN(fd) int pidfd = proc_open(plan->join_pid, plan->join_start);
	OWN(fd) int netns = -1;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", plan->join_pid);
	if (pidfd >= 0)
		netns = namespace_open(path, CLONE_NEWNET);
	if (pidfd < 0 || netns < 0 || proc_signal(pidfd, 0) < 0)
		return err_set(err, -ESRCH,
			       "the container whose network is shared has ended; start it first");
	*ret = take_fd(&netns);
	return 0;
}

/* -- links -- */

static int add_link(int host, int inside, int netns, const struct net_link_plan *l,
		    struct netns_link *ret, struct err *err)
{
	ret->name[0] = '\0';
	ret->n_addresses = 0;
	if (str_eq(l->kind, NET_LINK_PLUGIN))
		return net_loopback_setup(inside, err);
	for (size_t i = 0; ret->addresses && i < l->addresses.n; i++)
		if (ip_block_parse_within(l->addresses.items[i],
					  &ret->addresses[ret->n_addresses]) == 0)
			ret->n_addresses++;
	return net_attach(host, inside, netns, l, ret->name, err);
}

/* Room for what is to be forgotten when the container has ended. */
static void prepare_links(struct netns *n, const struct net_plan *plan)
{
	size_t count = 1;

	for (size_t i = 0; i < plan->links.n; i++)
		count += plan->links.items[i].addresses.n;
	free(n->links);
	free(n->addresses);
	n->links = mem_alloc((plan->links.n + 1) * sizeof(*n->links));
	n->addresses = mem_alloc(count * sizeof(*n->addresses));
	n->n_links = 0;
	for (size_t i = 0, at = 0; i < plan->links.n; at += plan->links.items[i++].addresses.n)
		n->links[i].addresses = n->addresses + at;
}

static int make_links(struct netns *n, const struct net_plan *plan, int *ret, struct err *err)
{
	OWN(fd) int host = -1, inside = -1, netns = -1;
	int r = net_link_socket(&host, err);

	if (r == 0)
		r = make_namespace(&netns, &inside, err);
	prepare_links(n, plan);
	for (size_t i = 0; r == 0 && i < plan->links.n; i++)
		r = add_link(host, inside, netns, &plan->links.items[i], &n->links[n->n_links++],
			     err);
	if (r == 0)
		*ret = take_fd(&netns);
	return r;
}

/* -- links of an ordinary user's container -- */

/* What is opened where his bridges are. Who has entered that namespace cannot come back to the
 * machine's, so a child does it. */
struct opening {
	int host, inside, netns;
	struct err *err;
};

static int open_at_home(void *arg)
{
	struct opening *o = arg;
	int r = net_link_socket(&o->host, o->err);

	if (r == 0 && syscall(SYS_unshare, CLONE_NEWNET) < 0)
		r = err_sys(o->err, "network namespace of the container");
	return r < 0 ? r : look_inside(&o->netns, &o->inside, o->err);
}

static int open_home(const struct net_plan *plan, int *ret, struct err *err)
{
	OWN(fd) int pidfd = proc_open(plan->home_pid, plan->home_start);
	OWN(fd) int netns = -1;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", plan->home_pid);
	if (pidfd >= 0)
		netns = namespace_open(path, CLONE_NEWNET);
	if (netns < 0)
		return err_set(err, -ESRCH,
			       "the process that holds your networks has ended; try again");
	*ret = take_fd(&netns);
	return 0;
}

static int make_links_at_home(const struct net_plan *plan, int *ret, struct err *err)
{
	struct opening o = { -1, -1, -1, err };
	/* What the kernel tracks of it is out of our reach when it has ended. */
	struct netns_link unused = { .addresses = NULL };
	OWN(fd) int home = -1;
	int r = open_home(plan, &home, err);

	if (r == 0)
		r = visit_network(home, open_at_home, &o);
	if (r < 0 && err->code == 0)
		r = err_code(err, r, "entering the namespace of your networks");

	OWN(fd) int host = o.host;
	OWN(fd) int inside = o.inside;
	OWN(fd) int netns = o.netns;

	for (size_t i = 0; r == 0 && i < plan->links.n; i++)
		r = add_link(host, inside, netns, &plan->links.items[i], &unused, err);
	if (r == 0)
		*ret = take_fd(&netns);
	return r;
}

/* -- ports -- */

/* Each is one descriptor, and a range may have thousands. */
static void raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
}

static socklen_t socket_address(const struct net_port *p, struct sockaddr_storage *ret)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(p->host_port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(p->host_port) };

	memcpy(&v4.sin_addr, p->host_address.bytes, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, p->host_address.bytes, sizeof(v6.sin6_addr));
	*ret = (struct sockaddr_storage){ 0 };
	if (p->host_address.family == 4)
		memcpy(ret, &v4, sizeof(v4));
	else
		memcpy(ret, &v6, sizeof(v6));
	return p->host_address.family == 4 ? sizeof(v4) : sizeof(v6);
}

/* is_trial: connections of who had it before may still be about to end. */
static int open_socket(const struct net_port *p, bool is_trial)
{
	static const int on = 1;
	int type = p->protocol == IPPROTO_TCP    ? SOCK_STREAM
		   : p->protocol == IPPROTO_SCTP ? SOCK_SEQPACKET
						 : SOCK_DGRAM;
	int fd = socket(p->host_address.family == 4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC,
			p->protocol);

	/* The same port of IPv4 is another one. */
	if (fd >= 0 && p->host_address.family == 6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (fd >= 0 && is_trial && p->protocol == IPPROTO_TCP)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

static int take_port(const struct net_port *p, bool is_trial, int *ret, struct err *err)
{
	struct sockaddr_storage at;
	socklen_t len = socket_address(p, &at);
	char address[IP_BLOCK_TEXT_MAX];
	bool v6 = p->host_address.family == 6;
	OWN(fd) int fd = -1;

	if (p->host_port == 0)
		return 0; /* the container's own address: nothing of the host's */
	fd = open_socket(p, is_trial);
	if (fd < 0 && p->protocol == IPPROTO_SCTP)
		return 0; /* where the kernel has no SCTP, no program of the host has its ports */
	if (fd < 0)
		return err_sys(err, "socket for port %u", p->host_port);
	ip_block_write(&p->host_address, address);
	if (bind(fd, (const struct sockaddr *)&at, len) < 0) {
		if (errno == EADDRINUSE)
			return err_set(err, -EADDRINUSE,
				       "Bind for %s%s%s:%u failed: port is already allocated",
				       v6 ? "[" : "", address, v6 ? "]" : "", p->host_port);
		return err_sys(err, "Bind for %s%s%s:%u failed", v6 ? "[" : "", address,
			       v6 ? "]" : "", p->host_port);
	}
	*ret = take_fd(&fd);
	return 0;
}

static int read_port(const struct net_port_plan *from, struct net_port *to, struct err *err)
{
	*to = (struct net_port){ .protocol = (uint8_t)from->protocol,
				 .host_port = (uint16_t)from->host_port,
				 .port = (uint16_t)from->port };
	if (ip_block_parse_address(from->host_ip, &to->host_address) < 0 ||
	    ip_block_parse_address(from->ip, &to->address) < 0 ||
	    to->host_address.family != to->address.family)
		return err_set(err, -EINVAL, "plan of port %u: %s, %s", from->host_port,
			       from->host_ip, from->ip);
	return 0;
}

static int add_rules(const struct netns *n, struct err *err)
{
	struct net_rules rules = { .ports = n->ports, .n_ports = n->n };
	OWN(fd) int fd = -1;
	int r = net_rules_socket(&fd, err);

	if (r == 0)
		r = net_rules_add(fd, &rules, err);
	if (r == -ENOENT)
		return err_set(
			err, r,
			"the rules of networks are gone; `berth network heal` writes them anew");
	return r;
}

static int publish(struct netns *n, const struct net_plan *plan, struct err *err)
{
	int r = 0;

	if (plan->ports.n == 0)
		return 0;
	raise_limit();
	n->ports = mem_alloc(plan->ports.n * sizeof(*n->ports));
	n->sockets = mem_alloc(plan->ports.n * sizeof(*n->sockets));
	for (; r == 0 && n->n < plan->ports.n; n->n++) {
		n->sockets[n->n] = -1;
		r = read_port(&plan->ports.items[n->n], &n->ports[n->n], err);
		if (r == 0)
			r = take_port(&n->ports[n->n], false, &n->sockets[n->n], err);
	}
	if (r == 0)
		r = add_rules(n, err);
	return r < 0 ? err_wrap(err, "driver failed programming external connectivity") : 0;
}

/*
 * Says of each port in whose way something is, since pasta does not: it is the one that takes them.
 */
static int try_ports(const struct net_plan *plan, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->ports.n; i++) {
		struct net_port p;
		OWN(fd) int fd = -1;

		r = read_port(&plan->ports.items[i], &p, err);
		if (r == 0)
			r = take_port(&p, true, &fd, err);
		if (r == -EACCES)
			return err_set(err, r,
				       "port %u of the host is below what an ordinary user may "
				       "have; root can change that: sysctl "
				       "net.ipv4.ip_unprivileged_port_start=%u",
				       p.host_port, p.host_port);
	}
	return r < 0 ? err_wrap(err, "driver failed programming external connectivity") : 0;
}

static int connect_ordinary(struct netns *n, const struct net_plan *plan, int dir, int *ret_fd,
			    struct err *err)
{
	OWN(fd) int netns = -1;
	int r = try_ports(plan, err);

	if (r == 0)
		r = make_links_at_home(plan, &netns, err);
	if (r == 0 && plan->uplink)
		r = uplink_start(&n->uplink, netns, dir, plan, err);
	if (r == 0)
		*ret_fd = take_fd(&netns);
	return r;
}

static void close_sockets(struct netns *n)
{
	for (size_t i = 0; i < n->n; i++)
		fd_cleanup(&n->sockets[i]);
}

void netns_unpublish(struct netns *n)
{
	struct net_rules rules = { .ports = n->ports, .n_ports = n->n };
	struct err ignored = ERR_INIT;

	uplink_stop(&n->uplink);
	if (n->n == 0 || n->rules >= 0)
		return;
	if (net_rules_socket(&n->rules, &ignored) == 0)
		(void)net_rules_drop(n->rules, &rules);
	close_sockets(n);
}

void netns_forget(const struct netns *n)
{
	OWN(fd) int fd = -1;
	struct err ignored = ERR_INIT;

	if (n->n_links > 0)
		(void)net_link_socket(&fd, &ignored);
	for (size_t i = 0; i < n->n_links; i++) {
		uint64_t sent;

		/* One that has sent nothing has not even said where it is: nothing came to it
		 * either.
		 */
		if (fd >= 0 && n->links[i].name[0] &&
		    net_link_received(fd, n->links[i].name, &sent) == 0 && sent == 0)
			continue;
		for (size_t k = 0; k < n->links[i].n_addresses; k++)
			(void)net_conntrack_forget(&n->links[i].addresses[k]);
	}
}

int netns_setup(struct netns *n, const struct net_plan *plan, int dir, int *ret_fd, struct err *err)
{
	int r;

	if (plan->join_pid)
		return open_shared(plan, ret_fd, err);
	if (plan->home_pid)
		return connect_ordinary(n, plan, dir, ret_fd, err);
	/* First what others may have, and what takes time last. */
	r = publish(n, plan, err);
	if (r < 0) {
		close_sockets(n);
		n->n = 0;
		return r;
	}
	r = make_links(n, plan, ret_fd, err);
	if (r < 0)
		netns_unpublish(n);
	return r;
}

void netns_join(struct oci_config *config, int fd, struct arena *a)
{
	for (size_t i = 0; i < config->linux_->namespaces.n; i++) {
		struct oci_namespace *ns = &config->linux_->namespaces.items[i];

		if (str_eq(ns->type, "network"))
			ns->path = arena_printf(a, "/proc/self/fd/%d", fd);
	}
}
