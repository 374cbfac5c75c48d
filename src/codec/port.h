/*
 * port.h - ports as docker writes them: "80", "80/tcp", "8000-8010/udp"
 */
#ifndef CODEC_PORT_H
#define CODEC_PORT_H

#include "base/err.h"

#include <stdint.h>

struct port_range {
	uint16_t first, last;
	const char *protocol; /* "tcp", "udp", "sctp"; static */
};

/* Ports from 0 to 65535; a protocol in any case, tcp without one. -EINVAL with the reason. */
int port_range_parse(const char *text, struct port_range *ret, struct err *err);

#endif
