#!/usr/bin/env bats
# berth-oci: the command line that engines drive an OCI runtime by.
load oci_helper
bats_require_minimum_version 1.5.0

@test "run gives the program's exit status and leaves nothing" {
	program sh -c "echo out; echo err >&2; exit 7"
	run oci run -b "$bundle" t-run
	expect_status 7
	expect_contains out
	expect_contains err
	oci_nothing_left
}

@test "run of a program that a signal ends gives 128 and its number" {
	program sh -c 'kill -9 $$; sleep 9'
	# The first process of a PID namespace cannot kill itself; without one it can.
	configure 's|{ "type": "pid" }, ||'
	run oci run -b "$bundle" t-signal
	expect_status 137
}

@test "run passes a signal on" {
	program sh -c "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"
	berth-oci --root "$OCI/state" run -b "$bundle" t-term >"$OCI/out" 3>&- &
	eventually grep -q ready "$OCI/out"
	kill -TERM $!
	status=0
	wait $! || status=$?
	expect_status 9
}

@test "create waits, start lets the program run, delete removes it" {
	program sh -c "echo running; exec sleep 1000"
	oci create -b "$bundle" --pid-file "$OCI/pid" t-life >"$OCI/out" 3>&-
	status_is t-life created
	[ "$(cat "$OCI/pid")" = "$(pid_of t-life)" ]
	[ ! -s "$OCI/out" ]
	oci start t-life
	status_is t-life running
	eventually grep -q running "$OCI/out"
	run oci delete t-life
	expect_status 1
	expect_contains "not stopped"
	oci kill t-life KILL
	eventually status_is t-life stopped
	run oci kill t-life
	expect_contains "container not running"
	oci delete t-life
	oci_nothing_left
}

@test "what does not exist is said so" {
	for command in state start kill delete ps pause resume; do
		run oci "$command" t-none
		expect_status 1
		expect_contains "does not exist"
	done
	run oci delete --force t-none
	expect_status 0
}

@test "an ID is taken once, and cannot be a path" {
	program sleep 1000
	oci create -b "$bundle" t-once >/dev/null 3>&-
	run oci create -b "$bundle" t-once
	expect_status 1
	expect_contains "already exists"
	status_is t-once created
	for id in ../x a/b . .. "" "a b"; do
		run oci create -b "$bundle" "$id"
		expect_status 1
		expect_contains "invalid container ID"
	done
}

@test "a program that is not there fails create, and nothing is left" {
	program no-such-program
	run oci create -b "$bundle" t-absent
	expect_status 1
	expect_contains 'exec: "no-such-program": executable file not found in $PATH'
	oci_nothing_left
	run -127 oci run -b "$bundle" t-absent2
	expect_contains 'exec: "no-such-program": executable file not found in $PATH'
	configure 's|no-such-program|/etc|'
	run oci create -b "$bundle" t-absent
	expect_contains 'exec: "/etc": is a directory'
	configure 's|"/etc"|"/etc/passwd"|'
	run oci create -b "$bundle" t-absent
	expect_contains 'exec: "/etc/passwd": permission denied'
}

@test "a program that is gone when it is started is named, and the container is stopped" {
	program /bin/fleeting
	cp "$bundle/rootfs/bin/busybox" "$bundle/rootfs/bin/fleeting"
	oci create -b "$bundle" t-gone >/dev/null 3>&-
	rm "$bundle/rootfs/bin/fleeting"
	run -127 oci start t-gone
	expect_contains 'exec: "/bin/fleeting": stat /bin/fleeting: no such file or directory'
	eventually status_is t-gone stopped
}

@test "exec runs another process with its own user, environment, directory and status" {
	program sleep 1000
	oci run -d -b "$bundle" t-exec >/dev/null 3>&-
	run oci exec -u 5:6 -g 7,8 -e A=b --cwd /tmp t-exec sh -c 'id -u; id -g; id -G; echo $A; pwd; exit 3'
	expect_status 3
	expect_output "$(printf '5\n6\n6 7 8\nb\n/tmp')"
	run -127 oci exec t-exec no-such-program
	run oci exec -u nobody t-exec id
	expect_status 1
	expect_contains "not a number"
	run oci exec -u 4294967296 t-exec id
	expect_status 1
}

@test "exec takes its process from a file, and its number into one" {
	program sleep 1000
	oci run -d -b "$bundle" t-process >/dev/null 3>&-
	cat >"$OCI/process.json" <<-'JSON'
		{ "user": { "uid": 9, "gid": 9 }, "args": [ "sh", "-c", "id -u; echo $X" ],
		  "env": [ "PATH=/bin", "X=y" ], "cwd": "/" }
	JSON
	run oci exec -p "$OCI/process.json" t-process
	expect_status 0
	expect_output "$(printf '9\ny')"
	oci exec -d --pid-file "$OCI/pid" t-process sleep 1000 >/dev/null 3>&-
	kill -0 "$(cat "$OCI/pid")"
	[ "$(oci ps -f json t-process)" = "[$(pid_of t-process),$(cat "$OCI/pid")]" ]
}

