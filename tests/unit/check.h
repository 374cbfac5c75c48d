/*
 * check.h - what every unit test includes: cmocka under the names of this project
 *
 *	TEST(reference_without_a_tag_means_latest)
 *	{
 *		CHECK_OK(ref_parse("alpine", &ref, NULL));
 *		CHECK_STR(ref.tag, "latest");
 *	}
 *
 *	TESTS(T(reference_without_a_tag_means_latest), T(...))
 *
 * TESTS() defines main(). A test's name states a promise; its body has no branches.
 */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#define TEST(name) static void name(void **state_ __attribute__((unused)))
#define T(name)    cmocka_unit_test(name)
#define TESTS(...)                                                                                 \
	int main(void)                                                                             \
	{                                                                                          \
		const struct CMUnitTest tests_[] = { __VA_ARGS__ };                                \
		return cmocka_run_group_tests(tests_, NULL, NULL);                                 \
	}

#define CHECK(cond)     assert_true(cond)
#define CHECK_OK(expr)  assert_int_equal((expr), 0)
#define CHECK_INT(a, b) assert_int_equal((a), (b))
#define CHECK_STR(a, b) assert_string_equal((a), (b))
#define CHECK_NULL(p)   assert_null(p)
/* The call fails with this code and its message contains text. */
#define CHECK_ERR(expr, want_code, err, text)                                                      \
	do {                                                                                       \
		assert_int_equal((expr), (want_code));                                             \
		if (!strstr((err)->msg, (text)))                                                   \
			fail_msg("message \"%s\" does not contain \"%s\"", (err)->msg, (text));    \
	} while (0)

#endif
