/* test_container_flags.c - what run's options ask of the engine */
#include "base/own.h"
#include "cmd/container_flags.h"

#include "check.h"

#include <unistd.h>

static struct arena a;
static struct cli cli;
static struct create_spec spec;

/* As `create` with words separated by blanks. */
static int fill(const char *line)
{
	struct container_flags f = CONTAINER_FLAGS_DEFAULTS;
	struct strv words = strv_split(&a, line, ' '), args;
	int r;

	cli = (struct cli){ .a = &a };
	r = opt_parse(container_flags_opts, OPT_BEFORE_ARGUMENTS, &words, &f, &a, &args, &cli.err);
	return r < 0 ? r : container_flags_spec(&cli, &f, &args, &spec);
}

TEST(image_and_command_follow_the_options)
{
	CHECK_OK(fill("--name web busybox ls -l"));
	CHECK_STR(spec.name, "web");
	CHECK_STR(spec.image, "busybox");
	CHECK_INT(spec.config.cmd.n, 2);
	CHECK_STR(spec.config.cmd.items[1], "-l");
	CHECK_STR(spec.host.network_mode, "bridge");
	CHECK_STR(spec.host.restart_policy.name, "no");
	CHECK_STR(spec.host.log_config.type, "json-file");
	CHECK(spec.config.attach_stdout && spec.config.attach_stderr && !spec.config.attach_stdin);
}

TEST(streams_follow_from_i_t_and_a)
{
	CHECK_OK(fill("-it busybox"));
	CHECK(spec.config.tty && spec.config.open_stdin && spec.config.attach_stdin &&
	      spec.config.stdin_once);
	CHECK_OK(fill("-a stderr busybox"));
	CHECK(!spec.config.attach_stdout && spec.config.attach_stderr);
	CHECK_ERR(fill("-a x busybox"), -EINVAL, &cli.err,
		  "valid streams are STDIN, STDOUT and STDERR");
}

TEST(limits_become_numbers)
{
	CHECK_OK(fill("-m 64m --memory-swap -1 --cpus 1.5 --pids-limit 0 --shm-size 1k busybox"));
	CHECK(spec.host.memory == 64 << 20 && spec.host.memory_swap == -1 &&
	      spec.host.shm_size == 1024);
	CHECK(spec.host.nano_cpus == 1500000000 && *spec.host.pids_limit == 0);
	CHECK_OK(fill("--cpus .5 busybox"));
	CHECK(spec.host.nano_cpus == 500000000 && !spec.host.pids_limit);
	CHECK_ERR(fill("--cpus x busybox"), -EINVAL, &cli.err,
		  "invalid argument \"x\" for \"--cpus\" flag: failed to parse x");
	CHECK_ERR(fill("-m x busybox"), -EINVAL, &cli.err,
		  "invalid argument \"x\" for \"-m, --memory\" flag: invalid size");
}

TEST(environment_and_labels_are_read)
{
	CHECK_OK(setenv("TEST_OWN", "mine", 1));
	CHECK_OK(fill("-e A=1 -e TEST_OWN -e TEST_NOT_SET -l x=y -l z busybox"));
	CHECK_INT(spec.config.env.n, 2);
	CHECK_STR(spec.config.env.items[1], "TEST_OWN=mine");
	CHECK_STR(str_map_get(&spec.config.labels, "x"), "y");
	CHECK_STR(str_map_get(&spec.config.labels, "z"), "");
	CHECK_ERR(fill("-l =x busybox"), -EINVAL, &cli.err,
		  "for \"-l, --label\" flag: it has no name");
}

TEST(exposed_ports_are_named_one_by_one)
{
	CHECK_OK(fill("--expose 8080 --expose 53-54/UDP --expose 54/udp busybox"));
	CHECK_STR(strv_join(&spec.config.exposed_ports, &a, " "), "8080/tcp 53/udp 54/udp");
	CHECK_ERR(fill("--expose 80:80 busybox"), -EINVAL, &cli.err,
		  "invalid argument \"80:80\" for \"--expose\" flag: use PORT or FIRST-LAST");
}

