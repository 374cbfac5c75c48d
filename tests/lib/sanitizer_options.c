/*
 * sanitizer_options.c - what SAN=1 builds are linked with: how the sanitizers behave
 *
 * Compiled in and not taken from ASAN_OPTIONS, because berth-shim runs with an environment of its
 * own, as does what it executes. Reports go to files, because nobody reads a shim's stderr and
 * tests compare what commands print there: REPORTS/report.PID, one a process that did wrong. The
 * first error ends the process; its status is one that no program of ours has.
 *
 * Leaks are errors everywhere. Documents in an arena that main() or a static variable still owns are
 * reachable, and therefore none.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

/* Each runtime keeps its own copy of the options that they share. */
#define COMMON "log_path=" REPORTS "/report:halt_on_error=1:exitcode=86:print_stacktrace=1"

const char *__asan_default_options(void)
{
	return COMMON ":detect_leaks=1:detect_stack_use_after_return=1:check_initialization_order=1:"
		      "strict_string_checks=1";
}

const char *__ubsan_default_options(void)
{
	return COMMON;
}
