/*
 * cmd_prune.c - berth container prune, image prune, network prune, system prune
 *
 * What may go is decided once more where it is removed: containers under their lock, images in the
 * transaction that removes them. So what somebody begins to use meanwhile stays.
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "cmd/image_users.h"
#include "codec/ref.h"
#include "codec/size.h"
#include "codec/timestamp.h"

struct prune_flags {
	bool all, force, volumes;
	struct strv filter;
};

#define FILTER_OPT                                                                                 \
	STRS(struct prune_flags, filter, 0, "filter", "filter",                                    \
	     "Provide filter values (e.g. \"until=<timestamp>\")")
#define FORCE_OPT FLAG(struct prune_flags, force, 'f', "force", "Do not prompt for confirmation")

static const struct opt container_opts[] = { FILTER_OPT, FORCE_OPT, OPT_END };

static const struct opt image_opts[] = {
	FLAG(struct prune_flags, all, 'a', "all",
	     "Remove all unused images, not just dangling ones"),
	FILTER_OPT,
	FORCE_OPT,
	OPT_END,
};

static const struct opt system_opts[] = {
	FLAG(struct prune_flags, all, 'a', "all",
	     "Remove all unused images not just dangling ones"),
	STRS(struct prune_flags, filter, 0, "filter", "filter",
	     "Provide filter values (e.g. \"label=<key>=<value>\")"),
	FORCE_OPT,
	REFUSED_FLAG(0, "volumes", "there are no volumes to prune"),
	OPT_END,
};

struct pruning {
	struct cli *cli;
	struct engine *e;
	const struct prune_flags *flags;
	struct filter filter;
	int64_t until; /* created before; 0: whenever */
	bool counts_bytes;
	int64_t freed;
};

static bool is_wanted(const struct pruning *p, int64_t created, const struct str_map *labels)
{
	return !(p->until && created >= p->until) && filter_labels(&p->filter, "label", labels) &&
	       filter_lacks_labels(&p->filter, "label!", labels);
}

/* -- containers -- */

static bool has_ended(const struct container *c)
{
	return !c->state.running && !c->state.paused && !c->state.restarting;
}

static int prune_containers(struct pruning *p)
{
	struct cli *cli = p->cli;
	struct container_list list;
	size_t n = 0;
	int r = container_list(p->e, true, cli->a, &list, &cli->err);

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		const struct container *c = &list.items[i];
		int64_t rw = 0, whole;

		if (!has_ended(c) || !is_wanted(p, c->created, &c->config.labels))
			continue;
		(void)container_size(p->e, c, &rw, &whole, NULL);
		if (container_remove(p->e, c->id, false, true, &cli->err) < 0) {
			/* Started or removed by somebody else since we looked: as it should be. */
			if (cli->err.code != -EBUSY && cli->err.code != -ENOENT)
				(void)cli_fail(cli);
			cli->err = (struct err)ERR_INIT;
			continue;
		}
		cli_print(cli, "%s%s\n", n++ ? "" : "Deleted Containers:\n", c->id);
		p->freed += rw;
	}
	if (n)
		cli_print(cli, "\n");
	return r;
}

/* -- networks -- */

/* A container that does not run keeps its networks, too. */
static bool has_container(const struct container_list *all, const struct network_doc *n)
{
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->items[i].endpoints.n; k++)
			if (str_eq(all->items[i].endpoints.items[k].network_id, n->id))
				return true;
	return false;
}

static int prune_networks(struct pruning *p)
{
	struct cli *cli = p->cli;
	struct container_list containers;
	struct network_list list = { 0 };
	size_t n = 0;
	int r = container_list(p->e, true, cli->a, &containers, &cli->err);

	if (r == 0)
		r = network_list(p->e, cli->a, &list, &cli->err);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		const struct network_doc *one = &list.items[i];

		if (network_is_predefined(one) || has_container(&containers, one) ||
		    !is_wanted(p, one->created, &one->labels))
			continue;
		r = network_remove(p->e, one->id, &cli->err);
		if (r == 0)
			cli_print(cli, "%s%s\n", n++ ? "" : "Deleted Networks:\n", one->name);
		if (r == -EBUSY || r == -ENOENT) { /* used, or removed by somebody else */
			cli->err = (struct err)ERR_INIT;
			r = 0;
		}
	}
	if (n)
		cli_print(cli, "\n");
	return r;
}

