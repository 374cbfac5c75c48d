/* test_completion.c - what could come next, without a store */
#include "base/own.h"
#include "cmd/completion.h"

#include "check.h"

/* The candidates for the last of words separated by blanks, without their descriptions. */
static const char *answer(const char *line)
{
	static char text[8192];
	OWN(arena) struct arena a = ARENA_INIT;
	struct cli cli = { .a = &a, .paths = { "/dev/null/no", "/dev/null/no" } };
	OWN(buf) struct buf out = { 0 };
	struct strv words = strv_split(&a, line, ' ');
	size_t n = 0;
	bool shown = true;

	completion_answer(&cli, &words, &out);
	for (const char *c = buf_text(&out); *c; c++) {
		shown = *c == '\n' || (shown && *c != '\t');
		if (shown)
			text[n++] = *c == '\n' ? ' ' : *c;
	}
	text[n] = '\0';
	return text;
}

TEST(commands_and_nouns_come_first)
{
	CHECK_STR(answer("ima"), "images image ");
	CHECK_STR(answer("re"), "restart rename ");
	CHECK(strstr(answer(""), "container "));
	CHECK(!strstr(answer(""), "__complete"));
}

TEST(a_noun_has_commands_of_its_own)
{
	CHECK_STR(answer("image pr"), "prune ");
	CHECK_STR(answer("container ls --no"), "--no-trunc ");
}

TEST(options_come_from_the_tables)
{
	CHECK_STR(answer("run --dns"), "--dns --dns-option --dns-search ");
	CHECK_STR(answer("--ro"), "--root ");
	CHECK_STR(answer("run --gpu"), "");
	CHECK_STR(answer("--root /x ps --fo"), "--format ");
}

TEST(a_value_and_another_programs_words_are_not_guessed)
{
	CHECK_STR(answer("run --name "), "");
	CHECK_STR(answer("run busybox --dn"), "");
	CHECK_STR(answer("completion "), "bash zsh fish ");
}

TESTS(T(commands_and_nouns_come_first), T(a_noun_has_commands_of_its_own),
      T(options_come_from_the_tables), T(a_value_and_another_programs_words_are_not_guessed))
