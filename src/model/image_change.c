/*
 * image_change.c - Dockerfile instructions that change an image's configuration
 */
#include "model/image_change.h"

#include "base/own.h"
#include "codec/duration.h"
#include "codec/json.h"
#include "codec/signal_name.h"

#include <ctype.h>
#include <json-c/json.h>

enum { PORTS_MAX = 10000 };

struct change {
	const char *rest; /* the arguments, without outer blanks */
	struct arena *a;
	struct image_run_config *c;
};

static const char *skip_blanks(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

static const char *trimmed(const char *s, struct arena *a)
{
	size_t len;

	s = skip_blanks(s);
	len = strlen(s);
	while (len && isspace((unsigned char)s[len - 1]))
		len--;
	return arena_strndup(a, s, len);
}

/* -- words -- */

static const char *env_value(const struct change *ch, const char *name, size_t len)
{
	const struct strv *env = &ch->c->env;

	for (size_t i = env->n; i-- > 0;)
		if (strncmp(env->items[i], name, len) == 0 && env->items[i][len] == '=')
			return env->items[i] + len + 1;
	return "";
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* After a dollar: appends what it stands for and returns what follows; NULL when it is malformed.
 */
static const char *expand(const struct change *ch, const char *s, struct buf *out)
{
	bool braces = *s == '{';
	const char *name = s + braces, *end = name;

	while (is_name(*end))
		end++;
	if (end == name) {
		if (braces)
			return NULL;
		buf_addc(out, '$');
		return s;
	}
	if (braces && *end != '}')
		return NULL; /* ${NAME:-x} and the like */
	buf_adds(out, env_value(ch, name, (size_t)(end - name)));
	return end + braces;
}

/*
 * One word: up to a blank that is neither quoted nor escaped, without the quotes, variables
 * replaced. NULL with *ret_next NULL when a quote is not closed or a variable is malformed.
 */
static const char *next_word(const struct change *ch, const char *s, const char **ret_next)
{
	OWN(buf) struct buf word = { 0 };
	char quote = '\0';

	for (; *s && (quote || !isspace((unsigned char)*s)); s++) {
		if (*s == '\\' && quote != '\'' && s[1]) {
			buf_addc(&word, *++s);
		} else if (quote ? *s == quote : *s == '"' || *s == '\'') {
			quote = quote ? '\0' : *s;
		} else if (*s == '$' && quote != '\'') {
			s = expand(ch, s + 1, &word);
			if (!s)
				break;
			s--;
		} else {
			buf_addc(&word, *s);
		}
	}
	*ret_next = s && !quote ? skip_blanks(s) : NULL;
	return *ret_next ? arena_strdup(ch->a, buf_text(&word)) : NULL;
}

static int bad_word(const struct change *ch, struct err *err)
{
	return err_set(err, -EINVAL,
		       "an open quote or a variable that is not $NAME or ${NAME}: "
		       "%.200s",
		       ch->rest);
}

static int split_words(const struct change *ch, const char *s, struct strv *ret, struct err *err)
{
	while (*s) {
		const char *word = next_word(ch, s, &s);

		if (!s)
			return bad_word(ch, err);
		strv_add(ret, ch->a, word);
	}
	return 0;
}

/* A JSON list of strings, or false when the text is none. */
static bool read_list(const struct change *ch, const char *text, struct strv *ret)
{
	OWN(json) struct json_object *tree = NULL;

	if (*text != '[' || json_parse(text, strlen(text), &tree, NULL) < 0 ||
	    !json_object_is_type(tree, json_type_array))
		return false;
	*ret = (struct strv){ 0 };
	for (size_t i = 0; i < json_object_array_length(tree); i++) {
		struct json_object *item = json_object_array_get_idx(tree, i);

		if (!json_object_is_type(item, json_type_string) ||
		    strlen(json_object_get_string(item)) !=
			    (size_t)json_object_get_string_len(item))
			return false;
		strv_add(ret, ch->a, arena_strdup(ch->a, json_object_get_string(item)));
	}
	return true;
}

/* A JSON list, or a line for the shell. */
static struct strv read_command(const struct change *ch, const char *text)
{
	struct strv v = { 0 };

	if (read_list(ch, text, &v))
		return v;
	v = (struct strv){ 0 };
	strv_add(&v, ch->a, "/bin/sh");
	strv_add(&v, ch->a, "-c");
	strv_add(&v, ch->a, arena_strdup(ch->a, text));
	return v;
}

/* A JSON list, or words. */
static int read_words(const struct change *ch, struct strv *ret, struct err *err)
{
	struct strv v = { 0 };
	int r = read_list(ch, ch->rest, &v) ? 0 : -ENOENT;

	if (r < 0) {
		v = (struct strv){ 0 };
		r = split_words(ch, ch->rest, &v, err);
	}
	*ret = v;
	return r;
}

static int read_one(const struct change *ch, const char **ret, struct err *err)
{
	struct strv words = { 0 };
	int r = split_words(ch, ch->rest, &words, err);

	if (r == 0)
		*ret = strv_join(&words, ch->a, " ");
	return r;
}

/* -- pairs -- */

typedef void set_pair_fn(struct change *ch, const char *key, const char *value);

static void set_env(struct change *ch, const char *key, const char *value)
{
	struct strv all = { 0 };
	size_t len = strlen(key);
	const char *pair = arena_printf(ch->a, "%s=%s", key, value);
	bool found = false;

	for (size_t i = 0; i < ch->c->env.n; i++) {
		const char *old = ch->c->env.items[i];
		bool same = strncmp(old, key, len) == 0 && old[len] == '=';

		strv_add(&all, ch->a, same ? pair : old);
		found |= same;
	}
	if (!found)
		strv_add(&all, ch->a, pair);
	ch->c->env = all;
}

static void set_label(struct change *ch, const char *key, const char *value)
{
	str_map_set(&ch->c->labels, ch->a, key, value);
}

/* "K=V K2=\"V 2\"", or the old form "K the rest of the line". */
static int set_pairs(struct change *ch, const char *what, set_pair_fn *set, struct err *err)
{
	const char *s = ch->rest, *word = next_word(ch, s, &s), *equals;

	if (!s)
		return bad_word(ch, err);
	if (!strchr(word, '=')) {
		if (!*s)
			return err_set(err, -EINVAL, "%s must have two arguments", what);
		ch->rest = s;
		equals = word;
		if (read_one(ch, &word, err) < 0)
			return -EINVAL;
		set(ch, equals, word);
		return 0;
	}
	for (;;) {
		equals = strchr(word, '=');
		if (!equals || equals == word)
			return err_set(err, -EINVAL, "%s: not NAME=VALUE: %.100s", what, word);
		set(ch, arena_strndup(ch->a, word, (size_t)(equals - word)), equals + 1);
		if (!*s)
			return 0;
		word = next_word(ch, s, &s);
		if (!s)
			return bad_word(ch, err);
	}
}

/* -- instructions -- */

static int change_cmd(struct change *ch, struct err *err)
{
	(void)err;
	ch->c->cmd = read_command(ch, ch->rest);
	return 0;
}

static int change_entrypoint(struct change *ch, struct err *err)
{
	(void)err;
	ch->c->entrypoint = read_command(ch, ch->rest);
	return 0;
}

static int change_env(struct change *ch, struct err *err)
{
	return set_pairs(ch, "ENV", set_env, err);
}

static int change_label(struct change *ch, struct err *err)
{
	return set_pairs(ch, "LABEL", set_label, err);
}

static bool is_port(const char *s, size_t len)
{
	long port = 0;

	if (len == 0 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[i]))
			return false;
		port = port * 10 + (s[i] - '0');
	}
	return port > 0 && port <= 65535;
}

