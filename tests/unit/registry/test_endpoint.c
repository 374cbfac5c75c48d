/*
 * test_endpoint.c - where a registry is, and what may be told to whom
 */
#include "check.h"

#include "base/own.h"
#include "registry/endpoint.h"
#include "registry/redirect.h"
#include "registry/retry.h"
#include "registry/watch.h"

static const char *insecure[] = { "plain.example:5000", "10.0.0.0/8", "fd00::/8", NULL };
static const char *mirrors[] = { "https://m.example/prefix/", NULL };

static struct settings settings(void)
{
	return (struct settings){ .insecure_registries = { insecure, 3 },
				  .registry_mirrors = { mirrors, 1 } };
}

TEST(insecure_are_this_machine_and_what_is_listed)
{
	static const struct {
		const char *host;
		bool insecure;
	} cases[] = {
		{ "127.0.0.1:5000", true },     { "127.8.9.1", true },
		{ "[::1]:5000", true },         { "localhost:1", true },
		{ "plain.example:5000", true }, { "10.1.2.3:5000", true },
		{ "[fd00::1]", true },          { "11.1.2.3", false },
		{ "[fe00::1]:1", false },       { "128.0.0.1", false },
	};
	struct settings s = settings();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_INT(endpoint_is_insecure(cases[i].host, &s), cases[i].insecure);
}

TEST(mirrors_are_for_pulls_of_docker_io_and_asked_first)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct settings s = settings();
	struct endpoint_list pull = endpoint_find("docker.io", true, &s, &a);

	CHECK_INT(pull.n, 2);
	CHECK_STR(pull.items[0].base, "https://m.example/prefix");
	CHECK(pull.items[0].mirror && !pull.items[1].mirror);
	CHECK_STR(pull.items[1].base, "https://registry-1.docker.io");
	CHECK_INT(endpoint_find("docker.io", false, &s, &a).n, 1);
	CHECK_INT(endpoint_find("127.0.0.1:5000", true, &s, &a).n, 1);
}

TEST(an_origin_is_scheme_host_and_port)
{
	CHECK(redirect_is_same_origin("https://a/x", "https://A:443/y?z"));
	CHECK(!redirect_is_same_origin("https://a/x", "http://a/x"));
	CHECK(!redirect_is_same_origin("https://a/x", "https://a:8443/x"));
	CHECK(!redirect_is_same_origin("https://a/x", "https://a.evil/x"));
	CHECK(!redirect_is_same_origin("https://a/x", "https://a@evil/x"));
}

TEST(locations_are_resolved_and_never_leave_tls)
{
	OWN(str) char *url = NULL;
	struct err err = ERR_INIT;
	char *none;

	CHECK_OK(redirect_resolve("https://a/v2/x/", "../y?s=1", false, &url, &err));
	CHECK_STR(url, "https://a/v2/y?s=1");
	CHECK_ERR(redirect_resolve("https://a/", "http://b/", false, &none, &err), -EPROTO, &err,
		  "from https to http");
	CHECK_ERR(redirect_resolve("https://a/", "file:///etc/passwd", true, &none, &err), -EPROTO,
		  &err, "no URL of http");
	CHECK_ERR(redirect_resolve("https://a/", "https://u:p@b/", true, &none, &err), -EPROTO,
		  &err, "user's name");
}

TEST(waits_double_and_are_as_long_as_the_server_asks)
{
	CHECK_INT(retry_delay_ms(1, -1), 500);
	CHECK_INT(retry_delay_ms(3, -1), 2000);
	CHECK_INT(retry_delay_ms(1000, -1), 30000);
	CHECK_INT(retry_delay_ms(1, 7), 7000);
	CHECK_INT(retry_delay_ms(4, 1), 4000);
}

TEST(a_trickle_is_a_stall_and_our_own_slowness_is_none)
{
	struct watch w;

	watch_start(&w, 1000, 0);
	CHECK(watch_goes_on(&w, 999, 0));
	CHECK(!watch_goes_on(&w, 1000, WATCH_LEAST - 1));
	CHECK(watch_goes_on(&w, 1000, WATCH_LEAST));
	CHECK(!watch_goes_on(&w, 2000, WATCH_LEAST + 1));
	watch_excuse(&w, 5000);
	CHECK(watch_goes_on(&w, 6999, WATCH_LEAST));
}

TESTS(T(insecure_are_this_machine_and_what_is_listed),
      T(mirrors_are_for_pulls_of_docker_io_and_asked_first), T(an_origin_is_scheme_host_and_port),
      T(locations_are_resolved_and_never_leave_tls),
      T(waits_double_and_are_as_long_as_the_server_asks),
      T(a_trickle_is_a_stall_and_our_own_slowness_is_none))
