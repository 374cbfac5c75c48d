/*
 * policy.h - label policies in the kernel: which traffic of containers passes
 *
 * The second door of this room. What networks, containers and policies there are comes in; all that
 * is decided here is decided by pure functions (policy_decide.c, policy_compile.c,
 * policy_explain.c) and carried out by policy_nft.c and policy_flows.c.
 *
 * The compiled form is a list of items: sets, chains, elements. Every policy brings some, every
 * container brings some, and the state is all of them together. So a container that starts adds its
 * own (policy_nft_start()), whatever else there is, and a change of policies is the difference
 * between two lists (policy_items_diff(), policy_nft_apply()).
 */
#ifndef NET_POLICY_H
#define NET_POLICY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/ip_block.h"
#include "model/network_policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -- what there is -- */

struct policy_network {
	const char *name;
	const struct ip_block *subnets;
	size_t n_subnets;
	bool internal;   /* no way out, none in */
	bool no_icc;     /* its containers may not talk */
	bool unfiltered; /* its traffic does not pass the host's rules (macvlan, ipvlan) */
};

struct policy_address {
	const char *network; /* its name */
	struct ip_block address;
};

/* Protocol and number of a container's port that the host publishes. */
struct policy_published {
	uint8_t protocol;
	uint16_t port;
};

struct policy_container {
	const char *id, *name;
	struct str_map labels;
	const struct policy_address *addresses;
	size_t n_addresses;
	const struct policy_published *published;
	size_t n_published;
	bool host; /* has the host's own network */
};

struct policy_world {
	const struct policy_network *networks;
	size_t n_networks;
	const struct policy_container *containers; /* those that run */
	size_t n_containers;
	const struct network_policy *policies; /* checked, sorted by name */
	size_t n_policies;
};

/* -- deciding (policy_decide.c) -- */

/* A flow as one end sees it. */
struct policy_flow {
	struct ip_block
		remote;   /* family 0: some address that is in no network and no CIDR but /0 */
	uint8_t protocol; /* IPPROTO_*, ICMP for both versions; 0: one that no rule names */
	uint16_t port;    /* the destination's */
};

struct policy_decision {
	bool selected; /* by any policy, in this direction */
	bool allowed;
	const struct network_policy *policy; /* whose rule allowed it, or the first that selects */
	size_t rule;                         /* from 0; when allowed by a policy */
};

/* What the policies say of a flow from (egress) or to (ingress) a container. */
struct policy_decision policy_decide(const struct policy_world *w, enum policy_direction d,
				     const struct policy_container *c,
				     const struct policy_flow *flow);
/* Whose address it is; NULL: nobody's. */
const struct policy_container *policy_decide_owner(const struct policy_world *w,
						   const struct ip_block *address);
/* The network that has the address; NULL: none. */
const struct policy_network *policy_decide_network(const struct policy_world *w,
						   const struct ip_block *address);

/* -- explaining (policy_explain.c) -- */

struct policy_end {
	const struct policy_container *container; /* or: */
	struct ip_block address;                  /* or neither: the world */
};

struct policy_query {
	struct policy_end from, to;
	uint8_t protocol; /* 0: any */
	uint16_t port;
};

enum policy_reason {
	POLICY_REASON_FREE,       /* passes: no policy selects either end */
	POLICY_REASON_POLICY,     /* passes: rules allow it */
	POLICY_REASON_HOST,       /* passes: an end has the host's network, where no policy holds */
	POLICY_REASON_UNFILTERED, /* passes: the network's traffic does not pass the host */
	POLICY_REASON_DEFAULT,    /* denied: a policy selects an end, and no rule allows it */
	POLICY_REASON_ISOLATED,   /* denied: the ends share no network */
	POLICY_REASON_ICC,
	POLICY_REASON_INTERNAL,
	POLICY_REASON_UNPUBLISHED, /* denied: from outside, and the port is not published */
	POLICY_REASON_NO_NETWORK,
	POLICY_REASONS
};
extern const char *const policy_reason_names[POLICY_REASONS + 1];

struct policy_verdict {
	bool passes;
	enum policy_reason reason;
	const char *network; /* where it passes or fails; NULL */
	struct policy_decision decisions[POLICY_DIRECTIONS];
	const char *text;                    /* "passes: rule 1 for ingress of policy db" */
	const struct policy_port *only_port; /* without a port in the query: one that would pass */
};

/* "NAME", "ADDRESS", "world", and of a destination ":PORT[/PROTOCOL]" behind it. -EINVAL, -ENOENT.
 */
int policy_explain_parse(const struct policy_world *w, const char *from, const char *to,
			 struct arena *a, struct policy_query *ret, struct err *err);
void policy_explain(const struct policy_world *w, const struct policy_query *q, struct arena *a,
		    struct policy_verdict *ret);

/* -- compiling (policy_compile.c) -- */

/* All of it holds, then the packet is allowed. "remote" is the other end's address. */
struct policy_match {
	uint8_t family;                 /* of the packet, 4 or 6; 0: either */
	uint8_t protocol;               /* of the packet; 0: any */
	uint16_t port, end_port;        /* the destination's; 0: any */
	bool outside;                   /* the remote is not in the set */
	const char *set;                /* the remote is in it; NULL: anywhere */
	const struct ip_block *block;   /* the remote is in it; NULL: anywhere */
	const struct ip_block *excepts; /* and in none of these */
	size_t n_excepts;
	const char *policy; /* whose rule it is, for people */
	size_t rule;
};

