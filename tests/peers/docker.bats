#!/usr/bin/env bats
# dockerd with berth-oci as its default runtime: what its users do every day.
load helper
load docker_helper

@test "info names the runtime" {
	run docker info --format '{{.DefaultRuntime}}'
	expect_output berth
}

@test "run prints the program's output and gives its exit status" {
	run drun --rm busybox sh -c 'echo out; echo err >&2; exit 7'
	expect_status 7
	expect_contains out
	expect_contains err
}

@test "run says 127 of a program that is not there, 126 of one that cannot be executed" {
	run -127 drun --rm busybox no-such-program
	expect_contains 'exec: "no-such-program": executable file not found in $PATH'
	run -126 drun --rm busybox /etc/passwd
	expect_contains "permission denied"
}

@test "exec runs with its own user, environment and directory, on a terminal when asked" {
	drun -d --name web busybox sleep 1000
	run docker exec -u 1000:50 -e A=b -w /tmp web sh -c 'id -u; id -g; echo $A; pwd; exit 3'
	expect_status 3
	expect_output "$(printf '1000\n50\nb\n/tmp')"
	run script -qefc 'docker exec -it web tty' /dev/null
	expect_contains /dev/pts/
	run docker exec web no-such-program
	[ "$status" -ge 126 ]
	expect_contains "executable file not found"
	run docker exec -d web sleep 1001
	expect_status 0
	run docker top web
	expect_contains "sleep 1001"
}

@test "standard input is passed on" {
	run sh -c "echo typed | docker run -i --rm --network none busybox cat"
	expect_output typed
}

@test "a terminal has the size of the user's" {
	# docker says it after the start.
	run script -qefc 'stty rows 33 cols 77; docker run -it --rm --network none busybox \
		timeout 20 sh -c "until stty size | grep 33; do sleep 0.05; done"' /dev/null
	expect_status 0
	expect_contains "33 77"
}

@test "create, start and attach" {
	docker create --name web -i --network none busybox sh -c 'read x; echo got $x; exit 4'
	is web .State.Status created
	run sh -c 'echo it | docker start -ai web'
	expect_status 4
	expect_output "got it"
}

@test "pause stops everything, unpause lets it go on" {
	drun -d --name web busybox sh -c 'while :; do date +%N; sleep 0.05; done'
	lines() { docker logs web | wc -l; }
	more() { [ "$(lines)" -gt "$before" ]; }
	before=0
	eventually more
	docker pause web
	is web .State.Status paused
	before=$(lines)
	sleep 0.3
	[ "$(lines)" = "$before" ]
	run docker exec web true
	[ "$status" -ne 0 ]
	expect_contains paused
	docker unpause web
	eventually more
	docker pause web
	docker rm -f web
	[ -z "$(docker ps -aq)" ]
}

@test "stop and kill end a container with its own status or the signal's" {
	drun -d --name web busybox sh -c "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"
	ready() { docker logs "$1" | grep -q ready; }
	eventually ready web
	docker stop web
	is web .State.ExitCode 9
	drun -d --name kill busybox sleep 1000
	docker kill kill
	[ "$(docker wait kill)" = 137 ]
	drun -d --name usr1 busybox sh -c "trap 'exit 8' USR1; echo ready; while :; do sleep 0.05; done"
	eventually ready usr1
	docker kill -s USR1 usr1
	[ "$(docker wait usr1)" = 8 ]
}

@test "limits are set, update changes them, stats shows use" {
	drun -d --name web -m 64m --cpus 0.5 --pids-limit 20 --cpuset-cpus 0 busybox sleep 1000
	[ "$(limit memory "*")" = 67108864 ]
	[ "$(limit pids "*")" = 20 ]
	[ "$(limit quota "*")" = 50000 ]
	[ "$(limit cpus "*")" = 0 ]
	docker update -m 32m --memory-swap 32m --cpus 0.25 --pids-limit 30 --cpuset-cpus 0-1 web
	[ "$(limit memory "*")" = 33554432 ]
	[ "$(limit pids "*")" = 30 ]
	[ "$(limit quota "*")" = 25000 ]
	[ "$(limit cpus "*")" = 0-1 ]
	run docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' web
	expect_contains "/ 32MiB 1"
}

