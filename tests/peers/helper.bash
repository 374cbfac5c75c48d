# helper.bash - loaded by the tests that have real engines drive berth-oci
#
# An engine's daemons live in a mount namespace of their own with an empty /run, so that they
# neither see nor leave anything there; their data is on a tmpfs in it. Control groups are beneath
# /berth-peers. RUNTIME chooses another runtime, to see whether a test is right about the engine.
bats_require_minimum_version 1.5.0

peers_source=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
RUNTIME=${RUNTIME:-$peers_source/build/berth-oci}

# needs PROGRAM...: skips the file's tests on a machine without the engine
needs() {
	local program

	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

busybox_tar() {
	local tar=${BERTH_TEST_CACHE:-$BATS_RUN_TMPDIR}/busybox.tar

	[ -s "$tar" ] || { "$peers_source/tools/busybox-rootfs" >"$tar.$$" && mv "$tar.$$" "$tar"; }
	echo "$tar"
}

# eventually COMMAND...: waits until it succeeds, 10 seconds at most
eventually() {
	local i

	for i in $(seq 200); do
		"$@" && return 0
		sleep 0.05
	done
	echo "still not true after 10 s: $*" >&2
	return 1
}

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

# start_daemons SCRIPT: runs it in the daemons' mount namespace; $dir/data is empty there. Every v1
# controller that is in use is mounted in there, for containerd gives up on one that is not.
start_daemons() {
	cat >"$dir/daemons" <<-SH
		mount -t tmpfs -o mode=755 tmpfs /run
		sed -n 's/^[1-9][0-9]*:\([a-z_]*\):.*/\1/p' /proc/self/cgroup | while read -r name; do
			grep -q " - cgroup .*\<\$name\>" /proc/self/mountinfo && continue
			mkdir "/run/\$name"
			mount -t cgroup -o "\$name" cgroup "/run/\$name"
		done
		mkdir -p /run/lock "$dir/data"
		mount -t tmpfs tmpfs "$dir/data"
		$1
	SH
	unshare --mount --propagation private sh "$dir/daemons" >"$dir/daemons.log" 2>&1 3>&- &
	echo $! >"$dir/daemons.pid"
}

# A daemon that was asked to end does so within 10 seconds, or is killed.
end_daemon() {
	local pid

	pid=$(cat "$1" 2>/dev/null) || return 0
	kill "$pid" 2>/dev/null
	eventually gone "$pid" || kill -KILL "$pid"
}

gone() {
	! kill -0 "$1" 2>/dev/null || grep -qs '^State:.Z' "/proc/$1/status"
}

# limit WHAT GROUP: memory, reservation, pids, quota, shares or cpus of the one group beneath /berth-peers that matches
limit() {
	local v1 v2 file

	case $1 in
	memory) v1=memory/%/memory.limit_in_bytes v2=%/memory.max ;;
	reservation) v1=memory/%/memory.soft_limit_in_bytes v2=%/memory.low ;;
	pids) v1=pids/%/pids.max v2=%/pids.max ;;
	quota) v1=cpu/%/cpu.cfs_quota_us v2=%/cpu.max ;;
	shares) v1=cpu/%/cpu.shares v2=%/cpu.weight ;;
	cpus) v1=cpuset/%/cpuset.cpus v2=%/cpuset.cpus ;;
	esac
	[ -f /sys/fs/cgroup/cgroup.controllers ] && file=$v2 || file=$v1
	# shellcheck disable=SC2086
	cut -d" " -f1 /sys/fs/cgroup/${file/\%/berth-peers\/$2}
}

# What no engine may leave of its containers: a process, a control group.
nothing_left() {
	[ -z "$(pgrep -a -r R,S,D,T -f "$dir")" ] &&
		[ -z "$(find /sys/fs/cgroup -path '*/berth-peers/*' -type d 2>/dev/null)" ]
}

expect_nothing_left() {
	eventually nothing_left || {
		pgrep -a -f "$dir"
		find /sys/fs/cgroup -path '*/berth-peers/*' -type d
		return 1
	} >&2
	find /sys/fs/cgroup -mindepth 2 -maxdepth 2 -name berth-peers -type d -exec rmdir {} +
}
