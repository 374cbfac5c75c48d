/* test_opt.c - what pflag's users may rely on */
#include "base/opt.h"
#include "base/own.h"

#include "check.h"

struct values {
	bool interactive, tty, all;
	const char *name;
	struct strv env, publish;
	int64_t timeout, even;
};

static int even(const char *text, int64_t *ret, struct err *err)
{
	*ret = strtoll(text, NULL, 10);
	return *ret % 2 ? err_set(err, -EINVAL, "'%s' is odd", text) : 0;
}

static const struct opt table[] = {
	FLAG(struct values, tty, 't', "tty", "Allocate a pseudo-TTY"),
	FLAG(struct values, interactive, 'i', "interactive",
	     "Keep STDIN open even if not attached"),
	FLAG(struct values, all, 'a', "all", "Show all"),
	STR(struct values, name, 0, "name", "string", "Assign a name to the container"),
	STRS(struct values, env, 'e', "env", "list", "Set environment variables"),
	STRS(struct values, publish, 'p', "publish", "list", "Publish ports"),
	STRS_ALIAS(struct values, publish, "publ"),
	I64(struct values, timeout, 0, "timeout", "int", "Seconds"),
	CONVERT(struct values, even, 0, "even", "int", even, "An even number"),
	REFUSED(0, "gpus", "there is no GPU support"),
	REFUSED_FLAG('P', "publish-all", "there are no port mappings"),
	OPT_END,
};

static struct arena a;
static struct values v;
static struct strv rest;
static struct err err;

/* Parses words separated by blanks. */
static int parse(enum opt_mode mode, const char *line)
{
	struct strv args = strv_split(&a, line, ' ');

	memset(&v, 0, sizeof(v));
	rest = (struct strv){ 0 };
	err = (struct err)ERR_INIT;
	return opt_parse(table, mode, &args, &v, &a, &rest, &err);
}

TEST(letters_cluster)
{
	CHECK_OK(parse(OPT_ANYWHERE, "-it"));
	CHECK(v.interactive && v.tty && !v.all);
}

TEST(a_letter_takes_its_value_attached_separate_or_after_equals)
{
	CHECK_OK(parse(OPT_ANYWHERE, "-p8080 -p 81 -p=82 -itp83"));
	CHECK_INT(v.publish.n, 4);
	CHECK_STR(v.publish.items[0], "8080");
	CHECK_STR(v.publish.items[1], "81");
	CHECK_STR(v.publish.items[2], "82");
	CHECK_STR(v.publish.items[3], "83");
}

TEST(a_name_takes_its_value_separate_or_after_equals)
{
	CHECK_OK(parse(OPT_ANYWHERE, "--name x --env=A=B --publ 5 --timeout -3"));
	CHECK_STR(v.name, "x");
	CHECK_STR(v.env.items[0], "A=B");
	CHECK_STR(v.publish.items[0], "5");
	CHECK_INT(v.timeout, -3);
}

TEST(a_flag_can_be_switched_off)
{
	CHECK_OK(parse(OPT_ANYWHERE, "-t --tty=false --all=T -i=0"));
	CHECK(!v.tty && v.all && !v.interactive);
}

TEST(an_empty_value_is_a_value)
{
	CHECK_OK(parse(OPT_ANYWHERE, "--name="));
	CHECK_STR(v.name, "");
}

TEST(options_may_follow_arguments)
{
	CHECK_OK(parse(OPT_ANYWHERE, "a -t b - --all"));
	CHECK(v.tty && v.all);
	CHECK_INT(rest.n, 3);
	CHECK_STR(rest.items[2], "-");
}

TEST(the_first_argument_ends_the_options_of_run)
{
	CHECK_OK(parse(OPT_BEFORE_ARGUMENTS, "-t busybox ls -a -- --all"));
	CHECK(v.tty && !v.all);
	CHECK_INT(rest.n, 5);
	CHECK_STR(rest.items[3], "--");
}

