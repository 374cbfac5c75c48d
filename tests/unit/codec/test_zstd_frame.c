/* test_zstd_frame.c - windows that headers of zstd frames ask for */
#include "check.h"

#include "codec/zstd_frame.h"

#include <errno.h>

#define MAGIC "\x28\xb5\x2f\xfd"

static int64_t window_of(const char *bytes, size_t n)
{
	return zstd_frame_window((const unsigned char *)bytes, n);
}

TEST(the_window_is_what_the_descriptor_says)
{
	CHECK_INT(window_of(MAGIC "\x00\x00", 6), 1 << 10);
	CHECK_INT(window_of(MAGIC "\x00\x38", 6), 128 << 10);
	CHECK_INT(window_of(MAGIC "\x04\x69", 6), (8 << 20) + (1 << 20));
	CHECK_INT(window_of(MAGIC "\x00\xff", 6), ((int64_t)1 << 41) + 7 * ((int64_t)1 << 38));
}

TEST(a_frame_in_one_segment_has_a_window_of_its_contents)
{
	CHECK_INT(window_of(MAGIC "\x20\x05", 6), 5);
	CHECK_INT(window_of(MAGIC "\x60\x05\x01", 7), 256 + 0x105);
	CHECK_INT(window_of(MAGIC "\xa3"
				  "DICT"
				  "\0\0\0\x10",
			    13),
		  0x10000000);
	CHECK_INT(window_of(MAGIC "\xe0\xff\xff\xff\xff\xff\xff\xff\xff", 13), INT64_MAX);
}

TEST(skippable_frames_have_none)
{
	CHECK_INT(window_of("\x50\x2a\x4d\x18", 4), 0);
	CHECK_INT(window_of("\x5f\x2a\x4d\x18", 4), 0);
}

TEST(what_is_cut_off_or_no_frame_is_told)
{
	CHECK_INT(window_of(MAGIC, 3), -EAGAIN);
	CHECK_INT(window_of(MAGIC "\x00", 5), -EAGAIN);
	CHECK_INT(window_of(MAGIC "\xe0\xff\xff\xff\xff\xff\xff\xff", 12), -EAGAIN);
	CHECK_INT(window_of("\x1f\x8b\x08\x00", 4), -EINVAL);
}

TESTS(T(the_window_is_what_the_descriptor_says),
      T(a_frame_in_one_segment_has_a_window_of_its_contents), T(skippable_frames_have_none),
      T(what_is_cut_off_or_no_frame_is_told))
