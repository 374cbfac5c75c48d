/*
 * test_policy_kernel.c - policies in a real kernel: connections between network namespaces
 *
 * Containers are namespaces at the ports of bridges, as Berth makes them where a policy holds:
 * ports are isolated and the bridge answers for all (proxy_arp_pvlan, NDP proxy), so that even
 * neighbours talk through the host. One namespace is the world. On random policies every connection
 * that is tried must pass exactly when the reference model says so. BERTH_TEST_SEED chooses them.
 */
#include "base/own.h"
#include "check.h"
#include "net/net.h"
#include "net/policy_random.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 25, TRIES = 60, PORTS = 8, FIRST_PORT = 6999, ENDS = CONTAINERS_MOST + 1 };
enum { WORLD = CONTAINERS_MOST, WAIT_MS = 10000, QUIET_MS = 40 };

static int rules = -1, router = -1, spaces[ENDS];
static int listeners[ENDS][2][PORTS], receivers[ENDS][2][PORTS]; /* by version: 4, 6 */
static struct arena forever;
static struct policy_container containers[CONTAINERS_MOST];
static struct ip_block world[2];

/* -- the place -- */

static void enter(int space)
{
	assert_int_equal(setns(space, CLONE_NEWNET), 0);
}

static void sysctl_set(const char *path, const char *value)
{
	OWN(str) char *whole = str_printf("/proc/sys/net/%s", path);
	OWN(fd) int fd = open(whole, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, value, strlen(value)), strlen(value));
}

