/*
 * resolv_conf.h - the name servers in a resolv.conf(5)
 */
#ifndef CODEC_RESOLV_CONF_H
#define CODEC_RESOLV_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RESOLV_CONF_SERVERS_MAX = 3 /* MAXNS of libc */, RESOLV_CONF_SCOPE_MAX = 16 };

struct resolv_server {
	bool is_v6;
	uint8_t address[16];               /* the first 4 for IPv4 */
	char scope[RESOLV_CONF_SCOPE_MAX]; /* "eth0" of fe80::1%eth0; "" is none */
};

/* "192.0.2.1", "2001:db8::1", "fe80::1%eth0". -EINVAL. */
int resolv_conf_parse_server(const char *text, size_t len, struct resolv_server *ret);
/*
 * The first three servers of a file's text, in its order; others and what is none are passed over,
 * as libc does. Their number.
 */
size_t resolv_conf_servers(const char *text, size_t len,
			   struct resolv_server ret[RESOLV_CONF_SERVERS_MAX]);

#endif
