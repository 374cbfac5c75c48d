/* test_frame.c - frames of a byte stream */
#include "codec/frame.h"

#include "base/str.h"

#include <errno.h>

#include "check.h"

static int give(struct frame *f, void *payload, const void *data, size_t len)
{
	size_t size;
	void *room = frame_room(f, payload, &size);

	assert_true(len <= size);
	memcpy(room, data, len);
	return frame_took(f, len);
}

TEST(a_header_is_docker_s)
{
	unsigned char out[FRAME_HEADER];

	frame_header(out, 2, 0x01020304);
	assert_memory_equal(out, "\2\0\0\0\1\2\3\4", FRAME_HEADER);
}

TEST(a_frame_comes_in_pieces)
{
	struct frame f = { 0 };
	char payload[4] = { 0 };

	CHECK_INT(give(&f, payload, "\1\0\0\0\0", 5), FRAME_MORE);
	CHECK_INT(give(&f, payload, "\0\0\3", 3), FRAME_HEAD);
	CHECK_INT(f.type, 1);
	CHECK_INT(f.len, 3);
	CHECK_INT(give(&f, payload, "ab", 2), FRAME_MORE);
	CHECK_INT(give(&f, payload, "c", 1), FRAME_WHOLE);
	CHECK_STR(payload, "abc");
}

TEST(a_frame_without_payload_is_whole_after_its_header)
{
	struct frame f = { 0 };

	CHECK_INT(give(&f, NULL, "\21\0\0\0\0\0\0\0", 8), FRAME_WHOLE);
	frame_next(&f);
	CHECK_INT(give(&f, NULL, "\22\0\0\0\0\0\0\0", 8), FRAME_WHOLE);
	CHECK_INT(f.type, 18);
}

TEST(bytes_that_must_be_zero_are_checked)
{
	struct frame f = { 0 };

	CHECK_INT(give(&f, NULL, "GET / HT", 8), -EPROTO);
}

TEST(no_length_overflows)
{
	struct frame f = { 0 };

	CHECK_INT(give(&f, NULL, "\0\0\0\0\xff\xff\xff\xff", 8), -EPROTO);
}

TESTS(T(a_header_is_docker_s), T(a_frame_comes_in_pieces),
      T(a_frame_without_payload_is_whole_after_its_header), T(bytes_that_must_be_zero_are_checked),
      T(no_length_overflows))
