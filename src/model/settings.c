/*
 * settings.c - the settings of this machine, /etc/berth/config.json
 */
#include "model/settings.h"

#include "base/own.h"
#include "codec/json.h"

#define T struct settings_proxies
SCHEMA(settings_proxies, T, F_STR(T, http, "http-proxy", OMIT_EMPTY),
       F_STR(T, https, "https-proxy", OMIT_EMPTY), F_STR(T, no_proxy, "no-proxy", OMIT_EMPTY));
#undef T

#define T struct settings
SCHEMA(settings, T, F_STRV(T, insecure_registries, "insecure-registries", OMIT_EMPTY),
       F_STRV(T, registry_mirrors, "registry-mirrors", OMIT_EMPTY),
       F_INT(T, max_concurrent_downloads, "max-concurrent-downloads", OMIT_EMPTY),
       F_INT(T, max_concurrent_uploads, "max-concurrent-uploads", OMIT_EMPTY),
       F_INT(T, max_download_attempts, "max-download-attempts", OMIT_EMPTY),
       F_INT(T, max_upload_attempts, "max-upload-attempts", OMIT_EMPTY),
       F_INT(T, registry_timeout, "registry-timeout", OMIT_EMPTY),
       F_OBJ(T, proxies, "proxies", settings_proxies, OMIT_EMPTY));
#undef T

/* Numbers: where they are, what holds without them, and what is reasonable. */
static const struct number {
	const char *name;
	size_t offset;
	int usual, least, most;
} numbers[] = {
	{ "max-concurrent-downloads", offsetof(struct settings, max_concurrent_downloads), 3, 1,
	  64 },
	{ "max-concurrent-uploads", offsetof(struct settings, max_concurrent_uploads), 5, 1, 64 },
	{ "max-download-attempts", offsetof(struct settings, max_download_attempts), 5, 1, 100 },
	{ "max-upload-attempts", offsetof(struct settings, max_upload_attempts), 5, 1, 100 },
	{ "registry-timeout", offsetof(struct settings, registry_timeout), 60, 1, 3600 },
};
enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

static int *number(struct settings *s, size_t i)
{
	return (int *)((char *)s + numbers[i].offset);
}

void settings_init(struct settings *s)
{
	*s = (struct settings){ 0 };
	for (size_t i = 0; i < NUMBERS; i++)
		*number(s, i) = numbers[i].usual;
}

static int check_mirrors(const struct strv *mirrors, struct err *err)
{
	for (size_t i = 0; i < mirrors->n; i++) {
		const char *url = mirrors->items[i], *host = str_after(url, "https://");

		if (!host)
			host = str_after(url, "http://");
		if (str_is_empty(host) || strpbrk(host, "@?# \t\r\n"))
			return err_set(err, -EINVAL,
				       "registry-mirrors[%zu]: \"%.100s\" is not an http or https "
				       "URL of a host, without user, query and fragment",
				       i, url);
	}
	return 0;
}

static int check_insecure(const struct strv *names, struct err *err)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_is_empty(names->items[i]) || strpbrk(names->items[i], "@?# \t\r\n") ||
		    strstr(names->items[i], "://"))
			return err_set(err, -EINVAL,
				       "insecure-registries[%zu]: \"%.100s\" is not HOST[:PORT] or "
				       "ADDRESS/BITS",
				       i, names->items[i]);
	return 0;
}

static int check_numbers(struct settings *s, struct json_object *tree, struct err *err)
{
	for (size_t i = 0; i < NUMBERS; i++) {
		const struct number *n = &numbers[i];
		int *value = number(s, i);

		if (!json_object_object_get_ex(tree, n->name, NULL))
			*value = n->usual;
		if (*value < n->least || *value > n->most)
			return err_set(err, -EINVAL, "%s: %d is not between %d and %d", n->name,
				       *value, n->least, n->most);
	}
	return 0;
}

int settings_read(const char *text, size_t len, struct arena *a, struct settings *ret,
		  struct err *err)
{
	OWN(json) struct json_object *tree = NULL;
	struct settings s;
	int r = json_parse(text, len, &tree, err);

	if (r == 0)
		r = schema_read_tree(&settings_schema, tree, a, &s, err);
	if (r == 0)
		r = schema_check_known(&settings_schema, tree, err);
	if (r == 0)
		r = check_numbers(&s, tree, err);
	if (r == 0)
		r = check_mirrors(&s.registry_mirrors, err);
	if (r == 0)
		r = check_insecure(&s.insecure_registries, err);
	if (r == 0)
		*ret = s;
	return r;
}
