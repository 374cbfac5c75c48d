/*
 * image_manifest.h - what image archives and registries say about images: manifests and indexes
 *
 * OCI image-spec 1.1 (manifest.md, image-index.md, descriptor.md), Docker's schema 2, and the
 * manifest.json of `docker save`. The texts are hostile: digests and sizes are checked here.
 */
#ifndef MODEL_IMAGE_MANIFEST_H
#define MODEL_IMAGE_MANIFEST_H

#include "codec/schema.h"
#include "model/image_platform.h"

enum { IMAGE_MANIFEST_MAX = 4 << 20, IMAGE_CONFIG_MAX = 8 << 20 }; /* bytes of text */

struct oci_descriptor {
	const char *media_type;
	const char *digest;
	int64_t size;
	struct image_platform *platform;
	struct str_map annotations;
};
SCHEMA_DECLARE(oci_descriptor);

struct oci_manifest {
	int schema_version;
	const char *media_type, *artifact_type;
	struct oci_descriptor config;
	LIST(struct oci_descriptor) layers;
};
SCHEMA_DECLARE(oci_manifest);

struct oci_index {
	int schema_version;
	const char *media_type;
	LIST(struct oci_descriptor) manifests;
};
SCHEMA_DECLARE(oci_index);

/* One entry of manifest.json; the names are those of members of the archive. */
struct docker_manifest {
	const char *config;
	struct strv repo_tags;
	struct strv layers; /* lowest first */
};
SCHEMA_DECLARE(docker_manifest);

struct docker_manifest_list {
	LIST(struct docker_manifest) items;
};

/* Each reads and checks one text; memory is the arena's. -EINVAL. */
int image_manifest_read(const char *text, size_t len, struct arena *a, struct oci_manifest *ret,
			struct err *err);
int image_manifest_read_index(const char *text, size_t len, struct arena *a, struct oci_index *ret,
			      struct err *err);
int image_manifest_read_docker(const char *text, size_t len, struct arena *a,
			       struct docker_manifest_list *ret, struct err *err);

/* Whether a media type is that of an index or a manifest list. */
bool image_manifest_is_index(const char *media_type);
/* ... of docker's schema 1, which is refused. */
bool image_manifest_is_schema1(const char *media_type);
/*
 * A text that can be read as an index and as a manifest would be one image here and another one
 * elsewhere, under one digest; so does the media type inside have to be of the kind that led to it.
 * -EINVAL.
 */
int image_manifest_check_kind(const char *text, size_t len, const char *media_type, bool want_index,
			      const char *digest, struct err *err);
/* -EINVAL when it is not an image but something else that registries keep. */
int image_manifest_check_image(const struct oci_manifest *m, const char *digest, struct err *err);
/* Signatures and the like, which stand beside images in an index. */
bool image_manifest_is_attestation(const struct oci_descriptor *d);

/* The one that fits best, the first among equals, or NULL. */
const struct oci_descriptor *image_manifest_choose(const struct oci_index *index,
						   const struct image_platform *want);

#endif
