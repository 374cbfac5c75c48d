#!/usr/bin/env bats
# 200 containers with ports, on bridges: when they have gone, in whatever way, nothing of them is in the kernel.
load ../e2e/network_helper

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	mounts_before=$(($(wc -l </proc/self/mountinfo) + 2))
	export mounts_before
	hosts_setup
	on outside sh -c 'while :; do busybox nc -u -l -p 53 >/dev/null; done' 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/listener"
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
}

setup() {
	for n in one two three; do berth network create $n >/dev/null; done
	# The rules, and what is in them for the networks alone.
	berth run --rm --network one busybox true
	berth run --rm --network two busybox true
	berth run --rm --network three busybox true
	berth run --rm busybox true
	empty=$(elements)
	settled() { [ "$(netns_count)" -le "${netns:-0}" ]; }
	eventually no_links
	netns=$(netns_count)
}

teardown() {
	remove_all
	berth network prune -f >/dev/null
	expect_no_reports
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/listener")" || true
	on outside busybox fuser -k 53/udp || true
	eventually no_links
	expect_nothing_left
	hosts_teardown
	expect_no_reports
}

# All that the kernel has; each has a slab object or more that only goes with it.
netns_count() { find /proc/[0-9]*/ns/net -maxdepth 0 -printf '%l\n' 2>/dev/null | sort -u | wc -l; }

# Connections that conntrack knows from or to addresses of the containers.
tracked() { on host grep -cE '(src|dst)=(172\.(1[7-9]|2[0-9])|10\.)' /proc/net/nf_conntrack || true; }

# Each says something to the world over UDP, which conntrack remembers when nobody answers, and is asked
# at its port.
fill() { # fill NUMBER
	local nets=(bridge one two three) pids=() k

	for k in 0 1 2 3; do
		for i in $(seq "$k" 4 $(($1 - 1))); do
			berth run -d --name "c$i" --network "${nets[k]}" -p $((20000 + i)):80 -p $((20000 + i)):80/udp \
				busybox sh -c 'echo hello | nc -u -w 1 192.0.2.2 53; exec sleep 1000' >/dev/null || return 1
		done 3>&- &
		pids+=($!)
	done
	for k in "${pids[@]}"; do wait "$k" || return 1; done
	on outside sh -c "for i in \$(seq 0 7 $(($1 - 1))); do echo hi | busybox nc -u -w 1 192.0.2.1 \$((20000 + i)) & done; sleep 2; kill \$(jobs -p) 2>/dev/null; true" 3>&-
	[ "$(links)" = "$1" ]
	[ "$(elements)" = $((empty + 2 * $1)) ]
	[ "$(tracked)" -ge "$1" ]
}

expect_empty() {
	eventually no_links
	[ "$(elements)" = "$empty" ]
	[ "$(tracked)" = 0 ]
	eventually settled
	[ -z "$(on host ss -Hltun | grep ':20[0-9][0-9][0-9]')" ]
	[ "$(berth network inspect -f '{{len .Containers}}' one two three | sort -u)" = 0 ]
}

@test "200 containers that are removed leave no link, rule, element, connection, namespace" {
	fill 200
	# shellcheck disable=SC2046
	berth rm -f $(berth ps -aq) >/dev/null
	expect_empty
}

@test "200 containers whose shims are killed leave nothing once the next command has looked" {
	fill 200
	# shellcheck disable=SC2046
	kill -9 $(pgrep -x berth-shim)
	berth network heal
	expect_empty
	# shellcheck disable=SC2046
	berth rm -f $(berth ps -aq) >/dev/null
	[ "$(elements)" = "$empty" ]
}

@test "networks that are removed take their bridges and their elements along" {
	berth network rm one two three >/dev/null
	[ "$(on host ip -br link show type bridge | wc -l)" = 1 ]
	berth run --rm busybox true
	[ "$(elements)" -lt "$empty" ]
}