@test "a container that needs more memory than it has is killed, and docker knows why" {
	run drun --name web -m 16m --memory-swap 16m busybox tail /dev/zero
	expect_status 137
	is web .State.OOMKilled true
}

@test "a container has no more processes than --pids-limit, its shares and its reservation" {
	drun -d --name web --pids-limit 5 --memory-reservation 32m --cpu-shares 300 --oom-score-adj 77 busybox sleep 1000
	[ "$(limit reservation "*")" = 33554432 ]
	[[ "$(limit shares "*")" =~ ^(300|12)$ ]]
	run docker exec web sh -c 'for i in 1 2 3 4 5 6; do sleep 5 >/dev/null 2>&1 & done; echo never'
	expect_contains "can't fork"
	expect_lacks never
	run docker exec web cat /proc/1/oom_score_adj
	expect_output 77
}

@test "--init puts a small process 1 in front, which reaps orphans" {
	drun -d --name web --init busybox sh -c '(sh -c "sleep 0.05; echo over" &); exec sleep 1000'
	run docker exec web cat /proc/1/comm
	expect_contains init
	over() { docker logs web | grep -q over; }
	reaped() { ! docker exec web grep -q "^State:.*Z" /proc/[0-9]*/status; }
	eventually over
	eventually reaped
}

# All of the machine's that this docker knows: 38 are older than any.
all_capabilities() {
	local ours

	ours=$(sed -n 's/^CapBnd:\t/0x/p' /proc/self/status)
	[ $(("0x$(sed -n 's/^CapEff:\t//p' <<<"$output")" & 0x3fffffffff)) = $((ours & 0x3fffffffff)) ]
}

@test "--privileged gives all there is, and nothing else does" {
	run drun --rm --privileged busybox sh -c 'mount -t tmpfs tmpfs /mnt && echo mounted; ls /dev/kmsg; grep -E "CapEff|Seccomp:" /proc/self/status'
	expect_contains "$(printf 'mounted\n/dev/kmsg\n')"
	expect_contains "$(printf 'Seccomp:\t0')"
	all_capabilities
	run drun --rm busybox sh -c 'mount -t tmpfs tmpfs /mnt && echo mounted; ls /dev/kmsg && echo there'
	expect_contains "mount: permission denied"
	expect_lacks mounted
	expect_lacks there
	drun -d --name web busybox sleep 1000
	run docker exec --privileged web grep CapEff /proc/self/status
	all_capabilities
}

@test "users, groups and capabilities" {
	run drun --rm -u 1000:50 --group-add 7 busybox sh -c 'id -u; id -G; grep CapEff /proc/self/status'
	expect_output "$(printf '1000\n50 7\nCapEff:\t0000000000000000')"
	run drun --rm --cap-drop ALL --cap-add NET_ADMIN busybox grep CapEff /proc/self/status
	expect_output "$(printf 'CapEff:\t0000000000001000')"
	run drun --rm --security-opt no-new-privileges busybox grep NoNewPrivs /proc/self/status
	expect_output "$(printf 'NoNewPrivs:\t1')"
}

@test "the default profile filters system calls, unconfined does not" {
	run drun --rm busybox grep Seccomp: /proc/self/status
	expect_output "$(printf 'Seccomp:\t2')"
	run drun --rm --security-opt seccomp=unconfined busybox grep Seccomp: /proc/self/status
	expect_output "$(printf 'Seccomp:\t0')"
}

@test "a profile of one's own decides what a system call answers" {
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}' >"$dir/profile"
	run drun --rm --security-opt "seccomp=$dir/profile" busybox sh -c 'mkdir /x; touch /y && echo made'
	expect_contains "No space left on device"
	expect_contains made
}

