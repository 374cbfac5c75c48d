/*
 * test_policy_compile.c - policies compiled: golden text, difference, and random ones against a
 * model
 *
 * BERTH_TEST_SEED chooses the random ones.
 */
#include "base/own.h"
#include "check.h"
#include "net/policy_random.h"
#include "sys/file.h"

#include <fcntl.h>

enum { ROUNDS = 3000, FLOWS = 40 };

/* -- a kernel of a few lines: what the items do with a packet -- */

static const struct policy_item *find_item(const struct policy_items *items,
					   enum policy_item_kind kind, const char *name,
					   const struct ip_block *key)
{
	for (size_t i = 0; i < items->n; i++)
		if (items->items[i].kind == kind && str_eq(items->items[i].name, name) &&
		    (!key || ip_block_has(&items->items[i].key, key)))
			return &items->items[i];
	return NULL;
}

static bool match(const struct policy_items *items, const struct policy_match *m,
		  const struct ip_block *remote, unsigned protocol, uint32_t port)
{
	uint32_t last = m->end_port ? m->end_port : m->port;

	if (m->family && m->family != remote->family)
		return false;
	if (m->set && !find_item(items, POLICY_ELEMENT, m->set, remote) != m->outside)
		return false;
	if (m->block && !ip_block_has(m->block, remote))
		return false;
	for (size_t i = 0; i < m->n_excepts; i++)
		if (ip_block_has(&m->excepts[i], remote))
			return false;
	if (m->protocol && m->protocol != protocol)
		return false;
	return !m->port || (port >= m->port && port <= last);
}

static bool run_chain(const struct policy_items *items, const char *map, const struct ip_block *own,
		      const struct ip_block *remote, unsigned protocol, uint32_t port)
{
	const struct policy_item *jump = find_item(items, POLICY_ELEMENT, map, own), *chain;

	if (!jump)
		return true;
	chain = find_item(items, POLICY_CHAIN, jump->chain, NULL);
	assert_non_null(chain);
	for (size_t i = 0; i < chain->n_matches; i++)
		if (match(items, &chain->matches[i], remote, protocol, port))
			return true;
	return false;
}

static bool run_packet(const struct policy_items *items, const struct ip_block *from,
		       const struct ip_block *to, unsigned protocol, uint32_t port)
{
	bool v4 = from->family == 4;

	if (!v4 && protocol == IPPROTO_ICMP)
		protocol = IPPROTO_ICMPV6;
	return run_chain(items, v4 ? "out4" : "out6", from, to, protocol, port) &&
	       run_chain(items, v4 ? "in4" : "in6", to, from, protocol, port);
}

/* -- random ones -- */

static struct ip_block random_address(struct dice *d, const struct policy_world *w, unsigned family)
{
	const struct policy_container *c = &w->containers[roll(d, (uint32_t)w->n_containers)];

	if (c->n_addresses && roll(d, 4))
		return c->addresses[roll(d, (uint32_t)c->n_addresses / 2) * 2 + (family == 6)]
			.address;
	return dice_address(family == 4  ? roll(d, 2) ? "192.0.2.7" : "10.2.0.1"
			    : roll(d, 2) ? "2001:db8::7"
					 : "fd01::1");
}

static void check_flow(struct dice *d, const struct policy_world *w,
		       const struct policy_items *items)
{
	unsigned family = roll(d, 2) ? 4 : 6;
	struct ip_block from = random_address(d, w, family), to = random_address(d, w, family);
	const char *protocol = pick(d, dice_protocols, 4);
	uint8_t number = (uint8_t)network_policy_protocol(protocol);
	uint16_t port = number == IPPROTO_ICMP ? 0 : (uint16_t)(6999 + roll(d, 8));
	bool passes = model_passes(w, &from, &to, protocol, port);

	assert_int_equal(run_packet(items, &from, &to, number, port), passes);
	assert_int_equal(policy_flows_allowed(w, &from, &to, number, port, false), passes);
}

