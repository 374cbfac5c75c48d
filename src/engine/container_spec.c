/*
 * container_spec.c - a container's document from what the user said and what the image says
 *
 * docker's rules, of which one would not expect: an entrypoint of the user drops the image's
 * command as well; variables of the user stand before the image's; an entrypoint that was reset
 * leaves only the user's command.
 */
#include "engine/container_spec.h"

#include "engine/container_health.h"
#include "engine/container_mounts.h"
#include "engine/container_security.h"

enum { SHM_DEFAULT = 64 << 20, SHORT_ID = 12 };

static size_t key_len(const char *assignment)
{
	return strcspn(assignment, "=");
}

static bool same_key(const char *x, const char *y)
{
	size_t len = key_len(x);

	return key_len(y) == len && memcmp(x, y, len) == 0;
}

static bool has_key(const struct strv *env, const char *assignment)
{
	for (size_t i = 0; i < env->n; i++)
		if (same_key(env->items[i], assignment))
			return true;
	return false;
}

/* The last of several assignments of one variable. */
static const char *last_of(const struct strv *env, const char *assignment)
{
	for (size_t i = env->n; i-- > 0;)
		if (same_key(env->items[i], assignment))
			return env->items[i];
	return NULL;
}

struct strv container_spec_env(const struct strv *base, const struct strv *over, struct arena *a)
{
	struct strv out = { 0 };

	for (size_t i = 0; i < base->n; i++) {
		const char *instead = last_of(over, base->items[i]);
		const char *item = instead ? instead : base->items[i];

		if (item[key_len(item)] == '=')
			strv_add(&out, a, item);
	}
	for (size_t i = 0; i < over->n; i++) {
		const char *item = over->items[i];

		if (item[key_len(item)] == '=' && last_of(over, item) == item &&
		    !has_key(base, item))
			strv_add(&out, a, item);
	}
	return out;
}

static int merge_env(struct container_config *c, const struct image_run_config *image,
		     struct arena *a, struct err *err)
{
	struct strv out = { 0 };

	for (size_t i = 0; i < c->env.n; i++) {
		if (key_len(c->env.items[i]) == 0)
			return err_set(err, -EINVAL, "invalid environment variable: %s",
				       c->env.items[i]);
		strv_add(&out, a, c->env.items[i]);
	}
	for (size_t i = 0; i < image->env.n; i++) {
		const char *item = image->env.items[i];

		/* An image's item without a value would take the variable from somewhere else. */
		if (key_len(item) > 0 && item[key_len(item)] == '=' && !has_key(&c->env, item))
			strv_add(&out, a, item);
	}
	c->env = out;
	return 0;
}

static void merge_command(struct container_config *c, const struct image_run_config *image,
			  bool entrypoint_reset)
{
	if (c->entrypoint.n > 0 || entrypoint_reset)
		return;
	if (c->cmd.n == 0)
		c->cmd = image->cmd;
	c->entrypoint = image->entrypoint;
}

static void merge_sets(struct strv *set, const struct strv *more, struct arena *a)
{
	struct strv out = { 0 };

	for (size_t i = 0; i < set->n; i++)
		strv_add(&out, a, set->items[i]);
	for (size_t i = 0; i < more->n; i++)
		if (!strv_has(&out, more->items[i]))
			strv_add(&out, a, more->items[i]);
	*set = out;
}

static void merge_labels(struct str_map *labels, const struct str_map *image, struct arena *a)
{
	struct str_map out = { 0 };

	for (size_t i = 0; i < image->n; i++)
		str_map_set(&out, a, image->items[i].key, image->items[i].value);
	for (size_t i = 0; i < labels->n; i++)
		str_map_set(&out, a, labels->items[i].key, labels->items[i].value);
	*labels = out;
}

static int merge_working_dir(struct container_config *c, const struct image_run_config *image,
			     struct arena *a, struct err *err)
{
	if (str_is_empty(c->working_dir))
		c->working_dir = image->working_dir;
	if (str_is_empty(c->working_dir))
		return 0;
	if (c->working_dir[0] != '/')
		return err_set(
			err, -EINVAL,
			"the working directory '%s' is invalid, it needs to be an absolute path",
			c->working_dir);
	c->working_dir = container_mounts_clean(a, c->working_dir);
	return 0;
}

static int merge_config(struct container_config *c, const struct image_run_config *image,
			bool entrypoint_reset, struct arena *a, struct err *err)
{
	int r = merge_env(c, image, a, err);

	if (r < 0)
		return r;
	merge_command(c, image, entrypoint_reset);
	merge_sets(&c->exposed_ports, &image->exposed_ports, a);
	merge_sets(&c->volumes, &image->volumes, a);
	merge_labels(&c->labels, &image->labels, a);
	if (str_is_empty(c->user))
		c->user = image->user;
	if (str_is_empty(c->stop_signal))
		c->stop_signal = image->stop_signal;
	if (c->shell.n == 0)
		c->shell = image->shell;
	c->on_build = image->on_build;
	r = container_health_merge(c, image, a, err);
	return r < 0 ? r : merge_working_dir(c, image, a, err);
}