@test "what of /proc is hidden or read-only is not with systempaths=unconfined" {
	run drun --rm busybox sh -c 'grep -c . /proc/timer_list; touch /proc/sys/kernel/domainname'
	expect_contains 0
	expect_contains "Read-only file system"
	run drun --rm --security-opt systempaths=unconfined busybox sh -c 'grep -c . /proc/timer_list; touch /proc/sys/kernel/domainname && echo touched'
	expect_contains touched
	expect_lacks "Read-only"
	[ "${lines[0]}" != 0 ]
}

@test "a read-only container, with a tmpfs where it may write" {
	run drun --rm --read-only --tmpfs /t:size=1m,mode=700,exec busybox sh -c 'touch /x; touch /t/x && echo wrote; grep " /t " /proc/mounts'
	expect_contains "Read-only file system"
	expect_contains wrote
	expect_contains "tmpfs /t tmpfs rw,nosuid,nodev"
	expect_contains "size=1024k,mode=700"
	expect_lacks noexec
}

@test "volumes and bind mounts" {
	docker volume create vol
	drun --rm -v vol:/v busybox sh -c 'echo kept >/v/file'
	run drun --rm -v vol:/v:ro busybox sh -c 'cat /v/file; touch /v/x'
	expect_contains kept
	expect_contains "Read-only file system"
	mkdir "$dir/shared"
	drun --rm -v "$dir/shared:/s" busybox touch /s/from-inside
	[ -e "$dir/shared/from-inside" ]
	docker volume rm vol
}

@test "mounts pass from and to a shared volume, to a slave only, and from a private one not" {
	beside_daemon sh -c "mkdir $dir/data/from && mount -t tmpfs from $dir/data/from && mount --make-shared $dir/data/from && mkdir $dir/data/from/in $dir/data/from/out"
	for how in rshared rslave rprivate; do
		docker run -d --name $how --network none --privileged -v "$dir/data/from:/v:$how" busybox sh -c 'mount -t tmpfs inside /v/in && exec sleep 1000'
		eventually docker exec $how grep -q "inside /v/in" /proc/mounts
		grep -q "inside $dir/data/from/in" "/proc/$(cat "$dir/dockerd.pid")/mounts" && echo "$how out"
		beside_daemon mount -t tmpfs outside "$dir/data/from/out"
		docker exec $how grep -q "outside /v/out" /proc/mounts && echo "$how in"
		beside_daemon umount "$dir/data/from/out"
		docker exec $how umount /v/in
		docker rm -f $how
	done >"$dir/seen"
	run grep -E 'out$|in$' "$dir/seen"
	expect_output "$(printf 'rshared out\nrshared in\nrslave in')"
	beside_daemon umount "$dir/data/from"
}

@test "a volume's files are those of the image, a mount beneath it comes along or not" {
	run drun --rm -v fresh:/etc busybox ls /etc/passwd
	expect_output /etc/passwd
	docker volume rm fresh
	beside_daemon sh -c "mkdir -p $dir/data/tree/sub && mount -t tmpfs tmpfs $dir/data/tree/sub && touch $dir/data/tree/sub/deep"
	run drun --rm -v "$dir/data/tree:/v:ro" busybox ls /v/sub
	expect_output deep
	run drun --rm --mount "type=bind,src=$dir/data/tree,dst=/v,bind-nonrecursive" busybox ls /v/sub
	expect_output ""
	beside_daemon umount "$dir/data/tree/sub"
}

@test "devices, with what may be done with them" {
	run drun --rm --device /dev/null:/dev/nothing busybox sh -c 'echo x >/dev/nothing && ls -l /dev/nothing'
	expect_contains "1,   3"
	run drun --rm --cap-add SYSLOG --device /dev/kmsg:/dev/kmsg:r busybox sh -c ': </dev/kmsg && echo read; : >/dev/kmsg && echo wrote'
	expect_contains read
	expect_contains "Operation not permitted"
	expect_lacks wrote
	run drun --rm --cap-add SYSLOG busybox sh -c 'mknod /k c 1 11; : </k && echo read'
	expect_contains "Operation not permitted"
	expect_lacks read
	run drun --rm --cap-add SYSLOG --device-cgroup-rule 'c 1:11 r' busybox sh -c 'mknod /k c 1 11; : </k && echo read'
	expect_output read
}

