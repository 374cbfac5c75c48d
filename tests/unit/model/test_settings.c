/* test_settings.c - the settings of this machine */
#include "check.h"

#include "base/own.h"
#include "model/settings.h"

static int read_text(const char *text, struct arena *a, struct settings *ret, struct err *err)
{
	return settings_read(text, strlen(text), a, ret, err);
}

TEST(what_is_not_named_is_as_without_a_file)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct settings s, usual;
	struct err err = ERR_INIT;

	settings_init(&usual);
	CHECK_OK(read_text("{}", &a, &s, &err));
	CHECK_INT(s.max_concurrent_downloads, usual.max_concurrent_downloads);
	CHECK_INT(s.registry_timeout, 60);
	CHECK_NULL(s.proxies.https);
	CHECK_OK(read_text("{\"registry-timeout\":5,\"registry-mirrors\":[\"https://m/\"],"
			   "\"proxies\":{\"https-proxy\":\"http://p:1\"}}",
			   &a, &s, &err));
	CHECK_INT(s.registry_timeout, 5);
	CHECK_INT(s.max_upload_attempts, usual.max_upload_attempts);
	CHECK_STR(s.registry_mirrors.items[0], "https://m/");
	CHECK_STR(s.proxies.https, "http://p:1");
}

TEST(what_makes_no_sense_is_refused_by_name)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "" },
		{ "[]", "" },
		{ "{\"registry-timeout\":\"5\"}", "registry-timeout" },
		{ "{\"registry-timeout\":0}", "registry-timeout: 0 is not between 1 and 3600" },
		{ "{\"max-concurrent-uploads\":65}", "max-concurrent-uploads: 65" },
		{ "{\"max-download-attempts\":-1}", "max-download-attempts: -1" },
		{ "{\"registry-mirror\":[]}", "registry-mirror" },
		{ "{\"proxies\":{\"ftp-proxy\":\"x\"}}", "ftp-proxy" },
		{ "{\"registry-mirrors\":[\"https://ok\",\"mirror\"]}", "registry-mirrors[1]" },
		{ "{\"registry-mirrors\":[\"https://user@host/\"]}", "registry-mirrors[0]" },
		{ "{\"registry-mirrors\":[\"https://\"]}", "registry-mirrors[0]" },
		{ "{\"insecure-registries\":[\"http://host\"]}", "insecure-registries[0]" },
		{ "{\"insecure-registries\":[\"a b\"]}", "insecure-registries[0]" },
	};
	OWN(arena) struct arena a = ARENA_INIT;
	struct settings s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		CHECK_ERR(read_text(bad[i].text, &a, &s, &err), -EINVAL, &err, bad[i].says);
	}
}

TESTS(T(what_is_not_named_is_as_without_a_file), T(what_makes_no_sense_is_refused_by_name))
