/* test_names.c - made-up names are valid, readable, and many */
#include "check.h"

#include "engine/names.h"
#include "model/container.h"

TEST(a_name_is_an_adjective_and_a_scientist)
{
	char name[NAMES_MAX];

	names_make(0, 0, name);
	CHECK_STR(name, "able_abel");
}

TEST(every_random_number_gives_a_valid_name)
{
	char name[NAMES_MAX];

	for (uint64_t i = 0; i < 100000; i++) {
		names_make(i * 0x9e3779b97f4a7c15ULL, (unsigned)(i % 4), name);
		CHECK(container_name_is_valid(name));
	}
}

TEST(a_digit_is_added_when_names_were_taken)
{
	char name[NAMES_MAX];

	names_make(UINT64_MAX, 2, name);
	CHECK(name[strlen(name) - 1] >= '0' && name[strlen(name) - 1] <= '9');
}

TESTS(T(a_name_is_an_adjective_and_a_scientist), T(every_random_number_gives_a_valid_name),
      T(a_digit_is_added_when_names_were_taken))