TEST(two_dashes_end_the_options)
{
	CHECK_OK(parse(OPT_ANYWHERE, "-t -- -i --all"));
	CHECK(!v.interactive);
	CHECK_INT(rest.n, 2);
	CHECK_STR(rest.items[0], "-i");
}

TEST(wrong_options_are_named_in_pflags_words)
{
	CHECK_ERR(parse(OPT_ANYWHERE, "--foo=1"), -EINVAL, &err, "unknown flag: --foo");
	CHECK_ERR(parse(OPT_ANYWHERE, "-tz"), -EINVAL, &err, "unknown shorthand flag: 'z' in -z");
	CHECK_ERR(parse(OPT_ANYWHERE, "--name"), -EINVAL, &err, "flag needs an argument: --name");
	CHECK_ERR(parse(OPT_ANYWHERE, "-te"), -EINVAL, &err, "flag needs an argument: 'e' in -e");
	CHECK_ERR(parse(OPT_ANYWHERE, "--=x"), -EINVAL, &err, "bad flag syntax: --=x");
	CHECK_ERR(
		parse(OPT_ANYWHERE, "-a=foo"), -EINVAL, &err,
		"invalid argument \"foo\" for \"-a, --all\" flag: strconv.ParseBool: parsing \"foo\": "
		"invalid syntax");
	CHECK_ERR(
		parse(OPT_ANYWHERE, "--timeout 1x"), -EINVAL, &err,
		"invalid argument \"1x\" for \"--timeout\" flag: strconv.ParseInt: parsing \"1x\": "
		"invalid syntax");
	CHECK_ERR(parse(OPT_ANYWHERE, "--timeout 99999999999999999999"), -EINVAL, &err,
		  "value out of range");
	CHECK_ERR(parse(OPT_ANYWHERE, "--even 3"), -EINVAL, &err,
		  "invalid argument \"3\" for \"--even\" flag: '3' is odd");
}

TEST(a_refused_option_is_named)
{
	CHECK_ERR(parse(OPT_ANYWHERE, "--gpus all"), -ENOTSUP, &err,
		  "--gpus is not supported: there is no GPU support");
	CHECK_ERR(parse(OPT_ANYWHERE, "-P"), -ENOTSUP, &err, "--publish-all is not supported");
	CHECK_OK(parse(OPT_ANYWHERE, "-P=false"));
}

TEST(help_is_asked_for_by_name_or_letter)
{
	CHECK_INT(parse(OPT_ANYWHERE, "--help"), OPT_HELP);
	CHECK_INT(parse(OPT_ANYWHERE, "-ih"), OPT_HELP);
}

TEST(help_is_sorted_aligned_and_wrapped)
{
	OWN(buf) struct buf out = { 0 };
	static const struct opt small[] = {
		STR(struct values, name, 0, "detach-keys", "string",
		    "Override the key sequence for detaching a container"),
		FLAG(struct values, all, 'd', "detach",
		     "Detached mode: run command in the background"),
		OPT_END,
	};

	opt_help(small, 79, &out);
	CHECK_STR(buf_text(&out),
		  "  -d, --detach               Detached mode: run command in the background\n"
		  "      --detach-keys string   Override the key sequence for detaching a\n"
		  "                             container\n");
}

TESTS(T(letters_cluster), T(a_letter_takes_its_value_attached_separate_or_after_equals),
      T(a_name_takes_its_value_separate_or_after_equals), T(a_flag_can_be_switched_off),
      T(an_empty_value_is_a_value), T(options_may_follow_arguments),
      T(the_first_argument_ends_the_options_of_run), T(two_dashes_end_the_options),
      T(wrong_options_are_named_in_pflags_words), T(a_refused_option_is_named),
      T(help_is_asked_for_by_name_or_letter), T(help_is_sorted_aligned_and_wrapped))
