#!/usr/bin/env bats
# User namespaces, mappings, and mounts whose IDs are mapped.
load helper
load oci_box

maps='"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":200000,"size":65536}]'
user_namespaces=$usual_namespaces',{"type":"user"},{"type":"cgroup"}'

prepare() {
	chmod 755 "$OCI" "$bundle"
	mkdir -p "$bundle/rootfs/made"
	chown -R 100000:200000 "$bundle/rootfs"
}

teardown() {
	local id

	release_namespaces
	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	eventually oci_nothing_left
}

@test "a user namespace has the configuration's mappings, and root is somebody else outside" {
	namespaces=$user_namespaces linux_more=",$maps"
	mounts_more=',{"destination":"/sys","type":"sysfs","source":"sysfs","options":["ro"]},{"destination":"/dev/mqueue","type":"mqueue","source":"mqueue"}'
	run_box t-user "cat /proc/self/uid_map /proc/self/gid_map; id -u; touch /made/root; echo x >/dev/null; ls /sys >/dev/null; ip link show lo | grep -c UP; hostname"
	expect_status 0
	[ "$(echo ${lines[0]})" = "0 100000 65536" ]
	[ "$(echo ${lines[1]})" = "0 200000 65536" ]
	[ "${lines[2]}" = 0 ]
	[ "${lines[3]}" = 1 ]
	[ "$(stat -c %u:%g "$bundle/rootfs/made/root")" = 100000:200000 ]
}

@test "another user of the namespace has its groups, limits and labels of procfs" {
	namespaces=$user_namespaces linux_more=",$maps,\"maskedPaths\":[\"/proc/keys\",\"/proc/acpi\"],\"readonlyPaths\":[\"/proc/sys\"]"
	user='{"uid":7,"gid":8,"additionalGids":[9]}'
	process_more=',"oomScoreAdj":500,"rlimits":[{"type":"RLIMIT_NOFILE","soft":64,"hard":64}]'
	run_box t-other "id -u; id -G; cat /proc/self/oom_score_adj; ulimit -n; cat /proc/keys | wc -c"
	expect_status 0
	expect_output "$(printf '7\n8 9\n500\n64\n0')"
}

@test "create, start and exec work in a user namespace" {
	namespaces=$user_namespaces linux_more=",$maps"
	box "sleep 1000"
	oci create -b "$bundle" t-life >/dev/null 3>&-
	oci start t-life
	pid=$(oci state t-life | sed -n 's/.*"pid": \([0-9]*\),/\1/p')
	[ "$(stat -c %u "/proc/$pid")" = 100000 ]
	run oci exec t-life sh -c 'readlink /proc/self/ns/user; id -u; touch /made/exec'
	expect_status 0
	expect_output "$(readlink "/proc/$pid/ns/user"; echo 0)"
	[ "$(stat -c %u "$bundle/rootfs/made/exec")" = 100000 ]
}

@test "a terminal is the user's in there" {
	namespaces=$user_namespaces linux_more=",$maps" process_more=',"terminal":true'
	user='{"uid":7,"gid":8}'
	box "tty; stat -c %u /dev/pts/0; test -c /dev/console && echo console; exit 6"
	run on_a_terminal berth-oci --root "$OCI/state" run -b "$bundle" t-tty
	expect_status 6
	expect_contains "$(printf '/dev/pts/0\r\n7\r\nconsole\r')"
}

@test "devices are the host's, since nobody makes nodes there" {
	namespaces=$user_namespaces linux_more=",$maps,\"devices\":[{\"path\":\"/dev/kmsg\",\"type\":\"c\",\"major\":1,\"minor\":11}]"
	run_box t-dev "head -c 4 /dev/zero | od -An -tx1; test -c /dev/kmsg && test -c /dev/tty && echo there"
	expect_status 0
	expect_contains there
	linux_more=",$maps,\"devices\":[{\"path\":\"/dev/kmsg\",\"type\":\"c\",\"major\":1,\"minor\":3}]"
	run_box t-dev2 true
	expect_status 125
	expect_contains "device /dev/kmsg: the host's is another one"
}

@test "without a network or PID namespace the host's sysfs and procfs are shown" {
	namespaces='{"type":"mount"},{"type":"user"},{"type":"uts"}' linux_more=",$maps"
	mounts_more=',{"destination":"/sys","type":"sysfs","source":"sysfs","options":["ro"]}'
	run_box t-host "test -d /sys/class/net/lo && test -d /proc/$$ && touch /sys/x 2>/dev/null || echo read-only"
	expect_status 0
	expect_output read-only
}

