/*
 * image_doc.c - tables of image documents
 */
#include "model/image_doc.h"

#define T struct image_run_config
SCHEMA(image_run_config, T, F_STR(T, user, "User", OMIT_EMPTY),
       F_SET(T, exposed_ports, "ExposedPorts", OMIT_EMPTY), F_STRV(T, env, "Env", OMIT_EMPTY),
       F_STRV(T, entrypoint, "Entrypoint", OMIT_EMPTY | OR_STRING),
       F_STRV(T, cmd, "Cmd", OMIT_EMPTY | OR_STRING), F_SET(T, volumes, "Volumes", OMIT_EMPTY),
       F_STR(T, working_dir, "WorkingDir", OMIT_EMPTY), F_MAP(T, labels, "Labels", OMIT_EMPTY),
       F_STR(T, stop_signal, "StopSignal", OMIT_EMPTY),
       F_BOOL(T, args_escaped, "ArgsEscaped", OMIT_EMPTY),
       F_RAW(T, healthcheck, "Healthcheck", OMIT_EMPTY), F_STRV(T, on_build, "OnBuild", OMIT_EMPTY),
       F_STRV(T, shell, "Shell", OMIT_EMPTY));
#undef T

#define T struct image_history
SCHEMA(image_history, T, F_TIME(T, created, "created", OMIT_EMPTY),
       F_STR(T, created_by, "created_by", OMIT_EMPTY), F_STR(T, author, "author", OMIT_EMPTY),
       F_STR(T, comment, "comment", OMIT_EMPTY), F_BOOL(T, empty_layer, "empty_layer", OMIT_EMPTY));
#undef T

#define T struct image_rootfs
SCHEMA(image_rootfs, T, F_STR(T, type, "type", ALWAYS_FULL),
       F_STRV(T, diff_ids, "diff_ids", ALWAYS_FULL));
#undef T

#define T struct image_config
SCHEMA(image_config, T, F_TIME(T, created, "created", OMIT_EMPTY),
       F_STR(T, author, "author", OMIT_EMPTY), F_STR(T, architecture, "architecture", ALWAYS_FULL),
       F_STR(T, variant, "variant", OMIT_EMPTY), F_STR(T, os, "os", ALWAYS_FULL),
       F_STR(T, os_version, "os.version", OMIT_EMPTY),
       F_OBJ(T, config, "config", image_run_config, ALWAYS_FULL),
       F_OBJ(T, rootfs, "rootfs", image_rootfs, REQUIRED),
       F_LIST(T, history, "history", image_history, OMIT_EMPTY));
#undef T

#define T struct image_doc
SCHEMA(image_doc, T, F_INT(T, version, "Version", REQUIRED), F_STR(T, id, "Id", REQUIRED),
       F_TIME(T, created, "Created", ALWAYS_FULL),
       F_STR(T, architecture, "Architecture", ALWAYS_FULL),
       F_STR(T, variant, "Variant", OMIT_EMPTY), F_STR(T, os, "Os", ALWAYS_FULL),
       F_STR(T, author, "Author", ALWAYS_FULL), F_STR(T, comment, "Comment", ALWAYS_FULL),
       F_STRV(T, repo_tags, "RepoTags", ALWAYS_FULL),
       F_STRV(T, repo_digests, "RepoDigests", ALWAYS_FULL),
       F_STRV(T, diff_ids, "DiffIds", ALWAYS_FULL), F_I64(T, size, "Size", ALWAYS_FULL),
       F_TIME(T, last_tag_time, "LastTagTime", ALWAYS_FULL),
       F_STRV(T, manifests, "Manifests", OMIT_EMPTY), F_MAP(T, targets, "Targets", OMIT_EMPTY),
       F_OBJ(T, config, "Config", image_run_config, ALWAYS_FULL));
#undef T

#define T struct layer_blob
SCHEMA(layer_blob, T, F_STR(T, digest, "Digest", REQUIRED),
       F_STR(T, media_type, "MediaType", REQUIRED), F_I64(T, size, "Size", REQUIRED),
       F_STRV(T, repositories, "Repositories", OMIT_EMPTY));
#undef T

#define T struct layer_doc
SCHEMA(layer_doc, T, F_INT(T, version, "Version", REQUIRED), F_STR(T, diff_id, "DiffId", REQUIRED),
       F_I64(T, size, "Size", ALWAYS_FULL), F_I64(T, inodes, "Inodes", ALWAYS_FULL),
       F_PTR(T, blob, "Blob", layer_blob, OMIT_EMPTY),
       F_PTR(T, packed, "Packed", layer_blob, OMIT_EMPTY));
#undef T
