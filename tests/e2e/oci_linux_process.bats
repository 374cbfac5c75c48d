#!/usr/bin/env bats
# process and the rest of linux: capabilities, limits, policies, names, sysctls.
load helper
load oci_box

prepare() {
	# What a process finds of its policies: scheduler, nice, flags; I/O priority; memory policy; machine.
	cat >"$OCI/policy.c" <<-'C'
		#define _GNU_SOURCE
		#include <sched.h>
		#include <stdio.h>
		#include <stdint.h>
		#include <sys/resource.h>
		#include <sys/syscall.h>
		#include <sys/utsname.h>
		#include <unistd.h>
		int main(void)
		{
			struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t rt, dl, pe, more; } a = { 0 };
			struct utsname u;
			cpu_set_t cpus;
			unsigned long nodes = 0;
			int mode = -1;
			syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0);
			syscall(SYS_get_mempolicy, &mode, &nodes, 64UL, 0, 0);
			uname(&u);
			sched_getaffinity(0, sizeof(cpus), &cpus);
			printf("policy %u flags %lu nice %d priority %u runtime %lu io %ld memory %d:%lu machine %s cpus %d:%d\n", a.policy, (unsigned long)a.flags,
			       a.nice, a.priority, (unsigned long)a.rt, (long)syscall(SYS_ioprio_get, 1, 0), mode, nodes, u.machine, CPU_ISSET(0, &cpus) != 0, CPU_ISSET(1, &cpus) != 0);
			return 0;
		}
	C
	gcc -static -O1 -w -o "$bundle/rootfs/policy" "$OCI/policy.c"
}

sets() { # the five sets as the kernel shows them, without zeros in front
	echo "grep Cap /proc/self/status | cut -f2 | sed 's/^0*//; s/^\$/0/' | tr '\\\\n' ' '"
}

@test "the five sets of capabilities are what they say" {
	caps=
	box "$(sets)"
	# CHOWN is bit 0, KILL 5, NET_ADMIN 12; a name that is unknown is passed over.
	sed -i 's|"capabilities": {.*}|"capabilities": { "bounding": ["CAP_CHOWN","CAP_KILL","CAP_NET_ADMIN","CAP_WHAT"], "permitted": ["CAP_CHOWN","CAP_KILL"], "effective": ["CAP_KILL"], "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"] }|; s|{"uid":0,"gid":0}|{"uid":1,"gid":1}|' "$bundle/config.json"
	run oci run -b "$bundle" t-caps 3>&-
	expect_status 0
	# inheritable, permitted, effective, bounding, ambient: of a user, ambient ones survive execve
	expect_contains "20 20 20 1021 20 "
	sed -i 's/"capabilities": {.*}/"oomScoreAdj": 0/' "$bundle/config.json"
	run oci run -b "$bundle" t-nocaps 3>&-
	expect_output "0 0 0 0 0 "
}

@test "limits of resources, umask, groups, and the score of the OOM killer" {
	user='{"uid":5,"gid":6,"umask":7,"additionalGids":[8,9]}'
	process_more=',"oomScoreAdj":321,"rlimits":[{"type":"RLIMIT_NOFILE","soft":100,"hard":200},{"type":"RLIMIT_CORE","soft":0,"hard":0}]'
	run_box t-limits "id -u; id -g; id -G; umask; ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj"
	expect_output "$(printf '5\n6\n6 8 9\n0007\n100\n200\n321')"
	process_more=',"rlimits":[{"type":"RLIMIT_NOFILE","soft":1,"hard":1},{"type":"RLIMIT_NOFILE","soft":1,"hard":1}]'
	run_box t-twice true
	expect_contains "process.rlimits[1]: RLIMIT_NOFILE stands there twice"
}

@test "no new privileges are to be had when so" {
	process_more=',"noNewPrivileges":true'
	run_box t-nnp "grep NoNewPrivs /proc/self/status"
	expect_output "$(printf 'NoNewPrivs:\t1')"
}

@test "schedulers with their priority, nice value and flags" {
	process_more=',"scheduler":{"policy":"SCHED_BATCH","nice":7,"flags":["SCHED_FLAG_RESET_ON_FORK"]}'
	run_box t-batch "exec /policy"
	expect_contains "policy 3 flags 1 nice 7"
	process_more=',"scheduler":{"policy":"SCHED_OTHER","nice":-5}'
	run_box t-nice "/policy"
	expect_contains "policy 0 flags 0 nice -5"
	process_more=',"scheduler":{"policy":"SCHED_IDLE"}'
	run_box t-idle "/policy"
	expect_contains "policy 5"
	process_more=',"scheduler":{"policy":"SCHED_DEADLINE","runtime":10000000}'
	run_box t-deadline true
	expect_status 125
	expect_contains "set scheduler"
	process_more=',"scheduler":{"policy":"SCHED_FIFO","priority":100}'
	run_box t-prio true
	expect_contains "process.scheduler.priority"
}

