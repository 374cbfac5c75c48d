#!/usr/bin/env bats
# dockerd with native.cgroupdriver=systemd and berth-oci: what its users do every day.
load helper

setup_file() {
	export dir=$BATS_FILE_TMPDIR DOCKER_HOST=unix://$BATS_FILE_TMPDIR/docker.sock DOCKER_CONFIG=$BATS_FILE_TMPDIR/config
	command -v dockerd >/dev/null || skip "dockerd is not installed"
	[ -d /run/systemd/system ] || skip "systemd does not run"
	containerd --root "$dir/c" --state "$dir/s" --address "$dir/containerd.sock" >"$dir/containerd.log" 2>&1 3>&- &
	echo $! >"$dir/containerd.pid"
	for _ in $(seq 600); do [ ! -S "$dir/containerd.sock" ] || break; sleep 0.1; done
	dockerd --containerd "$dir/containerd.sock" -H "$DOCKER_HOST" --data-root "$dir/d" --exec-root "$dir/exec" \
		--pidfile "$dir/dockerd.pid" --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
		--exec-opt native.cgroupdriver=systemd --add-runtime "berth=$berth_build/berth-oci" --default-runtime berth \
		>"$dir/dockerd.log" 2>&1 3>&- &
	for _ in $(seq 600); do ! docker version >/dev/null 2>&1 || break; sleep 0.1; done
	docker import -c 'CMD ["sh"]' "$(busybox_tar)" busybox >/dev/null
}

teardown() {
	local all

	all=$(docker ps -aq)
	# shellcheck disable=SC2086
	[ -z "$all" ] || docker rm -f $all >/dev/null
	[ -z "$(find /sys/fs/cgroup/system.slice -maxdepth 1 -name 'docker-*.scope')" ]
}

teardown_file() {
	kill "$(cat "$dir/dockerd.pid" 2>/dev/null)" "$(cat "$dir/containerd.pid")" 2>/dev/null || true
}

@test "docker run, exec, update, stats and rm with systemd as cgroup driver" {
	local id scope group

	[ "$(docker info -f '{{.CgroupDriver}}')" = systemd ]
	run docker run --rm --network none --cgroupns host busybox cat /proc/self/cgroup
	expect_status 0
	expect_contains "0::/system.slice/docker-"

	id=$(docker run -d --network none -m 64m --pids-limit 60 --cpus 0.5 --cpu-shares 512 busybox sleep 1000)
	scope=docker-$id.scope group=/sys/fs/cgroup/system.slice/docker-$id.scope
	expect_property "$scope" MemoryMax 67108864
	expect_property "$scope" TasksMax 60
	expect_property "$scope" CPUQuotaPerSecUSec 500ms
	expect_file "$group/memory.max" 67108864
	run docker exec "$id" sh -c 'echo in $(cat /proc/self/cgroup)'
	expect_output "in 0::/"
	docker update -m 128m --memory-swap 128m --pids-limit 70 "$id"
	expect_property "$scope" MemoryMax 134217728
	expect_property "$scope" TasksMax 70
	systemctl daemon-reload
	expect_file "$group/memory.max" 134217728
	expect_file "$group/pids.max" 70
	run docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' "$id"
	expect_contains "/ 128MiB 1"
	docker pause "$id"
	docker unpause "$id"
	docker stop -t 1 "$id"
	docker rm "$id"
	no_unit "$scope"
}

@test "docker run --cgroup-parent names a slice" {
	local id

	id=$(docker run -d --network none --cgroup-parent t-docker.slice busybox sleep 1000)
	[ -d "/sys/fs/cgroup/t.slice/t-docker.slice/docker-$id.scope" ]
	docker rm -f "$id"
	[ ! -e "/sys/fs/cgroup/t.slice/t-docker.slice/docker-$id.scope" ]
	systemctl stop t.slice
}
