#!/usr/bin/env bats
# podman, and conmon beneath it, with berth-oci as the runtime.
load helper

setup_file() {
	needs podman conmon
	export dir=$BATS_FILE_TMPDIR
	export CONTAINERS_CONF=$dir/containers.conf
	cat >"$CONTAINERS_CONF" <<-CONF
		[containers]
		default_ulimits = [ "nofile=1024:1024", "nproc=1024:1024" ]
		netns = "none"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	CONF
	# podman has no daemon: a process holds the namespace that each command runs in.
	start_daemons "exec sleep 100000"
	eventually in_namespace test -d /run/lock
	pod import -c 'CMD ["sh"]' "$(busybox_tar)" busybox >/dev/null 2>&1
}

teardown() {
	pod rm -fa -t 0 >/dev/null
}

teardown_file() {
	[ -f "$dir/daemons.pid" ] || return 0
	end_daemon "$dir/daemons.pid"
	eventually no_conmon
	# podman never removes the groups that it keeps conmon in.
	find /sys/fs/cgroup -mindepth 2 -depth -type d \( -path '*/berth-peers/conmon*' -o \
		-path '*/libpod_parent*' \) -exec rmdir {} \;
	expect_nothing_left
}

no_conmon() {
	[ -z "$(pgrep -r R,S,D,T -f "conmon.*$dir")" ]
}

in_namespace() {
	nsenter --mount="/proc/$(cat "$dir/daemons.pid")/ns/mnt" -- "$@"
}

pod() {
	in_namespace timeout 30 podman --root "$dir/data/root" --runroot /run/podman \
		--tmpdir /run/libpod --runtime "$RUNTIME" "$@" 3>&-
}

prun() {
	pod run --cgroup-parent /berth-peers "$@"
}

is() { # is CONTAINER FIELD VALUE
	[ "$(pod inspect --format "{{$2}}" "$1")" = "$3" ]
}

@test "info names the runtime and its version" {
	run pod info --format '{{.Host.OCIRuntime.Version}}'
	expect_contains "version"
	expect_contains "spec: 1."
}

@test "run prints the program's output and gives its exit status" {
	run prun --rm busybox sh -c 'echo out; echo err >&2; exit 7'
	expect_status 7
	expect_contains out
	expect_contains err
}

@test "run says 127 of a program that is not there, 126 of one that cannot be executed" {
	run -127 prun --rm busybox no-such-program
	expect_contains "executable file"
	run -126 prun --rm busybox /etc/passwd
	expect_contains "ermission denied"
}

@test "exec runs with its own user, environment and directory, on a terminal when asked" {
	prun -d --name web busybox sleep 1000
	run pod exec -u 1000:50 -e A=b -w /tmp web sh -c 'id -u; id -g; echo $A; pwd; exit 3'
	expect_status 3
	expect_output "$(printf '1000\n50\nb\n/tmp')"
	run pod exec -t web tty
	expect_contains /dev/pts/
	run -127 pod exec web no-such-program
}

@test "create, start and attach, with standard input" {
	pod create --name web -i --cgroup-parent /berth-peers busybox sh -c 'read x; echo got $x; exit 4'
	is web .State.Status created
	echo it >"$dir/typed"
	run pod start -ai web <"$dir/typed"
	expect_status 4
	expect_output "got it"
}

@test "pause and unpause" {
	prun -d --name web busybox sleep 1000
	pod pause web
	is web .State.Status paused
	run pod exec web true
	[ "$status" -ne 0 ]
	pod unpause web
	is web .State.Status running
	pod exec web true
}

@test "stop and kill end a container with its own status or the signal's" {
	prun -d --name web busybox sh -c "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"
	ready() { pod logs web | grep -q ready; }
	eventually ready
	pod stop web
	is web .State.ExitCode 9
	prun -d --name kill busybox sleep 1000
	pod kill kill
	[ "$(pod wait kill)" = 137 ]
	run pod kill kill
	[ "$status" -ne 0 ]
}

@test "a container that needs more memory than it has is killed" {
	run prun --name web -m 16m --memory-swap 16m busybox tail /dev/zero
	expect_status 137
}

@test "limits are set, stats shows use" {
	prun -d --name web -m 64m --cpus 0.5 --pids-limit 20 busybox sleep 1000
	[ "$(limit memory "libpod-*")" = 67108864 ]
	[ "$(limit pids "libpod-*")" = 20 ]
	[ "$(limit quota "libpod-*")" = 50000 ]
	run pod stats --no-stream --format '{{.MemUsage}}' web
	expect_contains "/ 67.11MB"
	run pod top web
	expect_contains "sleep 1000"
}

@test "users, capabilities, read-only, no-new-privileges, privileged" {
	run prun --rm -u 1000:50 busybox id -u
	expect_output 1000
	run prun --rm --cap-drop all --cap-add net_admin busybox grep CapEff /proc/self/status
	expect_output "$(printf 'CapEff:\t0000000000001000')"
	run prun --rm --read-only busybox touch /x
	expect_contains "Read-only file system"
	run prun --rm --security-opt no-new-privileges busybox grep NoNewPrivs /proc/self/status
	expect_output "$(printf 'NoNewPrivs:\t1')"
	run prun --rm --privileged busybox sh -c 'mount -t tmpfs tmpfs /mnt && echo mounted'
	expect_output mounted
}

@test "the host's network, and a network namespace that another container has" {
	run prun --rm --network host busybox readlink /proc/self/ns/net
	expect_output "$(readlink /proc/self/ns/net)"
	prun -d --name web busybox sleep 1000
	run prun --rm --network container:web busybox readlink /proc/self/ns/net
	expect_output "$(pod exec web readlink /proc/self/ns/net)"
}

@test "users of the container are others on the host" {
	run prun --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 busybox sh -c 'id -u; cat /proc/self/uid_map; touch /x && echo wrote'
	expect_status 0
	expect_contains "100000"
	expect_contains wrote
}

@test "devices, sysctls and a profile of one's own" {
	run prun --rm --device /dev/null:/dev/nothing busybox sh -c 'echo x >/dev/nothing && ls /dev/nothing'
	expect_output /dev/nothing
	run prun --rm --sysctl net.ipv4.ip_unprivileged_port_start=77 busybox cat /proc/sys/net/ipv4/ip_unprivileged_port_start
	expect_output 77
	run prun --rm --security-opt seccomp=unconfined busybox grep Seccomp: /proc/self/status
	expect_output "$(printf 'Seccomp:\t0')"
}

@test "volumes are kept, bind mounts are shared" {
	prun --rm -v vol:/v busybox sh -c 'echo kept >/v/file'
	run prun --rm -v vol:/v:ro busybox cat /v/file
	expect_output kept
	mkdir -p "$dir/shared"
	prun --rm -v "$dir/shared:/s" busybox touch /s/from-inside
	[ -e "$dir/shared/from-inside" ]
	pod volume rm vol
}

@test "health checks run" {
	prun -d --name web --health-cmd 'test -e /healthy' --health-interval disable busybox sleep 1000
	run pod healthcheck run web
	expect_status 1
	pod exec web touch /healthy
	pod healthcheck run web
}

@test "restart and rm -f" {
	prun -d --name web busybox sleep 1000
	pod restart -t 0 web
	is web .State.Status running
	pod rm -f -t 0 web
	run pod ps -aq
	expect_output ""
}
