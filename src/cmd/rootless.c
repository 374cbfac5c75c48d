/*
 * rootless.c - berth as an ordinary user
 *
 *	the machine's namespaces       the user's own
 *	user 1000 runs berth    --->   root of a user namespace, and a mount namespace for itself
 *	                               |  the engine, in the network namespace with his bridges
 *	                               |  (a thread stays in the machine's: visit.h)
 *	                               +-- berth-shim, in the machine's network namespace
 *	                                     +-- pasta, in the machine's: sockets for the container
 *	                                     +-- the container: a link to a bridge, and pasta's
 *
 * The shim and what it starts have to be in the machine's network namespace, because pasta opens
 * its sockets there and because names are asked for from there; berth-fetch, because registries are
 * there.
 */
#include "cmd/rootless.h"

#include "base/own.h"
#include "cmd/rootless_keeper.h"
#include "sys/namespace.h"
#include "sys/program.h"
#include "sys/userns.h"
#include "sys/visit.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PRIVATE = 0700 };

/* -- where things are -- */

static const char *data_home(struct arena *a)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (!str_is_empty(data) && data[0] == '/')
		return data;
	return str_is_empty(home) || home[0] != '/' ? NULL
						    : arena_printf(a, "%s/.local/share", home);
}

/* Given, else in the environment, else beneath a directory of his. Also for what we execute. */
static int choose(struct cli *cli, const char **path, const char *variable, const char *base,
		  const char *missing)
{
	const char *set = getenv(variable);

	if (str_is_empty(*path) && !str_is_empty(set))
		*path = set;
	if (str_is_empty(*path) && str_is_empty(base))
		return err_set(&cli->err, -ENOENT, "%s is not set, so %s is needed", missing,
			       variable);
	if (str_is_empty(*path))
		*path = arena_printf(cli->a, "%s/berth", base);
	return setenv(variable, *path, 1) < 0 ? err_sys(&cli->err, "%s", variable) : 0;
}

static int choose_paths(struct cli *cli)
{
	int r = choose(cli, &cli->paths.root, "BERTH_ROOT", data_home(cli->a), "HOME");

	if (r == 0)
		r = choose(cli, &cli->paths.state, "BERTH_STATE", getenv("XDG_RUNTIME_DIR"),
			   "XDG_RUNTIME_DIR");
	return r;
}

/* With its parents; only the last is private. It may be relative. */
static int open_state(struct cli *cli, int *ret)
{
	char *path = arena_strdup(cli->a, cli->paths.state);
	int fd;

	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(path, 0755);
		*p = '/';
	}
	if (mkdir(path, PRIVATE) < 0 && errno != EEXIST)
		return err_sys(&cli->err, "creating %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(&cli->err, "opening %s", path);
	*ret = fd;
	return 0;
}

/* -- the user namespace -- */

static int join(struct cli *cli, const struct rootless_keeper *k)
{
	OWN(fd) int userns = -1;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)k->pid);
	userns = namespace_open(path, CLONE_NEWUSER);
	if (userns < 0)
		return err_code(&cli->err, userns, "the user namespace of your containers");
	if (setns(userns, CLONE_NEWUSER) < 0)
		return err_sys(&cli->err, "entering the user namespace of your containers");
	/* Layers are mounted there, and our programs sealed. */
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(&cli->err, "mount namespace");
	return 0;
}

int rootless_enter(struct cli *cli)
{
	OWN(fd) int state = -1;
	struct rootless_keeper keeper;
	int hold, r;

	if (geteuid() == 0)
		return 0;
	r = choose_paths(cli);
	if (r == 0) {
		r = program_tell_libexec();
		if (r < 0)
			return err_code(&cli->err, r, "finding Berth's other programs");
	}
	if (r == 0)
		r = open_state(cli, &state);
	if (r == 0)
		r = rootless_keeper_hold(state, &keeper, &hold, &cli->err);
	/* hold stays open until we end. */
	return r < 0 ? r : join(cli, &keeper);
}

/* -- the network namespace -- */

static const char *state_path(const struct cli *cli)
{
	return str_is_empty(cli->paths.state) ? getenv("BERTH_STATE") : cli->paths.state;
}

int rootless_enter_network(struct cli *cli)
{
	const char *state = state_path(cli);
	struct engine_guest *guest;
	struct rootless_keeper keeper;
	OWN(fd) int dir = -1, netns = -1;
	char path[64];
	int r;

	if (cli->paths.guest || geteuid() != 0 || userns_is_roots() || str_is_empty(state))
		return 0;
	dir = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || rootless_keeper_find(dir, &keeper) < 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)keeper.pid);
	netns = namespace_open(path, CLONE_NEWNET);
	if (netns < 0)
		return err_code(&cli->err, netns,
				"the process that keeps your namespaces is ending; try again");
	guest = arena_new(cli->a, struct engine_guest);
	guest->keeper = keeper.pid;
	guest->keeper_start = keeper.start;
	r = visit_leave_home(netns, &guest->home);
	if (r < 0)
		return err_code(&cli->err, r, "entering the network namespace of your containers");
	cli->paths.guest = guest;
	return 0;
}
