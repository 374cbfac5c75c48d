#!/usr/bin/env bats
# Control groups that are units of systemd, on a machine whose controllers are all in v1
# (run-in-vm --systemd --cgroup-v1).
load helper

prepare() {
	[ -d /run/systemd/system ] && systemctl show -P Version >/dev/null || skip "systemd does not run"
	[ -d /sys/fs/cgroup/memory ] || skip "this machine has no v1 controllers"
}

scope=berth-t-a.scope

# soci ARGUMENT...: with systemd as the maker of control groups
soci() {
	timeout 60 berth-oci --root "$OCI/state" --systemd-cgroup "$@" 3>&-
}

# sbox SCRIPT: a container t-a that runs detached
sbox() {
	box "$1"
	soci run -d -b "$bundle" t-a </dev/null >/dev/null 2>&1
}

# in_group CONTROLLER FILE: of t-a's scope
in_group() {
	echo "/sys/fs/cgroup/$1/system.slice/$scope/$2"
}

# Those that containers are put into; of the others (rdma, misc, …) only who limits something there.
hierarchies="systemd unified memory cpu cpuset pids devices freezer blkio hugetlb"

no_group() {
	[ -z "$(find /sys/fs/cgroup -name "$scope" -type d)" ]
}

@test "the first process, and one that joins, are in the unit's group in every hierarchy, and it goes with them" {
	sbox 'sleep 1000'
	expect_property $scope ControlGroup /system.slice/$scope
	expect_property $scope Delegate yes
	pid=$(oci state t-a | sed -n 's/.*"pid": \([0-9]*\),/\1/p')
	oci exec -d --pid-file "$OCI/pid" t-a sleep 1000 >/dev/null 2>&1 3>&-
	for hierarchy in $hierarchies; do
		expect_file "$(in_group "$hierarchy" cgroup.procs)" "$(printf '%s\n%s' "$pid" "$(cat "$OCI/pid")")"
	done
	oci delete --force t-a
	no_unit $scope
	no_group
}

@test "limits are the unit's properties as v1 counts, stand in the groups, and update changes both" {
	linux_more=',"resources":{"memory":{"limit":67108864,"swap":100663296,"reservation":33554432},
		"cpu":{"shares":512,"quota":25000,"period":50000,"cpus":"0","mems":"0"},"pids":{"limit":77}}'
	sbox 'sleep 1000'
	for round in 1 2; do
		expect_property $scope MemoryLimit 67108864
		expect_property $scope CPUShares 512
		expect_property $scope CPUQuotaPerSecUSec 500ms
		expect_property $scope CPUQuotaPeriodUSec 50ms
		expect_property $scope TasksMax 77
		expect_file "$(in_group memory memory.limit_in_bytes)" 67108864
		expect_file "$(in_group memory memory.memsw.limit_in_bytes)" 100663296
		expect_file "$(in_group memory memory.soft_limit_in_bytes)" 33554432
		expect_file "$(in_group cpu cpu.shares)" 512
		expect_file "$(in_group cpu cpu.cfs_quota_us)" 25000
		expect_file "$(in_group cpuset cpuset.cpus)" 0
		expect_file "$(in_group pids pids.max)" 77
		systemctl daemon-reload
	done
	soci update --memory 128m --memory-swap 256m --cpu-share 1024 --pids-limit 99 t-a
	for round in 1 2; do
		expect_property $scope MemoryLimit 134217728
		expect_property $scope CPUShares 1024
		expect_property $scope TasksMax 99
		expect_file "$(in_group memory memory.limit_in_bytes)" 134217728
		expect_file "$(in_group memory memory.memsw.limit_in_bytes)" 268435456
		expect_file "$(in_group cpu cpu.shares)" 1024
		expect_file "$(in_group pids pids.max)" 99
		systemctl daemon-reload
	done
}

@test "rules for devices hold in the devices controller, also after systemd has set the unit up again" {
	linux_more=',"resources":{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":10,"minor":229,"access":"rw"}]}'
	sbox 'mknod /fuse c 10 229; mknod /kmsg c 1 11; mknod /null c 1 3; sleep 1000'
	eventually oci exec t-a test -c /null
	expect_property $scope DevicePolicy strict
	for round in 1 2; do
		grep -qx 'c 10:229 rw' "$(in_group devices devices.list)"
		oci exec t-a sh -c 'echo >/null; : <>/fuse'
		run oci exec t-a head -c 1 /kmsg
		expect_contains "not permitted"
		systemctl daemon-reload
		systemctl set-property --runtime $scope TasksMax=500
	done
}

@test "what a container's life needs works there: pause, events, ps, kill, and a create that fails" {
	sbox 'trap \"exit 3\" TERM; while :; do sleep 0.1; done'
	oci pause t-a
	expect_file "$(in_group freezer freezer.state)" FROZEN
	oci state t-a | grep -q '"status": "paused"'
	oci resume t-a
	oci events --stats t-a | grep -q '"pids":{"current":'
	oci ps t-a | grep -q sleep
	oci kill t-a TERM
	eventually oci delete t-a
	no_unit $scope
	no_group
	linux_more=',"resources":{"cpu":{"cpus":"1023"}}'
	box true
	run soci create -b "$bundle" t-a
	expect_status 1
	expect_contains cpuset.cpus
	eventually no_unit $scope
	no_group
}
