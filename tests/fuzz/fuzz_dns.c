/*
 * fuzz_dns.c - whatever comes as a question or as an answer is read within its bounds; each
 * question that is read gets an answer that fits and is one to it
 */
#include "codec/dns.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(const uint8_t *msg, size_t len, const struct dns_query *q, int rcode)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	size_t size = q->udp_size, n;
	struct dns_answer a;

	dns_answer_begin(&a, out, size, msg, q, (enum dns_rcode)rcode);
	for (size_t i = 0; i < 40; i++)
		dns_answer_add(&a, DNS_AAAA, 600, "0123456789abcdef", 16);
	(void)dns_answer_add_pointer(&a, 600, q->name, strlen(q->name));
	n = dns_answer_end(&a);
	if (n > size || (rcode == 0 && dns_check_reply(out, n, msg, len) < 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1), name[DNS_WIRE_MAX], address[16];
	struct dns_query q;
	size_t at = size / 2;
	int rcode;

	memcpy(copy, data, size);
	rcode = dns_parse_query(copy, size, &q);
	if (rcode >= 0) {
		if (strlen(q.name) >= DNS_NAME_MAX || q.question_end > size)
			abort();
		(void)dns_reverse_address(q.name, address);
		answer(copy, size, &q, rcode);
	}
	(void)dns_check_reply(copy, size, copy + size / 2, size - size / 2);
	if (dns_read_name(copy, size, &at, name) > DNS_WIRE_MAX || at > size + 1)
		abort();
	free(copy);
	return 0;
}
