/* Answers of network plugins: what is accepted has addresses that are addresses, and lines that are
 * lines. */
#include "codec/ip_block.h"
#include "model/cni.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	const char *text = (const char *)data, *version;
	struct cni_result r;
	struct cni_endpoint e;
	struct ip_block address;

	if (cni_read_result(text, size, &a, &r, NULL) == 0) {
		cni_endpoint_of(&r, "eth0", &a, &e);
		assert(!e.ip || ip_block_parse_address(e.ip, &address) == 0);
		assert(e.prefix >= 0 && e.prefix <= 32);
		assert(!e.mac || strlen(e.mac) == 17);
	}
	for (const char *p = cni_read_error(text, size, &a); *p; p++)
		assert((unsigned char)*p >= ' ');
	if (cni_read_versions(text, size, &version, NULL) == 0)
		assert(cni_is_version(version));
	arena_done(&a);
	return 0;
}
