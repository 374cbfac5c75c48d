/*
 * cmd_inspect.c - berth inspect, of containers and images
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/format.h"
#include "cmd/image_inspect.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "image/image.h"

struct inspect_flags {
	bool size;
	const char *format, *type;
};

#define FORMAT_HELP                                                                                \
	"Format output using a custom template:\n'json':             Print in JSON format\n"       \
	"'TEMPLATE':         Print output using the given Go template"

static const struct opt inspect_opts[] = {
	STR(struct inspect_flags, format, 'f', "format", "string", FORMAT_HELP),
	FLAG(struct inspect_flags, size, 's', "size",
	     "Display total file sizes if the type is container"),
	STR(struct inspect_flags, type, 0, "type", "string",
	    "Only inspect objects of the given type (container|image|network)"),
	OPT_END,
};

static const struct opt container_inspect_opts[] = {
	STR(struct inspect_flags, format, 'f', "format", "string", FORMAT_HELP),
	FLAG(struct inspect_flags, size, 's', "size", "Display total file sizes"),
	OPT_END,
};

static const struct opt image_inspect_opts[] = {
	STR(struct inspect_flags, format, 'f', "format", "string", FORMAT_HELP),
	REFUSED(0, "platform", "images are of one platform here"),
	OPT_END,
};

/* A document of that name, the caller's; or -ENOENT. */
typedef int find_fn(struct cli *cli, struct engine *e, const char *name, bool size,
		    struct json_object **ret);

static int find_container(struct cli *cli, struct engine *e, const char *name, bool size,
			  struct json_object **ret)
{
	struct container c;
	int r = container_find(e, name, cli->a, &c, &cli->err);

	if (r == 0)
		*ret = container_inspect(e, &c, size);
	return r;
}

static int find_image(struct cli *cli, struct engine *e, const char *name, bool size,
		      struct json_object **ret)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct image_doc doc;
	int r = state_begin(engine_state(e), STATE_READ, &txn, &cli->err);

	(void)size;
	if (r == 0)
		r = image_find(engine_images(e), txn, name, cli->a, &doc, &cli->err);
	if (r == 0)
		*ret = image_inspect(&doc, engine_root(e), cli->a);
	return r;
}

static int find_network(struct cli *cli, struct engine *e, const char *name, bool size,
			struct json_object **ret)
{
	struct network_doc n;
	int r = network_find(e, name, cli->a, &n, &cli->err);

	(void)size;
	if (r == 0)
		*ret = network_inspect(e, &n);
	return r;
}

static int find_any(struct cli *cli, struct engine *e, const char *name, bool size,
		    struct json_object **ret)
{
	int r = find_container(cli, e, name, size, ret);

	if (r == -ENOENT)
		r = find_image(cli, e, name, size, ret);
	if (r == -ENOENT)
		r = find_network(cli, e, name, size, ret);
	if (r == -ENOENT || (r == -EINVAL && !digest_is_hex(name, strlen(name))))
		return err_set(&cli->err, -ENOENT, "No such object: %.200s", name);
	return r;
}

/*
 * What docker's container has and its JSON omits while it is empty: a template may name it all the
 * same.
 */
static void add_omitted(struct json_object *doc)
{
	static const struct {
		const char *of, *name;
		bool text; /* "", else nil */
	} omitted[] = {
		{ NULL, "SizeRw", false },          { NULL, "SizeRootFs", false },
		{ "Config", "StopSignal", true },   { "Config", "StopTimeout", false },
		{ "Config", "Healthcheck", false }, { "Config", "Shell", false },
		{ "State", "Health", false },
	};
	struct json_object *part;

	if (!json_object_object_get_ex(doc, "State", &part)) /* no container */
		return;
	for (size_t i = 0; i < sizeof(omitted) / sizeof(omitted[0]); i++) {
		part = doc;
		if (omitted[i].of && !json_object_object_get_ex(doc, omitted[i].of, &part))
			continue;
		if (!json_object_object_get_ex(part, omitted[i].name, NULL))
			json_object_object_add(part, omitted[i].name,
					       omitted[i].text ? json_object_new_string("") : NULL);
	}
}

