/*
 * init_program.h - what init.c says of a program that cannot run
 */
#ifndef RUNTIME_INIT_PROGRAM_H
#define RUNTIME_INIT_PROGRAM_H

#include "runtime/init_plan.h"

#include "sys/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>

/* Why a program that is named by its path did not run: more exactly than errno says. */
static inline long init_program_explain(const struct init_plan *p, const char *path, long error)
{
	struct statx st;
	bool there = RAW(statx, AT_FDCWD, path, 0, STATX_TYPE, &st) >= 0;

	if (error == -EACCES && there && (st.stx_mode & S_IFMT) == S_IFDIR)
		p->report->detail = INIT_IS_DIRECTORY;
	else if (error == -ENOENT)
		p->report->detail = there ? INIT_NO_INTERPRETER : INIT_NO_SUCH_FILE;
	return error;
}

/* What cannot run, whoever it is that wants to; who may run it is for execve(2) to say. */
static inline long init_program_check(const char *path)
{
	struct statx st;
	long r = RAW(statx, AT_FDCWD, path, 0, STATX_TYPE | STATX_MODE, &st);

	if (r < 0)
		return r == -EACCES ? 0 : r;
	return (st.stx_mode & S_IFMT) != S_IFDIR && (st.stx_mode & 0111) ? 0 : -EACCES;
}

/* 0 when there is one to try; does not run it. */
static inline long init_program_find(const struct init_plan *p)
{
	for (size_t i = 0; p->candidates[i]; i++) {
		long r = init_program_check(p->candidates[i]);

		if (r == 0)
			return 0;
		if (!p->search_path)
			return init_program_explain(p, p->candidates[i], r);
	}
	p->report->detail = INIT_NOT_IN_PATH;
	return -ENOENT;
}

#endif
