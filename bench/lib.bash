# lib.bash - what every benchmark shares: a private Berth, a private dockerd, podman, an image in all
#
# Sourced. Everything lives in one scratch directory and in control groups below "bench", and is gone
# when the script ends. Peers that do not run on this machine are left out, with a line that says why.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
bench_scratch=$(mktemp -d "${TMPDIR:-/tmp}/berth-bench.XXXXXX")
# An ext4 with a journal, as machines have, in a file; whatever $TMPDIR is on. Where ext4 has no journal,
# a new file costs the more the more were deleted in the last minutes (by anybody), since their inodes are
# passed over: what is measured then is the past.
truncate -s "${bench_disk:-8G}" "$bench_scratch.img"
if ! mkfs.ext4 -q -F "$bench_scratch.img" || ! mount -o loop "$bench_scratch.img" "$bench_scratch"; then
	rm -f "$bench_scratch.img"
	rmdir "$bench_scratch"
	echo "bench: no ext4 file system in a file can be mounted here"
	exit 1
fi
# What everybody keeps in /run, which is memory wherever systemd runs.
bench_run=$(mktemp -d /dev/shm/berth-bench.XXXXXX)
export BERTH_ROOT=$bench_scratch/root BERTH_STATE=$bench_run/berth
export PATH=$PWD/build:$PATH
measure=$PWD/build/bench/measure
docker_host=unix://$bench_scratch/docker.sock
docker_root=$bench_scratch/docker
dockerd_pid=
# What a benchmark of networks gives its dockerd instead, and the command that enters its network.
docker_network=(--iptables=false --bridge=none)
docker_enter=()
# What podman makes beside the group that it is told to use; somebody's own podman may have it already.
podman_group=$(find /sys/fs/cgroup -mindepth 2 -maxdepth 2 -name libpod_parent -print -quit)

docker_cli() { DOCKER_HOST=$docker_host docker "$@"; }
podman_cli() { podman --root "$bench_scratch/podman" --runroot "$bench_run/podman" --cgroup-manager cgroupfs "$@"; }

# Ends what contestants have left running in their groups; all of them were born there.
bench_kill() {
	local pid

	for pid in $(cat /sys/fs/cgroup/*/bench/cgroup.procs /sys/fs/cgroup/*/bench/*/cgroup.procs \
		/sys/fs/cgroup/*/bench/*/*/cgroup.procs | sort -u); do
		[ "$pid" = $$ ] || kill -9 "$pid"
	done
} 2>/dev/null

bench_unmount() {
	local at

	while read -r at; do umount -l "$at"; done < <(awk -v dir="$bench_scratch/" -v run="$bench_run/" \
		'index($5, dir) == 1 || index($5, run) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
}

# Groups whose last process is ending are busy for a moment.
bench_remove_groups() {
	for _ in $(seq 50); do
		# Ours alone: another one's groups may be further below.
		find /sys/fs/cgroup/*/bench /sys/fs/cgroup/*/berth -depth -type d -exec rmdir {} + 2>/dev/null
		[ -n "$(find /sys/fs/cgroup -mindepth 2 -maxdepth 2 -name bench)" ] || return 0
		sleep 0.1
	done
	echo "bench: control groups are left: $(find /sys/fs/cgroup -mindepth 2 -maxdepth 2 -name bench | xargs)" >&2
}

bench_done() {
	local all

	trap '' INT TERM
	all=$(berth ps -aq 2>/dev/null)
	# shellcheck disable=SC2086
	[ -z "$all" ] || berth rm -f $all >/dev/null 2>&1
	if [ -n "$dockerd_pid" ]; then
		all=$(docker_cli ps -aq)
		# shellcheck disable=SC2086
		[ -z "$all" ] || docker_cli rm -f $all >/dev/null
		kill "$dockerd_pid" && wait "$dockerd_pid"
	fi 2>/dev/null
	[ ! -e "$bench_scratch/podman" ] || podman_cli rm -fa >/dev/null 2>&1
	bench_kill
	bench_unmount
	umount "$bench_scratch" || umount -l "$bench_scratch" # busy only after a contestant that does not end
	rm -rf --one-file-system "$bench_scratch" "$bench_scratch.img" "$bench_run"
	bench_remove_groups
	[ -n "$podman_group" ] ||
		find /sys/fs/cgroup -mindepth 2 -depth -type d -path '/sys/fs/cgroup/*/libpod_parent*' -exec rmdir {} + 2>/dev/null
}
# ^C, too, ends in bench_done; without this, bash goes on when what it runs has handled the signal.
trap 'exit 130' INT TERM
trap bench_done EXIT

busybox_image() {
	tools/busybox-rootfs >"$bench_scratch/busybox.tar"
	berth import "$bench_scratch/busybox.tar" busybox:latest >/dev/null || exit 1
}

# Starts a dockerd whose every process and container is below the cpuacct group bench/docker.
have_docker() {
	local group=/sys/fs/cgroup/cpuacct/bench/docker

	command -v dockerd >/dev/null || { echo "docker: not installed, left out (make deps-bench)"; return 1; }
	mkdir -p "$group"
	(
		echo $BASHPID >"$group/cgroup.procs"
		# In a session of its own: ^C is for us, who end it in order.
		exec "${docker_enter[@]}" setsid dockerd --data-root "$docker_root" --exec-root "$bench_run/docker" -H "$docker_host" \
			--pidfile "$bench_scratch/docker.pid" "${docker_network[@]}" --cgroup-parent /bench/docker
	) >"$bench_scratch/dockerd.log" 2>&1 &
	dockerd_pid=$!
	for _ in $(seq 100); do
		docker_cli version >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	echo "docker: its daemon does not start here, left out: $(tail -n 1 "$bench_scratch/dockerd.log")"
	return 1
}

docker_image() { docker_cli import "$bench_scratch/busybox.tar" busybox:latest >/dev/null; }

have_podman() {
	command -v podman >/dev/null || { echo "podman: not installed, left out (make deps-bench)"; return 1; }
	podman_cli import "$bench_scratch/busybox.tar" busybox:latest >/dev/null 2>&1
	podman_cli --runtime runc run --rm --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network none busybox true >/dev/null 2>"$bench_scratch/podman.err" && return 0
	echo "podman: does not run here, left out: $(tail -n 1 "$bench_scratch/podman.err")"
	return 1
}
