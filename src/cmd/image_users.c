/*
 * image_users.c - which container an image is used by
 */
#include "cmd/image_users.h"

#include "base/own.h"
#include "model/container.h"

struct user_search {
	struct arena *a;
	const char *image_id, *user;
	bool running;
};

static int find_user(void *ctx, const char *key, const void *data, size_t len)
{
	struct user_search *s = ctx;
	OWN(arena) struct arena scratch = ARENA_INIT;
	struct container c;
	bool up;

	if (schema_read(&container_schema, data, len, &scratch, &c, NULL) < 0 ||
	    !str_eq(c.image, s->image_id))
		return 0;
	up = c.state.status == CONTAINER_RUNNING || c.state.status == CONTAINER_PAUSED ||
	     c.state.status == CONTAINER_RESTARTING;
	s->user = arena_strdup(s->a, key);
	s->running = up;
	/* One that runs matters more than one that does not. */
	return up;
}

static const char *find(void *ctx, struct state_txn *txn, const char *image_id, bool *ret_running)
{
	struct user_search s = { .a = ctx, .image_id = image_id };

	(void)state_each(txn, STATE_CONTAINERS, "", find_user, &s);
	*ret_running = s.running;
	return s.user;
}

struct image_users image_users_in(struct arena *a)
{
	return (struct image_users){ find, a };
}

const char *image_users_of(struct state_txn *txn, const char *image_id, struct arena *a)
{
	bool running;

	return find(a, txn, image_id, &running);
}
