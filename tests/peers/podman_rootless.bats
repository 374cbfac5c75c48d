#!/usr/bin/env bats
# podman as an ordinary user, with berth-oci as the runtime.
load helper

setup_file() {
	needs podman conmon newuidmap
	export dir=$BATS_FILE_TMPDIR USER_ID=12345 RANGE=200000
	export home=$dir/data/home CONTAINERS_CONF=$dir/containers.conf
	cat >"$CONTAINERS_CONF" <<-CONF
		[containers]
		default_ulimits = [ "nofile=1024:1024", "nproc=1024:1024" ]
		netns = "none"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	CONF
	chmod 711 "$BATS_RUN_TMPDIR" "$dir"
	{ cat /etc/passwd; echo "ordinary:x:$USER_ID:$USER_ID::$home:/bin/sh"; } >"$dir/passwd"
	{ cat /etc/group; echo "ordinary:x:$USER_ID:"; } >"$dir/group"
	echo "ordinary:$RANGE:65536" >"$dir/subids"
	cp "$RUNTIME" "$dir/berth-oci"
	# His name and his range stand in files over the machine's. A process holds the namespace that each
	# command runs in.
	start_daemons "
		for file in passwd group; do mount --bind $dir/\$file /etc/\$file; done
		for ids in subuid subgid; do mount --bind $dir/subids /etc/\$ids; done
		install -d -o $USER_ID -g $USER_ID -m 700 $home /run/user/$USER_ID
		# Everybody may open it where udev has made it.
		[ ! -e /dev/net/tun ] || { mknod -m 666 $dir/data/tun c 10 200 && mount --bind $dir/data/tun /dev/net/tun; }
		touch /run/ready
		exec sleep 100000"
	eventually in_namespace test -e /run/ready
	pod import -c 'CMD ["sh"]' "$(busybox_tar)" busybox >/dev/null 2>&1
}

teardown() {
	pod rm -fa -t 0 >/dev/null
}

teardown_file() {
	[ -f "$dir/daemons.pid" ] || return 0
	# What holds his user namespace.
	pod system migrate
	eventually none_of_his
	end_daemon "$dir/daemons.pid"
	expect_nothing_left
}

none_of_his() {
	! pgrep -u "$USER_ID" >/dev/null
}

in_namespace() {
	nsenter --mount="/proc/$(cat "$dir/daemons.pid")/ns/mnt" --wd=/ -- "$@"
}

ordinary() {
	in_namespace timeout --foreground 60 setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups \
		env -u USER HOME="$home" XDG_RUNTIME_DIR="/run/user/$USER_ID" "$@" 3>&-
}

pod() {
	ordinary podman --runtime "$dir/berth-oci" "$@"
}

is() { # is CONTAINER FIELD VALUE
	[ "$(pod inspect --format "{{$2}}" "$1")" = "$3" ]
}

@test "info names the runtime, and that the user is an ordinary one" {
	run pod info --format '{{.Host.OCIRuntime.Version}} rootless {{.Host.Security.Rootless}} {{.Store.GraphDriverName}}'
	expect_contains "berth"
	expect_contains "rootless true"
}

@test "run prints the program's output and gives its exit status, or says why there is none" {
	run pod run --rm busybox sh -c 'echo out; echo err >&2; exit 7'
	expect_status 7
	expect_contains out
	expect_contains err
	run -127 pod run --rm busybox no-such-program
	expect_contains "executable file"
	run -126 pod run --rm busybox /etc/passwd
	expect_contains "ermission denied"
}

@test "root in there is he, the others are his range; what they write is theirs" {
	ordinary mkdir -m 777 "$home/v"
	run pod run --rm -v "$home/v:/v" busybox sh -c 'tr -s " " </proc/self/uid_map; touch /v/root; touch /v/user && chown 1000:50 /v/user'
	expect_output "$(printf ' 0 %s 1\n 1 %s 65536' "$USER_ID" "$RANGE")"
	[ "$(owner v/root)" = "$USER_ID:$USER_ID" ]
	[ "$(owner v/user)" = "$((RANGE + 999)):$((RANGE + 49))" ]
	run pod run --rm -u 1000:50 -v "$home/v:/v" busybox sh -c 'id -u; touch /v/own; cat /v/user && echo read'
	expect_output "$(printf '1000\nread')"
	[ "$(owner v/own)" = "$((RANGE + 999)):$((RANGE + 49))" ]
}

