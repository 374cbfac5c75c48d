/*
 * image_inspect.c - the Docker API's document of an image
 */
#include "cmd/image_inspect.h"

#include "codec/digest.h"
#include "codec/ref.h"
#include "codec/timestamp.h"
#include "image/image.h"

#include <json-c/json.h>

static void put(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value ? value : ""));
}

static void put_time(struct json_object *o, const char *key, int64_t ns)
{
	char text[TIMESTAMP_MAX];

	timestamp_write(ns, text);
	put(o, key, text);
}

static struct json_object *strings(const struct strv *v)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < v->n; i++)
		json_object_array_add(list, json_object_new_string(v->items[i]));
	return list;
}

/* Names as people write them. */
static struct json_object *names(const struct strv *v)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < v->n; i++)
		json_object_array_add(list, json_object_new_string(ref_familiar(v->items[i])));
	return list;
}

/* The layers as overlayfs stacks them: the top one is the upper directory of docker's view. */
static struct json_object *graph_driver(const struct image_doc *doc, const char *root,
					struct arena *a)
{
	struct json_object *driver = json_object_new_object(), *data = json_object_new_object();
	struct strv lower = { 0 };
	size_t n = doc->diff_ids.n;

	for (size_t i = n; i-- > 1;)
		strv_add(&lower, a,
			 arena_printf(a, "%s/layers/%s", root,
				      digest_hex(doc->diff_ids.items[i - 1])));
	if (lower.n)
		put(data, "LowerDir", strv_join(&lower, a, ":"));
	if (n)
		put(data, "UpperDir",
		    arena_printf(a, "%s/layers/%s", root, digest_hex(doc->diff_ids.items[n - 1])));
	json_object_object_add(driver, "Data", data);
	put(driver, "Name", "overlay2");
	return driver;
}

struct json_object *image_inspect(const struct image_doc *doc, const char *root, struct arena *a)
{
	struct json_object *o = json_object_new_object(), *rootfs = json_object_new_object();
	struct json_object *metadata = json_object_new_object();

	put(o, "Id", doc->id);
	json_object_object_add(o, "RepoTags", names(&doc->repo_tags));
	json_object_object_add(o, "RepoDigests", names(&doc->repo_digests));
	put(o, "Parent", "");
	put(o, "Comment", doc->comment);
	/* What says no time, or 1970 so that it can be built again, is of 1970. */
	if (doc->created)
		put_time(o, "Created", doc->created);
	else
		put(o, "Created", "1970-01-01T00:00:00Z");
	put(o, "DockerVersion", "");
	put(o, "Author", doc->author);
	json_object_object_add(o, "Config",
			       schema_tree(&image_run_config_schema, &doc->config, SCHEMA_FULL));
	put(o, "Architecture", doc->architecture);
	if (!str_is_empty(doc->variant))
		put(o, "Variant", doc->variant);
	put(o, "Os", doc->os);
	json_object_object_add(o, "Size", json_object_new_int64(image_size(doc)));
	json_object_object_add(o, "GraphDriver", graph_driver(doc, root, a));
	put(rootfs, "Type", "layers");
	json_object_object_add(rootfs, "Layers", strings(&doc->diff_ids));
	json_object_object_add(o, "RootFS", rootfs);
	put_time(metadata, "LastTagTime", doc->last_tag_time);
	json_object_object_add(o, "Metadata", metadata);
	return o;
}
