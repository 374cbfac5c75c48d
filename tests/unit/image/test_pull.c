/* test_pull.c - from a reference to an image, with a repository of texts in memory */
#include "check.h"

#include "base/own.h"
#include "codec/hash.h"
#include "image/image.h"
#include "model/image_platform.h"
#include "sys/rmtree.h"

#include <fcntl.h>

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define INDEX_TYPE    "application/vnd.oci.image.index.v1+json"

enum { TEXTS = 16 };

/* An image without layers: what is tried here is how it is found. */
struct repository {
	char root[64];
	struct state *st;
	struct image_store *is;
	struct arena a;
	struct err err;
	struct image_remote remote;
	struct {
		const char *name, *text, *type;
	} texts[TEXTS];
	size_t n;
	int asked;
	const char *warning;
};

static const char *digest_of(struct repository *r, const char *text)
{
	char digest[DIGEST_TEXT];

	hash_of(DIGEST_SHA256, text, strlen(text), digest);
	return arena_strdup(&r->a, digest);
}

static void put(struct repository *r, const char *name, const char *text, const char *type)
{
	r->texts[r->n].name = name;
	r->texts[r->n].text = text;
	r->texts[r->n++].type = type;
}

static const char *find_text(struct repository *r, const char *name, const char **ret_type)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->texts[i].name, name)) {
			*ret_type = r->texts[i].type;
			return r->texts[i].text;
		}
	return NULL;
}

static int lend_manifest(void *ctx, const char *name, struct arena *a,
			 struct image_remote_text *ret, struct err *err)
{
	struct repository *r = ctx;
	const char *type, *text = find_text(r, name, &type);

	(void)a;
	r->asked++;
	if (!text)
		return err_set(err, -ENOENT, "manifest unknown");
	*ret = (struct image_remote_text){ text, strlen(text), type };
	return 0;
}

static int lend_blob(void *ctx, const struct image_remote_blob *want, struct err *err)
{
	const char *type, *text = find_text(ctx, want->digest, &type);

	if (!text)
		return err_set(err, -ENOENT, "blob unknown");
	return want->sink(want->ctx, text, strlen(text), err);
}

static void note_found(void *ctx, const struct image_pull_found *found)
{
	((struct repository *)ctx)->warning = found->warning;
}

/* Puts the image of an architecture; returns its manifest's descriptor for an index. */
static const char *put_image(struct repository *r, const char *architecture, const char *variant)
{
	const char *config =
		arena_printf(&r->a,
			     "{\"os\":\"linux\",\"architecture\":\"%s\",\"variant\":"
			     "\"%s\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
			     architecture, variant);
	const char *manifest = arena_printf(
		&r->a,
		"{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE
		"\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
		"\"digest\":\"%s\",\"size\":%zu},\"layers\":[]}",
		digest_of(r, config), strlen(config));

	put(r, digest_of(r, config), config, "");
	put(r, digest_of(r, manifest), manifest, MANIFEST_TYPE);
	return arena_printf(&r->a,
			    "{\"mediaType\":\"" MANIFEST_TYPE
			    "\",\"digest\":\"%s\",\"size\":%zu,\"platform\":{\"os\":\"linux\","
			    "\"architecture\":\"%s\",\"variant\":\"%s\"}}",
			    digest_of(r, manifest), strlen(manifest), architecture, variant);
}

static const char *put_index(struct repository *r, const char *tag, const char *entries)
{
	const char *text = arena_printf(&r->a,
					"{\"schemaVersion\":2,\"mediaType\":\"" INDEX_TYPE
					"\",\"manifests\":[%s]}",
					entries);

	put(r, tag, text, INDEX_TYPE);
	put(r, digest_of(r, text), text, INDEX_TYPE);
	return arena_printf(&r->a,
			    "{\"mediaType\":\"" INDEX_TYPE "\",\"digest\":\"%s\",\"size\":%zu}",
			    digest_of(r, text), strlen(text));
}

static void repository_init(struct repository *r)
{
	*r = (struct repository){ .remote = { lend_manifest, lend_blob, r, NULL } };
	(void)snprintf(r->root, sizeof(r->root), "/tmp/test_pull.XXXXXX");
	CHECK(mkdtemp(r->root));
	CHECK_OK(state_open(r->root, &r->st, NULL));
	CHECK_OK(image_store_open(r->root, r->st, &r->is, NULL));
}

static void repository_cleanup(struct repository *r)
{
	OWN(fd) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);

	image_store_close(r->is);
	state_close(r->st);
	arena_done(&r->a);
	CHECK_OK(rmtree_at(tmp, r->root + strlen("/tmp/")));
}

static int pull(struct repository *r, const char *ref, const char *platform,
		struct image_pulled *ret)
{
	const struct image_pull_spec spec = { .remote = &r->remote,
					      .ref = ref,
					      .platform = platform,
					      .concurrency = 1,
					      .found = note_found,
					      .found_ctx = r };

	r->err = (struct err)ERR_INIT;
	return image_pull(r->is, &spec, &r->a, ret, &r->err);
}

