/*
 * name_index.c - the names of one network in one piece of memory
 *
 * A change makes a new index from the old one in a single pass: entries are sorted, so the few that
 * come are merged into those that stay. Endpoints keep their order, which keeps the entries of a
 * shared name sorted by endpoint, too.
 */
#include "codec/name_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = { 'n', 'a', 'm', 'e', 's', ' ', '1', '\n' };

/* -- reading -- */

int name_index_open(const void *data, size_t len, struct name_index *ret)
{
	const struct name_index_head *h = data;
	const char *at = (const char *)data + sizeof(*h);
	uint64_t want = sizeof(*h);

	if (len < sizeof(*h) || memcmp(h->magic, magic, sizeof(magic)))
		return -EBADMSG;
	want += (uint64_t)h->endpoints * sizeof(struct name_endpoint);
	want += (uint64_t)h->names * sizeof(struct name_entry);
	want += (uint64_t)h->addresses * sizeof(struct name_address);
	want += h->text_len;
	if (want != len || h->network_len > h->text_len || h->network_len > NAME_INDEX_TEXT_MAX)
		return -EBADMSG;
	ret->head = h;
	ret->endpoints = (const void *)at;
	at += h->endpoints * sizeof(struct name_endpoint);
	ret->names = (const void *)at;
	at += h->names * sizeof(struct name_entry);
	ret->addresses = (const void *)at;
	ret->text = at + h->addresses * sizeof(struct name_address);
	return 0;
}

/* Nothing when it is not within the text. */
static struct name_text text_at(const struct name_index *idx, uint32_t at, uint32_t len)
{
	if (at > idx->head->text_len || len > idx->head->text_len - at || len > NAME_INDEX_TEXT_MAX)
		return (struct name_text){ "", 0 };
	return (struct name_text){ idx->text + at, len };
}

