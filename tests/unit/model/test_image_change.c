/* test_image_change.c - instructions of -c */
#include "check.h"

#include "base/own.h"
#include "model/image_change.h"

/* Applies lines, up to NULL, and gives the configuration as JSON; or what the failure says. */
static const char *apply(struct arena *a, const char *const *lines)
{
	struct image_run_config c = { 0 };
	struct err err = ERR_INIT;
	OWN(buf) struct buf text = { 0 };

	for (; *lines; lines++)
		if (image_change_apply(*lines, a, &c, &err) < 0)
			return arena_strdup(a, err.msg);
	schema_write(&image_run_config_schema, &c, SCHEMA_COMPACT, &text);
	return arena_strdup(a, buf_text(&text));
}

#define APPLY(...) apply(&a, (const char *const[]){ __VA_ARGS__, NULL })

TEST(commands_are_lists_or_lines_for_the_shell)
{
	OWN(arena) struct arena a = ARENA_INIT;

	CHECK_STR(APPLY("CMD [\"sh\", \"-c\"]"), "{\"Cmd\":[\"sh\",\"-c\"]}");
	CHECK_STR(APPLY("cmd echo \"$HOME\" x"),
		  "{\"Cmd\":[\"/bin/sh\",\"-c\",\"echo \\\"$HOME\\\" x\"]}");
	CHECK_STR(APPLY("ENTRYPOINT [\"/a b\"]"), "{\"Entrypoint\":[\"/a b\"]}");
	CHECK_STR(APPLY("CMD [broken"), "{\"Cmd\":[\"/bin/sh\",\"-c\",\"[broken\"]}");
}

TEST(pairs_have_quotes_escapes_variables_and_an_old_form)
{
	OWN(arena) struct arena a = ARENA_INIT;

	CHECK_STR(APPLY("ENV A=1 B=\"two words\" C='$A' D=\\$A\\ x"),
		  "{\"Env\":[\"A=1\",\"B=two words\",\"C=$A\",\"D=$A x\"]}");
	CHECK_STR(APPLY("ENV A the rest of it"), "{\"Env\":[\"A=the rest of it\"]}");
	CHECK_STR(APPLY("ENV A=1", "ENV B=$A${A}x A=2"), "{\"Env\":[\"A=2\",\"B=11x\"]}");
	CHECK_STR(APPLY("LABEL a.b=c \"d e\"=f"), "{\"Labels\":{\"a.b\":\"c\",\"d e\":\"f\"}}");
	CHECK_STR(APPLY("ENV A"), "ENV must have two arguments");
	CHECK_STR(APPLY("ENV A=1 B"), "ENV: not NAME=VALUE: B");
	CHECK(strstr(APPLY("ENV A=\"x"), "open quote"));
	CHECK(strstr(APPLY("ENV A=${B:-c}"), "open quote or a variable"));
}

TEST(ports_and_volumes_are_sets)
{
	OWN(arena) struct arena a = ARENA_INIT;

	CHECK_STR(
		APPLY("EXPOSE 80 53/udp 80/tcp 7000-7001"),
		"{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{},\"7000/tcp\":{},\"7001/tcp\":{}}}");
	CHECK_STR(APPLY("EXPOSE 0"), "invalid containerPort: 0");
	CHECK_STR(APPLY("EXPOSE 80/icmp"), "invalid containerPort: 80/icmp");
	CHECK_STR(APPLY("EXPOSE 9-8"), "invalid containerPort: 9-8");
	CHECK_STR(APPLY("EXPOSE 80-"), "invalid containerPort: 80-");
	CHECK_STR(APPLY("VOLUME [\"/a b\"]", "VOLUME /c /c"),
		  "{\"Volumes\":{\"/a b\":{},\"/c\":{}}}");
}

TEST(single_values_are_taken_as_they_are)
{
	OWN(arena) struct arena a = ARENA_INIT;

	CHECK_STR(APPLY("USER 1000:1000", "WORKDIR /a", "WORKDIR b", "STOPSIGNAL SIGUSR1"),
		  "{\"User\":\"1000:1000\",\"WorkingDir\":\"/a/b\",\"StopSignal\":\"SIGUSR1\"}");
	CHECK_STR(APPLY("STOPSIGNAL nonsense"), "Invalid signal: nonsense");
	CHECK_STR(APPLY("ONBUILD RUN make"), "{\"OnBuild\":[\"RUN make\"]}");
}

TEST(a_health_check_has_options)
{
	OWN(arena) struct arena a = ARENA_INIT;

	CHECK_STR(APPLY("HEALTHCHECK --interval=5s --retries=3 CMD curl -f x"),
		  "{\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl -f x\"],"
		  "\"Interval\":5000000000,\"Retries\":3}}");
	CHECK_STR(APPLY("HEALTHCHECK NONE"), "{\"Healthcheck\":{\"Test\":[\"NONE\"]}}");
	CHECK_STR(APPLY("HEALTHCHECK --interval=x CMD y"), "HEALTHCHECK: --interval=x");
	CHECK(strstr(APPLY("HEALTHCHECK x"), "HEALTHCHECK wants CMD"));
}

TEST(other_instructions_are_refused)
{
	OWN(arena) struct arena a = ARENA_INIT;

	CHECK_STR(APPLY("RUN make"), "RUN is not a valid change command");
	CHECK_STR(APPLY("CMDX y"), "CMDX is not a valid change command");
	CHECK_STR(APPLY("CMD"), "CMD requires at least one argument");
	CHECK_STR(APPLY(""), " is not a valid change command");
}

TESTS(T(commands_are_lists_or_lines_for_the_shell),
      T(pairs_have_quotes_escapes_variables_and_an_old_form), T(ports_and_volumes_are_sets),
      T(single_values_are_taken_as_they_are), T(a_health_check_has_options),
      T(other_instructions_are_refused))
