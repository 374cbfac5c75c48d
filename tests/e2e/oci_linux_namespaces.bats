#!/usr/bin/env bats
# linux.namespaces: new ones, the runtime's own, and those of others; clocks; user namespaces.
load helper
load oci_box

teardown() {
	local id

	release_namespaces
	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	eventually oci_nothing_left
}

ns() {
	readlink "/proc/${2:-self}/ns/$1"
}

# As with runc and crun: the tree of whoever made the namespace becomes the container's.
@test "a mount namespace is joined by path, and has the container's tree from then on" {
	hold_namespaces --mount
	[ -d "/proc/$held/root$OCI" ]
	namespaces='{"type":"mount","path":"/proc/'"$held"'/ns/mnt"},{"type":"pid"}'
	mounts_more=",{\"destination\":\"/of/host\",\"source\":\"$OCI\",\"options\":[\"bind\",\"ro\"]}"
	hostname=null box "readlink /proc/self/ns/mnt; ls -d $OCI /of/host/bundle; sleep 1000"
	oci run -d -b "$bundle" t-mnt >"$OCI/out" 2>&1 3>&-
	eventually grep -qx /of/host/bundle "$OCI/out"
	[ "$(head -n 1 "$OCI/out")" = "$(ns mnt "$held")" ]
	grep -q "$OCI: No such file" "$OCI/out"
	[ ! -d "/proc/$held/root$OCI" ]
	[ -x "/proc/$held/root/bin/busybox" ]
	run oci exec t-mnt readlink /proc/self/ns/mnt
	expect_output "$(ns mnt "$held")"
	oci delete --force t-mnt
	# Another one takes it over.
	hostname=null run_box t-next "ls -d /of/host/bundle"
	expect_status 0
	expect_output /of/host/bundle
}

@test "the mount namespace of the machine or the runtime is not joined, for its tree would be lost" {
	for path in /proc/self/ns/mnt /proc/1/ns/mnt; do
		namespaces='{"type":"mount","path":"'$path'"},{"type":"pid"}'
		hostname=null run_box t-mnt true
		expect_status 125
		expect_contains "mount namespace $path is that of the machine or of this runtime"
		[ -d "$OCI" ]
	done
	# Seen from a namespace of its own, the machine's is still the machine's.
	mounts='{"destination":"/proc","type":"proc","source":"proc"}'
	hostname=null box true
	run timeout 20 unshare --mount berth-oci --root "$OCI/state" run -b "$bundle" t-mnt 3>&-
	expect_status 125
	expect_contains "is that of the machine"
}

@test "an absent namespace is the runtime's own, a new one is not" {
	namespaces='{"type":"mount"},{"type":"uts"},{"type":"cgroup"}'
	run_box t-ns "for n in pid net ipc uts cgroup mnt; do readlink /proc/self/ns/\$n; done"
	expect_status 0
	[ "${lines[0]}" = "$(ns pid)" ]
	[ "${lines[1]}" = "$(ns net)" ]
	[ "${lines[2]}" = "$(ns ipc)" ]
	[ "${lines[3]}" != "$(ns uts)" ]
	[ "${lines[4]}" != "$(ns cgroup)" ]
	[ "${lines[5]}" != "$(ns mnt)" ]
}

@test "namespaces are joined by path" {
	hold_namespaces --net --ipc --uts --cgroup
	namespaces='{"type":"mount"},{"type":"pid"}'
	for n in network:net ipc:ipc uts:uts cgroup:cgroup; do
		namespaces+=",{\"type\":\"${n%:*}\",\"path\":\"/proc/$held/ns/${n#*:}\"}"
	done
	run_box t-join "for n in net ipc uts cgroup; do readlink /proc/self/ns/\$n; done; hostname"
	expect_status 0
	[ "${lines[0]}" = "$(ns net $held)" ]
	[ "${lines[1]}" = "$(ns ipc $held)" ]
	[ "${lines[2]}" = "$(ns uts $held)" ]
	[ "${lines[3]}" = "$(ns cgroup $held)" ]
	[ "${lines[4]}" = box ]
}

@test "a PID namespace is joined by path" {
	hold_namespaces --pid --fork --kill-child
	namespaces="{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"pid\",\"path\":\"/proc/$held/ns/pid\"}"
	run_box t-pid "readlink /proc/self/ns/pid; cat /proc/1/comm"
	expect_status 0
	[ "${lines[0]}" = "$(ns pid "$held")" ]
	[ "${lines[1]}" = sleep ]
}

@test "a container joins another's namespaces while that one waits, and exec joins them all" {
	box "sleep 1000"
	oci create -b "$bundle" t-first >/dev/null 3>&-
	first=$(oci state t-first | sed -n 's/.*"pid": \([0-9]*\),/\1/p')
	namespaces="{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"network\",\"path\":\"/proc/$first/ns/net\"}"
	box "sleep 1000"
	oci run -d -b "$bundle" t-second >/dev/null 3>&-
	run oci exec t-second readlink /proc/self/ns/net
	expect_output "$(ns net "$first")"
}

@test "what is no namespace, or of another kind, is refused with its path" {
	for path in /proc/self/ns/uts /dev/null /nowhere; do
		namespaces="{\"type\":\"mount\"},{\"type\":\"network\",\"path\":\"$path\"}"
		hostname=null
		run_box t-kind true
		expect_status 125
		expect_contains "$path"
	done
}

@test "a sysctl of a namespace that is joined from the host is refused" {
	namespaces='{"type":"mount"},{"type":"network","path":"/proc/self/ns/net"}'
	hostname=null linux_more=',"sysctl":{"net.ipv4.ip_forward":"1"}'
	run_box t-sysctl true
	expect_status 125
	expect_contains "net.ipv4.ip_forward would be the host's"
}

@test "a new time namespace has its offsets, for exec as well" {
	namespaces='{"type":"mount"},{"type":"uts"},{"type":"pid"},{"type":"time"}'
	linux_more=',"timeOffsets":{"monotonic":{"secs":5000000},"boottime":{"secs":9000000,"nanosecs":5}}'
	box "cut -d. -f1 /proc/uptime; sleep 1000"
	if [ "$(printf '6.2\n%s\n' "$(uname -r)" | sort -V | head -n 1)" != 6.2 ]; then
		run berth-oci --root "$OCI/state" run -b "$bundle" t-time
		expect_contains "new time namespaces need Linux 6.2"
		return
	fi
	oci run -d -b "$bundle" t-time >"$OCI/out" 3>&-
	eventually test -s "$OCI/out"
	[ "$(cat "$OCI/out")" -gt 9000000 ]
	run oci exec t-time cut -d. -f1 /proc/uptime
	expect_status 0
	[ "$output" -gt 9000000 ]
	# ... and the runtime's own clock is where it was.
	[ "$(cut -d. -f1 /proc/uptime)" -lt 9000000 ]
}

@test "a time namespace is joined by path" {
	hold_namespaces --time --boottime 7000000 --fork
	namespaces="{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"time\",\"path\":\"/proc/$held/ns/time\"}"
	run_box t-timejoin "cut -d. -f1 /proc/uptime"
	expect_status 0
	[ "$output" -gt 7000000 ]
}

@test "time offsets need a new time namespace" {
	linux_more=',"timeOffsets":{"monotonic":{"secs":1}}'
	run_box t-offsets true
	expect_status 1
	expect_contains "linux.timeOffsets: needs a new time namespace"
}
