/*
 * test_container.c - the container document, and what of it `docker inspect` shows
 */
#include "check.h"

#include "base/own.h"
#include "model/container.h"

static const char *written(const struct schema *s, const void *obj, struct arena *a)
{
	OWN(buf) struct buf out = { 0 };

	schema_write(s, obj, SCHEMA_FULL, &out);
	return arena_strdup(a, buf_text(&out));
}

TEST(an_empty_config_looks_like_dockers)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const struct container_config config = { 0 };

	CHECK_STR(written(&container_config_schema, &config, &a),
		  "{\"Hostname\":\"\",\"Domainname\":\"\",\"User\":\"\",\"AttachStdin\":false,"
		  "\"AttachStdout\":false,\"AttachStderr\":false,\"Tty\":false,\"OpenStdin\":false,"
		  "\"StdinOnce\":false,\"Env\":null,\"Cmd\":null,\"Image\":\"\",\"Volumes\":null,"
		  "\"WorkingDir\":\"\",\"Entrypoint\":null,\"OnBuild\":null,\"Labels\":{}}");
}

TEST(an_empty_host_config_looks_like_dockers)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const struct host_config host = { 0 };

	CHECK_STR(
		written(&host_config_schema, &host, &a),
		"{\"Binds\":null,\"ContainerIDFile\":\"\",\"LogConfig\":{\"Type\":\"\","
		"\"Config\":{}},\"NetworkMode\":\"\",\"RestartPolicy\":{\"Name\":\"\","
		"\"MaximumRetryCount\":0},\"AutoRemove\":false,\"VolumesFrom\":null,\"ConsoleSize\":[0,0],"
		"\"CapAdd\":null,\"CapDrop\":null,\"CgroupnsMode\":\"\",\"Dns\":[],"
		"\"DnsOptions\":[],\"DnsSearch\":[],\"ExtraHosts\":null,\"GroupAdd\":null,"
		"\"IpcMode\":\"\",\"OomScoreAdj\":0,\"PidMode\":\"\",\"Privileged\":false,"
		"\"PublishAllPorts\":false,\"ReadonlyRootfs\":false,\"SecurityOpt\":null,"
		"\"UTSMode\":\"\",\"UsernsMode\":\"\",\"ShmSize\":0,\"Runtime\":\"\","
		"\"CpuShares\":0,\"Memory\":0,\"NanoCpus\":0,\"CgroupParent\":\"\","
		"\"CpuPeriod\":0,\"CpuQuota\":0,\"CpusetCpus\":\"\",\"CpusetMems\":\"\","
		"\"Devices\":[],\"DeviceCgroupRules\":null,\"MemoryReservation\":0,"
		"\"MemorySwap\":0,\"MemorySwappiness\":null,\"OomKillDisable\":null,"
		"\"PidsLimit\":null,\"Ulimits\":[],\"MaskedPaths\":[],\"ReadonlyPaths\":[]}");
}

TEST(a_new_state_looks_like_dockers)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const struct container_state state = { 0 };

	CHECK_STR(
		written(&container_state_schema, &state, &a),
		"{\"Status\":\"created\",\"Running\":false,\"Paused\":false,\"Restarting\":false,"
		"\"OOMKilled\":false,\"Dead\":false,\"Pid\":0,\"ExitCode\":0,\"Error\":\"\","
		"\"StartedAt\":\"0001-01-01T00:00:00Z\",\"FinishedAt\":\"0001-01-01T00:00:00Z\"}");
}

TEST(a_bind_looks_like_dockers)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const struct mount_point mount = { .type = "bind",
					   .source = "/a",
					   .destination = "/b",
					   .rw = true,
					   .propagation = "rprivate" };

	CHECK_STR(written(&mount_point_schema, &mount, &a),
		  "{\"Type\":\"bind\",\"Source\":\"/a\",\"Destination\":\"/b\",\"Mode\":\"\","
		  "\"RW\":true,\"Propagation\":\"rprivate\"}");
}