@test "limits of a process, sysctls, names" {
	run drun --rm --ulimit nofile=100:200 busybox sh -c 'ulimit -n; ulimit -Hn'
	expect_output "$(printf '100\n200')"
	run drun --rm --sysctl net.ipv4.ip_unprivileged_port_start=77 busybox cat /proc/sys/net/ipv4/ip_unprivileged_port_start
	expect_output 77
	run drun --rm --sysctl kernel.panic=9 busybox true
	[ "$status" -ne 0 ]
	expect_contains kernel.panic
	run drun --rm --hostname box --domainname example.org --shm-size 8m busybox sh -c 'hostname; cat /proc/sys/kernel/domainname; df -k /dev/shm | tail -1'
	expect_contains box
	expect_contains example.org
	expect_contains 8192
}

@test "containers share the host's and each other's namespaces" {
	spaces() { docker exec "$1" sh -c 'for ns; do readlink /proc/self/ns/$ns; done' sh $2; }
	host() { for ns in $1; do readlink /proc/self/ns/$ns; done; }
	drun -d --name web --ipc shareable busybox sleep 1000
	docker run -d --name host --network host --ipc host --pid host --uts host --userns host --cgroupns host busybox sleep 1000
	[ "$(spaces host "net ipc pid uts cgroup user")" = "$(host "net ipc pid uts cgroup user")" ]
	[ "$(spaces host mnt)" != "$(host mnt)" ]
	docker run -d --name other --network container:web --ipc container:web --pid container:web busybox sleep 1000
	[ "$(spaces other "net ipc pid")" = "$(spaces web "net ipc pid")" ]
	for ns in uts mnt; do
		[ "$(spaces other $ns)" != "$(spaces web $ns)" ]
		[ "$(spaces other $ns)" != "$(host $ns)" ]
	done
	run docker exec other kill -0 1
	expect_status 0
	run docker exec other ps
	expect_contains "sleep 1000"
}

@test "a control group namespace, and none; no IPC at all" {
	run drun --rm --cgroupns private busybox sh -c 'cut -d: -f3 /proc/self/cgroup | sort -u; readlink /proc/self/ns/cgroup'
	[ "${lines[0]}" = / ]
	[ "${lines[1]}" != "$(readlink /proc/self/ns/cgroup)" ]
	run drun --rm --cgroupns host busybox sh -c 'grep -c /berth-peers/ /proc/self/cgroup'
	[ "$output" -gt 0 ]
	run drun --rm --ipc none busybox sh -c 'grep -c /dev/shm /proc/mounts'
	expect_output 0
	run drun --rm --ipc private busybox sh -c 'grep -c /dev/shm /proc/mounts'
	expect_output 1
}

@test "a restart policy starts a container again that failed" {
	drun -d --name web --restart on-failure:2 busybox sh -c 'echo again; exit 5'
	eventually is web .RestartCount 2
	eventually is web .State.Status exited
	[ "$(docker logs web | grep -c again)" = 3 ]
	is web .State.ExitCode 5
}

@test "a health check says how a container is" {
	drun -d --name web --health-cmd 'test -e /healthy' --health-interval 0.2s --health-retries 1 busybox sh -c 'touch /healthy; sleep 1000'
	eventually is web .State.Health.Status healthy
	docker exec web rm /healthy
	eventually is web .State.Health.Status unhealthy
}

@test "files are copied in and out, restart keeps them" {
	drun -d --name web busybox sleep 1000
	echo in >"$dir/file"
	docker cp "$dir/file" web:/tmp/file
	docker restart -t 0 web
	docker cp web:/tmp/file "$dir/back"
	cmp "$dir/file" "$dir/back"
}

@test "the runtime keeps nothing of containers that are gone" {
	drun --rm busybox true
	kept() { find "$dir/exec/runtime-berth" -mindepth 2 2>/dev/null; }
	eventually test -z "$(kept)"
}
