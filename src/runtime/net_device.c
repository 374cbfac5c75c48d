/*
 * net_device.c - giving interfaces of the host to a container
 *
 * An interface loses its addresses when it changes its namespace, so they are read before and set
 * again after; https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md,
 * "Network Devices". Requests are those of rtnetlink(7), one at a time.
 */
#include "runtime/net_device.h"

#include "base/own.h"
#include "base/str.h"
#include "sys/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { REQUEST_SIZE = 512, REPLY_SIZE = 32768, ADDRESSES_MAX = 64, ADDRESS_SIZE = 192 };

struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		char bytes[REQUEST_SIZE];
	};
};

/* The addresses of an interface, as the messages that set them again. */
struct addresses {
	struct {
		size_t len;
		char bytes[ADDRESS_SIZE]; /* struct ifaddrmsg and attributes */
	} items[ADDRESSES_MAX];
	size_t n;
};

static void begin(struct request *rq, uint16_t type, uint16_t flags, size_t body)
{
	memset(rq, 0, sizeof(*rq));
	rq->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
	rq->header.nlmsg_type = type;
	rq->header.nlmsg_flags = NLM_F_REQUEST | flags;
}

static void add(struct request *rq, uint16_t type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)rq + NLMSG_ALIGN(rq->header.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	rq->header.nlmsg_len =
		(uint32_t)(NLMSG_ALIGN(rq->header.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

typedef int reply_fn(void *ctx, const struct nlmsghdr *reply);

/* Sends a request and gives every reply to each(), until the last or an error. */
static int ask(int fd, const struct request *rq, reply_fn *each, void *ctx)
{
	char buf[REPLY_SIZE] __attribute__((aligned(8)));

	if (send(fd, rq, rq->header.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		const struct nlmsghdr *h = (const void *)buf;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		for (; NLMSG_OK(h, (size_t)n); h = NLMSG_NEXT(h, n)) {
			int r;

			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type == NLMSG_ERROR)
				return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
			r = each(ctx, h);
			if (r < 0)
				return r;
			if (!(h->nlmsg_flags & NLM_F_MULTI))
				return 0;
		}
	}
}

static int open_socket(int *ret)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

/* A socket keeps the namespace that it was made in. */
static int open_socket_in(int netns, int *ret)
{
	OWN(fd) int own = namespace_own("net");
	int r;

	if (own < 0)
		return own;
	if (syscall(SYS_setns, netns, CLONE_NEWNET) < 0)
		return -errno;
	r = open_socket(ret);
	if (syscall(SYS_setns, own, CLONE_NEWNET) < 0)
		return -errno;
	return r;
}

static int take_index(void *ctx, const struct nlmsghdr *h)
{
	if (h->nlmsg_type == RTM_NEWLINK)
		*(int *)ctx = ((const struct ifinfomsg *)NLMSG_DATA(h))->ifi_index;
	return 0;
}

static int find(int fd, const char *name, int *ret)
{
	struct request rq;

	begin(&rq, RTM_GETLINK, 0, sizeof(rq.link));
	add(&rq, IFLA_IFNAME, name, strlen(name) + 1);
	return ask(fd, &rq, take_index, ret);
}

struct collecting {
	struct addresses *to;
	int index;
};

/* What somebody set, not what the kernel makes of itself (link-local, by router or lease). */
static int collect(void *ctx, const struct nlmsghdr *h)
{
	struct collecting *c = ctx;
	const struct ifaddrmsg *a = NLMSG_DATA(h);
	size_t len = h->nlmsg_len - NLMSG_LENGTH(0);

	if (h->nlmsg_type != RTM_NEWADDR || (int)a->ifa_index != c->index ||
	    a->ifa_scope != RT_SCOPE_UNIVERSE || !(a->ifa_flags & IFA_F_PERMANENT))
		return 0;
	if (c->to->n == ADDRESSES_MAX || len > ADDRESS_SIZE)
		return -E2BIG;
	memcpy(c->to->items[c->to->n].bytes, a, len);
	c->to->items[c->to->n++].len = len;
	return 0;
}

static int read_addresses(int fd, int index, struct addresses *ret)
{
	struct collecting c = { ret, index };
	struct request rq;

	begin(&rq, RTM_GETADDR, NLM_F_DUMP, sizeof(rq.address));
	return ask(fd, &rq, collect, &c);
}

static int ignore_reply(void *ctx __attribute__((unused)),
			const struct nlmsghdr *h __attribute__((unused)))
{
	return 0;
}

static int send_away(int fd, int index, int netns, const char *name)
{
	struct request rq;

	begin(&rq, RTM_NEWLINK, NLM_F_ACK, sizeof(rq.link));
	rq.link.ifi_index = index;
	add(&rq, IFLA_NET_NS_FD, &netns, sizeof(netns));
	add(&rq, IFLA_IFNAME, name, strlen(name) + 1);
	return ask(fd, &rq, ignore_reply, NULL);
}

/* Attributes that say where an address is; the rest (cache, label) is what the kernel told us. */
static bool is_kept(uint16_t type)
{
	return type == IFA_LOCAL || type == IFA_ADDRESS || type == IFA_BROADCAST;
}

static int set_address(int fd, int index, const char *bytes, size_t len)
{
	const struct ifaddrmsg *from = (const void *)bytes;
	const struct rtattr *a = IFA_RTA(from);
	size_t left = len - NLMSG_ALIGN(sizeof(*from));
	struct request rq;

	begin(&rq, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, sizeof(rq.address));
	rq.address = *from;
	rq.address.ifa_index = (unsigned)index;
	/* It was found good where it comes from; waiting for that again would lose it for a while.
	 */
	rq.address.ifa_flags = from->ifa_family == AF_INET6 ? IFA_F_NODAD : 0;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (is_kept(a->rta_type))
			add(&rq, a->rta_type, RTA_DATA(a), RTA_PAYLOAD(a));
	return ask(fd, &rq, ignore_reply, NULL);
}

static int bring_up(int fd, int index)
{
	struct request rq;

	begin(&rq, RTM_NEWLINK, NLM_F_ACK, sizeof(rq.link));
	rq.link.ifi_index = index;
	rq.link.ifi_flags = rq.link.ifi_change = IFF_UP;
	return ask(fd, &rq, ignore_reply, NULL);
}

struct moving {
	int here, there; /* sockets */
	int netns;
	struct addresses addresses;
};

static int move_one(struct moving *m, const struct oci_net_device *d, struct err *err)
{
	const char *name = str_is_empty(d->name) ? d->device : d->name;
	int index = 0, r = find(m->here, d->device, &index);

	m->addresses.n = 0;
	if (r < 0)
		return err_code(err, r, "linux.netDevices: interface %s", d->device);
	r = read_addresses(m->here, index, &m->addresses);
	if (r == 0)
		r = send_away(m->here, index, m->netns, name);
	if (r < 0)
		return err_code(err, r, "linux.netDevices: moving %s to be %s", d->device, name);
	r = find(m->there, name, &index);
	for (size_t i = 0; i < m->addresses.n && r == 0; i++)
		r = set_address(m->there, index, m->addresses.items[i].bytes,
				m->addresses.items[i].len);
	if (r == 0)
		r = bring_up(m->there, index);
	return r < 0 ? err_code(err, r, "linux.netDevices: setting %s up in the container", name)
		     : 0;
}

int net_device_move(const struct oci_net_devices *devices, pid_t pid, struct err *err)
{
	OWN(fd) int here = -1, there = -1, netns = -1;
	struct moving m;
	char path[64];
	int r;

	if (devices->n == 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	netns = namespace_open(path, CLONE_NEWNET);
	if (netns < 0)
		return err_code(err, netns, "%s", path);
	if (namespace_is_ours(netns, "net"))
		return err_set(
			err, -EINVAL,
			"linux.netDevices: the container's network is the host's, where they "
			"are already");
	r = open_socket(&here);
	if (r == 0)
		r = open_socket_in(netns, &there);
	if (r < 0)
		return err_code(err, r, "linux.netDevices: netlink");
	m.here = here;
	m.there = there;
	m.netns = netns;
	for (size_t i = 0; i < devices->n && r == 0; i++)
		r = move_one(&m, &devices->items[i], err);
	return r;
}
