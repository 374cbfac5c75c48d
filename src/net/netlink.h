/*
 * netlink.h - messages to the kernel's netlink families, several in one system call
 *
 * netlink(7). The kernel has worked on a request, and queued its answers, when sendmsg(2) returns,
 * so nothing here ever waits.
 */
#ifndef NET_NETLINK_H
#define NET_NETLINK_H

#include "base/str.h"

#include <linux/netlink.h>
#include <stdint.h>

/* A run of messages; {0} is empty. Sequence numbers count from 1. */
struct netlink_batch {
	struct buf bytes;
	uint32_t n;
	size_t message; /* where the last one begins */
};

static inline void netlink_batch_cleanup(struct netlink_batch *b)
{
	buf_done(&b->bytes);
}

/* A socket of a family (NETLINK_ROUTE, NETLINK_NETFILTER) in the network namespace we are in. */
int netlink_open(int family, int *ret_fd);

/* Begins a message; attributes follow. The family's header is head. */
void netlink_begin(struct netlink_batch *b, uint16_t type, uint16_t flags, const void *head,
		   size_t len);
void netlink_put(struct netlink_batch *b, uint16_t type, const void *data, size_t len);
void netlink_put_str(struct netlink_batch *b, uint16_t type, const char *text);
/* In the host's byte order (rtnetlink). */
void netlink_put_u32(struct netlink_batch *b, uint16_t type, uint32_t value);
/* In the network's (nfnetlink). */
void netlink_put_be32(struct netlink_batch *b, uint16_t type, uint32_t value);
/* An attribute that holds attributes: from here to netlink_unnest(). */
size_t netlink_nest(struct netlink_batch *b, uint16_t type);
void netlink_unnest(struct netlink_batch *b, size_t nest);
/* Raw bytes behind what is there, such as the header that some attributes begin with. */
void netlink_put_raw(struct netlink_batch *b, const void *data, size_t len);

/* Gets every message that is no acknowledgement; a negative errno ends the reading. */
typedef int netlink_each_fn(void *ctx, const struct nlmsghdr *message);

/*
 * Sends all messages at once and reads what comes back. The error of the first message that has
 * one, whose number is then in *ret_failed (which may be NULL); all are worked on in any case. The
 * batch stays as it is.
 */
int netlink_send(int fd, const struct netlink_batch *b, netlink_each_fn *each, void *ctx,
		 uint32_t *ret_failed);

/* The attribute of this type in a run of attributes, or NULL. */
const struct nlattr *netlink_find(const void *attributes, size_t len, uint16_t type);
static inline const void *netlink_data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}
static inline size_t netlink_len(const struct nlattr *a)
{
	return (size_t)a->nla_len - NLA_HDRLEN;
}

#endif
