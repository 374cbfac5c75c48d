/*
 * cgroup_unit.c - what a container's unit is called, and where its group is
 *
 * systemd.slice(5): a dash in a slice's name means "beneath": a-b.slice is /a.slice/a-b.slice. The
 * group of a unit follows from its name and its slice's, so it is known before there is one.
 */
#include "cgroup/cgroup.h"

#include <ctype.h>

enum { NAME_MAX_ = 255 }; /* UNIT_NAME_MAX without the NUL */

static const char default_slice[] = "system.slice", default_prefix[] = "berth";

static bool is_slice(const char *name)
{
	return str_ends(name, ".slice");
}

static bool has_unit_characters(const char *name)
{
	for (const char *s = name; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(":-_.\\@", *s))
			return false;
	return *name && strlen(name) <= NAME_MAX_;
}

static int check_unit(const char *name, struct err *err)
{
	if (has_unit_characters(name))
		return 0;
	return err_set(err, -EINVAL,
		       "\"%.300s\" cannot be a unit of systemd: at most %d letters, digits and "
		       ":-_.\\@ may stand in its name",
		       name, NAME_MAX_);
}

/* The group of a slice, "" for the top. */
static int expand_slice(const char *slice, struct arena *a, const char **ret, struct err *err)
{
	size_t len = strlen(slice) - strlen(".slice");
	char *group = arena_strdup(a, "");
	int r = check_unit(slice, err);

	if (r < 0)
		return r;
	*ret = group;
	if (str_eq(slice, "-.slice"))
		return 0;
	for (size_t i = 0; i <= len; i++) {
		bool ends = i == len || slice[i] == '-';

		if (ends && (i == 0 || slice[i - 1] == '-'))
			return err_set(err, -EINVAL,
				       "slice %s: a dash must stand between two names", slice);
		if (ends)
			group = arena_printf(a, "%s/%.*s.slice", group, (int)i, slice);
	}
	*ret = group;
	return 0;
}

/* Of a slice's name: the slice that it is in. */
static const char *parent_of(const char *slice, struct arena *a)
{
	const char *dash = strrchr(slice, '-');

	return dash ? arena_printf(a, "%.*s.slice", (int)(dash - slice), slice) : "-.slice";
}

/* A slice has its place in its name. */
static int slice_unit(const char *name, struct arena *a, struct cgroup_unit *ret, struct err *err)
{
	const char *group;
	int r = expand_slice(name, a, &group, err);

	if (r == 0 && !*group)
		r = err_set(err, -EINVAL, "-.slice is the top of all groups and no container's");
	if (r < 0)
		return r;
	*ret = (struct cgroup_unit){
		.name = name, .slice = parent_of(name, a), .group = group, .is_slice = true
	};
	return 0;
}

static int scope_unit(const char *slice, const char *name, struct arena *a, struct cgroup_unit *ret,
		      struct err *err)
{
	const char *above;
	int r = check_unit(name, err);

	if (r == 0 && !is_slice(slice))
		r = err_set(err, -EINVAL, "\"%.300s\" is not a slice: its name must end in .slice",
			    slice);
	if (r == 0)
		r = expand_slice(slice, a, &above, err);
	if (r < 0)
		return r;
	*ret = (struct cgroup_unit){ .name = name,
				     .slice = slice,
				     .group = arena_printf(a, "%s/%s", above, name) };
	return 0;
}

int cgroup_unit_parse(const char *cgroups_path, const char *id, struct arena *a,
		      struct cgroup_unit *ret, struct err *err)
{
	const char *slice = "", *prefix = default_prefix, *name = id;
	int r;

	if (!str_is_empty(cgroups_path)) {
		struct strv parts = strv_split(a, cgroups_path, ':');

		if (parts.n != 3)
			return err_set(err, -EINVAL,
				       "linux.cgroupsPath: \"%s\" is not slice:prefix:name, which "
				       "it must be where systemd makes the control groups",
				       cgroups_path);
		slice = parts.items[0];
		prefix = parts.items[1];
		name = parts.items[2];
	}
	slice = *slice ? slice : default_slice;
	if (is_slice(name))
		r = slice_unit(name, a, ret, err);
	else
		r = scope_unit(slice, arena_printf(a, "%s-%s.scope", prefix, name), a, ret, err);
	return r < 0 ? err_wrap(err, "linux.cgroupsPath") : 0;
}

static const char *quoted(const char *word, struct arena *a)
{
	return arena_printf(a, "'%s'", word);
}

static void add(struct str_map *map, struct arena *a, const char *name, const char *value)
{
	str_map_set(map, a, name, value);
}

void cgroup_unit_basics(const struct cgroup_unit *unit, const char *id, bool v2, struct arena *a,
			struct str_map *ret)
{
	add(ret, a, "Description", arena_printf(a, "'container %s'", id));
	/* A slice's place is in its name, and it is never delegated. */
	if (unit->is_slice) {
		add(ret, a, "Wants", arena_printf(a, "[%s]", quoted(unit->slice, a)));
	} else {
		add(ret, a, "Slice", quoted(unit->slice, a));
		add(ret, a, "Delegate", "true");
	}
	add(ret, a, "DefaultDependencies", "false");
	add(ret, a, "MemoryAccounting", "true");
	add(ret, a, "CPUAccounting", "true");
	add(ret, a, "TasksAccounting", "true");
	add(ret, a, v2 ? "IOAccounting" : "BlockIOAccounting", "true");
}
