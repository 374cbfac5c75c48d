/*
 * mount_flag.c - what -v, --mount, --tmpfs and --device say
 */
#include "cmd/mount_flag.h"

#include "base/opt.h"
#include "base/own.h"
#include "codec/size.h"

#include <unistd.h>

/* A field in quotes, up to behind the closing one; NULL when there is none. */
static const char *quoted(const char *s, struct buf *out)
{
	for (s++; *s; s++) {
		if (*s != '"') {
			buf_addc(out, *s);
		} else if (s[1] == '"') {
			buf_addc(out, *s++);
		} else {
			return s + 1;
		}
	}
	return NULL;
}

int mount_flag_csv(const char *text, struct arena *a, struct strv *ret, struct err *err)
{
	*ret = (struct strv){ 0 };
	for (const char *s = text;;) {
		OWN(buf) struct buf field = { 0 };

		if (*s == '"') {
			s = quoted(s, &field);
			if (!s || (*s && *s != ','))
				return err_set(err, -EINVAL,
					       "extraneous or missing \" in quoted-field");
		} else {
			size_t len = strcspn(s, ",");

			if (memchr(s, '"', len))
				return err_set(err, -EINVAL, "bare \" in non-quoted-field");
			buf_add(&field, s, len);
			s += len;
		}
		strv_add(ret, a, arena_strdup(a, buf_text(&field)));
		if (!*s++)
			return 0;
	}
}

static const char *absolute(const char *path, struct arena *a)
{
	OWN(str) char *cwd = NULL;

	if (path[0] != '.')
		return path;
	cwd = getcwd(NULL, 0);
	return arena_printf(a, "%s/%s", cwd ? cwd : "", path);
}

/* -- fields of --mount -- */

struct mount_parse {
	struct mount_spec *m;
	struct arena *a;
	struct err *err;
	bool for_tmpfs, for_bind; /* fields of one type alone were given */
};

static int set_flag(struct mount_parse *p, const char *key, const char *value, bool *ret)
{
	*ret = true;
	if (value && opt_parse_bool(value, ret) < 0)
		return err_set(p->err, -EINVAL, "invalid value for %s: %.100s", key, value);
	return 0;
}

static int set_type(struct mount_parse *p, const char *key, const char *value)
{
	OWN(buf) struct buf lower = { 0 };

	(void)key;
	for (; *value; value++)
		buf_addc(&lower, (char)(*value | (*value >= 'A' && *value <= 'Z' ? 0x20 : 0)));
	p->m->type = arena_strdup(p->a, buf_text(&lower));
	return 0;
}

static int set_source(struct mount_parse *p, const char *key, const char *value)
{
	(void)key;
	p->m->source = absolute(value, p->a);
	return 0;
}

static int set_target(struct mount_parse *p, const char *key, const char *value)
{
	(void)key;
	p->m->target = value;
	return 0;
}

static int set_readonly(struct mount_parse *p, const char *key, const char *value)
{
	return set_flag(p, key, value, &p->m->read_only);
}

static int set_propagation(struct mount_parse *p, const char *key, const char *value)
{
	(void)key;
	p->for_bind = true;
	p->m->propagation = value;
	return 0;
}

static int set_nonrecursive(struct mount_parse *p, const char *key, const char *value)
{
	p->for_bind = true;
	return set_flag(p, key, value, &p->m->non_recursive);
}

static int set_recursive(struct mount_parse *p, const char *key, const char *value)
{
	p->for_bind = true;
	if (str_eq(value, "enabled"))
		return 0;
	if (!str_eq(value, "disabled"))
		return err_set(p->err, -EINVAL,
			       "invalid value for %s: %.100s (must be \"enabled\" or \"disabled\")",
			       key, value);
	p->m->non_recursive = true;
	return 0;
}

/* docker takes it for the sake of another system and does nothing with it on Linux. */
static int set_consistency(struct mount_parse *p, const char *key, const char *value)
{
	(void)p;
	(void)key;
	(void)value;
	return 0;
}

static int set_tmpfs_size(struct mount_parse *p, const char *key, const char *value)
{
	p->for_tmpfs = true;
	if (size_parse(value, &p->m->size_bytes, NULL) < 0)
		return err_set(p->err, -EINVAL, "invalid value for %s: %.100s", key, value);
	return 0;
}

static int set_tmpfs_mode(struct mount_parse *p, const char *key, const char *value)
{
	unsigned long mode;
	char *end;

	p->for_tmpfs = true;
	mode = strtoul(value, &end, 8);
	if (*end || end == value || mode > 07777)
		return err_set(p->err, -EINVAL, "invalid value for %s: %.100s", key, value);
	p->m->mode = (uint32_t)mode;
	return 0;
}

