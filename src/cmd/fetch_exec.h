/*
 * fetch_exec.h - from berth to berth-fetch, which brings images in
 */
#ifndef CMD_FETCH_EXEC_H
#define CMD_FETCH_EXEC_H

#include "cmd/cli.h"

/* Words for it: an option and its value, unless that is NULL; an option when on; the arguments,
 * last. */
void fetch_option(struct strv *words, struct arena *a, const char *option, const char *value);
void fetch_flag(struct strv *words, struct arena *a, const char *option, bool on);
void fetch_operands(struct strv *words, struct arena *a, const struct strv *args);
/* Becomes berth-fetch, which stands beside this program; returns only when that fails. */
int fetch_exec(struct cli *cli, const struct strv *words);
/* The same where an ordinary user's networks are, and not where registries are. */
int fetch_exec_inside(struct cli *cli, const struct strv *words);

struct fetch_exec_pull {
	const char *image, *platform, *policy; /* --pull: "always", "missing", "never", or NULL */
	bool quiet;
};
/* Pulls when the policy is "always", with all output on stderr. -EINVAL for a policy that is none.
 */
int fetch_exec_always(struct cli *cli, const struct fetch_exec_pull *pull);
/*
 * With a platform: pulls the image when the one that is here is for another, unless the policy is
 * "never". -ENOENT in docker's words when there is none for it.
 */
int fetch_exec_platform(struct cli *cli, const struct fetch_exec_pull *pull);
/*
 * After a creation failed with -ENOENT: 1 when its image was missing and has been pulled now; 0
 * when that was not the reason, or the policy is "never": cli->err is as before.
 */
int fetch_exec_missing(struct cli *cli, const struct fetch_exec_pull *pull);

#endif