TEST(compiled_policies_do_what_the_model_says)
{
	for (uint64_t round = 0; round < ROUNDS; round++) {
		OWN(arena) struct arena a = ARENA_INIT;
		struct dice d = { dice_seed() + round, &a };
		struct policy_world w = random_world(&d);
		struct policy_items items;
		struct err err = ERR_INIT;

		for (size_t i = 0; i < w.n_policies; i++)
			CHECK_OK(network_policy_check((struct network_policy *)&w.policies[i], &a,
						      &err));
		CHECK_OK(policy_compile(&w, &a, &items, &err));
		for (int i = 0; i < FLOWS; i++)
			check_flow(&d, &w, &items);
	}
}

/* -- explain against the model -- */

/* By the words of the documentation: the ways are pairs of addresses in networks that both share.
 */
static bool model_explains(const struct policy_world *w, const struct policy_query *q,
			   const char *protocol)
{
	const struct policy_container *from = q->from.container, *to = q->to.container;
	bool passes = false;

	for (size_t i = 0; i < from->n_addresses; i++)
		for (size_t k = 0; k < to->n_addresses; k++)
			if (str_eq(from->addresses[i].network, to->addresses[k].network) &&
			    from->addresses[i].address.family == to->addresses[k].address.family)
				passes |=
					model_passes(w, &from->addresses[i].address,
						     &to->addresses[k].address, protocol, q->port);
	return passes;
}

/* The rule that it names does allow the flow, on its own. */
static void check_named_rule(const struct policy_decision *decision)
{
	if (!decision->selected || !decision->allowed)
		return;
	assert_non_null(decision->policy);
	assert_true(decision->rule < decision->policy->ingress.n + decision->policy->egress.n);
}

TEST(explain_says_what_the_model_says)
{
	for (uint64_t round = 0; round < ROUNDS * 4; round++) {
		OWN(arena) struct arena a = ARENA_INIT;
		struct dice d = { dice_seed() + round, &a };
		struct policy_world w = random_world(&d);
		const char *protocol = pick(&d, dice_protocols, 4);
		struct policy_query q = {
			.from.container = &w.containers[roll(&d, (uint32_t)w.n_containers)],
			.to.container = &w.containers[roll(&d, (uint32_t)w.n_containers)],
			.protocol = (uint8_t)network_policy_protocol(protocol),
		};
		struct policy_verdict v;

		q.port = q.protocol == IPPROTO_ICMP ? 0 : (uint16_t)(6999 + roll(&d, 8));
		policy_explain(&w, &q, &a, &v);
		assert_int_equal(v.passes, model_explains(&w, &q, protocol));
		assert_non_null(v.text);
		assert_true(v.passes == (v.reason <= POLICY_REASON_UNFILTERED));
		check_named_rule(&v.decisions[POLICY_INGRESS]);
		check_named_rule(&v.decisions[POLICY_EGRESS]);
	}
}

/* -- differences -- */

static void expect_free(const struct policy_items *items, const struct policy_item *gone)
{
	for (size_t i = 0; i < items->n; i++) {
		const struct policy_item *item = &items->items[i];

		if (gone->kind == POLICY_CHAIN)
			assert_false(str_eq(item->chain, gone->name));
		if (gone->kind == POLICY_SET)
			assert_false(item->kind == POLICY_ELEMENT &&
				     str_eq(item->name, gone->name));
	}
}

static bool is_fixed(const char *set)
{
	for (size_t i = 0; i < POLICY_FIXED_SETS; i++)
		if (str_eq(policy_items_fixed[i].name, set))
			return true;
	return false;
}

/* As strict as the kernel: nothing twice, nothing into what is not there, nothing used goes. */
static void apply(struct policy_items *items, const struct policy_op *op)
{
	const struct policy_item *item = op->item;
	bool element = item->kind == POLICY_ELEMENT;
	size_t at = 0;

	while (at < items->n &&
	       (items->items[at].kind != item->kind || !str_eq(items->items[at].name, item->name) ||
		(element && ip_block_compare(&items->items[at].key, &item->key))))
		at++;
	if (!op->add) {
		assert_true(at < items->n);
		items->items[at] = items->items[--items->n];
		expect_free(items, item);
		return;
	}
	assert_true(at == items->n);
	if (element)
		assert_true(is_fixed(item->name) || find_item(items, POLICY_SET, item->name, NULL));
	if (item->chain)
		assert_non_null(find_item(items, POLICY_CHAIN, item->chain, NULL));
	for (size_t i = 0; i < item->n_matches; i++)
		if (item->matches[i].set)
			assert_true(is_fixed(item->matches[i].set) ||
				    find_item(items, POLICY_SET, item->matches[i].set, NULL));
	items->items[items->n++] = *item;
}