/* A list of documents as docker prints it: "[]" when there is none. */
static void print_list(struct cli *cli, struct json_object *list, bool compact)
{
	if (json_object_array_length(list) == 0)
		buf_adds(&cli->out, "[]");
	else if (compact)
		json_write(list, &cli->out);
	else
		json_write_pretty(list, &cli->out);
	buf_addc(&cli->out, '\n');
}

/* What was found is printed first, then what was not is said. */
static int inspect_each(struct cli *cli, const struct inspect_flags *f, const struct strv *names,
			find_fn *find)
{
	OWN(json) struct json_object *list = json_object_new_array();
	bool as_json = str_eq(f->format, "json"), as_list = !f->format || as_json;
	struct err missing = ERR_INIT;
	struct engine *e;
	int r = cli_engine(cli, &e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < names->n; i++) {
		OWN(json) struct json_object *doc = NULL;

		r = find(cli, e, names->items[i], f->size, &doc);
		if (r == 0 && !as_list)
			add_omitted(doc);
		if (r == 0 && !as_list)
			r = format_document(f->format, doc, cli->a, &cli->out, &cli->err);
		else if (r == 0)
			json_object_array_add(list, take(&doc));
		if (r < 0 && !missing.code)
			missing = cli->err;
	}
	if (as_list)
		print_list(cli, list, as_json);
	r = cli_flush(cli);
	if (missing.code)
		cli->err = missing;
	return missing.code ? missing.code : r;
}

static int inspect(struct cli *cli, const void *opts, const struct strv *args)
{
	static const struct {
		const char *type;
		find_fn *find;
	} types[] = { { "", find_any },
		      { "container", find_container },
		      { "image", find_image },
		      { "network", find_network } };
	const struct inspect_flags *f = opts;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_eq(types[i].type, f->type ? f->type : ""))
			return inspect_each(cli, f, args, types[i].find);
	return err_set(&cli->err, -EINVAL,
		       "unknown type: \"%.100s\": use container, image or network", f->type);
}

static int inspect_containers(struct cli *cli, const void *opts, const struct strv *args)
{
	return inspect_each(cli, opts, args, find_container);
}

static int inspect_networks(struct cli *cli, const void *opts, const struct strv *args)
{
	return inspect_each(cli, opts, args, find_network);
}

static int inspect_images(struct cli *cli, const void *opts, const struct strv *args)
{
	return inspect_each(cli, opts, args, find_image);
}

const struct cmd cmd_inspect_table[] = {
	{ "inspect", NULL, NULL, "[OPTIONS] NAME|ID [NAME|ID...]",
	  "Return low-level information on containers and images", inspect_opts, NULL,
	  sizeof(struct inspect_flags), inspect, 1, -1, OPT_ANYWHERE, CMD_ARGS_ANY, 0 },
	{ NULL, "container", "inspect", "[OPTIONS] CONTAINER [CONTAINER...]",
	  "Display detailed information on one or more containers", container_inspect_opts, NULL,
	  sizeof(struct inspect_flags), inspect_containers, 1, -1, OPT_ANYWHERE,
	  CMD_ARGS_CONTAINERS, 0 },
	{ NULL, "image", "inspect", "[OPTIONS] IMAGE [IMAGE...]",
	  "Display detailed information on one or more images", image_inspect_opts, NULL,
	  sizeof(struct inspect_flags), inspect_images, 1, -1, OPT_ANYWHERE, CMD_ARGS_IMAGES, 0 },
	{ NULL, "network", "inspect", "[OPTIONS] NETWORK [NETWORK...]",
	  "Display detailed information on one or more networks", image_inspect_opts, NULL,
	  sizeof(struct inspect_flags), inspect_networks, 1, -1, OPT_ANYWHERE, CMD_ARGS_NETWORKS,
	  0 },
	{ 0 },
};