owner() {
	in_namespace stat -c %u:%g "$home/$1"
}

@test "--userns=keep-id is he himself, with his number, and not root" {
	ordinary mkdir "$home/k"
	run pod run --rm --userns=keep-id -v "$home/k:/k" busybox sh -c 'id -u; id -g; touch /k/x; touch /x; stat -c %u /etc/passwd; grep CapEff /proc/self/status'
	expect_contains "touch: /x: Permission denied"
	expect_lacks "/k/x"
	run grep -v touch <<<"$output"
	expect_output "$(printf '%s\n%s\n0\nCapEff:\t0000000000000000' "$USER_ID" "$USER_ID")"
	[ "$(owner k/x)" = "$USER_ID:$USER_ID" ]
	pod run -d --name web --userns=keep-id busybox sleep 1000
	run pod exec web sh -c 'id -u; id -g'
	expect_output "$(printf '%s\n%s' "$USER_ID" "$USER_ID")"
	run pod exec -u root web id -u
	expect_output 0
}

@test "a map of users of one's own" {
	run pod run --rm --uidmap 0:1:1000 --gidmap 0:1:1000 busybox sh -c 'tr -s " " </proc/self/uid_map; touch /x && echo wrote'
	expect_output "$(printf ' 0 1 1000\nwrote')"
}

@test "exec runs with its own user, environment and directory, on a terminal when asked" {
	pod run -d --name web busybox sleep 1000
	run pod exec -u 1000:50 -e A=b -w /tmp web sh -c 'id -u; id -g; echo $A; pwd; exit 3'
	expect_status 3
	expect_output "$(printf '1000\n50\nb\n/tmp')"
	run pod exec -t web tty
	expect_contains /dev/pts/
	run pod exec -i web cat <<<"typed"
	expect_output typed
	run -127 pod exec web no-such-program
	run pod top web
	expect_contains "sleep 1000"
}

@test "a terminal has the size of the user's" {
	run script -qefc "stty rows 33 cols 77; $(declare -f in_namespace ordinary pod)
		pod run -it --rm busybox timeout 20 sh -c 'until stty size | grep 33; do sleep 0.05; done; tty'" /dev/null
	expect_status 0
	expect_contains "33 77"
	expect_contains /dev/pts/0
}

@test "create, start and attach, with standard input" {
	pod create --name web -i busybox sh -c 'read x; echo got $x; exit 4'
	is web .State.Status created
	run pod start -ai web <<<it
	expect_status 4
	expect_output "got it"
}

@test "stop and kill end a container with its own status or the signal's" {
	pod run -d --name web busybox sh -c "trap 'exit 9' TERM; trap 'echo usr1' USR1; echo ready; while :; do sleep 0.05; done"
	said() { pod logs web | grep -q "$1"; }
	eventually said ready
	pod kill -s USR1 web
	eventually said usr1
	pod stop web
	is web .State.ExitCode 9
	pod run -d --name kill busybox sleep 1000
	pod kill kill
	[ "$(pod wait kill)" = 137 ]
	run pod kill kill
	[ "$status" -ne 0 ]
	pod start kill
	is kill .State.Status running
	pod restart -t 0 kill
	is kill .State.Status running
}

@test "--init with berth-init reaps orphans" {
	cp "$peers_source/build/berth-init" "$dir/berth-init"
	pod run -d --name web --init --init-path "$dir/berth-init" busybox sh -c '(sh -c "sleep 0.05; echo over" &); exec sleep 1000'
	over() { pod logs web | grep -q over; }
	reaped() { ! pod exec web grep -q "^State:.*Z" $(pod exec web sh -c 'ls /proc/[0-9]*/status'); }
	eventually over
	run pod exec web sh -c 'tr "\0" " " </proc/1/cmdline'
	expect_contains "init -- sh"
	eventually reaped
}

