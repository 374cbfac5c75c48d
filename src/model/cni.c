/*
 * cni.c - what plugins of the Container Network Interface answer
 */
#include "model/cni.h"

#include "base/own.h"
#include "codec/json.h"

#include <arpa/inet.h>
#include <ctype.h>

enum { MESSAGE_MAX = 300 };

/* The latest first. */
static const char *const versions[] = { "1.0.0", "0.4.0", "0.3.1" };

#define T struct cni_ip
SCHEMA(cni_ip, T, F_STR(T, address, "address", REQUIRED), F_STR(T, gateway, "gateway", OMIT_EMPTY));
#undef T
#define T struct cni_route
SCHEMA(cni_route, T, F_STR(T, dst, "dst", REQUIRED), F_STR(T, gw, "gw", OMIT_EMPTY));
#undef T
#define T struct cni_interface
SCHEMA(cni_interface, T, F_STR(T, name, "name", REQUIRED), F_STR(T, mac, "mac", OMIT_EMPTY),
       F_STR(T, sandbox, "sandbox", OMIT_EMPTY));
#undef T
#define T struct cni_dns
SCHEMA(cni_dns, T, F_STRV(T, nameservers, "nameservers", OMIT_EMPTY),
       F_STRV(T, search, "search", OMIT_EMPTY), F_STRV(T, options, "options", OMIT_EMPTY),
       F_STR(T, domain, "domain", OMIT_EMPTY));
#undef T
#define T struct cni_result
SCHEMA(cni_result, T, F_STR(T, version, "cniVersion", OMIT_EMPTY),
       F_LIST(T, interfaces, "interfaces", cni_interface, OMIT_EMPTY),
       F_LIST(T, ips, "ips", cni_ip, OMIT_EMPTY),
       F_LIST(T, routes, "routes", cni_route, OMIT_EMPTY),
       F_OBJ(T, dns, "dns", cni_dns, OMIT_EMPTY));
#undef T

#define T struct cni_attachment
SCHEMA(cni_attachment, T, F_STR(T, network_id, "networkID", REQUIRED),
       F_STR(T, network, "network", REQUIRED), F_STR(T, interface, "interface", REQUIRED),
       F_STR(T, type, "type", REQUIRED), F_STR(T, path, "path", REQUIRED),
       F_INT(T, timeout, "timeout", REQUIRED), F_RAW(T, conf, "conf", REQUIRED),
       F_RAW(T, result, "result", OMIT_EMPTY));
#undef T
#define T struct cni_attachments
SCHEMA(cni_attachments, T, F_LIST(T, items, "items", cni_attachment, ALWAYS_FULL));
#undef T

/* -- checking -- */

static bool is_address(const char *text)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* With or without a prefix that fits. */
static bool is_block(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : 0;
	bool v6 = strchr(text, ':') != NULL;
	char *end;
	long prefix;

	if (!slash || len >= sizeof(address) || !isdigit((unsigned char)slash[1]))
		return false;
	(void)snprintf(address, sizeof(address), "%.*s", (int)len, text);
	prefix = strtol(slash + 1, &end, 10);
	return *end == '\0' && prefix >= 0 && prefix <= (v6 ? 128 : 32) && is_address(address);
}

static int wrong(struct err *err, const char *what, size_t i, const char *text)
{
	return err_set(err, -EINVAL, "%s[%zu]: \"%.50s\" is no address", what, i, text);
}

static int check(const struct cni_result *r, struct err *err)
{
	if (r->ips.n > CNI_ADDRESSES_MAX || r->routes.n > CNI_ADDRESSES_MAX ||
	    r->dns.nameservers.n > CNI_ADDRESSES_MAX)
		return err_set(err, -EINVAL, "more than %d addresses, routes or name servers",
			       CNI_ADDRESSES_MAX);
	for (size_t i = 0; i < r->ips.n; i++) {
		const struct cni_ip *ip = &r->ips.items[i];

		if (!is_block(ip->address))
			return wrong(err, "ips", i, ip->address);
		if (!str_is_empty(ip->gateway) && !is_address(ip->gateway))
			return wrong(err, "ips", i, ip->gateway);
	}
	for (size_t i = 0; i < r->routes.n; i++) {
		const struct cni_route *to = &r->routes.items[i];

		if (!is_block(to->dst))
			return wrong(err, "routes", i, to->dst);
		if (!str_is_empty(to->gw) && !is_address(to->gw))
			return wrong(err, "routes", i, to->gw);
	}
	for (size_t i = 0; i < r->dns.nameservers.n; i++)
		if (!is_address(r->dns.nameservers.items[i]))
			return wrong(err, "dns.nameservers", i, r->dns.nameservers.items[i]);
	return 0;
}

