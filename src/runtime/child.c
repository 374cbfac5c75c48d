/*
 * child.c - making the child that carries a plan out, and hearing how far it came
 *
 * The child shares our memory. Normally we are suspended (CLONE_VFORK) until it executes its
 * program or exits, and read its report where it wrote it. A held child runs beside us, and
 * perhaps beside nobody: it has both ends of a socket pair,
 *
 *	child                       creator, or releaser
 *	HELD            ->                                  it is set up and waits
 *	                <-          GO
 *	(end of file)   ->                                  the program runs: both ends were closed
 *	report          ->                                  or does not
 *
 * so that whoever comes later takes the second end out of the child with pidfd_getfd(). HELD is
 * only peeked at and stays in the queue: it is how that end is recognised.
 *
 * One that has things to ask for (maps of its user namespace, hooks) runs beside us as well, and
 *has one end of another pair: it writes what it wants, we do it and write GO. That it runs its
 *program, is held, or has died is the end of that file.
 */
#include "runtime/child.h"

#include "base/own.h"
#include "runtime/report.h"
#include "sys/clone3.h"
#include "sys/namespace.h"
#include "sys/proc.h"
#include "sys/raw.h"

#include <dirent.h>
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_SIZE = 128 * 1024, STACK_ALIGN = 16 };

static int make_pair(int type, int ret[2], struct err *err)
{
	return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret) < 0 ? err_sys(err, "socketpair")
								    : 0;
}

/* The PID and time namespaces of children can be changed and changed back; it costs no process of
 * its own. */
static int enter_ns(int fd, int kind, int *ret_own, struct err *err)
{
	OWN(fd) int own = namespace_own(namespace_name(kind));

	if (own < 0)
		return err_code(err, own, "our own %s namespace", namespace_name(kind));
	if (syscall(SYS_setns, fd, kind) < 0)
		return err_sys(err, "joining the container's %s namespace", namespace_name(kind));
	*ret_own = take_fd(&own);
	return 0;
}

/* Joins namespaces with the privileges that we have here, and gives birth to the child in them. */
struct midwife {
	const struct child_request *rq;
	struct clone3_request *birth;
	size_t joined;
	long result; /* the child's number, or a negative errno */
};

static int midwife_main(void *arg)
{
	struct midwife *m = arg;

	m->result = 0;
	for (; m->joined < m->rq->n_before && m->result >= 0; m->joined++)
		m->result = RAW(setns, m->rq->before[m->joined].fd, m->rq->before[m->joined].flags);
	if (m->result >= 0)
		m->result = clone3_start(m->birth);
	return 0;
}

/* The child is ours all the same (CLONE_PARENT). Its pidfd is found afterwards: until we reap it
 * nobody else gets its number. */
static pid_t deliver(const struct child_request *rq, struct arena *a, struct clone3_request *birth)
{
	struct midwife m = { .rq = rq, .birth = birth, .result = -ECHILD };
	struct clone3_request request = { .flags = CLONE_VM | CLONE_VFORK,
					  .stack = arena_alloc(a, STACK_SIZE + STACK_ALIGN),
					  .stack_size = STACK_SIZE,
					  .cgroup_dir = -1,
					  .run = midwife_main,
					  .arg = &m };
	int *pidfd = birth->pidfd;
	pid_t pid;

	birth->flags = (birth->flags & ~(uint64_t)CLONE_PIDFD) | CLONE_PARENT;
	birth->pidfd = NULL;
	pid = clone3_start(&request);
	birth->pidfd = pidfd;
	if (pid < 0)
		return pid;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (m.result > 0)
		*pidfd = (int)syscall(SYS_pidfd_open, (pid_t)m.result, 0);
	return (pid_t)m.result;
}

static pid_t give_birth(const struct child_request *rq, struct arena *a,
			struct clone3_request *request)
{
	return rq->n_before ? deliver(rq, a, request) : clone3_start(request);
}

static pid_t clone_child(const struct child_request *rq, struct arena *a, int *ret_pidfd)
{
	char *stack = arena_alloc(a, STACK_SIZE + STACK_ALIGN);
	bool beside = rq->hold || rq->answer;
	struct clone3_request request = {
		.flags = rq->namespaces | CLONE_VM | CLONE_PIDFD | (beside ? 0 : CLONE_VFORK),
		.stack = stack,
		.stack_size = STACK_SIZE,
		.pidfd = ret_pidfd,
		.cgroup_dir = rq->cgroup_dir,
		.run = init_main,
		.arg = rq->plan,
	};
	sigset_t all, before;
	pid_t pid;

	/* No handler of ours may run in the child; it opens its mask itself before exec. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	/* Born in its v2 group, which is the last of them, it has one less to join. */
	if (request.cgroup_dir >= 0)
		rq->plan->n_cgroup_fds--;
	pid = give_birth(rq, a, &request);
	if (pid < 0 && request.cgroup_dir >= 0) {
		/* clone3(2) is missing here, or forbidden to us as in other containers. */
		rq->plan->n_cgroup_fds++;
		request.cgroup_dir = -1;
		pid = give_birth(rq, a, &request);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The message waits in the queue: it was sent before the child ran its program. */
static int receive_fd(int socket, int *ret, struct err *err)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) < 0)
		return err_sys(err, "receiving the terminal");
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int)))
		return err_set(err, -EIO, "receiving the terminal: nothing came");
	memcpy(ret, CMSG_DATA(c), sizeof(int));
	return 0;
}

