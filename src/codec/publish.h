/*
 * publish.h - ports to publish as docker's -p has them: "127.0.0.1:8000-8002:80-82/tcp"
 */
#ifndef CODEC_PUBLISH_H
#define CODEC_PUBLISH_H

#include "codec/port.h"

enum { PUBLISH_ADDRESS_MAX = 46 };

struct publish {
	char host_ip[PUBLISH_ADDRESS_MAX]; /* "": where the network wants it */
	uint16_t host_first, host_last;    /* both 0: any that is free */
	struct port_range container;
};

/*
 * [IPv4:|[IPv6]:][[FIRST[-LAST]]:]FIRST[-LAST][/PROTOCOL]. Several ports of the container have as
 * many of the host; one may have the first free of a range. -EINVAL with the reason.
 */
int publish_parse(const char *text, struct publish *ret, struct err *err);

#endif
