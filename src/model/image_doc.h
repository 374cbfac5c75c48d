/*
 * image_doc.h - what the store remembers of an image
 *
 * The image's ID is the digest of its configuration, whose bytes are kept unchanged as a blob.
 * The document repeats what a start needs, so that a start reads one record.
 */
#ifndef MODEL_IMAGE_DOC_H
#define MODEL_IMAGE_DOC_H

#include "codec/schema.h"

enum { IMAGE_DOC_VERSION = 1 };

/* The "config" object of an image configuration (OCI image-spec config.md, and Docker's additions).
 */
struct image_run_config {
	const char *user;
	struct strv exposed_ports; /* set */
	struct strv env;
	struct strv entrypoint, cmd;
	struct strv volumes; /* set */
	const char *working_dir;
	struct str_map labels;
	const char *stop_signal;
	bool args_escaped;
	const char *healthcheck; /* raw JSON */
	struct strv on_build, shell;
};
SCHEMA_DECLARE(image_run_config);

struct image_history {
	int64_t created; /* ns */
	const char *created_by, *author, *comment;
	bool empty_layer;
};
SCHEMA_DECLARE(image_history);

struct image_rootfs {
	const char *type;     /* "layers" */
	struct strv diff_ids; /* "sha256:…", lowest first */
};
SCHEMA_DECLARE(image_rootfs);

/* A whole configuration, application/vnd.oci.image.config.v1+json. */
struct image_config {
	int64_t created;
	const char *author, *architecture, *variant, *os, *os_version;
	struct image_run_config config;
	struct image_rootfs rootfs;
	LIST(struct image_history) history;
};
SCHEMA_DECLARE(image_config);

struct image_doc {
	int version;     /* IMAGE_DOC_VERSION */
	const char *id;  /* "sha256:hex" */
	int64_t created; /* ns */
	const char *architecture, *variant, *os, *author, *comment;
	struct strv repo_tags;    /* canonical references: "docker.io/library/busybox:latest" */
	struct strv repo_digests; /* "docker.io/library/busybox@sha256:…" */
	struct strv diff_ids;     /* lowest first; hex part names the layer's directory */
	int64_t size;             /* bytes of all layers' content, uncompressed */
	int64_t last_tag_time;    /* ns */
	/* Digests of the texts by which it came, kept as blobs: its manifest, then the indexes that
	 * led to it, the nearest first. */
	struct strv manifests;
	struct str_map
		targets; /* of tags that were pulled: canonical reference, digest that it named
			  */
	struct image_run_config config;
};
SCHEMA_DECLARE(image_doc);

struct image_doc_list {
	struct image_doc *items;
	size_t n;
};

/* A layer's bytes as registries have them, kept as a blob. */
struct layer_blob {
	const char *digest, *media_type;
	int64_t size;
	struct strv repositories; /* that have it: "docker.io/library/busybox" */
};
SCHEMA_DECLARE(layer_blob);

struct layer_doc {
	int version;
	const char *diff_id; /* "sha256:hex" of the uncompressed tar */
	int64_t size;        /* bytes of regular files' content */
	int64_t inodes;
	struct layer_blob *blob; /* NULL: it came as a plain tar, which is not kept */
	/* What a push made of such a tar; not kept either, but the next push finds it there. */
	struct layer_blob *packed;
};
SCHEMA_DECLARE(layer_doc);

#endif
