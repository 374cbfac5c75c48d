/*
 * cmd_registry.c - berth login, logout, push: berth-fetch does them
 */
#include "cmd/cmd.h"
#include "cmd/fetch_exec.h"

/* -- login and logout -- */

struct login_flags {
	const char *user, *password;
	bool password_stdin;
};

static const struct opt login_opts[] = {
	STR(struct login_flags, password, 'p', "password", "string", "Password"),
	FLAG(struct login_flags, password_stdin, 0, "password-stdin",
	     "Take the password from stdin"),
	STR(struct login_flags, user, 'u', "username", "string", "Username"),
	OPT_END,
};

static int login(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct login_flags *f = opts;
	struct strv words = { 0 };

	strv_add(&words, cli->a, "login");
	fetch_option(&words, cli->a, "--username", f->user);
	fetch_option(&words, cli->a, "--password", f->password);
	fetch_flag(&words, cli->a, "--password-stdin", f->password_stdin);
	fetch_operands(&words, cli->a, args);
	return fetch_exec(cli, &words);
}

static int logout(struct cli *cli, const void *opts, const struct strv *args)
{
	struct strv words = { 0 };

	(void)opts;
	strv_add(&words, cli->a, "logout");
	fetch_operands(&words, cli->a, args);
	return fetch_exec(cli, &words);
}

/* -- push -- */

struct push_flags {
	const char *platform;
	bool all_tags, quiet;
};

static const struct opt push_opts[] = {
	FLAG(struct push_flags, all_tags, 'a', "all-tags",
	     "Push all tags of an image to the repository"),
	STR(struct push_flags, platform, 0, "platform", "string",
	    "Push a platform-specific manifest as a single-platform image to the registry"),
	FLAG(struct push_flags, quiet, 'q', "quiet", "Suppress verbose output"),
	REFUSED_FLAG(0, "disable-content-trust", "images are not signed with Notary"),
	OPT_END,
};

static int push(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct push_flags *f = opts;
	struct strv words = { 0 };

	strv_add(&words, cli->a, "push");
	fetch_flag(&words, cli->a, "--all-tags", f->all_tags);
	fetch_flag(&words, cli->a, "--quiet", f->quiet);
	fetch_option(&words, cli->a, "--platform", f->platform);
	fetch_operands(&words, cli->a, args);
	return fetch_exec(cli, &words);
}

const struct cmd cmd_registry_table[] = {
	{ "login", NULL, NULL, "[OPTIONS] [SERVER]", "Authenticate to a registry", login_opts, NULL,
	  sizeof(struct login_flags), login, 0, 1, OPT_ANYWHERE, CMD_ARGS_NONE, CMD_COMMON },
	{ "logout", NULL, NULL, "[SERVER]", "Log out from a registry", NULL, NULL, 0, logout, 0, 1,
	  OPT_ANYWHERE, CMD_ARGS_NONE, CMD_COMMON },
	{ "push", "image", "push", "[OPTIONS] NAME[:TAG]", "Upload an image to a registry",
	  push_opts, NULL, sizeof(struct push_flags), push, 1, 1, OPT_ANYWHERE, CMD_ARGS_IMAGES,
	  CMD_COMMON },
	{ 0 },
};