/* -- images -- */

static int list_images(struct pruning *p, struct image_doc_list *ret)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct cli *cli = p->cli;
	int r = state_begin(engine_state(p->e), STATE_READ, &txn, &cli->err);

	return r < 0 ? r : image_list(engine_images(p->e), txn, cli->a, ret, &cli->err);
}

static void print_removed(struct cli *cli, const struct image_removed *removed)
{
	for (size_t i = 0; i < removed->untagged.n; i++)
		cli_print(cli, "untagged: %s\n", removed->untagged.items[i]);
	for (size_t i = 0; i < removed->deleted.n; i++)
		cli_print(cli, "deleted: %s\n", removed->deleted.items[i]);
}

static int prune_images(struct pruning *p)
{
	struct cli *cli = p->cli;
	const struct image_users users = image_users_in(cli->a);
	struct image_doc_list list;
	int64_t downloads;
	size_t n = 0;
	int r = list_images(p, &list);

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		const struct image_doc *doc = &list.items[i];
		struct image_removed removed = { 0 };

		if ((!p->flags->all && doc->repo_tags.n) ||
		    !is_wanted(p, doc->created, &doc->config.labels))
			continue;
		r = image_prune(engine_images(p->e), doc->id, &users, cli->a, &removed, &cli->err);
		if (r == -EBUSY || r == -ENOENT) { /* used, or removed by somebody else */
			cli->err = (struct err)ERR_INIT;
			r = 0;
			continue;
		}
		if (r < 0)
			break;
		cli_print(cli, "%s", n++ ? "" : "Deleted Images:\n");
		print_removed(cli, &removed);
		p->freed += removed.freed;
	}
	if (n)
		cli_print(cli, "\n");
	/* Layers that only a container kept which is gone now; then what pulls left unfinished. */
	if (r == 0)
		r = image_sweep(engine_images(p->e), &cli->err);
	/* A filter speaks of images; what is no image yet has neither label nor age. */
	if (r == 0 && p->filter.n == 0)
		r = image_partial_sweep(engine_images(p->e), 0, &downloads, &cli->err);
	else
		downloads = 0;
	p->freed += r == 0 ? downloads : 0;
	return r;
}

/* Like what is downloaded, they have neither label nor age. */
static int prune_filters(struct pruning *p)
{
	int64_t freed = 0;
	int r = p->filter.n ? 0 : engine_filters_prune(p->e, &freed, &p->cli->err);

	p->freed += freed;
	return r;
}

/* -- the commands -- */

static int begin(struct pruning *p)
{
	static const char *const names[] = { "until", "label", "label!", NULL };
	struct cli *cli = p->cli;
	const char *until;
	int r = filter_parse(&p->flags->filter, names, cli->a, &p->filter, &cli->err);

	if (r == 0 && filter_next(&p->filter, "until", 0, &until))
		r = timestamp_parse_since(until, cli_now(), cli_zone, &p->until, &cli->err);
	return r;
}

static int confirm(struct pruning *p, const char *question, const char *what)
{
	if (p->flags->force || cli_confirm(p->cli, question))
		return 0;
	return err_set(&p->cli->err, -ECANCELED, "%s has been cancelled", what);
}

static int carry_out(struct pruning *p, int (*const steps[])(struct pruning *p))
{
	struct cli *cli = p->cli;
	char text[SIZE_HUMAN_MAX];
	int r = cli_engine(cli, &p->e);

	if (r == 0)
		r = engine_heal(p->e, &cli->err);
	for (size_t i = 0; r == 0 && steps[i]; i++)
		r = steps[i](p);
	if (r < 0 || !p->counts_bytes)
		return r;
	size_human(p->freed, 4, text);
	cli_print(cli, "Total reclaimed space: %s\n", text);
	return 0;
}

