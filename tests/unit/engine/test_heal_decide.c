/* test_heal_decide.c - what follows from what killed processes left */
#include "check.h"

#include "engine/container_status.h"
#include "engine/heal_decide.h"

enum { NOW = 1000 };

static struct heal_plan decide(struct heal_facts f)
{
	struct heal_plan plan;

	heal_decide(&f, NOW, &plan);
	return plan;
}

static const struct shim_status running = { .state = SHIM_STATE_RUNNING,
					    .pid = 7,
					    .started_at = 5 };
static const struct shim_status exited = { .state = SHIM_STATE_EXITED,
					   .exit_code = 3,
					   .finished_at = 9 };

TEST(files_that_no_document_knows_are_swept)
{
	CHECK_INT(decide((struct heal_facts){ 0 }).verdict, HEAL_SWEEP);
}

TEST(a_document_that_cannot_be_read_keeps_its_files)
{
	CHECK_INT(decide((struct heal_facts){ .unreadable = true }).verdict, HEAL_KEEP);
}

TEST(a_final_document_is_right)
{
	struct heal_facts f = { .known = true, .status = CONTAINER_EXITED, .last = &running };

	CHECK_INT(decide(f).verdict, HEAL_KEEP);
}

TEST(an_exit_record_is_taken_as_it_is)
{
	struct heal_facts f = { .known = true,
				.status = CONTAINER_RUNNING,
				.exit = &exited,
				.restart_policy = "always" };
	struct heal_plan plan = decide(f);

	CHECK_INT(plan.verdict, HEAL_EXITED);
	CHECK_INT(plan.end.exit_code, 3);
}

TEST(a_killed_shim_means_137)
{
	struct heal_facts f = {
		.known = true, .status = CONTAINER_RUNNING, .last = &running, .restart_policy = "no"
	};
	struct heal_plan plan = decide(f);

	CHECK_INT(plan.verdict, HEAL_EXITED);
	CHECK_INT(plan.end.exit_code, 137);
	CHECK_INT(plan.end.finished_at, NOW);
	CHECK_INT(plan.end.pid, 0);
}

TEST(policies_start_it_again_after_a_kill)
{
	static const char *const policies[] = { "always", "unless-stopped", "on-failure" };

	for (size_t i = 0; i < 3; i++) {
		struct heal_facts f = { .known = true,
					.status = CONTAINER_RUNNING,
					.last = &running,
					.restart_policy = policies[i] };

		CHECK_INT(decide(f).verdict, HEAL_RESTART);
	}
}

TEST(a_container_that_the_user_stopped_stays_down)
{
	struct shim_status stopped = running;
	struct heal_facts f = { .known = true,
				.status = CONTAINER_RUNNING,
				.last = &stopped,
				.restart_policy = "always" };

	stopped.stopped_by_user = 1;
	CHECK_INT(decide(f).verdict, HEAL_EXITED);
}

TEST(on_failure_ends_after_its_last_attempt)
{
	struct shim_status last = running;
	struct heal_facts f = { .known = true,
				.status = CONTAINER_RUNNING,
				.last = &last,
				.restart_policy = "on-failure",
				.restart_max = 3 };

	last.restart_count = 3;
	CHECK_INT(decide(f).verdict, HEAL_EXITED);
}

TEST(an_rm_container_goes)
{
	struct heal_facts f = {
		.known = true, .status = CONTAINER_RUNNING, .last = &running, .auto_remove = true
	};

	CHECK_INT(decide(f).verdict, HEAL_REMOVE);
}

TEST(a_start_that_never_came_to_a_shim_leaves_it_created)
{
	struct heal_facts f = { .known = true,
				.status = CONTAINER_RUNNING,
				.restart_policy = "always" };
	struct heal_plan plan = decide(f);
	struct container c = { .state = { .status = CONTAINER_RUNNING, .started_at = 4 } };
	struct arena a = ARENA_INIT;

	CHECK_INT(plan.verdict, HEAL_EXITED);
	container_status_merge(&c, &plan.end, &a);
	CHECK_INT(c.state.status, CONTAINER_CREATED);
	CHECK_INT(c.state.started_at, 0);
}

TEST(a_restart_that_was_killed_does_not_stay_restarting)
{
	struct shim_status last = { .state = SHIM_STATE_STARTING, .restart_count = 2 };
	struct heal_facts f = {
		.known = true, .status = CONTAINER_RUNNING, .last = &last, .restart_policy = "no"
	};

	CHECK_INT(decide(f).end.state, SHIM_STATE_EXITED);
}

TEST(between_two_runs_the_last_exit_stands)
{
	struct shim_status last = { .state = SHIM_STATE_RESTARTING,
				    .exit_code = 4,
				    .finished_at = 8 };
	struct heal_facts f = {
		.known = true, .status = CONTAINER_RUNNING, .last = &last, .restart_policy = "no"
	};
	struct heal_plan plan = decide(f);

	CHECK_INT(plan.end.exit_code, 4);
	CHECK_INT(plan.end.finished_at, 8);
}

TEST(after_a_reboot_policies_hold)
{
	struct heal_facts f = { .known = true,
				.status = CONTAINER_RUNNING,
				.rebooted = true,
				.restart_policy = "always",
				.restart_count = 2 };
	struct heal_plan plan = decide(f);

	CHECK_INT(plan.verdict, HEAL_RESTART);
	CHECK_INT(plan.end.exit_code, 255);
	CHECK_INT(plan.end.restart_count, 2);
}

TESTS(T(files_that_no_document_knows_are_swept), T(a_document_that_cannot_be_read_keeps_its_files),
      T(a_final_document_is_right), T(an_exit_record_is_taken_as_it_is), T(a_killed_shim_means_137),
      T(policies_start_it_again_after_a_kill), T(a_container_that_the_user_stopped_stays_down),
      T(on_failure_ends_after_its_last_attempt), T(an_rm_container_goes),
      T(a_start_that_never_came_to_a_shim_leaves_it_created),
      T(a_restart_that_was_killed_does_not_stay_restarting),
      T(between_two_runs_the_last_exit_stands), T(after_a_reboot_policies_hold))
