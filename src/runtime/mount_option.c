/*
 * mount_option.c - what mount options by name mean
 *
 * https://github.com/opencontainers/runtime-spec/blob/main/config.md, "Linux mount options". An
 * option sets or clears attributes of the one mount; with "r" in front, of every mount beneath as
 * well. What is no attribute of a mount goes to the file system.
 */
#include "runtime/mount_option.h"

#include "runtime/init_plan.h"

#include <stddef.h>
#include <sys/mount.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* Without its "r"; every row but the last ones can have it. */
static const struct {
	const char *name;
	uint64_t set, clear;
} attributes[] = {
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW },
	/* The ways to keep access times are one number, which is replaced as a whole. */
	{ "relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	{ "atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
};

static const struct {
	const char *name;
	uint64_t flag;
} propagations[] = {
	{ "private", MS_PRIVATE },
	{ "slave", MS_SLAVE },
	{ "shared", MS_SHARED },
	{ "unbindable", MS_UNBINDABLE },
};

/* What mount(8) and older runtimes accept and nobody needs to act upon. */
static const char *const ignored[] = { "defaults", "loud",   "nomand",     "mand",
				       "async",    "silent", "noiversion", "nolazytime" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool listed(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], name))
			return true;
	return false;
}

/* What is neither an attribute of a mount nor for the file system, but for us. */
static const struct {
	const char *name;
	size_t flag; /* in struct mount_options */
} ways[] = {
	{ "bind", offsetof(struct mount_options, bind) },
	{ "rbind", offsetof(struct mount_options, bind) },
	{ "rbind", offsetof(struct mount_options, recursive) },
	{ "idmap", offsetof(struct mount_options, id_map) },
	{ "ridmap", offsetof(struct mount_options, id_map) },
	{ "ridmap", offsetof(struct mount_options, id_map_tree) },
	{ "tmpcopyup", offsetof(struct mount_options, copy_up) },
	{ "src-nofollow", offsetof(struct mount_options, no_follow) },
	{ "dest-nofollow", offsetof(struct mount_options, on_link) },
	{ "copy-symlink", offsetof(struct mount_options, copy_link) },
	{ "remount", offsetof(struct mount_options, again) },
};

static bool add_way(struct mount_options *o, const char *name)
{
	bool known = false;

	for (size_t i = 0; i < COUNT(ways); i++) {
		if (!str_eq(ways[i].name, name))
			continue;
		*(bool *)((char *)o + ways[i].flag) = true;
		known = true;
	}
	return known;
}

static bool add_attribute(struct mount_options *o, const char *name)
{
	for (size_t i = 0; i < COUNT(attributes); i++) {
		uint64_t set = attributes[i].set, clear = attributes[i].clear;

		if (str_eq(name, attributes[i].name)) {
			/* The later of two opposite options wins. */
			o->set = (o->set & ~clear) | set;
			o->clear = (o->clear & ~set) | clear;
			return true;
		}
		if (name[0] == 'r' && str_eq(name + 1, attributes[i].name)) {
			o->tree_set = (o->tree_set & ~clear) | set;
			o->tree_clear = (o->tree_clear & ~set) | clear;
			return true;
		}
	}
	return false;
}

uint64_t mount_option_propagation(const char *name)
{
	for (size_t i = 0; i < COUNT(propagations); i++) {
		if (str_eq(name, propagations[i].name))
			return propagations[i].flag;
		if (name[0] == 'r' && str_eq(name + 1, propagations[i].name))
			return propagations[i].flag | MS_REC;
	}
	return 0;
}

static bool add_propagation(struct mount_options *o, const char *name)
{
	uint64_t flags = mount_option_propagation(name);

	if (!flags)
		return false;
	o->propagation = flags & ~(uint64_t)MS_REC;
	o->tree_propagation = flags & MS_REC;
	return true;
}

static void add_data(struct mount_options *o, struct arena *a, const char *option)
{
	const char *equals = strchr(option, '=');

	o->data[o->n_data++] =
		equals ? (struct init_option){ arena_strndup(a, option, (size_t)(equals - option)),
					       equals + 1 }
		       : (struct init_option){ option, NULL };
}

void mount_option_read(const struct strv *options, struct arena *a, struct mount_options *ret)
{
	*ret = (struct mount_options){ .data = arena_array(a, options->n, sizeof(*ret->data)) };
	for (size_t i = 0; i < options->n; i++) {
		const char *o = options->items[i];

		if (str_is_empty(o) || add_way(ret, o) || add_attribute(ret, o) ||
		    add_propagation(ret, o) || listed(ignored, COUNT(ignored), o))
			continue;
		add_data(ret, a, o);
	}
}

struct strv mount_option_all(struct arena *a)
{
	struct strv all = { 0 };

	for (size_t i = 0; i < COUNT(attributes); i++) {
		strv_add(&all, a, attributes[i].name);
		strv_add(&all, a, arena_printf(a, "r%s", attributes[i].name));
	}
	for (size_t i = 0; i < COUNT(propagations); i++) {
		strv_add(&all, a, propagations[i].name);
		strv_add(&all, a, arena_printf(a, "r%s", propagations[i].name));
	}
	for (size_t i = 0; i < COUNT(ways); i++)
		if (!strv_has(&all, ways[i].name))
			strv_add(&all, a, ways[i].name);
	for (size_t i = 0; i < COUNT(ignored); i++)
		strv_add(&all, a, ignored[i]);
	return all;
}
