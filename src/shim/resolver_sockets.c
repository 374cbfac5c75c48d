/*
 * resolver_sockets.c - the sockets of a container's resolver
 *
 * They are at ports that the kernel chooses, and rules lead there (net/names.h): port 53 stays the
 * container's, which may run a name server of its own on all addresses. Where the kernel has no
 * nf_tables they are at port 53 itself, and such a server has to leave out 127.0.0.11.
 */
#include "shim/resolver_sockets.h"

#include "base/own.h"
#include "base/str.h"
#include "net/names.h"
#include "sys/namespace.h"
#include "sys/userns.h"
#include "sys/visit.h"

#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

enum { PORT_DOMAIN = 53, BACKLOG = 16 };

/* port 0: any; *ret_port: which one it was. */
static int open_socket(int type, uint16_t port, int *ret_fd, uint16_t *ret_port)
{
	OWN(fd) int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(NAMES_ADDRESS) };
	socklen_t size = sizeof(at);
	int on = 1;

	if (fd < 0)
		return -errno;
	/* The connections of an earlier run may still be about to end. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, BACKLOG) < 0) ||
	    getsockname(fd, (struct sockaddr *)&at, &size) < 0)
		return -errno;
	*ret_port = ntohs(at.sin_port);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int open_pair(uint16_t port, struct resolver_sockets *s, uint16_t *ret_udp,
		     uint16_t *ret_tcp)
{
	int r = open_socket(SOCK_DGRAM, port, &s->udp, ret_udp);

	return r < 0 ? r : open_socket(SOCK_STREAM, port, &s->listener, ret_tcp);
}

static void close_all(struct resolver_sockets *s)
{
	fd_cleanup(&s->udp);
	fd_cleanup(&s->listener);
	fd_cleanup(&s->rules);
}

static int open_here(struct resolver_sockets *s)
{
	uint16_t udp, tcp;
	int r = open_pair(0, s, &udp, &tcp);

	if (r == 0)
		r = names_redirect(udp, tcp, &s->rules);
	if (r == 0)
		return 0;
	close_all(s);
	return open_pair(PORT_DOMAIN, s, &udp, &tcp);
}

static const char *find_path(const struct oci_config *config)
{
	for (size_t i = 0; config->linux_ && i < config->linux_->namespaces.n; i++)
		if (str_eq(config->linux_->namespaces.items[i].type, "network"))
			return config->linux_->namespaces.items[i].path;
	return NULL;
}

static int open_there(void *arg)
{
	return open_here(arg);
}

int resolver_sockets_open(const struct oci_config *config, struct resolver_sockets *ret,
			  struct err *err)
{
	const char *path = find_path(config);
	struct resolver_sockets s = { -1, -1, -1 };
	OWN(fd) int own = -1, netns = -1;
	int r, back;

	if (!path)
		return err_set(err, -EINVAL, "the plan names no network namespace that is there");
	netns = namespace_open(path, CLONE_NEWNET);
	if (netns < 0)
		return err_code(err, netns, "network namespace %s", path);
	/* An ordinary user could not come back. */
	if (!userns_is_roots()) {
		r = visit_network(netns, open_there, &s);
		if (r < 0)
			return err_code(err, r, "sockets at 127.0.0.11");
		*ret = s;
		return 0;
	}
	own = namespace_own("net");
	if (own < 0)
		return err_code(err, own, "our own network namespace");
	if (setns(netns, CLONE_NEWNET) < 0)
		return err_sys(err, "network namespace %s", path);
	r = open_here(&s);
	back = setns(own, CLONE_NEWNET) < 0 ? -errno : 0;
	if (r == 0 && back == 0) {
		*ret = s;
		return 0;
	}
	close_all(&s);
	return back < 0 ? err_code(err, back, "our own network namespace")
			: err_code(err, r, "sockets at 127.0.0.11");
}
