#!/usr/bin/env bats
# A tracer fails the nth system call of a kind, for every n that there is, in one process of a run at a
# time: the command, the supervisor, the container before its program. Each time the run either
# succeeds whole, or fails with a message and docker's status for a failing engine; and nothing is
# left.
load ../e2e/helper

# More calls of one kind than any of the processes makes: a loop that gets there does not end.
LIMIT=100
SECONDS_MAX=20

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	export libexec=$BATS_FILE_TMPDIR/libexec
	mounts_before=$(wc -l </proc/self/mountinfo)
	export mounts_before
	mkdir "$libexec"
	gcc -O1 -o "$libexec/berth-shim" "$berth_source/tests/lib/traced_shim.c"
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
	# The first run makes the mount points that the image lacks, and the filter.
	berth run --rm busybox true
}

# traced WHO CALL N ERROR: runs a container while the Nth CALL of WHO fails; what was traced is in $trace.
traced() {
	local who=$1 options

	options=(-qq -o "$trace" -e "trace=$2" -e "inject=$2:error=$4:when=$3")
	set -- run --rm --network none busybox echo hello
	case $who in
	command)
		timeout -k 5 "$SECONDS_MAX" strace "${options[@]}" "$BERTH" "$@"
		return
		;;
	container) options+=(-f) ;; # which the supervisor shares: see `from`
	esac
	printf '%s\n' "${options[@]}" "$berth_build/berth-shim" >"$libexec/strace"
	BERTH_LIBEXEC=$libexec timeout -k 5 "$SECONDS_MAX" "$BERTH" "$@"
}

# A supervisor's tracer is nobody's child, and writes down what it saw when it ends.
tracer_ended() {
	! pgrep -x strace >/dev/null
}

# What a run may come to, by $status, $out and $errors.
is_acceptable() {
	case $status in
	0) [ "$out" = hello ] ;;
	125 | 126 | 127) [ -n "$errors" ] ;;
	*) false ;;
	esac
}

# fail_each WHO ERROR CALL...: for every CALL, its first time, its second, ... until there is none.
# $from[CALL] says where to begin: the container's calls are counted apart from the supervisor's
# and both fail, so only those can be tried that the supervisor does not reach.
declare -gA from
fail_each() {
	local who=$1 error=$2 call n

	shift 2
	for call in "$@"; do
		for ((n = ${from[$call]:-1}; n < LIMIT; n++)); do
			trace=$BATS_TEST_TMPDIR/trace
			: >"$trace"
			status=0
			out=$(traced "$who" "$call" "$n" "$error" 2>"$BATS_TEST_TMPDIR/errors" 3>&-) || status=$?
			errors=$(<"$BATS_TEST_TMPDIR/errors")
			is_acceptable || { echo "$who: $call $n fails: status $status, output '$out', errors '$errors'"; cat "$trace"; return 1; }
			eventually tracer_ended
			# The command is answered before the supervisor cleans up; what that cannot do, the next command does.
			expect_healed || { echo "$who: $call $n fails: see above"; cat "$trace"; return 1; }
			grep -q INJECTED "$trace" || break
		done
		# A call that was never made is a test that cannot fail.
		[ "$n" -gt "${from[$call]:-1}" ] || { echo "$who makes no $call"; return 1; }
		[ "$n" -lt "$LIMIT" ] || { echo "$who: $call fails more than $LIMIT times"; return 1; }
	done
}

@test "the command's calls for files" {
	fail_each command ENOSPC mkdirat pwrite64
	fail_each command EIO openat newfstatat pread64 read fgetxattr
}

@test "the command's calls for starting a supervisor" {
	fail_each command ENOMEM memfd_create socketpair fcntl vfork open_tree mount_setattr signalfd4 recvfrom
}

@test "the supervisor's calls for files" {
	fail_each supervisor ENOSPC mkdir pwritev write
	# Not read: EIO is how the end of a terminal is read.
	fail_each supervisor EIO openat unlinkat newfstatat getdents64
}

@test "the supervisor's calls for a tree of mounts" {
	fail_each supervisor ENOMEM openat2 open_tree mount_setattr fsopen fsconfig fsmount
}

@test "the supervisor's calls for processes and sockets" {
	fail_each supervisor ENOMEM clone3 pidfd_open pipe2 socket bind listen signalfd4 prctl setsid flock
}

@test "the container's calls for its tree" {
	from=([openat2]=7 [fsconfig]=7)
	fail_each container ENOMEM openat2 fsconfig move_mount mkdirat mknodat symlinkat fstatfs pivot_root umount2 mount
}

@test "the container's calls for its privileges" {
	from=([prctl]=3)
	fail_each container EPERM prctl setresuid setresgid setgroups capset seccomp sethostname keyctl dup3 ppoll
}

@test "the container's calls before its program" {
	from=([close_range]=3)
	fail_each container ENOMEM execve getcwd rt_sigaction
}

# on_old_kernel CALL ERROR COMMAND...: without one of the calls by which newer kernels mount an overlay
on_old_kernel() {
	local call=$1 error=$2 trace=$BATS_TEST_TMPDIR/trace
	shift 2
	strace -f -qq -s 2000 -o "$trace" -e trace="$call",mount -e inject="$call:error=$error" "$@"
}

@test "where overlayfs takes no layers one by one, files of a container that does not run are reached by mount(2)" {
	berth create --name box busybox sh -c 'cat /new' >/dev/null
	echo new >"$BATS_TEST_TMPDIR/new"
	for call in fsconfig:EINVAL fsopen:ENOSYS; do
		on_old_kernel "${call%:*}" "${call#*:}" "$BERTH" cp "$BATS_TEST_TMPDIR/new" box:/new
		grep -q 'mount("overlay", .*lowerdir=.*upperdir=' "$BATS_TEST_TMPDIR/trace"
		on_old_kernel "${call%:*}" "${call#*:}" "$BERTH" cp box:/new "$BATS_TEST_TMPDIR/got"
		cmp "$BATS_TEST_TMPDIR/new" "$BATS_TEST_TMPDIR/got"
		rm "$BATS_TEST_TMPDIR/got"
		run on_old_kernel "${call%:*}" "${call#*:}" "$BERTH" diff box
		expect_output "A /new"
		on_old_kernel "${call%:*}" "${call#*:}" "$BERTH" export -o "$BATS_TEST_TMPDIR/box.tar" box
		tar -tf "$BATS_TEST_TMPDIR/box.tar" | grep -qx new
		on_old_kernel "${call%:*}" "${call#*:}" "$BERTH" commit box old:1 >/dev/null
		run berth run --rm old:1 cat /new
		expect_output new
		berth rmi old:1 >/dev/null
	done
	run berth start -a box
	expect_output new
	berth rm box >/dev/null
	! grep -q overlay /proc/self/mountinfo
}