@test "realtime schedulers where the group has time for them" {
	process_more=',"scheduler":{"policy":"SCHED_RR","priority":3}'
	run_box t-rr /policy
	[ "$status" -ne 125 ] || { expect_contains "set scheduler: Operation not permitted"; skip "no realtime time for groups"; }
	expect_contains "policy 2 flags 0 nice 0 priority 3"
}

@test "I/O priority, memory policy and personality" {
	process_more=',"ioPriority":{"class":"IOPRIO_CLASS_BE","priority":6}'
	linux_more=',"memoryPolicy":{"mode":"MPOL_BIND","nodes":"0","flags":["MPOL_F_STATIC_NODES"]},"personality":{"domain":"LINUX32"}'
	run_box t-policy "/policy"
	expect_status 0
	expect_contains "io $((2 << 13 | 6)) memory $((2 | 1 << 15)):1 machine i686"
	linux_more=',"memoryPolicy":{"mode":"MPOL_BIND","nodes":"1000"}'
	run_box t-nodes true
	expect_status 125
	expect_contains "set memory policy"
	linux_more=',"personality":{"domain":"LINUX","flags":["ADDR_NO_RANDOMIZE"]}'
	run_box t-flags true
	expect_contains "linux.personality.flags"
}

@test "a process that joins has its CPUs, the first one has not" {
	[ "$(nproc)" -ge 2 ] || skip "one CPU"
	process_more=',"execCPUAffinity":{"initial":"0","final":"1"}'
	box "/policy; sleep 1000"
	oci run -d -b "$bundle" t-cpus >"$OCI/out" 3>&-
	eventually grep -q "cpus 1:1" "$OCI/out"
	run oci exec t-cpus /policy
	expect_contains "cpus 0:1"
}

@test "labels of security modules that this kernel does not run are refused" {
	[ ! -e /sys/kernel/security/apparmor ] || skip "AppArmor runs"
	[ ! -e /sys/fs/selinux/enforce ] || skip "SELinux runs"
	process_more=',"apparmorProfile":"berth"'
	run_box t-apparmor true
	expect_status 125
	expect_contains "process.apparmorProfile: this kernel does not run AppArmor"
	process_more=',"selinuxLabel":"system_u:system_r:container_t:s0"'
	run_box t-selinux true
	expect_contains "process.selinuxLabel: this kernel does not run SELinux"
	process_more= linux_more=',"mountLabel":"system_u:object_r:container_file_t:s0"'
	run_box t-label true
	expect_contains "linux.mountLabel: this kernel does not run SELinux"
}

@test "a class of caches is refused where there is no resctrl, and so is its update" {
	! grep -q ' - resctrl ' /proc/self/mountinfo || skip "resctrl is mounted"
	for rdt in '{}' '{"closID":"gold"}' '{"l3CacheSchema":"L3:0=f"}' '{"enableMonitoring":true}'; do
		linux_more=",\"intelRdt\":$rdt"
		run_box t-rdt true
		[ "$status" -ne 0 ]
		expect_contains "linux.intelRdt: no resctrl file system is mounted"
	done
	linux_more=
	box 'sleep 100'
	oci create -b "$bundle" t-rdt </dev/null >/dev/null 2>&1 3>&-
	for option in "--l3-cache-schema L3:0=f" "--mem-bw-schema MB:0=20"; do
		# shellcheck disable=SC2086 # an option and its value
		run oci update $option t-rdt
		expect_status 1
		expect_contains "made without linux.intelRdt"
	done
}

@test "flags of a personality are refused, for there are none" {
	linux_more=',"personality":{"domain":"LINUX32","flags":["ADDR_NO_RANDOMIZE"]}'
	run_box t-flags true
	[ "$status" -ne 0 ]
	expect_contains "linux.personality.flags: the specification has none, so there is no ADDR_NO_RANDOMIZE"
}

@test "host and domain name are the container's own" {
	top_more=',"domainname":"example.org"'
	run_box t-names "hostname; cat /proc/sys/kernel/domainname"
	expect_output "$(printf 'box\nexample.org')"
	namespaces='{"type":"mount"}'
	run_box t-nouts true
	expect_contains "hostname: needs a uts namespace"
}

@test "sysctls are those of the container's namespaces, in either spelling" {
	linux_more=',"sysctl":{"net.ipv4.ip_forward":"1","net/ipv4/conf/lo/forwarding":"1","kernel.shmmax":"12345678","fs.mqueue.msg_max":"11","kernel.domainname":"d"}'
	run_box t-sysctl "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax /proc/sys/fs/mqueue/msg_max /proc/sys/kernel/domainname"
	expect_status 0
	expect_output "$(printf '1\n12345678\n11\nd')"
	for name in kernel.core_pattern kernel.shm/../core_pattern vm.swappiness; do
		linux_more=",\"sysctl\":{\"$name\":\"x\"}"
		run_box t-host true
		expect_status 1
		expect_contains "linux.sysctl: $name"
	done
}

