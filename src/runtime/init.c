/*
 * init.c - between clone() and exec()
 *
 * The child runs on its own stack in its parent's memory, often while the parent is suspended in
 * the middle of a statement. So it carries out a plan in which everything is decided, opened and
 * allocated, and makes system calls through sys/raw.h, which touch no errno and no libc. Each
 * step does nothing when the plan does not ask for it; a start and an exec are the same table.
 *
 * Invariants
 *  (1) From "change root" on, the working directory is the container's root, and everything in it
 *      is named from there. "/" is the same, at once or, where the host's tree is still needed
 *      (hooks; a user namespace, whose procfs the kernel compares with it; old kernels, which
 *      change mounts by path), from "leave the old root" on. After that the host's tree is only
 * reachable through descriptors of the plan, all of them close-on-exec. (2) Every path of the
 * container is resolved by openat2() with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS, and mounted
 * upon by descriptor. An image may hold any link it likes; /proc/self/fd/N of this very process is
 * out of reach. (3) /proc, /sys and /dev are mounted on real directories, and files below the
 * host's /proc are written through its own verified descriptor, so nothing in the image can stand
 * in for them. (4) Privileges only shrink, in the order that each step's needs allow: bounding set,
 * seccomp (which needs CAP_SYS_ADMIN without no_new_privs), groups, IDs, capabilities, seccomp
 * (with).
 */
/* The stack protector's failure path and loops turned into memcpy() would be calls into libc. */
#pragma GCC optimize("no-stack-protector", "no-tree-loop-distribute-patterns")

#include "runtime/init_copy.h"
#include "runtime/init_cover.h"
#include "runtime/init_descriptor.h"
#include "runtime/init_device.h"
#include "runtime/init_hold.h"
#include "runtime/init_hook.h"
#include "runtime/init_kernel.h"
#include "runtime/init_mount.h"
#include "runtime/init_place.h"
#include "runtime/init_plan.h"
#include "runtime/init_policy.h"
#include "runtime/init_proc.h"
#include "runtime/init_program.h"
#include "runtime/init_report.h"
#include "runtime/init_source.h"
#include "runtime/init_terminal.h"

#include "sys/raw.h"
#include "sys/raw_path.h"

/* Asks the parent for something and waits until it is done. */
static long ask(const struct init_plan *p, unsigned char what)
{
	long r = RAW(write, p->talk_fd, &what, 1);

	return r < 0 ? r : init_wait_for_go(p->talk_fd);
}

/* -- where it lives -- */

static long step_signals(const struct init_plan *p)
{
	/* struct sigaction of the kernel; all zero is the default action. */
	static const struct {
		unsigned long handler, flags, restorer, mask;
	} defaults;

	/* execve() resets handlers but keeps what is ignored, which a parent may have chosen. */
	for (int sig = 1; sig <= SIGNALS; sig++)
		(void)RAW(rt_sigaction, sig, &defaults, 0, sizeof(defaults.mask));
	(void)RAW(umask, 0);
	/* So that we notice when the parent dies while we wait for it. */
	if (p->talk_far_fd >= 0)
		(void)RAW(close, p->talk_far_fd);
	return 0;
}

static long step_cgroups(const struct init_plan *p)
{
	for (size_t i = 0; i < p->n_cgroup_fds; i++) {
		long r = RAW(write, p->cgroup_fds[i], "0", 1);

		if (r < 0)
			return r;
	}
	return p->unshare_cgroup ? RAW(unshare, CLONE_NEWCGROUP) : 0;
}

static long step_setns(const struct init_plan *p)
{
	long r = 0;

	for (size_t i = 0; i < p->n_joins && r >= 0; i++) {
		init_report_item(p, i);
		r = RAW(setns, p->joins[i].fd, p->joins[i].flags);
	}
	return r;
}

