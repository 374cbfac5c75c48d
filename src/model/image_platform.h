/*
 * image_platform.h - what an image is for, and whether a machine can run it
 *
 * OCI image-spec image-index.md; other names, defaults and the order of what fits are containerd's
 * (https://pkg.go.dev/github.com/containerd/platforms).
 */
#ifndef MODEL_IMAGE_PLATFORM_H
#define MODEL_IMAGE_PLATFORM_H

#include "codec/schema.h"

struct image_platform {
	const char *os, *architecture, *variant, *os_version;
};
SCHEMA_DECLARE(image_platform);

/*
 * "os/architecture[/variant]", "os" or "architecture", with the usual other names (x86_64). What is
 * left out is this machine's. -EINVAL.
 */
int image_platform_parse(const char *text, struct arena *a, struct image_platform *ret,
			 struct err *err);
/* The same as text; the arena's. */
const char *image_platform_text(const struct image_platform *p, struct arena *a);
/* The machine that this program is for. */
const struct image_platform *image_platform_host(void);
/*
 * How well an image for have does where want is wanted: 0 is best; -1: not at all. Older variants
 * follow newer ones (arm/v7: v7, v6, v5), then the smaller architecture of the same processors
 * (amd64: 386; arm64: arm). have NULL: not said, which is worse than all that is.
 */
int image_platform_rank(const struct image_platform *want, const struct image_platform *have);
bool image_platform_fits(const struct image_platform *want, const struct image_platform *have);

#endif
