/*
 * completion.h - what could come next on a command line, and the scripts by which shells ask
 *
 * A shell's script is a few lines: it runs `berth __complete WORD...` with the words up to the
 * cursor, the last one unfinished, and offers the lines that come back.
 */
#ifndef CMD_COMPLETION_H
#define CMD_COMPLETION_H

#include "cmd/cmd.h"

/* The script for bash, zsh or fish; NULL for another shell. */
const char *completion_script(const char *shell);

/*
 * Appends the candidates for the last of words, one a line as "candidate" or, with a tab,
 * "candidate\tdescription". Names of containers and images come from the store; a store that
 * cannot be opened offers none.
 */
void completion_answer(struct cli *cli, const struct strv *words, struct buf *out);

#endif
