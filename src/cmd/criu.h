/*
 * criu.h - having CRIU write a tree of processes into files, or make one of them
 *
 * `criu swrk` is started as a child for one piece of work and spoken to over a socket. While it
 * works it tells how far it came and waits for an answer, which is when the caller acts.
 */
#ifndef CMD_CRIU_H
#define CMD_CRIU_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum criu_work { CRIU_DUMP, CRIU_PRE_DUMP, CRIU_RESTORE };

/* Numbers of the protocol. */
enum criu_cgroups_mode {
	CRIU_CGROUPS_IGNORE,
	CRIU_CGROUPS_SOFT = 3,
	CRIU_CGROUPS_FULL,
	CRIU_CGROUPS_STRICT,
	CRIU_CGROUPS_DEFAULT
};
enum criu_network_lock {
	CRIU_LOCK_DEFAULT,
	CRIU_LOCK_IPTABLES,
	CRIU_LOCK_NFTABLES,
	CRIU_LOCK_SKIP
};

/* What crun and runc call the option of the same name; NULL: not set. */
struct criu_options {
	int images_fd, work_fd; /* directories; work_fd -1: that of the images */
	pid_t pid;              /* of a dump */
	const char *log_file;   /* name in the working directory */
	const char *root, *parent, *config_file, *freeze_cgroup, *cgroup_yard, *lsm_profile,
		*lsm_mount_context;
	const char *page_server; /* address */
	int page_server_port;
	int cgroups_mode, network_lock;
	bool leave_running, ext_unix_sk, tcp_established, tcp_skip_in_flight, tcp_close, shell_job,
		file_locks, link_remap, auto_dedup, lazy_pages;
	bool empty_network;    /* make network namespaces, but leave it to others to fill them */
	struct str_map mounts; /* external ones: at a dump place and name, then name and source */
	struct strv external;  /* other things that are not the tree's own */
	struct str_map joins;  /* kind of namespace ("ipc"), file */
	struct str_map cgroup_roots; /* controllers as in /proc/PID/cgroup, group */
	struct criu_inherit_fd {
		const char *key;
		int fd;
	} * inherit; /* descriptors of ours for what is external */
	size_t n_inherit;
};

struct criu {
	pid_t pid;
	int socket;
	int work_fd; /* of start->work, or -1 */
	int version; /* 31700 is 3.17 */
};
#define CRIU_INIT                                                                                  \
	{                                                                                          \
		.pid = -1, .socket = -1, .work_fd = -1                                             \
	}

struct criu_start {
	const char *program; /* a path, or a name to be found in PATH */
	/* Called in the child before it executes the program; NULL: nothing. */
	int (*prepare)(void *ctx, struct err *err);
	void *ctx;
	/*
	 * CRIU mounts in its working directory: when it is in a mount namespace of its own, the
	 * directory must be, too, so it is opened after prepare(). NULL: need not be.
	 */
	const char *work;
	const struct criu_inherit_fd *inherit; /* descriptors that stay open */
	size_t n_inherit;
};

/* Starts it and asks its version. -ENOENT with what to install when there is none. */
int criu_open(const struct criu_start *start, struct criu *ret, struct err *err);
/* -ENOTSUP when it is older than version; what names what needs the newer one. */
int criu_require(const struct criu *c, int version, const char *what, struct err *err);
/* -ENOTSUP when it or the kernel cannot track memory, or load pages late. */
int criu_check_features(struct criu *c, bool mem_track, bool lazy_pages, struct err *err);

/*
 * It came to a point ("post-dump", "setup-namespaces", ...), waits, and goes on when 0 is
 * returned. pid is the tree's first process or 0, fd a descriptor that came along, or -1: it is
 * closed afterwards unless it is taken.
 */
typedef int criu_notify_fn(void *ctx, const char *point, pid_t pid, int *fd, struct err *err);

/*
 * Does the work and waits for it to end. On failure a dumped tree goes on running, and of a
 * restored one nothing is left.
 */
int criu_run(struct criu *c, enum criu_work work, const struct criu_options *options,
	     criu_notify_fn *notify, void *ctx, struct err *err);
/* Ends and reaps it if it still runs. */
void criu_cleanup(struct criu *c);

#endif
