/*
 * network_driver.c - which kinds of networks there are
 *
 * A driver more is a row more. "overlay" has its place, so that whoever asks for one learns why
 * there is none instead of that the word is unknown.
 */
#include "engine/network_driver.h"

#include "base/log.h"
#include "engine/cni_plugin.h"
#include "net/net.h"

enum { MTU_MIN = 68, MTU_MAX = 65535 };

static int refuse_predefined(struct engine *e, struct network_doc *n, struct arena *a,
			     struct err *err)
{
	(void)e;
	(void)a;
	return err_set(err, -EPERM, "only one instance of \"%s\" network is allowed", n->driver);
}

static int refuse_overlay(struct engine *e, struct network_doc *n, struct arena *a, struct err *err)
{
	(void)e;
	(void)n;
	(void)a;
	return err_set(err, -ENOTSUP,
		       "network driver overlay needs a cluster, and this machine is in none; use "
		       "bridge, macvlan or ipvlan");
}

static const struct network_driver host = { .name = "host", .validate = refuse_predefined };
static const struct network_driver null = { .name = "null", .validate = refuse_predefined };
static const struct network_driver overlay = { .name = "overlay",
					       .scope = NETWORK_SCOPE_GLOBAL,
					       .validate = refuse_overlay };
/* Of a document from a later version: its network can be looked at and removed. */
static const struct network_driver unknown = { .name = NULL };

static const struct network_driver *const drivers[] = {
	&network_driver_bridge,
	&network_driver_macvlan,
	&network_driver_ipvlan,
	&host,
	&null,
	&overlay,
};

const struct network_driver *network_driver_find(const char *name)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (str_eq(drivers[i]->name, name))
			return drivers[i];
	return str_after(name, CNI_PREFIX) ? &network_driver_cni : NULL;
}

const struct network_driver *network_driver_of(const struct network_doc *n)
{
	const struct network_driver *d = network_driver_find(n->driver);

	return d ? d : &unknown;
}

const char *network_driver_scope(const struct network_doc *n)
{
	return network_driver_of(n)->scope == NETWORK_SCOPE_GLOBAL ? "global" : "local";
}

int network_driver_validate(struct engine *e, struct network_doc *n, struct arena *a,
			    struct err *err)
{
	const struct network_driver *d = network_driver_find(n->driver);

	if (!d)
		return err_set(err, -ENOTSUP,
			       "network driver %.100s is not supported; use bridge, macvlan, "
			       "ipvlan or cni-PLUGIN",
			       n->driver);
	if (d != &network_driver_cni &&
	    (!str_eq(n->ipam.driver, "default") || n->ipam.options.n > 0))
		return err_set(err, -ENOTSUP,
			       "IPAM driver %.100s is not supported for driver %s, and it has no "
			       "options; use default",
			       n->ipam.driver, n->driver);
	return d->validate(e, n, a, err);
}

static int take_down(struct engine *e, const struct network_doc *n, struct err *err)
{
	const struct network_driver *d = network_driver_of(n);

	(void)err;
	if (d->teardown) {
		struct err why = ERR_INIT;

		if (d->teardown(e, n, &why) < 0)
			log_warn("what a removed network left is still there: %s", why.msg);
	}
	return 0;
}

int network_driver_heal(struct engine *e, struct err *err)
{
	return network_driver_each_lost(e, take_down, err);
}

/* -- checks -- */

int network_driver_check_mtu(const struct str_pair *o, struct err *err)
{
	char *end;
	long n = strtol(o->value, &end, 10);

	if (*end || end == o->value || n < MTU_MIN || n > MTU_MAX)
		return err_set(err, -EINVAL, "invalid value %.50s for %s: a number from %d to %d",
			       o->value, o->key, MTU_MIN, MTU_MAX);
	return 0;
}

int network_driver_check_device(const struct str_pair *o, struct err *err)
{
	if (str_is_empty(o->value) || strlen(o->value) >= NET_NAME_MAX ||
	    strpbrk(o->value, "/ \t\n:%") || str_eq(o->value, ".") || str_eq(o->value, ".."))
		return err_set(err, -EINVAL,
			       "invalid value %.50s for %s: an interface's name of at most 15 "
			       "characters",
			       o->value, o->key);
	return 0;
}
