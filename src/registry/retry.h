/*
 * retry.h - what is tried again, when, and how often
 */
#ifndef REGISTRY_RETRY_H
#define REGISTRY_RETRY_H

#include "registry/http.h"

struct retry {
	struct http *http;
	int attempts; /* in all, the first included */
	int failures; /* so far, without progress in between */
	/* Says that there is another attempt; may be NULL. */
	void (*say)(void *ctx, const char *text);
	void *ctx;
};

/* Whether the same request may succeed later. r is what http_exchange() returned. */
bool retry_is_transient(int r, const struct http_answer *answer);

/*
 * How long to wait after so many failures (1, 2, …): doubling from half a second, at most half a
 * minute; at least as long as the server asks (retry_after seconds, -1: it does not).
 */
int64_t retry_delay_ms(int failures, int64_t retry_after);

/*
 * After an exchange: 1 when it shall be made again (the wait is over), 0 when its result stands, or
 * -ECANCELED. what failed is told to say().
 */
int retry_again(struct retry *t, int r, const struct http_answer *answer, struct err *err);

/* http_exchange() with that. */
int retry_exchange(struct retry *t, const struct http_request *q, struct arena *a,
		   struct http_answer *ret, struct err *err);

/*
 * The error of an answer that is no good one, by its status and what its body says: -EACCES,
 * -ENOENT, -EDQUOT, -ENETUNREACH, -EPROTO. what is in front of the text.
 */
int retry_answer_error(const struct http_answer *answer, const char *what, struct arena *a,
		       struct err *err);

#endif