@test "a terminal is handed over the console socket" {
	configure 's|"args": \[.*\]|"args": [ "sh", "-c", "read x; echo got $x; tty; exit 5" ]|'
	run oci create -b "$bundle" t-tty
	expect_contains "give --console-socket"
	"$OCI/console_socket" "$OCI/socket" hello >"$OCI/out" 3>&- &
	eventually test -S "$OCI/socket"
	oci create -b "$bundle" --console-socket "$OCI/socket" t-tty >/dev/null 3>&-
	oci start t-tty
	wait $!
	grep -q "got hello" "$OCI/out"
	grep -q "/dev/pts/0" "$OCI/out"
	eventually status_is t-tty stopped
}

@test "a terminal without a console socket is ours" {
	configure 's|"args": \[.*\]|"args": [ "sh", "-c", "tty; exit 6" ]|'
	run on_a_terminal berth-oci --root "$OCI/state" run -b "$bundle" t-ours
	expect_status 6
	expect_contains /dev/pts/0
}

@test "pause freezes, resume thaws" {
	program sleep 1000
	oci run -d -b "$bundle" t-pause >/dev/null 3>&-
	oci pause t-pause
	status_is t-pause paused
	run oci exec t-pause true
	expect_status 1
	expect_contains paused
	oci resume t-pause
	status_is t-pause running
	run oci resume t-pause
	expect_status 1
	oci pause t-pause
	oci delete --force t-pause
}

@test "limits of the configuration hold, and update changes them" {
	[ -d /sys/fs/cgroup/memory ] || grep -qs memory /sys/fs/cgroup/cgroup.controllers || skip "no memory control groups"
	program sh -c "sleep 1000"
	configure 's|"resources": {|"resources": { "memory": { "limit": 67108864 }, "pids": { "limit": 20 },|'
	oci run -d -b "$bundle" t-limits >/dev/null 3>&-
	limit() { cat /sys/fs/cgroup/memory/berth/t-limits/memory.limit_in_bytes /sys/fs/cgroup/berth/t-limits/memory.max 2>/dev/null; }
	pids() { cat /sys/fs/cgroup/pids/berth/t-limits/pids.max /sys/fs/cgroup/berth/t-limits/pids.max 2>/dev/null; }
	[ "$(limit)" = 67108864 ]
	[ "$(pids)" = 20 ]
	oci update --memory 32m --pids-limit -1 t-limits
	[ "$(limit)" = 33554432 ]
	[ "$(pids)" = max ]
	echo '{"memory":{"limit":134217728},"pids":{"limit":5}}' | oci update -r - t-limits
	[ "$(limit)" = 134217728 ]
	run oci update --kernel-memory 32m t-limits
	expect_status 1
	expect_contains "--kernel-memory is not supported"
}

@test "update keeps what it does not change, and sets each limit that has an option" {
	[ -f /sys/fs/cgroup/cpu/cpu.cfs_burst_us ] || skip "no cpu controller of v1 with bursts"
	program sleep 1000
	configure 's|"resources": {|"resources": { "memory": { "limit": 67108864, "swap": 134217728 }, "cpu": { "shares": 512 },|'
	oci run -d -b "$bundle" t-update >/dev/null 3>&-
	file() { cat "/sys/fs/cgroup/$1/berth/t-update/$2"; }
	oci update --cpu-period 50000 --cpu-quota 20000 --cpu-burst 10000 t-update
	oci update --cpu-quota 40000 --cpuset-cpus 0 t-update
	[ "$(file cpu cpu.cfs_period_us)" = 50000 ]
	[ "$(file cpu cpu.cfs_quota_us)" = 40000 ]
	[ "$(file cpu cpu.cfs_burst_us)" = 10000 ]
	[ "$(file cpu cpu.shares)" = 512 ]
	[ "$(file cpuset cpuset.cpus)" = 0 ]
	oci update --cpu-share 300 --cpuset-mems 0 --memory 100m --memory-swap 300m --memory-reservation 20m --pids-limit 33 t-update
	[ "$(file cpu cpu.shares)" = 300 ]
	[ "$(file cpuset cpuset.mems)" = 0 ]
	[ "$(file memory memory.limit_in_bytes)" = 104857600 ]
	[ "$(file memory memory.memsw.limit_in_bytes)" = 314572800 ]
	[ "$(file memory memory.soft_limit_in_bytes)" = 20971520 ]
	[ "$(file pids pids.max)" = 33 ]
	[ ! -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] || {
		run oci update --cpu-rt-period 1000000 --cpu-rt-runtime 0 t-update
		expect_status 0
		[ "$(file cpu cpu.rt_period_us)" = 1000000 ]
	}
	if [ -e "/sys/fs/cgroup/blkio/berth/t-update/blkio.bfq.weight" ]; then
		oci update --blkio-weight 300 t-update
		[ "$(file blkio blkio.bfq.weight)" = 300 ]
	fi
	oci update --cpu-idle 1 t-update
	[ "$(file cpu cpu.idle)" = 1 ]
	oci update --memory -1 t-update
	[ "$(file memory memory.memsw.limit_in_bytes)" = "$(cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes)" ]
	run oci update --cpu-period -1 t-update
	expect_status 1
	expect_contains "cpu.period"
	echo '{"devices":[{"allow":true,"access":"rwm"}]}' >"$OCI/devices"
	run oci update -r "$OCI/devices" t-update
	expect_contains "cannot be changed"
}

