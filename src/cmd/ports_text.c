/*
 * ports_text.c - a container's ports as docker's tables have them
 *
 * Ports that follow each other, in the container and, if they are published, on the host, become
 * one range. Published ones come first.
 */
#include "cmd/ports_text.h"

#include "base/own.h"
#include "codec/port.h"

#include <stdlib.h>

struct shown {
	const char *host_ip; /* NULL: exposed only */
	int host_first, host_last, first, last;
	const char *protocol;
};

static int compare(const void *x, const void *y)
{
	const struct shown *a = x, *b = y;

	if (!a->host_ip != !b->host_ip)
		return a->host_ip ? -1 : 1;
	if (a->protocol != b->protocol)
		return strcmp(a->protocol, b->protocol);
	if (a->host_ip && strcmp(a->host_ip, b->host_ip) != 0)
		return strcmp(a->host_ip, b->host_ip);
	return a->first != b->first ? a->first - b->first : a->host_first - b->host_first;
}

static bool follows(const struct shown *a, const struct shown *b)
{
	return str_eq(a->host_ip, b->host_ip) && str_eq(a->protocol, b->protocol) &&
	       a->last + 1 == b->first && (!a->host_ip || a->host_last + 1 == b->host_first);
}

static size_t gather(const struct container *c, struct shown *to)
{
	size_t n = 0;

	for (size_t i = 0; i < c->ports.n; i++) {
		const struct port_binding *p = &c->ports.items[i];
		struct port_range port, host;

		/* Of a routed network's the host has none. */
		if (!str_is_empty(p->host_port) && port_range_parse(p->port, &port, NULL) == 0 &&
		    port_range_parse(p->host_port, &host, NULL) == 0)
			to[n++] = (struct shown){ p->host_ip, host.first, host.first,
						  port.first, port.first, port.protocol };
	}
	for (size_t i = 0; i < c->config.exposed_ports.n; i++) {
		const char *text = c->config.exposed_ports.items[i];
		struct port_range port;
		bool published = port_range_parse(text, &port, NULL) < 0;

		for (size_t k = 0; k < c->ports.n && !published; k++)
			published = str_eq(c->ports.items[k].port, text) &&
				    !str_is_empty(c->ports.items[k].host_port);
		if (!published)
			to[n++] =
				(struct shown){ NULL, 0, 0, port.first, port.last, port.protocol };
	}
	return n;
}

static void write_range(int first, int last, struct buf *out)
{
	if (first == last)
		buf_printf(out, "%d", first);
	else
		buf_printf(out, "%d-%d", first, last);
}

static void write_one(const struct shown *s, struct buf *out)
{
	if (out->len)
		buf_adds(out, ", ");
	if (s->host_ip) {
		bool v6 = strchr(s->host_ip, ':');

		buf_printf(out, "%s%s%s:", v6 ? "[" : "", s->host_ip, v6 ? "]" : "");
		write_range(s->host_first, s->host_last, out);
		buf_adds(out, "->");
	}
	write_range(s->first, s->last, out);
	buf_printf(out, "/%s", s->protocol);
}

const char *ports_text(const struct container *c, struct arena *a)
{
	OWN(buf) struct buf out = { 0 };
	struct shown *all;
	size_t n;

	if (!c->state.running)
		return "";
	all = arena_array(a, c->ports.n + c->config.exposed_ports.n, sizeof(*all));
	n = gather(c, all);
	if (n)
		qsort(all, n, sizeof(*all), compare);
	for (size_t i = 0; i < n; i++) {
		struct shown one = all[i];

		for (; i + 1 < n && follows(&one, &all[i + 1]); i++) {
			one.last = all[i + 1].last;
			one.host_last = all[i + 1].host_last;
		}
		write_one(&one, &out);
	}
	return arena_strdup(a, buf_text(&out));
}
