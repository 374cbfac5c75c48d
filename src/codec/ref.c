/*
 * ref.c - image references
 *
 * Grammar: https://pkg.go.dev/github.com/distribution/reference, in words in the functions below.
 */
#include "codec/ref.h"

#include "base/str.h"
#include "codec/digest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>

enum { NAME_MAX_LEN = 255 /* with the domain, written out or not */ };

static bool is_word(char c)
{
	return islower((unsigned char)c) || isdigit((unsigned char)c);
}

/* Components of [a-z0-9]+ joined by one of ".", "_", "__", "-"+; components joined by "/". */
static bool is_path(const char *s, size_t len)
{
	size_t i = 0;

	while (true) {
		size_t start = i;

		while (i < len && is_word(s[i]))
			i++;
		if (i == start)
			return false;
		if (i == len)
			return true;
		if (s[i] == '-') {
			while (i < len && s[i] == '-')
				i++;
		} else if (s[i] == '_') {
			i += i + 1 < len && s[i + 1] == '_' ? 2 : 1;
		} else if (s[i] == '.' || s[i] == '/') {
			i++;
		} else {
			return false;
		}
	}
}

static bool is_domain(const char *s, size_t len)
{
	size_t i = 0;

	if (len == 0)
		return false;
	if (s[0] == '[') { /* an IPv6 address */
		for (i = 1; i < len && (isxdigit((unsigned char)s[i]) || s[i] == ':'); i++)
			;
		if (i >= len || s[i++] != ']')
			return false;
	} else {
		for (; i < len && s[i] != ':'; i++) {
			bool edge = i == 0 || i + 1 == len || s[i + 1] == ':' || s[i + 1] == '.' ||
				    s[i - 1] == '.';

			if (!isalnum((unsigned char)s[i]) && (edge || (s[i] != '-' && s[i] != '.')))
				return false;
		}
	}
	if (i < len && s[i++] != ':')
		return false;
	for (size_t port = i; i < len; i++)
		if (!isdigit((unsigned char)s[i]) || i - port > 4)
			return false;
	return s[len - 1] != ':';
}

static bool is_tag(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len > 128 || s[0] == '.' || s[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_.-", s[i]))
			return false;
	return true;
}

/* The first component is a domain when it could not be a path: a dot, a colon, localhost, capitals.
 */
static size_t domain_len(const char *s, size_t len)
{
	const char *slash = memchr(s, '/', len);
	size_t n = slash ? (size_t)(slash - s) : 0;
	bool upper = false;

	for (size_t i = 0; i < n; i++)
		upper |= isupper((unsigned char)s[i]) != 0;
	if (n && (memchr(s, '.', n) || memchr(s, ':', n) || upper ||
		  (n == 9 && memcmp(s, "localhost", 9) == 0)))
		return n;
	return 0;
}

static int invalid(struct err *err, const char *s)
{
	return err_set(err, -EINVAL, "invalid reference format: \"%.200s\"", s);
}

/* What is wrong with a path that is not one, in docker's words. */
static int invalid_path(struct err *err, const char *s, const char *path, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (isupper((unsigned char)path[i]))
			return err_set(
				err, -EINVAL,
				"invalid reference format: repository name (%.*s) must be lowercase",
				len > 200 ? 200 : (int)len, path);
	return invalid(err, s);
}

/* 64 hexadecimal digits are an ID, never a name. */
static bool is_id(const char *s, size_t len)
{
	return len == DIGEST_HEX && digest_is_hex(s, len);
}

/* The first len bytes of s. */
static int parse_name(const char *s, size_t len, struct ref *ret, struct err *err)
{
	const char *whole = s;
	size_t domain = domain_len(s, len);
	const char *path = s + (domain ? domain + 1 : 0);
	size_t path_len = len - (size_t)(path - s);
	const char *library = "";

	if (!domain && is_id(s, path_len))
		return err_set(err, -EINVAL,
			       "invalid repository name (%.*s), cannot specify 64-byte hexadecimal "
			       "strings",
			       DIGEST_HEX, s);
	if (domain && !is_domain(s, domain))
		return invalid(err, whole);
	if (!is_path(path, path_len))
		return invalid_path(err, whole, path, path_len);
	if (!domain || (domain == 15 && memcmp(s, "index.docker.io", 15) == 0)) {
		s = "docker.io";
		domain = 9;
	}
	if (domain == 9 && memcmp(s, "docker.io", 9) == 0 && !memchr(path, '/', path_len))
		library = "library/";
	if (domain + 1 + strlen(library) + path_len > NAME_MAX_LEN)
		return err_set(err, -EINVAL,
			       "invalid reference format: repository name must not be more than %d "
			       "characters",
			       NAME_MAX_LEN);
	(void)snprintf(ret->domain, sizeof(ret->domain), "%.*s", (int)domain, s);
	(void)snprintf(ret->path, sizeof(ret->path), "%s%.*s", library, (int)path_len, path);
	return 0;
}

int ref_parse(const char *s, struct ref *ret, struct err *err)
{
	const char *at = strchr(s, '@'), *end = at ? at : s + strlen(s), *colon = NULL;
	struct ref ref = { 0 };
	int r;

	for (const char *p = s; p < end; p++) {
		if (*p == ':')
			colon = p;
		else if (*p == '/' || *p == ']')
			colon = NULL;
	}
	if (at) {
		if (digest_algo(at + 1) < 0)
			return invalid(err, s);
		(void)snprintf(ref.digest, sizeof(ref.digest), "%s", at + 1);
	}
	if (colon) {
		if ((size_t)snprintf(ref.tag, sizeof(ref.tag), "%.*s", (int)(end - colon - 1),
				     colon + 1) >= sizeof(ref.tag) ||
		    !is_tag(ref.tag))
			return invalid(err, s);
	} else if (!at) {
		(void)snprintf(ref.tag, sizeof(ref.tag), "latest");
	}
	r = parse_name(s, (size_t)((colon ? colon : end) - s), &ref, err);
	if (r == 0)
		*ret = ref;
	return r;
}

const char *ref_name(const struct ref *ref, struct arena *a)
{
	return arena_printf(a, "%s/%s", ref->domain, ref->path);
}

const char *ref_canonical(const struct ref *ref, struct arena *a)
{
	if (ref->digest[0])
		return arena_printf(a, "%s/%s@%s", ref->domain, ref->path, ref->digest);
	return arena_printf(a, "%s/%s:%s", ref->domain, ref->path, ref->tag);
}

const char *ref_familiar(const char *canonical)
{
	const char *rest = str_after(canonical, "docker.io/");
	const char *library = rest ? str_after(rest, "library/") : NULL;

	/* Only what is read again as the same: docker.io/a.b/c would become c at the registry a.b.
	 */
	if (!rest || domain_len(rest, strlen(rest)))
		return canonical;
	if (library && !strchr(library, '/') && !is_id(library, strcspn(library, ":@")))
		return library;
	return rest;
}

void ref_split(const char *s, struct arena *a, const char **ret_repository, const char **ret_tag)
{
	const char *familiar = ref_familiar(s), *slash = strrchr(familiar, '/');
	const char *at = strchr(familiar, '@'), *colon = strchr(slash ? slash : familiar, ':');

	*ret_tag = !at && colon ? colon + 1 : "<none>";
	if (at)
		*ret_repository = arena_strndup(a, familiar, (size_t)(at - familiar));
	else
		*ret_repository =
			colon ? arena_strndup(a, familiar, (size_t)(colon - familiar)) : familiar;
}
