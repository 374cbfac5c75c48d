/*
 * init_descriptor.h - what a program gets of our descriptors
 */
#ifndef RUNTIME_INIT_DESCRIPTOR_H
#define RUNTIME_INIT_DESCRIPTOR_H

#include "runtime/init_kernel.h"
#include "runtime/init_plan.h"

#include "sys/raw.h"

#include <sys/resource.h>

static inline long init_descriptor_own(const struct init_plan *p, int fd)
{
	struct statx st;
	long r = RAW(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_UID, &st);
	bool shared = r < 0 || st.stx_uid == p->uid ||
		      ((st.stx_mode & S_IFMT) == S_IFCHR && st.stx_rdev_major == 1);

	/* So that the user can open /dev/stderr. Not on a file system that does not know owners. */
	return shared ? 0 : RAW(fchown, fd, p->uid, -1);
}

/* Close-on-exec for this descriptor and all behind it. */
static inline long init_descriptor_mark_from(long first)
{
	struct {
		uint64_t soft, hard;
	} limit;
	long r = RAW(close_range, first, ~0U, CLOSE_RANGE_CLOEXEC);

	/* Before Linux 5.11, or 5.9: one by one, up to where descriptors can be. */
	if (r != -ENOSYS && r != -EINVAL)
		return r;
	r = RAW(prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
	for (; r >= 0 && (uint64_t)first < limit.soft; first++)
		(void)RAW(fcntl, first, F_SETFD, FD_CLOEXEC);
	return r;
}

#endif
