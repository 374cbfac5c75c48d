/*
 * cni_plugin.c - asking plugins of the Container Network Interface
 *
 * A plugin is executed with an environment of six variables of the specification and PATH (those of
 * containernetworking look for iptables in it), its configuration as stdin, and no descriptor of
 * ours. What it prints is its answer; what it logs to stderr is nobody's.
 */
#include "engine/cni_plugin.h"

#include "base/own.h"
#include "sys/child_program.h"

#include <ctype.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { NAME_LEN_MAX = 128 };

const char cni_plugin_path[] = "/opt/cni/bin:/usr/lib/cni";

bool cni_plugin_is_name(const char *name)
{
	if (!isalnum((unsigned char)name[0]) || strlen(name) > NAME_LEN_MAX)
		return false;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
			return false;
	return true;
}

int cni_plugin_find(const char *type, const char *path, struct arena *a, const char **ret,
		    struct err *err)
{
	struct strv dirs = strv_split(a, path, ':');

	for (size_t i = 0; i < dirs.n; i++) {
		const char *file = arena_printf(a, "%s/%s", dirs.items[i], type);
		struct stat st;

		if (stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0) {
			*ret = file;
			return 0;
		}
	}
	return err_set(err, -ENOENT,
		       "there is no network plugin %s in %s; install it there (Debian's package "
		       "containernetworking-plugins), or name its directory with -o cni.path=",
		       type, path);
}

static int explain(const struct cni_call *c, int code, int status, const struct buf *answer,
		   struct arena *a, struct err *err)
{
	const char *said = cni_read_error(buf_text(answer), answer->len, a);

	if (code == -ETIMEDOUT)
		return err_set(err, code, "network plugin %s: no answer to %s in %d s: killed",
			       c->type, c->command, c->timeout);
	if (code == -EFBIG)
		return err_set(err, code, "network plugin %s: more than %d bytes in answer to %s",
			       c->type, CNI_ANSWER_MAX, c->command);
	if (code < 0)
		return err_code(err, code, "network plugin %s", c->type);
	if (!str_is_empty(said))
		return err_set(err, -EIO, "network plugin %s: %s", c->type, said);
	if (WIFSIGNALED(status))
		return err_set(err, -EIO, "network plugin %s: %s ended by signal %d (%s)", c->type,
			       c->command, WTERMSIG(status), strsignal(WTERMSIG(status)));
	return err_set(err, -EIO,
		       "network plugin %s: %s failed with status %d, and it does not say why",
		       c->type, c->command, WEXITSTATUS(status));
}

int cni_plugin_call(const struct cni_call *c, struct buf *ret, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf answer = { 0 };
	const char *file;
	int status = 0, r = cni_plugin_find(c->type, c->path, &a, &file, err);

	if (r < 0)
		return r;

	const char *argv[] = { file, NULL };
	const char *env[] = {
		arena_printf(&a, "CNI_COMMAND=%s", c->command),
		arena_printf(&a, "CNI_CONTAINERID=%s", c->container_id),
		arena_printf(&a, "CNI_NETNS=%s", c->netns),
		arena_printf(&a, "CNI_IFNAME=%s", c->interface),
		arena_printf(&a, "CNI_PATH=%s", c->path),
		"CNI_ARGS=IgnoreUnknown=1",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		NULL,
	};
	const struct child_program p = {
		.argv = argv,
		.env = env,
		.input = c->conf,
		.input_len = strlen(c->conf),
		.answer_max = CNI_ANSWER_MAX,
		.timeout_ms = c->timeout * 1000,
	};

	r = child_program_run(&p, &answer, &status);
	if (r < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return explain(c, r, status, &answer, &a, err);
	buf_add(ret, buf_text(&answer), answer.len);
	return 0;
}
