/*
 * init_proc.h - what init writes into procfs: sysctls, labels, its own properties
 */
#ifndef RUNTIME_INIT_PROC_H
#define RUNTIME_INIT_PROC_H

#include "runtime/init_kernel.h"
#include "runtime/init_plan.h"
#include "runtime/init_report.h"

#include "sys/raw.h"
#include "sys/raw_path.h"

/* One write() into a file of a procfs, which nothing is mounted over on the way. */
static inline long init_proc_put_in(int proc, const char *path, const char *value, size_t len)
{
	long fd = raw_path_open_how(proc, path, O_WRONLY,
				    RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS),
	     r;

	if (fd < 0)
		return fd;
	r = RAW(write, fd, value, len);
	(void)RAW(close, fd);
	return r;
}

/* The same in the host's procfs, which was verified. */
static inline long init_proc_put(const struct init_plan *p, const char *path, const char *value,
				 size_t len)
{
	return init_proc_put_in(p->proc_fd, path, value, len);
}

/* The container's own procfs, where its configuration mounts one, or a negative error. */
static inline long init_proc_own(void)
{
	struct statfs fs;
	long fd = raw_path_open_how(AT_FDCWD, "proc", O_PATH | O_DIRECTORY,
				    RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS),
	     r = fd < 0 ? fd : RAW(fstatfs, fd, &fs);

	if (r >= 0 && fs.f_type == PROC_SUPER_MAGIC)
		return fd;
	if (fd >= 0)
		(void)RAW(close, fd);
	return r < 0 ? r : -ENOENT;
}

/*
 * By its own procfs, for the host's has an entry of the same name for every network namespace, and
 * the kernel compares them one after the other. A sysctl is found by the namespaces of the process
 * that opens it, so the host's procfs serves where its own is absent, read-only or a part only.
 */
static inline long init_proc_sysctls(const struct init_plan *p)
{
	long own = p->n_sysctls ? init_proc_own() : -ENOENT, r = 0;

	for (size_t i = 0; i < p->n_sysctls && r >= 0; i++) {
		const struct init_sysctl *s = &p->sysctls[i];

		init_report_item(p, i);
		r = own < 0 ? own : init_proc_put_in((int)own, s->path, s->value, s->len);
		if (r < 0)
			r = init_proc_put(p, s->path, s->value, s->len);
	}
	if (own >= 0)
		(void)RAW(close, own);
	return r;
}

#endif
