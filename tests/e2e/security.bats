#!/usr/bin/env bats
# What a container may and may not: capabilities, system calls, paths, devices, limits, namespaces.
load helper

# inside OPTION... -- COMMAND: the output of a shell command in a container of its own, without what
# berth says of capabilities that this machine does not have
inside() {
	local options=()

	while [ "$1" != -- ]; do options+=("$1"); shift; done
	berth run --rm "${options[@]}" busybox sh -c "$2" 2> >(grep -v ^WARNING >&2)
}

# caps SET OPTION...: one of the five sets of the container's first process, as /proc shows it
caps() {
	local set=$1
	shift
	inside "$@" -- "sed -n 's/^$set:[[:space:]]*//p' /proc/1/status"
}

nr_open=$(cat /proc/sys/fs/nr_open)

# Without CAP_SYS_RESOURCE not even root gets more than its hard limits.
lacks_resource() {
	[ "$((0x$(bounding_set_of_the_host) >> 24 & 1))" -eq 0 ]
}

bounding_set_of_the_host() {
	sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status
}

@test "the capabilities are docker's fourteen" {
	run caps CapEff
	expect_output 00000000a80425fb
	run caps CapBnd
	expect_output 00000000a80425fb
	run caps CapInh
	expect_output 0000000000000000
}

@test "another user has no capabilities in force, and can get no more than the bounding set" {
	run caps CapEff -u 1000
	expect_output 0000000000000000
	run caps CapBnd -u 1000
	expect_output 00000000a80425fb
}

@test "capabilities are added and dropped, with and without CAP_, in any case" {
	run caps CapEff --cap-drop all
	expect_output 0000000000000000
	run caps CapEff --cap-drop ALL --cap-add net_bind_service --cap-add CAP_KILL
	expect_output 0000000000000420
	run caps CapEff --cap-drop CAP_MKNOD
	expect_output 00000000a00425fb
	run berth run --rm --cap-add NO_SUCH busybox true
	expect_status 125
	expect_contains 'NO_SUCH'
}

@test "--privileged and --cap-add ALL give what the host's root has, and no more" {
	run caps CapEff --privileged
	expect_output "$(bounding_set_of_the_host)"
	run caps CapEff --cap-add ALL
	expect_output "$(bounding_set_of_the_host)"
}

@test "what root itself lacks is told by inspect" {
	berth create --name bare --privileged --ulimit "nofile=$nr_open:$nr_open" busybox true >/dev/null 2>&1
	run berth inspect --format '{{json .Notes}}' bare
	if lacks_resource && [ "$(ulimit -Hn)" != "$nr_open" ]; then
		expect_contains nofile
	else
		expect_lacks nofile
	fi
	! lacks_resource || expect_contains CAP_SYS_RESOURCE
	berth rm bare >/dev/null
}

@test "the seccomp profile refuses what docker's does" {
	run inside -- 'sed -n "s/^Seccomp:[[:space:]]*//p" /proc/1/status; unshare -r true; mount -t tmpfs none /tmp'
	expect_contains 2
	expect_contains "unshare"
	expect_contains "permission denied"
	# Without a privilege, but with the call: user namespaces are for everybody where the kernel says so.
	run inside --security-opt seccomp=unconfined -- 'sed -n "s/^Seccomp:[[:space:]]*//p" /proc/1/status'
	expect_output 0
}

@test "--privileged is without a seccomp profile, and may mount" {
	run inside --privileged -- 'sed -n "s/^Seccomp:[[:space:]]*//p" /proc/1/status; mount -t tmpfs none /mnt && echo mounted'
	expect_output $'0\nmounted'
}

