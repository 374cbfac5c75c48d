/*
 * cmd_port.c - berth port
 */
#include "cmd/cmd.h"
#include "codec/port.h"

#include <errno.h>

static void print_one(struct cli *cli, const struct port_binding *p, bool with_port)
{
	bool v6 = strchr(p->host_ip, ':');

	if (with_port)
		cli_print(cli, "%s -> ", p->port);
	cli_print(cli, "%s%s%s:%s\n", v6 ? "[" : "", p->host_ip, v6 ? "]" : "", p->host_port);
}

static int port(struct cli *cli, const void *opts, const struct strv *args)
{
	struct container c = { 0 };
	struct port_range wanted = { 0, 0, NULL };
	struct engine *e;
	const char *text = NULL;
	size_t shown = 0;
	int r = cli_engine(cli, &e);

	(void)opts;
	if (r == 0)
		r = container_find(e, args->items[0], cli->a, &c, &cli->err);
	if (r == 0 && args->n > 1) {
		r = port_range_parse(args->items[1], &wanted, &cli->err);
		if (r < 0)
			return err_wrap(&cli->err, "invalid port %.50s", args->items[1]);
		text = arena_printf(cli->a, "%u/%s", wanted.first, wanted.protocol);
	}
	for (size_t i = 0; r == 0 && i < c.ports.n; i++) {
		/* Of a routed network's nothing is mapped. */
		if ((text && !str_eq(text, c.ports.items[i].port)) ||
		    str_is_empty(c.ports.items[i].host_port))
			continue;
		print_one(cli, &c.ports.items[i], !text);
		shown++;
	}
	if (r == 0 && text && shown == 0)
		return err_set(&cli->err, -ENOENT, "no public port '%s' published for %.128s", text,
			       args->items[0]);
	return r;
}

const struct cmd cmd_port_table[] = {
	{ "port", "container", "port", "CONTAINER [PRIVATE_PORT[/PROTO]]",
	  "List port mappings or a specific mapping for the container", NULL, NULL, 0, port, 1, 2,
	  OPT_ANYWHERE, CMD_ARGS_CONTAINERS, 0 },
	{ 0 },
};
