/*
 * plugins.c - networks of a container that programs of others make
 *
 * Plugins read and write JSON, and the store has to learn what they answer: neither is a shim's
 * business, so `berth network join` does it, and `berth network leave`. Nobody is served meanwhile;
 * it is before the container runs, or after its end has been told.
 */
#include "shim/plugins.h"

#include "base/own.h"
#include "sys/child_program.h"

#include <fcntl.h>
#include <sys/wait.h>

/* Each plugin has a time limit of its own, which ends long before. */
enum { LIMIT_MS = 3600 * 1000, ANSWER_MAX = 1 << 16 };

static int run(const struct supervisor *s, const char *verb, const char *netns, struct buf *answer)
{
	const char *argv[] = { s->berth,  "--root", s->root_dir, "--state", s->state_root,
			       "network", verb,     s->id,       netns,     NULL };
	const char *env[] = { NULL };
	const struct child_program p = {
		.argv = argv,
		.env = env,
		.input = "",
		.answer_max = ANSWER_MAX,
		.wants_errors = true,
		.timeout_ms = LIMIT_MS,
	};
	int status = 0, r = child_program_run(&p, answer, &status);

	if (r < 0)
		return r;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static bool is_wanted(const struct net_plan *plan)
{
	for (size_t i = 0; i < plan->links.n; i++)
		if (str_eq(plan->links.items[i].kind, NET_LINK_PLUGIN))
			return true;
	return false;
}

/* What it says of an error is one line: "berth: …". */
static int explain(int code, const struct buf *answer, struct err *err)
{
	const char *said = str_after(buf_text(answer), "berth: ");

	if (str_is_empty(said))
		said = buf_text(answer);
	if (!*said)
		return err_code(err, code, "berth network join");
	return err_set(err, code, "%.*s", (int)strcspn(said, "\n"), said);
}

static void take_servers(struct resolver_plan *resolver, const char *text, struct arena *a)
{
	struct strv lines = strv_split(a, text, '\n');

	if (!resolver || resolver->servers.n > 0)
		return;
	for (size_t i = 0; i < lines.n; i++)
		if (*lines.items[i])
			strv_add(&resolver->servers, a, lines.items[i]);
}

int plugins_join(const struct supervisor *s, struct shim_plan *plan, int netns, struct arena *a,
		 struct err *err)
{
	OWN(buf) struct buf answer = { 0 };
	int r;

	if (!plan->net || !is_wanted(plan->net))
		return 0;
	r = run(s, "join", arena_printf(a, "/proc/%d/fd/%d", getpid(), netns), &answer);
	if (r < 0)
		return explain(r, &answer, err);
	take_servers(plan->resolver, buf_text(&answer), a);
	return 0;
}

void plugins_leave(const struct supervisor *s)
{
	OWN(buf) struct buf ignored = { 0 };

	if (s->berth && faccessat(s->dir, "plugins", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		(void)run(s, "leave", NULL, &ignored);
}
