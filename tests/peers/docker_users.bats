#!/usr/bin/env bats
# dockerd with --userns-remap: the containers' users are others on the host.
load helper
load docker_helper

# The user is nobody of this machine: his name and his range stand in files over the machine's.
docker_options="--userns-remap mapped"
docker_before="
	chmod 711 \$BATS_RUN_TMPDIR \$BATS_FILE_TMPDIR
	{ cat /etc/passwd; echo mapped:x:12345:12345::/:/bin/sh; } >\$0.passwd
	{ cat /etc/group; echo mapped:x:12345:; } >\$0.group
	echo mapped:200000:65536 >\$0.subids
	mount --bind \$0.passwd /etc/passwd
	mount --bind \$0.group /etc/group
	for ids in /etc/subuid /etc/subgid; do mount --bind \$0.subids \$ids; done"

owner() {
	beside_daemon stat -c %u:%g "$1"
}

@test "root of the container is an ordinary user on the host, who owns what it writes" {
	beside_daemon install -d -o 200000 -g 200000 "$dir/data/v"
	run drun --rm -v "$dir/data/v:/v" busybox sh -c 'id -u; tr -s " " </proc/self/uid_map; touch /x /v/root; touch /v/user && chown 1000:50 /v/user && stat -c %u:%g /v/user /etc/passwd'
	expect_output "$(printf '0\n 0 200000 65536\n1000:50\n0:0')"
	[ "$(owner "$dir/data/v/root")" = 200000:200000 ]
	[ "$(owner "$dir/data/v/user")" = 201000:200050 ]
}

@test "what only root of the host may is refused, what root of the container may is not" {
	run drun --rm busybox sh -c 'mknod /k c 1 3; echo 1 >/proc/sys/vm/drop_caches; chroot / echo changed'
	expect_contains "mknod: /k: Operation not permitted"
	expect_contains "can't create /proc/sys/vm/drop_caches"
	expect_contains changed
	run drun --rm --cap-add SYS_ADMIN --security-opt seccomp=unconfined busybox sh -c 'mount -t tmpfs tmpfs /mnt && echo mounted'
	expect_output mounted
}

@test "exec, pause, stats, update and kill know such a container" {
	drun -d --name web -m 64m --tmpfs /t -u 1000:50 busybox sleep 1000
	run docker exec web sh -c 'id -u; id -g; tr -s " " </proc/self/gid_map'
	expect_output "$(printf '1000\n50\n 0 200000 65536')"
	run docker exec -u 0 web sh -c 'touch /t/x && stat -c %u /t/x'
	expect_output 0
	[ "$(stat -c %u "/proc/$(inspect web .State.Pid)")" = 201000 ]
	docker pause web
	docker unpause web
	docker update -m 32m --memory-swap 32m web
	[ "$(limit memory "*")" = 33554432 ]
	run docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' web
	expect_contains "/ 32MiB 1"
	docker kill web
	[ "$(docker wait web)" = 137 ]
}

@test "a terminal is the user's" {
	run script -qefc 'docker run -it --rm --network none -u 1000 busybox sh -c "tty; stat -c %u \$(tty); echo >/dev/tty"' /dev/null
	expect_status 0
	expect_contains /dev/pts/0
	expect_contains 1000
}

@test "--userns host is the host's users, and --privileged is refused without it" {
	run drun --rm --userns host busybox sh -c 'tr -s " " </proc/self/uid_map; readlink /proc/self/ns/user'
	expect_output "$(printf ' 0 0 4294967295\n'; readlink /proc/self/ns/user)"
	run drun --rm --userns host --privileged busybox sh -c 'mount -t tmpfs tmpfs /mnt && echo mounted'
	expect_output mounted
	run drun --rm --privileged busybox true
	[ "$status" -ne 0 ]
	expect_contains "incompatible with user namespaces"
}
