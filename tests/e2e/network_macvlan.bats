# Networks in which containers share an interface of the host: macvlan, and ipvlan where it is refused.
# The host's "wan" is a wire to "outside", which is 192.0.2.2 there.
load network_helper

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
	expect_no_reports
}

teardown_file() {
	remove_all
	expect_nothing_left
	hosts_teardown
	expect_no_reports
}

# The host's interfaces.
parents() {
	on host ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | grep -v '^berth0$' | sort | paste -sd,
}

# The subnet is that of the wire; the world's end of it is the way out.
wire() {
	berth network create -d macvlan --subnet 192.0.2.0/24 --gateway 192.0.2.2 --ip-range 192.0.2.64/26 -o parent=wan "$@"
}

pings() { berth exec "$1" ping -c 1 -W 1 "$2"; }

refused() { # refused TEXT OPTION...: to make a network
	run berth network create "${@:2}" refused
	expect_status 1
	expect_contains "$1"
	[ "${#lines[@]}" = 1 ]
	run berth network inspect refused
	expect_status 1
}

@test "a container is on the wire with an address, a MAC and the way out of its own" {
	wire lan >/dev/null
	berth run -d --name aa --network lan busybox sleep 100
	[ "$(address_of aa)" = 192.0.2.65 ]
	run berth exec aa sh -c 'ip -o -4 addr show eth0 | tr -s " "; ip route | head -1; cat /sys/class/net/eth0/address; ls /sys/class/net | paste -sd,'
	[[ "${lines[0]}" == *"inet 192.0.2.65/24 brd 192.0.2.255 "* ]]
	[ "${lines[1]}" = "default via 192.0.2.2 dev eth0 " ]
	[ "${lines[2]}" = 02:42:c0:00:02:41 ]
	[ "${lines[3]}" = eth0,lo ]
	pings aa 192.0.2.2
	[[ "$(on outside ip neigh show 192.0.2.65)" == *"lladdr 02:42:c0:00:02:41"* ]]
	# The kernel keeps the host and those on its interface apart.
	run pings aa 192.0.2.1
	expect_status 1
	[ "$(on host nft list tables)" = "" ]
	berth rm -f aa
}

@test "in mode bridge containers hear each other, in private and vepa they do not" {
	for mode in bridge private vepa; do
		wire -o macvlan_mode=$mode lan >/dev/null
		berth run -d --name aa --network lan busybox sleep 100
		berth run -d --name bb --network lan busybox sleep 100
		run pings bb "$(address_of aa)"
		[ "$mode $status" = "$mode $([ $mode = bridge ] && echo 0 || echo 1)" ]
		pings aa 192.0.2.2
		pings bb 192.0.2.2
		berth rm -f aa bb
		berth network rm lan
	done
}

@test "in mode passthru one container has the interface and its MAC address" {
	wire -o macvlan_mode=passthru lan >/dev/null
	run berth run --rm --network name=lan,mac-address=02:00:00:00:00:07 busybox true
	expect_status 125
	expect_contains "interfaces in network lan have the MAC address of their parent"
	berth run -d --name aa --network lan busybox sleep 100
	[ "$(berth exec aa cat /sys/class/net/eth0/address)" = "$(on host ip -br link show wan | awk '{ print $3 }')" ]
	pings aa 192.0.2.2
	run berth run --rm --network lan busybox true
	expect_status 125
	expect_contains "the interface wan cannot be shared by another macvlan (passthru)"
	berth rm -f aa
	berth run --rm --network lan busybox true
}

@test "without a parent, and with --internal, nobody is behind it but the network's own" {
	for options in "" "--internal"; do
		# shellcheck disable=SC2086
		berth network create -d macvlan --subnet 10.7.0.0/24 $options island >/dev/null
		[ "$(berth network inspect -f '{{.Internal}} {{.Driver}} {{.Scope}}' island)" = "true macvlan local" ]
		[ "$(parents)" = lo,wan ]
		berth run -d --name aa --network island busybox sleep 100
		berth run -d --name bb --network island busybox sleep 100
		pings bb 10.7.0.1 && return 1
		pings bb "$(address_of aa)"
		[ "$(berth exec aa ip route)" = "10.7.0.0/24 dev eth0 scope link  src $(address_of aa) " ]
		[ "$(parents)" = "dm-$(berth network inspect -f '{{.Id}}' island | cut -c 1-12),lo,wan" ]
		berth rm -f aa bb
		berth network rm island
		[ "$(parents)" = lo,wan ]
	done
}

@test "containers find each other by name and alias" {
	wire lan >/dev/null
	berth run -d --name aa --network name=lan,alias=www busybox sleep 100
	berth run -d --name bb --network lan busybox sleep 100
	for name in aa www aa.lan; do pings bb $name; done
	run berth exec bb nslookup "$(address_of aa)"
	expect_contains "aa.lan"
	berth rm -f aa
	run pings bb aa
	expect_status 1
	berth rm -f bb
}

@test "a running container is connected and disconnected; its way out follows" {
	berth network create -d bridge --subnet 10.8.0.0/24 home >/dev/null
	wire lan >/dev/null
	berth run -d --name aa --network home busybox sleep 100
	berth network connect --ip 192.0.2.99 --alias late lan aa
	[ "$(berth exec aa sh -c 'ls /sys/class/net | paste -sd,')" = eth0,eth1,lo ]
	pings aa 192.0.2.2
	[ "$(berth exec aa ip route | head -1)" = "default via 10.8.0.1 dev eth0 " ]
	run berth network connect lan aa
	expect_contains "endpoint with name aa already exists in network lan"
	berth network disconnect home aa
	[ "$(berth exec aa ip route | head -1)" = "default via 192.0.2.2 dev eth1 " ]
	pings aa 192.0.2.2
	berth network disconnect lan aa
	[ "$(berth exec aa sh -c 'ls /sys/class/net | paste -sd,')" = lo ]
	berth rm -f aa
}

