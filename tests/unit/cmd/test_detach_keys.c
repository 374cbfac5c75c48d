/* test_detach_keys.c - the sequence is found wherever it is typed, and nothing else is swallowed */
#include "cmd/detach_keys.h"

#include "check.h"

#include <string.h>

static struct err err;

/* What reaches the container when each part is typed at once; "!" marks the detaching. */
static const char *type(const char *keys, const char *const *parts)
{
	static char seen[256];
	struct detach_keys k;
	size_t n = 0;

	CHECK_OK(detach_keys_parse(keys, &k, &err));
	for (; *parts; parts++) {
		size_t len;
		bool done = detach_keys_filter(&k, *parts, strlen(*parts), seen + n, &len);

		n += len;
		if (done)
			seen[n++] = '!';
	}
	seen[n] = '\0';
	return seen;
}

#define TYPE(keys, ...) type(keys, (const char *const[]){ __VA_ARGS__, NULL })

TEST(keys_are_letters_and_controls)
{
	struct detach_keys k;

	CHECK_OK(detach_keys_parse(NULL, &k, &err));
	CHECK_INT(k.n, 2);
	CHECK_STR(k.keys, "\x10\x11");
	CHECK_OK(detach_keys_parse("a,ctrl-],CTRL-A", &k, &err));
	CHECK_STR(k.keys, "a\x1d\x01");
	CHECK_ERR(detach_keys_parse("ctrl-p,nonsense", &k, &err), -EINVAL, &err,
		  "unknown character 'nonsense'");
	CHECK_ERR(detach_keys_parse("a,", &k, &err), -EINVAL, &err, "unknown character ''");
}

TEST(the_sequence_detaches_also_in_pieces)
{
	CHECK_STR(TYPE(NULL, "ls\x10\x11"), "ls!");
	CHECK_STR(TYPE(NULL, "ls\x10", "\x11"), "ls!");
	CHECK_STR(TYPE("a,b,c", "xa", "b", "c"), "x!");
}

TEST(a_beginning_that_does_not_go_on_is_passed_on)
{
	CHECK_STR(TYPE(NULL, "\x10", "x"), "\x10x");
	CHECK_STR(TYPE("a,b,c", "ab", "x"), "abx");
	CHECK_STR(TYPE("a,b,c", "aab", "c"), "a!");
	CHECK_STR(TYPE("a,b", "aa", "b"), "a!");
}

TESTS(T(keys_are_letters_and_controls), T(the_sequence_detaches_also_in_pieces),
      T(a_beginning_that_does_not_go_on_is_passed_on))
