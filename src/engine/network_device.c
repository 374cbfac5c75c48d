/*
 * network_device.c - what of a network is in the kernel
 *
 * STATE/net/ID holds a network's document from before its bridge is made until after it is removed:
 * so whoever comes after a killed process finds what may be there. It dies with the boot, as
 * bridges do. Changes are made under the lock of STATE/net; a start that finds everything in place
 * takes no lock.
 *
 * Rules are written whole (net/ruleset.c) from these files and from what each running container has
 * noted in STATE/c/ID/network. A shim takes its ports back after its status says that the container
 * has ended; so ports of one that has ended meanwhile are taken back once more, and none can stay.
 */
#include "engine/network_device.h"

#include "base/log.h"
#include "base/own.h"
#include "codec/digest.h"
#include "engine/container_dir.h"
#include "engine/network_ipam.h"
#include "engine/network_option.h"
#include "sys/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { NOTE_MAX = 1 << 24 };
/* In STATE/net: forwarding was off until we turned it on. */
static const char *const forward_marks[NET_VERSIONS] = { "forward", "forward6" };

/* -- STATE/net -- */

static int open_dir(struct engine *e, bool make, int *ret)
{
	int fd;

	if (make && mkdirat(e->state_fd, "net", 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(e->state_fd, "net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

/* The directory, and its lock, which goes with the descriptor. */
static int lock_dir(struct engine *e, int *ret_dir, int *ret_lock, struct err *err)
{
	OWN(fd) int dir = -1, lock = -1;
	int r = open_dir(e, true, &dir);

	if (r < 0)
		return err_code(err, r, "%s/net", e->state);
	lock = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	r = lock < 0 ? -errno : file_lock(lock, true);
	if (r < 0)
		return err_code(err, r, "%s/net/lock", e->state);
	*ret_dir = take_fd(&dir);
	*ret_lock = take_fd(&lock);
	return 0;
}

static int write_mark(int dir, const struct network_doc *n, struct err *err)
{
	OWN(buf) struct buf text = { 0 };
	int r;

	schema_write(&network_doc_schema, n, SCHEMA_COMPACT, &text);
	r = file_write_at(dir, n->id, text.data, text.len, 0600, 0);
	return r < 0 ? err_code(err, r, "noting network %s", n->name) : 0;
}

static int read_doc(int dir, const char *name, const struct schema *s, struct arena *a, void *ret)
{
	char *text;
	size_t len;
	int r = file_read_at(dir, name, NOTE_MAX, &text, &len);

	if (r < 0)
		return r;
	r = schema_read(s, text, len, a, ret, NULL);
	free(text);
	return r;
}

typedef int each_id_fn(void *ctx, int dir, const char *id);

/* Every entry whose name is an ID. */
static int each_id(int dir, each_id_fn *each, void *ctx)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list) {
		r = -errno;
		fd_cleanup(&fd);
		return r;
	}
	for (struct dirent *entry; r == 0 && (entry = readdir(list));)
		if (strlen(entry->d_name) == NETWORK_ID_LEN &&
		    digest_is_hex(entry->d_name, NETWORK_ID_LEN))
			r = each(ctx, dir, entry->d_name);
	(void)closedir(list);
	return r;
}

/* -- what the rules know of a network -- */

static struct net_nat nat_of(const struct network_doc *n, size_t version)
{
	enum network_mode mode = network_option_mode(n, version);

	if (!network_ipam_has(n, version == NET_V4 ? 4 : 6))
		return (struct net_nat){ .on = false };
	return (struct net_nat){
		.on = true,
		.masquerade =
			!n->internal && mode != NETWORK_ROUTED && network_option_masquerade(n),
		.source = network_option_source(n, version),
		.unprotected = mode == NETWORK_UNPROTECTED,
		.routed = mode == NETWORK_ROUTED,
	};
}

static struct net_member member_of(const struct network_doc *n, struct arena *a)
{
	struct strv trusted = network_option_trusted(n, a);
	struct ip_block *subnets;
	size_t n_subnets = network_ipam_subnets(n, a, &subnets);

	return (struct net_member){
		.bridge = n->device,
		.subnets = subnets,
		.n_subnets = n_subnets,
		.is_internal = n->internal,
		.icc = network_option_icc(n),
		.nat = { nat_of(n, NET_V4), nat_of(n, NET_V6) },
		.trusted = trusted.items,
		.n_trusted = trusted.n,
	};
}

/* -- all rules -- */

struct gathering {
	struct engine *e;
	struct arena *a;
	struct net_member *members;
	struct net_port *ports;
	struct strv publishers; /* containers */
	struct strv dead;       /* whose shims were killed: their ports are not written again */
	size_t n_members, n_ports;
};

static void *grow(struct arena *a, void *items, size_t n, size_t more, size_t size)
{
	void *grown = arena_array(a, n + more, size);

	if (n)
		memcpy(grown, items, n * size);
	return grown;
}

static int add_member(void *ctx, int dir, const char *id)
{
	struct gathering *g = ctx;
	struct network_doc n;

	if (read_doc(dir, id, &network_doc_schema, g->a, &n) < 0 || !n.device)
		return 0;
	g->members = grow(g->a, g->members, g->n_members, 1, sizeof(*g->members));
	g->members[g->n_members++] = member_of(&n, g->a);
	return 0;
}

static size_t read_ports(const struct net_plan *plan, struct net_port *to)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->ports.n; i++) {
		const struct net_port_plan *p = &plan->ports.items[i];

		to[n] = (struct net_port){ .protocol = (uint8_t)p->protocol,
					   .host_port = (uint16_t)p->host_port,
					   .port = (uint16_t)p->port };
		if (ip_block_parse_address(p->host_ip, &to[n].host_address) == 0 &&
		    ip_block_parse_address(p->ip, &to[n].address) == 0)
			n++;
	}
	return n;
}

