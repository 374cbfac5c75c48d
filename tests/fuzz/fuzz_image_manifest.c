/* fuzz_image_manifest.c - manifests, indexes, configurations and -c lines; the first byte says
 * which */
#include "base/own.h"
#include "model/image_change.h"
#include "model/image_manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct docker_manifest_list list;
	struct image_run_config change = { 0 };
	struct image_config config;
	struct oci_manifest manifest;
	struct oci_index index;
	struct image_platform want;
	const char *text;

	if (size == 0)
		return 0;
	text = arena_strndup(&a, (const char *)data + 1, --size);
	switch (data[0] % 6) {
	case 0:
		(void)image_manifest_read_docker(text, size, &a, &list, NULL);
		break;
	case 1:
		(void)image_manifest_read(text, size, &a, &manifest, NULL);
		break;
	case 2:
		if (image_manifest_read_index(text, size, &a, &index, NULL) == 0)
			(void)image_manifest_choose(&index, image_platform_host());
		break;
	case 3:
		(void)schema_read(&image_config_schema, text, size, &a, &config, NULL);
		break;
	case 4:
		(void)image_change_apply(text, &a, &change, NULL);
		break;
	default:
		(void)image_platform_parse(text, &a, &want, NULL);
		break;
	}
	return 0;
}