/* What comes on the hold socket. */
struct message {
	struct init_report report;
	char name[INIT_NAME_MAX + 1]; /* of the program */
};

/* 1: held; 0: the program runs (or it died without a word); or a report's error. */
static int listen_to(int fd, int flags, struct message *m)
{
	const size_t head = sizeof(m->report);
	char bytes[sizeof(m->report) + INIT_NAME_MAX];
	ssize_t n;

	do
		n = recv(fd, bytes, sizeof(bytes), flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 1 && bytes[0] == INIT_HELD)
		return 1;
	if ((size_t)n < head)
		return 0;
	memcpy(&m->report, bytes, head);
	memcpy(m->name, bytes + head, (size_t)n - head);
	m->name[(size_t)n - head] = '\0';
	return m->report.error ? m->report.error : -EIO;
}

/* How far a child came that we made; *report is where it writes. */
static int outcome(const struct child_request *rq, pid_t pid, int hold_fd, int *ret_exit,
		   struct err *err)
{
	struct init_report *report = rq->plan->report;
	bool died;

	if (rq->hold) {
		struct message m = { 0 };
		int heard = listen_to(hold_fd, MSG_PEEK, &m);

		if (heard < 0 && !m.report.error) {
			/* It may be waiting, and nobody would know of it. */
			(void)kill(pid, SIGKILL);
			(void)reap(pid);
			return err_code(err, heard, "hearing from the container's process");
		}
		died = heard != 1;
	} else {
		died = report->error || report->step + 1 < init_steps_count;
	}
	if (!died)
		return 0;
	{
		int status = reap(pid);

		*ret_exit = REPORT_EXIT_SETUP;
		return report->error
			       ? report_failure(rq->plan, report, rq->plan->argv[0], ret_exit, err)
			       : report_death(report, status, err);
	}
}

int child_say_go(int talk, struct err *err)
{
	const char go = INIT_GO;

	/* One that has died does not read it; that is seen next. */
	if (send(talk, &go, 1, MSG_NOSIGNAL) == 1 || errno == EPIPE || errno == ECONNRESET)
		return 0;
	return err_sys(err, "answering the container's process");
}

/* Until the child has no more to ask for. */
static int converse(const struct child_request *rq, pid_t pid, int talk, struct err *err)
{
	unsigned char what;
	ssize_t n;

	for (;;) {
		int r;

		do
			n = recv(talk, &what, 1, 0);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return err_sys(err, "hearing from the container's process");
		if (n == 0)
			return 0;
		r = rq->answer(rq->answer_ctx, what, pid, talk, err);
		if (r < 0)
			return r;
	}
}

struct sockets {
	int hold[2], console[2], talk[2]; /* the child's, ours */
};

static void sockets_cleanup(struct sockets *s)
{
	for (int i = 0; i < 2; i++) {
		fd_cleanup(&s->hold[i]);
		fd_cleanup(&s->console[i]);
		fd_cleanup(&s->talk[i]);
	}
}

/* The namespaces of children that we change for a moment. */
struct own_ns {
	int pid, time;
};

static int enter_all(const struct child_request *rq, struct own_ns *own, struct err *err)
{
	int r = 0;

	if (rq->pid_ns_fd >= 0)
		r = enter_ns(rq->pid_ns_fd, CLONE_NEWPID, &own->pid, err);
	if (r == 0 && rq->time_ns_fd >= 0)
		r = enter_ns(rq->time_ns_fd, CLONE_NEWTIME, &own->time, err);
	return r;
}

/* Our clocks go back when nobody shares our memory any more; to a command that ends soon after that
 * makes no difference. */
static int leave_all(struct own_ns *own)
{
	int r = own->pid >= 0 && syscall(SYS_setns, own->pid, CLONE_NEWPID) < 0 ? -errno : 0;

	if (own->time >= 0)
		(void)syscall(SYS_setns, own->time, CLONE_NEWTIME);
	fd_cleanup(&own->pid);
	fd_cleanup(&own->time);
	return r;
}

/* From its birth on until it is where it was to come. */
static int accompany(const struct child_request *rq, pid_t pid, struct sockets *s,
		     struct runtime_process *ret, int *ret_exit, struct err *err)
{
	int r;

