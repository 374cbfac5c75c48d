/* test_tar_outlet.c - bytes handed to a thread: all of them, in order, or what went wrong */
#include "check.h"

#include "base/str.h"
#include "codec/hash.h"
#include "image/ring.h"
#include "image/tar_outlet.h"

#include <errno.h>

enum { LENGTH = 5000000, ODD = 4099 };

struct sink {
	struct buf got;
	size_t calls, fails_at; /* 0: never */
};

static int take(void *ctx, const void *data, size_t len)
{
	struct sink *s = ctx;

	if (++s->calls == s->fails_at)
		return -ENOSPC;
	buf_add(&s->got, data, len);
	return 0;
}

static unsigned char byte_at(size_t i)
{
	return (unsigned char)(i * 31 + i / 4096);
}

/* Puts LENGTH bytes in, in odd pieces; how many there was room for. */
static size_t fill(struct tar_outlet *o)
{
	size_t done = 0, most;
	char *room;

	while (done < LENGTH && (room = tar_outlet_room(o, &most))) {
		size_t n = most < ODD ? most : ODD;

		CHECK(most > 0);
		n = n < LENGTH - done ? n : LENGTH - done;
		for (size_t i = 0; i < n; i++)
			room[i] = (char)byte_at(done + i);
		tar_outlet_add(o, n);
		done += n;
	}
	return done;
}

static bool is_right(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if ((unsigned char)b->data[i] != byte_at(i))
			return false;
	return b->len == LENGTH;
}

TEST(all_bytes_pass_in_order_and_are_hashed)
{
	struct sink s = { .fails_at = 0 };
	struct tar_outlet *o;
	char digest[DIGEST_TEXT], want[DIGEST_TEXT];

	CHECK_INT(tar_outlet_open(take, &s, &o), 0);
	CHECK_INT(fill(o), LENGTH);
	CHECK_INT(tar_outlet_close(o, digest), 0);
	CHECK(is_right(&s.got));
	hash_of(DIGEST_SHA256, s.got.data, s.got.len, want);
	CHECK_STR(digest, want);
	/* Small pieces have become few large ones. */
	CHECK(s.calls < LENGTH / ODD / 10);
	buf_done(&s.got);
}

TEST(without_a_sink_bytes_are_hashed)
{
	struct tar_outlet *o;
	char digest[DIGEST_TEXT], want[DIGEST_TEXT];

	CHECK_INT(tar_outlet_open(NULL, NULL, &o), 0);
	CHECK_INT(tar_outlet_close(o, digest), 0);
	hash_of(DIGEST_SHA256, "", 0, want);
	CHECK_STR(digest, want);
}

/* What it ends with when the sink fails at a call; how much there was room for until then. */
static int end_at(size_t call, size_t *ret_room)
{
	struct sink s = { .fails_at = call };
	struct tar_outlet *o;
	char digest[DIGEST_TEXT];
	int r;

	CHECK_OK(tar_outlet_open(take, &s, &o));
	*ret_room = fill(o);
	r = tar_outlet_close(o, digest);
	buf_done(&s.got);
	return r;
}

/* Whoever makes the bytes learns it when there is no room any more, or at the end. */
TEST(a_sink_that_fails_ends_it)
{
	const size_t calls = LENGTH / RING_SLOT_SIZE + 1;
	size_t had_room;

	CHECK_INT(end_at(1, &had_room), -ENOSPC);
	CHECK(had_room <= (RING_SLOTS + 1) * (size_t)RING_SLOT_SIZE);
	CHECK_INT(end_at(calls / 2, &had_room), -ENOSPC);
	CHECK(had_room < LENGTH);
	CHECK_INT(end_at(calls, &had_room), -ENOSPC);
	CHECK_INT(end_at(calls + 1, &had_room), 0);
	CHECK_INT(had_room, LENGTH);
}

TESTS(T(all_bytes_pass_in_order_and_are_hashed), T(without_a_sink_bytes_are_hashed),
      T(a_sink_that_fails_ends_it))
