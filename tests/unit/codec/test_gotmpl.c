/* test_gotmpl.c - templates mean what they mean to Go, and fail in its words */
#include "base/own.h"
#include "codec/gotmpl.h"
#include "codec/json.h"

#include "check.h"

static const char data[] =
	"{\"Id\":\"abc\",\"Name\":\"/web\",\"N\":3,\"F\":1.5,\"Big\":1e21,\"Yes\":true,\"No\":false,\"Nil\":null,"
	"\"Args\":[\"a\",\"b\",\"c\"],\"Empty\":[],\"None\":{},"
	"\"State\":{\"Status\":\"running\",\"Pid\":12,\"Running\":true},"
	"\"Config\":{\"Labels\":{\"z\":\"26\",\"a\":\"1\"},\"Env\":[\"A=<1>&\",\"B\"]},"
	"\"Mounts\":[{\"Type\":\"bind\",\"RW\":true},{\"Type\":\"tmpfs\",\"RW\":false}]}";

static const char *const maps[] = { "Labels", NULL };

static struct json_object *label(const void *self, const char *name, const char *arg, bool *known)
{
	(void)self;
	*known = str_eq(name, "Label");
	return *known ? json_object_new_string(arg) : NULL;
}

static const char *const lists[] = { "Cmd", NULL };
static const char *const pointers[] = { "Health", NULL };
static const struct gotmpl_types inspect_types = {
	.maps = maps, .lists = lists, .pointers = pointers, .method = label
};
static const struct gotmpl_types row_types = { "*formatter.ContainerContext", .maps = maps,
					       .method = label };

static struct err err;

static int render(const char *text, const struct gotmpl_types *types, struct buf *out)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(json) struct json_object *tree = NULL;
	struct gotmpl *t;
	int r;

	err = (struct err)ERR_INIT;
	CHECK_OK(json_parse(data, strlen(data), &tree, &err));
	r = gotmpl_parse(text, &a, &t, &err);
	return r < 0 ? r : gotmpl_run(t, tree, types, out, &err);
}

struct sample {
	const char *text, *want;
};

static void check_all(const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		OWN(buf) struct buf out = { 0 };

		if (render(samples[i].text, &inspect_types, &out) < 0)
			fail_msg("%s: %s", samples[i].text, err.msg);
		if (!str_eq(buf_text(&out), samples[i].want))
			fail_msg("%s gives \"%s\", not \"%s\"", samples[i].text, buf_text(&out),
				 samples[i].want);
	}
}

static void check_errors(const struct sample *samples, size_t n, const struct gotmpl_types *types)
{
	for (size_t i = 0; i < n; i++) {
		OWN(buf) struct buf out = { 0 };

		if (render(samples[i].text, types, &out) != -EINVAL)
			fail_msg("%s gives \"%s\", not an error", samples[i].text, buf_text(&out));
		if (!str_eq(err.msg, samples[i].want))
			fail_msg("%s says \"%s\", not \"%s\"", samples[i].text, err.msg,
				 samples[i].want);
	}
}

#define SAMPLES(s) (s), sizeof(s) / sizeof((s)[0])

TEST(values_print_as_go_prints_them)
{
	static const struct sample samples[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "{{.Id}}-{{ .Name }}", "abc-/web" },
		{ "{{.N}} {{.F}} {{.Big}} {{.Yes}}", "3 1.5 1e+21 true" },
		{ "{{.Nil}}", "<no value>" },
		{ "{{.Args}}", "[a b c]" },
		{ "{{.Config.Labels}}", "map[a:1 z:26]" },
		{ "{{.State}}", "map[Pid:12 Running:true Status:running]" },
		{ "{{.Mounts}}", "[map[RW:true Type:bind] map[RW:false Type:tmpfs]]" },
		{ "{{.Empty}}{{.None}}", "[]map[]" },
		{ "{{\"a\\tb\\u00e9\\x41\"}}{{`raw\\n`}}", "a\tb\303\251Araw\\n" },
		{ "{{'a'}} {{0x10}} {{-5}} {{1.25}} {{1e3}} {{1e6}} {{0b11}}",
		  "97 16 -5 1.25 1000 1e+06 3" },
		{ "{{true}}{{print nil}}", "true<nil>" },
		{ "{{$}}{{$.Id}}" + 5, "abc" },
	};

	check_all(SAMPLES(samples));
}

