/*
 * tar_outlet.c - bytes of a tar on their way, hashed and passed on by a thread
 *
 * Between the two sides stands a ring of buffers. Small pieces are gathered in one of them, so that
 * the sink gets large ones.
 */
#include "image/tar_outlet.h"

#include "base/mem.h"
#include "codec/hash.h"
#include "image/ring.h"

#include <errno.h>

struct tar_outlet {
	struct ring ring;
	pthread_t thread;
	char *slot; /* that is being filled, or NULL */
	size_t filled;
	/* The thread's, until it has ended: */
	tar_sink_fn *sink;
	void *ctx;
	struct hash hash;
	int code; /* what the sink failed with */
};

static void *outlet_main(void *ctx)
{
	struct tar_outlet *o = ctx;
	const char *data;
	size_t len;

	while (o->code == 0 && (data = ring_next(&o->ring, &len))) {
		hash_add(&o->hash, data, len);
		if (o->sink)
			o->code = o->sink(o->ctx, data, len);
	}
	if (o->code < 0)
		ring_stop(&o->ring);
	return NULL;
}

static void outlet_free(struct tar_outlet *o)
{
	hash_cleanup(&o->hash);
	ring_done(&o->ring);
	free(o);
}

int tar_outlet_open(tar_sink_fn *sink, void *ctx, struct tar_outlet **ret)
{
	struct tar_outlet *o = mem_alloc(sizeof(*o));

	o->sink = sink;
	o->ctx = ctx;
	ring_init(&o->ring);
	hash_init(&o->hash, DIGEST_SHA256);
	if (pthread_create(&o->thread, NULL, outlet_main, o) != 0) {
		outlet_free(o);
		return -EAGAIN;
	}
	*ret = o;
	return 0;
}

char *tar_outlet_room(struct tar_outlet *o, size_t *ret_len)
{
	if (!o->slot) {
		o->slot = ring_slot(&o->ring);
		o->filled = 0;
	}
	*ret_len = RING_SLOT_SIZE - o->filled;
	return o->slot ? o->slot + o->filled : NULL;
}

static void push(struct tar_outlet *o)
{
	ring_push(&o->ring, o->filled);
	o->slot = NULL;
}

void tar_outlet_add(struct tar_outlet *o, size_t n)
{
	o->filled += n;
	if (o->filled == RING_SLOT_SIZE)
		push(o);
}

int tar_outlet_close(struct tar_outlet *o, char ret_digest[DIGEST_TEXT])
{
	int r;

	if (o->slot && o->filled)
		push(o);
	ring_end(&o->ring);
	(void)pthread_join(o->thread, NULL);
	r = o->code;
	if (r == 0)
		hash_end(&o->hash, ret_digest);
	outlet_free(o);
	return r;
}
