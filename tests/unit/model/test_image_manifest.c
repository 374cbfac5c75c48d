/* test_image_manifest.c - manifests, indexes, platforms */
#include "check.h"

#include "base/own.h"
#include "model/image_manifest.h"

#define D "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int read_index(const char *text, struct arena *a, struct oci_index *ret, struct err *err)
{
	return image_manifest_read_index(text, strlen(text), a, ret, err);
}

static int read_manifest(const char *text, struct arena *a, struct oci_manifest *ret,
			 struct err *err)
{
	return image_manifest_read(text, strlen(text), a, ret, err);
}

TEST(a_manifest_of_docker_save_is_read)
{
	static const char text[] = "[{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\",\"b:2\"],"
				   "\"Layers\":[\"x/layer.tar\"]},{\"Config\":\"d\","
				   "\"RepoTags\":null,\"Layers\":null}]";
	OWN(arena) struct arena a = ARENA_INIT;
	struct docker_manifest_list list;
	struct err err = ERR_INIT;

	CHECK_OK(image_manifest_read_docker(text, strlen(text), &a, &list, &err));
	CHECK_INT(list.items.n, 2);
	CHECK_STR(list.items.items[0].repo_tags.items[1], "b:2");
	CHECK_STR(list.items.items[0].layers.items[0], "x/layer.tar");
	CHECK_INT(list.items.items[1].layers.n, 0);
	CHECK_ERR(image_manifest_read_docker("[{}]", 4, &a, &list, &err), -EINVAL, &err, "Config");
	CHECK_INT(image_manifest_read_docker("[", 1, &a, &list, &err), -EINVAL);
	CHECK_INT(image_manifest_read_docker("", 0, &a, &list, &err), -EINVAL);
}

TEST(digests_and_sizes_are_checked_where_they_enter)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct oci_manifest m;
	struct err err = ERR_INIT;

	CHECK_OK(read_manifest("{\"schemaVersion\":2,\"config\":{\"digest\":\"" D
			       "\",\"size\":7},\"layers\":[]}",
			       &a, &m, &err));
	CHECK_ERR(read_manifest("{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:../../x\","
				"\"size\":7},\"layers\":[]}",
				&a, &m, &err),
		  -EINVAL, &err, "not a sha256 or sha512 digest");
	CHECK_ERR(read_manifest("{\"schemaVersion\":2,\"config\":{\"digest\":\"" D
				"\",\"size\":7},\"layers\":[{\"digest\":\"" D "\",\"size\":-1}]}",
				&a, &m, &err),
		  -EINVAL, &err, "negative size");
	CHECK_ERR(read_manifest("{\"schemaVersion\":1,\"config\":{\"digest\":\"" D
				"\",\"size\":7}}",
				&a, &m, &err),
		  -EINVAL, &err, "docker's schema 1");
}

TEST(an_encrypted_image_is_refused_clearly)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct oci_manifest m;
	struct err err = ERR_INIT;

	CHECK_ERR(read_manifest("{\"schemaVersion\":2,\"config\":{\"digest\":\"" D
				"\",\"size\":7},\"layers\":[{\"digest\":\"" D
				"\",\"size\":1,\"mediaType\":\"application/"
				"vnd.oci.image.layer.v1.tar+gzip+encrypted\"}]}",
				&a, &m, &err),
		  -ENOTSUP, &err, "encrypted");
}

TEST(the_manifest_that_fits_best_is_chosen_and_attestations_are_skipped)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"manifests\":["
		"{\"digest\":\"" D "\",\"size\":1,\"platform\":{\"os\":\"unknown\","
		"\"architecture\":\"unknown\"}},"
		"{\"digest\":\"" D "\",\"size\":2,\"annotations\":"
		"{\"vnd.docker.reference.type\":\"attestation-manifest\"}},"
		"{\"digest\":\"" D "\",\"size\":3,\"platform\":{\"os\":\"linux\","
		"\"architecture\":\"arm\",\"variant\":\"v6\"}},"
		"{\"digest\":\"" D "\",\"size\":4,\"platform\":{\"os\":\"linux\","
		"\"architecture\":\"arm\",\"variant\":\"v7\"}},"
		"{\"digest\":\"" D "\",\"size\":5,\"platform\":{\"os\":\"linux\","
		"\"architecture\":\"amd64\"}}]}";
	OWN(arena) struct arena a = ARENA_INIT;
	struct image_platform want;
	struct oci_index index;

	CHECK_OK(read_index(text, &a, &index, NULL));
	CHECK_OK(image_platform_parse("linux/amd64", &a, &want, NULL));
	CHECK_INT(image_manifest_choose(&index, &want)->size, 5);
	CHECK_OK(image_platform_parse("linux/arm/v6", &a, &want, NULL));
	CHECK_INT(image_manifest_choose(&index, &want)->size, 3);
	CHECK_OK(image_platform_parse("linux/armhf", &a, &want, NULL));
	CHECK_INT(image_manifest_choose(&index, &want)->size, 4);
	CHECK_OK(image_platform_parse("linux/riscv64", &a, &want, NULL));
	CHECK_NULL(image_manifest_choose(&index, &want));
}

TESTS(T(a_manifest_of_docker_save_is_read), T(digests_and_sizes_are_checked_where_they_enter),
      T(an_encrypted_image_is_refused_clearly),
      T(the_manifest_that_fits_best_is_chosen_and_attestations_are_skipped))
