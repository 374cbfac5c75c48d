#!/usr/bin/env bats
# Control groups that are units of systemd: --systemd-cgroup.
load helper

prepare() {
	[ -d /run/systemd/system ] && systemctl show -P Version >/dev/null || skip "systemd does not run"
}

# soci ARGUMENT...: with systemd as the maker of control groups
soci() {
	timeout 60 berth-oci --root "$OCI/state" --systemd-cgroup "$@" 3>&-
}

# sbox ID SCRIPT: a container that runs detached
sbox() {
	box "$2"
	soci run -d -b "$bundle" "$1" </dev/null >/dev/null 2>&1
}

@test "without a path the unit is a delegated scope in system.slice, called after the container" {
	box 'cat /proc/self/cgroup'
	run soci run -b "$bundle" t-a
	expect_status 0
	expect_contains "0::/system.slice/berth-t-a.scope"
	eventually no_unit berth-t-a.scope

	sbox t-a 'sleep 1000'
	expect_property berth-t-a.scope ControlGroup /system.slice/berth-t-a.scope
	expect_property berth-t-a.scope Slice system.slice
	expect_property berth-t-a.scope Delegate yes
	expect_property berth-t-a.scope Transient yes
	expect_property berth-t-a.scope MemoryAccounting yes
	expect_property berth-t-a.scope CPUAccounting yes
	expect_property berth-t-a.scope Description "container t-a"
	run oci checkpoint --image-path "$OCI/img" t-a
	expect_status 1
	expect_contains "the control group of container t-a is a unit of systemd"
	# Nobody but the container is left in it.
	expect_file /sys/fs/cgroup/system.slice/berth-t-a.scope/cgroup.procs \
		"$(oci state t-a | sed -n 's/.*"pid": \([0-9]*\),/\1/p')"
	oci delete --force t-a
	no_unit berth-t-a.scope
	[ ! -e /sys/fs/cgroup/system.slice/berth-t-a.scope ]
}

@test "cgroupsPath names slice, prefix and name, and dashes of a slice are its parents" {
	linux_more=',"cgroupsPath":"t-one-two.slice:pre:box"'
	box 'sleep 1000'
	soci create -b "$bundle" t-a </dev/null >/dev/null 2>&1
	expect_property pre-box.scope ControlGroup /t.slice/t-one.slice/t-one-two.slice/pre-box.scope
	oci start t-a
	run oci exec t-a cat /proc/self/cgroup
	expect_contains "0::/t.slice/t-one.slice/t-one-two.slice/pre-box.scope"
	oci delete --force t-a
	no_unit pre-box.scope

	linux_more=',"cgroupsPath":":pre:box"'
	sbox t-b 'sleep 1000'
	expect_property pre-box.scope Slice system.slice
	oci delete --force t-b
	linux_more=',"cgroupsPath":"-.slice:pre:box"'
	sbox t-c 'sleep 1000'
	expect_property pre-box.scope ControlGroup /pre-box.scope
	oci delete --force t-c
	systemctl stop t.slice
}

@test "a container can be a slice" {
	linux_more=',"cgroupsPath":"::t-whole.slice","resources":{"pids":{"limit":50}}'
	sbox t-a 'sleep 1000'
	expect_property t-whole.slice ActiveState active
	expect_property t-whole.slice TasksMax 50
	expect_file /sys/fs/cgroup/t.slice/t-whole.slice/pids.max 50
	[ -n "$(cat /sys/fs/cgroup/t.slice/t-whole.slice/cgroup.procs)" ]
	oci delete --force t-a
	expect_property t-whole.slice ActiveState inactive
	[ ! -e /sys/fs/cgroup/t.slice/t-whole.slice ]
	systemctl stop t.slice
}

@test "paths that are no units are refused before anything is made" {
	local path

	for path in /berth/x a:b 'a:b:c:d' 'nodots:p:n' 'a--b.slice:p:n' '-a.slice:p:n' 'a.slice:p:n/m' '::-.slice'; do
		linux_more=",\"cgroupsPath\":\"$path\""
		box 'true'
		run soci run -b "$bundle" t-a
		expect_status 1
		expect_contains "linux.cgroupsPath: "
		[ ! -e "$OCI/state/t-a" ]
	done
}

limits='"resources":{
	"memory":{"limit":67108864,"reservation":33554432,"swap":100663296},
	"cpu":{"shares":2048,"quota":25000,"period":50000,"cpus":"0-1","mems":"0"},
	"pids":{"limit":77},"blockIO":{"weight":500},
	"unified":{"memory.high":"62914560","memory.oom.group":"1"}}'