/* iproute2, for what only tests need. */
static void ip(const char *words)
{
	extern char **environ;
	struct strv argv = { 0 };
	pid_t pid;
	int status;

	argv = strv_split(&forever, arena_printf(&forever, "ip %s", words), ' ');
	assert_int_equal(posix_spawnp(&pid, "ip", NULL, NULL, (char *const *)argv.items, environ),
			 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int new_space(void)
{
	int fd;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* The numbers of test_policy_compile's random networks: 10.N.0.0/16 and fd0N::/64. */
static void make_bridges(void)
{
	OWN(fd) int fd = -1;

	CHECK_OK(net_link_socket(&fd, NULL));
	for (unsigned i = 1; i <= NETWORKS; i++) {
		OWN(str) char *name = str_printf("br%u", i);
		struct ip_block own[] = { { 4, 16, { 10, (uint8_t)i, 0, 1 } },
					  { 6, 64, { 0xfd, (uint8_t)i, [15] = 1 } } };
		struct net_bridge b = { .name = name,
					.mac = { 2, 0x42, 10, (uint8_t)i, 0, 1 },
					.addresses = own,
					.n_addresses = 2,
					.mtu = 1500 };

		CHECK_OK(net_bridge_setup(fd, &b, NULL));
		CHECK_OK(policy_bridge_answer(name, true, NULL));
	}
}

static unsigned network_number(const char *name)
{
	for (unsigned i = 0; i < NETWORKS; i++)
		if (str_eq(dice_networks[i], name))
			return i + 1;
	return 0;
}

/* One link: of a container at one network. v4 and v6 stand in pairs. */
static void plug(int space, unsigned number, const struct policy_address *v4,
		 const struct policy_address *v6, bool first)
{
	OWN(fd) int host = -1, inside = -1;
	unsigned n = network_number(v4->network);
	struct ip_block own[] = { v4->address, v6->address };
	struct net_veth v = { .bridge = arena_printf(&forever, "br%u", n),
			      .host_name = arena_printf(&forever, "v%u_%u", n, number),
			      .netns = space,
			      .name = arena_printf(&forever, "eth%u", n),
			      .mac = { 2, 0x42, 0, 0, (unsigned char)n, (unsigned char)number },
			      .addresses = own,
			      .n_addresses = 2,
			      .mtu = 1500,
			      .isolated = true };

	own[0].prefix = 16;
	own[1].prefix = 64;
	if (first) {
		v.gateways[NET_V4] = (struct ip_block){ 4, 32, { 10, (uint8_t)n, 0, 1 } };
		v.gateways[NET_V6] = (struct ip_block){ 6, 128, { 0xfd, (uint8_t)n, [15] = 1 } };
	}
	CHECK_OK(net_link_socket(&host, NULL));
	enter(space);
	CHECK_OK(net_link_socket(&inside, NULL));
	enter(router);
	CHECK_OK(net_veth_setup(host, inside, &v, NULL));
	CHECK_OK(policy_bridge_answer_for(v.bridge, &v6->address, true, NULL));
}

static void make_world(void)
{
	spaces[WORLD] = new_space();
	enter(router);
	ip("link add uplink type veth peer name out");
	ip(arena_printf(&forever, "link set out netns /proc/self/fd/%d",
			dup(spaces[WORLD]))); /* not close-on-exec */
	ip("addr add 192.0.2.1/24 dev uplink");
	ip("-6 addr add 2001:db8::1/64 dev uplink nodad");
	ip("link set uplink up");
	enter(spaces[WORLD]);
	ip("link set lo up");
	ip("addr add 192.0.2.7/24 dev out");
	ip("-6 addr add 2001:db8::7/64 dev out nodad");
	ip("link set out up");
	sysctl_set("ipv4/ping_group_range", "0 0");
	ip("route add default via 192.0.2.1");
	ip("-6 route add default via 2001:db8::1");
	enter(router);
	world[0] = dice_address("192.0.2.7");
	world[1] = dice_address("2001:db8::7");
}

static socklen_t sockaddr_of(const struct ip_block *address, unsigned port,
			     struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (address->family == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		memcpy(&v4->sin_addr, address->bytes, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	memcpy(&v6->sin6_addr, address->bytes, 16);
	return sizeof(*v6);
}

static int bound_socket(int type, const struct ip_block *address, unsigned port)
{
	struct sockaddr_storage sa;
	socklen_t len = sockaddr_of(address, port, &sa);
	int one = 1, fd = socket(sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (sa.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

static void listen_everywhere(unsigned end)
{
	const struct ip_block any[] = { dice_address("0.0.0.0"), dice_address("::") };

	enter(spaces[end]);
	for (unsigned v = 0; v < 2; v++) {
		for (unsigned p = 0; p < PORTS; p++) {
			listeners[end][v][p] = bound_socket(SOCK_STREAM, &any[v], FIRST_PORT + p);
			assert_int_equal(listen(listeners[end][v][p], 64), 0);
			receivers[end][v][p] = bound_socket(SOCK_DGRAM, &any[v], FIRST_PORT + p);
		}
	}
	enter(router);
}

static int setup(void **state)
{
	struct dice d = { dice_seed(), &forever };

	(void)state;
	if (geteuid() != 0) {
		print_message("making bridges needs root\n");
		return -1;
	}
	router = new_space();
	ip("link set lo up");
	sysctl_set("ipv4/ip_forward", "1");
	sysctl_set("ipv6/conf/all/forwarding", "1");
	make_bridges();
	for (unsigned i = 0; i < CONTAINERS_MOST; i++) {
		do {
			containers[i] = random_container(&d, i);
		} while (containers[i].n_addresses == 0);
		spaces[i] = new_space();
		ip("link set lo up");
		sysctl_set("ipv4/ping_group_range", "0 0");
		enter(router);
		for (size_t k = 0; k < containers[i].n_addresses; k += 2)
			plug(spaces[i], i, &containers[i].addresses[k],
			     &containers[i].addresses[k + 1], k == 0);
	}
	make_world();
	for (unsigned i = 0; i < ENDS; i++)
		listen_everywhere(i);
	return net_rules_socket(&rules, NULL);
}

/* -- trying connections -- */

struct attempt {
	struct ip_block from, to;
	unsigned from_end, to_end, port;
	enum { TCP, UDP, PING } kind;
	bool expected, passed;
	int fd;
};

static const char *const kinds[] = { "tcp", "udp", "icmp" };

static struct ip_block address_of(struct dice *d, unsigned end, unsigned version)
{
	const struct policy_container *c = &containers[end];

	if (end == WORLD)
		return world[version];
	return c->addresses[2 * roll(d, (uint32_t)c->n_addresses / 2) + version].address;
}

static struct attempt random_attempt(struct dice *d, const struct policy_world *w)
{
	struct attempt at = { .from_end = roll(d, ENDS), .to_end = roll(d, ENDS), .fd = -1 };
	unsigned version = roll(d, 2);

	while (at.to_end == at.from_end)
		at.to_end = roll(d, ENDS);
	at.from = address_of(d, at.from_end, version);
	at.to = address_of(d, at.to_end, version);
	at.port = FIRST_PORT + roll(d, PORTS);
	at.kind = roll(d, 3);
	at.port = at.kind == PING ? 0 : at.port;
	at.expected = model_passes(w, &at.from, &at.to, kinds[at.kind], at.port);
	return at;
}

static int attempt_socket(const struct attempt *at)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_DGRAM };
	int protocol = at->from.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	struct sockaddr_storage sa;
	socklen_t len = sockaddr_of(&at->from, 0, &sa);
	int fd;

	enter(spaces[at->from_end]);
	fd = socket(sa.ss_family, types[at->kind] | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    at->kind == PING ? protocol : 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	enter(router);
	return fd;
}

/* TCP passes when it connects, a datagram when its number arrives, an echo when it comes back. */
static void begin(struct attempt *at, uint32_t number)
{
	struct sockaddr_storage sa;
	socklen_t len = sockaddr_of(&at->to, at->port, &sa);
	unsigned char echo[8] = { at->to.family == 4 ? 8 : 128 };

	at->fd = attempt_socket(at);
	if (at->kind == TCP)
		(void)connect(at->fd, (struct sockaddr *)&sa, len);
	else if (at->kind == UDP)
		assert_int_equal(sendto(at->fd, &number, sizeof(number), 0, (struct sockaddr *)&sa,
					len),
				 sizeof(number));
	else
		assert_int_equal(sendto(at->fd, echo, sizeof(echo), 0, (struct sockaddr *)&sa, len),
				 sizeof(echo));
}

static void look(struct attempt *all, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		short want = all[i].kind == TCP ? POLLOUT : POLLIN;
		struct pollfd p = { .fd = all[i].fd, .events = want };

		if (all[i].kind != UDP && poll(&p, 1, 0) == 1 && p.revents == want)
			all[i].passed = true;
	}
	for (unsigned e = 0; e < ENDS; e++) {
		for (unsigned s = 0; s < 2 * PORTS; s++) {
			uint32_t number;

			while (recv(receivers[e][s / PORTS][s % PORTS], &number, sizeof(number),
				    0) == sizeof(number))
				if (number < n)
					all[number].passed = true;
		}
	}
}

static void pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static bool all_came(const struct attempt *all, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (all[i].expected && !all[i].passed)
			return false;
	return true;
}

static void close_all(struct attempt *all, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		(void)close(all[i].fd);
	for (unsigned e = 0; e < ENDS; e++)
		for (unsigned s = 0; s < 2 * PORTS; s++) {
			int fd;

			while ((fd = accept(listeners[e][s / PORTS][s % PORTS], NULL, NULL)) >= 0)
				(void)close(fd);
		}
}

static void expect_as_said(const struct attempt *at)
{
	char from[IP_BLOCK_TEXT_MAX], to[IP_BLOCK_TEXT_MAX];

	ip_block_write(&at->from, from);
	ip_block_write(&at->to, to);
	if (at->passed != at->expected)
		fail_msg("%s to %s port %u %s: passed %d, expected %d", from, to, at->port,
			 kinds[at->kind], at->passed, at->expected);
}

static void try_connections(struct dice *d, const struct policy_world *w)
{
	struct attempt all[TRIES];

	for (unsigned i = 0; i < TRIES; i++) {
		all[i] = random_attempt(d, w);
		begin(&all[i], i);
	}
	for (int waited = 0; waited < WAIT_MS && !all_came(all, TRIES); waited += 5) {
		look(all, TRIES);
		pause_ms(5);
	}
	pause_ms(QUIET_MS);
	look(all, TRIES);
	close_all(all, TRIES);
	for (unsigned i = 0; i < TRIES; i++)
		expect_as_said(&all[i]);
}

/* -- the promises -- */

static struct policy_world world_of(struct dice *d)
{
	struct policy_world w = random_world(d);

	/* The places stay, the labels change. */
	for (unsigned i = 0; i < CONTAINERS_MOST; i++)
		containers[i].labels = random_container(d, i).labels;
	w.containers = containers;
	w.n_containers = CONTAINERS_MOST;
	return w;
}

TEST(real_connections_pass_as_the_model_says)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct policy_items before = { 0 }, now;
	struct policy_ops ops;
	struct err err = ERR_INIT;

	for (uint64_t round = 0; round < ROUNDS; round++) {
		struct dice d = { dice_seed() + round * 1000003, &a };
		struct policy_world w = world_of(&d);

		CHECK_OK(policy_compile(&w, &a, &now, &err));
		policy_items_diff(&before, &now, &a, &ops);
		if (policy_nft_apply(rules, &ops, &err) < 0)
			fail_msg("round %d: %s", (int)round, err.msg);
		CHECK_OK(policy_flows_cut(rules, &w, NULL, &err));
		try_connections(&d, &w);
		before = now;
	}
	CHECK_OK(policy_nft_remove(rules, &err));
	CHECK_INT(policy_nft_find(rules), -ENOENT);
}

/* -- cutting -- */

/* From one end to another one's first port. */
static void open_connection(unsigned from, unsigned to, int *ret_client, int *ret_server)
{
	struct attempt at = { .from = containers[from].addresses[0].address,
			      .to = containers[to].addresses[0].address,
			      .from_end = from,
			      .port = FIRST_PORT,
			      .kind = TCP };
	struct pollfd p = { .fd = listeners[to][0][0], .events = POLLIN };

	begin(&at, 0);
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	*ret_server = accept(p.fd, NULL, NULL);
	assert_true(*ret_server >= 0);
	*ret_client = at.fd;
	p = (struct pollfd){ .fd = at.fd, .events = POLLOUT };
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
}

static bool arrives(int from, int to, int wait_ms)
{
	struct pollfd p = { .fd = to, .events = POLLIN };
	char byte = 'x';

	assert_int_equal(send(from, &byte, 1, MSG_NOSIGNAL), 1);
	return poll(&p, 1, wait_ms) == 1 && recv(to, &byte, 1, 0) == 1;
}

static struct policy_world named_world(struct arena *a, const char *policies)
{
	struct dice d = { 1, a };
	struct network_policy_list list = { 0 };

	for (unsigned i = 0; i < CONTAINERS_MOST; i++) {
		containers[i].labels = (struct str_map){ 0 };
		str_map_set(&containers[i].labels, a, "name", containers[i].name);
		str_map_set(&containers[i].labels, a, "kind", i % 2 ? "odd" : "even");
	}
	if (policies)
		CHECK_OK(network_policy_read(policies, strlen(policies), a, &list, NULL));
	return (struct policy_world){ .networks = random_networks(&d),
				      .n_networks = NETWORKS,
				      .containers = containers,
				      .n_containers = CONTAINERS_MOST,
				      .policies = list.items,
				      .n_policies = list.n };
}

static void change_policies(struct arena *a, const struct policy_world *from,
			    const struct policy_world *to, size_t *ret_cut)
{
	struct policy_items before, after;
	struct policy_ops ops;
	struct err err = ERR_INIT;

	CHECK_OK(policy_compile(from, a, &before, &err));
	CHECK_OK(policy_compile(to, a, &after, &err));
	policy_items_diff(&before, &after, a, &ops);
	CHECK_OK(policy_nft_apply(rules, &ops, &err));
	CHECK_OK(policy_flows_cut(rules, to, ret_cut, &err));
}

TEST(a_connection_that_is_not_allowed_any_more_is_cut_and_others_go_on)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct policy_world none = named_world(&a, NULL);
	struct policy_world shut = named_world(&a, "{name: shut, selector: {matchLabels: "
						   "{name: c1}}, ingress: [{ports: [{port: 1}]}]}");
	int cut_client, cut_server, good_client, good_server;
	size_t cut;

	open_connection(0, 1, &cut_client, &cut_server);
	open_connection(0, 2, &good_client, &good_server);
	CHECK(arrives(cut_client, cut_server, WAIT_MS) &&
	      arrives(good_client, good_server, WAIT_MS));
	change_policies(&a, &none, &shut, &cut);
	CHECK(cut >= 1);
	/* The other end cannot revive it either. */
	CHECK(!arrives(cut_server, cut_client, QUIET_MS));
	CHECK(!arrives(cut_client, cut_server, QUIET_MS));
	CHECK(arrives(good_client, good_server, WAIT_MS) &&
	      arrives(good_server, good_client, WAIT_MS));
	change_policies(&a, &shut, &none, NULL);
	(void)close(cut_client);
	(void)close(cut_server);
	(void)close(good_client);
	(void)close(good_server);
}

TEST(what_is_allowed_still_is_not_cut_by_a_change)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct policy_world one = named_world(&a, "{name: open, selector: {}, ingress: [{}]}");
	struct policy_world two =
		named_world(&a, "{name: open, selector: {}, ingress: [{from: [{selector: {}}]}]}");
	struct policy_world none = named_world(&a, NULL);
	int client, server;

	change_policies(&a, &none, &one, NULL);
	open_connection(3, 4, &client, &server);
	change_policies(&a, &one, &two, NULL);
	CHECK(arrives(client, server, WAIT_MS) && arrives(server, client, WAIT_MS));
	change_policies(&a, &two, &none, NULL);
	(void)close(client);
	(void)close(server);
}

/* -- the host -- */

static const char quiet[] = "{name: quiet, selector: {}, directions: [ingress, egress]}";

static int host_listener(unsigned version)
{
	struct ip_block any = dice_address(version ? "::" : "0.0.0.0");
	int fd = bound_socket(SOCK_STREAM, &any, 6000 + version);

	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static bool reaches(int space, const struct ip_block *to, unsigned port, int wait_ms)
{
	struct sockaddr_storage sa;
	socklen_t len = sockaddr_of(to, port, &sa);
	struct pollfd p = { .events = POLLOUT };
	OWN(fd) int fd = -1;

	enter(space);
	fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	enter(router);
	assert_true(fd >= 0);
	(void)connect(fd, (struct sockaddr *)&sa, len);
	p.fd = fd;
	return poll(&p, 1, wait_ms) == 1 && p.revents == POLLOUT;
}

TEST(the_host_reaches_its_containers_and_is_reached_by_those_who_may)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct policy_world none = named_world(&a, NULL), shut = named_world(&a, quiet);
	struct policy_world host =
		named_world(&a,
			    "{name: host, selector: {}, egress: [{to: [{cidr: 10.0.0.0/8}, {cidr: "
			    "\"fd00::/8\"}], ports: [{port: 6000, endPort: 6001}]}]}");

	for (unsigned v = 0; v < 2; v++) {
		OWN(fd) int fd = host_listener(v);
		struct ip_block gateway = containers[5].addresses[v].address;

		/* .1 of its network */
		memset(gateway.bytes + 2, 0, sizeof(gateway.bytes) - 2);
		gateway.bytes[v ? 15 : 3] = 1;
		change_policies(&a, &none, &shut, NULL);
		CHECK(!reaches(spaces[5], &gateway, 6000 + v, QUIET_MS));
		CHECK(reaches(router, &containers[5].addresses[v].address, FIRST_PORT, WAIT_MS));
		change_policies(&a, &shut, &host, NULL);
		CHECK(reaches(spaces[5], &gateway, 6000 + v, WAIT_MS));
		change_policies(&a, &host, &none, NULL);
	}
}

/* -- one container -- */

static int compare_words(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* What nft(8) lists, as sorted words: the order of a set's elements means nothing. */
static const char *listed(struct arena *a)
{
	extern char **environ;
	const char *argv[] = { "nft", "list", "table", "inet", "berth_policy", NULL };
	posix_spawn_file_actions_t actions;
	OWN(buf) struct buf text = { 0 };
	char block[4096];
	struct strv words;
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO), 0);
	assert_int_equal(posix_spawnp(&pid, "nft", &actions, NULL, (char *const *)argv, environ),
			 0);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(ends[1]);
	while ((n = read(ends[0], block, sizeof(block))) > 0)
		buf_add(&text, block, (size_t)n);
	(void)close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (char *c = text.data; *c; c++)
		*c = strchr("\n\t,", *c) ? ' ' : *c;
	words = strv_split(a, buf_text(&text), ' ');
	qsort(words.items, words.n, sizeof(*words.items), compare_words);
	return strv_join(&words, a, " ");
}

static const char some[] =
	"- {name: odd, selector: {matchLabels: {kind: odd}}, ingress: [{from: [{selector: "
	"{matchLabels: {name: c2}}}, {network: front}], ports: [{port: 7000, endPort: 7003}]}]}\n"
	"- {name: out, selector: {matchLabels: {name: c3}}, egress: [{to: [{world: true}, {cidr: "
	"10.0.0.0/8, except: [10.1.0.0/16, 10.2.128.0/17]}], ports: [{protocol: icmp}]}]}\n";

static void start(const struct policy_world *w, const struct policy_container *c, struct arena *a)
{
	struct policy_items base, own;
	struct err err = ERR_INIT;

	CHECK_OK(policy_compile_base(w, a, &base, &err));
	CHECK_OK(policy_compile_container(w, c, a, &own, &err));
	if (policy_nft_start(rules, &base, c, &own, &err) < 0)
		fail_msg("%s", err.msg);
}

static void stop(const struct policy_world *w, const struct policy_container *c, struct arena *a)
{
	struct policy_items own;

	CHECK_OK(policy_compile_container(w, c, a, &own, NULL));
	CHECK_OK(policy_nft_stop(rules, &own, NULL));
}

static const char *written(const struct policy_world *w, struct arena *a)
{
	struct policy_items items;

	CHECK_OK(policy_compile(w, a, &items, NULL));
	CHECK_OK(policy_nft_write(rules, &items, NULL));
	return listed(a);
}

TEST(containers_that_came_one_by_one_are_as_if_written_at_once)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct policy_world w = named_world(&a, some), empty = w;
	const char *all = written(&w, &a), *none;

	empty.n_containers = 0;
	none = written(&empty, &a);
	for (unsigned i = 0; i < CONTAINERS_MOST; i++)
		start(&w, &containers[i], &a);
	start(&w, &containers[3], &a);
	CHECK_STR(listed(&a), all);
	for (unsigned i = 0; i < CONTAINERS_MOST; i++)
		stop(&w, &containers[i], &a);
	stop(&w, &containers[3], &a);
	CHECK_STR(listed(&a), none);
}

TEST(what_the_last_owner_of_an_address_left_is_not_the_next_ones)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct policy_world w = named_world(&a, some), after = w;
	struct policy_container next = containers[3];
	const char *want;

	next.labels = (struct str_map){ 0 };
	str_map_set(&next.labels, &a, "name", "c2");
	after.containers = &next;
	after.n_containers = 1;
	want = written(&after, &a);
	w.containers = &containers[3];
	w.n_containers = 1;
	(void)written(&w, &a);
	start(&w, &next, &a);
	/* But for chains that nobody needs now, which the next change removes. */
	stop(&w, &containers[3], &a);
	start(&w, &next, &a);
	CHECK_STR(listed(&a), want);
}

