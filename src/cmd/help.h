/*
 * help.h - help in docker's layout, and manual pages, from the tables of commands and options
 */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include "cmd/cmd.h"

/* `berth`, `berth container`, `berth run --help`. */
void help_top(struct arena *a, struct buf *out);
void help_noun(const struct cmd_noun *noun, struct arena *a, struct buf *out);
void help_command(const struct cmd *c, struct arena *a, struct buf *out);

/* A page for man(1) in roff: c NULL is berth(1). */
void help_man(const struct cmd *c, struct arena *a, struct buf *out);

#endif