static int join_command(struct container *c, struct arena *a, struct err *err)
{
	struct strv all = { 0 };

	for (size_t i = 0; i < c->config.entrypoint.n; i++)
		strv_add(&all, a, c->config.entrypoint.items[i]);
	for (size_t i = 0; i < c->config.cmd.n; i++)
		strv_add(&all, a, c->config.cmd.items[i]);
	if (all.n == 0)
		return err_set(err, -EINVAL, "No command specified");
	c->path = all.items[0];
	c->args = (struct strv){ all.n > 1 ? all.items + 1 : NULL, all.n - 1 };
	return 0;
}

static const char * or (const char *value, const char *fallback)
{
	return str_is_empty(value) ? fallback : value;
}

static int fill_host_config(struct host_config *h, const struct host_facts *facts, struct arena *a,
			    struct err *err)
{
	struct security security;
	int r = container_security_parse(h, &security, err);

	if (r < 0)
		return r;
	h->log_config.type = or (h->log_config.type, "json-file");
	h->network_mode = or (h->network_mode, "bridge");
	if (str_eq(h->network_mode, "default"))
		h->network_mode = "bridge";
	h->restart_policy.name = or (h->restart_policy.name, "no");
	h->ipc_mode = or (h->ipc_mode, "private");
	h->cgroupns_mode = or (h->cgroupns_mode, facts->unified ? "private" : "host");
	h->runtime = or (h->runtime, "berth");
	if (h->shm_size == 0)
		h->shm_size = SHM_DEFAULT;
	if (h->memory > 0 && h->memory_swap == 0)
		h->memory_swap = h->memory > INT64_MAX / 2 ? -1 : h->memory * 2;
	if (!security.system_paths) {
		strv_add(&h->masked_paths, a, CONTAINER_SECURITY_PATHS);
		strv_add(&h->readonly_paths, a, CONTAINER_SECURITY_PATHS);
	}
	return 0;
}

static int list_mounts(struct container *c, struct arena *a, struct err *err)
{
	struct user_mounts mounts;
	int r = container_mounts_parse(&c->host_config, a, &mounts, err);

	if (r < 0)
		return r;
	c->mounts.items = mounts.n ? arena_array(a, mounts.n, sizeof(*c->mounts.items)) : NULL;
	for (size_t i = 0; i < mounts.n; i++) {
		const struct user_mount *m = &mounts.items[i];

		if (!m->listed)
			continue;
		c->mounts.items[c->mounts.n++] = (struct mount_point){
			.type = m->tmpfs ? "tmpfs" : "bind",
			.source = m->source,
			.destination = m->target,
			.mode = m->mode,
			.rw = !m->read_only,
			.propagation = m->tmpfs ? NULL : m->propagation,
		};
	}
	return 0;
}

static bool is_mounted(const struct container *c, const char *path)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (str_eq(c->mounts.items[i].destination, path))
			return true;
	return str_map_get(&c->host_config.tmpfs, path) != NULL;
}

static void add_layers(struct container *c, const struct image_doc *image, struct arena *a)
{
	for (size_t i = 0; i < image->diff_ids.n; i++) {
		const char *hex = str_after(image->diff_ids.items[i], "sha256:");

		strv_add(&c->layers, a, hex ? hex : image->diff_ids.items[i]);
	}
}

int container_spec_merge(const struct create_spec *spec, const struct image_doc *image,
			 const struct host_facts *facts, const char *id, struct arena *a,
			 struct container *ret, struct err *err)
{
	struct container c = {
		.version = CONTAINER_DOC_VERSION,
		.id = arena_strdup(a, id),
		.image = image->id,
		.config = spec->config,
		.host_config = spec->host,
		.state = { .status = CONTAINER_CREATED },
	};

	c.endpoints.items = spec->endpoints.items;
	c.endpoints.n = spec->endpoints.n;
	int r = merge_config(&c.config, &image->config, spec->entrypoint_reset, a, err);

	c.config.image = spec->image;
	if (r == 0)
		r = join_command(&c, a, err);
	if (r == 0)
		r = fill_host_config(&c.host_config, facts, a, err);
	if (r == 0)
		r = list_mounts(&c, a, err);
	if (r < 0)
		return r;
	add_layers(&c, image, a);
	if (!str_is_empty(c.config.hostname) && str_eq(c.host_config.uts_mode, "host"))
		return err_set(err, -EINVAL, "conflicting options: hostname and the UTS mode");
	if (str_is_empty(c.config.hostname)) {
		bool of_host = str_eq(c.host_config.network_mode, "host") ||
			       str_eq(c.host_config.uts_mode, "host");

		c.config.hostname =
			of_host ? arena_strdup(a, facts->hostname) : arena_strndup(a, id, SHORT_ID);
	}
	for (size_t i = 0; i < c.config.volumes.n; i++)
		if (!is_mounted(&c, c.config.volumes.items[i]))
			strv_add(
				&c.notes, a,
				arena_printf(
					a,
					"Volume %s is kept in the container's own layer and goes with it.",
					c.config.volumes.items[i]));
	*ret = c;
	return 0;
}
