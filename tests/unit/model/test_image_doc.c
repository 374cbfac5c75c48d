/*
 * test_image_doc.c - image configurations and the store's image documents
 */
#include "check.h"

#include "base/own.h"
#include "model/image_doc.h"

/* As build tools write it: null lists, members that we do not know, members out of order. */
static const char config[] =
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"os.version\":\"1\",\"variant\":\"v2\","
	"\"created\":\"2024-09-26T21:31:42.123456789Z\",\"container\":\"0011\",\"config\":{"
	"\"Hostname\":\"\",\"ExposedPorts\":{\"80/tcp\":{}},\"Env\":[\"PATH=/bin\"],"
	"\"Cmd\":[\"sh\"],\"Entrypoint\":null,\"Volumes\":null,\"Labels\":{\"a\":\"b\"},"
	"\"OnBuild\":null,\"ArgsEscaped\":true,\"StopSignal\":\"SIGQUIT\","
	"\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":30000000000}},"
	"\"history\":[{\"created\":\"2024-09-26T21:31:42Z\",\"created_by\":\"ADD\"},"
	"{\"empty_layer\":true,\"comment\":\"c\"}],"
	"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:01\",\"sha256:02\"]}}";

TEST(a_command_of_old_is_a_string)
{
	static const char old[] = "{\"config\":{\"Cmd\":\"echo hi\",\"Entrypoint\":\"/init\"},"
				  "\"rootfs\":{\"type\":\"layers\"}}";
	OWN(arena) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct image_config c;

	CHECK_OK(schema_read(&image_config_schema, old, sizeof(old) - 1, &a, &c, &err));
	CHECK_INT(c.config.cmd.n, 1);
	CHECK_STR(c.config.cmd.items[0], "echo hi");
	CHECK_STR(c.config.entrypoint.items[0], "/init");
}

TEST(other_lists_are_no_strings)
{
	static const char bad[] = "{\"config\":{\"Env\":\"A=1\"},\"rootfs\":{\"type\":\"layers\"}}";
	OWN(arena) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct image_config c;

	CHECK_ERR(schema_read(&image_config_schema, bad, sizeof(bad) - 1, &a, &c, &err), -EINVAL,
		  &err, "config.Env: expected an array");
}

TEST(an_image_configuration_is_read)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct image_config c;

	CHECK_OK(schema_read(&image_config_schema, config, sizeof(config) - 1, &a, &c, &err));
	CHECK_STR(c.architecture, "amd64");
	CHECK_STR(c.os_version, "1");
	CHECK_STR(c.variant, "v2");
	CHECK(c.created == 1727386302123456789);
	CHECK_STR(c.config.exposed_ports.items[0], "80/tcp");
	CHECK_STR(c.config.env.items[0], "PATH=/bin");
	CHECK_STR(c.config.cmd.items[0], "sh");
	CHECK_INT(c.config.entrypoint.n, 0);
	CHECK_STR(str_map_get(&c.config.labels, "a"), "b");
	CHECK(c.config.args_escaped);
	CHECK_STR(c.config.healthcheck, "{\"Test\":[\"CMD\",\"x\"],\"Interval\":30000000000}");
	CHECK_INT(c.rootfs.diff_ids.n, 2);
	CHECK_INT(c.history.n, 2);
	CHECK(c.history.items[1].empty_layer);
}

TEST(a_configuration_needs_a_rootfs_and_little_else)
{
	static const char least[] = "{\"config\":null,\"rootfs\":{}}";
	OWN(arena) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct image_config c;

	CHECK_OK(schema_read(&image_config_schema, least, sizeof(least) - 1, &a, &c, &err));
	CHECK_ERR(schema_read(&image_config_schema, "{}", 2, &a, &c, &err), -EINVAL, &err,
		  "rootfs: is required");
}

TEST(a_written_configuration_has_the_specifications_members)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf out = { 0 };
	struct image_config c = { .architecture = "amd64", .os = "linux", .rootfs.type = "layers" };

	strv_add(&c.rootfs.diff_ids, &a, "sha256:01");
	schema_write(&image_config_schema, &c, SCHEMA_FULL, &out);
	CHECK_STR(buf_text(&out), "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},"
				  "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:01\"]}}");
}

TEST(a_stored_document_is_read_back)
{
	static const char json[] =
		"{\"Version\":1,\"Id\":\"sha256:aa\",\"Created\":\"2026-01-02T03:04:05Z\","
		"\"Architecture\":\"amd64\",\"Os\":\"linux\","
		"\"RepoTags\":[\"docker.io/library/busybox:latest\"],\"DiffIds\":[\"sha256:01\"],"
		"\"Size\":4860000,\"LastTagTime\":\"2026-01-02T03:04:06Z\","
		"\"Config\":{\"Cmd\":[\"sh\"]}}";
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf out = { 0 };
	struct err err = ERR_INIT;
	struct image_doc doc;

	CHECK_OK(schema_read(&image_doc_schema, json, sizeof(json) - 1, &a, &doc, &err));
	CHECK_INT(doc.size, 4860000);
	schema_write(&image_doc_schema, &doc, SCHEMA_COMPACT, &out);
	CHECK_STR(buf_text(&out), json);
}

TEST(a_layer_is_read_back)
{
	static const char json[] =
		"{\"Version\":1,\"DiffId\":\"sha256:01\",\"Size\":7,\"Inodes\":3}";
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf out = { 0 };
	struct layer_doc doc;

	CHECK_OK(schema_read(&layer_doc_schema, json, sizeof(json) - 1, &a, &doc, NULL));
	schema_write(&layer_doc_schema, &doc, SCHEMA_COMPACT, &out);
	CHECK_STR(buf_text(&out), json);
}

TESTS(T(a_command_of_old_is_a_string), T(other_lists_are_no_strings),
      T(an_image_configuration_is_read), T(a_configuration_needs_a_rootfs_and_little_else),
      T(a_written_configuration_has_the_specifications_members), T(a_stored_document_is_read_back),
      T(a_layer_is_read_back))
