/* What plugins of the Container Network Interface answer. */
#include "check.h"
#include "base/own.h"
#include "model/cni.h"

#include <errno.h>

static struct arena a;

static int read_text(const char *text, struct cni_result *ret, struct err *err)
{
	return cni_read_result(text, strlen(text), &a, ret, err);
}

static int done(void **state)
{
	(void)state;
	arena_done(&a);
	return 0;
}

TEST(an_answer_becomes_an_endpoint)
{
	struct cni_result r;
	struct cni_endpoint e;
	struct err err = ERR_INIT;

	CHECK_OK(
		read_text("{\"cniVersion\":\"1.0.0\",\"interfaces\":["
			  "{\"name\":\"eth0\",\"mac\":\"02:00:00:00:00:01\"},"
			  "{\"name\":\"eth0\",\"mac\":\"02:00:00:00:00:02\",\"sandbox\":\"/x\"}],"
			  "\"ips\":[{\"address\":\"fd00::5/64\"},"
			  "{\"interface\":1,\"address\":\"10.1.0.5/16\",\"gateway\":\"10.1.0.1\"}],"
			  "\"routes\":[{\"dst\":\"10.9.0.0/16\",\"gw\":\"10.1.0.9\"},"
			  "{\"dst\":\"0.0.0.0/0\"}],\"dns\":{\"nameservers\":[\"10.1.0.3\"]}}",
			  &r, &err));
	cni_endpoint_of(&r, "eth0", &a, &e);
	CHECK_STR(e.ip, "10.1.0.5");
	CHECK_INT(e.prefix, 16);
	CHECK_STR(e.gateway, "10.1.0.1");
	CHECK_STR(e.mac, "02:00:00:00:00:02");
	CHECK_INT(r.dns.nameservers.n, 1);
}

TEST(without_a_default_route_there_is_no_gateway_and_without_its_gateway_none_is_named)
{
	struct cni_result r;
	struct cni_endpoint e;
	struct err err = ERR_INIT;

	CHECK_OK(read_text("{\"ips\":[{\"address\":\"10.1.0.5/16\",\"gateway\":\"10.1.0.1\"}]}", &r,
			   &err));
	cni_endpoint_of(&r, "eth0", &a, &e);
	CHECK_NULL(e.gateway);
	CHECK_NULL(e.mac);
	CHECK_OK(read_text("{\"ips\":[{\"address\":\"10.1.0.5/16\"}],"
			   "\"routes\":[{\"dst\":\"0.0.0.0/0\"}]}",
			   &r, &err));
	cni_endpoint_of(&r, "eth0", &a, &e);
	CHECK_STR(e.gateway, "0.0.0.0");
	CHECK_OK(read_text("{\"ips\":[{\"address\":\"10.1.0.5/16\",\"gateway\":\"10.1.0.1\"}],"
			   "\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"10.1.0.2\"}]}",
			   &r, &err));
	cni_endpoint_of(&r, "eth0", &a, &e);
	CHECK_STR(e.gateway, "10.1.0.2");
	CHECK_OK(read_text("{}", &r, &err));
	cni_endpoint_of(&r, "eth0", &a, &e);
	CHECK_NULL(e.ip);
}

TEST(what_is_no_address_is_refused_by_its_place)
{
	static const struct {
		const char *text, *says;
	} all[] = {
		{ "", "" },
		{ "oh", "" },
		{ "{\"ips\":{}}", "ips" },
		{ "{\"ips\":[{}]}", "ips[0].address" },
		{ "{\"ips\":[{\"address\":\"10.0.0.1\"}]}", "ips[0]: \"10.0.0.1\" is no address" },
		{ "{\"ips\":[{\"address\":\"10.0.0.1/33\"}]}", "ips[0]" },
		{ "{\"ips\":[{\"address\":\"10.0.0.1/+8\"}]}", "ips[0]" },
		{ "{\"ips\":[{\"address\":\"10.0.0.256/8\"}]}", "ips[0]" },
		{ "{\"ips\":[{\"address\":\"fd00::1/129\"}]}", "ips[0]" },
		{ "{\"ips\":[{\"address\":\"10.0.0.1/8\",\"gateway\":\"x\\n\"}]}", "ips[0]" },
		{ "{\"routes\":[{\"dst\":\"default\"}]}", "routes[0]" },
		{ "{\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"me\"}]}", "routes[0]" },
		{ "{\"dns\":{\"nameservers\":[\"10.0.0.1\",\"ns.example\"]}}",
		  "dns.nameservers[1]: \"ns.example\" is no address" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct cni_result r;
		struct err err = ERR_INIT;

		CHECK_ERR(read_text(all[i].text, &r, &err), -EINVAL, &err, all[i].says);
	}
}

static const char *error_of(const char *text)
{
	return cni_read_error(text, strlen(text), &a);
}

TEST(an_error_is_one_line_without_control_characters)
{
	CHECK_STR(error_of("{\"code\":7,\"msg\":\"no\",\"details\":\"a\\nb\\u001b[31mc\"}"),
		  "no: a b [31mc");
	CHECK_STR(error_of("{\"msg\":\"no\"}"), "no");
	CHECK_STR(error_of("{\"code\":7}"), "");
	CHECK_STR(error_of("segmentation fault"), "");
}

TEST(the_latest_version_that_both_know_is_spoken)
{
	static const char both[] = "{\"supportedVersions\":[\"0.3.1\",\"0.4.0\",\"1.1.0\"]}";
	static const char old[] = "{\"supportedVersions\":[\"0.2.0\"]}";
	struct err err = ERR_INIT;
	const char *version;

	CHECK_OK(cni_read_versions(both, strlen(both), &version, &err));
	CHECK_STR(version, "0.4.0");
	CHECK_ERR(cni_read_versions(old, strlen(old), &version, &err), -ENOTSUP, &err, "1.0.0");
	CHECK_INT(cni_read_versions("{}", 2, &version, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_answer_becomes_an_endpoint),
		T(without_a_default_route_there_is_no_gateway_and_without_its_gateway_none_is_named),
		T(what_is_no_address_is_refused_by_its_place),
		T(an_error_is_one_line_without_control_characters),
		T(the_latest_version_that_both_know_is_spoken),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
