#!/usr/bin/env bats
# Pruning all the time while others bring images in, start containers of them and write them out.
load ../e2e/helper
load ../e2e/registry_helper

teardown() {
	[ -z "${pruner:-}" ] || { kill "$pruner"; wait "$pruner" || true; } 2>/dev/null
	stop_servers
	remove_all
	expect_no_reports
}

# Until the file is there: prune everything, in turn by each command.
prune_until() {
	while [ ! -e "$1" ]; do
		berth system prune -af
		berth image prune -af
		berth container prune -f
	done >"$1.log" 2>&1 || touch "$1.failed"
}

# What a container of the image reads from it; the image may be pruned before it is there.
use() {
	local out why=$BATS_TEST_TMPDIR/${1//[^a-z]/}.why

	if out=$(berth run --rm --pull never "$1" cat /etc/passwd 2>"$why"); then
		[ "$out" = "$passwd" ] || { echo "$1: $out"; return 1; }
		return 0
	fi
	# Not there any more.
	grep -q "No such image" "$why" || { echo "$1: $out"; cat "$why"; return 1; }
}

# worker KIND ROUNDS: one way to bring the image in again and again
worker() {
	local i

	for i in $(seq "$2"); do
		case $1 in
		load) berth load -qi "$BATS_TEST_TMPDIR/gz.tar" && use loaded:1 ;;
		plain) berth import "$(busybox_tar)" plain:1 && use plain:1 ;;
		pull) berth pull -q "$registry/pulled:1" && use "$registry/pulled:1" ;;
		save)
			berth import "$(busybox_tar)" saved:1 || return 1
			# It may be gone; what is written must be whole.
			if berth save -o "$BATS_TEST_TMPDIR/out.tar" saved:1; then
				python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).getmembers()' "$BATS_TEST_TMPDIR/out.tar"
			fi
			;;
		esac || return 1
	done >"$BATS_TEST_TMPDIR/$1.log" 2>&1
}

@test "pruning in a loop takes nothing from loads, pulls, saves and containers" {
	passwd=$(berth run --rm busybox cat /etc/passwd)
	skopeo copy -q --insecure-policy "docker-archive:$(docker_archive)" "oci-archive:$BATS_TEST_TMPDIR/gz.tar:loaded:1"
	start_registry plain
	skopeo copy -q --insecure-policy --dest-tls-verify=false "oci-archive:$BATS_TEST_TMPDIR/gz.tar" "docker://$registry/pulled:1"

	prune_until "$BATS_TEST_TMPDIR/stop" 3>&- &
	pruner=$!
	pids=()
	for kind in load plain pull save; do
		worker "$kind" 8 3>&- &
		pids+=($!)
	done
	failed=0
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=1
	done
	touch "$BATS_TEST_TMPDIR/stop"
	wait "$pruner"
	pruner=
	[ ! -e "$BATS_TEST_TMPDIR/stop.failed" ]
	[ "$failed" = 0 ] || { tail -n 5 "$BATS_TEST_TMPDIR"/*.log; false; }
	run grep -h . "$BATS_TEST_TMPDIR/stop.log"
	expect_lacks "berth:"
	expect_contains "deleted: sha256:"

	berth system prune -af >/dev/null
	run find "$BERTH_ROOT"/{layers,blobs/sha256,tmp,partial,upper,work} -mindepth 1
	expect_output ""
}

docker_archive() {
	berth save -o "$BATS_TEST_TMPDIR/busybox.tar" busybox
	echo "$BATS_TEST_TMPDIR/busybox.tar"
}
