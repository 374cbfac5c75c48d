/*
 * registry_doc.c - what registries and token servers answer, as JSON
 */
#include "model/registry_doc.h"

#include "base/own.h"
#include "codec/http_field.h"
#include "codec/json.h"

enum { ERRORS_SHOWN = 3, ERROR_TEXT = 200, LIFETIME = 60, TAGS_MAX = 100000 };

/* -- tokens -- */

struct token_doc {
	const char *token, *access_token, *refresh_token;
	int64_t expires_in;
};

#define T struct token_doc
SCHEMA_DECLARE(token_doc);
SCHEMA(token_doc, T, F_STR(T, token, "token", OMIT_EMPTY),
       F_STR(T, access_token, "access_token", OMIT_EMPTY),
       F_STR(T, refresh_token, "refresh_token", OMIT_EMPTY),
       F_I64(T, expires_in, "expires_in", OMIT_EMPTY));
#undef T

/* Visible ASCII only: nothing can end the header field that carries it. */
static bool is_visible(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

int registry_doc_token(const char *text, size_t len, struct arena *a, struct registry_token *ret,
		       struct err *err)
{
	struct token_doc doc;
	const char *token;
	int r = schema_read(&token_doc_schema, text, len, a, &doc, err);

	if (r < 0)
		return r;
	token = str_is_empty(doc.token) ? doc.access_token : doc.token;
	if (str_is_empty(token))
		return err_set(err, -EINVAL, "there is no token in the answer");
	if (!is_visible(token))
		return err_set(err, -EINVAL, "the token holds characters that no token has");
	*ret = (struct registry_token){
		.token = token,
		.refresh = str_is_empty(doc.refresh_token) ? NULL : doc.refresh_token,
		.lifetime = doc.expires_in > 0 ? doc.expires_in : LIFETIME,
	};
	return 0;
}

/* -- errors -- */

/* Some registries answer with numbers and objects where texts belong: read by hand, and mildly. */
static const char *member_text(struct json_object *object, const char *name, struct arena *a)
{
	struct json_object *value;
	const char *text;

	if (!json_object_object_get_ex(object, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return "";
	text = json_object_get_string(value);
	return http_field_printable(text, (size_t)json_object_get_string_len(value), ERROR_TEXT, a);
}

/* MANIFEST_UNKNOWN reads "manifest unknown". */
static const char *spoken(const char *code, struct arena *a)
{
	char *text = arena_strdup(a, code);

	for (char *c = text; *c; c++)
		*c = *c == '_' ? ' ' : *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	return text;
}

static void add_error(struct json_object *error, struct arena *a, struct buf *out)
{
	const char *code = spoken(member_text(error, "code", a), a);
	const char *message = member_text(error, "message", a);

	if (!*code && !*message)
		return;
	buf_printf(out, "%s%s%s%s", out->len ? "; " : "", code, *code && *message ? ": " : "",
		   message);
}

const char *registry_doc_errors(const char *text, size_t len, struct arena *a,
				const char **ret_code)
{
	OWN(json) struct json_object *tree = NULL;
	OWN(buf) struct buf out = { 0 };
	struct json_object *errors;

	if (json_parse(text, len, &tree, NULL) < 0 ||
	    !json_object_is_type(tree, json_type_object) ||
	    !json_object_object_get_ex(tree, "errors", &errors) ||
	    !json_object_is_type(errors, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(errors) && i < ERRORS_SHOWN; i++)
		add_error(json_object_array_get_idx(errors, i), a, &out);
	if (out.len == 0)
		return NULL;
	*ret_code = member_text(json_object_array_get_idx(errors, 0), "code", a);
	return arena_strdup(a, buf_text(&out));
}

/* -- tags -- */

struct tags_doc {
	struct strv tags;
};

#define T struct tags_doc
SCHEMA_DECLARE(tags_doc);
SCHEMA(tags_doc, T, F_STRV(T, tags, "tags", OMIT_EMPTY));
#undef T

static bool is_tag(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

	return n > 0 && n <= 128 && !s[n] && *s != '.' && *s != '-';
}

int registry_doc_tags(const char *text, size_t len, struct arena *a, struct strv *into,
		      struct err *err)
{
	struct tags_doc doc;
	int r = schema_read(&tags_doc_schema, text, len, a, &doc, err);

	for (size_t i = 0; r == 0 && i < doc.tags.n; i++) {
		if (into->n == TAGS_MAX)
			return err_set(err, -EFBIG, "more than %d tags", TAGS_MAX);
		if (is_tag(doc.tags.items[i]))
			strv_add(into, a, doc.tags.items[i]);
	}
	return r;
}
