/*
 * container_volumes.c - --volumes-from: the mounts of other containers
 *
 * They become mounts of the new container's own (HostConfig.Mounts), as they are now: what becomes
 * of the other container later changes nothing. What the user mounts himself stands above them, and
 * of several containers the later one.
 */
#include "engine/engine.h"

#include "engine/container_mounts.h"

struct borrowed {
	struct mount_spec *items;
	size_t n, cap;
};

/* "ro", "rw", and SELinux labels, which mean nothing here. */
static int parse_mode(const char *mode, const char *all, struct arena *a, bool *ret_read_only,
		      struct err *err)
{
	struct strv words = strv_split(a, mode, ',');

	*ret_read_only = false;
	for (size_t i = 0; i < words.n; i++) {
		const char *w = words.items[i];

		if (!str_eq(w, "ro") && !str_eq(w, "rw") && !str_eq(w, "z") && !str_eq(w, "Z"))
			return err_set(err, -EINVAL, "--volumes-from %.200s: invalid mode: %.100s",
				       all, mode);
		*ret_read_only = *ret_read_only || str_eq(w, "ro");
	}
	return 0;
}

/* A --mount of that container, with what its mount point does not say (a tmpfs's size). */
static const struct mount_spec *spec_of(const struct container *c, const char *target,
					struct arena *a)
{
	for (size_t i = 0; i < c->host_config.mounts.n; i++) {
		const struct mount_spec *m = &c->host_config.mounts.items[i];

		if (str_eq(container_mounts_clean(a, m->target), target))
			return m;
	}
	return NULL;
}

static void borrow(struct borrowed *list, const struct mount_spec *m, struct arena *a)
{
	for (size_t i = 0; i < list->n; i++) {
		if (str_eq(list->items[i].target, m->target)) {
			list->items[i] = *m;
			return;
		}
	}
	if (list->n == list->cap) {
		struct mount_spec *grown;

		list->cap = list->cap ? list->cap * 2 : 8;
		grown = arena_array(a, list->cap, sizeof(*grown));
		if (list->n)
			memcpy(grown, list->items, list->n * sizeof(*grown));
		list->items = grown;
	}
	list->items[list->n++] = *m;
}

static void borrow_all(struct borrowed *list, const struct container *c, bool read_only,
		       const struct user_mounts *own, struct arena *a)
{
	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct mount_point *p = &c->mounts.items[i];
		const struct mount_spec *given = spec_of(c, p->destination, a);
		struct mount_spec m = given ? *given : (struct mount_spec){ 0 };

		if (container_mounts_has(own, p->destination))
			continue;
		m.type = p->type;
		m.source = str_is_empty(p->name) ? p->source : p->name;
		m.target = p->destination;
		m.read_only = !p->rw || read_only;
		m.propagation = str_is_empty(p->propagation) ? NULL : p->propagation;
		borrow(list, &m, a);
	}
}

static int borrow_from(struct engine *e, const char *text, const struct user_mounts *own,
		       struct arena *a, struct borrowed *list, struct err *err)
{
	const char *colon = strchr(text, ':');
	const char *name = colon ? arena_strndup(a, text, (size_t)(colon - text)) : text;
	struct container c;
	bool read_only = false;
	int r = colon ? parse_mode(colon + 1, text, a, &read_only, err) : 0;

	if (r == 0)
		r = container_find(e, name, a, &c, err);
	if (r == 0)
		borrow_all(list, &c, read_only, own, a);
	return r;
}

int container_volumes_from(struct engine *e, struct host_config *host, struct arena *a,
			   struct err *err)
{
	struct borrowed list = { 0 };
	struct user_mounts own;
	int r = host->volumes_from.n ? container_mounts_parse(host, a, &own, err) : 0;

	for (size_t i = 0; r == 0 && i < host->volumes_from.n; i++)
		r = borrow_from(e, host->volumes_from.items[i], &own, a, &list, err);
	if (r < 0 || list.n == 0)
		return r;

	size_t n = host->mounts.n;
	struct mount_spec *all = arena_array(a, n + list.n, sizeof(*all));

	if (n)
		memcpy(all, host->mounts.items, n * sizeof(*all));
	memcpy(all + n, list.items, list.n * sizeof(*all));
	host->mounts.items = all;
	host->mounts.n = n + list.n;
	return 0;
}
