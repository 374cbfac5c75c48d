/*
 * init_kernel.h - the kernel's words that init.c speaks
 */
#ifndef RUNTIME_INIT_KERNEL_H
#define RUNTIME_INIT_KERNEL_H

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/stat.h>
#include <linux/types.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statfs.h>

enum {
	DIR_MODE = 0755,
	SIGNALS = 64,
	FIRST_FD = 3, /* behind stdin, stdout, stderr */
};

#define NOTIFY_SPINS (1ULL << 34)

/* From <sys/mount.h>, which clashes with <linux/mount.h>. */
enum { MNT_DETACH_ = 2 };
#define MS_REC_     0x4000UL
#define MS_PRIVATE_ 0x40000UL
enum {
	MS_REMOUNT_ = 0x20,
	MS_NOATIME_ = 0x400,
	MS_NODIRATIME_ = 0x800,
	MS_BIND_ = 0x1000,
	ST_RELATIME_ = 0x1000, /* of statfs(2) */
	MS_RELATIME_ = 0x200000,
	MS_STRICTATIME_ = 0x1000000,
};
/* From headers that clash with others, or that older systems lack. */
enum { MFD_CLOEXEC_ = 1, IOPRIO_WHO_PROCESS_ = 1 };

#endif
