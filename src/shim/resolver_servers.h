/*
 * resolver_servers.h - the name servers that are asked for what the networks do not know
 *
 * Those of --dns, or the host's: its resolv.conf is read again when it was changed, since a host
 * may move to another network while a container runs.
 */
#ifndef SHIM_RESOLVER_SERVERS_H
#define SHIM_RESOLVER_SERVERS_H

#include "base/err.h"
#include "base/str.h"
#include "codec/resolv_conf.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct resolver_server {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	socklen_t len;
	int64_t bad_until_ms; /* it did not answer: until then others are asked first */
};

struct resolver_servers {
	bool is_fixed;
	dev_t dev; /* the host's file as it was read */
	ino_t ino;
	struct timespec changed;
	size_t n;
	struct resolver_server items[RESOLV_CONF_SERVERS_MAX];
};

/* The addresses of the plan; none of them: those of the host. -EINVAL. */
int resolver_servers_init(struct resolver_servers *all, const struct strv *addresses,
			  struct err *err);
/* Reads what was changed. */
void resolver_servers_refresh(struct resolver_servers *all);
/* The next one to ask when those in tried (bits) were asked; -1: none is left. */
int resolver_servers_next(const struct resolver_servers *all, uint8_t tried, int64_t now_ms);

#endif