TEST(a_health_check_is_what_its_options_say)
{
	const struct health_config *h;

	CHECK_OK(fill("--health-cmd x --health-interval 1m --health-timeout 5s --health-retries 2 "
		      "--health-start-period 1h --health-start-interval 1s busybox"));
	h = spec.config.healthcheck;
	CHECK_STR(strv_join(&h->test, &a, " "), "CMD-SHELL x");
	CHECK(h->interval == 60000000000 && h->timeout == 5000000000 && h->retries == 2);
	CHECK(h->start_period == 3600000000000 && h->start_interval == 1000000000);
	CHECK_OK(fill("--health-retries 2 busybox"));
	CHECK_INT(spec.config.healthcheck->test.n, 0);
	CHECK_OK(fill("--no-healthcheck busybox"));
	CHECK_STR(spec.config.healthcheck->test.items[0], "NONE");
	CHECK_OK(fill("busybox"));
	CHECK(!spec.config.healthcheck);
	CHECK_ERR(fill("--no-healthcheck --health-cmd x busybox"), -EINVAL, &cli.err,
		  "--no-healthcheck conflicts with --health-* options");
	CHECK_ERR(fill("--health-interval=-1s busybox"), -EINVAL, &cli.err,
		  "--health-interval cannot be negative");
}

TEST(restart_policies_have_a_count)
{
	CHECK_OK(fill("--restart on-failure:5 busybox"));
	CHECK_STR(spec.host.restart_policy.name, "on-failure");
	CHECK_INT(spec.host.restart_policy.maximum_retry_count, 5);
	CHECK_ERR(fill("--restart on-failure:x busybox"), -EINVAL, &cli.err,
		  "maximum retry count must be an integer");
	CHECK_ERR(fill("--rm --restart always busybox"), -EINVAL, &cli.err,
		  "cannot specify both --restart and --rm");
}

TEST(an_empty_entrypoint_resets_the_images)
{
	CHECK_OK(fill("--entrypoint= busybox"));
	CHECK(spec.entrypoint_reset && spec.config.entrypoint.n == 0);
	CHECK_OK(fill("--entrypoint /x busybox"));
	CHECK(!spec.entrypoint_reset);
	CHECK_STR(spec.config.entrypoint.items[0], "/x");
}

TEST(a_seccomp_profile_is_read_and_made_compact)
{
	char path[] = "/tmp/test_container_flags.XXXXXX", line[128];
	int fd = mkstemp(path);

	CHECK_INT(write(fd, "{ \"a\": 1 }", 10), 10);
	(void)close(fd);
	(void)snprintf(line, sizeof(line), "--security-opt seccomp=%s busybox", path);
	CHECK_OK(fill(line));
	CHECK_STR(spec.host.security_opt.items[0], "seccomp={\"a\":1}");
	(void)unlink(path);
	CHECK_ERR(fill(line), -ENOENT, &cli.err, "opening seccomp profile (");
	CHECK_OK(fill("--security-opt seccomp=unconfined busybox"));
	CHECK_STR(spec.host.security_opt.items[0], "seccomp=unconfined");
}

TEST(hosts_limits_and_sysctls_have_their_grammar)
{
	CHECK_OK(fill(
		"--add-host a=1.2.3.4 --add-host b:::1 --ulimit nofile=1:2 --sysctl net.x=1 --log-opt max-size=1m "
		"busybox"));
	CHECK_STR(spec.host.extra_hosts.items[0], "a:1.2.3.4");
	CHECK_STR(spec.host.extra_hosts.items[1], "b:::1");
	CHECK_STR(spec.host.ulimits.items[0].name, "nofile");
	CHECK_INT(spec.host.ulimits.items[0].hard, 2);
	CHECK_STR(str_map_get(&spec.host.sysctls, "net.x"), "1");
	CHECK_STR(str_map_get(&spec.host.log_config.config, "max-size"), "1m");
	CHECK_ERR(fill("--sysctl x busybox"), -EINVAL, &cli.err, "use key=value");
}

