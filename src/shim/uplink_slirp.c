/*
 * uplink_slirp.c - published ports of slirp4netns
 *
 * It takes requests in JSON at a socket, one a connection (slirp4netns(1), "API SOCKET"). The
 * socket's name goes when all ports are open: nothing is asked later.
 */
#include "shim/uplink_program.h"

#include "base/own.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

enum { ANSWER_MAX = 512, ANSWER_S = 5 };

static int connect_to(int dir, int *ret_fd)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval most = { .tv_sec = ANSWER_S };
	OWN(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/slirp.sock", dir);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most)) < 0 ||
	    connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int ask(int dir, const char *request, char answer[ANSWER_MAX])
{
	OWN(fd) int fd = -1;
	size_t len = strlen(request), have = 0;
	ssize_t n = 1;
	int r = connect_to(dir, &fd);

	if (r < 0)
		return r;
	if (send(fd, request, len, MSG_NOSIGNAL) != (ssize_t)len || shutdown(fd, SHUT_WR) < 0)
		return -EIO;
	while (have < ANSWER_MAX - 1 && (n = recv(fd, answer + have, ANSWER_MAX - 1 - have, 0)) > 0)
		have += (size_t)n;
	answer[have] = '\0';
	return n < 0 ? -errno : 0;
}

static int add_port(int dir, const struct net_port_plan *p, struct err *err)
{
	char request[256], answer[ANSWER_MAX];
	int r;

	/* The address is a text that was checked, of digits and dots. */
	(void)snprintf(request, sizeof(request),
		       "{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"%s\","
		       "\"host_addr\":\"%s\",\"host_port\":%u,\"guest_port\":%u}}",
		       p->protocol == IPPROTO_UDP ? "udp" : "tcp", p->host_ip, p->host_port,
		       p->port);
	r = ask(dir, request, answer);
	if (r < 0)
		return err_code(err, r, "asking slirp4netns for port %u", p->host_port);
	if (!strstr(answer, "\"return\""))
		return err_set(err, -EADDRINUSE, "slirp4netns cannot open port %s:%u: %s",
			       p->host_ip, p->host_port, answer);
	return 0;
}

int uplink_slirp_publish(int dir, const struct net_plan *plan, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->ports.n; i++)
		r = add_port(dir, &plan->ports.items[i], err);
	(void)unlinkat(dir, "slirp.sock", 0);
	return r;
}
