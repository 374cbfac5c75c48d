#!/usr/bin/env bats
# Networks that need what not every kernel has: ipvlan, VLANs, dummy interfaces. tests/vm/run-in-vm runs
# it with Debian's kernel. "outside" is a namespace at the other end of a wire.
load ../e2e/network_helper

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	mounts_before=$(($(wc -l </proc/self/mountinfo) + 2))
	export mounts_before
	hosts_setup
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
}

teardown() {
	remove_all
	berth network prune -f >/dev/null
	[ "$(parents)" = lo,wan ] || { parents; return 1; }
}

teardown_file() {
	remove_all
	expect_nothing_left
	hosts_teardown
}

# The host's interfaces.
parents() {
	on host ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort | paste -sd,
}

wire() {
	berth network create -d ipvlan --subnet 192.0.2.0/24 --gateway 192.0.2.2 --ip-range 192.0.2.64/26 -o parent=wan "$@"
}

pings() { berth exec "$1" ping -c 1 -W 2 "$2"; }

@test "ipvlan l2: containers are on the wire with the parent's MAC, a way out and names" {
	wire lan >/dev/null
	berth run -d --name aa --network name=lan,alias=www busybox sleep 1000
	berth run -d --name bb --network lan busybox sleep 1000
	run berth exec aa sh -c 'ip -d link show eth0; ip route | head -1; cat /sys/class/net/eth0/address'
	[ "${lines[-2]}" = "default via 192.0.2.2 dev eth0 " ]
	[ "${lines[-1]}" = "$(on host ip -br link show wan | awk '{ print $3 }')" ]
	[ "$(berth inspect -f '{{range .NetworkSettings.Networks}}[{{.MacAddress}}]{{end}}' aa)" = "[]" ]
	pings aa 192.0.2.2
	pings bb aa
	pings bb www
	run berth run --rm --network name=lan,mac-address=02:00:00:00:00:07 busybox true
	expect_status 125
	expect_contains "interfaces in network lan have the MAC address of their parent"
	berth rm -f aa bb
}

@test "ipvlan l3 and l3s: the way out is the interface alone, and the parent routes" {
	for mode in l3 l3s; do
		berth network create -d ipvlan --subnet 10.7.0.0/24 -o parent=wan -o ipvlan_mode=$mode lan >/dev/null
		on outside ip route replace 10.7.0.0/24 via 192.0.2.1
		berth run -d --name aa --network lan busybox sleep 1000
		berth run -d --name bb --network lan busybox sleep 1000
		[ "$(berth exec aa ip route | head -1)" = "default dev eth0 scope link " ]
		[ "$(berth inspect -f '{{range .NetworkSettings.Networks}}[{{.Gateway}}]{{end}}' aa)" = "[]" ]
		pings bb "$(address_of aa)"
		pings aa 192.0.2.2
		berth rm -f aa bb
		berth network rm lan
		on outside ip route del 10.7.0.0/24
	done
}

@test "ipvlan_flag: private and vepa keep containers apart, bridge does not" {
	for flag in bridge private vepa; do
		wire -o ipvlan_flag=$flag lan >/dev/null
		berth run -d --name aa --network lan busybox sleep 1000
		berth run -d --name bb --network lan busybox sleep 1000
		run pings bb "$(address_of aa)"
		[ "$flag $status" = "$flag $([ $flag = bridge ] && echo 0 || echo 1)" ]
		pings aa 192.0.2.2
		berth rm -f aa bb
		berth network rm lan
	done
}

@test "a running container is connected to ipvlan and disconnected; its way out follows" {
	berth network create -d ipvlan --subnet 10.7.0.0/24 island >/dev/null
	berth network create -d ipvlan --subnet 192.0.2.0/24 --ip-range 192.0.2.64/26 -o parent=wan -o ipvlan_mode=l3 lan >/dev/null
	berth run -d --name aa --network island busybox sleep 1000
	[ "$(berth exec aa ip route)" = "10.7.0.0/24 dev eth0 scope link  src $(berth exec aa hostname -i | tr -d ' \n') " ]
	berth network connect lan aa
	run berth exec aa ip route
	[ "${lines[0]}" = "default dev eth1 scope link " ]
	berth network disconnect lan aa
	[ "$(berth exec aa sh -c 'ls /sys/class/net | paste -sd,')" = eth0,lo ]
	berth rm -f aa
}

@test "what ipvlan cannot be is refused" {
	for options in ipvlan_mode=l4 ipvlan_flag=public macvlan_mode=bridge; do
		run berth network create -d ipvlan -o parent=wan -o $options wrong
		expect_status 1
		expect_contains "${options%=*}"
	done
	wire lan >/dev/null
	berth network create -d macvlan --subnet 10.9.0.0/24 -o parent=wan other >/dev/null
	berth run -d --name aa --network lan busybox sleep 1000
	run berth run --rm --network other busybox true
	expect_status 125
	expect_contains "the interface wan cannot be shared by another macvlan"
	berth rm -f aa
}

@test "a parent that is a VLAN is made, carries its tag, and goes with the last network that names it" {
	on outside ip link add link wan name wan.7 type vlan id 7
	on outside ip addr add 10.7.0.2/24 dev wan.7
	on outside ip link set wan.7 up
	berth network create -d macvlan --subnet 10.7.0.0/25 --gateway 10.7.0.2 -o parent=wan.7 one >/dev/null
	berth network create -d macvlan --subnet 10.7.0.128/25 -o parent=wan.7 two >/dev/null
	[ "$(parents)" = lo,wan ]
	berth run -d --name aa --network one busybox sleep 1000
	[ "$(parents)" = lo,wan,wan.7 ]
	[ "$(on host ip -d link show wan.7 | grep -o 'vlan protocol 802.1Q id 7')" != "" ]
	pings aa 10.7.0.2
	berth run --rm --network two busybox true
	berth rm -f aa
	berth network rm one
	[ "$(parents)" = lo,wan,wan.7 ]
	berth network rm two
	[ "$(parents)" = lo,wan ]
	on outside ip link del wan.7
}

@test "a VLAN that somebody else has made stays" {
	on host ip link add link wan name wan.8 type vlan id 8
	on host ip link set wan.8 up
	berth network create -d ipvlan --subnet 10.8.0.0/24 -o parent=wan.8 lan >/dev/null
	berth run --rm --network lan busybox true
	berth network rm lan
	[ "$(parents)" = lo,wan,wan.8 ]
	on host ip link del wan.8
}

@test "a killed network rm's VLAN is removed by the next command, and a dummy is nobody's parent" {
	berth network create -d macvlan --subnet 10.7.0.0/24 -o parent=wan.9 lan >/dev/null
	berth run --rm --network lan busybox true
	id=$(berth network inspect -f '{{.Id}}' lan)
	cp "$BERTH_STATE/drivers/$id" "$BATS_TEST_TMPDIR/mark"
	berth network rm lan
	cp "$BATS_TEST_TMPDIR/mark" "$BERTH_STATE/drivers/$id"
	on host ip link add link wan name wan.9 type vlan id 9
	on host ip link set wan.9 alias "berth $BERTH_STATE"
	berth network heal
	[ "$(parents)" = lo,wan ]
	berth network create -d ipvlan --subnet 10.9.0.0/24 island >/dev/null
	berth run -d --name aa --network island busybox sleep 1000
	[[ "$(on host ip -d link show "dm-$(berth network inspect -f '{{.Id}}' island | cut -c 1-12)")" == *dummy* ]]
	run pings aa 10.9.0.1
	expect_status 1
	berth rm -f aa
}
