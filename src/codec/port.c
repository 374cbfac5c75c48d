/*
 * port.c - ports as docker writes them
 */
#include "codec/port.h"

#include "base/str.h"

#include <ctype.h>
#include <strings.h>

enum { PORT_MAX = 65535 };

/* Digits at *s; -1 when there are none or too many. */
static int number(const char **s)
{
	int n = 0;

	if (!isdigit((unsigned char)**s))
		return -1;
	for (; isdigit((unsigned char)**s); (*s)++) {
		n = n * 10 + (**s - '0');
		if (n > PORT_MAX)
			return -1;
	}
	return n;
}

static const char *protocol(const char *name)
{
	static const char *const known[] = { "tcp", "udp", "sctp" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(known[i], name) == 0)
			return known[i];
	return NULL;
}

int port_range_parse(const char *text, struct port_range *ret, struct err *err)
{
	const char *at = text, *name = "tcp";
	int first = number(&at), last = first;

	if (first >= 0 && *at == '-') {
		at++;
		last = number(&at);
	}
	if (*at == '/')
		name = protocol(at + 1);
	else if (*at)
		first = -1;
	if (first < 0 || last < 0)
		return err_set(err, -EINVAL, "use PORT or FIRST-LAST, of 0 to %d", PORT_MAX);
	if (!name)
		return err_set(err, -EINVAL, "the protocol is one of tcp, udp and sctp");
	if (last < first)
		return err_set(err, -EINVAL, "the last port is below the first");
	*ret = (struct port_range){ (uint16_t)first, (uint16_t)last, name };
	return 0;
}
