/*
 * report.h - what went wrong in the child, in words
 */
#ifndef RUNTIME_REPORT_H
#define RUNTIME_REPORT_H

#include "base/err.h"
#include "runtime/init_plan.h"

/*
 * Sets err and *ret_exit (127 not found, 126 not executable, otherwise 125, as docker exits) from a
 * report; returns the code. plan may be NULL, where it is another process's: less is said then.
 * name is the program's, argv[0].
 */
int report_failure(const struct init_plan *plan, const struct init_report *report, const char *name,
		   int *ret_exit, struct err *err);
/* The same for a child that a signal ended before its program ran. */
int report_death(const struct init_report *report, int wait_status, struct err *err);

enum { REPORT_EXIT_SETUP = 125, REPORT_EXIT_NOT_EXECUTABLE = 126, REPORT_EXIT_NOT_FOUND = 127 };

#endif
