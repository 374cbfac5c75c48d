/*
 * publish.c - ports to publish as docker's -p has them
 */
#include "codec/publish.h"

#include "base/str.h"
#include "codec/ip_block.h"

#include <string.h>

enum { TEXT_MAX = 96 };

/* Cuts the last part off, behind its colon. NULL when there is none. */
static char *cut_last(char *text)
{
	char *colon = strrchr(text, ':');

	if (!colon)
		return NULL;
	*colon = '\0';
	return colon + 1;
}

/* IPv6 has brackets around it. */
static int parse_address(char *text, struct publish *p, struct err *err)
{
	size_t len = strlen(text);
	bool brackets = text[0] == '[' && text[len - 1] == ']';
	struct ip_block address = { .family = 4 };

	if (brackets) {
		text[len - 1] = '\0';
		text++;
	}
	if ((*text || brackets) &&
	    (ip_block_parse_address(text, &address) < 0 || (address.family == 6) != brackets))
		return err_set(err, -EINVAL, "invalid IP address: %s%s", text,
			       address.family == 6 ? " (IPv6 needs brackets: [::]:8080:80)" : "");
	/* An address that could be read is no longer. */
	memccpy(p->host_ip, text, '\0', sizeof(p->host_ip) - 1);
	return 0;
}

static int parse_host(const char *text, struct publish *p, struct err *err)
{
	struct port_range r;

	if (!*text)
		return 0;
	if (strchr(text, '/') || port_range_parse(text, &r, NULL) < 0)
		return err_set(err, -EINVAL, "invalid hostPort: %s", text);
	if (r.first == 0 && r.last != 0)
		return err_set(err, -EINVAL, "invalid hostPort: %s", text);
	p->host_first = r.first;
	p->host_last = r.last;
	return 0;
}

static int check_lengths(const struct publish *p, struct err *err)
{
	int host = p->host_last - p->host_first, container = p->container.last - p->container.first;

	if (p->container.first == 0)
		return err_set(err, -EINVAL, "invalid containerPort: 0");
	if (p->host_first && host != container && container != 0)
		return err_set(err, -EINVAL,
			       "Invalid ranges specified for container and host Ports: %u-%u and "
			       "%u-%u",
			       p->container.first, p->container.last, p->host_first, p->host_last);
	return 0;
}

int publish_parse(const char *text, struct publish *ret, struct err *err)
{
	struct publish p = { .host_first = 0 };
	char copy[TEXT_MAX], *container, *host;
	int r;

	if (strlen(text) >= sizeof(copy))
		return err_set(err, -EINVAL, "too long: %.80s", text);
	memcpy(copy, text, strlen(text) + 1);
	container = cut_last(copy);
	host = container ? cut_last(copy) : NULL;
	if (container && !*container)
		return err_set(err, -EINVAL, "no port specified: %s<empty>", text);
	r = port_range_parse(container ? container : copy, &p.container, err);
	if (r < 0)
		return err_wrap(err, "invalid containerPort: %s", container ? container : copy);
	if (host)
		r = parse_address(copy, &p, err);
	if (r == 0 && container)
		r = parse_host(host ? host : copy, &p, err);
	if (r == 0)
		r = check_lengths(&p, err);
	if (r == 0)
		*ret = p;
	return r;
}
