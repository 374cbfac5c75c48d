#!/usr/bin/env bats
# 200 containers with ports, on bridges: when they have gone, in whatever way, nothing of them is in the kernel.
load ../e2e/network_helper

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	mounts_before=$(($(wc -l </proc/self/mountinfo) + 2))
	export mounts_before
	hosts_setup
	# Whoever connects is connected, and stays so: nobody accepts, and nobody closes.
	nsenter --net="$BATS_FILE_TMPDIR/ns/outside" python3 -c 'import socket, time
s = socket.create_server(("192.0.2.2", 99), backlog=1000)
time.sleep(3600)' >/dev/null 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/listener"
	eventually is_open outside 0063
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
	kill "$(cat "$BATS_FILE_TMPDIR/listener")"
	eventually no_links
	expect_nothing_left
	hosts_teardown
	expect_no_reports
}

# All that the kernel has; each has a slab object or more that only goes with it.
netns_count() { find /proc/[0-9]*/ns/net -maxdepth 0 -printf '%l\n' 2>/dev/null | sort -u | wc -l; }

# Connections that conntrack knows from or to addresses of the containers; a bridge's own reports of
# multicast groups are none.
tracked() { on host grep -v 224.0.0.22 /proc/net/nf_conntrack | grep -cE '(src|dst)=(172\.(1[7-9]|2[0-9])|10\.)' || true; }

# Each has a connection to the world open, which nobody closes when it is killed, and is asked at its port.
fill() { # fill NUMBER
	local nets=(bridge one two three) pids=() k

	for k in 0 1; do
		for i in $(seq "$k" 2 $(($1 - 1))); do
			berth run -d --name "c$i" --network "${nets[i % 4]}" -p $((20000 + i)):80 -p $((20000 + i)):80/udp \
				busybox nc 192.0.2.2 99 </dev/null >/dev/null || return 1
		done 3>&- &
		pids+=($!)
	done
	for k in "${pids[@]}"; do wait "$k" || return 1; done
	on outside python3 -c 'import socket, sys
for i in range(int(sys.argv[1])): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hi", ("192.0.2.1", 20000 + i))' "$1"
	[ "$(links)" = "$1" ]
	[ "$(elements)" = $((empty + 2 * $1)) ]
	talks() { [ "$(tracked)" -ge $((2 * $1)) ]; }
	eventually talks "$1"
}

expect_empty() {
	eventually no_links
	[ "$(elements)" = "$empty" ]
	[ "$(tracked)" = 0 ]
	eventually settled || { echo "namespaces: $netns before, $(netns_count) now" >&2; return 1; }
	[ -z "$(on host ss -Hltun | grep ':20[0-9][0-9][0-9]')" ]
	[ "$(berth network inspect -f "{{len .Containers}}" one two three | sort -u)" = 0 ] || { berth network inspect one | head -40 >&2; return 1; }
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
