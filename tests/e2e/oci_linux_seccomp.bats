#!/usr/bin/env bats
# linux.seccomp: actions, conditions, architectures, flags, and listeners.
load helper
load oci_box

prepare() {
	gcc -O1 -o "$OCI/listener" "$berth_source/tests/lib/seccomp_listener.c"
	# Calls chdir, mkdir and personality(ARG): what each came back with.
	cat >"$OCI/call.c" <<-'C'
		#include <errno.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <sys/personality.h>
		#include <sys/stat.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		int main(int argc, char **argv)
		{
			for (int i = 1; i < argc; i++) {
				char *end;
				unsigned long n = strtoul(argv[i], &end, 16);
				errno = 0;
				if (*end == 'h') (void)!syscall(SYS_chdir, "/");
				else if (*end == 'n') (void)!syscall(1000);
				else (void)!syscall(SYS_personality, n);
				printf("%d ", errno);
				fflush(stdout);
			}
			return 0;
		}
	C
	gcc -static -O1 -w -o "$bundle/rootfs/call" "$OCI/call.c"
}

seccomp() { # seccomp MEMBERS
	linux_more=",\"seccomp\":{$1}"
}

rule() { # rule NAME ACTION [MORE]
	echo "{\"names\":[\"$1\"],\"action\":\"SCMP_ACT_$2\"${3-}}"
}

@test "each action does what it says" {
	seccomp "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[$(rule chdir ERRNO)]"
	run_box t-errno "/call h 0"
	expect_output "1 0 "
	seccomp "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[$(rule chdir ERRNO ',"errnoRet":38')]"
	run_box t-ret "/call h"
	expect_output "38 "
	for kill in KILL KILL_THREAD KILL_PROCESS TRAP; do
		seccomp "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[$(rule chdir $kill)]"
		run_box t-kill "/call h; echo \$?"
		expect_contains 159
	done
	seccomp "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[$(rule chdir TRACE ',"errnoRet":1')]"
	run_box t-trace "/call h"
	expect_output "38 "
	seccomp "\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[$(rule chdir ERRNO),{\"names\":[\"no_such_call\"],\"action\":\"SCMP_ACT_KILL\"}]"
	run_box t-log "/call h 0"
	expect_output "1 0 "
}

@test "a default action of errors has its number, and new system calls look absent" {
	allowed=$(berth-oci features >/dev/null; echo '"read","write","close","fstat","newfstatat","mmap","munmap","mprotect","brk","rt_sigaction","rt_sigprocmask","execve","exit_group","exit","arch_prctl","set_tid_address","set_robust_list","rseq","prlimit64","getrandom","readlink","readlinkat","uname","access","openat","ioctl","getuid","geteuid","getgid","getegid","setgroups","setresuid","setresgid","capset","prctl","fcntl","lseek","fork","vfork","clone","wait4","getpid","getppid","stat","lstat","dup3","dup2","close_range","umask","futex","seccomp","statx","sigaltstack","rt_sigreturn","personality","poll","ppoll","setsid","madvise","gettid","tgkill","chown","fchown"')
	seccomp "\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":5,\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],\"syscalls\":[{\"names\":[$allowed],\"action\":\"SCMP_ACT_ALLOW\"}]"
	run_box t-default "/call h 0 n"
	expect_output "5 0 38 "
}

@test "every operator decides by its argument" {
	while read -r op value two calls want; do
		seccomp "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[$(rule personality ERRNO ",\"args\":[{\"index\":0,\"value\":$value,\"valueTwo\":$two,\"op\":\"SCMP_CMP_$op\"}]")]"
		run_box t-op "/call $calls"
		expect_output "${want//,/ } " || { echo "operator $op" >&2; return 1; }
	done <<-ROWS
		NE 0 0 0 0
		EQ 0 0 0 1
		LT 8 0 0 1
		LE 8 0 8 1
		GT 0 0 0 0
		GE 0 0 0 1
		MASKED_EQ 8 8 8 1
	ROWS
}