@test "a user namespace is joined by path, and what is new belongs to it" {
	unshare --user --net sleep 1000 >/dev/null 2>&1 3>&- &
	holder=$! held=$!
	eventually find_sleep
	echo "0 100000 65536" >"/proc/$held/uid_map"
	echo "0 200000 65536" >"/proc/$held/gid_map"
	namespaces="{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"ipc\"},{\"type\":\"user\",\"path\":\"/proc/$held/ns/user\"},{\"type\":\"network\",\"path\":\"/proc/$held/ns/net\"}"
	# Some engines give a mapping all the same.
	linux_more=',"uidMappings":[{"containerID":0,"hostID":0,"size":1}],"gidMappings":[{"containerID":0,"hostID":0,"size":1}]'
	mounts_more=',{"destination":"/sys","type":"sysfs","source":"sysfs","options":["ro"]}'
	run_box t-join "readlink /proc/self/ns/user; readlink /proc/self/ns/net; id -u; echo \$\$; hostname"
	expect_status 0
	expect_output "$(readlink "/proc/$held/ns/user" "/proc/$held/ns/net"; printf '0\n1\nbox')"
}

@test "a namespace of the host is joined by a container in a user namespace" {
	hold_namespaces --net
	namespaces="{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"user\"},{\"type\":\"network\",\"path\":\"/proc/$held/ns/net\"}"
	linux_more=",$maps"
	run_box t-mixed "readlink /proc/self/ns/net; id -u"
	expect_status 0
	expect_output "$(readlink "/proc/$held/ns/net"; echo 0)"
}

@test "hooks and clocks work in a user namespace" {
	printf '#!/bin/sh\ncat >"%s"\n' "$OCI/state.json" >"$OCI/save"
	chmod +x "$OCI/save"
	namespaces=$user_namespaces',{"type":"time"}' linux_more=",$maps,\"timeOffsets\":{\"boottime\":{\"secs\":9000000}}"
	top_more=",\"hooks\":{\"createRuntime\":[{\"path\":\"$OCI/save\",\"env\":[\"PATH=/bin:/usr/bin\"]}],\"createContainer\":[{\"path\":\"/bin/true\"}]}"
	run_box t-hook "cut -d. -f1 /proc/uptime"
	expect_status 0
	[ "$output" -gt 9000000 ]
	grep -q '"id":"t-hook"' "$OCI/state.json"
}

@test "mappings are complete and have their namespace" {
	linux_more=",$maps"
	run_box t-nons true
	expect_contains "linux.uidMappings: needs a user namespace"
	namespaces=$user_namespaces linux_more=
	run_box t-nomap true
	expect_contains "a new user namespace needs linux.uidMappings"
	linux_more=',"uidMappings":[{"containerID":0,"hostID":1,"size":1}]'
	run_box t-half true
	expect_contains "only one of uidMappings and gidMappings"
	linux_more=',"uidMappings":[{"containerID":0,"hostID":4294967295,"size":1}],"gidMappings":[{"containerID":0,"hostID":1,"size":1}]'
	run_box t-wide true
	expect_contains "linux.uidMappings[0]"
}

@test "an idmapped mount shows other owners, to a container of either kind" {
	mkdir -p "$OCI/data/sub"
	chown 1000:1000 "$OCI/data" "$OCI/data/sub"
	mounts_more=",{\"destination\":\"/data\",\"type\":\"bind\",\"source\":\"$OCI/data\",\"options\":[\"rbind\"],
		\"uidMappings\":[{\"containerID\":1000,\"hostID\":42,\"size\":1}],\"gidMappings\":[{\"containerID\":1000,\"hostID\":43,\"size\":1}]}"
	run_box t-idmap "stat -c %u:%g /data /data/sub"
	expect_status 0
	expect_output "$(printf '42:43\n42:43')"
	# What is made there belongs to who it is in the file system.
	user='{"uid":42,"gid":43}'
	run_box t-idmap2 "touch /data/new"
	expect_status 0
	[ "$(stat -c %u:%g "$OCI/data/new")" = 1000:1000 ]
}

@test "the option idmap takes the mappings of the container" {
	mkdir -p "$OCI/volume"
	chown 0:0 "$OCI/volume"
	namespaces=$user_namespaces linux_more=",$maps"
	mounts_more=",{\"destination\":\"/volume\",\"source\":\"$OCI/volume\",\"options\":[\"bind\",\"idmap\"]}"
	run_box t-option "stat -c %u:%g /volume; touch /volume/file"
	expect_status 0
	expect_output 0:0
	[ "$(stat -c %u:%g "$OCI/volume/file")" = 0:0 ]
	namespaces=$usual_namespaces linux_more=
	run_box t-option2 true
	expect_contains "idmap needs uidMappings"
}
