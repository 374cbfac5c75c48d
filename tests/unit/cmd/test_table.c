/* test_table.c - columns stand as docker's stand */
#include "base/own.h"
#include "cmd/table.h"

#include "check.h"

static const char *lay_out(const char *text, size_t least)
{
	static struct buf out;

	buf_done(&out);
	table_write(text, least, &out);
	return buf_text(&out);
}

TEST(a_column_is_three_wider_than_its_widest_cell_and_at_least_ten_wide)
{
	CHECK_STR(lay_out("CONTAINER ID\tIMAGE\tNAMES\n0123456789ab\tbusybox\tx\n", 10),
		  "CONTAINER ID   IMAGE     NAMES\n0123456789ab   busybox   x\n");
}

TEST(characters_count_and_not_bytes)
{
	CHECK_STR(lay_out("ab…\tx\nabcdefghi\ty\n", 4), "ab…         x\nabcdefghi   y\n");
}

TEST(a_line_with_fewer_cells_ends_a_column)
{
	CHECK_STR(lay_out("aaaaaaaa\tb\nplain\nc\td\n", 4), "aaaaaaaa   b\nplain\nc   d\n");
}

TEST(empty_cells_and_no_lines_are_fine)
{
	CHECK_STR(lay_out("", 10), "");
	CHECK_STR(lay_out("A\t\tC\n", 4), "A       C\n");
}

TESTS(T(a_column_is_three_wider_than_its_widest_cell_and_at_least_ten_wide),
      T(characters_count_and_not_bytes), T(a_line_with_fewer_cells_ends_a_column),
      T(empty_cells_and_no_lines_are_fine))
