/*
 * clone3.c - a child with a stack of its own
 */
#include "sys/clone3.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>

/* From <sched.h>, whose constants clash with those of <linux/sched.h>. */
int clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);

/*
 * The child comes back from the system call on the new, empty stack, so it must not return into
 * this function: it calls request->run right there, with both values from registers that the
 * kernel keeps.
 */
static long call(const struct clone_args *args, int (*run)(void *), void *arg)
{
	long result;
#if defined(__x86_64__)
	register long nr __asm__("rax") = SYS_clone3;
	register const void *a __asm__("rdi") = args;
	register long size __asm__("rsi") = sizeof(*args);
	register void *run_ __asm__("r12") = (void *)run;
	register void *arg_ __asm__("r13") = arg;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[exit_nr], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "+r"(nr)
			 : "r"(a), "r"(size), "r"(run_), "r"(arg_), [exit_nr] "i"(SYS_exit)
			 : "rcx", "r11", "memory");
	result = nr;
#elif defined(__aarch64__)
	register long nr __asm__("x8") = SYS_clone3;
	register long a __asm__("x0") = (long)args;
	register long size __asm__("x1") = sizeof(*args);
	register void *run_ __asm__("x10") = (void *)run;
	register void *arg_ __asm__("x11") = arg;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, #0\n\t"
			 "mov x0, x11\n\t"
			 "blr x10\n\t"
			 "mov x8, %[exit_nr]\n\t"
			 "svc #0\n"
			 "1:"
			 : "+r"(a)
			 : "r"(nr), "r"(size), "r"(run_), "r"(arg_), [exit_nr] "i"(SYS_exit)
			 : "memory");
	result = a;
#else
#error "write down how this architecture enters a child"
#endif
	return result;
}

pid_t clone3_start(const struct clone3_request *rq)
{
	struct clone_args args = {
		.flags = rq->flags,
		.pidfd = (uintptr_t)rq->pidfd,
		/* A sibling's is its parent's own. */
		.exit_signal = rq->flags & CLONE_PARENT ? 0 : SIGCHLD,
		.stack = (uintptr_t)rq->stack,
		.stack_size = rq->stack_size,
	};
	int pid;

	if (rq->cgroup_dir >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)rq->cgroup_dir;
		return (pid_t)call(&args, rq->run, rq->arg);
	}
	pid = clone(rq->run, (char *)rq->stack + rq->stack_size,
		    (int)((uint32_t)rq->flags | args.exit_signal), rq->arg, rq->pidfd, NULL, NULL);
	return pid < 0 ? -errno : pid;
}
