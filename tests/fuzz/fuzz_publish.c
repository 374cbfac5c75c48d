/* Ports to publish, and subnets: what is accepted is what its parts say. */
#include "codec/ip_block.h"
#include "codec/publish.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[256], again[IP_BLOCK_TEXT_MAX];
	struct publish p;
	struct ip_block b, c;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (publish_parse(text, &p, NULL) == 0) {
		assert(!p.host_ip[0] || ip_block_parse_address(p.host_ip, &b) == 0);
		assert(p.container.first > 0 && p.container.first <= p.container.last);
		assert(p.host_first <= p.host_last);
	}
	if (ip_block_parse_within(text, &b) == 0) {
		struct ip_block first = ip_block_first(&b), last = ip_block_last(&b);

		ip_block_write_within(&b, again);
		assert(ip_block_parse_within(again, &c) == 0 && ip_block_compare(&b, &c) == 0);
		assert(ip_block_compare(&first, &last) <= 0 && ip_block_has(&b, &last));
		c = ip_block_subnet(&b);
		assert(!ip_block_next(&c) || !ip_block_overlaps(&b, &c));
	}
	return 0;
}
