/*
 * network_option.h - options of networks and endpoints, by docker's names
 */
#ifndef ENGINE_NETWORK_OPTION_H
#define ENGINE_NETWORK_OPTION_H

#include "codec/ip_block.h"
#include "engine/room.h"
#include "net/net.h"

/*
 * Whether a bridge can have what the user asks for. Sets what options say in place of flags
 * (com.docker.network.enable_ipv6). -ENOTSUP names what there is.
 */
int network_option_check(struct network_doc *n, struct err *err);
/* The same of an endpoint's. */
int network_option_check_endpoint(const struct endpoint *ep, struct err *err);

/* How a network and what is outside of it reach each other (gateway_mode_ipv4, _ipv6). */
enum network_mode { NETWORK_NAT, NETWORK_UNPROTECTED, NETWORK_ROUTED, NETWORK_ISOLATED };
enum network_mode network_option_mode(const struct network_doc *n, size_t version);

uint32_t network_option_mtu(const struct network_doc *n);
bool network_option_icc(const struct network_doc *n);
bool network_option_masquerade(const struct network_doc *n);
/* The bridge has no address of IPv4. */
bool network_option_no_address(const struct network_doc *n);
/* The address that what goes out is given; family 0: the interface's. */
struct ip_block network_option_source(const struct network_doc *n, size_t version);
struct strv network_option_trusted(const struct network_doc *n, struct arena *a);
/* What the names of its interfaces in containers begin with. */
const char *network_option_prefix(const struct network_doc *n);

/* The interface's name in the container, or NULL. */
const char *network_option_interface(const struct endpoint *ep);
/* "ipv4/conf/eth1/log_martians=1" for each of the endpoint's sysctls. */
struct strv network_option_settings(const struct endpoint *ep, struct arena *a);

#endif
