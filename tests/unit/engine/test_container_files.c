/* test_container_files.c - hosts and resolv.conf as docker makes them */
#include "check.h"

#include "engine/container_files.h"

#define LIST_OF(...)                                                                               \
	{                                                                                          \
		(const char *[]){ __VA_ARGS__, NULL },                                             \
			sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)                   \
	}

static struct buf out;

static const char *resolv(const struct host_config *h, const char *host)
{
	struct container c = { .host_config = *h };

	buf_done(&out);
	container_files_resolv(&c, host, &out);
	return buf_text(&out);
}

TEST(hosts_has_the_usual_names_and_the_users)
{
	struct container c = { .host_config = { .network_mode = "none",
						.extra_hosts = LIST_OF("db:10.0.0.1", "v6:::1") } };

	buf_done(&out);
	container_files_hosts(&c, NULL, "", &out);
	CHECK(strstr(buf_text(&out), "127.0.0.1\tlocalhost\n"));
	CHECK(strstr(buf_text(&out), "\n10.0.0.1\tdb\n"));
	CHECK(strstr(buf_text(&out), "\n::1\tv6\n"));
}

TEST(hosts_ends_with_the_containers_own_addresses)
{
	struct endpoint both[] = { { .network = "a", .ip = "10.0.0.2" },
				   { .network = "b", .ip = "10.1.0.2" } };
	struct container c = { .config = { .hostname = "web", .domainname = "example" },
			       .host_config = { .network_mode = "a",
						.extra_hosts = LIST_OF("up:host-gateway") },
			       .endpoints = { both, 2 } };

	buf_done(&out);
	container_files_hosts(&c, NULL, "172.17.0.1", &out);
	CHECK(strstr(buf_text(&out),
		     "\n172.17.0.1\tup\n10.0.0.2\tweb.example web\n10.1.0.2\tweb.example web\n"));
}

TEST(on_the_hosts_network_hosts_is_the_hosts)
{
	struct container c = { .host_config = { .network_mode = "host",
						.extra_hosts = LIST_OF("db:10.0.0.1") } };

	buf_done(&out);
	container_files_hosts(&c, "127.0.0.1 me", "", &out);
	CHECK_STR(buf_text(&out), "127.0.0.1 me\n10.0.0.1\tdb\n");
}

TEST(on_the_hosts_network_resolv_conf_is_the_hosts_word_for_word)
{
	CHECK_STR(resolv(&(struct host_config){ .network_mode = "host" },
			 "# mine\nnameserver 127.0.0.53\n"),
		  "# mine\nnameserver 127.0.0.53\n");
}

TEST(servers_on_the_hosts_loopback_are_left_out)
{
	CHECK_STR(
		resolv(&(struct host_config){ .network_mode = "none" },
		       "nameserver 127.0.0.53\nnameserver 10.0.0.2\nsearch a b\noptions ndots:2\n"),
		"nameserver 10.0.0.2\nsearch a b\noptions ndots:2\n");
}

TEST(without_any_server_dockers_are_used)
{
	CHECK_STR(resolv(&(struct host_config){ .network_mode = "none" }, ""),
		  "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
}

TEST(the_users_lists_replace_the_hosts)
{
	struct host_config h = { .network_mode = "host",
				 .dns = LIST_OF("1.1.1.1"),
				 .dns_search = LIST_OF("mine"),
				 .dns_options = LIST_OF("edns0") };

	CHECK_STR(resolv(&h, "nameserver 10.0.0.2\nsearch theirs\noptions ndots:2\n"),
		  "nameserver 1.1.1.1\nsearch mine\noptions edns0\n");
}

TEST(a_search_list_of_one_dot_is_none)
{
	struct host_config h = { .network_mode = "none", .dns_search = LIST_OF(".") };

	CHECK_STR(resolv(&h, "nameserver 10.0.0.2\nsearch theirs\n"), "nameserver 10.0.0.2\n");
}

TESTS(T(hosts_has_the_usual_names_and_the_users), T(hosts_ends_with_the_containers_own_addresses),
      T(on_the_hosts_network_hosts_is_the_hosts),
      T(on_the_hosts_network_resolv_conf_is_the_hosts_word_for_word),
      T(servers_on_the_hosts_loopback_are_left_out), T(without_any_server_dockers_are_used),
      T(the_users_lists_replace_the_hosts), T(a_search_list_of_one_dot_is_none))
