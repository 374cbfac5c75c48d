#!/usr/bin/env bats
# berth-oci events and ps: what a container uses, and what runs in it.
load oci_helper
bats_require_minimum_version 1.5.0

# member EXPRESSION: of the JSON document in $output, d
member() {
	printf '%s' "$output" | python3 -c "import json, sys; d = json.loads(sys.stdin.readline()); print($1)"
}

@test "events --stats prints what a container has used" {
	program sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; head -c 8000000 /dev/zero >/dev/shm/full; echo used; exec sleep 1000'
	configure 's|"resources": {|"resources": { "memory": { "limit": 67108864 }, "pids": { "limit": 20 },|'
	berth-oci --root "$OCI/state" run -d -b "$bundle" t-stats >"$OCI/out" 3>&-
	eventually grep -q used "$OCI/out"
	run oci events --stats t-stats
	expect_status 0
	[ "$(member 'd["type"], d["id"]')" = "stats t-stats" ]
	[ "$(member 'd["data"]["cpu"]["usage"]["total"] > 10**6')" = True ]
	[ "$(member '8000000 < d["data"]["memory"]["usage"]["usage"] < 67108864')" = True ]
	[ "$(member 'd["data"]["memory"]["usage"]["limit"]')" = 67108864 ]
	[ "$(member '"pgfault" in d["data"]["memory"]["raw"]')" = True ]
	[ "$(member 'd["data"]["pids"]')" = "{'current': 1, 'limit': 20}" ]
	[ "$(member 'sorted(d["data"]["blkio"])')" = "['ioServiceBytesRecursive', 'ioServicedRecursive']" ]
}

@test "events --stats prints huge pages where they are counted" {
	program sleep 1000
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || skip "no huge pages of 2 MB"
	configure 's|"resources": {|"resources": { "hugepageLimits": [ { "pageSize": "2MB", "limit": 4194304 } ],|'
	oci run -d -b "$bundle" t-huge >/dev/null 2>&1 3>&- || skip "no control groups of huge pages"
	run oci events --stats t-huge
	[ "$(member 'd["data"]["hugetlb"]["2MB"]')" = "{'usage': 0, 'max': 0, 'failcnt': 0}" ]
}

@test "events go on until the container ends" {
	program sleep 1000
	oci run -d -b "$bundle" t-follow >/dev/null 3>&-
	berth-oci --root "$OCI/state" events --interval 50ms t-follow >"$OCI/out" 3>&- &
	lines_are_there() { [ "$(wc -l <"$OCI/out")" -ge 3 ]; }
	eventually lines_are_there
	oci kill t-follow KILL
	wait $!
	eventually status_is t-follow stopped
	run oci events t-follow
	expect_status 1
	expect_contains "stopped"
}

@test "events tell when memory ran out" {
	[ -d /sys/fs/cgroup/memory ] || grep -qs memory /sys/fs/cgroup/cgroup.controllers || skip "no memory control groups"
	program sh -c 'read go; tail /dev/zero; echo killed; sleep 1000'
	configure 's|"resources": {|"resources": { "memory": { "limit": 33554432, "swap": 33554432 },|'
	mkfifo "$OCI/go"
	berth-oci --root "$OCI/state" run -b "$bundle" t-oom <>"$OCI/go" >"$OCI/out" 2>&1 3>&- &
	runner=$!
	eventually status_is t-oom running
	berth-oci --root "$OCI/state" events --interval 1h t-oom >"$OCI/events" 3>&- &
	watcher=$!
	sleep 0.2
	echo >"$OCI/go"
	eventually grep -q killed "$OCI/out"
	eventually grep -qx '{"type":"oom","id":"t-oom"}' "$OCI/events"
	oci kill t-oom KILL
	wait "$watcher"
	wait "$runner" || [ "$?" -eq 137 ]
}

@test "an interval must be a duration" {
	for interval in 0 5 -1s x; do
		run oci events --interval "$interval" t-none
		expect_status 1
		expect_contains "--interval"
	done
}

@test "ps takes options of ps and shows the container's processes alone" {
	program sh -c 'sleep 1001 & exec sleep 1002'
	oci run -d -b "$bundle" t-ps >/dev/null 3>&-
	two() { [ "$(oci ps t-ps | grep -c 'sleep 100[12]')" = 2 ]; }
	eventually two
	run oci ps t-ps -o pid,args
	expect_status 0
	[[ "${lines[0]}" =~ ^\ *PID\ +COMMAND ]]
	expect_contains "sleep 1001"
	[ "${#lines[@]}" = 3 ]
	run oci ps t-ps -o args
	expect_status 1
	expect_contains "PID"
	run oci ps t-ps --no-such-option
	expect_status 1
}
