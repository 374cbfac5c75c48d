/*
 * netlink.c - messages to the kernel's netlink families
 */
#include "net/netlink.h"

#include "base/own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

enum { REPLY_SIZE = 32768 };

int netlink_open(int family, int *ret_fd)
{
	OWN(fd) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
	int on = 1;

	if (fd < 0)
		return -errno;
	/* An error's answer need not repeat the whole message. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	*ret_fd = take_fd(&fd);
	return 0;
}

/* -- writing -- */

static struct nlmsghdr *current(struct netlink_batch *b)
{
	return (struct nlmsghdr *)(void *)(b->bytes.data + b->message);
}

static void grow(struct netlink_batch *b, const void *data, size_t len)
{
	static const char zeros[NLMSG_ALIGNTO] = { 0 };

	buf_add(&b->bytes, data, len);
	buf_add(&b->bytes, zeros, NLMSG_ALIGN(len) - len);
	current(b)->nlmsg_len = (uint32_t)(b->bytes.len - b->message);
}

void netlink_begin(struct netlink_batch *b, uint16_t type, uint16_t flags, const void *head,
		   size_t len)
{
	struct nlmsghdr h = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags };

	h.nlmsg_seq = ++b->n;
	b->message = b->bytes.len;
	buf_add(&b->bytes, &h, sizeof(h));
	grow(b, head, len);
}

void netlink_put_raw(struct netlink_batch *b, const void *data, size_t len)
{
	grow(b, data, len);
}

void netlink_put(struct netlink_batch *b, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	buf_add(&b->bytes, &a, sizeof(a));
	grow(b, data, len);
}

void netlink_put_str(struct netlink_batch *b, uint16_t type, const char *text)
{
	netlink_put(b, type, text, strlen(text) + 1);
}

void netlink_put_u32(struct netlink_batch *b, uint16_t type, uint32_t value)
{
	netlink_put(b, type, &value, sizeof(value));
}

void netlink_put_be32(struct netlink_batch *b, uint16_t type, uint32_t value)
{
	netlink_put_u32(b, type, htonl(value));
}

size_t netlink_nest(struct netlink_batch *b, uint16_t type)
{
	size_t at = b->bytes.len;

	netlink_put(b, type, "", 0);
	return at;
}

void netlink_unnest(struct netlink_batch *b, size_t nest)
{
	struct nlattr *a = (struct nlattr *)(void *)(b->bytes.data + nest);

	a->nla_len = (uint16_t)(b->bytes.len - nest);
}

/* -- sending -- */

struct reading {
	netlink_each_fn *each;
	void *ctx;
	uint32_t failed;
	int error;
};

static int take_in(struct reading *r, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);

	if (h->nlmsg_type == NLMSG_DONE)
		return 0;
	if (h->nlmsg_type != NLMSG_ERROR)
		return r->each ? r->each(r->ctx, h) : 0;
	if (e->error && (!r->error || h->nlmsg_seq < r->failed)) {
		r->error = e->error;
		r->failed = h->nlmsg_seq;
	}
	return 0;
}

/*
 * What is to come is there: each reading of a dump makes its next piece. No certain answer is
 * waited for, since before Linux 6.10 the end of a transaction was acknowledged by silence.
 */
static int read_all(int fd, struct reading *r)
{
	char bytes[REPLY_SIZE] __attribute__((aligned(8)));

	for (;;) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		const struct nlmsghdr *h = (const void *)bytes;
		int result = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		for (; result == 0 && NLMSG_OK(h, (size_t)n); h = NLMSG_NEXT(h, n))
			result = take_in(r, h);
		if (result < 0)
			return result;
	}
}

int netlink_send(int fd, const struct netlink_batch *b, netlink_each_fn *each, void *ctx,
		 uint32_t *ret_failed)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct reading reading = { .each = each, .ctx = ctx };
	int size = (int)b->bytes.len * 2;
	int r;

	/* The usual size holds some hundred messages. */
	if (b->bytes.len > 65536)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (sendto(fd, b->bytes.data, b->bytes.len, 0, (const struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	r = read_all(fd, &reading);
	if (ret_failed)
		*ret_failed = reading.failed;
	return r < 0 ? r : reading.error;
}

/* -- reading -- */

const struct nlattr *netlink_find(const void *attributes, size_t len, uint16_t type)
{
	const char *at = attributes;

	while (len >= NLA_HDRLEN) {
		const struct nlattr *a = (const void *)at;
		size_t whole = NLA_ALIGN(a->nla_len);

		if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		if (whole >= len)
			return NULL;
		at += whole;
		len -= whole;
	}
	return NULL;
}