@test "two conditions on one argument mean either" {
	seccomp "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[$(rule personality ERRNO ',"args":[{"index":0,"value":8,"op":"SCMP_CMP_EQ"},{"index":0,"value":0,"op":"SCMP_CMP_EQ"}]')]"
	run_box t-either "/call 0 8 ffffffff"
	expect_output "1 1 0 "
}

@test "the filter holds with and without new privileges, and for exec" {
	seccomp "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\",\"SECCOMP_FILTER_FLAG_TSYNC\"],\"syscalls\":[$(rule chdir ERRNO)]"
	process_more=',"noNewPrivileges":true'
	box "/call h; grep -E 'Seccomp:|NoNewPrivs' /proc/self/status | tr -d '\\\\n\\\\t'; sleep 1000"
	oci run -d -b "$bundle" t-nnp >"$OCI/out" 3>&-
	eventually grep -q Seccomp "$OCI/out"
	grep -q "^1 NoNewPrivs:1Seccomp:2" "$OCI/out"
	run oci exec t-nnp /call h
	expect_output "1 "
}

@test "a listener gets the filter with the state, whatever the filter is about" {
	for nnp in false true; do
		rm -f "$OCI/listen" "$OCI/state.json"
		"$OCI/listener" "$OCI/listen" "$OCI/state.json" 2 3>&- &
		eventually test -S "$OCI/listen"
		process_more=",\"noNewPrivileges\":$nnp"
		top_more=',"annotations":{"a":"b"}'
		seccomp "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$OCI/listen\",\"listenerMetadata\":\"some \\\"data\\\"\",\"syscalls\":[$(rule chdir NOTIFY),$(rule mkdirat NOTIFY)]"
		box "/call h; sleep 1000"
		oci create -b "$bundle" t-listen >"$OCI/out" 3>&-
		pid=$(oci state t-listen | sed -n 's/.*"pid": \([0-9]*\),/\1/p')
		[ "$(cat "$OCI/state.json")" = "{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":$pid,\"metadata\":\"some \\\"data\\\"\",\"state\":{\"ociVersion\":\"1.3.0\",\"id\":\"t-listen\",\"status\":\"creating\",\"pid\":$pid,\"bundle\":\"$bundle\",\"annotations\":{\"a\":\"b\"}}}" ]
		oci start t-listen
		eventually grep -q "^71 " "$OCI/out"
		run oci exec t-listen /call h
		expect_output "71 "
		grep -q '"status":"running"' "$OCI/state.json"
		oci delete --force t-listen
	done
}

@test "a filter that asks about everything still gets its container to run" {
	"$OCI/listener" "$OCI/listen2" "$OCI/state.json" 3>&- &
	eventually test -S "$OCI/listen2"
	# What the runtime itself would use to tell of it.
	seccomp "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$OCI/listen2\",\"syscalls\":[$(rule sendmsg NOTIFY),$(rule sendto NOTIFY),$(rule futex NOTIFY)]"
	process_more=',"noNewPrivileges":true'
	run_box t-all "echo runs"
	expect_output runs
}

@test "without a listener there, nothing is made" {
	seccomp "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$OCI/absent\",\"syscalls\":[$(rule chdir NOTIFY)]"
	run_box t-absent true
	expect_status 125
	expect_contains "linux.seccomp.listenerPath: $OCI/absent"
	seccomp "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[$(rule chdir NOTIFY)]"
	run_box t-none true
	expect_contains "listenerPath: is needed"
	oci_nothing_left
}

@test "what is unknown is refused by name" {
	seccomp '"defaultAction":"SCMP_ACT_SLEEP"'
	run_box t-action true
	expect_contains SCMP_ACT_SLEEP
	seccomp '"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_PDP11"]'
	run_box t-arch true
	expect_contains SCMP_ARCH_PDP11
	seccomp '"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_WHAT"]'
	run_box t-flag true
	expect_contains SECCOMP_FILTER_FLAG_WHAT
	seccomp "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[$(rule chdir ERRNO ',"args":[{"index":0,"value":0,"op":"SCMP_CMP_IS"}]')]"
	run_box t-op true
	expect_contains SCMP_CMP_IS
}
