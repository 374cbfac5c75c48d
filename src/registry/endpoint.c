/*
 * endpoint.c - where a registry is, and how much it must be trusted
 *
 * As docker: what is on this machine is always insecure (who could listen in?), others when they
 * are listed by HOST[:PORT] or when all their addresses are in a listed network.
 */
#include "registry/endpoint.h"

#include "base/own.h"

#include <arpa/inet.h>
#include <netdb.h>

static const char hub_domain[] = "docker.io", hub_host[] = "registry-1.docker.io";

struct address {
	unsigned char bytes[16];
	unsigned bits; /* 32 or 128 */
};

static bool read_address(const char *text, struct address *ret)
{
	*ret = (struct address){ .bits = 32 };
	if (inet_pton(AF_INET, text, ret->bytes) == 1)
		return true;
	ret->bits = 128;
	return inet_pton(AF_INET6, text, ret->bytes) == 1;
}

/* "10.0.0.0/8" */
static bool read_network(const char *text, struct address *ret, unsigned *ret_bits)
{
	OWN(str) char *address = str_dup(text);
	char *slash = strchr(address, '/'), *end;
	unsigned long bits;

	if (!slash)
		return false;
	*slash = '\0';
	bits = strtoul(slash + 1, &end, 10);
	if (!slash[1] || *end || !read_address(address, ret) || bits > ret->bits)
		return false;
	*ret_bits = (unsigned)bits;
	return true;
}

static bool is_in(const struct address *a, const struct address *network, unsigned bits)
{
	if (a->bits != network->bits)
		return false;
	for (unsigned i = 0; i < bits; i++)
		if ((a->bytes[i / 8] ^ network->bytes[i / 8]) & (128U >> i % 8))
			return false;
	return true;
}

static bool is_in_any(const struct address *a, const struct strv *networks)
{
	for (size_t i = 0; i < networks->n; i++) {
		struct address network;
		unsigned bits;

		if (read_network(networks->items[i], &network, &bits) && is_in(a, &network, bits))
			return true;
	}
	return false;
}

static bool has_networks(const struct strv *list)
{
	struct address network;
	unsigned bits;

	for (size_t i = 0; i < list->n; i++)
		if (read_network(list->items[i], &network, &bits))
			return true;
	return false;
}

/* Without port and brackets. Heap. */
static char *bare_host(const char *host)
{
	const char *colon = strrchr(host, ':'), *end = strchr(host, ']');

	if (*host == '[' && end)
		return str_printf("%.*s", (int)(end - host - 1), host + 1);
	return str_printf("%.*s", colon ? (int)(colon - host) : (int)strlen(host), host);
}

bool endpoint_is_loopback(const char *host)
{
	OWN(str) char *bare = bare_host(host);
	struct address a;

	if (strcasecmp(bare, "localhost") == 0)
		return true;
	if (!read_address(bare, &a))
		return false;
	return a.bits == 32 ? a.bytes[0] == 127
			    : memcmp(a.bytes, &in6addr_loopback, sizeof(a.bytes)) == 0;
}

static bool all_addresses_are_in(const char *bare, const struct strv *networks)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	bool all;

	if (getaddrinfo(bare, NULL, &hints, &list) != 0)
		return false;
	all = list != NULL;
	for (const struct addrinfo *i = list; i; i = i->ai_next) {
		char text[NI_MAXHOST];
		struct address a;

		all = all &&
		      getnameinfo(i->ai_addr, i->ai_addrlen, text, sizeof(text), NULL, 0,
				  NI_NUMERICHOST) == 0 &&
		      read_address(text, &a) && is_in_any(&a, networks);
	}
	freeaddrinfo(list);
	return all;
}

bool endpoint_is_insecure(const char *host, const struct settings *settings)
{
	const struct strv *list = &settings->insecure_registries;
	OWN(str) char *bare = bare_host(host);
	struct address a;

	if (endpoint_is_loopback(host) || strv_has(list, host) || strv_has(list, bare))
		return true;
	if (read_address(bare, &a))
		return is_in_any(&a, list);
	return has_networks(list) && all_addresses_are_in(bare, list);
}

static const char *host_of_url(const char *url, struct arena *a)
{
	const char *host = strstr(url, "://") + 3;

	return arena_strndup(a, host, strcspn(host, "/"));
}

static struct endpoint mirror(const char *url, const struct settings *settings, struct arena *a)
{
	size_t len = strlen(url);
	struct endpoint e = { .host = host_of_url(url, a), .mirror = true };

	while (len > 0 && url[len - 1] == '/')
		len--;
	e.base = arena_strndup(a, url, len);
	e.insecure = endpoint_is_insecure(e.host, settings);
	return e;
}

struct endpoint_list endpoint_find(const char *domain, bool pull, const struct settings *settings,
				   struct arena *a)
{
	const struct strv *mirrors = &settings->registry_mirrors;
	bool hub = str_eq(domain, hub_domain);
	struct endpoint_list list = { 0 };
	struct endpoint *own;

	list.items = arena_array(a, mirrors->n + 1, sizeof(list.items[0]));
	for (size_t i = 0; hub && pull && i < mirrors->n; i++)
		list.items[list.n++] = mirror(mirrors->items[i], settings, a);
	own = &list.items[list.n++];
	own->host = hub ? hub_host : arena_strdup(a, domain);
	own->base = arena_printf(a, "https://%s", own->host);
	own->insecure = !hub && endpoint_is_insecure(own->host, settings);
	return list;
}
