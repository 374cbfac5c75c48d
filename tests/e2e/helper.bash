# helper.bash - loaded by every end-to-end test file
#
# Each file has a private ROOT and STATE below its own temporary directory, and the image
# busybox:latest in it. When the file ends every container is removed, and then nothing may be
# left: no process, cgroup, mount, or file of a container.
#
# BERTH_BUILD is the build folder whose programs are tested (build). When they are built with
# sanitizers, a test fails if one of them has reported anything by its end.

berth_build=${BERTH_BUILD:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build}
export PATH="$berth_build:$PATH"
export BERTH=${BERTH:-$berth_build/berth}
berth_source=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

busybox_tar() {
	local tar=${BERTH_TEST_CACHE:-$BATS_RUN_TMPDIR}/busybox.tar

	[ -s "$tar" ] || { "$berth_source/tools/busybox-rootfs" >"$tar.$$" && mv "$tar.$$" "$tar"; }
	echo "$tar"
}

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	mounts_before=$(wc -l </proc/self/mountinfo)
	export mounts_before
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
}

teardown() {
	expect_no_reports
}

teardown_file() {
	remove_all
	expect_nothing_left
	expect_no_reports
}

# What the sanitizers found in any program, also in one whose stderr nobody reads. Shows and forgets it.
expect_no_reports() {
	local report found=0

	for report in "$berth_build"/reports/*; do
		[ -e "$report" ] || continue
		# Its process is still at it; one that is killed in the midst of its check has found nothing, nor
		# has one that only says that a thread died under its hands.
		written() { [ -s "$report" ] || [ ! -d "/proc/${report##*.}" ]; }
		eventually written
		! grep -qv 'Unable to get registers from thread' "$report" || found=1
		cat "$report" >&2
		rm -f "$report"
	done
	return "$found"
}

remove_all() {
	local all

	all=$(berth ps -aq)
	# shellcheck disable=SC2086
	[ -z "$all" ] || berth rm -f $all >/dev/null
}

# Waits until a command succeeds; 20 seconds at most.
eventually() {
	local until=$((SECONDS + 20))

	while [ "$SECONDS" -lt "$until" ]; do
		"$@" && return 0
		sleep 0.05
	done
	echo "still not true after 20 s: $*" >&2
	return 1
}

# What killed or ended containers left: one line each, nothing when all is clean.
leftovers() {
	local dir

	for dir in "$BERTH_STATE/c" "$BERTH_ROOT"/{upper,work,logs,exits,tmp}; do
		[ ! -d "$dir" ] || find "$dir" -mindepth 1 -maxdepth 1
	done
	find /sys/fs/cgroup -mindepth 3 -maxdepth 3 -path '*/berth/*' -type d 2>/dev/null
	pgrep -a -r R,S,D,T -x berth-shim
	[ "$(wc -l </proc/self/mountinfo)" = "$mounts_before" ] || echo "mounts: $mounts_before before, $(wc -l </proc/self/mountinfo) now"
	return 0
}

nothing_left() {
	[ -z "$(leftovers)" ]
}

expect_nothing_left() {
	eventually nothing_left || { leftovers >&2; return 1; }
}

# After kills and failures: what is left, the next command removes.
healed() {
	remove_all
	nothing_left
}

expect_healed() {
	eventually healed || { leftovers >&2; return 1; }
}

# expect_status N: what `run` left in $status
expect_status() {
	[ "$status" -eq "$1" ] || { echo "status $status, expected $1; output: $output" >&2; return 1; }
}

expect_output() {
	[ "$output" = "$1" ] || { printf 'output   : %s\nexpected : %s\n' "$output" "$1" >&2; return 1; }
}

expect_contains() {
	[[ "$output" == *"$1"* ]] || { printf 'output   : %s\nlacks    : %s\n' "$output" "$1" >&2; return 1; }
}

expect_lacks() {
	[[ "$output" != *"$1"* ]] || { printf 'output   : %s\nholds    : %s\n' "$output" "$1" >&2; return 1; }
}

# state_of NAME: docker's State.Status
state_of() {
	berth inspect --format '{{.State.Status}}' "$1"
}

container_is() {
	[ "$(state_of "$1")" = "$2" ]
}

container_gone() {
	! berth inspect --type container "$1" >/dev/null 2>&1
}

# Runs the rest on a terminal of its own (util-linux's script), output on stdout. What it types never
# ends: at an end script types a NUL, and the terminal echoes that anywhere between the output.
on_a_terminal() {
	local never=$BATS_TEST_TMPDIR/never

	[ -p "$never" ] || mkfifo "$never"
	script -qefc "$*" /dev/null <>"$never"
}

# on_terminal COLUMNS COMMAND...: its output as a terminal of 40 lines gets it
on_terminal() {
	local columns=$1
	shift
	python3 - "$columns" "$@" <<-'END'
		import fcntl, os, pty, struct, sys, termios
		pid, fd = pty.fork()
		if pid == 0:
		    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, int(sys.argv[1]), 0, 0))
		    os.execvp(sys.argv[2], sys.argv[2:])
		while True:
		    try:
		        data = os.read(fd, 65536)
		    except OSError:
		        break
		    if not data:
		        break
		    os.write(1, data)
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}