static void expect_same(struct policy_items *a, const struct policy_items *b)
{
	OWN(buf) struct buf one = { 0 }, two = { 0 };

	CHECK_OK(policy_items_sort(a, NULL));
	policy_items_write(a, &one);
	policy_items_write(b, &two);
	CHECK_STR(buf_text(&one), buf_text(&two));
}

static void change(struct dice *d, struct policy_world *w)
{
	struct policy_container *c = (struct policy_container *)w->containers;
	struct network_policy *p = (struct network_policy *)w->policies;

	switch (roll(d, 4)) {
	case 0:
		w->n_containers -= w->n_containers > 1;
		break;
	case 1:
		w->n_policies -= w->n_policies > 0;
		break;
	case 2:
		c[roll(d, (uint32_t)w->n_containers)] =
			random_container(d, CONTAINERS_MOST + roll(d, 8));
		break;
	default:
		if (w->n_policies)
			p[roll(d, (uint32_t)w->n_policies)] = random_policy(d, 0);
		break;
	}
}

TEST(a_difference_makes_the_old_state_into_the_new_one)
{
	for (uint64_t round = 0; round < ROUNDS; round++) {
		OWN(arena) struct arena a = ARENA_INIT;
		struct dice d = { dice_seed() + round, &a };
		struct policy_world w = random_world(&d);
		struct policy_items from, to, now = { 0 };
		struct policy_ops ops;

		if (policy_compile(&w, &a, &from, NULL) < 0)
			fail();
		for (uint32_t n = roll(&d, 3); n < 3; n++)
			change(&d, &w);
		if (policy_compile(&w, &a, &to, NULL) < 0)
			continue; /* two containers of one address */
		policy_items_diff(&from, &to, &a, &ops);
		now.items = arena_array(&a, from.n + to.n, sizeof(*now.items));
		now.n = from.n;
		memcpy(now.items, from.items, from.n * sizeof(*now.items));
		for (size_t i = 0; i < ops.n; i++)
			apply(&now, &ops.ops[i]);
		expect_same(&now, &to);
	}
}

TEST(a_container_brings_what_the_whole_lacks_without_it)
{
	for (uint64_t round = 0; round < ROUNDS; round++) {
		OWN(arena) struct arena a = ARENA_INIT;
		struct dice d = { dice_seed() + round, &a };
		struct policy_world w = random_world(&d);
		const struct policy_container *last = &w.containers[w.n_containers - 1];
		struct policy_items all, one, without;

		CHECK_OK(policy_compile(&w, &a, &all, NULL));
		CHECK_OK(policy_compile_container(&w, last, &a, &one, NULL));
		w.n_containers--;
		CHECK_OK(policy_compile(&w, &a, &without, NULL));
		for (size_t i = 0; i < one.n; i++)
			policy_items_add(&without, &a, &one.items[i]);
		expect_same(&without, &all);
	}
}

TEST(no_difference_is_no_work)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct dice d = { dice_seed(), &a };
	struct policy_world w = random_world(&d);
	struct policy_items from, to;
	struct policy_ops ops;

	CHECK_OK(policy_compile(&w, &a, &from, NULL));
	CHECK_OK(policy_compile(&w, &a, &to, NULL));
	policy_items_diff(&from, &to, &a, &ops);
	CHECK_INT(ops.n, 0);
}

/* -- golden -- */

static const char shop[] =
	"name: db\n"
	"selector: {matchLabels: {app: db}}\n"
	"directions: [ingress, egress]\n"
	"ingress:\n"
	"- from: [{selector: {matchLabels: {app: web}}}, {cidr: 10.0.0.0/8, except: [10.9.0.0/16]}]\n"
	"  ports: [{port: 5432}, {protocol: UDP, port: 8000, endPort: 8010}]\n"
	"- from: [{network: back, selector: {matchExpressions: [{key: ops, operator: Exists}]}}]\n"
	"---\n"
	"name: ping\n"
	"selector: {}\n"
	"ingress: [{from: [{world: true}], ports: [{protocol: icmp}]}]\n";

