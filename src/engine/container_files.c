/*
 * container_files.c - the hosts, hostname and resolv.conf that a container has of its own
 *
 * With --network host they are the host's, with what the user adds; with container:NAME the other
 * container's. Otherwise as docker makes them: hosts begins with the usual names and ends with the
 * container's own, and of resolv.conf's nameservers those on the host's loopback
 * are left out, for they cannot be reached from another network namespace.
 */
#include "engine/container_files.h"

#include "base/own.h"
#include "engine/net_endpoint.h"
#include "engine/net_names.h"
#include "engine/network.h"
#include "engine/network_device.h"
#include "sys/file.h"

#include <fcntl.h>

enum { HOST_FILE_MAX = 1 << 20 };
#define HOST_GATEWAY "host-gateway"

static bool uses_host_network(const struct container *c)
{
	return str_eq(c->host_config.network_mode, "host");
}

static void add_name(const char *address, const struct container_config *config, struct buf *out)
{
	if (str_is_empty(address))
		return;
	buf_printf(out, "%s\t", address);
	if (!str_is_empty(config->domainname))
		buf_printf(out, "%s.%s ", config->hostname, config->domainname);
	buf_printf(out, "%s\n", config->hostname);
}

/* Each address it has, with what it is called. */
static void add_own(const struct container *c, struct buf *out)
{
	for (size_t i = 0; i < c->endpoints.n; i++) {
		add_name(c->endpoints.items[i].ip, &c->config, out);
		add_name(c->endpoints.items[i].ip6, &c->config, out);
	}
}

void container_files_hosts(const struct container *c, const char *host, const char *gateway,
			   struct buf *out)
{
	const struct strv *extra = &c->host_config.extra_hosts;

	buf_adds(out, uses_host_network(c) ? host
					   : "127.0.0.1\tlocalhost\n"
					     "::1\tlocalhost ip6-localhost ip6-loopback\n"
					     "fe00::\tip6-localnet\n"
					     "ff00::\tip6-mcastprefix\n"
					     "ff02::1\tip6-allnodes\n"
					     "ff02::2\tip6-allrouters\n");
	if (out->len && out->data[out->len - 1] != '\n')
		buf_addc(out, '\n');
	for (size_t i = 0; i < extra->n; i++) {
		const char *colon = strchr(extra->items[i], ':');

		buf_printf(out, "%s\t%.*s\n", str_eq(colon + 1, HOST_GATEWAY) ? gateway : colon + 1,
			   (int)(colon - extra->items[i]), extra->items[i]);
	}
	add_own(c, out);
}

/* The rest of a line that begins with the keyword, or NULL. */
static const char *after_keyword(const char *line, const char *keyword)
{
	const char *rest = str_after(line, keyword);

	if (!rest || (*rest != ' ' && *rest != '\t'))
		return NULL;
	return rest + strspn(rest, " \t");
}

static bool is_loopback(const char *address)
{
	return str_after(address, "127.") || str_eq(address, "::1");
}

static void add_list(struct buf *out, const char *keyword, const struct strv *items)
{
	if (items->n == 0)
		return;
	buf_adds(out, keyword);
	for (size_t i = 0; i < items->n; i++)
		buf_printf(out, " %s", items->items[i]);
	buf_addc(out, '\n');
}