enum policy_item_kind { POLICY_SET, POLICY_CHAIN, POLICY_ELEMENT };

struct policy_item {
	enum policy_item_kind kind;
	const char *name; /* of the set or chain; an element: of its set */
	/* What else makes it the item it is: rules of a chain, the selector of a set. */
	const char *text;
	uint8_t family; /* of a set */
	/* An element: an address, or in a set of intervals a block. */
	struct ip_block key;
	const char *chain; /* an element of a map: where its packets jump to */
	/* A chain: what does not match is dropped. */
	enum policy_direction direction;
	const struct policy_match *matches;
	size_t n_matches;
};

struct policy_items {
	struct policy_item *items; /* sorted, each once */
	size_t n;
};

/* What policies and networks bring, without any container. */
int policy_compile_base(const struct policy_world *w, struct arena *a, struct policy_items *ret,
			struct err *err);
/* What one container brings; w->containers is not looked at. */
int policy_compile_container(const struct policy_world *w, const struct policy_container *c,
			     struct arena *a, struct policy_items *ret, struct err *err);
/* Everything. */
int policy_compile(const struct policy_world *w, struct arena *a, struct policy_items *ret,
		   struct err *err);

/* -- lists of items (policy_items.c) -- */

/* The sets that are always there: name and family, "nets" of intervals, "in" and "out" of jumps. */
struct policy_fixed_set {
	const char *name;
	uint8_t family;
	bool interval, jumps;
};
enum { POLICY_FIXED_SETS = 8 };
extern const struct policy_fixed_set policy_items_fixed[POLICY_FIXED_SETS];

void policy_items_add(struct policy_items *list, struct arena *a, const struct policy_item *item);
/* Sorts and removes doubles. -EEXIST: two of one name that are not the same. */
int policy_items_sort(struct policy_items *list, struct err *err);

struct policy_op {
	bool add;
	const struct policy_item *item;
};
struct policy_ops {
	struct policy_op *ops;
	size_t n;
};
/* What makes `from` into `to`, in an order in which the kernel takes it in one transaction. */
void policy_items_diff(const struct policy_items *from, const struct policy_items *to,
		       struct arena *a, struct policy_ops *ret);
/* All as additions. */
void policy_items_all(const struct policy_items *list, struct arena *a, struct policy_ops *ret);
/* As text, one line each, in nft(8)'s words. */
void policy_items_write(const struct policy_items *list, struct buf *out);
void policy_items_write_match(const struct policy_match *m, enum policy_direction d,
			      struct buf *out);

/* -- into the kernel (policy_nft.c): a table "inet berth_policy" -- */

/* fd: a socket of net_rules_socket(). -ENOENT: the table is not there, or somebody flushed it. */
int policy_nft_find(int fd);
/* Replaces the whole table, in one transaction. */
int policy_nft_write(int fd, const struct policy_items *items, struct err *err);
/* One transaction; what fails changes nothing. -ENOENT, -EEXIST: the kernel has another state. */
int policy_nft_apply(int fd, const struct policy_ops *ops, struct err *err);
int policy_nft_remove(int fd, struct err *err);
/*
 * One container's items come or go. What is there already, or gone already, is fine; a chain goes
 * with the last container that needs it. start: what another one with its addresses has left goes,
 * from the sets of base (policy_compile_base()), too. -ENOENT, -EEXIST, -EBUSY as above.
 */
int policy_nft_start(int fd, const struct policy_items *base, const struct policy_container *c,
		     const struct policy_items *of_container, struct err *err);
int policy_nft_stop(int fd, const struct policy_items *of_container, struct err *err);

/* -- bridges (policy_bridge.c) -- */

/*
 * While there are policies the ports of a bridge are isolated and it answers for its containers, so
 * that neighbours talk through the host. answer: the bridge alone, before its first port is there.
 * route: with the ports that are there; isolated: whether they are to be (off, and icc=true: not);
 * addresses: the containers' there. A bridge that does not exist is fine.
 */
int policy_bridge_answer(const char *bridge, bool on, struct err *err);
/* For one address of IPv6 of a container that comes or goes; of IPv4 it answers for all. */
int policy_bridge_answer_for(const char *bridge, const struct ip_block *address, bool on,
			     struct err *err);
int policy_bridge_route(const char *bridge, bool on, bool isolated,
			const struct ip_block *addresses, size_t n, struct err *err);

/* -- connections (policy_flows.c) -- */

/*
 * Forgets every connection that the policies no longer allow, so that its next packet is judged
 * anew; all others go on. ret_cut (may be NULL): how many.
 */
int policy_flows_cut(int fd, const struct policy_world *w, size_t *ret_cut, struct err *err);
/* Whether a connection may go on: pure, for policy_flows_cut() and its tests. */
bool policy_flows_allowed(const struct policy_world *w, const struct ip_block *source,
			  const struct ip_block *destination, uint8_t protocol, uint16_t port,
			  bool source_is_local);

#endif
