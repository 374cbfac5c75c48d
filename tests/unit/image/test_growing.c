/* test_growing.c - a file that is read while it grows */
#include "check.h"

#include "image/growing.h"

static void *advance_slowly(void *ctx)
{
	for (int64_t i = 1; i <= 100; i++)
		growing_advance(ctx, i);
	return NULL;
}

static void *fail_it(void *ctx)
{
	struct err why = ERR_INIT;

	(void)err_set(&why, -EPROTO, "cut");
	growing_fail(ctx, &why);
	return NULL;
}

TEST(what_is_there_never_shrinks_and_is_not_waited_for)
{
	struct growing g;
	struct err err = ERR_INIT;

	growing_init(&g);
	growing_advance(&g, 10);
	growing_advance(&g, 4);
	CHECK_INT(growing_wait(&g, 0, &err), 10);
	CHECK_INT(growing_wait(&g, 9, &err), 10);
	growing_done(&g);
}

TEST(whoever_waits_is_woken_by_more)
{
	struct growing g;
	struct err err = ERR_INIT;
	pthread_t thread;

	growing_init(&g);
	CHECK_OK(pthread_create(&thread, NULL, advance_slowly, &g));
	CHECK_INT(growing_wait(&g, 99, &err), 100);
	CHECK_OK(pthread_join(thread, NULL));
	growing_done(&g);
}

TEST(a_failure_wakes_too_but_what_is_there_can_still_be_read)
{
	struct growing g;
	struct err err = ERR_INIT, later = ERR_INIT;
	pthread_t thread;

	growing_init(&g);
	growing_advance(&g, 5);
	CHECK_OK(pthread_create(&thread, NULL, fail_it, &g));
	CHECK_ERR(growing_wait(&g, 5, &err), -EPROTO, &err, "cut");
	CHECK_OK(pthread_join(thread, NULL));
	CHECK_INT(growing_wait(&g, 4, &err), 5);
	(void)err_set(&later, -EIO, "later");
	growing_fail(&g, &later);
	CHECK_ERR(growing_wait(&g, 5, &err), -EPROTO, &err, "cut");
	growing_reset(&g);
	growing_advance(&g, 3);
	CHECK_INT(growing_wait(&g, 0, &err), 3);
	growing_done(&g);
}

TESTS(T(what_is_there_never_shrinks_and_is_not_waited_for), T(whoever_waits_is_woken_by_more),
      T(a_failure_wakes_too_but_what_is_there_can_still_be_read))