TEST(a_missing_key_of_a_map_is_no_value)
{
	static const struct sample samples[] = {
		{ "{{.Config.Labels.a}}", "1" },
		{ "{{.Config.Labels.nope}}", "<no value>" },
		{ "{{index .Config.Labels \"nope\"}}", "" },
		{ "{{index .Config.Labels \"z\"}}", "26" },
		{ "{{if .Config.Labels.nope}}y{{else}}n{{end}}", "n" },
	};

	check_all(SAMPLES(samples));
}

TEST(blocks_choose_and_repeat)
{
	static const struct sample samples[] = {
		{ "{{if .Yes}}y{{end}}{{if .No}}n{{end}}", "y" },
		{ "{{if .No}}1{{else if eq .N 3}}2{{else}}3{{end}}", "2" },
		{ "{{if .No}}1{{else if .No}}2{{else}}3{{end}}", "3" },
		{ "{{with .State}}{{.Status}}{{end}}", "running" },
		{ "{{with .Nil}}x{{else}}none{{end}}", "none" },
		{ "{{with $x := .State}}{{$x.Pid}}{{end}}", "12" },
		{ "{{range .Args}}<{{.}}>{{end}}", "<a><b><c>" },
		{ "{{range $i, $v := .Args}}{{$i}}={{$v}} {{end}}", "0=a 1=b 2=c " },
		{ "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}},{{end}}", "a=1,z=26," },
		{ "{{range $v := .Config.Labels}}{{$v}},{{end}}", "1,26," },
		{ "{{range .Empty}}x{{else}}empty{{end}}{{range .Nil}}x{{else}}nil{{end}}",
		  "emptynil" },
		{ "{{range .Args}}{{if eq . \"b\"}}{{continue}}{{end}}{{.}}{{end}}", "ac" },
		{ "{{range .Args}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}", "a" },
		{ "{{range .Mounts}}{{.Type}}:{{$.Id}} {{end}}", "bind:abc tmpfs:abc " },
		{ "{{range 3}}{{.}}{{end}}", "012" },
		{ "{{range $i := .N}}{{$i}}{{end}}", "012" },
	};

	check_all(SAMPLES(samples));
}

TEST(what_is_not_set_is_nil_of_its_type)
{
	static const struct sample samples[] = {
		{ "{{.Config.Cmd}} {{len .Config.Cmd}}", "[] 0" },
		{ "{{range .Config.Cmd}}x{{else}}none{{end}}", "none" },
		{ "{{.State.Health}} {{if .State.Health}}x{{end}}", "<nil> " },
		{ "{{json .Config.Cmd}} {{json .State.Health}}", "null null" },
		{ "{{.State.Labels}} {{.State.Labels.x}}", "map[] <no value>" },
	};
	static const struct sample bad[] = {
		{ "{{.State.Health.Status}}",
		  "template: :1:8: executing \"\" at <.State.Health.Status>: map has no entry for key \"Health\"" },
	};

	check_all(SAMPLES(samples));
	check_errors(SAMPLES(bad), &inspect_types);
}

TEST(templates_have_names)
{
	static const struct sample samples[] = {
		{ "{{define \"x\"}}<{{.}}>{{end}}{{template \"x\" .Id}}{{template \"x\" .N}}",
		  "<abc><3>" },
		{ "{{template \"late\" .}}{{define \"late\"}}{{.Id}}{{end}}", "abc" },
		{ "{{define `x`}}{{.}}{{end}}{{template `x`}}", "<no value>" },
		{ "{{block \"x\" .State}}{{.Status}}{{end}}.", "running." },
		{ "{{block \"x\" .Id}}[{{.}}]{{end}}{{template \"x\" .Name}}", "[abc][/web]" },
		{ "{{define \"x\"}}{{$v := .}}{{$v}}{{$}}{{end}}{{$v := 1}}{{template \"x\" 2}}{{$v}}",
		  "221" },
		{ "{{define \"x\"}} {{end}}{{define \"x\"}}1{{end}}{{template \"x\"}}", "1" },
		{ "{{define \"down\"}}{{.}}{{if gt . 1}}{{template \"down\" (len (slice `abc` 0 (len `a`)))}}{{end}}{{end}}{{template \"down\" 3}}",
		  "31" },
	};

	check_all(SAMPLES(samples));
}