int cni_read_result(const char *text, size_t len, struct arena *a, struct cni_result *ret,
		    struct err *err)
{
	struct cni_result r;
	int code = schema_read(&cni_result_schema, text, len, a, &r, err);

	if (code == 0)
		code = check(&r, err);
	if (code == 0)
		*ret = r;
	return code;
}

/* -- what follows -- */

static bool is_mac(const char *text)
{
	static const char form[] = "xx:xx:xx:xx:xx:xx";

	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != form[i])
			return false;
	return true;
}

static const char *mac_of(const struct cni_result *r, const char *interface)
{
	for (size_t i = 0; i < r->interfaces.n; i++) {
		const struct cni_interface *f = &r->interfaces.items[i];

		if (!str_is_empty(f->sandbox) && str_eq(f->name, interface) && f->mac &&
		    is_mac(f->mac))
			return f->mac;
	}
	return NULL;
}

/* The default route's way, when there is such a route. */
static const char *gateway_of(const struct cni_result *r, const struct cni_ip *ip)
{
	for (size_t i = 0; i < r->routes.n; i++) {
		const struct cni_route *to = &r->routes.items[i];

		if (str_eq(to->dst, "0.0.0.0/0"))
			return !str_is_empty(to->gw)        ? to->gw
			       : !str_is_empty(ip->gateway) ? ip->gateway
							    : "0.0.0.0";
	}
	return NULL;
}

void cni_endpoint_of(const struct cni_result *r, const char *interface, struct arena *a,
		     struct cni_endpoint *ret)
{
	*ret = (struct cni_endpoint){ .mac = mac_of(r, interface) };
	for (size_t i = 0; !ret->ip && i < r->ips.n; i++) {
		const struct cni_ip *ip = &r->ips.items[i];
		const char *slash = strchr(ip->address, '/');

		if (strchr(ip->address, ':'))
			continue;
		ret->ip = arena_strndup(a, ip->address, (size_t)(slash - ip->address));
		ret->prefix = (int)strtol(slash + 1, NULL, 10);
		ret->gateway = gateway_of(r, ip);
	}
}

#define T struct cni_failure
struct cni_failure {
	int code;
	const char *msg, *details;
};
SCHEMA_DECLARE(cni_failure);
SCHEMA(cni_failure, T, F_INT(T, code, "code", OMIT_EMPTY), F_STR(T, msg, "msg", OMIT_EMPTY),
       F_STR(T, details, "details", OMIT_EMPTY));
#undef T

/* A terminal must not be told what to do, and a line is a line. */
static const char *one_line(const char *text, struct arena *a)
{
	char *line = arena_strndup(a, text, strnlen(text, MESSAGE_MAX));

	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	return line;
}

const char *cni_read_error(const char *text, size_t len, struct arena *a)
{
	struct cni_failure f;

	if (schema_read(&cni_failure_schema, text, len, a, &f, NULL) < 0 || str_is_empty(f.msg))
		return "";
	if (str_is_empty(f.details))
		return one_line(f.msg, a);
	return one_line(arena_printf(a, "%.200s: %.200s", f.msg, f.details), a);
}

#define T struct cni_versions
struct cni_versions {
	struct strv supported;
};
SCHEMA_DECLARE(cni_versions);
SCHEMA(cni_versions, T, F_STRV(T, supported, "supportedVersions", REQUIRED));
#undef T

int cni_read_versions(const char *text, size_t len, const char **ret, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct cni_versions v;
	int r = schema_read(&cni_versions_schema, text, len, &a, &v, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (strv_has(&v.supported, versions[i])) {
			*ret = versions[i];
			return 0;
		}
	return err_set(err, -ENOTSUP, "it knows none of the versions %s, %s, %s", versions[0],
		       versions[1], versions[2]);
}

bool cni_is_version(const char *version)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (str_eq(versions[i], version))
			return true;
	return false;
}