@test "features lists what a configuration may ask for" {
	berth-oci features >"$OCI/features"
	run python3 - "$OCI/features" <<-'PY'
		import json, sys
		f = json.load(open(sys.argv[1]))
		linux = f["linux"]
		print(f["ociVersionMin"], f["hooks"][0], len(f["hooks"]))
		print({"ro", "rro", "rbind", "idmap", "tmpcopyup", "remount", "copy-symlink"} <= set(f["mountOptions"]))
		print(*linux["namespaces"])
		print("CAP_BPF" in linux["capabilities"], "SCMP_ACT_NOTIFY" in linux["seccomp"]["actions"])
		print("SCMP_ARCH_X86_64" in linux["seccomp"]["archs"], "MPOL_BIND" in linux["memoryPolicy"]["modes"])
		print(f["annotations"]["org.opencontainers.runc.checkpoint.enabled"], f["ociVersionMax"])
		print(*f["potentiallyUnsafeConfigAnnotations"])
	PY
	expect_output "1.0.0 prestart 6
True
cgroup ipc mount network pid time user uts
True True
True True
true 1.3.0
org.criu.config org.systemd.property."
}

@test "devices that no rule allows cannot be used" {
	program sh -c 'mknod /tmp/kmsg c 1 11 && head -c 1 /tmp/kmsg || echo denied; mknod /tmp/tun c 10 200; (: <>/tmp/tun); echo >/dev/null && echo null works'
	configure 's|"readonly": true|"readonly": false|; s|"CAP_KILL",|"CAP_KILL", "CAP_MKNOD",|g; s|"/proc/kcore",||'
	run oci run -b "$bundle" t-devices
	rm -f "$bundle/rootfs/tmp/kmsg" "$bundle/rootfs/tmp/tun"
	# Which runc allowed to every container until 1.2.
	expect_contains "/tmp/tun: Operation not permitted"
	expect_contains denied
	expect_contains "null works"
}

@test "descriptors are passed on when asked for, and no others" {
	program sh -c "cat <&3; ls /proc/self/fd | wc -l"
	echo hello >"$OCI/hello"
	run oci run -b "$bundle" --preserve-fds 1 t-fds 3<"$OCI/hello"
	expect_output "$(printf 'hello\n5')"
	run oci run -b "$bundle" --preserve-fds 9 t-fds2 3<"$OCI/hello"
	expect_status 1
	expect_contains "is not open"
}

@test "list shows every container in both forms" {
	program sleep 1000
	oci run -d -b "$bundle" t-list1 >/dev/null 3>&-
	oci create -b "$bundle" t-list2 >/dev/null 3>&-
	[ "$(oci list -q)" = "$(printf 't-list1\nt-list2')" ]
	run oci list
	expect_contains "ID"
	[[ "${lines[1]}" =~ ^t-list1\ +[0-9]+\ +running ]]
	[[ "${lines[2]}" =~ ^t-list2\ +[0-9]+\ +created ]]
	run oci list -f json
	expect_contains '"id":"t-list1"'
}

@test "errors are JSON lines in the log as well" {
	run oci --log "$OCI/log" --log-format json run -b "$OCI/nothing" t-log
	expect_status 1
	grep -q '^{"level":"error","msg":"bundle .*nothing: No such file or directory","time":"20.*Z"}$' "$OCI/log"
}

