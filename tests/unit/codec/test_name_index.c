/* codec/name_index: what is put in is found, what is taken out is not, and broken ones are
 * harmless. */
#include "codec/name_index.h"

#include "base/mem.h"
#include "check.h"

#include <errno.h>
#include <string.h>

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const uint8_t ten[4] = { 10, 0, 0, 1 }, eleven[4] = { 11, 0, 0, 1 };
static const uint8_t six[16] = { 0xfd, [15] = 1 };
static const uint8_t ten_mapped[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };

/* One generation after the other; the memory of the last two is kept. */
struct made {
	void *memory, *before;
	size_t len;
	struct name_index idx;
	bool any;
};

static void change(struct made *m, const char *without, const struct name_index_new *added)
{
	struct name_index_change c = { .old = m->any ? &m->idx : NULL,
				       .network = "front",
				       .without = without,
				       .added = added };
	void *out = mem_alloc(name_index_size(&c));

	m->len = name_index_build(&c, out);
	free(m->before);
	m->before = m->memory;
	m->memory = out;
	m->any = true;
	CHECK_OK(name_index_open(out, m->len, &m->idx));
}

static void done(struct made *m)
{
	free(m->before);
	free(m->memory);
}

static void add(struct made *m, const char *id, const char *name, const char *alias,
		const uint8_t *v4)
{
	const char *names[] = { name, alias };
	struct name_index_new n = { .id = id, .names = names, .n_names = 2, .v4 = v4 };

	change(m, id, &n);
}

static uint32_t count(const struct made *m, const char *name)
{
	uint32_t n;

	(void)name_index_find(&m->idx, name, strlen(name), &n);
	return n;
}

static const struct name_endpoint *get(const struct made *m, const char *name)
{
	uint32_t n, first = name_index_find(&m->idx, name, strlen(name), &n);

	return n ? name_index_endpoint(&m->idx, first) : NULL;
}

TEST(names_are_found_in_lower_case_with_their_addresses)
{
	struct made m = { 0 };

	add(&m, ID_A, "Web", "www", ten);
	add(&m, ID_B, "db", "store", eleven);
	CHECK(get(&m, "web") && memcmp(get(&m, "web")->v4, ten, 4) == 0);
	CHECK(get(&m, "store") && memcmp(get(&m, "store")->v4, eleven, 4) == 0);
	CHECK(!get(&m, "Web") && !get(&m, "we") && !get(&m, "webb") && !get(&m, ""));
	CHECK_INT(name_index_network(&m.idx).len, 5);
	done(&m);
}

TEST(a_shared_name_has_all_its_endpoints)
{
	struct made m = { 0 };

	add(&m, ID_A, "web", "all", ten);
	add(&m, ID_B, "db", "all", eleven);
	add(&m, ID_C, "all", "all", eleven);
	CHECK_INT(count(&m, "all"), 3);
	change(&m, ID_A, NULL);
	CHECK_INT(count(&m, "all"), 2);
	CHECK_INT(count(&m, "web"), 0);
	done(&m);
}

TEST(an_endpoint_that_comes_again_replaces_itself)
{
	struct made m = { 0 };
	size_t len;

	add(&m, ID_A, "web", "www", ten);
	add(&m, ID_B, "db", "store", eleven);
	len = m.len;
	add(&m, ID_A, "new", "www", ten);
	CHECK_INT(m.idx.head->endpoints, 2);
	CHECK_INT(m.len, len);
	CHECK(!get(&m, "web") && get(&m, "new") && get(&m, "www") && get(&m, "db"));
	done(&m);
}

TEST(addresses_lead_back_to_the_name_as_it_was_written)
{
	struct made m = { 0 };
	const char *names[] = { "Web" };
	struct name_index_new n = {
		.id = ID_A, .names = names, .n_names = 1, .v4 = ten, .v6 = six
	};
	const struct name_endpoint *e;

	add(&m, ID_B, "db", "store", eleven);
	change(&m, ID_A, &n);
	e = name_index_reverse(&m.idx, ten_mapped);
	CHECK(e && name_index_name(&m.idx, e).len == 3);
	CHECK(memcmp(name_index_name(&m.idx, e).at, "Web", 3) == 0);
	CHECK(name_index_reverse(&m.idx, six) == e);
	change(&m, ID_A, NULL);
	CHECK_NULL(name_index_reverse(&m.idx, six));
	CHECK_NULL(name_index_reverse(&m.idx, ten_mapped));
	done(&m);
}

