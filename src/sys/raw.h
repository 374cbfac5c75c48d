/*
 * raw.h - system calls without libc
 *
 * For code that runs in another process's memory (between a CLONE_VM clone and exec): no errno, no
 * thread-local storage, no cancellation points, no symbol to link. Results are the kernel's: a
 * negative errno on failure.
 */
#ifndef SYS_RAW_H
#define SYS_RAW_H

#include <sys/syscall.h>

#if defined(__x86_64__)
static inline long raw_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long raw_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "write down how this architecture makes a system call"
#endif

/* RAW(openat, dirfd, path, flags): up to six arguments, pointers or integers. */
#define RAW_ARG_(x)        ((long)(x))
#define RAW_0_(n)          raw_syscall6(n, 0, 0, 0, 0, 0, 0)
#define RAW_1_(n, a)       raw_syscall6(n, RAW_ARG_(a), 0, 0, 0, 0, 0)
#define RAW_2_(n, a, b)    raw_syscall6(n, RAW_ARG_(a), RAW_ARG_(b), 0, 0, 0, 0)
#define RAW_3_(n, a, b, c) raw_syscall6(n, RAW_ARG_(a), RAW_ARG_(b), RAW_ARG_(c), 0, 0, 0)
#define RAW_4_(n, a, b, c, d)                                                                      \
	raw_syscall6(n, RAW_ARG_(a), RAW_ARG_(b), RAW_ARG_(c), RAW_ARG_(d), 0, 0)
#define RAW_5_(n, a, b, c, d, e)                                                                   \
	raw_syscall6(n, RAW_ARG_(a), RAW_ARG_(b), RAW_ARG_(c), RAW_ARG_(d), RAW_ARG_(e), 0)
#define RAW_6_(n, a, b, c, d, e, f)                                                                \
	raw_syscall6(n, RAW_ARG_(a), RAW_ARG_(b), RAW_ARG_(c), RAW_ARG_(d), RAW_ARG_(e),           \
		     RAW_ARG_(f))
#define RAW_PICK_(n, a, b, c, d, e, f, name, ...) name
#define RAW(name, ...)                                                                             \
	RAW_PICK_(SYS_##name, ##__VA_ARGS__, RAW_6_, RAW_5_, RAW_4_, RAW_3_, RAW_2_, RAW_1_,       \
		  RAW_0_)                                                                          \
	(SYS_##name, ##__VA_ARGS__)

#endif