	fd_cleanup(&s->hold[0]);
	fd_cleanup(&s->console[0]);
	fd_cleanup(&s->talk[0]);
	if (rq->answer) {
		r = converse(rq, pid, s->talk[1], err);
		if (r < 0) {
			(void)kill(pid, SIGKILL);
			(void)reap(pid);
			return r;
		}
	}
	r = outcome(rq, pid, s->hold[1], ret_exit, err);
	if (r == 0 && rq->plan->terminal)
		r = receive_fd(s->console[1], &ret->console_fd, err);
	return r;
}

static int run(const struct child_request *rq, struct arena *a, struct sockets *s,
	       struct runtime_process *ret, int *ret_exit, struct err *err)
{
	struct own_ns own = { -1, -1 };
	OWN(fd) int pidfd = -1;
	pid_t pid;
	int r = enter_all(rq, &own, err);

	if (r < 0) {
		(void)leave_all(&own);
		return r;
	}
	pid = clone_child(rq, a, &pidfd);
	r = leave_all(&own);
	if (r < 0 && pid > 0) {
		/* Cannot be: a namespace that one lives in can always be chosen. */
		(void)kill(pid, SIGKILL);
		(void)reap(pid);
		return err_code(err, r, "returning to our PID namespace");
	}
	if (pid < 0)
		return err_code(err, pid, rq->n_before ? "joining namespaces and clone" : "clone");
	r = accompany(rq, pid, s, ret, ret_exit, err);
	if (r < 0)
		return r;
	ret->pid = pid;
	ret->pidfd = take_fd(&pidfd);
	ret->hold_fd = take_fd(&s->hold[1]);
	return 0;
}

static const struct iovec *last_words(const struct init_plan *p, struct arena *a)
{
	struct iovec *v = arena_array(a, 2, sizeof(*v));

	v[0] = (struct iovec){ p->report, sizeof(*p->report) };
	v[1] = (struct iovec){ (void *)p->argv[0], strnlen(p->argv[0], INIT_NAME_MAX) };
	return v;
}

int child_start(const struct child_request *rq, struct arena *a, struct runtime_process *ret,
		int *ret_exit, struct err *err)
{
	OWN(sockets) struct sockets s = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct init_plan *p = rq->plan;
	int r = 0;

	*ret_exit = REPORT_EXIT_SETUP;
	p->report = arena_new(a, struct init_report);
	p->last_words = last_words(p, a);
	p->scratch = arena_alloc(a, INIT_SCRATCH_SIZE);
	/*
	 * Dumpable is a property of memory, and the child's is ours: from now on neither can be
	 * traced by what runs in the container, which the child enters while it still is
	 * privileged.
	 */
	if (!rq->open_until_mapped)
		(void)prctl(PR_SET_DUMPABLE, 0);
	if (rq->hold)
		r = make_pair(SOCK_SEQPACKET, s.hold, err);
	if (r == 0 && p->terminal)
		r = make_pair(SOCK_STREAM, s.console, err);
	if (r == 0 && rq->answer)
		r = make_pair(SOCK_SEQPACKET, s.talk, err);
	if (r < 0)
		return r;
	p->hold_fd = s.hold[0];
	p->console_socket = s.console[0];
	p->talk_fd = s.talk[0];
	p->talk_far_fd = s.talk[1];
	return run(rq, a, &s, ret, ret_exit, err);
}

int child_release(struct runtime_process *process, int *ret_exit, struct err *err)
{
	struct message m = { 0 };
	char byte = INIT_GO;
	int r;

	*ret_exit = REPORT_EXIT_SETUP;
	if (send(process->hold_fd, &byte, 1, MSG_NOSIGNAL) != 1)
		return err_sys(err, "starting the held program");
	do
		r = listen_to(process->hold_fd, 0, &m);
	while (r == 1); /* the mark that it was held */
	(void)close(process->hold_fd);
	process->hold_fd = -1;
	if (m.report.error)
		return report_failure(NULL, &m.report, m.name, ret_exit, err);
	return r < 0 ? err_code(err, r, "starting the held program") : 0;
}

static bool is_hold(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);
	char byte = 0;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET &&
	       recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && byte == INIT_HELD;
}

static void dir_cleanup(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

int child_find_hold(pid_t pid, int pidfd, int *ret_fd, struct err *err)
{
	OWN(dir) DIR *dir = NULL;
	char path[64];
	struct dirent *e;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? err_set(err, -ESRCH, "process %d is gone", (int)pid)
				       : err_sys(err, "%s", path);
	while ((e = readdir(dir))) {
		char *end;
		long number = strtol(e->d_name, &end, 10);
		OWN(fd) int fd = *end || end == e->d_name ? -1 : proc_take_fd(pidfd, (int)number);

		if (fd >= 0 && is_hold(fd)) {
			*ret_fd = take_fd(&fd);
			return 0;
		}
	}
	return err_set(err, -EINVAL, "process %d does not wait to be started", (int)pid);
}