@test "a seccomp profile of one's own is obeyed, and a broken one refused" {
	cat >"$BATS_TEST_TMPDIR/no-mkdir.json" <<-'EOF'
		{ "defaultAction": "SCMP_ACT_ALLOW",
		  "syscalls": [ { "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38 } ] }
	EOF
	run inside --security-opt "seccomp=$BATS_TEST_TMPDIR/no-mkdir.json" -- 'mkdir /x || touch /y && echo touched'
	expect_contains "Function not implemented"
	expect_contains touched
	echo '{ "defaultAction": "SCMP_ACT_NO_SUCH" }' >"$BATS_TEST_TMPDIR/broken.json"
	run berth run --rm --security-opt "seccomp=$BATS_TEST_TMPDIR/broken.json" busybox true
	expect_status 125
	expect_contains SCMP_ACT_NO_SUCH
	run berth run --rm --security-opt "seccomp=$BATS_TEST_TMPDIR/absent.json" busybox true
	expect_status 125
	expect_contains absent.json
}

@test "--security-opt no-new-privileges holds" {
	run inside --security-opt no-new-privileges -- 'sed -n "s/^NoNewPrivs:[[:space:]]*//p" /proc/self/status'
	expect_output 1
	run inside -- 'sed -n "s/^NoNewPrivs:[[:space:]]*//p" /proc/self/status'
	expect_output 0
}

@test "the kernel's paths are masked or read-only" {
	run inside -- 'for p in /proc/kcore /proc/keys /proc/timer_list /proc/sched_debug; do
			[ ! -e $p ] || [ -z "$(head -c 1 $p)" ] || echo $p is readable; done
		for p in /proc/acpi /sys/firmware; do [ ! -e $p ] || [ -z "$(ls -A $p)" ] || echo $p has entries; done
		for p in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/irq /proc/bus; do
			[ ! -e $p ] || [ ! -w $p ] || (: >>$p) 2>/dev/null && [ -f $p ] && echo $p is writable; done
		touch /sys/x 2>&1; echo end'
	expect_lacks "is readable"
	expect_lacks "has entries"
	expect_lacks "is writable"
	expect_contains "Read-only file system"
	expect_contains end
}

@test "--privileged masks nothing" {
	run inside --privileged -- 'grep -c " /proc/kcore \| /proc/sys " /proc/mounts; grep " /sys " /proc/mounts | grep -c "rw,"'
	expect_output $'0\n1'
}

@test "the devices are docker's" {
	run inside -- 'cd /dev && ls -d console full fd null ptmx pts random shm stderr stdin stdout tty urandom zero 2>&1 | wc -l
		stat -c %t:%T null zero full random urandom tty | tr "\n" " "'
	expect_contains "1:3 1:5 1:7 1:8 1:9 5:0"
	run inside -- 'mknod /tmp/sda b 8 0 && head -c 1 /tmp/sda'
	expect_contains "Operation not permitted"
	run inside --device /dev/null:/dev/other:r -- 'stat -c %t:%T /dev/other'
	expect_output 1:3
}

@test "the namespaces are the container's own" {
	for ns in mnt pid net uts ipc cgroup; do
		[ "$(inside --cgroupns private -- "readlink /proc/self/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ]
	done
	run inside --cgroupns private -- 'cat /proc/self/cgroup; echo $$'
	expect_lacks berth
	expect_contains $'\n1'
	# As docker has it, the default is private where there is v2 alone, and the host's elsewhere.
	[ ! -e /sys/fs/cgroup/cgroup.controllers ] || same=no
	[ "$(inside -- 'readlink /proc/self/ns/cgroup')" != "$(readlink /proc/self/ns/cgroup)" ] || found=yes
	[ "${same:-yes}" = "${found:-no}" ]
}

@test "ulimits are as asked, or as high as the host's" {
	run inside --ulimit nofile=300:400 --ulimit core=0 -- 'ulimit -Sn; ulimit -Hn; ulimit -c'
	expect_output $'300\n400\n0'
	run inside --ulimit "nofile=$nr_open:$nr_open" -- 'ulimit -Hn'
	expect_output "$(lacks_resource && ulimit -Hn || echo "$nr_open")"
	run berth run --rm --ulimit nofile=400:300 busybox true
	expect_status 125
	expect_contains "nofile"
}

@test "/etc/hosts, /etc/hostname and /etc/resolv.conf are the container's" {
	run inside --hostname harbour --network none -- 'cat /etc/hostname; grep -c localhost /etc/hosts; [ -f /etc/resolv.conf ] && echo resolv'
	expect_output $'harbour\n2\nresolv'
	run inside --network none --add-host registry:10.1.2.3 -- 'grep registry /etc/hosts'
	expect_contains "10.1.2.3"
}

@test "/dev/shm, /dev/mqueue and /dev/pts are there" {
	run inside -- 'grep -E "/dev/(shm|mqueue|pts) " /proc/mounts | cut -d" " -f2,3 | sort'
	expect_output $'/dev/mqueue mqueue\n/dev/pts devpts\n/dev/shm tmpfs'
	run inside --shm-size 2m -- 'df -k /dev/shm | tail -n 1'
	expect_contains " 2048 "
}

@test "memory and swap are limited, and the program that takes more is killed" {
	run berth run --name hungry -m 16m --memory-swap 16m busybox sh -c 'head -c 100m /dev/zero | tail'
	berth inspect --format '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}' hungry | grep -qx '16777216 16777216'
	[ "$(berth inspect --format '{{.State.OOMKilled}}' hungry)" = true ]
	berth rm hungry >/dev/null
}

@test "processors are limited" {
	run inside --cpus 0.5 -- '
		if [ -f /sys/fs/cgroup/cpu.max ]; then cat /sys/fs/cgroup/cpu.max; else
			cd /sys/fs/cgroup/cpu && echo $(cat cpu.cfs_quota_us cpu.cfs_period_us); fi'
	expect_output "50000 100000"
}

@test "a container cannot have more processes than its limit" {
	run inside --pids-limit 5 -- 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'
	expect_contains "can't fork"
}

@test "calls that containers have been left by are refused" {
	gcc -O1 -static -o "$BATS_TEST_TMPDIR/attack" "$berth_source/tests/lib/attack.c"
	run inside -v "$BATS_TEST_TMPDIR/attack:/attack:ro" -- '/attack calls'
	expect_status 0
	expect_lacks ": open"
	expect_contains "clone3: ENOSYS"
	# Not for a wrong argument, but before it is looked at.
	for call in add_key keyctl request_key open_by_handle_at io_uring_setup bpf perf_event_open userfaultfd unshare clone \
		setns mount umount2 pivot_root fsopen fsconfig open_tree move_mount mount_setattr init_module finit_module \
		kexec_load reboot settimeofday swapon; do
		expect_contains "$call: EPERM"
	done
	expect_contains "AF_VSOCK: EPERM"
	expect_contains "AF_ALG: EPERM"
	# Programs of 32 bits have another way to these sockets, whose arguments no filter sees.
	[[ "$output" == *"no 32 bits"* ]] || expect_contains "socketcall: ENOSYS"
}

@test "a supervisor's program cannot be overwritten from the container that has it executed" {
	case $berth_build in *build-san) skip "a sanitized program ends early in a container; the one delivered is tried without" ;; esac
	gcc -O1 -static -o "$BATS_TEST_TMPDIR/attack" "$berth_source/tests/lib/attack.c"
	before=$(sha256sum <"$berth_build/berth-shim")
	berth run -d --name over -v "$BATS_TEST_TMPDIR/attack:/attack:ro" busybox sh -c 'ln -s /proc/self/exe /trap; /attack overwrite; sleep 1000' >/dev/null
	# Its complaint does not fit into a full pipe, so it stays until it is killed.
	mkfifo "$BATS_TEST_TMPDIR/full"
	exec 7<>"$BATS_TEST_TMPDIR/full"
	head -c 65536 /dev/zero >&7
	timeout 60 berth exec over /trap exec x 2>&7 || true # not by run, which would read it
	exec 7<&-
	overwritten() { berth logs over | grep -q ^write; }
	# An emulated machine takes its time.
	for _ in 1 2 3; do eventually overwritten && break; done
	run berth logs over
	# As long as any supervisor runs from it it is busy, too.
	expect_contains "on a read-only mount"
	expect_contains "write: E"
	[ "$(sha256sum <"$berth_build/berth-shim")" = "$before" ]
	berth rm -f over >/dev/null
}
