/*
 * seal_early.c - the sealed copy of a program is executed before libc begins
 *
 * A program that enters containers executes a sealed copy of itself (exec_sealed.h). Done in
 * main(), that starts libc twice, a fifth of all that a container costs: its questions to the
 * processor (cpuid) leave a virtual machine each time. So a program linked with `-e
 * seal_early_start` does it first thing: no libc, no thread-local storage, raw system calls.
 * Whatever fails here is left to exec_sealed_self(), which main() calls all the same and which
 * finds that nothing is left to do when this succeeded.
 */
#include "sys/raw.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)

#define EARLY __attribute__((no_stack_protector, no_sanitize("all")))

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

enum { PATH_BYTES = 4096, ENVIRONMENT = 1024 };

static const char self[] = "/proc/self/exe";

static EARLY bool same(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return *a == *b;
}

static EARLY bool begins(const char *a, const char *with)
{
	for (; *with && *a == *with; a++, with++)
		;
	return !*with;
}

/* The words of commands that enter a container; an option's value that is one costs time only. */
static EARLY bool enters(char *const *argv)
{
	for (; *argv; argv++)
		if (same(*argv, "run") || same(*argv, "create") || same(*argv, "exec") ||
		    same(*argv, "restore"))
			return true;
	return false;
}

static EARLY bool is_mount(int dirfd, const char *path, int flags)
{
	struct statx st = { .stx_attributes = 0 };

	return RAW(statx, dirfd, path, flags, STATX_TYPE, &st) == 0 &&
	       st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/*
 * The environment with the directory of the program, whose sealed copy is in none: what it executes
 * is beside it. NULL when that cannot be said here.
 */
static EARLY char **with_libexec(char **envp)
{
	static const char name[] = "BERTH_LIBEXEC=";
	static char text[sizeof(name) + PATH_BYTES], *all[ENVIRONMENT + 2];
	char *path = text + sizeof(name) - 1;
	long n = RAW(readlinkat, AT_FDCWD, self, path, PATH_BYTES);
	int count = 0;

	for (; count < ENVIRONMENT && envp[count]; count++) {
		if (begins(envp[count], name))
			return envp;
		all[count] = envp[count];
	}
	if (envp[count] || n <= 0 || n == PATH_BYTES)
		return NULL;
	while (n > 1 && path[n - 1] != '/')
		n--;
	path[n > 1 ? n - 1 : n] = '\0';
	for (int i = 0; name[i]; i++)
		text[i] = name[i];
	all[count] = text;
	return all;
}

/*
 * From seal_early_start with the stack as the kernel made it: argc, argv and a null, environment
 * and a null (System V ABI). Comes back when the program shall go on as it is.
 */
EARLY __attribute__((used)) void seal_early(long *stack);
EARLY void seal_early(long *stack)
{
	char **argv = (char **)(stack + 1), **envp = argv + stack[0] + 1;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV,
				   .propagation = 1UL << 18 /* MS_PRIVATE, of <sys/mount.h> */ };
	int fd;

	if (!enters(argv) || is_mount(AT_FDCWD, self, 0))
		return;
	envp = with_libexec(envp);
	if (!envp)
		return;
	fd = (int)RAW(open_tree, AT_FDCWD, self, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return;
	if (RAW(mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0 &&
	    is_mount(fd, "", AT_EMPTY_PATH))
		(void)RAW(execveat, fd, "", argv, envp, AT_EMPTY_PATH);
	(void)RAW(close, fd);
}

/* The program's entry. The kernel leaves %rdx 0 and the stack aligned; both are kept for libc's. */
void seal_early_start(void);
__asm__(".text\n"
	".globl seal_early_start\n"
	".type seal_early_start, @function\n"
	"seal_early_start:\n\t"
	"mov %rsp, %rdi\n\t"
	"mov %rsp, %rbx\n\t"
	"mov %rdx, %r12\n\t"
	"and $-16, %rsp\n\t"
	"call seal_early\n\t"
	"mov %rbx, %rsp\n\t"
	"mov %r12, %rdx\n\t"
	"jmp _start\n\t"
	".size seal_early_start, .-seal_early_start\n");

#endif