TEST(variables_live_until_their_block_ends)
{
	static const struct sample samples[] = {
		{ "{{$x := .N}}{{$x}}{{$x = 5}}{{$x}}", "35" },
		{ "{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21" },
		{ "{{$x := 0}}{{range .Args}}{{$x = .}}{{end}}{{$x}}", "c" },
		{ "{{$s := .State}}{{$s.Status}}", "running" },
	};

	check_all(SAMPLES(samples));
}

TEST(pipelines_hand_the_value_on_as_last_argument)
{
	static const struct sample samples[] = {
		{ "{{.Id | upper | printf \"%s-%s\" \"x\"}}", "x-ABC" },
		{ "{{(index .Mounts 1).Type}}", "tmpfs" },
		{ "{{index .Mounts 0 \"Type\"}}", "bind" },
		{ "{{(.State).Status}}", "running" },
		{ "{{len (split \"a,b,c\" \",\")}}", "3" },
		{ "{{.Label \"k\"}}{{\"k2\" | .Label}}", "kk2" },
	};

	check_all(SAMPLES(samples));
}

TEST(docker_functions_work)
{
	static const struct sample samples[] = {
		{ "{{json .State}}", "{\"Status\":\"running\",\"Pid\":12,\"Running\":true}" },
		{ "{{json .Config.Env}}{{json .Nil}}{{json .F}}", "[\"A=<1>&\",\"B\"]null1.5" },
		{ "{{join .Args \"-\"}}", "a-b-c" },
		{ "{{split \"a:b\" \":\"}}{{split \"\" \",\"}}{{len (split \"xy\" \"\")}}",
		  "[a b][]2" },
		{ "{{lower \"AbC\"}}{{upper \"x\"}}{{title \"hello big-world\"}}",
		  "abcXHello Big-World" },
		{ "[{{pad \"x\" 1 2}}][{{pad \"\" 1 2}}]", "[ x  ][]" },
		{ "{{truncate .Name 2}}{{truncate \"a\" 5}}", "/wa" },
		{ "{{println .Id}}", "abc\n" },
	};

	check_all(SAMPLES(samples));
}

TEST(go_functions_work)
{
	static const struct sample samples[] = {
		{ "{{and .Yes .Id}} {{and .No (index .Nil 1)}} {{or .No .Id}} {{or .Yes (index .Nil 1)}} {{not .No}}",
		  "abc false abc true true" },
		{ "{{eq .N 3}}{{eq .N 1 2 3}}{{ne .Id \"x\"}}{{lt 1 2}}{{le 2 2}}{{gt \"b\" \"a\"}}{{ge 1.5 2.5}}",
		  "truetruetruetruetruetruefalse" },
		{ "{{eq .Nil nil}}", "true" },
		{ "{{len .Args}}{{len .Id}}{{len .Config.Labels}}", "332" },
		{ "{{slice .Id 1}}{{slice .Args 1 2}}{{slice .Id 0 1}}", "bc[b]a" },
		{ "{{print 1 2 \"x\" 3}}{{print \"a\" \"b\"}}", "1 2x3ab" },
		{ "{{html .Config.Env}}{{js \"a'<\"}}{{urlquery \"a b&c\"}}",
		  "[A=&lt;1&gt;&amp; B]a\\'\\u003Ca+b%26c" },
		{ "{{printf \"%d|%5d|%-5d|%05d|%x|%t|%v|%q|%%\" 1 2 3 4 255 true .Args \"q\"}}",
		  "1|    2|3    |00004|ff|true|[a b c]|\"q\"|%" },
		{ "{{printf \"%s|%10s|%-4s|%.2s|%T\" \"a\" \"b\" \"c\" \"defg\" 1}}",
		  "a|         b|c   |de|int" },
		{ "{{printf \"%.2f %6.1f %g %e\" 1.005 2.25 0.5 1200.0}}",
		  "1.00    2.2 0.5 1.200000e+03" },
		{ "{{printf \"%d\" \"x\"}} {{printf \"%s\" 5}} {{printf \"%d\"}} {{printf \"a\" 1}} {{printf \"%\"}}",
		  "%!d(string=x) %!s(int=5) %!d(MISSING) a%!(EXTRA int=1) %!(NOVERB)" },
	};

	check_all(SAMPLES(samples));
}