TEST(a_link_is_seen_by_its_owner_alone)
{
	struct made m = { 0 };
	const char *names[] = { "web" };
	struct name_index_link links[] = { { "Store", "DB" } };
	struct name_index_new n = {
		.id = ID_A, .names = names, .n_names = 1, .links = links, .n_links = 1
	};
	struct name_text target;

	add(&m, ID_B, "db", "base", eleven);
	change(&m, ID_A, &n);
	CHECK(name_index_link(&m.idx, "store", 5, ID_A, &target));
	CHECK(target.len == 2 && memcmp(target.at, "db", 2) == 0);
	CHECK(!name_index_link(&m.idx, "store", 5, ID_B, &target));
	CHECK_NULL(get(&m, "store"));
	add(&m, ID_C, "other", "more", ten);
	CHECK(name_index_link(&m.idx, "store", 5, ID_A, &target));
	change(&m, ID_A, NULL);
	CHECK(!name_index_link(&m.idx, "store", 5, ID_A, &target));
	done(&m);
}

TEST(a_thousand_come_and_go_in_any_order)
{
	struct made m = { 0 };
	char id[80], name[16];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(id, sizeof(id), "%064d", i);
		(void)snprintf(name, sizeof(name), "c%d", i * 7 % 1000);
		add(&m, id, name, "all", ten);
	}
	CHECK_INT(count(&m, "all"), 1000);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "c%d", i);
		CHECK_INT(count(&m, name), 1);
	}
	for (int i = 0; i < 1000; i += 2) {
		(void)snprintf(id, sizeof(id), "%064d", i * 3 % 1000);
		change(&m, id, NULL);
	}
	CHECK_INT(m.idx.head->endpoints, 500);
	CHECK_INT(count(&m, "all"), 500);
	done(&m);
}

TEST(names_that_cannot_be_asked_for_are_refused)
{
	static char long_name[NAME_INDEX_TEXT_MAX + 2];
	const char *names[] = { "web", long_name }, *which;
	struct name_index_link link = { "a", "" };
	struct name_index_new n = { .id = ID_A, .names = names, .n_names = 2 };

	memset(long_name, 'x', sizeof(long_name) - 1);
	CHECK_INT(name_index_check(&n, &which), -EINVAL);
	CHECK(which == long_name);
	long_name[NAME_INDEX_TEXT_MAX] = '\0';
	CHECK_OK(name_index_check(&n, &which));
	long_name[0] = '\0';
	CHECK_INT(name_index_check(&n, &which), -EINVAL);
	n.n_names = 1;
	n.links = &link;
	n.n_links = 1;
	CHECK_INT(name_index_check(&n, NULL), -EINVAL);
	n.n_links = 0;
	n.n_names = 0;
	CHECK_INT(name_index_check(&n, NULL), -EINVAL);
}

TEST(what_is_no_whole_index_is_not_opened)
{
	struct made m = { 0 };
	struct name_index idx;

	add(&m, ID_A, "web", "www", ten);
	for (size_t len = 0; len < m.len; len++)
		CHECK_INT(name_index_open(m.memory, len, &idx), -EBADMSG);
	((char *)m.memory)[0]++;
	CHECK_INT(name_index_open(m.memory, m.len, &idx), -EBADMSG);
	done(&m);
}

TESTS(T(names_are_found_in_lower_case_with_their_addresses), T(a_shared_name_has_all_its_endpoints),
      T(an_endpoint_that_comes_again_replaces_itself),
      T(addresses_lead_back_to_the_name_as_it_was_written), T(a_link_is_seen_by_its_owner_alone),
      T(a_thousand_come_and_go_in_any_order), T(names_that_cannot_be_asked_for_are_refused),
      T(what_is_no_whole_index_is_not_opened))
