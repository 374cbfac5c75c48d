/*
 * cmd.h - commands described by tables, and the way from argv to one of them
 *
 * A row is all that help, manual pages, completion and dispatch know of a command. A command has a
 * short form (`berth ps`), a form beneath its noun (`berth container ls`), or both.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/opt.h"
#include "cmd/cli.h"

/* What completion offers for the arguments. */
enum cmd_args {
	CMD_ARGS_NONE,
	CMD_ARGS_CONTAINERS, /* every container */
	CMD_ARGS_RUNNING,
	CMD_ARGS_STOPPED,
	CMD_ARGS_IMAGES,
	CMD_ARGS_ANY, /* containers and images */
	CMD_ARGS_FILES,
	CMD_ARGS_SHELLS,
	CMD_ARGS_NETWORKS,
	CMD_ARGS_POLICIES,
};

enum cmd_flags {
	CMD_COMMON = 1, /* among the common commands of `berth --help` */
	CMD_HIDDEN = 2,
	CMD_STATUS_125 = 4, /* failures exit with 125, as `run`, where 1 is a program's own */
};

struct cmd {
	const char *top;     /* short form, or NULL */
	const char *noun;    /* "container", "network policy", or NULL */
	const char *names;   /* beneath the noun, separated by blanks, the usual one first */
	const char *usage;   /* what follows the name: "[OPTIONS] CONTAINER" */
	const char *summary; /* one line */
	const struct opt *opts;
	const void *defaults; /* opts_size bytes; NULL: zero */
	size_t opts_size;
	/*
	 * Returns the exit status, or a negative errno with cli->err set. opts is a copy of the
	 * defaults with what the user gave; args are the arguments alone.
	 */
	int (*run)(struct cli *cli, const void *opts, const struct strv *args);
	int16_t least, most; /* number of arguments; most -1: any */
	uint8_t mode;        /* enum opt_mode */
	uint8_t args;        /* enum cmd_args */
	uint8_t flags;       /* enum cmd_flags */
};

/* One table per file cmd_*.c; a row without names and top ends it. */
extern const struct cmd cmd_run_table[], cmd_container_table[], cmd_attach_table[],
	cmd_exec_table[], cmd_logs_table[], cmd_ps_table[], cmd_top_table[], cmd_inspect_table[],
	cmd_image_table[], cmd_registry_table[], cmd_info_table[], cmd_version_table[],
	cmd_help_table[], cmd_prune_table[], cmd_df_table[], cmd_check_table[], cmd_changes_table[],
	cmd_history_table[], cmd_network_table[], cmd_port_table[], cmd_network_policy_table[],
	cmd_network_explain_table[], cmd_network_graph_table[];

struct cmd_noun {
	const char *name, *summary;
};
extern const struct cmd_noun cmd_nouns[]; /* ends with a row without a name */
extern const struct opt cmd_global_opts[];

/* Walks all commands: pass NULL first, then what came back; NULL at the end. */
const struct cmd *cmd_next(const struct cmd *c);
/* The command with this short form, or this name beneath a noun; NULL. */
const struct cmd *cmd_find(const char *noun, const char *name);
/* The noun of this name; one beneath another is "network policy". NULL: there is none. */
const struct cmd_noun *cmd_noun(const char *name);
/* "ps" or "container prune": how usage names it. Arena's. */
const char *cmd_title(const struct cmd *c, struct arena *a);
/* The usual name beneath its noun. Arena's. */
const char *cmd_name(const struct cmd *c, struct arena *a);

/* The whole program; returns the exit status. */
int cmd_main(int argc, char **argv);

#endif
