/* test_restart.c - docker's restart policies */
#include "shim/restart.h"

#include "base/str.h"
#include "model/shim_plan.h"

#include "check.h"

#define SECOND 1000000000LL

static const struct restart_facts failed = {
	.policy = SHIM_RESTART_ON_FAILURE,
	.exit_code = 1,
	.ran_ns = SECOND,
};

static bool decide(struct restart_facts f, uint32_t *ret_delay_ms)
{
	return restart_decide(&f, ret_delay_ms);
}

TEST(no_policy_restarts_nothing)
{
	struct restart_facts f = failed;
	uint32_t delay;

	f.policy = SHIM_RESTART_NO;
	CHECK(!decide(f, &delay));
}

TEST(on_failure_does_not_restart_what_succeeded)
{
	struct restart_facts f = failed;
	uint32_t delay;

	CHECK(decide(f, &delay));
	f.exit_code = 0;
	CHECK(!decide(f, &delay));
}

TEST(on_failure_gives_up_after_its_number_of_restarts)
{
	struct restart_facts f = failed;
	uint32_t delay;

	f.max = 3;
	f.count = 2;
	CHECK(decide(f, &delay));
	f.count = 3;
	CHECK(!decide(f, &delay));
}

TEST(always_and_unless_stopped_restart_what_succeeded_but_not_what_was_stopped)
{
	static const int policies[] = { SHIM_RESTART_ALWAYS, SHIM_RESTART_UNLESS_STOPPED };

	for (size_t i = 0; i < 2; i++) {
		struct restart_facts f = { .policy = policies[i] };
		uint32_t delay;

		CHECK(decide(f, &delay));
		f.stopped = true;
		CHECK(!decide(f, &delay));
	}
}

TEST(the_wait_doubles_up_to_a_minute)
{
	static const uint32_t waits[] = { 100,  200,   400,   800,   1600,  3200,
					  6400, 12800, 25600, 51200, 60000, 60000 };
	struct restart_facts f = failed;

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		CHECK(decide(f, &f.delay_ms));
		CHECK_INT(f.delay_ms, waits[i]);
	}
}

TEST(ten_seconds_of_running_begin_the_waits_again)
{
	struct restart_facts f = failed;
	uint32_t delay;

	f.delay_ms = 51200;
	f.ran_ns = 10 * SECOND;
	CHECK(decide(f, &delay));
	CHECK_INT(delay, 100);
}

TESTS(T(no_policy_restarts_nothing), T(on_failure_does_not_restart_what_succeeded),
      T(on_failure_gives_up_after_its_number_of_restarts),
      T(always_and_unless_stopped_restart_what_succeeded_but_not_what_was_stopped),
      T(the_wait_doubles_up_to_a_minute), T(ten_seconds_of_running_begin_the_waits_again))