@test "what is not supported is refused with what to do" {
	run oci --cgroup-manager openrc run -b "$bundle" t-x
	expect_contains "must be cgroupfs or systemd"
	run oci --systemd-cgroup --cgroup-manager cgroupfs run -b "$bundle" t-x
	expect_contains "--systemd-cgroup says otherwise"
	run oci --log journald:x run -b "$bundle" t-x
	expect_contains "only files"
	[ ! -e journald:x ]
	run oci mounts t-x
	expect_contains "mounts is not supported"
	configure 's|"terminal": true|"terminal": false|; s|"linux": {|"linux": { "intelRdt": { "closID": "x" },|'
	run oci create -b "$bundle" t-x
	expect_contains "linux.intelRdt: no resctrl file system is mounted"
}

@test "without systemd its control groups are refused with what to do, and features tell of them" {
	[ ! -d /run/systemd/system ] || skip "systemd runs; see tests/vm"
	program true
	run oci --systemd-cgroup run -b "$bundle" t-x
	expect_status 1
	expect_contains "systemd does not run on this machine"
	run oci --cgroup-manager systemd create -b "$bundle" t-x
	expect_contains "cgroupfs driver"
	[ ! -e "$OCI/state/t-x" ]
	run oci features
	expect_contains '"systemd":true'
	cp "$berth_build/berth-oci" "$OCI/"
	run "$OCI/berth-oci" features
	expect_contains '"systemd":false'
}

@test "a machine with nothing but cgroup v2 freezes, filters devices and kills as well" {
	program sh -c 'mknod /tmp/kmsg c 1 11 && head -c 1 /tmp/kmsg || echo denied; echo >/dev/null && echo null works; sleep 1000'
	configure 's|"readonly": true|"readonly": false|; s|"CAP_KILL",|"CAP_KILL", "CAP_MKNOD",|g'
	cat >"$OCI/only_v2" <<-'SH'
		set -e
		[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
		berth-oci --root "$OCI/state" run -d -b "$bundle" t-v2 >"$OCI/out"
		until grep -q works "$OCI/out"; do sleep 0.05; done
		cat "$OCI/out" /proc/"$(berth-oci --root "$OCI/state" ps -f json t-v2 | tr -dc '0-9,' | cut -d, -f1)"/cgroup
		berth-oci --root "$OCI/state" events --stats t-v2
		berth-oci --root "$OCI/state" pause t-v2
		berth-oci --root "$OCI/state" state t-v2
		berth-oci --root "$OCI/state" delete --force t-v2
	SH
	run timeout 20 unshare --mount --propagation private sh "$OCI/only_v2" 3>&-
	rm -f "$bundle/rootfs/tmp/kmsg"
	expect_status 0
	expect_contains denied
	expect_contains "0::/berth/t-v2"
	expect_contains '"status": "paused"'
	[[ "$output" =~ \"usage\":\{\"total\":[1-9] ]]
}

@test "a create that is killed at any instant leaves what delete --force removes" {
	program sleep 1000
	for round in $(seq 40); do
		berth-oci --root "$OCI/state" create -b "$bundle" t-killed >/dev/null 2>&1 3>&- &
		sleep "0.0$(printf %02d $((round % 25)))"
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		oci delete --force t-killed
		eventually oci_nothing_left
	done
}

@test "version, spec and features are what engines read" {
	run berth-oci --version
	[[ "${lines[0]}" == "berth-oci version "* ]]
	[[ ! -e "$berth_source/.git" || "${lines[1]}" =~ ^commit:\ .*[0-9a-f]{7} ]]
	expect_contains "spec: 1."
	run berth-oci spec --bundle "$bundle"
	expect_status 1
	expect_contains "exists"
	berth-oci spec --file "$OCI/elsewhere.json"
	cmp "$OCI/elsewhere.json" "$bundle/config.json"
}

@test "the configuration that runc makes runs" {
	command -v runc >/dev/null || skip "runc is not installed"
	rm "$bundle/config.json"
	(cd "$bundle" && runc spec)
	sed -i 's|"terminal": true|"terminal": false|; s|"sh"|"sh", "-c", "id -u; hostname"|' "$bundle/config.json"
	run oci run -b "$bundle" t-runc
	expect_output "$(printf '0\nrunc')"
}

@test "checkpoint and restore refuse what cannot be brought back" {
	program sleep 1000
	script -qfc "berth-oci --root $OCI/state run -d -b $bundle t-x" "$OCI/tty" </dev/null >/dev/null 2>&1 3>&-
	run oci checkpoint --image-path "$OCI/img" t-x
	expect_status 1
	expect_contains "its standard streams are a terminal from outside; give --shell-job"
	status_is t-x running
	run oci --systemd-cgroup restore --image-path "$OCI/img" -b "$bundle" t-y
	expect_status 1
	expect_contains "a unit of systemd cannot be restored"
	[ ! -e "$OCI/state/t-y" ]
}
