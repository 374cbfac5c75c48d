/*
 * http.h - one request and its answer, on libcurl
 *
 * A client is a pool of connections that several threads use at once. An exchange follows
 * redirects itself, because what may be told to the next host is ours to decide: what proves who we
 * are goes to the origin of the request's URL and to nobody else.
 */
#ifndef REGISTRY_HTTP_H
#define REGISTRY_HTTP_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/http_field.h"
#include "model/settings.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct http;

struct http_spec {
	const struct settings *settings; /* must outlive the client */
	const atomic_bool *cancel;       /* or NULL */
};

/* libcurl's own set-up, once in a process, before there are threads. */
int http_setup(struct err *err);
struct http *http_open(const struct http_spec *spec);
void http_close(struct http *h);

/* What a host must show, and what we show it. */
struct http_trust {
	const char *authorities; /* PEM; NULL: the system's */
	const char *cert, *key;  /* file names, shown to the origin only; or NULL */
	bool unverified;         /* the origin need not prove who it is */
	bool insecure;           /* redirects may lead from https to http */
};

struct http_answer;

/* What takes the body of a good answer (200, 206). */
struct http_taker {
	/* Before the first byte; also when there is none. A negative errno ends the exchange. */
	int (*begin)(void *ctx, const struct http_answer *answer, struct err *err);
	/* 0; 1: enough, the rest is not wanted; or a negative errno. */
	int (*feed)(void *ctx, const void *bytes, size_t n, struct err *err);
	void *ctx;
};

enum { HTTP_FILE_NONE = -1 };

struct http_request {
	const char *method;
	const char *url;
	struct strv headers;         /* "Name: value" */
	struct strv private_headers; /* the same, for the origin only */
	const char *authorization;   /* value, for the origin only; or NULL */
	const struct http_trust *trust;
	/* The body: text, or a part of a file, or nothing. */
	const char *text;
	size_t text_len;
	int file; /* HTTP_FILE_NONE */
	int64_t file_offset, file_len;
	atomic_int_least64_t *sent; /* file_offset and what was sent of the file; or NULL */
	size_t body_max;            /* of an answer that is kept; a good one beyond is -EFBIG */
	const struct http_taker *taker;
};

struct http_answer {
	int status;
	const char *url; /* that answered in the end */
	const char *body;
	size_t body_len;
	/* Fields, or NULL; the last one where there are several. */
	const char *content_type, *location, *range, *content_range, *content_digest, *link,
		*chunk_least;
	int64_t content_length; /* -1: not said */
	int64_t retry_after;    /* seconds, -1: not said */
	struct http_challenges challenges;
	struct strv warnings; /* for people */
	/* When there is no answer (-ENETUNREACH): */
	bool refused_trust; /* it did not prove who it is */
};

/*
 * Memory is the arena's, which no other thread may use meanwhile. 0: there is an answer, whatever
 * it says. -ENETUNREACH: there is none, or its body broke off; -ETIMEDOUT: the same because nothing
 * came for too long; -EFBIG; -EPROTO; -ECANCELED; or what the taker returned.
 */
int http_exchange(struct http *h, const struct http_request *q, struct arena *a,
		  struct http_answer *ret, struct err *err);

/* Sleeps, but not when the client is cancelled: -ECANCELED. */
int http_pause(const struct http *h, int64_t ms, struct err *err);
bool http_is_cancelled(const struct http *h);

#endif