/* "80", "53/udp", "8000-8010/tcp". */
static int add_ports(struct change *ch, const char *word, struct err *err)
{
	size_t len = strcspn(word, "/"), first = strcspn(word, "-/");
	const char *protocol = word[len] ? word + len + 1 : "tcp";
	const char *last = word + first + (first < len);
	struct strv before;
	long from, to;

	if (!is_port(word, first) || (first < len && !is_port(last, len - first - 1)) ||
	    (!str_eq(protocol, "tcp") && !str_eq(protocol, "udp") && !str_eq(protocol, "sctp")))
		return err_set(err, -EINVAL, "invalid containerPort: %.100s", word);
	from = strtol(word, NULL, 10);
	to = first < len ? strtol(last, NULL, 10) : from;
	if (to < from)
		return err_set(err, -EINVAL, "invalid containerPort: %.100s", word);
	before = ch->c->exposed_ports;
	for (; from <= to; from++) {
		const char *port = arena_printf(ch->a, "%ld/%s", from, protocol);

		if (ch->c->exposed_ports.n == PORTS_MAX)
			return err_set(err, -EINVAL, "EXPOSE: more than %d ports", PORTS_MAX);
		if (!strv_has(&before, port))
			strv_add(&ch->c->exposed_ports, ch->a, port);
	}
	return 0;
}

static int change_expose(struct change *ch, struct err *err)
{
	struct strv words = { 0 };
	int r = split_words(ch, ch->rest, &words, err);

	for (size_t i = 0; r == 0 && i < words.n; i++)
		r = add_ports(ch, words.items[i], err);
	return r;
}

static int change_volume(struct change *ch, struct err *err)
{
	struct strv words;
	int r = read_words(ch, &words, err);

	for (size_t i = 0; r == 0 && i < words.n; i++) {
		if (!*words.items[i])
			return err_set(err, -EINVAL, "VOLUME specified can not be an empty string");
		if (!strv_has(&ch->c->volumes, words.items[i]))
			strv_add(&ch->c->volumes, ch->a, words.items[i]);
	}
	return r;
}

