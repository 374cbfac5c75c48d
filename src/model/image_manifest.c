/*
 * image_manifest.c - what image archives and registries say about images
 */
#include "model/image_manifest.h"

#include "base/own.h"
#include "codec/digest.h"

#define T struct oci_descriptor
SCHEMA(oci_descriptor, T, F_STR(T, media_type, "mediaType", OMIT_EMPTY),
       F_STR(T, digest, "digest", REQUIRED), F_I64(T, size, "size", REQUIRED),
       F_PTR(T, platform, "platform", image_platform, OMIT_EMPTY),
       F_MAP(T, annotations, "annotations", OMIT_EMPTY));
#undef T

#define T struct oci_manifest
SCHEMA(oci_manifest, T, F_INT(T, schema_version, "schemaVersion", REQUIRED),
       F_STR(T, media_type, "mediaType", OMIT_EMPTY),
       F_STR(T, artifact_type, "artifactType", OMIT_EMPTY),
       F_OBJ(T, config, "config", oci_descriptor, REQUIRED),
       F_LIST(T, layers, "layers", oci_descriptor, ALWAYS_FULL));
#undef T

#define T struct oci_index
SCHEMA(oci_index, T, F_INT(T, schema_version, "schemaVersion", REQUIRED),
       F_STR(T, media_type, "mediaType", OMIT_EMPTY),
       F_LIST(T, manifests, "manifests", oci_descriptor, ALWAYS_FULL));
#undef T

#define T struct docker_manifest
SCHEMA(docker_manifest, T, F_STR(T, config, "Config", REQUIRED),
       F_STRV(T, repo_tags, "RepoTags", ALWAYS_FULL), F_STRV(T, layers, "Layers", ALWAYS_FULL));
#undef T

/* manifest.json is a list; tables describe objects. */
#define T struct docker_manifest_list
SCHEMA_DECLARE(docker_manifest_list);
SCHEMA(docker_manifest_list, T, F_LIST(T, items, "items", docker_manifest, REQUIRED));
#undef T

enum { SCHEMA_VERSION = 2 };

static int check_descriptor(const struct oci_descriptor *d, const char *what, struct err *err)
{
	if (!digest_is_valid(d->digest))
		return err_set(err, -EINVAL, "%s: not a sha256 or sha512 digest: \"%.100s\"", what,
			       d->digest);
	if (d->size < 0)
		return err_set(err, -EINVAL, "%s: a negative size", what);
	return 0;
}

static int check_version(int version, struct err *err)
{
	if (version == SCHEMA_VERSION)
		return 0;
	if (version == 1)
		return err_set(err, -EINVAL,
			       "the manifest is of docker's schema 1, which is not supported: push "
			       "the image again with a newer client");
	return err_set(err, -EINVAL, "schemaVersion %d is not supported; only %d is", version,
		       SCHEMA_VERSION);
}

int image_manifest_read(const char *text, size_t len, struct arena *a, struct oci_manifest *ret,
			struct err *err)
{
	struct oci_manifest m;
	int r = schema_read(&oci_manifest_schema, text, len, a, &m, err);

	if (r == 0)
		r = check_version(m.schema_version, err);
	if (r == 0)
		r = check_descriptor(&m.config, "config", err);
	for (size_t i = 0; r == 0 && i < m.layers.n; i++) {
		const char *type = m.layers.items[i].media_type;

		r = check_descriptor(&m.layers.items[i], "layers", err);
		if (r == 0 && type && str_ends(type, "+encrypted"))
			r = err_set(err, -ENOTSUP,
				    "the image is encrypted; decrypt it before, for example with "
				    "skopeo copy --decryption-key");
	}
	if (r == 0)
		*ret = m;
	return r;
}

int image_manifest_read_index(const char *text, size_t len, struct arena *a, struct oci_index *ret,
			      struct err *err)
{
	struct oci_index index;
	int r = schema_read(&oci_index_schema, text, len, a, &index, err);

	if (r == 0)
		r = check_version(index.schema_version, err);
	for (size_t i = 0; r == 0 && i < index.manifests.n; i++)
		r = check_descriptor(&index.manifests.items[i], "manifests", err);
	if (r == 0)
		*ret = index;
	return r;
}

int image_manifest_read_docker(const char *text, size_t len, struct arena *a,
			       struct docker_manifest_list *ret, struct err *err)
{
	OWN(buf) struct buf object = { 0 };

	buf_adds(&object, "{\"items\":");
	buf_add(&object, text, len);
	buf_adds(&object, "}");
	return schema_read(&docker_manifest_list_schema, object.data, object.len, a, ret, err);
}

bool image_manifest_is_index(const char *media_type)
{
	return str_eq(media_type, "application/vnd.oci.image.index.v1+json") ||
	       str_eq(media_type, "application/vnd.docker.distribution.manifest.list.v2+json");
}

bool image_manifest_is_schema1(const char *media_type)
{
	return media_type &&
	       str_after(media_type, "application/vnd.docker.distribution.manifest.v1+") != NULL;
}

int image_manifest_check_kind(const char *text, size_t len, const char *media_type, bool want_index,
			      const char *digest, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct oci_manifest m;
	struct oci_index index;
	bool as_manifest = image_manifest_read(text, len, &a, &m, NULL) == 0;
	bool as_index = image_manifest_read_index(text, len, &a, &index, NULL) == 0 &&
			index.manifests.n > 0;

	if ((as_manifest && as_index) ||
	    (!str_is_empty(media_type) && image_manifest_is_index(media_type) != want_index))
		return err_set(err, -EINVAL,
			       "%s is ambiguous: an index to some, a manifest to others", digest);
	return 0;
}

int image_manifest_check_image(const struct oci_manifest *m, const char *digest, struct err *err)
{
	const char *type = m->config.media_type;

	if (!type || str_eq(type, "application/vnd.oci.image.config.v1+json") ||
	    str_eq(type, "application/vnd.docker.container.image.v1+json"))
		return 0;
	return err_set(err, -EINVAL, "%s is an artifact (%.100s), not an image", digest,
		       m->artifact_type ? m->artifact_type : type);
}

bool image_manifest_is_attestation(const struct oci_descriptor *d)
{
	if (str_map_get(&d->annotations, "vnd.docker.reference.type"))
		return true;
	return d->platform && str_eq(d->platform->os, "unknown") &&
	       str_eq(d->platform->architecture, "unknown");
}

const struct oci_descriptor *image_manifest_choose(const struct oci_index *index,
						   const struct image_platform *want)
{
	const struct oci_descriptor *best = NULL;
	int best_rank = 0;

	for (size_t i = 0; i < index->manifests.n; i++) {
		const struct oci_descriptor *d = &index->manifests.items[i];
		int rank = image_platform_rank(want, d->platform);

		if (rank < 0 || image_manifest_is_attestation(d) || (best && rank >= best_rank))
			continue;
		best = d;
		best_rank = rank;
	}
	return best;
}
