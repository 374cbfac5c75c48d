/*
 * fuzz_network_policy.c - policies in YAML or JSON: what is read is written, read again the same
 * and, as a selector's text, read again, too
 */
#include "base/own.h"
#include "model/network_policy.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From the store and from what inspect prints. */
static void write_again(const struct network_policy *p, enum schema_style style, struct arena *a)
{
	OWN(buf) struct buf once = { 0 }, twice = { 0 };
	struct network_policy_list again;

	schema_write(&network_policy_schema, p, style, &once);
	if (network_policy_read(buf_text(&once), once.len, a, &again, NULL) < 0)
		abort();
	schema_write(&network_policy_schema, &again.items[0], style, &twice);
	if (!str_eq(once.data, twice.data))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct network_policy_list list;
	struct label_selector selector;
	struct policy_port port;
	struct policy_peer peer;
	const char *text = arena_strndup(&a, (const char *)data, size);

	if (network_policy_read(text, size, &a, &list, NULL) == 0) {
		for (size_t i = 0; i < list.n; i++) {
			write_again(&list.items[i], SCHEMA_COMPACT, &a);
			write_again(&list.items[i], SCHEMA_FULL, &a);
		}
	}
	if (label_selector_parse(text, &a, &selector, NULL) == 0)
		(void)label_selector_key(&selector, &a);
	if (network_policy_parse_peer(text, &a, &peer, NULL) == 0)
		(void)network_policy_peer_text(&peer, &a);
	if (network_policy_parse_port(text, &port, NULL) == 0)
		(void)network_policy_port_text(&port, &a);
	return 0;
}
