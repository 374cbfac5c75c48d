/*
 * http_pool.c - handles of libcurl, each with the connections that it keeps open
 *
 * The handle that was used last is given out first: its connection is the most likely to be open.
 * Names and TLS sessions are shared by all; connections are not, because libcurl cannot share them
 * between threads.
 */
#include "registry/http_pool.h"

#include "base/mem.h"

#include <pthread.h>

struct http_pool {
	pthread_mutex_t lock;
	pthread_cond_t returned;
	unsigned most, given, n_idle;
	CURL **idle;
	CURLSH *share;
	pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST];
};

static void lock_share(CURL *handle, curl_lock_data data, curl_lock_access access, void *ctx)
{
	struct http_pool *p = ctx;

	(void)handle;
	(void)access;
	(void)pthread_mutex_lock(&p->share_locks[data]);
}

static void unlock_share(CURL *handle, curl_lock_data data, void *ctx)
{
	struct http_pool *p = ctx;

	(void)handle;
	(void)pthread_mutex_unlock(&p->share_locks[data]);
}

struct http_pool *http_pool_new(unsigned most)
{
	struct http_pool *p = mem_alloc(sizeof(*p));

	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->returned, NULL);
	for (size_t i = 0; i < CURL_LOCK_DATA_LAST; i++)
		(void)pthread_mutex_init(&p->share_locks[i], NULL);
	p->most = most;
	p->idle = mem_alloc(most * sizeof(CURL *));
	p->share = curl_share_init();
	if (!p->share)
		mem_exhausted(sizeof(*p));
	(void)curl_share_setopt(p->share, CURLSHOPT_LOCKFUNC, lock_share);
	(void)curl_share_setopt(p->share, CURLSHOPT_UNLOCKFUNC, unlock_share);
	(void)curl_share_setopt(p->share, CURLSHOPT_USERDATA, p);
	(void)curl_share_setopt(p->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	(void)curl_share_setopt(p->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	return p;
}

void http_pool_free(struct http_pool *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < p->n_idle; i++)
		curl_easy_cleanup(p->idle[i]);
	(void)curl_share_cleanup(p->share);
	for (size_t i = 0; i < CURL_LOCK_DATA_LAST; i++)
		(void)pthread_mutex_destroy(&p->share_locks[i]);
	(void)pthread_cond_destroy(&p->returned);
	(void)pthread_mutex_destroy(&p->lock);
	free(p->idle);
	free(p);
}

CURL *http_pool_get(struct http_pool *p)
{
	CURL *handle = NULL;

	(void)pthread_mutex_lock(&p->lock);
	while (p->given == p->most)
		(void)pthread_cond_wait(&p->returned, &p->lock);
	p->given++;
	if (p->n_idle > 0)
		handle = p->idle[--p->n_idle];
	(void)pthread_mutex_unlock(&p->lock);
	if (!handle)
		handle = curl_easy_init();
	if (!handle)
		mem_exhausted(sizeof(*p));
	(void)curl_easy_setopt(handle, CURLOPT_SHARE, p->share);
	return handle;
}

void http_pool_put(struct http_pool *p, CURL *handle)
{
	curl_easy_reset(handle);
	(void)pthread_mutex_lock(&p->lock);
	p->given--;
	p->idle[p->n_idle++] = handle;
	(void)pthread_cond_signal(&p->returned);
	(void)pthread_mutex_unlock(&p->lock);
}
