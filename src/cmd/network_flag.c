/*
 * network_flag.c - values of --network and -p
 */
#include "cmd/network_flag.h"

#include <errno.h>

/* -- networks -- */

int network_flag_parse(const char *text, struct arena *a, struct endpoint *ret, struct err *err)
{
	struct strv parts = strv_split(a, text, ',');

	*ret = (struct endpoint){ .network = text };
	if (!strchr(text, '='))
		return 0;
	ret->network = NULL;
	for (size_t i = 0; i < parts.n; i++) {
		const char *part = parts.items[i];

		if (str_after(part, "name="))
			ret->network = str_after(part, "name=");
		else if (str_after(part, "ip="))
			ret->wanted_ip = str_after(part, "ip=");
		else if (str_after(part, "mac-address="))
			ret->wanted_mac = str_after(part, "mac-address=");
		else if (str_after(part, "alias="))
			strv_add(&ret->aliases, a, str_after(part, "alias="));
		else
			return err_set(err, -EINVAL, "use name=, alias=, ip= and mac-address=");
	}
	if (str_is_empty(ret->network))
		return err_set(err, -EINVAL, "it has no name=");
	return 0;
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
