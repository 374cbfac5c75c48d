/*
 * cmd_version.c - berth version
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/format.h"
#include "codec/json.h"

#include <sys/utsname.h>

struct version_flags {
	const char *format;
};

static const struct opt version_opts[] = {
	STR(struct version_flags, format, 'f', "format", "string",
	    "Format output using a custom template:\n'json':             Print in JSON format\n"
	    "'TEMPLATE':         Print output using the given Go template"),
	OPT_END,
};

static void put(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

/* docker's members, as far as they mean something without a daemon: client and server are one. */
static struct json_object *describe(const struct utsname *u)
{
	struct json_object *doc = json_object_new_object();
	static const char *const sides[] = { "Client", "Server" };

	for (size_t i = 0; i < 2; i++) {
		struct json_object *side = json_object_new_object();

		put(side, "Version", BERTH_VERSION);
		put(side, "Os", "linux");
		put(side, "Arch", u->machine);
		put(side, "KernelVersion", u->release);
		json_object_object_add(doc, sides[i], side);
	}
	return doc;
}

static int version(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct version_flags *f = opts;
	OWN(json) struct json_object *doc = NULL;
	struct utsname u;

	(void)args;
	if (uname(&u) < 0)
		return err_sys(&cli->err, "uname");
	if (!f->format) {
		cli_print(
			cli,
			"Berth:\n Version:           %s\n OS/Arch:           linux/%s\n Kernel version:    %s\n",
			BERTH_VERSION, u.machine, u.release);
		return 0;
	}
	doc = describe(&u);
	return format_document(f->format, doc, cli->a, &cli->out, &cli->err);
}

const struct cmd cmd_version_table[] = {
	{ "version", NULL, NULL, "[OPTIONS]", "Show the Berth version information", version_opts,
	  NULL, sizeof(struct version_flags), version, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE,
	  CMD_COMMON },
	{ 0 },
};