/* A shim that lives and whose container has not ended. *ret_dead: there was one. */
static bool is_up(struct engine *e, const char *id, bool *ret_dead)
{
	struct shim_status s;
	bool alive = false, known = container_dir_peek(e, id, &s, &alive) == 0;

	*ret_dead = known && !alive;
	return known && alive && s.state != SHIM_STATE_EXITED && s.state != SHIM_STATE_RESTARTING;
}

static int add_container(void *ctx, int dir, const char *id)
{
	struct gathering *g = ctx;
	struct net_plan plan;
	OWN(fd) int fd = openat(dir, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool up, dead;

	if (fd < 0 || read_doc(fd, "network", &net_plan_schema, g->a, &plan) < 0 ||
	    plan.ports.n == 0)
		return 0;
	up = is_up(g->e, id, &dead);
	if (dead)
		strv_add(&g->dead, g->a, arena_printf(g->a, "%s/network", id));
	if (!up)
		return 0;
	g->ports = grow(g->a, g->ports, g->n_ports, plan.ports.n, sizeof(*g->ports));
	g->n_ports += read_ports(&plan, g->ports + g->n_ports);
	strv_add(&g->publishers, g->a, arena_strdup(g->a, id));
	return 0;
}

/*
 * Of the containers that have ended while we wrote. Of those that were dead nothing is left: a port
 * that another one has by then must not be taken back for them.
 */
static void take_back_late(struct gathering *g)
{
	bool dead;

	for (size_t i = 0; i < g->dead.n; i++)
		(void)unlinkat(g->e->c_fd, g->dead.items[i], 0);
	for (size_t i = 0; i < g->publishers.n; i++) {
		const char *id = g->publishers.items[i];
		OWN(fd) int fd = openat(g->e->c_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (!is_up(g->e, id, &dead))
			network_device_unpublish(fd);
	}
}

/* Under the lock. */
static int write_rules(struct engine *e, int dir, int fd, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct gathering g = { .e = e, .a = &a };
	struct net_rules rules;
	int r = each_id(dir, add_member, &g);

	if (r == 0)
		r = each_id(e->c_fd, add_container, &g);
	if (r < 0)
		return err_code(err, r, "gathering the rules of networks");
	rules = (struct net_rules){
		.members = g.members,
		.n_members = g.n_members,
		.ports = g.ports,
		.n_ports = g.n_ports,
	};
	for (size_t i = 0; i < NET_VERSIONS; i++)
		rules.no_transit[i] = faccessat(dir, forward_marks[i], F_OK, 0) == 0;
	r = net_rules_write(fd, &rules, err);
	take_back_late(&g);
	return r;
}

/* -- one network -- */

/* True in *ret_new when it was off: then the machine is to be no router for others. */
static int enable_forwarding(int dir, const struct network_doc *n, bool *ret_new, struct err *err)
{
	int r = 0;

	*ret_new = false;
	for (size_t i = 0; r == 0 && i < NET_VERSIONS; i++) {
		if (!network_ipam_has(n, i == NET_V4 ? 4 : 6) || net_forwarding_is_on(i))
			continue;
		*ret_new = true;
		r = file_write_at(dir, forward_marks[i], "", 0, 0600, 0);
		r = r < 0 ? err_code(err, r, "noting that forwarding was off")
			  : net_forwarding_enable(i, err);
	}
	return r;
}

static bool is_in_place(struct engine *e, const struct network_doc *n, int links, int rules)
{
	char path[sizeof("net/") + NETWORK_ID_LEN];
	int index;

	(void)snprintf(path, sizeof(path), "net/%s", n->id);
	return faccessat(e->state_fd, path, F_OK, 0) == 0 &&
	       net_link_index(links, n->device, &index) == 0 && net_rules_find(rules) == 0;
}

/* Isolated: the host has no place in it. */
static bool has_address(const struct network_doc *n, const struct ip_block *address)
{
	size_t version = net_version(address);

	return network_option_mode(n, version) != NETWORK_ISOLATED &&
	       !(version == NET_V4 && network_option_no_address(n));
}

static int make_bridge(const struct network_doc *n, int links, struct arena *a, struct err *err)
{
	struct net_bridge bridge = { .name = n->device,
				     .mtu = network_option_mtu(n),
				     .is_nat = !n->internal && network_ipam_has(n, 4) };
	struct ip_block *addresses;
	size_t count = network_ipam_gateways(n, a, &addresses);

	if (count)
		net_mac_of(&addresses[0], bridge.mac);
	for (size_t i = 0; i < count; i++)
		if (has_address(n, &addresses[i]))
			addresses[bridge.n_addresses++] = addresses[i];
	bridge.addresses = addresses;
	return net_bridge_setup(links, &bridge, err);
}

static int make(struct engine *e, int dir, const struct network_doc *n, int links, int rules,
		struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct net_member member = member_of(n, &a);
	bool new_forwarding = false;
	int r = write_mark(dir, n, err);

	if (r == 0)
		r = enable_forwarding(dir, n, &new_forwarding, err);
	if (r < 0)
		return r;
	/* The rules first: nothing may pass an interface that they do not know. */
	if (new_forwarding || net_rules_find(rules) == -ENOENT)
		r = write_rules(e, dir, rules, err);
	else
		r = net_rules_add(rules, &(struct net_rules){ .members = &member, .n_members = 1 },
				  err);
	return r < 0 ? r : make_bridge(n, links, &a, err);
}

int network_device_ensure(struct engine *e, const struct network_doc *n, struct err *err)
{
	OWN(fd) int links = -1, rules = -1, dir = -1, lock = -1;
	int r;

	if (!n->device)
		return 0;
	r = net_link_socket(&links, err);
	if (r == 0)
		r = net_rules_socket(&rules, err);
	if (r < 0 || is_in_place(e, n, links, rules))
		return r;
	r = lock_dir(e, &dir, &lock, err);
	if (r == 0)
		r = make(e, dir, n, links, rules, err);
	return r < 0 ? err_wrap(err, "network %s", n->name) : 0;
}

/* Under the lock. */
static int remove_locked(int dir, const struct network_doc *n, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct net_member member = member_of(n, &a);
	OWN(fd) int links = -1, rules = -1;
	int r = net_link_socket(&links, err);

	if (r == 0)
		r = net_rules_socket(&rules, err);
	if (r == 0)
		r = net_link_remove(links, n->device, err);
	if (r < 0)
		return err_wrap(err, "network %s", n->name);
	(void)net_rules_drop(rules, &(struct net_rules){ .members = &member, .n_members = 1 });
	(void)unlinkat(dir, n->id, 0);
	return 0;
}

int network_device_remove(struct engine *e, const struct network_doc *n, struct err *err)
{
	OWN(fd) int dir = -1, lock = -1;
	int r;

	if (!n->device)
		return 0;
	r = lock_dir(e, &dir, &lock, err);
	return r < 0 ? r : remove_locked(dir, n, err);
}

/* -- healing -- */

struct healing {
	struct engine *e;
	struct arena *a;
	size_t marks;
};

static bool is_known(struct engine *e, const char *id)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	const void *data;
	size_t len;

	return state_begin(e->st, STATE_READ, &txn, NULL) < 0 ||
	       state_get(txn, STATE_NETWORKS, id, &data, &len) == 0;
}

static int heal_mark(void *ctx, int dir, const char *id)
{
	struct healing *h = ctx;
	struct err why = ERR_INIT;
	struct network_doc n;

	h->marks++;
	if (is_known(h->e, id))
		return 0;
	if (read_doc(dir, id, &network_doc_schema, h->a, &n) < 0 || !n.device)
		(void)unlinkat(dir, id, 0);
	else if (remove_locked(dir, &n, &why) < 0)
		log_warn("what a removed network left is still there: %s", why.msg);
	return 0;
}

int network_device_heal(struct engine *e, bool always, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct healing h = { .e = e, .a = &a };
	OWN(fd) int dir = -1, lock = -1, rules = -1;
	int r;

	if (open_dir(e, false, &dir) == -ENOENT)
		return 0; /* no network has been used since the boot */
	fd_cleanup(&dir);
	r = lock_dir(e, &dir, &lock, err);
	if (r == 0)
		r = net_rules_socket(&rules, err);
	if (r < 0)
		return r;
	r = each_id(dir, heal_mark, &h);
	if (r < 0)
		return err_code(err, r, "%s/net", e->state);
	if (h.marks > 0 && (always || net_rules_find(rules) == -ENOENT))
		r = write_rules(e, dir, rules, err);
	return r;
}

/* -- containers -- */

int network_device_note(int dir, const struct net_plan *plan, struct err *err)
{
	OWN(buf) struct buf text = { 0 };
	int r;

	schema_write(&net_plan_schema, plan, SCHEMA_COMPACT, &text);
	r = file_write_at(dir, "network", text.data, text.len, 0600, 0);
	return r < 0 ? err_code(err, r, "noting the container's network") : 0;
}

static void forget_connections(const struct net_plan *plan)
{
	struct ip_block address;

	for (size_t i = 0; i < plan->links.n; i++) {
		const struct strv *all = &plan->links.items[i].addresses;

		for (size_t j = 0; j < all->n; j++)
			if (ip_block_parse_within(all->items[j], &address) == 0)
				(void)net_conntrack_forget(&address);
	}
}

void network_device_unpublish(int dir)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct err ignored = ERR_INIT;
	OWN(fd) int fd = -1;
	struct net_plan plan;
	struct net_rules rules = { 0 };
	struct net_port *ports;

	if (dir < 0 || read_doc(dir, "network", &net_plan_schema, &a, &plan) < 0)
		return;
	forget_connections(&plan);
	if (plan.ports.n == 0)
		return;
	ports = arena_array(&a, plan.ports.n, sizeof(*ports));
	rules.ports = ports;
	rules.n_ports = read_ports(&plan, ports);
	if (rules.n_ports == 0 || net_rules_socket(&fd, &ignored) < 0)
		return;
	(void)net_rules_drop(fd, &rules);
}