@test "published ports are discarded, as docker does, and the user is told" {
	wire lan >/dev/null
	run berth run -d --name aa -p 8080:80 --network lan busybox sleep 100
	expect_status 0
	expect_contains "Published ports are discarded: the way out leads through network lan, and macvlan publishes none."
	[ "$(berth port aa)" = "" ]
	run is_open host 1F90
	[ "$status" -ne 0 ]
	berth rm -f aa
}

@test "policies do not hold there, and explain says so" {
	wire lan >/dev/null
	berth run -d --name aa -l tier=shut --network lan busybox sleep 100
	berth run -d --name bb --network lan busybox sleep 100
	berth network policy create --selector tier=shut -d ingress -d egress shut >/dev/null
	pings aa 192.0.2.2
	pings bb "$(address_of aa)"
	for way in "aa world:80" "world aa:80" "bb aa:80"; do
		# shellcheck disable=SC2086
		run berth network explain $way
		expect_contains "traffic of network lan does not pass the host: no policy holds"
	done
	berth network policy rm shut
	berth rm -f aa bb
}

@test "the mtu is the parent's, or the user's" {
	on host ip link set wan mtu 1400
	wire lan >/dev/null
	[ "$(berth run --rm --network lan busybox cat /sys/class/net/eth0/mtu)" = 1400 ]
	berth network rm lan
	wire -o com.docker.network.driver.mtu=1300 lan >/dev/null
	[ "$(berth run --rm --network lan busybox cat /sys/class/net/eth0/mtu)" = 1300 ]
	on host ip link set wan mtu 1500
}

@test "what cannot be is refused by name, and nothing is made" {
	refused "there is no interface nowhere for -o parent" -d macvlan -o parent=nowhere
	refused "there is no interface nowhere, of which -o parent=nowhere.7 is to be a VLAN" -d macvlan -o parent=nowhere.7
	refused "there is no interface wan.5000 for -o parent" -d macvlan -o parent=wan.5000
	refused "invalid value sideways for macvlan_mode: use bridge, private, vepa or passthru" -d macvlan -o parent=wan -o macvlan_mode=sideways
	refused "an internal macvlan network has no parent" -d macvlan --internal -o parent=wan
	refused "network option ipvlan_mode is not supported; macvlan has parent" -d macvlan -o parent=wan -o ipvlan_mode=l2
	refused "network driver overlay needs a cluster" -d overlay
	refused "network driver nonsense is not supported; use bridge, macvlan, ipvlan or cni-PLUGIN" -d nonsense
	refused 'only one instance of "host" network is allowed' -d host
}

@test "ipvlan and VLANs are refused by name where the kernel lacks them" {
	on host ip link add probe link wan type ipvlan 2>/dev/null && { on host ip link del probe; skip "this kernel has them"; }
	refused "the kernel has no ipvlan; use another driver" -d ipvlan -o parent=wan
	refused "the kernel has no VLANs (8021q), so -o parent=wan.7 cannot be made" -d macvlan -o parent=wan.7
}

@test "a parent that is gone is named, and the container is not started" {
	on host ip link add other type veth peer name rehto
	berth network create -d macvlan --subnet 10.9.0.0/24 -o parent=other lan >/dev/null
	berth run --rm --network lan busybox true
	on host ip link del other
	run berth run --rm --network lan busybox true
	expect_status 125
	expect_contains "there is no interface other"
	[ "$(berth ps -aq)" = "" ]
}

@test "a killed shim leaves no interface, and its address is free again" {
	berth network create -d macvlan --subnet 10.7.0.0/30 island >/dev/null
	berth run -d --name aa --network island busybox sleep 100
	kill -9 "$(pgrep -f "berth-shim $(berth inspect -f '{{.Id}}' aa)")"
	gone() { [ "$(berth inspect -f '{{.State.Status}}' aa)" = exited ]; }
	eventually gone
	berth run --rm --network island busybox true
	berth rm aa
}

@test "what a killed network rm left is removed by the next command" {
	berth network create -d macvlan --subnet 10.7.0.0/24 island >/dev/null
	berth run --rm --network island busybox true
	id=$(berth network inspect -f '{{.Id}}' island)
	cp "$BERTH_STATE/drivers/$id" "$BATS_TEST_TMPDIR/mark"
	berth network rm island
	# As if it had been killed between the store and the kernel; what is not Berth's stays.
	cp "$BATS_TEST_TMPDIR/mark" "$BERTH_STATE/drivers/$id"
	on host ip link add "dm-${id:0:12}" type ifb
	on host ip link set "dm-${id:0:12}" alias somebody
	berth network heal
	[ "$(parents)" = "dm-${id:0:12},lo,wan" ]
	cp "$BATS_TEST_TMPDIR/mark" "$BERTH_STATE/drivers/$id"
	on host ip link set "dm-${id:0:12}" alias "berth $BERTH_STATE"
	berth network heal
	[ "$(parents)" = lo,wan ]
	[ ! -e "$BERTH_STATE/drivers/$id" ]
}
