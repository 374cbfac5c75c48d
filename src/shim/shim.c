/*
 * shim.c - the supervisor of one container
 *
 * Starts it, gives back the memory that this took, and then sleeps in one event loop until the
 * container has ended.
 */
#include "shim/shim.h"

#include "base/log.h"
#include "base/str.h"
#include "model/shim_plan.h"
#include "shim/again.h"
#include "shim/ending.h"
#include "shim/exec_mode.h"
#include "shim/keeper.h"
#include "shim/loop.h"
#include "shim/start.h"

enum { EXIT_ENGINE = 125 };

static int supervise(const struct start_again *again)
{
	/* Static, since most of it is room that is never touched. */
	static struct supervisor s;
	struct err err = ERR_INIT;
	int exit_code, r = start_container(&s, again, &exit_code, &err);

	if (r < 0 && !again) {
		start_report_failure(SHIM_FD_CLIENT, exit_code, &err);
		return EXIT_ENGINE;
	}
	if (r < 0)
		ending_restart_failed(&s, exit_code, &err);
	loop_run(&s);
	ending_leave(&s);
	return 0;
}

int shim_main(int argc, char **argv)
{
	struct start_again again;

	log_init("berth", LOG_WARN);
	if (argc == 3 && str_eq(argv[1], "exec"))
		return exec_mode_run();
	if (argc == 5 && str_eq(argv[1], "probe"))
		return exec_mode_probe(argv[3], argv[4]);
	if (argc == 2 && str_eq(argv[1], "keep"))
		return keeper_run();
	if (argc == 2)
		return supervise(NULL);
	if (again_parse(argc, argv, &again) == 0)
		return supervise(&again);
	log_error("berth-shim is started by berth, with a plan on descriptor %d", SHIM_FD_PLAN);
	return EXIT_ENGINE;
}