@test "limits are properties of the unit and stand in the group, also after a reload" {
	local scope=berth-t-a.scope group=/sys/fs/cgroup/system.slice/berth-t-a.scope round

	linux_more=",$limits"
	sbox t-a 'sleep 1000'
	for round in 1 2; do
		expect_property $scope MemoryMax 67108864
		expect_property $scope MemoryHigh 62914560
		expect_property $scope MemoryLow 33554432
		expect_property $scope MemorySwapMax 33554432
		expect_property $scope CPUWeight "$(cat $group/cpu.weight)"
		expect_property $scope CPUQuotaPerSecUSec 500ms
		expect_property $scope CPUQuotaPeriodUSec 50ms
		expect_property $scope AllowedCPUs 0-1
		expect_property $scope AllowedMemoryNodes 0
		expect_property $scope TasksMax 77
		expect_property $scope IOWeight 4950
		expect_file $group/memory.max 67108864
		expect_file $group/memory.high 62914560
		expect_file $group/memory.low 33554432
		expect_file $group/memory.swap.max 33554432
		# Not a property; systemd has its own mind about it whenever it sets a unit up again.
		[ $round = 2 ] || expect_file $group/memory.oom.group 1
		expect_file $group/cpu.max "25000 50000"
		expect_file $group/cpuset.cpus 0-1
		expect_file $group/pids.max 77
		systemctl daemon-reload
	done
}

@test "update tells systemd and the group" {
	local scope=berth-t-a.scope group=/sys/fs/cgroup/system.slice/berth-t-a.scope round

	linux_more=",$limits"
	sbox t-a 'sleep 1000'
	soci update --memory 128m --memory-swap 128m --pids-limit 99 --cpu-quota 33333 --cpu-period 100000 --cpuset-cpus 1 t-a
	for round in 1 2; do
		expect_property $scope MemoryMax 134217728
		expect_property $scope MemorySwapMax 0
		expect_property $scope TasksMax 99
		expect_property $scope CPUQuotaPerSecUSec 340ms
		expect_property $scope AllowedCPUs 1
		expect_file $group/memory.max 134217728
		expect_file $group/pids.max 99
		expect_file $group/cpuset.cpus 1
		# What systemd can say in whole percents only is exact in the group.
		[ $round = 2 ] || expect_file $group/cpu.max "33333 100000"
		systemctl daemon-reload
	done
	oci update --pids-limit -1 t-a
	expect_property $scope TasksMax infinity
	expect_file $group/pids.max max
}

@test "rules for devices are systemd's too, and hold after a reload" {
	local scope=berth-t-a.scope

	linux_more=',"resources":{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":10,"minor":229,"access":"rw"}]}'
	sbox t-a 'mknod /fuse c 10 229; mknod /kmsg c 1 11; mknod /null c 1 3; sleep 1000'
	eventually oci exec t-a test -c /null
	expect_property $scope DevicePolicy strict
	run property $scope DeviceAllow
	expect_contains "/dev/char/10:229 rw"
	expect_contains "char-pts rwm"
	expect_contains "block-* m"
	for round in 1 2; do
		oci exec t-a sh -c 'echo >/null; : <>/fuse'
		run oci exec t-a head -c 1 /kmsg
		expect_contains "not permitted"
		systemctl daemon-reload
		systemctl set-property --runtime $scope TasksMax=500
	done
}

@test "annotations are properties, and a bad one is refused by its name" {
	top_more=',"annotations":{"org.systemd.property.TimeoutStopSec":"17","org.systemd.property.CollectMode":"'"'inactive-or-failed'"'","org.systemd.property.Documentation":"['"'man:berth-oci(1)'"']"}'
	sbox t-a 'sleep 1000'
	expect_property berth-t-a.scope TimeoutStopUSec 17s
	expect_property berth-t-a.scope CollectMode inactive-or-failed
	expect_property berth-t-a.scope Documentation '"man:berth-oci(1)"'
	oci delete --force t-a

	top_more=',"annotations":{"org.systemd.property.Timeout Sec":"17"}'
	box true
	run soci run -b "$bundle" t-a
	expect_status 1
	expect_contains "annotation org.systemd.property.Timeout Sec: "
	top_more=',"annotations":{"org.systemd.property.CollectMode":"inactive"}'
	box true
	run soci run -b "$bundle" t-a
	expect_contains "annotation org.systemd.property.CollectMode: not a value"
	top_more=',"annotations":{"org.systemd.property.NoSuchThing":"true"}'
	box true
	run soci run -b "$bundle" t-a
	expect_status 1
	expect_contains "NoSuchThing"
	no_unit berth-t-a.scope
}

