/*
 * fuzz_name_index.c - whatever is in a file, nothing beyond its end is read; and what is made from
 * it is an index again
 */
#include "codec/name_index.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void search(const struct name_index *idx)
{
	static const char id[NAME_INDEX_ID_LEN] = "a";
	static const uint8_t address[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };
	const struct name_endpoint *e = name_index_reverse(idx, address);
	struct name_text text = name_index_network(idx);
	uint32_t n, first = name_index_find(idx, "web", 3, &n);
	volatile char last = 0;

	for (uint32_t i = first; i < first + n; i++) {
		e = name_index_endpoint(idx, i);
		text = e ? name_index_name(idx, e) : text;
		last = text.len ? text.at[text.len - 1] : last;
	}
	(void)name_index_link(idx, "web", 3, id, &text);
}

static void change(const struct name_index *idx)
{
	const char *names[] = { "web", "alias" };
	struct name_index_link link = { "web", "other" };
	struct name_index_new added = {
		.id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		.names = names,
		.n_names = 2,
		.links = &link,
		.n_links = 1,
		.v4 = (const uint8_t *)"\x0a\x00\x00\x01",
	};
	struct name_index_change c = {
		.old = idx, .network = "net", .without = added.id, .added = &added
	};
	size_t size = name_index_size(&c), len;
	void *out = malloc(size);
	struct name_index again;

	len = name_index_build(&c, out);
	if (len > size || name_index_open(out, len, &again) < 0)
		abort();
	search(&again);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *copy = malloc(size ? size : 1);
	struct name_index idx;

	memcpy(copy, data, size);
	if (name_index_open(copy, size, &idx) == 0) {
		search(&idx);
		change(&idx);
	}
	free(copy);
	return 0;
}
