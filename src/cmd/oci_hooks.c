/*
 * oci_hooks.c - hooks that run when a container is made again, has started, and is gone
 */
#include "cmd/oci_hooks.h"

#include "runtime/runtime.h"

static void run(const struct oci_cli *cli, const struct oci_hook_list *hooks, const char *name,
		const struct runtime_state *state)
{
	struct err err = ERR_INIT;

	if (runtime_run_hooks(hooks, name, state, true, &err) < 0)
		oci_warn(cli, "container %s: %s", state->id, err.msg);
}

int oci_hooks_create(const struct oci_state *s, const struct oci_config *config, pid_t pid,
		     struct err *err)
{
	struct runtime_state state = { .id = s->id,
				       .status = "creating",
				       .bundle = s->bundle,
				       .pid = pid,
				       .annotations = &config->annotations };
	int r = 0;

	if (config->hooks)
		r = runtime_run_hooks(&config->hooks->prestart, "prestart", &state, false, err);
	if (config->hooks && r == 0)
		r = runtime_run_hooks(&config->hooks->create_runtime, "createRuntime", &state,
				      false, err);
	return r;
}

int oci_hooks_poststart(struct oci_cli *cli, const struct oci_state *s,
			const struct oci_config *config)
{
	struct runtime_state state = { .id = s->id,
				       .status = "running",
				       .bundle = s->bundle,
				       .pid = s->pid,
				       .annotations = &config->annotations };

	if (!config->hooks)
		return 0;
	if (oci_runtime_is_since(config, 3))
		return runtime_run_hooks(&config->hooks->poststart, "poststart", &state, false,
					 &cli->err);
	run(cli, &config->hooks->poststart, "poststart", &state);
	return 0;
}

void oci_hooks_poststop(const struct oci_cli *cli, const struct oci_state *s,
			const struct oci_config *config)
{
	struct runtime_state state = { .id = s->id,
				       .status = "stopped",
				       .bundle = s->bundle,
				       .annotations = &config->annotations };

	if (config->hooks)
		run(cli, &config->hooks->poststop, "poststop", &state);
}
