/*
 * network_flag.c - values of --network and -p
 */
#include "cmd/network_flag.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* -- networks -- */

static int parse_priority(const char *text, int *ret, struct err *err)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < INT32_MIN || n > INT32_MAX)
		return err_set(err, -EINVAL, "invalid gw-priority %.50s: a whole number", text);
	*ret = (int)n;
	return 0;
}

int network_flag_option(const char *text, struct arena *a, struct endpoint *ep, struct err *err)
{
	const char *equals = strchr(text, '=');

	if (!equals)
		return err_set(err, -EINVAL, "driver-opt %.100s: use KEY=VALUE", text);
	str_map_set(&ep->driver_opts, a, arena_strndup(a, text, (size_t)(equals - text)),
		    equals + 1);
	return 0;
}

static int parse_part(const char *part, struct arena *a, struct endpoint *ret, struct err *err)
{
	const struct {
		const char *key, **one;
		struct strv *list;
	} keys[] = {
		{ "name=", &ret->network, NULL },   { "ip=", &ret->wanted_ip, NULL },
		{ "ip6=", &ret->wanted_ip6, NULL }, { "mac-address=", &ret->wanted_mac, NULL },
		{ "alias=", NULL, &ret->aliases },  { "link-local-ip=", NULL, &ret->link_local },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = str_after(part, keys[i].key);

		if (!value)
			continue;
		if (keys[i].one)
			*keys[i].one = value;
		else
			strv_add(keys[i].list, a, value);
		return 0;
	}
	if (str_after(part, "driver-opt="))
		return network_flag_option(str_after(part, "driver-opt="), a, ret, err);
	if (str_after(part, "gw-priority="))
		return parse_priority(str_after(part, "gw-priority="), &ret->gw_priority, err);
	return err_set(err, -EINVAL,
		       "use name=, alias=, ip=, ip6=, link-local-ip=, mac-address=, driver-opt= "
		       "and gw-priority=");
}

/*
 * What stands between commas; one that has a comma itself is in double quotes, as in the CSV that
 * docker reads: name=one,"driver-opt=KEY=a=1,b=2".
 */
static int split_fields(const char *text, struct arena *a, struct strv *ret, struct err *err)
{
	for (;;) {
		bool quoted = *text == '"';
		const char *begin = text + quoted;
		const char *end = quoted ? strchr(begin, '"') : begin + strcspn(begin, ",");

		if (!end || (quoted && end[1] && end[1] != ','))
			return err_set(err, -EINVAL, "a double quote is not closed");
		strv_add(ret, a, arena_strndup(a, begin, (size_t)(end - begin)));
		text = end + quoted;
		if (!*text)
			return 0;
		text++;
	}
}

int network_flag_parse(const char *text, struct arena *a, struct endpoint *ret, struct err *err)
{
	struct strv parts = { 0 };
	int r;

	*ret = (struct endpoint){ .network = text };
	if (!strchr(text, '='))
		return 0;
	ret->network = NULL;
	r = split_fields(text, a, &parts, err);
	for (size_t i = 0; r == 0 && i < parts.n; i++)
		r = parse_part(parts.items[i], a, ret, err);
	if (r == 0 && str_is_empty(ret->network))
		return err_set(err, -EINVAL, "it has no name=");
	return r;
}

/* -- ports -- */

static int shorten(const char *text, struct arena *a, const char **ret, struct err *err)
{
	struct strv parts = strv_split(a, text, ',');
	const char *target = NULL, *published = "", *protocol = "tcp";

	for (size_t i = 0; i < parts.n; i++) {
		const char *part = parts.items[i];

		if (str_after(part, "target="))
			target = str_after(part, "target=");
		else if (str_after(part, "published="))
			published = str_after(part, "published=");
		else if (str_after(part, "protocol="))
			protocol = str_after(part, "protocol=");
		else
			return err_set(err, -EINVAL, "use target=, published= and protocol=");
	}
	if (str_is_empty(target))
		return err_set(err, -EINVAL, "it has no target=");
	*ret = arena_printf(a, "%s:%s/%s", published, target, protocol);
	return 0;
}

int network_flag_publish(const char *text, struct arena *a, struct publish *ret, struct err *err)
{
	int r = strchr(text, '=') ? shorten(text, a, &text, err) : 0;

	return r < 0 ? r : publish_parse(text, ret, err);
}

static unsigned count(const struct publish *p)
{
	return (unsigned)(p->container.last - p->container.first) + 1;
}

static void bind_one(const struct publish *p, unsigned i, struct arena *a, struct host_config *h,
		     struct container_config *c)
{
	const char *port = arena_printf(a, "%u/%s", p->container.first + i, p->container.protocol);
	struct port_binding *b = &h->port_bindings.items[h->port_bindings.n++];

	*b = (struct port_binding){ .port = port,
				    .host_ip = arena_strdup(a, p->host_ip),
				    .host_port = "" };
	/* One that may have any of several keeps them as its wish. */
	if (count(p) == 1 && p->host_first != p->host_last)
		b->host_port = arena_printf(a, "%u-%u", p->host_first, p->host_last);
	else if (p->host_first)
		b->host_port = arena_printf(a, "%u", p->host_first + i);
	if (!strv_has(&c->exposed_ports, port))
		strv_add(&c->exposed_ports, a, port);
}

void network_flag_bind(const struct publish *all, size_t n, struct arena *a, struct host_config *h,
		       struct container_config *c)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += count(&all[i]);
	h->port_bindings.items = arena_array(a, total, sizeof(*h->port_bindings.items));
	h->port_bindings.n = 0;
	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; k < count(&all[i]); k++)
			bind_one(&all[i], k, a, h, c);
}
