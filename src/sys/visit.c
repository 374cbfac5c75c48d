/*
 * visit.c - work in another network namespace
 */
#include "sys/visit.h"

#include "base/mem.h"
#include "sys/clone3.h"

#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_SIZE = 256 * 1024 };

static int enter(int netns)
{
	return syscall(SYS_setns, netns, CLONE_NEWNET) < 0 ? -errno : 0;
}

/* -- a child for one call -- */

struct call {
	int netns;
	int (*fn)(void *arg);
	void *arg;
	int result;
};

static int run_call(void *arg)
{
	struct call *c = arg;

	c->result = enter(c->netns);
	if (c->result == 0)
		c->result = c->fn(c->arg);
	return 0;
}

/* Signals stay blocked while its stack is ours: no handler may run there. */
static int run_child(struct call *call, void *stack)
{
	struct clone3_request rq = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_FILES,
		.stack = stack,
		.stack_size = STACK_SIZE,
		.cgroup_dir = -1,
		.run = run_call,
		.arg = call,
	};
	sigset_t all, before;
	pid_t pid;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = clone3_start(&rq);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid < 0 ? pid : call->result;
}

int visit_network(int netns, int (*fn)(void *arg), void *arg)
{
	struct call call = { .netns = netns, .fn = fn, .arg = arg, .result = -ECHILD };
	void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int r;

	if (stack == MAP_FAILED)
		return -errno;
	r = run_child(&call, stack);
	(void)munmap(stack, STACK_SIZE);
	return r;
}

/* -- a thread that stays -- */

struct visit_home {
	pthread_mutex_t lock;
	pthread_cond_t asked, done;
	bool is_asked, is_done;
	struct call call;
	sigset_t mask; /* the caller's, which programs that it starts inherit */
};

static void *stay(void *arg)
{
	struct visit_home *h = arg;
	sigset_t all;

	(void)sigfillset(&all);
	(void)pthread_mutex_lock(&h->lock);
	for (;;) {
		while (!h->is_asked)
			(void)pthread_cond_wait(&h->asked, &h->lock);
		h->is_asked = false;
		(void)pthread_sigmask(SIG_SETMASK, &h->mask, NULL);
		h->call.result = h->call.fn(h->call.arg);
		(void)pthread_sigmask(SIG_SETMASK, &all, NULL);
		h->is_done = true;
		(void)pthread_cond_signal(&h->done);
	}
	return NULL;
}

static int start_thread(struct visit_home *h)
{
	pthread_t thread;
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&thread, NULL, stay, h);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r < 0 ? r : -pthread_detach(thread);
}

int visit_leave_home(int netns, struct visit_home **ret)
{
	struct visit_home *h = mem_alloc(sizeof(*h));
	int r;

	h->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	h->asked = h->done = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	r = start_thread(h);
	if (r < 0) {
		free(h);
		return r;
	}
	/* From here on the thread has it. */
	*ret = h;
	return enter(netns);
}

int visit_call_home(struct visit_home *h, int (*fn)(void *arg), void *arg)
{
	int r;

	if (!h)
		return fn(arg);
	(void)pthread_mutex_lock(&h->lock);
	h->call = (struct call){ .fn = fn, .arg = arg };
	(void)pthread_sigmask(SIG_SETMASK, NULL, &h->mask);
	h->is_done = false;
	h->is_asked = true;
	(void)pthread_cond_signal(&h->asked);
	while (!h->is_done)
		(void)pthread_cond_wait(&h->done, &h->lock);
	r = h->call.result;
	(void)pthread_mutex_unlock(&h->lock);
	return r;
}