@test "capabilities, read-only, tmpfs, no-new-privileges, filters, privileged" {
	run pod run --rm --cap-drop all --cap-add net_admin busybox grep CapEff /proc/self/status
	expect_output "$(printf 'CapEff:\t0000000000001000')"
	run pod run --rm --read-only --tmpfs /t:size=1m busybox sh -c 'touch /x; touch /t/x && echo wrote; grep " /t " /proc/mounts'
	expect_contains "Read-only file system"
	expect_contains wrote
	expect_contains size=1024k
	run pod run --rm --security-opt no-new-privileges busybox grep -E 'NoNewPrivs|Seccomp:' /proc/self/status
	expect_output "$(printf 'NoNewPrivs:\t1\nSeccomp:\t2')"
	run pod run --rm --security-opt seccomp=unconfined busybox grep Seccomp: /proc/self/status
	expect_output "$(printf 'Seccomp:\t0')"
	run pod run --rm --privileged busybox sh -c 'mount -t tmpfs tmpfs /mnt && echo mounted'
	expect_output mounted
	run pod run --rm busybox mount -t tmpfs tmpfs /mnt
	expect_contains "permission denied"
}

@test "volumes are kept, bind mounts are shared, read-only is" {
	pod run --rm -v vol:/v busybox sh -c 'echo kept >/v/file'
	run pod run --rm -v vol:/v:ro busybox sh -c 'cat /v/file; touch /v/x'
	expect_contains kept
	expect_contains "Read-only file system"
	pod volume rm vol
	ordinary mkdir "$home/shared"
	pod run --rm -v "$home/shared:/s" busybox touch /s/from-inside
	in_namespace test -e "$home/shared/from-inside"
}

@test "devices of the host, limits of a process, sysctls, names" {
	run pod run --rm --device /dev/null:/dev/nothing busybox sh -c 'echo x >/dev/nothing && ls /dev/nothing'
	expect_output /dev/nothing
	run pod run --rm --ulimit nofile=100:200 busybox sh -c 'ulimit -n; ulimit -Hn'
	expect_output "$(printf '100\n200')"
	run pod run --rm --network none --sysctl net.ipv4.ip_unprivileged_port_start=77 busybox cat /proc/sys/net/ipv4/ip_unprivileged_port_start
	expect_output 77
	run pod run --rm --hostname box --shm-size 8m busybox sh -c 'hostname; df -k /dev/shm | tail -1'
	expect_contains box
	expect_contains 8192
}

@test "namespaces of the host's, of another container, and none" {
	pod run -d --name web busybox sleep 1000
	spaces() { pod "$@" sh -c 'for ns in net pid uts ipc; do readlink /proc/self/ns/$ns; done'; }
	[ "$(spaces run --rm --network host --pid host --uts host busybox | head -3)" = \
		"$(for ns in net pid uts; do readlink /proc/self/ns/$ns; done)" ]
	[ "$(spaces run --rm --network container:web --ipc container:web --pid container:web --uts container:web busybox)" = \
		"$(spaces exec web)" ]
}

@test "slirp4netns gives a network to it" {
	command -v slirp4netns >/dev/null || skip "slirp4netns is not installed"
	[ -e /dev/net/tun ] || skip "there is no /dev/net/tun"
	run pod run --rm --network slirp4netns busybox ip addr show dev tap0
	expect_contains 10.0.2.100
}

@test "health checks run, files are copied" {
	pod run -d --name web --health-cmd 'test -e /tmp/healthy' --health-interval disable busybox sleep 1000
	run pod healthcheck run web
	expect_status 1
	ordinary touch "$home/healthy"
	pod cp "$home/healthy" web:/tmp/healthy
	pod healthcheck run web
}

@test "rm -f leaves nothing of his" {
	pod run -d --name web busybox sleep 1000
	pod rm -f -t 0 web
	run pod ps -aq
	expect_output ""
	[ -z "$(in_namespace find "/run/user/$USER_ID/berth-oci" -mindepth 1 2>/dev/null)" ]
}