static int container_prune(struct cli *cli, const void *opts, const struct strv *args)
{
	static int (*const steps[])(struct pruning *) = { prune_containers, NULL };
	struct pruning p = { .cli = cli, .flags = opts, .counts_bytes = true };
	int r = begin(&p);

	(void)args;
	if (r == 0)
		r = confirm(&p,
			    "WARNING! This will remove all stopped containers.\n"
			    "Are you sure you want to continue?",
			    "container prune");
	return r < 0 ? r : carry_out(&p, steps);
}

static int image_prune_all(struct cli *cli, const void *opts, const struct strv *args)
{
	static int (*const steps[])(struct pruning *) = { prune_images, NULL };
	struct pruning p = { .cli = cli, .flags = opts, .counts_bytes = true };
	const char *question =
		p.flags->all
			? "WARNING! This will remove all images without at least one container associated "
			  "to them.\nAre you sure you want to continue?"
			: "WARNING! This will remove all dangling images.\nAre you sure you want to continue?";
	int r = begin(&p);

	(void)args;
	if (r == 0)
		r = confirm(&p, question, "image prune");
	return r < 0 ? r : carry_out(&p, steps);
}

static int network_prune_all(struct cli *cli, const void *opts, const struct strv *args)
{
	static int (*const steps[])(struct pruning *) = { prune_networks, NULL };
	struct pruning p = { .cli = cli, .flags = opts };
	int r = begin(&p);

	(void)args;
	if (r == 0)
		r = confirm(
			&p,
			"WARNING! This will remove all custom networks not used by at least one "
			"container.\nAre you sure you want to continue?",
			"network prune");
	return r < 0 ? r : carry_out(&p, steps);
}

static const char *system_question(const struct pruning *p)
{
	struct arena *a = p->cli->a;
	struct strv filters = { 0 };

	for (size_t i = 0; i < p->filter.n; i++)
		strv_add(&filters, a,
			 arena_printf(a, "  - %s=%s\n", p->filter.items[i].key,
				      p->filter.items[i].value));
	return arena_printf(a,
			    "WARNING! This will remove:\n"
			    "  - all stopped containers\n"
			    "  - all networks not used by at least one container\n"
			    "  - all %s\n"
			    "%s%s%s\n"
			    "Are you sure you want to continue?",
			    p->flags->all
				    ? "images without at least one container associated to them"
				    : "dangling images",
			    filters.n ? "" : "  - what interrupted pulls have downloaded\n",
			    filters.n ? "\n  Items to be pruned will be filtered with:\n" : "",
			    filters.n ? strv_join(&filters, a, "") : "");
}

static int system_prune(struct cli *cli, const void *opts, const struct strv *args)
{
	static int (*const steps[])(struct pruning *) = { prune_containers, prune_networks,
							  prune_images, prune_filters, NULL };
	struct pruning p = { .cli = cli, .flags = opts, .counts_bytes = true };
	int r = begin(&p);

	(void)args;
	if (r == 0)
		r = confirm(&p, system_question(&p), "system prune");
	return r < 0 ? r : carry_out(&p, steps);
}

const struct cmd cmd_prune_table[] = {
	{ NULL, "container", "prune", "[OPTIONS]", "Remove all stopped containers", container_opts,
	  NULL, sizeof(struct prune_flags), container_prune, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE, 0 },
	{ NULL, "image", "prune", "[OPTIONS]", "Remove unused images", image_opts, NULL,
	  sizeof(struct prune_flags), image_prune_all, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE, 0 },
	{ NULL, "network", "prune", "[OPTIONS]", "Remove all unused networks", container_opts, NULL,
	  sizeof(struct prune_flags), network_prune_all, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE, 0 },
	{ NULL, "system", "prune", "[OPTIONS]", "Remove unused data", system_opts, NULL,
	  sizeof(struct prune_flags), system_prune, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE, 0 },
	{ 0 },
};
