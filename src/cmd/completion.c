/*
 * completion.c - what could come next on a command line, and the scripts by which shells ask
 */
#include "cmd/completion.h"

#include "base/own.h"
#include "codec/ref.h"
#include "image/image.h"

static const struct {
	const char *shell, *script;
} scripts[] = {
	{ "bash",
	  "# bash completion for berth: source <(berth completion bash)\n"
	  "_berth() {\n"
	  "\tlocal cur words cword IFS=$'\\n'\n"
	  "\tif declare -F _get_comp_words_by_ref >/dev/null; then\n"
	  "\t\t_get_comp_words_by_ref -n =: cur words cword\n"
	  "\telse\n"
	  "\t\twords=(\"${COMP_WORDS[@]}\") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]}\n"
	  "\tfi\n"
	  "\tCOMPREPLY=($(compgen -W \"$(berth __complete \"${words[@]:1:cword}\" 2>/dev/null | cut -f1)\" -- \"$cur\"))\n"
	  "\t[ ${#COMPREPLY[@]} -gt 0 ] || compopt -o default 2>/dev/null\n"
	  "\tif declare -F __ltrim_colon_completions >/dev/null; then\n"
	  "\t\t__ltrim_colon_completions \"$cur\"\n"
	  "\tfi\n"
	  "}\n"
	  "complete -F _berth berth\n" },
	{ "zsh", "#compdef berth\n"
		 "# zsh completion for berth: source <(berth completion zsh)\n"
		 "_berth() {\n"
		 "\tlocal line\n"
		 "\tlocal -a found\n"
		 "\twhile IFS= read -r line; do\n"
		 "\t\tline=${line//:/\\\\:}\n"
		 "\t\tfound+=(\"${line/$'\\t'/:}\")\n"
		 "\tdone < <(berth __complete \"${(@)words[2,$CURRENT]}\" 2>/dev/null)\n"
		 "\tif (( ${#found} )); then\n"
		 "\t\t_describe berth found\n"
		 "\telse\n"
		 "\t\t_files\n"
		 "\tfi\n"
		 "}\n"
		 "compdef _berth berth\n" },
	{ "fish", "# fish completion for berth: berth completion fish | source\n"
		  "function __berth_complete\n"
		  "\tset -l words (commandline -opc) (commandline -ct)\n"
		  "\tberth __complete $words[2..-1] 2>/dev/null\n"
		  "end\n"
		  "complete -c berth -f -a '(__berth_complete)'\n" },
};

const char *completion_script(const char *shell)
{
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (str_eq(scripts[i].shell, shell))
			return scripts[i].script;
	return NULL;
}

struct answer {
	struct cli *cli;
	const char *word; /* the unfinished one */
	struct buf *out;
};

static void offer(struct answer *an, const char *candidate, const char *description)
{
	if (!str_after(candidate, an->word))
		return;
	buf_printf(an->out, "%s%s%.*s\n", candidate, description ? "\t" : "",
		   (int)(description ? strcspn(description, "\n") : 0),
		   description ? description : "");
}

/* -- names -- */