@test "what a container's life needs works in a scope: pause, exec, events, kill, ps" {
	sbox t-a 'trap \"exit 3\" TERM; while :; do sleep 0.1; done'
	oci pause t-a
	[ "$(oci state t-a | grep -c '"status": "paused"')" = 1 ]
	oci resume t-a
	oci exec t-a true
	oci ps t-a | grep -q sleep
	oci events --stats t-a | grep -q '"pids"'
	oci kill t-a TERM
	eventually oci delete t-a
	no_unit berth-t-a.scope
}

@test "a create that fails leaves no unit" {
	box true
	sed -i 's/"sh", "-c", "true"/"no-such-program"/' "$bundle/config.json"
	run soci create -b "$bundle" t-a
	expect_status 1
	expect_contains "no-such-program"
	eventually no_unit berth-t-a.scope
	linux_more=',"resources":{"unified":{"no.such.file":"1"}}'
	box true
	run soci create -b "$bundle" t-a
	expect_status 1
	expect_contains "no.such.file"
	eventually no_unit berth-t-a.scope
	[ ! -e /sys/fs/cgroup/system.slice/berth-t-a.scope ]
}

@test "a unit that somebody else has is neither taken nor harmed" {
	systemd-run --quiet --scope --unit=berth-t-a.scope sleep 1000 >/dev/null 2>&1 3>&- &
	eventually systemctl -q is-active berth-t-a.scope
	box true
	run soci run -b "$bundle" t-a
	expect_status 1
	expect_contains "berth-t-a.scope"
	expect_property berth-t-a.scope ActiveState active
	systemctl stop berth-t-a.scope
}

@test "a scope that failed is forgotten, by delete and by the next create" {
	linux_more=',"resources":{"memory":{"limit":16777216,"swap":16777216}}'
	box 'head -c 100m /dev/zero | tail'
	soci run --keep -b "$bundle" t-a || true
	oci delete --force t-a
	no_unit berth-t-a.scope

	linux_more=
	systemd-run --quiet --scope --unit=berth-t-b.scope -p RuntimeMaxSec=1 sleep 1000 || true
	expect_property berth-t-b.scope ActiveState failed
	box true
	soci run -b "$bundle" t-b
	eventually no_unit berth-t-b.scope
}

@test "systemd is reached without a bus, too" {
	box 'cat /proc/self/cgroup'
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent run soci run -b "$bundle" t-a
	expect_status 0
	expect_contains "0::/system.slice/berth-t-a.scope"
}

@test "whenever a create is killed, delete --force leaves nothing" {
	local i

	box 'sleep 1000'
	RANDOM=${BERTH_TEST_SEED:-1}
	for i in $(seq 15); do
		berth-oci --root "$OCI/state" --systemd-cgroup create -b "$bundle" t-k </dev/null >/dev/null 2>&1 3>&- &
		sleep "0.$(printf %03d $((RANDOM % 500)))"
		kill -KILL $! 2>/dev/null || true
		wait $! || true
		timeout 60 berth-oci --root "$OCI/state" delete --force t-k
		eventually no_unit berth-t-k.scope
		[ ! -e /sys/fs/cgroup/system.slice/berth-t-k.scope ]
		[ ! -e "$OCI/state/t-k" ]
	done
	[ -z "$(pgrep -x berth-systemd)" ]
}

@test "a container that divides its own group can be executed in, beside its first process" {
	linux_more=',"cgroupsPath":"system.slice:berth:t-a"'
	namespaces='{"type":"mount"},{"type":"pid"},{"type":"network"},{"type":"uts"},{"type":"ipc"},{"type":"cgroup"}'
	mounts_more=',{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["rw"]}'
	sbox t-a 'cd /sys/fs/cgroup && mkdir init other && echo 0 >init/cgroup.procs && echo +pids >cgroup.subtree_control && : >/done; sleep 1000'
	eventually test -e "$bundle/rootfs/done"
	run oci exec t-a cat /proc/self/cgroup
	expect_output "0::/init"
	run oci exec --cgroup other t-a cat /proc/self/cgroup
	expect_output "0::/other"
	run oci exec --cgroup /other t-a cat /proc/self/cgroup
	expect_output "0::/other"
	run oci exec --cgroup ../../ t-a true
	[ "$status" -ne 0 ]
	run oci exec --cgroup pids:other t-a true
	expect_contains "in v2 one path holds for all"
	rm "$bundle/rootfs/done"
}