/* What of the host's file stays: the user's lists replace the host's. */
static void filter_resolv(const struct host_config *h, const struct strv *lines, struct buf *out)
{
	size_t servers = 0;

	for (size_t i = 0; i < h->dns.n; i++, servers++)
		buf_printf(out, "nameserver %s\n", h->dns.items[i]);
	for (size_t i = 0; i < lines->n && h->dns.n == 0; i++) {
		const char *address = after_keyword(lines->items[i], "nameserver");

		if (!address || is_loopback(address))
			continue;
		buf_printf(out, "nameserver %s\n", address);
		servers++;
	}
	if (servers == 0) /* docker's choice for a host that has only a local resolver */
		buf_adds(out, "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
	for (size_t i = 0; i < lines->n; i++) {
		const char *line = lines->items[i];
		bool search = after_keyword(line, "search") || after_keyword(line, "domain");

		if ((search && h->dns_search.n == 0) ||
		    (after_keyword(line, "options") && h->dns_options.n == 0))
			buf_printf(out, "%s\n", line);
	}
	if (!(h->dns_search.n == 1 && str_eq(h->dns_search.items[0], ".")))
		add_list(out, "search", &h->dns_search);
	add_list(out, "options", &h->dns_options);
}

/* The name server of its own asks those; with ndots:0 a name without a dot is looked for as it is.
 */
static void own_resolv(const struct host_config *h, const struct strv *lines, struct buf *out)
{
	buf_adds(out, "nameserver 127.0.0.11\n");
	for (size_t i = 0; i < lines->n && h->dns_search.n == 0; i++)
		if (after_keyword(lines->items[i], "search") ||
		    after_keyword(lines->items[i], "domain"))
			buf_printf(out, "%s\n", lines->items[i]);
	if (!(h->dns_search.n == 1 && str_eq(h->dns_search.items[0], ".")))
		add_list(out, "search", &h->dns_search);
	buf_adds(out, "options ndots:0");
	for (size_t i = 0; i < h->dns_options.n; i++)
		buf_printf(out, " %s", h->dns_options.items[i]);
	buf_addc(out, '\n');
}

void container_files_resolv(const struct container *c, const char *host, struct buf *out)
{
	const struct host_config *h = &c->host_config;
	OWN(arena) struct arena a = ARENA_INIT;
	bool overridden = h->dns.n || h->dns_search.n || h->dns_options.n;
	struct strv lines;

	if (uses_host_network(c) && !overridden) {
		buf_adds(out, host);
		return;
	}
	lines = strv_split(&a, host, '\n');
	if (net_names_wanted(c))
		own_resolv(h, &lines, out);
	else
		filter_resolv(h, &lines, out);
}

static int write_file(int dir, const char *name, const char *text, size_t len, struct err *err)
{
	OWN(fd) int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : file_write_all(fd, text, len);

	return r < 0 ? err_code(err, r, "writing the container's %s", name) : 0;
}

/* A host's file that is missing is an empty one. */
static char *read_host_file(const char *path)
{
	OWN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	OWN(buf) struct buf text = { 0 };
	char part[4096];
	ssize_t n;

	while (fd >= 0 && text.len < HOST_FILE_MAX && (n = read(fd, part, sizeof(part))) > 0)
		buf_add(&text, part, (size_t)n);
	buf_addc(&text, '\0');
	return buf_take(&text);
}

/* "host-gateway" is where the host is reached from any bridge: at the default one's address. */
static int find_gateway(struct engine *e, const struct container *c, struct arena *a,
			const char **ret, struct err *err)
{
	const struct strv *extra = &c->host_config.extra_hosts;
	struct network_doc n;
	bool wanted = false;
	int r;

	for (size_t i = 0; i < extra->n; i++)
		wanted = wanted || str_ends(extra->items[i], ":" HOST_GATEWAY);
	if (!wanted)
		return 0;
	r = network_find(e, NETWORK_DEFAULT, a, &n, err);
	if (r == 0)
		r = network_device_ensure(e, &n, err);
	if (r == 0)
		*ret = n.ipam.config.items[0].gateway;
	return r;
}

/* The same text for both: what one of them changes later is not seen by the other. */
static int copy_shared(struct engine *e, int dir, const struct container *c, struct err *err)
{
	static const char *const names[] = { "hosts", "resolv.conf", "hostname" };
	OWN(fd) int from =
		openat(e->c_fd, net_endpoint_shared(c), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		char *text = NULL;
		size_t len = 0;

		r = from < 0 ? -ENOENT : file_read_at(from, names[i], HOST_FILE_MAX, &text, &len);
		r = r < 0 ? err_code(err, r, "the other container's %s", names[i])
			  : write_file(dir, names[i], text, len, err);
		free(text);
	}
	return r;
}

int container_files_write(struct engine *e, int dir, const struct container *c, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *gateway = "";
	OWN(str) char *resolv = read_host_file("/etc/resolv.conf");
	OWN(str) char *hosts = uses_host_network(c) ? read_host_file("/etc/hosts") : NULL;
	OWN(buf) struct buf text = { 0 };
	int r = find_gateway(e, c, &a, &gateway, err);

	if (r < 0)
		return r;
	if (net_endpoint_shared(c))
		return copy_shared(e, dir, c, err);
	container_files_hosts(c, hosts, gateway, &text);
	r = write_file(dir, "hosts", buf_text(&text), text.len, err);
	buf_done(&text);
	if (r == 0) {
		container_files_resolv(c, resolv, &text);
		r = write_file(dir, "resolv.conf", buf_text(&text), text.len, err);
		buf_done(&text);
	}
	if (r == 0) {
		buf_printf(&text, "%s\n", c->config.hostname);
		r = write_file(dir, "hostname", buf_text(&text), text.len, err);
	}
	return r;
}
