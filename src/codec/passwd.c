/*
 * passwd.c - users and groups of a container
 */
#include "codec/passwd.h"

#include <ctype.h>
#include <stdbool.h>

enum { FIELDS = 7, GROUPS_MAX = 1024 };

/* One field of a line: not NUL-terminated. */
struct slice {
	const char *at;
	size_t len;
};

static bool is_slice(struct slice s, const char *text, size_t len)
{
	return s.len == len && memcmp(s.at, text, len) == 0;
}

/* Strictly decimal, 0 to 2^32-2: the last number means "no one" to the kernel. */
static bool to_number(const char *s, size_t len, uint32_t *ret)
{
	uint64_t n = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[i]))
			return false;
		n = n * 10 + (uint64_t)(s[i] - '0');
	}
	*ret = (uint32_t)n;
	return n < UINT32_MAX;
}

static bool is_digits(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == '\0';
}

/* The next line's fields; false at the end. Missing fields are empty. */
static bool next_line(const char **text, struct slice fields[FIELDS])
{
	const char *p = *text, *end;

	if (!*p)
		return false;
	end = p + strcspn(p, "\n");
	*text = *end ? end + 1 : end;
	for (int i = 0; i < FIELDS; i++) {
		size_t len = 0;

		while (p + len < end && p[len] != ':')
			len++;
		fields[i] = (struct slice){ p, len };
		p += len;
		if (p < end)
			p++;
	}
	return true;
}

struct user_entry {
	bool found;
	uint32_t uid, gid;
	struct slice name, home;
};

static void find_user(const char *passwd, const char *name, size_t len, bool by_number,
		      uint32_t uid, struct user_entry *ret)
{
	struct slice f[FIELDS];

	*ret = (struct user_entry){ 0 };
	while (!ret->found && next_line(&passwd, f)) {
		struct user_entry e = { .found = true, .name = f[0], .home = f[5] };

		if (!to_number(f[2].at, f[2].len, &e.uid) || !to_number(f[3].at, f[3].len, &e.gid))
			continue;
		if (by_number ? e.uid == uid : is_slice(f[0], name, len))
			*ret = e;
	}
}

static bool find_group(const char *group, const char *name, uint32_t *ret)
{
	struct slice f[FIELDS];

	while (next_line(&group, f))
		if (is_slice(f[0], name, strlen(name)) && to_number(f[2].at, f[2].len, ret))
			return true;
	return false;
}

static bool is_member(struct slice members, struct slice name)
{
	const char *p = members.at, *end = members.at + members.len;

	while (p < end) {
		size_t len = 0;

		while (p + len < end && p[len] != ',')
			len++;
		if (name.len && len == name.len && memcmp(p, name.at, len) == 0)
			return true;
		p += len + 1;
	}
	return false;
}

static void add_group(struct passwd_user *u, uint32_t gid)
{
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return;
	if (u->n_groups < GROUPS_MAX)
		u->groups[u->n_groups++] = gid;
}

static int resolve_user(const char *name, const char *passwd, struct arena *a,
			struct passwd_user *ret, struct user_entry *entry, struct err *err)
{
	uint32_t uid = 0;
	bool by_number = !*name || is_digits(name);

	if (*name && by_number && !to_number(name, strlen(name), &uid))
		return err_set(err, -EINVAL, "uids and gids must be in range 0-4294967294: %s",
			       name);
	find_user(passwd, name, strlen(name), by_number, uid, entry);
	if (!entry->found && !by_number)
		return err_set(err, -EINVAL,
			       "unable to find user %s: no matching entries in passwd file", name);
	ret->uid = entry->found ? entry->uid : uid;
	ret->gid = entry->found ? entry->gid : 0;
	ret->home = entry->found && entry->home.len
			    ? arena_strndup(a, entry->home.at, entry->home.len)
			    : "/";
	return 0;
}

static int resolve_group(const char *name, const char *group, uint32_t *ret, struct err *err)
{
	if (is_digits(name)) {
		if (!to_number(name, strlen(name), ret))
			return err_set(err, -EINVAL,
				       "uids and gids must be in range 0-4294967294: %s", name);
		return 0;
	}
	if (!find_group(group, name, ret))
		return err_set(err, -EINVAL,
			       "unable to find group %s: no matching entries in group file", name);
	return 0;
}

int passwd_resolve(const char *spec, const char *passwd, const char *group,
		   const struct strv *extra, struct arena *a, struct passwd_user *ret,
		   struct err *err)
{
	const char *colon = strchr(spec, ':');
	char *name = arena_strndup(a, spec, colon ? (size_t)(colon - spec) : strlen(spec));
	struct slice f[FIELDS];
	struct user_entry entry;
	const char *lines = group;
	uint32_t gid;
	int r;

	*ret = (struct passwd_user){ .groups = arena_array(a, GROUPS_MAX, sizeof(uint32_t)) };
	r = resolve_user(name, passwd, a, ret, &entry, err);
	if (r == 0 && colon && colon[1])
		r = resolve_group(colon + 1, group, &ret->gid, err);
	if (r < 0)
		return r;
	/* A group that was named stands alone; otherwise the user has all groups that list it. */
	while (!(colon && colon[1]) && entry.found && next_line(&lines, f))
		if (is_member(f[3], entry.name) && to_number(f[2].at, f[2].len, &gid))
			add_group(ret, gid);
	for (size_t i = 0; extra && i < extra->n; i++) {
		r = resolve_group(extra->items[i], group, &gid, err);
		if (r < 0)
			return r;
		add_group(ret, gid);
	}
	return 0;
}