@test "sysctls are set, whatever the container has for /proc" {
	local proc second='{"destination":"/p","type":"proc","source":"proc"}'

	linux_more=',"sysctl":{"net.ipv4.ip_forward":"1"}'
	for proc in '"destination":"/none","type":"tmpfs","source":"tmpfs"' \
		'"destination":"/proc","type":"proc","source":"proc","options":["ro"]' \
		'"destination":"/proc","type":"proc","source":"proc","options":["subset=pid"]' \
		'"destination":"/proc/sys","type":"proc","source":"proc"'; do
		mounts="{$proc},$second"
		run_box t-sysctl "cat /p/sys/net/ipv4/ip_forward"
		expect_status 0
		expect_output 1
	done
}

@test "the working directory is made, and the program found by the container's own PATH" {
	box "pwd; readlink /proc/\$\$/exe"
	sed -i 's|"cwd": "/"|"cwd": "/made/for/this"|' "$bundle/config.json"
	run oci run -b "$bundle" t-cwd 3>&-
	expect_output "$(printf '/made/for/this\n/bin/busybox')"
}

@test "a document that is wrong is refused with path and reason, and nothing is left" {
	while IFS='|' read -r old new words; do
		box true
		sed -i "s|$old|$new|" "$bundle/config.json"
		run oci create -b "$bundle" t-wrong 3>&-
		expect_status 1
		expect_contains "$words" || { echo "for $new" >&2; return 1; }
		oci_nothing_left
	done <<-'ROWS'
		"1.2.0"|"2.0.0"|ociVersion
		"cwd": "/"|"cwd": "x"|process.cwd
		"uid":0|"uid":-1|process.user.uid
		"args": \[|"args": [ 5,|process.args[0]
		"path": "rootfs"|"path": "nowhere"|root.path
		{"type":"pid"}|{"type":"pids"}|linux.namespaces[1].type
		{"type":"pid"}|{"type":"uts"}|stands there twice
		"linux": {|"linux": { "maskedPaths": ["x"],|linux.maskedPaths[0]
		"linux": {|"linux": { "rootfsPropagation": "loud",|linux.rootfsPropagation
		"linux": {|"linux": { "devices": [{"path":"/dev/x","type":"c","major":1}, {"path":"/x","type":"z"}],|linux.devices[1].type
		"linux": {|"linux": { "resources": {"pids":{}},|linux.resources.pids.limit
		"linux": {|"linux": { "resources": {"devices":[{"allow":false},{"allow":true,"type":"c","access":""}]},|linux.resources.devices[1].access: is needed
		"linux": {|"linux": { "sysctl": {"kernel.hostname":"other"},|linux.sysctl: kernel.hostname is set by the member of that name as well
		"1.2.0"|"1.x"|ociVersion
		"linux": {|"linux": { "seccomp": {},|linux.seccomp.defaultAction
		{ "ociVersion"|{ ! "ociVersion"|invalid JSON
	ROWS
}

@test "HOME is the user's in the container's passwd, unless it is given, and a hostile file is none" {
	mkdir -p "$bundle/rootfs/etc"
	printf 'root:x:0:0::/root:/bin/sh\nsailor:x:7:7::/home/sailor:/bin/sh\n' >"$bundle/rootfs/etc/passwd"
	user='{"uid":7,"gid":7}'
	box 'echo $HOME; sleep 1000'
	oci run -d -b "$bundle" t-home >"$OCI/home" 2>&1 3>&-
	eventually grep -qx /home/sailor "$OCI/home"
	run oci exec -u 0 t-home sh -c 'echo $HOME'
	expect_output /root
	run oci exec -e HOME=/given t-home sh -c 'echo $HOME'
	expect_output /given
	run oci exec -u 99 t-home sh -c 'echo $HOME'
	expect_output /
	oci delete --force t-home
	for trap in "ln -s $OCI/passwd" mkfifo mkdir; do
		rm -rf "$bundle/rootfs/etc/passwd"
		echo 'x:x:7:7::/outside:' >"$OCI/passwd"
		$trap "$bundle/rootfs/etc/passwd"
		run_box t-trap 'echo $HOME'
		expect_output /
	done
	rm -rf "$bundle/rootfs/etc/passwd"
}

@test "capabilities that do not exist are left out, and told" {
	caps='"CAP_KILL","CAP_NO_SUCH"'
	run_box t-caps "grep CapEff /proc/self/status"
	expect_status 0
	expect_contains "no capability is called CAP_NO_SUCH"
	expect_contains 0000000000000020
}