TEST(trim_markers_and_comments_take_text_away)
{
	static const struct sample samples[] = {
		{ "a  {{- .N -}}  b", "a3b" }, { "a {{- /* c */ -}} b", "ab" },
		{ "a{{/* c\n */}}b", "ab" },   { "{{if .Yes -}}\n  y\n{{- end}}", "y" },
		{ "{{- .N}}{{.N -}}", "33" },
	};

	check_all(SAMPLES(samples));
}

TEST(syntax_errors_have_gos_words)
{
	static const struct sample samples[] = {
		{ "{{.Foo}", "template: :1: bad character U+007D '}'" },
		{ "{{json .}", "template: :1: bad character U+007D '}'" },
		{ "{{range $a, $b, $c := .}}{{end}}",
		  "template: :1: too many declarations in range" },
		{ "{{.A.}}", "template: :1: unexpected <.> in operand" },
		{ "{{.Foo", "template: :1: unclosed action" },
		{ "{{foo}}", "template: :1: function \"foo\" not defined" },
		{ "{{}}", "template: :1: missing value for command" },
		{ "{{if .A}}", "template: :1: unexpected EOF" },
		{ "x\n{{end}}", "template: :2: unexpected {{end}}" },
		{ "{{else}}", "template: :1: unexpected {{else}}" },
		{ "{{if}}{{end}}", "template: :1: missing value for if" },
		{ "{{\"abc}}", "template: :1: unterminated quoted string" },
		{ "{{$x}}", "template: :1: undefined variable \"$x\"" },
		{ "{{(.A}}", "template: :1: unclosed left paren" },
		{ "{{.A)}}", "template: :1: unexpected right paren" },
		{ "{{/* a}}", "template: :1: unclosed comment" },
		{ "{{break}}", "template: :1: {{break}} outside {{range}}" },
		{ "{{define x}}{{end}}", "template: :1: unexpected \"x\" in define clause" },
		{ "{{define \"x\"}}", "template: :1: unexpected EOF" },
		{ "{{if 1}}{{define \"x\"}}{{end}}{{end}}",
		  "template: :1: unexpected <define> in command" },
		{ "{{define \"x\"}}1{{end}}{{define \"x\"}}2{{end}}",
		  "template: :1: multiple definition of template \"x\"" },
		{ "{{$v := 1}}{{define \"x\"}}{{$v}}{{end}}",
		  "template: :1: undefined variable \"$v\"" },
		{ "{{range .}}{{define \"x\"}}{{end}}{{end}}",
		  "template: :1: unexpected <define> in command" },
		{ "{{range .}}{{block \"x\" .}}{{break}}{{end}}{{end}}",
		  "template: :1: {{break}} outside {{range}}" },
		{ "{{template x}}", "template: :1: unexpected \"x\" in template clause" },
		{ "{{template \"x\"}}",
		  "template: :1:2: executing \"\" at <template>: template \"x\" not defined" },
		{ "{{define \"x\"}}{{.Id.No}}{{end}}{{template \"x\" .}}",
		  "template: :1:19: executing \"x\" at <.Id.No>: can't evaluate field No in type interface {}" },
		{ "{{define \"x\"}}{{template \"x\"}}{{end}}{{template \"x\"}}",
		  "template: :1:16: executing \"x\" at <template>: exceeded maximum template depth (100)" },
		{ "{{1 | 2}}", "template: :1: non executable command in pipeline stage 2" },
		{ "{{.A#}}", "template: :1: bad character U+0023 '#'" },
		{ "{{3x}}", "template: :1: bad number syntax: \"3x\"" },
	};

	check_errors(SAMPLES(samples), &inspect_types);
}

