/*
 * init_entry.h - a held process gives its namespaces to who is to enter them
 *
 * An ordinary user may not look at a process that cannot be traced, as a held one cannot, for it
 * still has descriptors of the host. So it opens its own namespaces while the host's procfs is in
 * reach, and hands them to its user, who is who reaches its socket.
 */
#ifndef RUNTIME_INIT_ENTRY_H
#define RUNTIME_INIT_ENTRY_H

#include "runtime/init_kernel.h"
#include "runtime/init_plan.h"

#include "sys/raw.h"

/* By the links of a procfs that was verified; those of our own process lead where they say. */
static inline long init_entry_keep(const struct init_plan *p)
{
	static const char *const paths[INIT_SPACES] = {
		"self/ns/user", "self/ns/mnt", "self/ns/pid",    "self/ns/net",
		"self/ns/uts",  "self/ns/ipc", "self/ns/cgroup", "self/ns/time_for_children",
	};
	/* Behind the numbers that are the program's. */
	const long least = FIRST_FD + (long)p->n_preserve_fds;
	long r = 0;

	for (int i = 0; p->entry && i < INIT_SPACES && r >= 0; i++) {
		long fd = RAW(openat, p->proc_fd, paths[i], O_RDONLY | O_CLOEXEC);

		r = fd < 0 ? fd : RAW(fcntl, fd, F_DUPFD_CLOEXEC, least);
		if (fd >= 0)
			(void)RAW(close, fd);
		p->entry->kept[i] = (int)r;
	}
	return r;
}

/* What goes wrong here is the caller's loss alone: it gets no message. */
static inline void init_entry_give(const struct init_plan *p, long caller)
{
	long root = RAW(openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return;
	for (int i = 0; i < INIT_SPACES; i++)
		p->entry->fds[i] = p->entry->kept[i];
	p->entry->fds[INIT_SPACES] = (int)root;
	(void)RAW(sendmsg, caller, p->entry->message, MSG_NOSIGNAL);
	(void)RAW(close, root);
}

#endif
