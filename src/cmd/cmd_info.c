/*
 * cmd_info.c - berth info: what is here, and what this machine can do
 *
 * One document, by docker's names, serves --format and the text.
 */
#include "base/own.h"
#include "cgroup/cgroup.h"
#include "cmd/cmd.h"
#include "cmd/format.h"
#include "codec/json.h"
#include "codec/size.h"
#include "image/image.h"

#include <fcntl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

struct info_flags {
	const char *format;
};

static const struct opt info_opts[] = {
	STR(struct info_flags, format, 'f', "format", "string",
	    "Format output using a custom template:\n'json':             Print in JSON format\n"
	    "'TEMPLATE':         Print output using the given Go template"),
	OPT_END,
};

static void put(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value ? value : ""));
}

static void put_int(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

static void put_strings(struct json_object *o, const char *key, const char *const *items)
{
	struct json_object *list = json_object_new_array();

	for (; *items; items++)
		json_object_array_add(list, json_object_new_string(*items));
	json_object_object_add(o, key, list);
}

static int count(struct cli *cli, struct engine *e, struct json_object *o)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct container_list list;
	int64_t running = 0, paused = 0;
	int r = container_list(e, true, cli->a, &list, &cli->err);

	if (r == 0)
		r = state_begin(engine_state(e), STATE_READ, &txn, &cli->err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++) {
		running += list.items[i].state.status == CONTAINER_RUNNING;
		paused += list.items[i].state.status == CONTAINER_PAUSED;
	}
	put_int(o, "Containers", (int64_t)list.n);
	put_int(o, "ContainersRunning", running);
	put_int(o, "ContainersPaused", paused);
	put_int(o, "ContainersStopped", (int64_t)list.n - running - paused);
	put_int(o, "Images", (int64_t)state_count(txn, STATE_IMAGES));
	return 0;
}

/* PRETTY_NAME of os-release(5). */
static const char *os_name(struct arena *a)
{
	static const char *const files[] = { "/etc/os-release", "/usr/lib/os-release" };

	for (size_t i = 0; i < 2; i++) {
		OWN(fd) int fd = open(files[i], O_RDONLY | O_CLOEXEC);
		char text[4096];
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		char *name;

		if (n <= 0)
			continue;
		text[n] = '\0';
		name = strstr(text, "PRETTY_NAME=");
		if (!name)
			continue;
		name += strlen("PRETTY_NAME=");
		name += *name == '"';
		return arena_strndup(a, name, strcspn(name, "\"\n"));
	}
	return "Linux";
}

static void describe_machine(struct cli *cli, struct json_object *o)
{
	static const char *const cgroup_versions[] = {
		[CGROUP_NONE] = "", [CGROUP_V1] = "1", [CGROUP_HYBRID] = "1", [CGROUP_V2] = "2"
	};
	struct strv controllers = { 0 };
	struct sysinfo s = { 0 };
	struct utsname u = { 0 };

	(void)uname(&u);
	(void)sysinfo(&s);
	put(o, "CgroupDriver", "cgroupfs");
	put(o, "CgroupVersion", cgroup_versions[cgroup_mode()]);
	put(o, "KernelVersion", u.release);
	put(o, "OperatingSystem", os_name(cli->a));
	put(o, "OSType", "linux");
	put(o, "Architecture", u.machine);
	put_int(o, "NCPU", sysconf(_SC_NPROCESSORS_ONLN));
	put_int(o, "MemTotal", (int64_t)s.totalram * s.mem_unit);
	put(o, "Name", u.nodename);
	if (cgroup_controllers(cli->a, &controllers, NULL) == 0 && controllers.n)
		put_strings(o, "CgroupControllers", controllers.items);
}

static int describe(struct cli *cli, struct json_object *o)
{
	static const char *const logs[] = { "json-file", "none", NULL }, *const networks[] = {
		"bridge", "host", "null", NULL
	};
	struct json_object *plugins = json_object_new_object();
	struct engine *e;
	int r = cli_engine(cli, &e);

	json_object_object_add(o, "Plugins", plugins);
	put_strings(plugins, "Log", logs);
	put_strings(plugins, "Network", networks);
	if (r == 0)
		r = engine_heal(e, &cli->err);
	if (r == 0)
		r = count(cli, e, o);
	if (r < 0)
		return r;
	put(o, "Driver", "overlay2");
	put(o, "LoggingDriver", "json-file");
	put(o, "DefaultRuntime", "berth");
	describe_machine(cli, o);
	put(o, "DockerRootDir", engine_root(e));
	put(o, "ServerVersion", BERTH_VERSION);
	return 0;
}

/* The text: one line a member; a member that is not there has none. */
static const struct {
	const char *indent, *label, *key;
} lines[] = {
	{ "", "Containers", "Containers" },
	{ " ", "Running", "ContainersRunning" },
	{ " ", "Paused", "ContainersPaused" },
	{ " ", "Stopped", "ContainersStopped" },
	{ "", "Images", "Images" },
	{ "", "Version", "ServerVersion" },
	{ "", "Storage Driver", "Driver" },
	{ "", "Logging Driver", "LoggingDriver" },
	{ "", "Cgroup Driver", "CgroupDriver" },
	{ "", "Cgroup Version", "CgroupVersion" },
	{ "", "Cgroup Controllers", "CgroupControllers" },
	{ "", "Kernel Version", "KernelVersion" },
	{ "", "Operating System", "OperatingSystem" },
	{ "", "OSType", "OSType" },
	{ "", "Architecture", "Architecture" },
	{ "", "CPUs", "NCPU" },
	{ "", "Total Memory", "MemTotal" },
	{ "", "Name", "Name" },
	{ "", "Root Dir", "DockerRootDir" },
};

static void print_value(struct cli *cli, const char *key, struct json_object *value)
{
	char size[SIZE_HUMAN_MAX];

	if (str_eq(key, "MemTotal")) {
		size_human_binary(json_object_get_int64(value), size);
		cli_print(cli, "%s", size);
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			cli_print(cli, "%s%s", i ? " " : "",
				  json_object_get_string(json_object_array_get_idx(value, i)));
	} else {
		cli_print(cli, "%s", json_object_get_string(value));
	}
}

static int info(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct info_flags *f = opts;
	OWN(json) struct json_object *o = json_object_new_object();
	int r = describe(cli, o);

	(void)args;
	if (r < 0)
		return r;
	if (f->format)
		return format_document(f->format, o, cli->a, &cli->out, &cli->err);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct json_object *value;

		if (!json_object_object_get_ex(o, lines[i].key, &value))
			continue;
		cli_print(cli, "%s%s: ", lines[i].indent, lines[i].label);
		print_value(cli, lines[i].key, value);
		cli_print(cli, "\n");
	}
	return 0;
}

const struct cmd cmd_info_table[] = {
	{ "info", "system", "info", "[OPTIONS]", "Display system-wide information", info_opts, NULL,
	  sizeof(struct info_flags), info, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE, CMD_COMMON },
	{ 0 },
};
