/*
 * filter.c - --filter NAME=VALUE of lists, with docker's ways of matching
 */
#include "cmd/filter.h"

#include <fnmatch.h>
#include <regex.h>

static bool is_allowed(const char *const *allowed, const char *name)
{
	for (; *allowed; allowed++)
		if (str_eq(*allowed, name))
			return true;
	return false;
}

int filter_parse(const struct strv *texts, const char *const *allowed, struct arena *a,
		 struct filter *ret, struct err *err)
{
	ret->items = arena_array(a, texts->n + 1, sizeof(*ret->items));
	ret->n = 0;
	for (size_t i = 0; i < texts->n; i++) {
		const char *text = texts->items[i], *equals = strchr(text, '=');
		const char *name;

		if (!equals)
			return err_set(err, -EINVAL,
				       "invalid argument \"%.100s\" for \"-f, --filter\" flag: "
				       "invalid filter '%.100s': use NAME=VALUE",
				       text, text);
		name = arena_strndup(a, text, (size_t)(equals - text));
		if (!is_allowed(allowed, name))
			return err_set(err, -EINVAL, "invalid filter '%.100s'", name);
		ret->items[ret->n++] = (struct str_pair){ name, equals + 1 };
	}
	return 0;
}

size_t filter_next(const struct filter *f, const char *name, size_t i, const char **ret_value)
{
	for (; i < f->n; i++) {
		if (str_eq(f->items[i].key, name)) {
			*ret_value = f->items[i].value;
			return i + 1;
		}
	}
	return 0;
}

bool filter_has(const struct filter *f, const char *name)
{
	const char *value;

	return filter_next(f, name, 0, &value) > 0;
}

static bool any(const struct filter *f, const char *name, const char *value,
		bool (*fits)(const char *pattern, const char *value))
{
	const char *pattern;
	bool none = true;

	for (size_t i = 0; (i = filter_next(f, name, i, &pattern));) {
		none = false;
		if (fits(pattern, value))
			return true;
	}
	return none;
}

static bool fits_equal(const char *pattern, const char *value)
{
	return str_eq(pattern, value);
}

static bool fits_regex(const char *pattern, const char *value)
{
	regex_t re;
	bool fits;

	if (str_eq(pattern, value))
		return true;
	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	fits = regexec(&re, value, 0, NULL, 0) == 0;
	regfree(&re);
	return fits;
}

static bool fits_glob(const char *pattern, const char *value)
{
	return fnmatch(pattern, value, FNM_PATHNAME) == 0;
}

bool filter_equals(const struct filter *f, const char *name, const char *value)
{
	return any(f, name, value, fits_equal);
}

bool filter_matches(const struct filter *f, const char *name, const char *value)
{
	return any(f, name, value, fits_regex);
}

bool filter_globs(const struct filter *f, const char *name, const char *value)
{
	return any(f, name, value, fits_glob);
}

static bool has_label(const struct str_map *labels, const char *wanted)
{
	const char *equals = strchr(wanted, '=');
	size_t len = equals ? (size_t)(equals - wanted) : strlen(wanted);

	for (size_t i = 0; i < labels->n; i++) {
		const struct str_pair *p = &labels->items[i];

		if (strlen(p->key) == len && memcmp(p->key, wanted, len) == 0)
			return !equals || str_eq(p->value, equals + 1);
	}
	return false;
}

bool filter_labels(const struct filter *f, const char *name, const struct str_map *labels)
{
	const char *wanted;

	for (size_t i = 0; (i = filter_next(f, name, i, &wanted));)
		if (!has_label(labels, wanted))
			return false;
	return true;
}

bool filter_lacks_labels(const struct filter *f, const char *name, const struct str_map *labels)
{
	const char *unwanted;

	for (size_t i = 0; (i = filter_next(f, name, i, &unwanted));)
		if (has_label(labels, unwanted))
			return false;
	return true;
}
