#!/usr/bin/env bats
# linux.resources and linux.devices: what is written where, and what a machine does not have.
load helper
load oci_box

# A disk to speak of, without touching it.
disk() {
	local dev

	dev=$(cat /sys/block/*/dev | head -1)
	echo "\"major\":${dev%:*},\"minor\":${dev#*:}"
}

# show FILE...: of the container t-x's group in every hierarchy
show() {
	local file

	for file; do
		find /sys/fs/cgroup -path "*/berth/t-x/$file" -exec cat {} + 2>/dev/null
	done
}

start_with() { # start_with RESOURCES
	linux_more=",\"resources\":$1"
	box "sleep 1000"
	oci create -b "$bundle" t-x >/dev/null 3>&-
}

# Groups of v2 can have the controller, which takes a root without processes or the real one.
v2_hands_down() {
	local root

	for root in /sys/fs/cgroup /sys/fs/cgroup/unified; do
		[ ! -e "$root/cgroup.subtree_control" ] || { (echo "+$1" >"$root/cgroup.subtree_control") 2>/dev/null && return 0; }
	done
	skip "no v2 $1 control groups"
}

v1() {
	[ -d "/sys/fs/cgroup/$1" ] || skip "no v1 $1 control groups"
}

@test "v1: CPU shares, quota, burst, idle and CPUs" {
	v1 cpu
	start_with '{"cpu":{"shares":512,"quota":20000,"period":50000,"burst":10000,"cpus":"0","mems":"0"}}'
	[ "$(show cpu.shares cpu.cfs_quota_us cpu.cfs_period_us cpu.cfs_burst_us cpuset.cpus cpuset.mems)" = "$(printf '512\n20000\n50000\n10000\n0\n0')" ]
	oci delete --force t-x
	start_with '{"cpu":{"idle":1}}'
	[ "$(show cpu.idle)" = 1 ]
}

@test "v1: realtime CPU time as far as the group above has some" {
	v1 cpu
	[ -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] || skip "no realtime groups in this kernel"
	linux_more=',"resources":{"cpu":{"realtimePeriod":1000000,"realtimeRuntime":0}}'
	run_box t-rt true
	expect_status 0
	linux_more=',"resources":{"cpu":{"realtimeRuntime":1000}}'
	run_box t-rt2 true
	expect_status 125
	expect_contains cpu.rt_runtime_us
}

@test "v1: memory, its reservation, swap and swappiness" {
	v1 memory
	start_with '{"memory":{"limit":67108864,"reservation":33554432,"swap":134217728,"swappiness":10,"useHierarchy":true,"disableOOMKiller":true}}'
	[ "$(show memory.limit_in_bytes memory.soft_limit_in_bytes memory.memsw.limit_in_bytes memory.swappiness)" = "$(printf '67108864\n33554432\n134217728\n10')" ]
	show memory.oom_control | grep -q 'oom_kill_disable 1'
}

@test "v1: rates of block devices, and weights where the kernel has a scheduler for them" {
	v1 blkio
	start_with "{\"blockIO\":{\"throttleReadBpsDevice\":[{$(disk),\"rate\":1048576}],\"throttleWriteIOPSDevice\":[{$(disk),\"rate\":100}]}}"
	[ "$(show blkio.throttle.read_bps_device | cut -d' ' -f2)" = 1048576 ]
	[ "$(show blkio.throttle.write_iops_device | cut -d' ' -f2)" = 100 ]
	oci delete --force t-x
	linux_more=',"resources":{"blockIO":{"leafWeight":100}}'
	run_box t-leaf true
	expect_status 125
	expect_contains "blkio.leaf_weight: not offered by this kernel"
}

@test "v1: the number of processes" {
	v1 pids
	start_with '{"pids":{"limit":7}}'
	[ "$(show pids.max)" = 7 ]
}

@test "huge pages are limited wherever their controller is" {
	[ -d /sys/fs/cgroup/hugetlb ] || v2_hands_down hugetlb
	start_with '{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}'
	[ "$(show hugetlb.2MB.max hugetlb.2MB.limit_in_bytes)" = 4194304 ]
}

@test "files of v2 are written by name, after all others" {
	v2_hands_down hugetlb
	start_with '{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}],"unified":{"hugetlb.2MB.max":"8388608"}}'
	[ "$(show hugetlb.2MB.max)" = 8388608 ]
	oci delete --force t-x
	linux_more=',"resources":{"unified":{"hugetlb.nosuch":"1"}}'
	run_box t-nosuch true
	expect_status 125
	expect_contains "linux.resources.unified: hugetlb.nosuch: not offered"
}

@test "network priorities and classes need their controllers" {
	[ ! -d /sys/fs/cgroup/net_cls ] || skip "there is a net_cls hierarchy"
	linux_more=',"resources":{"network":{"classID":1048577}}'
	run_box t-class true
	expect_status 125
	expect_contains "no net_cls control groups"
	linux_more=',"resources":{"network":{"priorities":[{"name":"lo","priority":5}]}}'
	run_box t-prio true
	expect_contains "no net_prio control groups"
	! grep -qs rdma /sys/fs/cgroup/cgroup.controllers || return 0
	linux_more=',"resources":{"rdma":{"mlx5_1":{"hcaHandles":3}}}'
	run_box t-rdma true
	expect_contains "no rdma control groups"
}

@test "network priorities are set where there is their hierarchy" {
	v1 cpu
	grep -q '^net_prio' /proc/cgroups || skip "this kernel has no net_prio"
	linux_more=',"resources":{"network":{"priorities":[{"name":"lo","priority":5}]}}'
	box "cat /proc/self/cgroup"
	cat >"$OCI/prio" <<-'SH'
		set -e
		mkdir "$OCI/net_prio"
		mount -t cgroup -o net_prio cgroup "$OCI/net_prio" || { rmdir "$OCI/net_prio"; exit 77; }
		mkdir -p "$OCI/net_prio/berth"
		berth-oci --root "$OCI/state" create -b "$bundle" t-prio >/dev/null
		grep 'lo 5' "$OCI/net_prio/berth/t-prio/net_prio.ifpriomap"
		berth-oci --root "$OCI/state" delete --force t-prio
		rmdir "$OCI/net_prio/berth"
		umount "$OCI/net_prio"
		# The hierarchy goes with its last group, a moment later.
		for i in 1 2 3 4 5 6 7 8 9; do
			grep -q net_prio /proc/self/cgroup || break
			sleep 0.2
			mount -t cgroup -o net_prio cgroup "$OCI/net_prio"
			umount "$OCI/net_prio"
		done
	SH
	run timeout 20 unshare --mount --propagation private sh "$OCI/prio" 3>&-
	[ "$status" -ne 77 ] || skip "hierarchies cannot be mounted here"
	expect_status 0
	expect_contains "lo 5"
}

@test "a machine with nothing but v2 refuses what v2 does not have, by name" {
	v1 memory
	linux_more=',"resources":{"memory":{"limit":67108864}}'
	box true
	cat >"$OCI/only_v2" <<-'SH'
		[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
		exec berth-oci --root "$OCI/state" run -b "$bundle" t-v2
	SH
	run timeout 20 unshare --mount --propagation private sh "$OCI/only_v2" 3>&-
	grep -q memory /sys/fs/cgroup/unified/cgroup.controllers && skip "v2 has the memory controller"
	expect_status 125
	expect_contains "no memory control groups"
	oci_nothing_left
}

@test "a limit that fails leaves no group behind" {
	v1 pids
	linux_more=',"resources":{"pids":{"limit":5},"cpu":{"cpus":"1023"}}'
	run_box t-bad true
	expect_status 125
	expect_contains cpuset.cpus
	oci_nothing_left
}

@test "a memory limit that nothing fits into is named as the reason" {
	[ -d /sys/fs/cgroup/memory ] || grep -qs memory /sys/fs/cgroup/cgroup.controllers || skip "no memory control groups"
	linux_more=',"resources":{"memory":{"limit":4096}}'
	run_box t-tiny true
	[ "$status" -ne 0 ]
	expect_contains "memory"
	[ "${#lines[@]}" = 1 ]
	oci_nothing_left
}

@test "devices have their type, numbers, mode and owner" {
	linux_more=',"devices":[{"path":"/dev/one","type":"c","major":1,"minor":5,"fileMode":384,"uid":7,"gid":8},
		{"path":"/dev/disk","type":"b","major":7,"minor":3},{"path":"/dev/deep/down/pipe","type":"p"},{"path":"/dev/unbuffered","type":"u","major":1,"minor":7}]'
	run_box t-dev "stat -c '%F %t:%T %a %u:%g' /dev/one /dev/disk /dev/deep/down/pipe /dev/unbuffered; head -c 2 /dev/one | wc -c"
	expect_status 0
	expect_output "$(printf 'character special file 1:5 600 7:8\nblock special file 7:3 666 0:0\nfifo 0:0 666 0:0\ncharacter special file 1:7 666 0:0\n2')"
}

@test "rules for devices hold in their order, on v1 and on v2 alone" {
	linux_more=',"resources":{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":11,"access":"r"}]},
		"devices":[{"path":"/dev/kmsg","type":"c","major":1,"minor":11},{"path":"/dev/mem","type":"c","major":1,"minor":1}]'
	caps="$all_caps,\"CAP_SYSLOG\""
	script="head -c 1 /dev/kmsg >/dev/null && echo read; (echo x >/dev/kmsg) 2>/dev/null || echo no write; (head -c 1 /dev/mem >/dev/null) 2>/dev/null || echo no memory; echo x >/dev/null && echo null"
	run_box t-rules "$script"
	expect_output "$(printf 'read\nno write\nno memory\nnull')"
	printf '[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup\nexec berth-oci --root "$OCI/state" run -b "$bundle" t-rules2\n' >"$OCI/only_v2"
	run timeout 20 unshare --mount --propagation private sh "$OCI/only_v2" 3>&-
	expect_output "$(printf 'read\nno write\nno memory\nnull')"
}
