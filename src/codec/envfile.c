/*
 * envfile.c - docker's --env-file and --label-file, and what -e KEY means
 */
#include "codec/envfile.h"

#include "codec/utf8.h"

int envfile_add(const char *item, envfile_lookup *lookup, struct arena *a, struct strv *out,
		struct err *err)
{
	const char *value;

	if (!*item || *item == '=')
		return err_set(err, -EINVAL, "invalid environment variable: %s", item);
	if (strchr(item, '=')) {
		strv_add(out, a, item);
		return 0;
	}
	value = lookup ? lookup(item) : NULL;
	if (value)
		strv_add(out, a, arena_printf(a, "%s=%s", item, value));
	return 0;
}

int envfile_parse(const char *name, const char *text, envfile_lookup *lookup, struct arena *a,
		  struct strv *out, struct err *err)
{
	const char *after_bom = str_after(text, "\xef\xbb\xbf");
	int number = 0;

	for (text = after_bom ? after_bom : text; *text;) {
		size_t len = strcspn(text, "\n");
		char *line = arena_strndup(a, text, len && text[len - 1] == '\r' ? len - 1 : len);
		size_t key_len;

		number++;
		text += text[len] ? len + 1 : len;
		line += strspn(line, " \t");
		if (!*line || *line == '#')
			continue;
		if (!utf8_is_valid(line, strlen(line)))
			return err_set(err, -EINVAL,
				       "env file %s contains invalid utf8 bytes at line %d", name,
				       number);
		key_len = strcspn(line, "=");
		if (strcspn(line, " \t") < key_len)
			return err_set(
				err, -EINVAL,
				"poorly formatted environment: variable '%.*s' contains whitespaces "
				"(%s, line %d)",
				(int)key_len, line, name, number);
		if (key_len == 0)
			return err_set(
				err, -EINVAL,
				"poorly formatted environment: no variable name on line '%s' (%s, line %d)",
				line, name, number);
		if (envfile_add(line, lookup, a, out, err) < 0)
			return -EINVAL;
	}
	return 0;
}

void envfile_set(struct strv *env, struct arena *a, const char *item)
{
	size_t key = strcspn(item, "=");

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->items[i], item, key) == 0 &&
		    (env->items[i][key] == '=' || env->items[i][key] == '\0')) {
			env->items[i] = item;
			return;
		}
	}
	strv_add(env, a, item);
}
