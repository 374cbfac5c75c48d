#!/usr/bin/env bats
# containerd's own shim with berth-oci in runc's place.
load helper

setup_file() {
	needs containerd ctr
	export dir=$BATS_FILE_TMPDIR rootfs=$BATS_FILE_TMPDIR/rootfs
	mkdir "$rootfs"
	tar -C "$rootfs" -xf "$(busybox_tar)"
	start_daemons "
		exec containerd --root $dir/data/c --state $dir/data/s --address $dir/containerd.sock"
	eventually test -S "$dir/containerd.sock"
	eventually ctl version >/dev/null 2>&1
}

teardown() {
	local id

	for id in $(ctl task ls -q); do
		ctl task kill -s KILL "$id" || true
		eventually ctl task rm "$id"
	done
	for id in $(ctl container ls -q); do
		ctl container rm "$id"
	done
}

teardown_file() {
	[ -f "$dir/daemons.pid" ] || return 0
	end_daemon "$dir/daemons.pid"
	expect_nothing_left
}

# containerd's namespace is the parent of its containers' control groups. ctr makes fifos in /run, and
# so runs where the daemon does.
ctl() {
	nsenter --mount="/proc/$(cat "$dir/daemons.pid")/ns/mnt" -- \
		timeout 30 ctr -a "$dir/containerd.sock" -n berth-peers "$@" 3>&-
}

# ctl_on_a_terminal ARGUMENT...: without quoting
ctl_on_a_terminal() {
	script -qefc "nsenter --mount=/proc/$(cat "$dir/daemons.pid")/ns/mnt -- \
		ctr -a $dir/containerd.sock -n berth-peers $*" /dev/null
}

# What has no image has no PATH either.
start() {
	ctl run --runc-binary "$RUNTIME" --env PATH=/bin:/usr/bin "$@"
}

status_is() {
	[ "$(ctl task ls | awk -v id="$1" '$1 == id { print $3 }')" = "$2" ]
}

@test "run prints the program's output and gives its exit status" {
	run start --rm --rootfs "$rootfs" t1 sh -c 'echo out; exit 7'
	expect_status 7
	expect_contains out
}

@test "run of a program that is not there names it" {
	run start --rm --rootfs "$rootfs" t1 no-such-program
	expect_status 1
	expect_contains 'exec: "no-such-program": executable file not found in $PATH'
}

@test "a task is paused, resumed, listed, measured, killed and removed" {
	start -d --rootfs "$rootfs" t2 sleep 1000
	status_is t2 RUNNING
	ctl task pause t2
	status_is t2 PAUSED
	ctl task resume t2
	status_is t2 RUNNING
	run ctl task ps t2
	[ "${#lines[@]}" = 2 ]
	run ctl task metrics t2
	expect_contains memory.usage
	ctl task kill -s KILL t2
	eventually status_is t2 STOPPED
	run ctl task kill t2
	expect_contains "not found"
	ctl task rm t2 || true
	[ -z "$(ctl task ls -q)" ]
}

@test "exec runs another process and gives its exit status" {
	start -d --rootfs "$rootfs" t3 sleep 1000
	run ctl task exec --exec-id e1 --user 1000:50 --cwd /tmp t3 /bin/sh -c 'id -u; pwd; exit 3'
	expect_status 3
	expect_output "$(printf '1000\n/tmp')"
	run ctl task exec --exec-id e2 t3 /bin/no-such-program
	[ "$status" -ne 0 ]
	expect_contains "no such file or directory"
	run ctl_on_a_terminal task exec -t --exec-id e3 t3 tty
	expect_contains /dev/pts/
}

@test "a terminal is handed over" {
	run ctl_on_a_terminal run --runc-binary "$RUNTIME" --env PATH=/bin:/usr/bin -t --rm --rootfs "$rootfs" t4 tty
	expect_contains /dev/pts/0
}

@test "what needs more memory than it has is killed" {
	run start --rm --memory-limit 16777216 --rootfs "$rootfs" t5 tail /dev/zero
	expect_status 137
}

@test "limits are set" {
	start -d --memory-limit 67108864 --rootfs "$rootfs" t6 sleep 1000
	[ "$(limit memory t6)" = 67108864 ]
}

@test "a checkpoint without a criu that works fails in a line and the container goes on" {
	start -d --rootfs "$rootfs" t7 sleep 1000
	run ctl task checkpoint t7
	[ "$status" -ne 0 ]
	expect_contains "criu"
	status_is t7 RUNNING
}
