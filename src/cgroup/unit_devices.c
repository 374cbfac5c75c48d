/*
 * unit_devices.c - device rules as systemd says them
 *
 * The rules of a configuration are a sequence in which the last that matches decides. systemd has a
 * set of what is allowed. So the sequence is played through: an allowance joins the set, a refusal
 * takes away from it. A refusal that cuts a hole into an allowance, or stands against "all
 * allowed", cannot be said.
 */
#include "cgroup/unit_devices.h"

#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { READ = 1, WRITE = 2, MAKE = 4, ALL = 7 };

struct allowance {
	char type;
	int64_t major, minor; /* -1: any */
	unsigned access;
};

struct state {
	struct allowance *items;
	size_t n;
	bool all, exact;
};

static unsigned access_bits(const char *letters)
{
	return (strchr(letters, 'r') ? READ : 0) | (strchr(letters, 'w') ? WRITE : 0) |
	       (strchr(letters, 'm') ? MAKE : 0);
}

static bool covers_number(int64_t a, int64_t b)
{
	return a < 0 || a == b;
}

static bool covers(const struct allowance *a, const struct allowance *b)
{
	return a->type == b->type && covers_number(a->major, b->major) &&
	       covers_number(a->minor, b->minor);
}

static bool meets_number(int64_t a, int64_t b)
{
	return a < 0 || b < 0 || a == b;
}

static bool meets(const struct allowance *a, const struct allowance *b)
{
	return a->type == b->type && meets_number(a->major, b->major) &&
	       meets_number(a->minor, b->minor) && a->access & b->access;
}

static void allow(struct state *s, const struct allowance *rule)
{
	if (s->all)
		return;
	for (size_t i = 0; i < s->n; i++) {
		if (covers(rule, &s->items[i]) && covers(&s->items[i], rule)) {
			s->items[i].access |= rule->access;
			return;
		}
	}
	s->items[s->n++] = *rule;
}

static void deny(struct state *s, const struct allowance *rule)
{
	if (s->all)
		s->exact = false;
	for (size_t i = 0; i < s->n; i++) {
		if (covers(rule, &s->items[i]))
			s->items[i].access &= ~rule->access;
		else if (meets(rule, &s->items[i]))
			s->exact = false;
	}
}

static void play(struct state *s, const struct cgroup_device_rule *r)
{
	struct allowance one = { r->type, r->major, r->minor, access_bits(r->access) };
	void (*act)(struct state *, const struct allowance *) = r->allow ? allow : deny;

	if (r->type != 'a') {
		act(s, &one);
		return;
	}
	if (r->major < 0 && r->minor < 0 && one.access == ALL) {
		*s = (struct state){ .items = s->items, .all = r->allow, .exact = true };
		return;
	}
	one.type = 'b';
	act(s, &one);
	one.type = 'c';
	act(s, &one);
}

/* "136 pts" in its part of /proc/devices. */
static const char *driver(const char *drivers, char type, int64_t major, struct arena *a)
{
	const char *title = type == 'b' ? "Block devices:" : "Character devices:",
		   *line = drivers ? strstr(drivers, title) : NULL;

	line = line ? strchr(line, '\n') : NULL;
	while (line && line[1] && line[1] != '\n') {
		char *name;

		if (strtoll(line + 1, &name, 10) == major && *name == ' ')
			return arena_strndup(a, name + 1, strcspn(name + 1, "\n"));
		line = strchr(line + 1, '\n');
	}
	return NULL;
}

/* How systemd calls it, or NULL. */
static const char *device(const struct allowance *d, const char *drivers, struct arena *a)
{
	const char *kind = d->type == 'b' ? "block" : "char", *name;

	if (d->major >= 0 && d->minor >= 0)
		return arena_printf(a, "/dev/%s/%" PRId64 ":%" PRId64, kind, d->major, d->minor);
	if (d->major < 0)
		return d->minor < 0 ? arena_printf(a, "%s-*", kind) : NULL;
	name = driver(drivers, d->type, d->major, a);
	return name && !strpbrk(name, "'\\") ? arena_printf(a, "%s-%s", kind, name) : NULL;
}

static void write_set(struct state *s, const char *drivers, struct arena *a, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct allowance *d = &s->items[i];
		const char *name = d->access ? device(d, drivers, a) : NULL;

		if (d->access && !name)
			s->exact = false;
		if (name)
			buf_printf(out, "%s('%s', '%s%s%s')", out->len ? ", " : "", name,
				   d->access & READ ? "r" : "", d->access & WRITE ? "w" : "",
				   d->access & MAKE ? "m" : "");
	}
}

bool unit_devices_add(const struct cgroup_device_rule *rules, size_t n, const char *drivers,
		      struct arena *a, struct str_map *ret)
{
	/* A rule for both kinds of devices is two. */
	struct state s = { .items = arena_array(a, 2 * n, sizeof(*s.items)), .exact = true };
	struct buf set = { 0 };

	for (size_t i = 0; i < n; i++)
		play(&s, &rules[i]);
	if (!s.all)
		write_set(&s, drivers, a, &set);
	if (s.exact || !s.all) {
		str_map_set(ret, a, "DevicePolicy", s.all ? "'auto'" : "'strict'");
		str_map_set(ret, a, "DeviceAllow",
			    arena_printf(a, "@a(ss) [%s]", s.all ? "" : buf_text(&set)));
	}
	buf_done(&set);
	return s.exact;
}