static void check_golden(const char *name, const char *text)
{
	OWN(str) char *path = str_printf("tests/golden/%s.txt", name);
	OWN(str) char *want = NULL;

	if (getenv("BERTH_UPDATE_GOLDEN"))
		CHECK_OK(file_write_at(AT_FDCWD, path, text, strlen(text), 0644, 0));
	CHECK_OK(file_read_at(AT_FDCWD, path, 65536, &want, NULL));
	CHECK_STR(text, want);
}

TEST(a_small_shop_compiles_to_this)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf out = { 0 };
	struct dice d = { 1, &a };
	struct network_policy_list policies;
	struct policy_address at[] = {
		{ "front", dice_address("10.1.0.2") }, { "back", dice_address("10.2.0.2") },
		{ "back", dice_address("10.2.0.3") },  { "back", dice_address("fd02::3") },
		{ "back", dice_address("10.2.0.4") },
	};
	struct policy_container containers[] = {
		{ .id = "1", .name = "web", .addresses = at, .n_addresses = 2 },
		{ .id = "2", .name = "db", .addresses = at + 2, .n_addresses = 2 },
		{ .id = "3", .name = "admin", .addresses = at + 4, .n_addresses = 1 },
	};
	struct policy_world w = { .networks = random_networks(&d),
				  .n_networks = NETWORKS,
				  .containers = containers,
				  .n_containers = 3 };
	struct policy_items items;
	struct err err = ERR_INIT;

	str_map_set(&containers[0].labels, &a, "app", "web");
	str_map_set(&containers[1].labels, &a, "app", "db");
	str_map_set(&containers[2].labels, &a, "ops", "");
	CHECK_OK(network_policy_read(shop, strlen(shop), &a, &policies, &err));
	w.policies = policies.items;
	w.n_policies = policies.n;
	CHECK_OK(policy_compile(&w, &a, &items, &err));
	policy_items_write(&items, &out);
	check_golden("policy_shop", buf_text(&out));
}

TEST(one_identity_is_one_chain_however_many_containers)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct dice d = { 1, &a };
	struct network_policy_list policies;
	struct policy_container containers[64] = { 0 };
	struct policy_world w = { .containers = containers, .n_containers = 64 };
	struct policy_items items;
	size_t chains = 0;

	CHECK_OK(network_policy_read(shop, strlen(shop), &a, &policies, NULL));
	w.policies = policies.items;
	w.n_policies = policies.n;
	for (unsigned i = 0; i < 64; i++) {
		containers[i] = random_container(&d, i);
		containers[i].labels = (struct str_map){ 0 };
		str_map_set(&containers[i].labels, &a, "app", "db");
		str_map_set(&containers[i].labels, &a, "n", arena_printf(&a, "%u", i));
	}
	CHECK_OK(policy_compile(&w, &a, &items, NULL));
	for (size_t i = 0; i < items.n; i++)
		chains += items.items[i].kind == POLICY_CHAIN;
	CHECK_INT(chains, 2);
}

TEST(two_containers_of_one_address_are_refused)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct network_policy_list policies;
	struct policy_address at = { "front", dice_address("10.1.0.2") };
	struct policy_container containers[] = {
		{ .id = "1", .name = "db", .addresses = &at, .n_addresses = 1 },
		{ .id = "2", .name = "other", .addresses = &at, .n_addresses = 1 },
	};
	struct policy_world w = { .containers = containers, .n_containers = 2 };
	struct policy_items items;
	struct err err = ERR_INIT;

	CHECK_OK(network_policy_read(shop, strlen(shop), &a, &policies, NULL));
	w.policies = policies.items;
	w.n_policies = policies.n;
	str_map_set(&containers[0].labels, &a, "app", "db");
	CHECK_ERR(policy_compile(&w, &a, &items, &err), -EEXIST, &err, "one address");
}

TESTS(T(compiled_policies_do_what_the_model_says), T(explain_says_what_the_model_says),
      T(a_difference_makes_the_old_state_into_the_new_one),
      T(a_container_brings_what_the_whole_lacks_without_it), T(no_difference_is_no_work),
      T(a_small_shop_compiles_to_this), T(one_identity_is_one_chain_however_many_containers),
      T(two_containers_of_one_address_are_refused))