static const struct {
	const char *key;
	bool alone; /* may stand without a value */
	int (*set)(struct mount_parse *p, const char *key, const char *value);
} mount_keys[] = {
	{ "type", false, set_type },
	{ "source", false, set_source },
	{ "src", false, set_source },
	{ "target", false, set_target },
	{ "dst", false, set_target },
	{ "destination", false, set_target },
	{ "readonly", true, set_readonly },
	{ "ro", true, set_readonly },
	{ "bind-propagation", false, set_propagation },
	{ "bind-nonrecursive", true, set_nonrecursive },
	{ "bind-recursive", false, set_recursive },
	{ "consistency", false, set_consistency },
	{ "tmpfs-size", false, set_tmpfs_size },
	{ "tmpfs-mode", false, set_tmpfs_mode },
};

static int set_field(struct mount_parse *p, const char *field)
{
	const char *equals = strchr(field, '='), *value = equals ? equals + 1 : NULL;
	size_t len = equals ? (size_t)(equals - field) : strlen(field);

	for (size_t i = 0; i < sizeof(mount_keys) / sizeof(mount_keys[0]); i++) {
		if (strlen(mount_keys[i].key) != len ||
		    strncasecmp(mount_keys[i].key, field, len) != 0)
			continue;
		if (!value && !mount_keys[i].alone)
			return err_set(p->err, -EINVAL,
				       "invalid field '%.100s' must be a key=value pair", field);
		return mount_keys[i].set(p, mount_keys[i].key, value);
	}
	if (str_after(field, "volume-") || str_after(field, "image-") || str_after(field, "bind-"))
		return err_set(p->err, -EINVAL, "%.*s is not supported", (int)(len > 60 ? 60 : len),
			       field);
	return err_set(p->err, -EINVAL, "unexpected key '%.*s' in '%.100s'",
		       (int)(len > 60 ? 60 : len), field, field);
}

static int check_mount(const struct mount_parse *p)
{
	const struct mount_spec *m = p->m;

	if (!m->type)
		return err_set(
			p->err, -EINVAL,
			"type is required: type=bind or type=tmpfs (named volumes are not supported)");
	if (!m->target)
		return err_set(p->err, -EINVAL, "target is required");
	if (!str_eq(m->type, "bind") && p->for_bind)
		return err_set(p->err, -EINVAL, "cannot mix 'bind-*' options with mount type '%s'",
			       m->type);
	if (!str_eq(m->type, "tmpfs") && p->for_tmpfs)
		return err_set(p->err, -EINVAL, "cannot mix 'tmpfs-*' options with mount type '%s'",
			       m->type);
	return 0;
}

int mount_flag_parse(const char *text, struct arena *a, struct mount_spec *ret, struct err *err)
{
	struct mount_parse p = { .m = ret, .a = a, .err = err };
	struct strv fields;
	int r = mount_flag_csv(text, a, &fields, err);

	*ret = (struct mount_spec){ 0 };
	for (size_t i = 0; r == 0 && i < fields.n; i++)
		r = set_field(&p, fields.items[i]);
	return r < 0 ? r : check_mount(&p);
}

/* -- the others -- */

int mount_flag_volume(const char *text, struct arena *a, const char **ret_bind, struct err *err)
{
	const char *colon = strchr(text, ':');

	if (!colon)
		return err_set(
			err, -EINVAL,
			"-v %.200s: anonymous volumes are not supported; use -v /DIRECTORY:%.200s",
			text, text);
	*ret_bind = text;
	if (text[0] == '.')
		*ret_bind =
			arena_printf(a, "%s%s",
				     absolute(arena_strndup(a, text, (size_t)(colon - text)), a),
				     colon);
	return 0;
}

void mount_flag_tmpfs(const char *text, struct arena *a, struct str_map *tmpfs)
{
	const char *colon = strchr(text, ':');

	if (colon)
		str_map_set(tmpfs, a, arena_strndup(a, text, (size_t)(colon - text)), colon + 1);
	else
		str_map_set(tmpfs, a, text, "");
}

static bool is_device_mode(const char *s)
{
	return *s && strspn(s, "rwm") == strlen(s);
}

int mount_flag_device(const char *text, struct arena *a, struct device_mapping *ret,
		      struct err *err)
{
	struct strv part = strv_split(a, text, ':');

	if (part.n > 3 || !*part.items[0])
		return err_set(err, -EINVAL, "invalid device specification: %.200s", text);
	if (part.items[0][0] != '/' && strchr(text, '='))
		return err_set(
			err, -EINVAL,
			"%.200s: devices of the Container Device Interface are not supported",
			text);
	*ret = (struct device_mapping){ part.items[0], part.items[0], "rwm" };
	if (part.n == 2 && is_device_mode(part.items[1]))
		ret->cgroup_permissions = part.items[1];
	else if (part.n >= 2)
		ret->path_in_container = part.items[1];
	if (part.n == 3)
		ret->cgroup_permissions = part.items[2];
	if (part.n == 3 && !is_device_mode(part.items[2]))
		return err_set(err, -EINVAL, "%.200s: invalid device mode: %.20s", text,
			       part.items[2]);
	return 0;
}