static void offer_containers(struct answer *an, enum cmd_args which)
{
	struct container_list list;
	struct engine *e;

	if (cli_engine(an->cli, &e) < 0 || container_list(e, true, an->cli->a, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.n; i++) {
		const struct container *c = &list.items[i];

		if ((which == CMD_ARGS_RUNNING && !c->state.running) ||
		    (which == CMD_ARGS_STOPPED && c->state.running))
			continue;
		offer(an, c->name, c->config.image);
		if (*an->word)
			offer(an, arena_strndup(an->cli->a, c->id, 12), c->name);
	}
}

static void offer_images(struct answer *an)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct image_doc_list list;
	struct engine *e;

	if (cli_engine(an->cli, &e) < 0 ||
	    state_begin(engine_state(e), STATE_READ, &txn, NULL) < 0 ||
	    image_list(engine_images(e), txn, an->cli->a, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.n; i++)
		for (size_t k = 0; k < list.items[i].repo_tags.n; k++)
			offer(an, ref_familiar(list.items[i].repo_tags.items[k]), NULL);
}

static void offer_networks(struct answer *an)
{
	struct network_list list;
	struct engine *e;

	if (cli_engine(an->cli, &e) < 0 || network_list(e, an->cli->a, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.n; i++)
		offer(an, list.items[i].name, NULL);
}

static void offer_policies(struct answer *an)
{
	struct network_policy_list all;
	struct engine *e;

	if (cli_engine(an->cli, &e) < 0 || label_policy_list(e, an->cli->a, &all, NULL) < 0)
		return;
	for (size_t i = 0; i < all.n; i++)
		offer(an, all.items[i].name,
		      label_selector_text(all.items[i].selector, an->cli->a));
}

static void offer_arguments(struct answer *an, const struct cmd *c)
{
	switch ((enum cmd_args)c->args) {
	case CMD_ARGS_CONTAINERS:
	case CMD_ARGS_RUNNING:
	case CMD_ARGS_STOPPED:
		offer_containers(an, c->args);
		break;
	case CMD_ARGS_IMAGES:
		offer_images(an);
		break;
	case CMD_ARGS_ANY:
		offer_containers(an, CMD_ARGS_CONTAINERS);
		offer_images(an);
		break;
	case CMD_ARGS_POLICIES:
		offer_policies(an);
		break;
	case CMD_ARGS_NETWORKS:
		offer_networks(an);
		break;
	case CMD_ARGS_SHELLS:
		for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
			offer(an, scripts[i].shell, NULL);
		break;
	case CMD_ARGS_NONE:
	case CMD_ARGS_FILES:
		break;
	}
}

/* -- options and commands -- */

static void offer_option(void *ctx, const struct opt *o)
{
	struct answer *an = ctx;

	offer(an, arena_printf(an->cli->a, "--%s", o->name), o->help);
}

static void offer_options(struct answer *an, const struct opt *table)
{
	opt_each(table, offer_option, an);
	offer(an, "--help", "Print usage");
}

static void offer_commands(struct answer *an, const char *noun)
{
	for (const struct cmd *c = cmd_next(NULL); c; c = cmd_next(c)) {
		const char *name = noun ? cmd_name(c, an->cli->a) : c->top;

		if (!name || (c->flags & CMD_HIDDEN) || (noun && !str_eq(c->noun, noun)))
			continue;
		offer(an, name, c->summary);
	}
	for (const struct cmd_noun *n = cmd_nouns; n->name; n++) {
		const char *rest = noun ? str_after(n->name, noun) : NULL;

		if (!noun && !strchr(n->name, ' '))
			offer(an, n->name, n->summary);
		if (rest && *rest == ' ')
			offer(an, rest + 1, n->summary);
	}
}

/* Does this word want the next one as its value? */
static bool wants_value(const struct opt *table, const char *word)
{
	size_t len = strlen(word);

	if (word[0] != '-' || len < 2 || strchr(word, '='))
		return false;
	for (const struct opt *o = opt_row(table); o; o = opt_row(o + 1)) {
		bool takes = o->kind != OPT_KIND_FLAG &&
			     (o->kind != OPT_KIND_REFUSED || (o->flags & OPT_VALUE));
		bool is_it =
			word[1] == '-' ? str_eq(o->name, word + 2) : o->letter == word[len - 1];

		if (is_it)
			return takes;
	}
	return false;
}

/* The first word from *at on that is neither an option nor an option's value; NULL when there is
 * none. */
static const char *next_plain(const struct opt *table, const struct strv *words, size_t *at)
{
	while (*at + 1 < words->n) {
		const char *word = words->items[(*at)++];

		if (wants_value(table, word))
			++*at;
		else if (word[0] != '-')
			return word;
	}
	return NULL;
}

static void answer_command(struct answer *an, const struct cmd *c, const struct strv *words,
			   size_t at)
{
	bool is_value = words->n >= 2 && at + 1 < words->n &&
			wants_value(c->opts, words->items[words->n - 2]);
	size_t n = 0;

	if (is_value)
		return;
	while (next_plain(c->opts, words, &at))
		n++;
	/* Behind a container or an image, run and exec have another program's words. */
	if (c->mode == OPT_BEFORE_ARGUMENTS && n > 0)
		return;
	if (an->word[0] == '-')
		offer_options(an, c->opts);
	else if (c->most < 0 || (int)n < c->most)
		offer_arguments(an, c);
}

void completion_answer(struct cli *cli, const struct strv *words, struct buf *out)
{
	struct answer an = { cli, words->n ? words->items[words->n - 1] : "", out };
	size_t at = 0;
	const char *first = next_plain(cmd_global_opts, words, &at), *second;
	const struct cmd_noun *noun = first ? cmd_noun(first) : NULL;
	const struct cmd *c = first ? cmd_find(NULL, first) : NULL;

	if (!first && an.word[0] == '-') {
		offer_options(&an, cmd_global_opts);
	} else if (!first) {
		offer_commands(&an, NULL);
	} else if (!c && noun) {
		second = next_plain(NULL, words, &at);
		while (second && cmd_noun(arena_printf(cli->a, "%s %s", noun->name, second))) {
			noun = cmd_noun(arena_printf(cli->a, "%s %s", noun->name, second));
			second = next_plain(NULL, words, &at);
		}
		c = second ? cmd_find(noun->name, second) : NULL;
		if (!second)
			offer_commands(&an, noun->name);
	}
	if (c)
		answer_command(&an, c, words, at);
}