TEST(runtime_errors_have_gos_words)
{
	static const struct sample samples[] = {
		{ "{{.Foo}}",
		  "template: :1:2: executing \"\" at <.Foo>: map has no entry for key \"Foo\"" },
		{ "{{.State.Health.Status}}",
		  "template: :1:8: executing \"\" at <.State.Health.Status>: map has no entry for key \"Health\"" },
		{ "{{.Id.X}}",
		  "template: :1:5: executing \"\" at <.Id.X>: can't evaluate field X in type interface {}" },
		{ "{{.Nil.X}}",
		  "template: :1:6: executing \"\" at <.Nil.X>: nil data; no entry for key \"X\"" },
		{ "{{index .Args 7}}",
		  "template: :1:2: executing \"\" at <index .Args 7>: error calling index: "
		  "index out of range: 7" },
		{ "{{lower .N}}",
		  "template: :1:2: executing \"\" at <lower .N>: error calling lower: wrong type for "
		  "value; expected string; got int" },
		{ "{{len}}",
		  "template: :1:2: executing \"\" at <len>: wrong number of args for len: want 1 got 0" },
		{ "{{.Id 1}}",
		  "template: :1:2: executing \"\" at <.Id>: Id has arguments but cannot be invoked as "
		  "function" },
		{ "{{range .Id}}{{end}}",
		  "template: :1:8: executing \"\" at <.Id>: range can't iterate over abc" },
		{ "{{lt .Id 1}}",
		  "template: :1:2: executing \"\" at <lt .Id 1>: error calling lt: incompatible types "
		  "for comparison" },
	};

	check_errors(SAMPLES(samples), &inspect_types);
}

TEST(a_field_that_a_row_does_not_have_names_the_type)
{
	static const struct sample samples[] = {
		{ "{{.Foo}}",
		  "template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo in type "
		  "*formatter.ContainerContext" },
	};

	check_errors(SAMPLES(samples), &row_types);
}

TEST(endless_work_is_refused)
{
	OWN(buf) struct buf out = { 0 }, deep = { 0 };

	CHECK_ERR(render("{{range 9999}}{{range 9999}}{{end}}{{end}}", &inspect_types, &out),
		  -EINVAL, &err, "too many steps");
	for (int i = 0; i < 500; i++)
		buf_adds(&deep, "{{if 1}}");
	CHECK_ERR(render(buf_text(&deep), &inspect_types, &out), -EINVAL, &err,
		  "nested too deeply");
}

TEST(what_a_template_reads_is_known)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct gotmpl *t;

	CHECK_OK(gotmpl_parse("{{.ID}} {{if .Size}}x{{end}}", &a, &t, NULL));
	CHECK(gotmpl_uses(t, "Size"));
	CHECK(!gotmpl_uses(t, "Names"));
	CHECK_OK(gotmpl_parse("{{json .}}", &a, &t, NULL));
	CHECK(!gotmpl_uses(t, "Size"));
}

TESTS(T(what_is_not_set_is_nil_of_its_type), T(templates_have_names),
      T(values_print_as_go_prints_them), T(a_missing_key_of_a_map_is_no_value),
      T(blocks_choose_and_repeat), T(variables_live_until_their_block_ends),
      T(pipelines_hand_the_value_on_as_last_argument), T(docker_functions_work),
      T(go_functions_work), T(trim_markers_and_comments_take_text_away),
      T(syntax_errors_have_gos_words), T(runtime_errors_have_gos_words),
      T(a_field_that_a_row_does_not_have_names_the_type), T(endless_work_is_refused),
      T(what_a_template_reads_is_known))