/* The process itself enters it when it executes its program. */
static long step_time(const struct init_plan *p)
{
	long r = p->unshare_time ? RAW(unshare, CLONE_NEWTIME) : 0;

	if (r < 0 || !p->time_offsets)
		return r;
	return init_proc_put(p, "self/timens_offsets", p->time_offsets, p->time_offsets_len);
}

/* The maps of our user namespace are written from outside of it, and interfaces come from there. */
static long step_maps(const struct init_plan *p)
{
	return p->ask_maps ? ask(p, INIT_ASK_MAPS) : 0;
}

static long step_session(const struct init_plan *p)
{
	long r = RAW(setsid);

	if (r < 0 || !p->new_keyring)
		return r;
	/* Keyrings have no namespace: without one of its own it would possess its parent's keys. */
	r = RAW(keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
	return r == -ENOSYS ? 0 : r;
}

static long step_loopback(const struct init_plan *p)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	long fd, r;

	if (!p->loopback)
		return 0;
	fd = RAW(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	r = RAW(ioctl, fd, SIOCSIFFLAGS, &request);
	(void)RAW(close, fd);
	return r;
}

static long step_hostname(const struct init_plan *p)
{
	long r = p->hostname_len ? RAW(sethostname, p->hostname, p->hostname_len) : 0;

	if (r < 0 || !p->domainname_len)
		return r;
	return RAW(setdomainname, p->domainname, p->domainname_len);
}

/* -- its tree -- */

static long step_private(const struct init_plan *p)
{
	/* Nothing that happens to our copies of the host's mounts may reach the host. */
	return p->new_root ? RAW(mount, 0, "/", 0, MS_REC_ | MS_PRIVATE_, 0) : 0;
}

/* Kernels before 6.7 take a long list of layers by mount(2) alone, which wants a place. */
static long mount_overlay(const struct init_plan *p)
{
	const long flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	long r = 0;

	/* Overlayfs only takes layers of the mount namespace that it is mounted in. */
	for (size_t i = 0; i < p->n_overlay_layers && r >= 0; i++) {
		long fd = RAW(openat, AT_FDCWD, p->overlay_layers[i].path, flags);

		r = fd < 0 ? fd : RAW(dup3, fd, p->overlay_layers[i].fd, O_CLOEXEC);
		(void)RAW(close, fd);
	}
	if (r >= 0)
		r = RAW(mount, "overlay", p->overlay_target, "overlay", 0, p->overlay_options);
	return r < 0 ? r : RAW(openat, AT_FDCWD, p->overlay_target, flags);
}

/* The working directory becomes the root. */
static long pivot(void)
{
	/* The old root ends up on top of the new one, so no directory is needed to put it in. */
	long r = RAW(pivot_root, ".", ".");

	if (r == 0)
		r = RAW(umount2, ".", MNT_DETACH_);
	return r == 0 ? RAW(chdir, "/") : r;
}

/*
 * Whoever joins the mount namespace later begins at what is on top of its first mount: that must be
 * our root, and not the host's, wherever our root was attached first.
 */
static long cover_root(const struct init_plan *p)
{
	bool covers = p->root_place[0] == '/' && !p->root_place[1] && !p->overlay_options;
	long r = covers ? 0 : RAW(move_mount, AT_FDCWD, ".", AT_FDCWD, "/", 0);

	return r < 0 ? r : RAW(chroot, ".");
}

static long leave_root(const struct init_plan *p)
{
	return p->no_pivot ? cover_root(p) : pivot();
}

static long step_root(const struct init_plan *p)
{
	long root = p->root_fd, r = 0;

	if (!p->new_root)
		return 0;
	if (p->overlay_options) {
		root = mount_overlay(p);
		r = root < 0 ? root : 0;
	} else {
		/* Any place will do, since the whole tree that it is in goes away. */
		r = RAW(move_mount, root, "", AT_FDCWD, p->root_place, MOVE_MOUNT_F_EMPTY_PATH);
	}
	if (r == 0 && p->old_mounts && p->root_birth)
		r = init_mount_set_old(root, &(struct mount_attr){ .propagation = p->root_birth },
				       MS_REC_);
	if (r == 0)
		r = RAW(fchdir, root);
	return r == 0 && !p->late_pivot ? leave_root(p) : r;
}

static long step_late_pivot(const struct init_plan *p)
{
	return p->late_pivot ? leave_root(p) : 0;
}

/* Root in there, so that what it makes has owners. It is nobody until then. */
static long step_become_root(const struct init_plan *p)
{
	long r = p->become_root ? RAW(setresgid, 0, 0, 0) : 0;

	return r < 0 || !p->become_root ? r : RAW(setresuid, 0, 0, 0);
}

static long step_sources(const struct init_plan *p)
{
	long r = 0;

	for (size_t i = 0; i < p->n_sources && r >= 0; i++) {
		init_report_item(p, i);
		r = init_source_open(p, &p->sources[i]);
	}
	return r;
}

/* The directories of a v1 machine: a tree of the container's own group per hierarchy. */
static long fill_cgroups(const struct init_plan *p, long fs, const struct init_mount *m)
{
	long r = 0;

	for (size_t i = 0; i < m->n_cgroups && r >= 0; i++) {
		const struct init_cgroup *g = &m->cgroups[i];

		r = RAW(mkdirat, fs, g->name, DIR_MODE);
		if (r >= 0)
			r = RAW(move_mount, g->tree_fd, "", fs, g->name, MOVE_MOUNT_F_EMPTY_PATH);
		if (r >= 0 && p->old_mounts)
			r = init_mount_set_old(g->tree_fd,
					       &(struct mount_attr){ .attr_set = m->tree_attr_set,
								     .propagation = MS_PRIVATE_ },
					       0);
	}
	for (size_t i = 0; i < m->n_cgroup_links && r >= 0; i++)
		r = RAW(symlinkat, m->cgroup_links[i].target, fs, m->cgroup_links[i].name);
	return r < 0 || !(m->tree_attr_set & MOUNT_ATTR_RDONLY) ? r : init_mount_readonly(p, fs);
}

/* By the one system call, over the directory that we are in for a moment. */
static long mount_at_once(const struct init_mount *m, long target, long root)
{
	const unsigned long flags = init_mount_old_flags(m->attr_set);
	long r = m->data ? RAW(fchdir, target) : -EOPNOTSUPP, back;

	if (r < 0)
		return r;
	r = RAW(mount, m->options[0].value, ".", m->fstype, flags, m->data);
	back = RAW(fchdir, root);
	return back < 0 ? -ENOTRECOVERABLE : r;
}

/* Upon target, an O_PATH descriptor. */
static long mount_at(const struct init_plan *p, const struct init_mount *m, long target)
{
	long tree = m->tree_fd >= 0 ? m->tree_fd : init_mount_new(m), r = tree;

	if (r >= 0 && m->copy_up)
		r = init_copy_up(tree, target);
	if (r >= 0)
		r = init_place_explain(m, target, init_mount_move(tree, target));
	if (r >= 0 && m->kind == INIT_MOUNT_CGROUP && m->n_cgroups)
		r = fill_cgroups(p, tree, m);
	if (r >= 0 && m->kind != INIT_MOUNT_BIND && m->propagation)
		r = init_mount_set(p, tree, &(struct mount_attr){ .propagation = m->propagation });
	if (r >= 0 && m->kind == INIT_MOUNT_BIND && p->old_mounts)
		r = init_place_set_bind(m, tree);
	if (r >= 0 && m->late_readonly)
		p->late->fds[p->late->n++] = (int)tree;
	else if (tree >= 0 && m->tree_fd < 0)
		(void)RAW(close, tree);
	return r;
}

static long mount_one(const struct init_plan *p, const struct init_mount *m, long root)
{
	long target, r;

	if (m->kind == INIT_MOUNT_LINK)
		return init_place_link(p, m);
	target = init_place_open(m);
	if (target == -ELOOP && m->no_links)
		return init_report_failed(p, INIT_NOT_A_DIRECTORY, target);
	if (target < 0)
		return target;
	r = init_place_check(p, m, target);
	if (r >= 0 && m->kind == INIT_MOUNT_AGAIN) {
		r = init_place_change(p, m, target);
	} else if (r >= 0) {
		r = mount_at_once(m, target, root);
		if (r < 0 && r != -ENOTRECOVERABLE)
			r = mount_at(p, m, target);
	}
	(void)RAW(close, target);
	return r;
}

static long step_mounts(const struct init_plan *p)
{
	long root = p->n_mounts ? RAW(openat, AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	long r = 0;

	if (p->n_mounts && root < 0)
		return root;
	for (size_t i = 0; i < p->n_mounts && r >= 0; i++) {
		init_report_item(p, i);
		r = mount_one(p, &p->mounts[i], root);
	}
	(void)RAW(close, root);
	return r;
}

static long step_devices(const struct init_plan *p)
{
	static char dev_path[] = "dev";
	long dev, r = 0;

	if (!p->n_devices && !p->n_links)
		return 0;
	/* An image whose /dev is a link must not have our devices made where it leads. */
	dev = raw_path_open_or_make(dev_path, true, true);
	if (dev < 0)
		return dev;
	for (size_t i = 0; i < p->n_devices && r >= 0; i++) {
		const struct init_device *d = &p->devices[i];
		const char *name = init_device_name(d->path);

		init_report_item(p, i);
		r = name ? init_device_make(p, (int)dev, name, d)
			 : init_device_make_at(p, d->path, d);
	}
	for (size_t i = 0; i < p->n_links && r >= 0; i++) {
		r = RAW(symlinkat, p->links[i].target, dev, p->links[i].name);
		if (r == -EEXIST)
			r = 0;
	}
	(void)RAW(close, dev);
	return r;
}

/* All is mounted and the host's tree still there: hooks of the runtime, then the container's. */
static long step_runtime_hooks(const struct init_plan *p)
{
	return p->ask_hooks ? ask(p, INIT_ASK_HOOKS) : 0;
}

static long step_create_hooks(const struct init_plan *p)
{
	return init_hook_run_all(p, &p->create_container);
}

static long step_terminal(const struct init_plan *p)
{
	long master, slave, r;

	if (!p->terminal)
		return 0;
	r = init_terminal_open(p, &master, &slave);
	if (r >= 0)
		r = init_terminal_send(p->console_socket, master);
	if (r < 0)
		return r;
	(void)RAW(close, master);
	if (p->new_root)
		r = init_terminal_bind(slave);
	/* The user's; its group stays devpts's own (tty). */
	if (r >= 0 && p->uid)
		r = RAW(fchown, slave, p->uid, -1);
	if (r >= 0)
		r = RAW(ioctl, slave, TIOCSCTTY, 0);
	for (int fd = 0; fd < FIRST_FD && r >= 0; fd++)
		r = RAW(dup3, slave, fd, 0);
	return r;
}

static long step_masked(const struct init_plan *p)
{
	struct init_covers covers = { .empty = -1 };
	long r = 0;

	for (size_t i = 0; i < p->n_masked && r >= 0; i++) {
		long target = raw_path_open(p->masked_paths[i], false);

		init_report_item(p, i);
		if (target == -ENOENT || target == -ENOTDIR)
			continue;
		r = target < 0 ? target : init_cover(p, target, &covers);
		if (target >= 0)
			(void)RAW(close, target);
	}
	return r;
}

static long step_readonly(const struct init_plan *p)
{
	for (size_t i = 0; i < p->n_readonly; i++) {
		long target, tree, r;

		init_report_item(p, i);
		target = raw_path_open(p->readonly_paths[i], false);
		if (target == -ENOENT || target == -ENOTDIR)
			continue;
		if (target < 0)
			return target;
		tree = RAW(open_tree, target, "",
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
		r = tree < 0 ? tree : init_mount_move(tree, target);
		if (r >= 0)
			r = init_mount_readonly(p, tree);
		if (tree >= 0)
			(void)RAW(close, tree);
		(void)RAW(close, target);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A root that shares mounts cannot be pivoted to, so that it does comes last. */
static long step_root_propagation(const struct init_plan *p)
{
	return p->root_propagation ? RAW(mount, 0, "/", 0, p->root_propagation, 0) : 0;
}

static long step_root_flags(const struct init_plan *p)
{
	long root, r;

	if (!p->root_readonly)
		return 0;
	root = RAW(openat, AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return root;
	r = init_mount_readonly(p, root);
	(void)RAW(close, root);
	return r;
}

/* Made as root when it is missing; a user who may not enter it has no business in it. */
static long step_cwd(const struct init_plan *p)
{
	long fd = raw_path_open_or_make(p->cwd, true, false), r;

	if (fd < 0)
		return fd;
	r = RAW(fchdir, fd);
	(void)RAW(close, fd);
	if (r < 0)
		return r;
	/* "(unreachable)…" is a directory outside of the root that was smuggled in. */
	r = RAW(getcwd, p->scratch, INIT_SCRATCH_SIZE);
	if (r < 0 || p->scratch[0] != '/')
		return init_report_failed(p, INIT_CWD_OUTSIDE, r < 0 ? r : -ENOENT);
	return 0;
}

/* -- its descriptors -- */

static long step_descriptors(const struct init_plan *p)
{
	long r = 0;

	for (int i = 0; i < FIRST_FD && !p->terminal && r >= 0; i++) {
		r = p->stdio[i] == i ? RAW(fcntl, i, F_SETFD, 0) : RAW(dup3, p->stdio[i], i, 0);
		if (r >= 0 && p->uid)
			(void)init_descriptor_own(p, i);
	}
	for (size_t i = 0; i < p->n_preserve_fds && r >= 0; i++) {
		int to = FIRST_FD + (int)i;

		r = p->preserve_fds[i] == to ? RAW(fcntl, to, F_SETFD, 0)
					     : RAW(dup3, p->preserve_fds[i], to, 0);
	}
	if (r < 0)
		return r;
	/* What the caller had open and did not mark. */
	return init_descriptor_mark_from(FIRST_FD + (long)p->n_preserve_fds);
}

/* -- what it may do -- */

static long step_oom_score(const struct init_plan *p)
{
	return p->oom_score_adj ? init_proc_put(p, "self/oom_score_adj", p->oom_score_adj,
						p->oom_score_adj_len)
				: 0;
}

static long step_apparmor(const struct init_plan *p)
{
	long r;

	if (!p->apparmor)
		return 0;
	r = init_proc_put(p, "self/attr/apparmor/exec", p->apparmor, p->apparmor_len);
	return r == -ENOENT ? init_proc_put(p, "self/attr/exec", p->apparmor, p->apparmor_len) : r;
}

static long step_selinux(const struct init_plan *p)
{
	return p->selinux ? init_proc_put(p, "self/attr/exec", p->selinux, p->selinux_len) : 0;
}

static long step_rlimits(const struct init_plan *p)
{
	long r = 0;

	for (size_t i = 0; i < p->n_rlimits && r >= 0; i++) {
		init_report_item(p, i);
		r = RAW(prlimit64, 0, p->rlimits[i].resource, &p->rlimits[i].limit, 0);
	}
	return r;
}

static long load_seccomp(const struct init_plan *p)
{
	struct sock_fprog program = { .len = p->seccomp_len, .filter = (void *)p->seccomp };

	return p->seccomp_len ? RAW(seccomp, SECCOMP_SET_MODE_FILTER, p->seccomp_flags, &program)
			      : 0;
}

/*
 * The filter that asks somebody is in force from here on, so that any system call may have to wait
 * for them. Our parent takes the descriptor out of us and says so in memory, and we make none.
 */
static long load_notifying(const struct init_plan *p)
{
	struct init_notify *n = p->notify;
	long fd = ask(p, INIT_ASK_NOTIFY);

	if (fd >= 0)
		fd = load_seccomp(p);
	if (fd < 0)
		return fd;
	if (n->message) {
		n->fds[0] = (int)fd;
		fd = RAW(sendmsg, p->talk_fd, n->message, MSG_NOSIGNAL);
		if (fd < 0)
			return fd;
	} else {
		__atomic_store_n(&n->fd, (int)fd, __ATOMIC_RELEASE);
	}
	/* A few seconds of it: a parent that was killed says nothing any more. */
	for (uint64_t i = 0; i < NOTIFY_SPINS; i++)
		if (__atomic_load_n(&n->taken, __ATOMIC_ACQUIRE))
			return 0;
	return -ETIMEDOUT;
}

static long step_no_new_privs(const struct init_plan *p)
{
	return p->no_new_privs ? RAW(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) : 0;
}

static long step_bounding(const struct init_plan *p)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		long r = p->cap_bounding >> cap & 1 ? 0 : RAW(prctl, PR_CAPBSET_DROP, cap, 0, 0, 0);

		if (r == -EINVAL) /* behind the last one that the kernel knows */
			break;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Without no_new_privs, loading a filter needs a privilege that is about to go. */
static long step_seccomp_early(const struct init_plan *p)
{
	if (p->no_new_privs)
		return 0;
	return p->notify ? load_notifying(p) : load_seccomp(p);
}

/* The listener is to be connected while our parent is there, which a held process's is not. */
static long step_seccomp_notify(const struct init_plan *p)
{
	return p->no_new_privs && p->notify ? load_notifying(p) : 0;
}

static long step_user(const struct init_plan *p)
{
	long r = p->uid ? RAW(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0) : 0;

	if (r >= 0)
		r = RAW(setgroups, p->n_groups, p->groups);
	if (r == -EPERM && p->groups_may_stay)
		r = 0;
	if (r >= 0)
		r = RAW(setresgid, p->gid, p->gid, p->gid);
	if (r >= 0)
		r = RAW(setresuid, p->uid, p->uid, p->uid);
	return r;
}

static long step_capabilities(const struct init_plan *p)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	long r = RAW(capset, &header, p->caps.data);

	for (unsigned cap = 0; cap < 64 && r >= 0; cap++)
		if (p->cap_ambient >> cap & 1)
			r = RAW(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
	return r;
}

/* After the last change of credentials, since each of them forgets it. */
static long step_parent(const struct init_plan *p)
{
	struct pollfd parent = { .fd = p->parent_fd, .events = POLLIN };
	struct {
		long seconds, nanoseconds;
	} now = { 0, 0 };
	long r;

	if (p->parent_fd < 0)
		return 0;
	r = RAW(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (r < 0)
		return r;
	/* It may be dead already, and would then not send the signal. */
	r = RAW(ppoll, &parent, 1, &now, 0, 0);
	return r > 0 ? -EOWNERDEAD : r;
}

/* -- what it runs -- */

static long step_seccomp_late(const struct init_plan *p)
{
	return p->no_new_privs && !p->notify ? load_seccomp(p) : 0;
}

static long step_start_hooks(const struct init_plan *p)
{
	return init_hook_run_all(p, &p->start_container);
}

/*
 * A held container without a program fails at once: engines expect it of create, and can tell
 * their users no exact exit status when it fails at its start. Before a filter forbids to look.
 */
static long step_find(const struct init_plan *p)
{
	return p->hold_fd < 0 ? 0 : init_program_find(p);
}

static long step_exec(const struct init_plan *p)
{
	static const unsigned long none = 0;
	struct statx st;
	long r = -ENOENT;

	(void)RAW(rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
	(void)RAW(umask, p->umask);
	for (size_t i = 0; p->candidates[i]; i++) {
		r = RAW(execve, p->candidates[i], p->argv, p->envp);
		/* As a search does: a directory, or what may not be executed, is passed over. */
		if (!p->search_path || (r != -ENOENT && r != -ENOTDIR && r != -EACCES))
			return init_program_explain(p, p->candidates[i], r);
	}
	/* Absent and there: it is its interpreter that is absent. */
	for (size_t i = 0; p->candidates[i]; i++)
		if (RAW(execve, p->candidates[i], p->argv, p->envp) == -ENOENT &&
		    RAW(statx, AT_FDCWD, p->candidates[i], 0, STATX_TYPE, &st) >= 0)
			return init_report_failed(p, INIT_NO_INTERPRETER, -ENOENT);
	return init_report_failed(p, INIT_NOT_IN_PATH, -ENOENT);
}

/* The order is explained at the top; the name is what a message says was being done. */
const struct init_step init_steps[] = {
	{ "reset signals", step_signals },
	{ "set CPU affinity", init_policy_affinity_initial },
	{ "join control groups", step_cgroups },
	{ "set final CPU affinity", init_policy_affinity_final },
	{ "join namespace", step_setns },
	{ "make a time namespace", step_time },
	{ "map users and take interfaces", step_maps },
	{ "make a session and its keyring", step_session },
	{ "make mounts private", step_private },
	{ "open mount source", step_sources },
	{ "change root", step_root },
	{ "become root of the user namespace", step_become_root },
	{ "bring the loopback device up", step_loopback },
	{ "set hostname", step_hostname },
	{ "mount", step_mounts },
	{ "make device", step_devices },
	{ "run prestart and createRuntime hooks", step_runtime_hooks },
	{ "run createContainer hook", step_create_hooks },
	{ "open a terminal", step_terminal },
	{ "set sysctl", init_proc_sysctls },
	{ "set oom_score_adj", step_oom_score },
	{ "mask", step_masked },
	{ "make read-only", step_readonly },
	{ "open its own namespaces", init_entry_keep },
	{ "make mounts read-only that are filled", init_place_late_readonly },
	{ "set flags of the root mount", step_root_flags },
	{ "leave the old root", step_late_pivot },
	{ "set propagation of the root mount", step_root_propagation },
	{ "enter working directory", step_cwd },
	{ "find the program", step_find },
	{ "set AppArmor profile", step_apparmor },
	{ "set SELinux label", step_selinux },
	{ "pass descriptors on", step_descriptors },
	{ "set scheduler", init_policy_scheduler },
	{ "set I/O priority", init_policy_io_priority },
	{ "set memory policy", init_policy_memory_policy },
	{ "set personality", init_policy_personality },
	{ "set rlimit", step_rlimits },
	{ "set no_new_privs", step_no_new_privs },
	{ "drop capabilities from the bounding set", step_bounding },
	{ "load seccomp filter", step_seccomp_early },
	{ "set user and groups", step_user },
	{ "set capabilities", step_capabilities },
	{ "tie its life to its parent's", step_parent },
	{ "load seccomp filter", step_seccomp_notify },
	{ "wait for the start", init_hold },
	{ "run startContainer hook", step_start_hooks },
	{ "load seccomp filter", step_seccomp_late },
	{ "exec", step_exec },
};
const uint16_t init_steps_count = sizeof(init_steps) / sizeof(init_steps[0]);

int init_main(void *arg)
{
	const struct init_plan *p = arg;
	long r = 0;

	for (uint16_t i = 0; i < init_steps_count && r >= 0; i++) {
		p->report->step = i;
		p->report->item = 0;
		r = init_steps[i].run(p);
	}
	p->report->error = (int32_t)r;
	/* Nobody waits in a system call for a held one, so it says it aloud, and what it was to
	 * run. */
	if (p->hold_fd >= 0)
		(void)RAW(writev, p->hold_fd, p->last_words, 2);
	(void)RAW(exit_group, INIT_FAILED);
	return INIT_FAILED;
}