TEST(options_of_one_mount_type_stand_in_an_object_of_their_own)
{
	static const char bind[] =
		"{\"Type\":\"bind\",\"Source\":\"/a\",\"Target\":\"/b\",\"ReadOnly\":true,"
		"\"BindOptions\":{\"Propagation\":\"rslave\",\"NonRecursive\":true}}";
	static const char tmpfs[] = "{\"Type\":\"tmpfs\",\"Target\":\"/t\","
				    "\"TmpfsOptions\":{\"SizeBytes\":4096,\"Mode\":511}}";
	OWN(arena) struct arena a = ARENA_INIT;
	struct mount_spec spec;

	CHECK_OK(schema_read(&mount_spec_schema, bind, sizeof(bind) - 1, &a, &spec, NULL));
	CHECK_STR(spec.propagation, "rslave");
	CHECK(spec.non_recursive);
	CHECK_STR(written(&mount_spec_schema, &spec, &a), bind);
	CHECK_OK(schema_read(&mount_spec_schema, tmpfs, sizeof(tmpfs) - 1, &a, &spec, NULL));
	CHECK_INT(spec.size_bytes, 4096);
	CHECK_STR(written(&mount_spec_schema, &spec, &a), tmpfs);
}

TEST(members_that_docker_omits_appear_in_their_place_when_set)
{
	static const char json[] =
		"{\"Hostname\":\"h\",\"ExposedPorts\":{\"80/tcp\":{}},\"Volumes\":{\"/v\":{}},"
		"\"Labels\":{\"a\":\"b\"},\"StopSignal\":\"SIGINT\",\"StopTimeout\":0,"
		"\"Shell\":[\"/bin/sh\",\"-c\"]}";
	OWN(arena) struct arena a = ARENA_INIT;
	struct container_config config;
	const char *text;

	CHECK_OK(schema_read(&container_config_schema, json, sizeof(json) - 1, &a, &config, NULL));
	CHECK_INT(*config.stop_timeout, 0);
	text = written(&container_config_schema, &config, &a);
	CHECK(strstr(text, "\"AttachStderr\":false,\"ExposedPorts\":{\"80/tcp\":{}},\"Tty\""));
	CHECK(strstr(text, "\"Volumes\":{\"/v\":{}},\"WorkingDir\""));
	CHECK(strstr(text, "\"Labels\":{\"a\":\"b\"},\"StopSignal\":\"SIGINT\",\"StopTimeout\":0,"
			   "\"Shell\":[\"/bin/sh\",\"-c\"]}"));
}

TEST(a_stored_document_is_small_and_read_back)
{
	static const char json[] =
		"{\"Version\":1,\"Id\":\"4f\",\"Name\":\"web\",\"Created\":\"2026-01-02T03:04:05Z\","
		"\"Path\":\"/bin/sh\",\"Args\":[\"-c\",\"true\"],\"Image\":\"sha256:ab\","
		"\"Layers\":[\"01\",\"02\"],\"Config\":{\"Hostname\":\"4f\"},"
		"\"HostConfig\":{\"NetworkMode\":\"none\",\"ConsoleSize\":[24,80],\"Init\":false},"
		"\"State\":{\"Status\":\"exited\",\"ExitCode\":7},"
		"\"Mounts\":[{\"Type\":\"bind\",\"Destination\":\"/b\"}],\"RestartCount\":2,"
		"\"HasBeenManuallyStopped\":true,\"Notes\":[\"A limit was left out.\"]}";
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf out = { 0 };
	struct err err = ERR_INIT;
	struct container c;

	CHECK_OK(schema_read(&container_schema, json, sizeof(json) - 1, &a, &c, &err));
	CHECK_INT(c.state.status, CONTAINER_EXITED);
	CHECK_INT(c.host_config.console_size[1], 80);
	CHECK(!*c.host_config.init);
	schema_write(&container_schema, &c, SCHEMA_COMPACT, &out);
	CHECK_STR(buf_text(&out), json);
}

TEST(a_document_without_version_id_or_name_is_refused)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct container c;

	CHECK_ERR(schema_read(&container_schema, "{}", 2, &a, &c, &err), -EINVAL, &err,
		  "Version: is required");
}

TEST(names_follow_dockers_rule)
{
	static const char *const good[] = { "ab", "web-1", "a.b_c-d", "0x", "A9" };
	static const char *const bad[] = { "",    "a",   "-a",  "_a",           ".a",
					   "a b", "a/b", "a\n", "sch\xc3\xb6n", "a:b" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(container_name_is_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!container_name_is_valid(bad[i]));
}

TESTS(T(an_empty_config_looks_like_dockers), T(an_empty_host_config_looks_like_dockers),
      T(a_new_state_looks_like_dockers), T(a_bind_looks_like_dockers),
      T(options_of_one_mount_type_stand_in_an_object_of_their_own),
      T(members_that_docker_omits_appear_in_their_place_when_set),
      T(a_stored_document_is_small_and_read_back),
      T(a_document_without_version_id_or_name_is_refused), T(names_follow_dockers_rule))