static int change_user(struct change *ch, struct err *err)
{
	return read_one(ch, &ch->c->user, err);
}

static int change_workdir(struct change *ch, struct err *err)
{
	const char *dir, *old = ch->c->working_dir;
	int r = read_one(ch, &dir, err);

	if (r == 0 && dir[0] != '/')
		dir = arena_printf(ch->a, "%s/%s", str_is_empty(old) || str_eq(old, "/") ? "" : old,
				   dir);
	if (r == 0)
		ch->c->working_dir = dir;
	return r;
}

static int change_stopsignal(struct change *ch, struct err *err)
{
	int r = read_one(ch, &ch->c->stop_signal, err);

	if (r == 0 && signal_name_parse(ch->c->stop_signal) < 0)
		return err_set(err, -EINVAL, "Invalid signal: %.40s", ch->c->stop_signal);
	return r;
}

static int change_onbuild(struct change *ch, struct err *err)
{
	(void)err;
	strv_add(&ch->c->on_build, ch->a, ch->rest);
	return 0;
}

static const struct {
	const char *option, *member;
	bool is_time;
} health_options[] = {
	{ "--interval=", "Interval", true },
	{ "--timeout=", "Timeout", true },
	{ "--start-period=", "StartPeriod", true },
	{ "--retries=", "Retries", false },
	{ "--start-interval=", "StartInterval", true },
};

static int health_option(struct json_object *o, const char *word, struct err *err)
{
	for (size_t i = 0; i < sizeof(health_options) / sizeof(health_options[0]); i++) {
		const char *value = str_after(word, health_options[i].option);
		char *end;
		int64_t n;

		if (!value)
			continue;
		n = strtol(value, &end, 10);
		if (health_options[i].is_time ? duration_parse(value, &n) < 0 || n < 0
					      : end == value || *end || n < 0)
			break;
		json_object_object_add(o, health_options[i].member, json_object_new_int64(n));
		return 0;
	}
	return err_set(err, -EINVAL, "HEALTHCHECK: %.100s", word);
}

static const char *after_word(const char *s, const char *word)
{
	size_t len = strlen(word);

	if (strncasecmp(s, word, len) != 0 || (s[len] && !isspace((unsigned char)s[len])))
		return NULL;
	return skip_blanks(s + len);
}

static int change_healthcheck(struct change *ch, struct err *err)
{
	OWN(json) struct json_object *o = json_object_new_object();
	OWN(buf) struct buf text = { 0 };
	struct json_object *test = json_object_new_array();
	const char *s = ch->rest, *cmd;
	struct strv v = { 0 };

	json_object_object_add(o, "Test", test);
	while (s[0] == '-' && s[1] == '-') {
		const char *word = next_word(ch, s, &s);

		if (!s)
			return bad_word(ch, err);
		if (health_option(o, word, err) < 0)
			return -EINVAL;
	}
	cmd = after_word(s, "CMD");
	if (cmd && *cmd) {
		bool exec = read_list(ch, cmd, &v);

		json_object_array_add(test, json_object_new_string(exec ? "CMD" : "CMD-SHELL"));
		for (size_t i = 0; exec && i < v.n; i++)
			json_object_array_add(test, json_object_new_string(v.items[i]));
		if (!exec)
			json_object_array_add(test, json_object_new_string(cmd));
	} else if (after_word(s, "NONE")) {
		json_object_array_add(test, json_object_new_string("NONE"));
	} else {
		return err_set(err, -EINVAL, "HEALTHCHECK wants CMD and a command, or NONE");
	}
	json_write(o, &text);
	ch->c->healthcheck = arena_strdup(ch->a, buf_text(&text));
	return 0;
}

static const struct {
	const char *name;
	int (*apply)(struct change *ch, struct err *err);
} instructions[] = {
	{ "CMD", change_cmd },
	{ "ENTRYPOINT", change_entrypoint },
	{ "ENV", change_env },
	{ "EXPOSE", change_expose },
	{ "LABEL", change_label },
	{ "ONBUILD", change_onbuild },
	{ "STOPSIGNAL", change_stopsignal },
	{ "USER", change_user },
	{ "VOLUME", change_volume },
	{ "WORKDIR", change_workdir },
	{ "HEALTHCHECK", change_healthcheck },
};

int image_change_apply(const char *line, struct arena *a, struct image_run_config *c,
		       struct err *err)
{
	const char *s = trimmed(line, a);
	size_t len = 0;

	while (s[len] && !isspace((unsigned char)s[len]))
		len++;
	for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
		const char *name = instructions[i].name;
		struct change ch = { skip_blanks(s + len), a, c };

		if (strlen(name) != len || strncasecmp(name, s, len) != 0)
			continue;
		if (!*ch.rest)
			return err_set(err, -EINVAL, "%s requires at least one argument", name);
		return instructions[i].apply(&ch, err);
	}
	return err_set(err, -EINVAL, "%.*s is not a valid change command",
		       (int)(len > 100 ? 100 : len), s);
}