TEST(a_flushed_table_is_noticed)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct policy_world w = named_world(&a, some);
	struct policy_items base, own;

	CHECK_OK(policy_nft_remove(rules, NULL));
	CHECK_OK(policy_compile_base(&w, &a, &base, NULL));
	CHECK_OK(policy_compile_container(&w, &containers[3], &a, &own, NULL));
	CHECK_INT(policy_nft_start(rules, &base, &containers[3], &own, NULL), -ENOENT);
	CHECK_OK(policy_nft_stop(rules, &own, NULL));
}

/* -- as nft(8) shows it -- */

TEST(every_kind_of_rule_is_what_nft_would_write)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct policy_world w = named_world(&a, some);
	const char *text = written(&w, &a);
	static const char *const words[] = { "7000-7003",  "10.2.128.0/17", "@nets4",     "@nets6",
					     "icmp",       "ipv6-icmp",     "return",     "\"odd",
					     "10.0.0.0/8", "ingress[0]\"",  "egress[0]\"" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strstr(text, words[i]))
			fail_msg("%s is not in: %s", words[i], text);
}

static int before_each(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return policy_nft_write(rules, &(struct policy_items){ 0 }, &err);
}

#define ON_EMPTY_TABLE(name) cmocka_unit_test_setup(name, before_each)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EMPTY_TABLE(real_connections_pass_as_the_model_says),
		ON_EMPTY_TABLE(a_connection_that_is_not_allowed_any_more_is_cut_and_others_go_on),
		ON_EMPTY_TABLE(what_is_allowed_still_is_not_cut_by_a_change),
		ON_EMPTY_TABLE(the_host_reaches_its_containers_and_is_reached_by_those_who_may),
		ON_EMPTY_TABLE(containers_that_came_one_by_one_are_as_if_written_at_once),
		ON_EMPTY_TABLE(what_the_last_owner_of_an_address_left_is_not_the_next_ones),
		ON_EMPTY_TABLE(a_flushed_table_is_noticed),
		ON_EMPTY_TABLE(every_kind_of_rule_is_what_nft_would_write),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
