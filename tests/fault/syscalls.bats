#!/usr/bin/env bats
# A tracer fails the nth system call of a kind, for every n until the command gets through: each time
# the command says so with docker's status for a failing engine, and nothing is left.
load ../e2e/helper

# inject PROGRAM-STAGE CALL ERRNO LIMIT COMMAND...: strace fails the nth CALL for n = 1, 2, ...
inject() {
	local call=$1 errno=$2 limit=$3 n out
	shift 3
	for n in $(seq "$limit"); do
		out=$BATS_TEST_TMPDIR/out.$call.$n
		if timeout 20 strace -f -qq -o /dev/null -e trace="$call" -e "inject=$call:error=$errno:when=$n" "$@" >"$out" 2>&1; then
			[ "$n" -gt 1 ] || echo "# $call: never failed" >&3
			return 0
		fi
		# A failing command says why, in a line of its own.
		[ -s "$out" ] || { echo "$call $n: no message"; return 1; }
	done
}

for_each_call() {
	local call
	for call in "$@"; do
		inject "$call" ENOMEM 60 berth run --rm --network none busybox true
		remove_all
		expect_nothing_left || { echo "after failing $call"; return 1; }
	done
}

@test "run: failing file system calls leaves nothing" {
	for_each_call mkdirat openat2 pwrite64 symlinkat fchownat renameat2 ftruncate
}

@test "run: failing mount calls leaves nothing" {
	for_each_call fsopen fsconfig fsmount move_mount open_tree mount_setattr pivot_root umount2 mount
}

@test "run: failing process calls leaves nothing" {
	for_each_call clone3 clone vfork execveat execve memfd_create pidfd_open socketpair epoll_ctl setsid
}

@test "run: failing privilege calls leaves nothing" {
	for_each_call capset prctl setgroups setgid setuid seccomp sethostname prlimit64 close_range
}
