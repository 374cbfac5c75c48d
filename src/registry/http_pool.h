/*
 * http_pool.h - handles of libcurl, each with the connections that it keeps open
 */
#ifndef REGISTRY_HTTP_POOL_H
#define REGISTRY_HTTP_POOL_H

#include <curl/curl.h>

struct http_pool;

/* At most so many at once; more callers wait. */
struct http_pool *http_pool_new(unsigned most);
void http_pool_free(struct http_pool *p);

/* A handle without options, given back with http_pool_put(). */
CURL *http_pool_get(struct http_pool *p);
void http_pool_put(struct http_pool *p, CURL *handle);

#endif