TEST(ports_become_bindings_and_are_exposed)
{
	CHECK_OK(fill("-p 8000-8001:80-81/udp -p 127.0.0.1::443 -p 9000-9100:90 -p "
		      "target=70,published=7000 -P busybox"));
	CHECK_INT(spec.host.port_bindings.n, 5);
	CHECK_STR(spec.host.port_bindings.items[1].port, "81/udp");
	CHECK_STR(spec.host.port_bindings.items[1].host_port, "8001");
	CHECK_STR(spec.host.port_bindings.items[2].host_ip, "127.0.0.1");
	CHECK_STR(spec.host.port_bindings.items[2].host_port, "");
	CHECK_STR(spec.host.port_bindings.items[3].host_port, "9000-9100");
	CHECK_STR(spec.host.port_bindings.items[4].host_port, "7000");
	CHECK_INT(spec.config.exposed_ports.n, 5);
	CHECK(spec.host.publish_all_ports);
	CHECK_ERR(fill("-p 80:x busybox"), -EINVAL, &cli.err, "invalid containerPort");
	CHECK_ERR(fill("-p published=1 busybox"), -EINVAL, &cli.err, "it has no target=");
}

TEST(networks_have_a_first_one_and_wishes)
{
	CHECK_OK(fill(
		"--network back --network name=front,ip=10.0.0.2 --mac-address 02:00:00:00:00:01 "
		"busybox"));
	CHECK_STR(spec.host.network_mode, "back");
	CHECK_INT(spec.endpoints.n, 2);
	CHECK_STR(spec.endpoints.items[0].wanted_mac, "02:00:00:00:00:01");
	CHECK_STR(spec.endpoints.items[1].network, "front");
	CHECK_STR(spec.endpoints.items[1].wanted_ip, "10.0.0.2");
	CHECK_OK(fill("--net none busybox"));
	CHECK_STR(spec.host.network_mode, "none");
	CHECK_INT(spec.endpoints.n, 0);
	CHECK_ERR(fill("--network ip=1.2.3.4 busybox"), -EINVAL, &cli.err, "it has no name=");
	CHECK_ERR(fill("--network name=a,link=b busybox"), -EINVAL, &cli.err, "use name=");
	CHECK_OK(fill("--network name=a,alias=one,alias=two --network-alias three busybox"));
	CHECK_STR(spec.endpoints.items[0].aliases.items[1], "two");
	CHECK_STR(spec.endpoints.items[0].aliases.items[2], "three");
	CHECK_ERR(fill("--ip 10.0.0.3 --network name=a,ip=10.0.0.2 busybox"), -EINVAL, &cli.err,
		  "conflicting options");
}

TEST(what_is_not_supported_is_refused_by_name)
{
	CHECK_ERR(fill("--link db busybox"), -ENOTSUP, &cli.err, "--link is not supported");
	CHECK_ERR(fill("--gpus all busybox"), -ENOTSUP, &cli.err, "--gpus is not supported");
	CHECK_ERR(fill("--platform linux//vax busybox"), -EINVAL, &cli.err, "is not a platform");
}

TESTS(T(a_health_check_is_what_its_options_say), T(exposed_ports_are_named_one_by_one),
      T(image_and_command_follow_the_options), T(streams_follow_from_i_t_and_a),
      T(limits_become_numbers), T(environment_and_labels_are_read),
      T(restart_policies_have_a_count), T(an_empty_entrypoint_resets_the_images),
      T(a_seccomp_profile_is_read_and_made_compact), T(hosts_limits_and_sysctls_have_their_grammar),
      T(ports_become_bindings_and_are_exposed), T(networks_have_a_first_one_and_wishes),
      T(what_is_not_supported_is_refused_by_name))
