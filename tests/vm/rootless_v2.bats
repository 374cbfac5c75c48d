#!/usr/bin/env bats
# An ordinary user's containers on a machine with cgroup v2 alone, in a subtree that was delegated to
# him: tests/vm/run-in-vm runs it.
load ../e2e/helper
load ../e2e/rootless_helper

tree=/sys/fs/cgroup/delegated
export before="echo \$\$ >$tree/own/cgroup.procs"

setup() {
	rm -f "$bundle/config.json"
	mkdir -p $tree/own
	echo "+memory +pids" >$tree/cgroup.subtree_control
	chown "$USER_ID" $tree $tree/own $tree/{,own/}cgroup.{procs,subtree_control}
	cd "$bundle" || return 1
	ordinary berth-oci spec --rootless
}

teardown() {
	local id

	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	eventually nothing_of_his_left
	rmdir $tree/own $tree
}

@test "a container's group is beside the user's own, with its limits" {
	program 'sleep 1000'
	change 'l["resources"] = {"memory": {"limit": 50331648}, "pids": {"limit": 30}, "devices": [{"allow": False, "access": "rwm"}]}'
	oci create t-group && oci start t-group
	[ "$(cat $tree/berth-t-group/memory.max)" = 50331648 ]
	[ "$(cat $tree/berth-t-group/pids.max)" = 30 ]
	[ "$(cat $tree/berth-t-group/cgroup.procs)" = "$(pid_of t-group)" ]
	run oci exec t-group sh -c 'cat /proc/self/cgroup'
	expect_output "0::/"
	oci delete --force t-group
	[ ! -e $tree/berth-t-group ]
}

@test "ps, pause, resume, update, events and kill --all work in it" {
	program 'sleep 1000 & sleep 1000'
	oci create t-work && oci start t-work
	two() { [ "$(oci ps --format json t-work | tr , '\n' | wc -l)" = 2 ]; }
	eventually two
	oci pause t-work
	status_is t-work paused
	oci resume t-work
	status_is t-work running
	oci update --memory 40000000 t-work
	[ "$(cat $tree/berth-t-work/memory.max)" = 39997440 ]
	run oci events --stats t-work
	expect_contains '"current":'
	oci kill --all t-work KILL
	eventually status_is t-work stopped
}

@test "a controller that was not handed on is named" {
	program true
	chown root $tree/cgroup.subtree_control
	change 'l["resources"] = {"cpu": {"shares": 100}}'
	run oci run t-cpu
	expect_status 125
	expect_contains "its controller is not there"
	expect_contains "cgroup.subtree_control"
	[ ! -e $tree/berth-t-cpu ]
}

@test "a user without a subtree has containers without limits, and limits are refused by name" {
	before=
	program true
	oci run t-free
	change 'l["resources"] = {"memory": {"limit": 10000000}}'
	run oci run t-free
	expect_status 125
	expect_contains "limits of memory"
}