static int compare_text(struct name_text a, struct name_text b)
{
	int r = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

static struct name_text entry_text(const struct name_index *idx, const struct name_entry *e)
{
	return text_at(idx, e->text, e->len);
}

struct name_text name_index_network(const struct name_index *idx)
{
	return text_at(idx, 0, idx->head->network_len);
}

struct name_text name_index_name(const struct name_index *idx, const struct name_endpoint *e)
{
	return text_at(idx, e->name, e->name_len);
}

/* The first entry that is not before the name, or, after it, that is behind it. */
static uint32_t bound(const struct name_index *idx, struct name_text name, bool after)
{
	uint32_t low = 0, high = idx->head->names;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int r = compare_text(entry_text(idx, &idx->names[mid]), name);

		if (r < 0 || (after && r == 0))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t name_index_find(const struct name_index *idx, const char *name, size_t len,
			 uint32_t *ret_n)
{
	struct name_text text = { name, len };
	uint32_t first = bound(idx, text, false);

	/* In an index whose order is broken the second search may end before the first. */
	uint32_t end = bound(idx, text, true);

	*ret_n = end > first ? end - first : 0;
	return first;
}

static const struct name_endpoint *endpoint_at(const struct name_index *idx, uint32_t i)
{
	return i < idx->head->endpoints ? &idx->endpoints[i] : NULL;
}

const struct name_endpoint *name_index_endpoint(const struct name_index *idx, uint32_t entry)
{
	const struct name_entry *e = &idx->names[entry];

	return e->target_len ? NULL : endpoint_at(idx, e->endpoint);
}

bool name_index_link(const struct name_index *idx, const char *name, size_t len, const char *id,
		     struct name_text *ret)
{
	uint32_t n, first = name_index_find(idx, name, len, &n);

	for (uint32_t i = first; i < first + n; i++) {
		const struct name_entry *e = &idx->names[i];
		const struct name_endpoint *owner = endpoint_at(idx, e->endpoint);

		if (!e->target_len || !owner || memcmp(owner->id, id, NAME_INDEX_ID_LEN))
			continue;
		*ret = text_at(idx, e->target, e->target_len);
		return ret->len > 0;
	}
	return false;
}

const struct name_endpoint *name_index_reverse(const struct name_index *idx,
					       const uint8_t address[16])
{
	uint32_t low = 0, high = idx->head->addresses;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int r = memcmp(idx->addresses[mid].bytes, address, 16);

		if (r == 0)
			return endpoint_at(idx, idx->addresses[mid].endpoint);
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* -- making one -- */

static int check_text(const char *name)
{
	size_t len = strnlen(name, NAME_INDEX_TEXT_MAX + 1);

	return len == 0 || len > NAME_INDEX_TEXT_MAX ? -EINVAL : 0;
}

int name_index_check(const struct name_index_new *added, const char **ret_name)
{
	const char *ignored = NULL;

	ret_name = ret_name ? ret_name : &ignored;
	*ret_name = added->n_names ? added->names[0] : "";
	if (added->n_names == 0 || added->n_names > NAME_INDEX_NAMES_MAX ||
	    added->n_links > NAME_INDEX_NAMES_MAX - added->n_names)
		return -EINVAL;
	for (size_t i = 0; i < added->n_names; i++) {
		*ret_name = added->names[i];
		if (check_text(added->names[i]) < 0)
			return -EINVAL;
	}
	for (size_t i = 0; i < added->n_links; i++) {
		*ret_name = added->links[i].name;
		if (check_text(added->links[i].name) < 0 || check_text(added->links[i].target) < 0)
			return -EINVAL;
	}
	return 0;
}

size_t name_index_size(const struct name_index_change *c)
{
	size_t size = sizeof(struct name_index_head) + NAME_INDEX_TEXT_MAX;

	if (c->old) {
		const struct name_index_head *h = c->old->head;

		/* A broken index may use a piece of its text more than once: each is written again.
		 */
		size += h->endpoints * (sizeof(struct name_endpoint) + NAME_INDEX_TEXT_MAX);
		size += h->names * (sizeof(struct name_entry) + 2 * NAME_INDEX_TEXT_MAX);
		size += h->addresses * sizeof(struct name_address);
	}
	if (c->added) {
		size += sizeof(struct name_endpoint) + NAME_INDEX_TEXT_MAX;
		size += 2 * sizeof(struct name_address);
		size += (c->added->n_names + c->added->n_links) *
			(sizeof(struct name_entry) + 2 * NAME_INDEX_TEXT_MAX);
	}
	return size;
}

/* One that is being written. Arrays lie behind each other with room for all that may come. */
struct building {
	const struct name_index_change *change;
	struct name_index_head *head;
	struct name_endpoint *endpoints;
	struct name_entry *names;
	struct name_address *addresses;
	char *text;
	uint32_t gone, n_gone; /* the endpoints that go: the first of them, and how many so far */
};

static uint32_t add_text(struct building *b, struct name_text t, bool lower)
{
	uint32_t at = b->head->text_len;

	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];

		b->text[at + i] = lower && c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
	}
	b->head->text_len += (uint32_t)t.len;
	return at;
}

static struct name_text as_text(const char *s)
{
	return (struct name_text){ s, strlen(s) };
}

static bool goes(const struct building *b, const struct name_endpoint *e)
{
	return b->change->without && memcmp(e->id, b->change->without, NAME_INDEX_ID_LEN) == 0;
}

/* An endpoint's number in the new index; false when it goes. A container is in a network once. */
static bool renumber(const struct building *b, uint32_t *number)
{
	if (*number >= b->change->old->head->endpoints || (b->n_gone && *number == b->gone))
		return false;
	*number -= b->n_gone && *number > b->gone ? 1 : 0;
	return true;
}

static void keep_endpoints(struct building *b)
{
	const struct name_index *old = b->change->old;

	for (uint32_t i = 0; i < old->head->endpoints; i++) {
		struct name_endpoint *e = &b->endpoints[b->head->endpoints];

		if (!b->n_gone && goes(b, &old->endpoints[i])) {
			b->gone = i;
			b->n_gone = 1;
			continue;
		}
		*e = old->endpoints[i];
		e->name = add_text(b, name_index_name(old, e), false);
		e->name_len = b->head->text_len - e->name;
		b->head->endpoints++;
	}
}

static void add_endpoint(struct building *b, const struct name_index_new *n)
{
	struct name_endpoint *e = &b->endpoints[b->head->endpoints++];

	*e = (struct name_endpoint){ .has_v4 = n->v4 != NULL, .has_v6 = n->v6 != NULL };
	memcpy(e->id, n->id, NAME_INDEX_ID_LEN);
	if (n->v4)
		memcpy(e->v4, n->v4, sizeof(e->v4));
	if (n->v6)
		memcpy(e->v6, n->v6, sizeof(e->v6));
	e->name = add_text(b, as_text(n->names[0]), false);
	e->name_len = b->head->text_len - e->name;
}

static struct name_text new_text(const struct building *b, const struct name_entry *e)
{
	return (struct name_text){ b->text + e->text, e->len };
}

static struct name_entry make_entry(struct building *b, const char *name, const char *target)
{
	struct name_entry e = { .endpoint = b->head->endpoints - 1 };

	e.text = add_text(b, as_text(name), true);
	e.len = (uint8_t)(b->head->text_len - e.text);
	if (target) {
		e.target = add_text(b, as_text(target), true);
		e.target_len = (uint8_t)(b->head->text_len - e.target);
	}
	return e;
}

/* Few: sorted as they come. Twice the same name is one. */
static void insert(struct building *b, struct name_entry *all, size_t *n, struct name_entry e)
{
	size_t at = *n;

	while (at > 0 && compare_text(new_text(b, &all[at - 1]), new_text(b, &e)) > 0)
		at--;
	if (at > 0 && compare_text(new_text(b, &all[at - 1]), new_text(b, &e)) == 0 &&
	    all[at - 1].target_len == e.target_len)
		return;
	memmove(all + at + 1, all + at, (*n - at) * sizeof(*all));
	all[at] = e;
	++*n;
}

/* Copies the old entries that stay and come before the new one (NULL: all of the rest). */
static uint32_t keep_names(struct building *b, uint32_t from, const struct name_entry *before)
{
	const struct name_index *old = b->change->old;
	uint32_t i = from;

	for (; old && i < old->head->names; i++) {
		struct name_entry e = old->names[i];
		struct name_text text = entry_text(old, &e), target;

		if (before && compare_text(text, new_text(b, before)) > 0)
			break;
		if (text.len == 0 || !renumber(b, &e.endpoint))
			continue;
		target = text_at(old, e.target, e.target_len);
		e.text = add_text(b, text, false);
		e.target = add_text(b, target, false);
		e.target_len = (uint8_t)target.len;
		b->names[b->head->names++] = e;
	}
	return i;
}

static void merge_names(struct building *b)
{
	const struct name_index_new *n = b->change->added;
	struct name_entry all[NAME_INDEX_NAMES_MAX + 1];
	size_t count = 0;
	uint32_t at = 0;

	for (size_t i = 0; n && i < n->n_names; i++)
		insert(b, all, &count, make_entry(b, n->names[i], NULL));
	for (size_t i = 0; n && i < n->n_links; i++)
		insert(b, all, &count, make_entry(b, n->links[i].name, n->links[i].target));
	for (size_t i = 0; i < count; i++) {
		at = keep_names(b, at, &all[i]);
		b->names[b->head->names++] = all[i];
	}
	(void)keep_names(b, at, NULL);
}

/* -- addresses -- */

static void insert_address(struct building *b, const uint8_t *bytes, size_t len)
{
	struct name_address a = { .endpoint = b->head->endpoints - 1 };
	uint32_t at = b->head->addresses++;

	if (len == 4)
		a.bytes[10] = a.bytes[11] = 0xff;
	memcpy(a.bytes + 16 - len, bytes, len);
	while (at > 0 && memcmp(b->addresses[at - 1].bytes, a.bytes, 16) > 0) {
		b->addresses[at] = b->addresses[at - 1];
		at--;
	}
	b->addresses[at] = a;
}

static void merge_addresses(struct building *b)
{
	const struct name_index *old = b->change->old;
	const struct name_index_new *n = b->change->added;

	for (uint32_t i = 0; old && i < old->head->addresses; i++) {
		struct name_address a = old->addresses[i];

		if (renumber(b, &a.endpoint))
			b->addresses[b->head->addresses++] = a;
	}
	if (n && n->v4)
		insert_address(b, n->v4, 4);
	if (n && n->v6)
		insert_address(b, n->v6, 16);
}

/* -- all of it -- */

/* Where the parts begin while it is made: each with room for all that may come. */
static void lay_out(struct building *b, void *out)
{
	const struct name_index_change *c = b->change;
	size_t endpoints = c->added ? 1 : 0, addresses = c->added ? 2 : 0;
	size_t names = c->added ? c->added->n_names + c->added->n_links : 0;
	char *at = out;

	if (c->old) {
		endpoints += c->old->head->endpoints;
		names += c->old->head->names;
		addresses += c->old->head->addresses;
	}
	b->head = (void *)at;
	b->endpoints = (void *)(at += sizeof(*b->head));
	b->names = (void *)(at += endpoints * sizeof(*b->endpoints));
	b->addresses = (void *)(at += names * sizeof(*b->names));
	b->text = at + addresses * sizeof(*b->addresses);
}

/* Moves the parts together; the length of all. */
static size_t close_up(struct building *b)
{
	const struct name_index_head *h = b->head;
	const struct {
		const void *at;
		size_t len;
	} parts[] = {
		{ b->endpoints, h->endpoints * sizeof(*b->endpoints) },
		{ b->names, h->names * sizeof(*b->names) },
		{ b->addresses, h->addresses * sizeof(*b->addresses) },
		{ b->text, h->text_len },
	};
	char *to = (char *)b->head + sizeof(*b->head);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		memmove(to, parts[i].at, parts[i].len);
		to += parts[i].len;
	}
	return (size_t)(to - (char *)b->head);
}

size_t name_index_build(const struct name_index_change *change, void *out)
{
	struct building b = { .change = change };
	struct name_text network = { change->network,
				     strnlen(change->network, NAME_INDEX_TEXT_MAX) };

	lay_out(&b, out);
	*b.head = (struct name_index_head){ .flags = change->flags };
	memcpy(b.head->magic, magic, sizeof(magic));
	(void)add_text(&b, network, false);
	b.head->network_len = b.head->text_len;
	if (change->old)
		keep_endpoints(&b);
	if (change->added)
		add_endpoint(&b, change->added);
	merge_names(&b);
	merge_addresses(&b);
	return close_up(&b);
}
