# Names in networks: who is found by which, from when to when.
load network_helper

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	mounts_before=$(($(wc -l </proc/self/mountinfo) + 2))
	export mounts_before
	hosts_setup
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
}

setup() { berth network create quay >/dev/null; }

teardown() {
	remove_all
	berth network prune -f >/dev/null
	expect_no_reports
}

teardown_file() {
	remove_all
	eventually no_links
	expect_nothing_left
	hosts_teardown
	expect_no_reports
}

# finds NAME: whether container "asker" reaches the container of that name.
finds() { berth exec asker ping -c 1 -w 2 "$1" >/dev/null 2>&1; }
# Asked again, since a question that is lost looks the same.
misses() {
	run berth exec asker nslookup "$1"
	expect_contains "can't find $1"
}
idle() { berth run -d "$@" busybox sleep 1000 >/dev/null; }

@test "containers of a network find each other by name, short ID and aliases" {
	idle --name asker --network quay
	idle --name ship --network quay --network-alias vessel --network-alias boat
	id=$(berth inspect -f '{{.Id}}' ship)
	for name in ship SHIP vessel boat "${id:0:12}" ship.quay; do
		finds "$name" || { echo "$name is not found"; false; }
	done
	misses nobody
	run berth inspect -f '{{json .NetworkSettings.Networks.quay.Aliases}} {{join .NetworkSettings.Networks.quay.DNSNames ","}}' ship
	expect_output "[\"vessel\",\"boat\"] ship,vessel,boat,${id:0:12}"
}

@test "an address is found back to its name" {
	idle --name asker --network quay
	idle --name ship --network quay
	ip=$(berth inspect -f '{{.NetworkSettings.Networks.quay.IPAddress}}' ship)
	run berth exec asker nslookup "$ip"
	expect_contains "ship.quay"
}

@test "resolv.conf names the container's own server, with the user's search list and options" {
	run berth run --rm --network quay --dns 127.0.0.9 --dns-search harbour.example --dns-option timeout:1 busybox cat /etc/resolv.conf
	expect_output $'nameserver 127.0.0.11\nsearch harbour.example\noptions ndots:0 timeout:1'
}

@test "the default bridge has no names, and aliases there are refused" {
	idle --name asker
	idle --name ship
	run finds ship
	[ "$status" -ne 0 ]
	run berth run --rm --network-alias vessel busybox true
	expect_status 125
	expect_contains "network-scoped aliases are only supported for user-defined networks"
}

@test "names of one network are not found from another" {
	berth network create roads >/dev/null
	idle --name asker --network roads
	idle --name ship --network quay
	misses ship
}

@test "a name ends with its container, and with the shim that is killed" {
	idle --name asker --network quay
	idle --name ship --network quay
	idle --name barge --network quay
	finds ship
	berth stop -t 0 ship >/dev/null
	misses ship
	berth start ship >/dev/null
	finds ship
	pkill -9 -f "^berth-shim $(berth inspect -f "{{.Id}}" barge)"
	berth ps >/dev/null
	misses barge
}

@test "a renamed container is found by the new name alone" {
	idle --name asker --network quay
	idle --name ship --network quay
	berth rename ship wreck
	finds wreck
	misses ship
}

@test "connect and disconnect change names at once" {
	idle --name asker --network quay
	idle --name ship
	misses ship
	berth network connect --alias vessel quay ship
	finds ship
	finds vessel
	berth network disconnect quay ship
	misses ship
	misses vessel
}

@test "a container that its shim starts again keeps its name" {
	idle --name asker --network quay
	berth run -d --name ship --network quay --restart always busybox sh -c 'sleep 1' >/dev/null
	sleep 2
	eventually finds ship
}