static const char *platform_of(struct repository *r, const char *name)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct image_doc doc;
	struct image_platform p;

	CHECK_OK(image_begin(r->is, &txn, NULL));
	CHECK_OK(image_find(r->is, txn, name, &r->a, &doc, NULL));
	p = (struct image_platform){ doc.os, doc.architecture, doc.variant, NULL };
	return image_platform_text(&p, &r->a);
}

static size_t count_images(struct repository *r)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct image_doc_list list;

	CHECK_OK(image_begin(r->is, &txn, NULL));
	CHECK_OK(image_list(r->is, txn, &r->a, &list, NULL));
	return list.n;
}

TEST(the_best_image_of_an_index_is_pulled_and_the_digest_is_the_indexs)
{
	OWN(repository) struct repository r;
	struct image_pulled pulled;
	const char *type;

	repository_init(&r);
	put_index(&r, "t",
		  arena_printf(&r.a, "%s,%s,%s", put_image(&r, "arm", "v6"),
			       put_image(&r, "arm", "v7"), put_image(&r, "amd64", "")));
	CHECK_OK(pull(&r, "h:1/x:t", "linux/arm/v8", &pulled));
	CHECK_STR(platform_of(&r, "h:1/x:t"), "linux/arm/v7");
	CHECK_STR(pulled.digest, digest_of(&r, find_text(&r, "t", &type)));
	CHECK(pulled.newer);
	CHECK_NULL(r.warning);
	CHECK_OK(pull(&r, "h:1/x:t", "linux/arm/v6", &pulled));
	CHECK_STR(platform_of(&r, "h:1/x:t"), "linux/arm/v6");
	CHECK_OK(pull(&r, "h:1/x:t", "linux/arm/v6", &pulled));
	CHECK(!pulled.newer);
	CHECK_ERR(pull(&r, "h:1/x:t", "linux/s390x", &pulled), -ENOENT, &r.err,
		  "no matching manifest for linux/s390x in the manifest list entries");
	CHECK_ERR(pull(&r, "h:1/x:t", "linux//v7", &pulled), -EINVAL, &r.err, "not a platform");
}

TEST(an_image_of_another_platform_is_warned_of)
{
	OWN(repository) struct repository r;
	struct image_pulled pulled;

	repository_init(&r);
	(void)put_image(&r, "vax", "");
	r.texts[r.n++] = r.texts[1];
	r.texts[2].name = "t";
	CHECK_OK(pull(&r, "h:1/x:t", NULL, &pulled));
	CHECK(strstr(r.warning, "platform (linux/vax) does not match the detected host"));
	CHECK_OK(pull(&r, "h:1/x:t", "linux/s390x", &pulled));
	CHECK(strstr(r.warning, "platform (linux/vax) does not match the specified"));
}

TEST(indexes_may_be_nested_but_not_for_ever)
{
	OWN(repository) struct repository r;
	struct image_pulled pulled;
	const char *entry;

	repository_init(&r);
	entry = put_index(&r, "one", put_image(&r, image_platform_host()->architecture, ""));
	entry = put_index(&r, "two", entry);
	CHECK_OK(pull(&r, "h:1/x:two", NULL, &pulled));
	entry = put_index(&r, "three", entry);
	entry = put_index(&r, "four", entry);
	entry = put_index(&r, "five", entry);
	r.asked = 0;
	CHECK_ERR(pull(&r, "h:1/x:five", NULL, &pulled), -EINVAL, &r.err, "nested too deep");
	CHECK(r.asked <= 5);
}

TEST(a_text_is_what_led_to_it_or_nothing)
{
	OWN(repository) struct repository r;
	struct image_pulled pulled;
	const char *entry;

	repository_init(&r);
	entry = put_image(&r, image_platform_host()->architecture, "");
	put_index(&r, "t", entry);
	r.texts[1].text = arena_printf(&r.a, "%s ", r.texts[1].text);
	CHECK_ERR(pull(&r, "h:1/x:t", NULL, &pulled), -EBADMSG, &r.err, "has the digest");
	r.texts[1].text = arena_strndup(&r.a, r.texts[1].text, strlen(r.texts[1].text) - 1);
	r.texts[0].text = "{}";
	CHECK_ERR(pull(&r, "h:1/x:t", NULL, &pulled), -EBADMSG, &r.err, "configuration");
	CHECK_ERR(pull(&r, "h:1/x:u", NULL, &pulled), -ENOENT, &r.err, "unknown");
	CHECK_ERR(pull(&r, arena_printf(&r.a, "h:1/x@%s", digest_of(&r, "something else")), NULL,
		       &pulled),
		  -ENOENT, &r.err, "unknown");
	CHECK_INT(count_images(&r), 0);
}

TESTS(T(the_best_image_of_an_index_is_pulled_and_the_digest_is_the_indexs),
      T(an_image_of_another_platform_is_warned_of), T(indexes_may_be_nested_but_not_for_ever),
      T(a_text_is_what_led_to_it_or_nothing))
