/* Ports to publish, and subnets: what is accepted is what its parts say. */
#include "codec/cidr.h"
#include "codec/publish.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[256], again[CIDR_TEXT_MAX];
	struct publish p;
	struct cidr c, d;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (publish_parse(text, &p, NULL) == 0) {
		assert(p.container.first > 0 && p.container.first <= p.container.last);
		assert(p.host_first <= p.host_last);
	}
	if (cidr_parse(text, &c) == 0) {
		cidr_write(&c, again);
		assert(cidr_parse(again, &d) == 0 && c.address == d.address &&
		       c.prefix == d.prefix);
		assert(cidr_first(&c) <= cidr_last(&c) && cidr_has(&c, c.address));
	}
	return 0;
}
