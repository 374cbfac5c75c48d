# The default network and networks of one's own: addresses, isolation, documents.
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
	expect_no_reports
}

teardown_file() {
	remove_all
	eventually no_links
	expect_nothing_left
	hosts_teardown
	expect_no_reports
}

@test "a container is on the default bridge, with an address, a route and its name in hosts" {
	run berth run --rm --name first --hostname harbour busybox sh -c 'ip -o -4 addr show eth0 | tr -s " "; ip route | head -1; tail -1 /etc/hosts; cat /sys/class/net/eth0/address; ls /sys/class/net | paste -sd,'
	expect_status 0
	[[ "${lines[0]}" == *"inet 172.17.0.2/16 "* ]]
	[ "${lines[1]}" = "default via 172.17.0.1 dev eth0 " ]
	[ "${lines[2]}" = $'172.17.0.2\tharbour' ]
	[ "${lines[3]}" = 02:42:ac:11:00:02 ]
	[ "${lines[4]}" = eth0,lo ]
}

@test "it has no IPv6 on its interface, and the host's forwarding is on" {
	run berth run --rm busybox sh -c 'ip -6 addr show eth0 | grep -c inet6'
	expect_output 0
	[ "$(on host cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
}

@test "addresses go on in a circle and are free again when a container has ended" {
	first=$(berth run --rm busybox hostname -i)
	second=$(berth run --rm busybox hostname -i)
	[ "$first" != "$second" ]
	berth network create --subnet 10.20.0.0/29 tiny >/dev/null
	for _ in 1 2 3 4 5 6 7 8; do
		run berth run --rm --network tiny busybox true
		expect_status 0
	done
	for i in 1 2 3 4 5; do berth run -d --name t$i --network tiny busybox sleep 100; done
	run berth run --rm --network tiny busybox true
	expect_status 125
	expect_contains "no available IPv4 addresses on this network's address pools: tiny"
	berth rm -f t1 >/dev/null
	run berth run --rm --network tiny busybox true
	expect_status 0
	berth rm -f t2 t3 t4 t5
	berth network rm tiny
}

@test "containers of a network talk, and those of others cannot" {
	berth network create one >/dev/null
	berth network create two >/dev/null
	berth run -d --name aa --network one busybox sh -c "$serve"
	berth run -d --name bb --network one busybox sleep 100
	berth run -d --name cc --network two busybox sleep 100
	berth run -d --name dd busybox sleep 100
	for netfilter in 0 1; do
		on host sysctl -qw net.bridge.bridge-nf-call-iptables=$netfilter
		hears bb aa "hello from $(berth inspect -f '{{.Config.Hostname}}' aa)"
		[ "$(ask_in cc "$(address_of aa)" 80)" = "no answer" ]
		[ "$(ask_in dd "$(address_of aa)" 80)" = "no answer" ]
	done
	berth rm -f aa bb cc dd
	berth network rm one two
}

@test "a container in two networks reaches both, one that is in neither none" {
	berth network create one >/dev/null
	berth network create two >/dev/null
	berth run -d --name aa --network one busybox sh -c "$serve"
	berth run -d --name bb --network two busybox sh -c "$serve"
	berth run -d --name both --network one --network two busybox sleep 100
	hears both aa
	hears both bb
	[ "$(berth exec both sh -c 'ls /sys/class/net | paste -sd,')" = eth0,eth1,lo ]
	[ "$(berth ps --filter name=both --format '{{.Networks}}')" = one,two ]
	berth rm -f aa bb both
	berth network rm one two
}

@test "without icc containers of a network do not hear each other" {
	berth network create -o com.docker.network.bridge.enable_icc=false quiet >/dev/null
	berth run -d --name aa --network quiet busybox sh -c "$serve"
	berth run -d --name bb --cap-add NET_ADMIN --network quiet busybox sleep 100
	for netfilter in 0 1; do
		on host sysctl -qw net.bridge.bridge-nf-call-iptables=$netfilter
		[ "$(ask_in bb "$(address_of aa)" 80)" = "no answer" ]
	done
	# Nor by way of the host, which one of them takes for a router.
	gateway=$(berth network inspect -f '{{range .IPAM.Config}}{{.Gateway}}{{end}}' quiet)
	berth exec --privileged bb ip route add "$(address_of aa)/32" via "$gateway"
	[ "$(ask_in bb "$(address_of aa)" 80)" = "no answer" ]
	[[ "$(ask host "$(address_of aa)" 80)" == "hello from"* ]]
	berth rm -f aa bb
	berth network rm quiet
}

@test "an internal network has no way out, and the host reaches it" {
	berth network create --internal inner >/dev/null
	berth run -d --name aa --network inner busybox sh -c "$serve"
	[ "$(berth exec aa ip route | grep -c default)" = 0 ]
	berth exec --privileged aa ip route add default via "$(berth network inspect -f '{{range .IPAM.Config}}{{.Gateway}}{{end}}' inner)"
	on outside sh -c 'while :; do echo outside | busybox nc -l -p 7000; done' >/dev/null 2>&1 3>&- &
	server=$!
	eventually is_open outside 1B58
	[ "$(ask_in aa 192.0.2.2 7000)" = "no answer" ]
	run berth run --rm busybox sh -c 'nc -w 2 192.0.2.2 7000 </dev/null'
	expect_output outside
	[[ "$(ask host "$(address_of aa)" 80)" == "hello from"* ]]
	kill $server
	berth rm -f aa
	berth network rm inner
}

@test "what goes out has the host's address" {
	on outside busybox nc -l -p 7001 -e sh -c 'netstat -tn | grep 7001; echo end' 3>&- &
	server=$!
	eventually is_open outside 1B59
	run berth run --rm busybox sh -c 'nc -w 2 192.0.2.2 7001 </dev/null'
	kill $server 2>/dev/null || true
	expect_contains "192.0.2.1:"
}

@test "nothing from outside reaches a port that is not published" {
	berth run -d --name aa busybox sh -c "$serve"
	[ "$(ask outside "$(address_of aa)" 80)" = "no answer" ]
	[ "$(ask outside 192.0.2.1 80)" = "no answer" ]
	berth rm -f aa
}

@test "a static address stays the container's until it is removed" {
	berth network create --subnet 10.30.0.0/24 --ip-range 10.30.0.128/25 --gateway 10.30.0.254 --aux-address printer=10.30.0.130 fixed >/dev/null
	berth create --name aa --network fixed --ip 10.30.0.9 --mac-address 02:00:00:00:00:09 busybox sleep 100 >/dev/null
	run berth run --name bb --network fixed --ip 10.30.0.9 busybox true
	expect_status 125
	expect_contains "Address already in use: 10.30.0.9"
	berth start aa
	[ "$(address_of aa)" = 10.30.0.9 ]
	[ "$(berth exec aa cat /sys/class/net/eth0/address)" = 02:00:00:00:00:09 ]
	[ "$(berth exec aa ip route | head -1)" = "default via 10.30.0.254 dev eth0 " ]
	# The range's first addresses; the one that is set aside is left out.
	[ "$(berth run --rm --network fixed busybox hostname -i)" = 10.30.0.129 ]
	[ "$(berth run --rm --network fixed busybox hostname -i)" = 10.30.0.131 ]
	berth restart -t 0 aa
	[ "$(address_of aa)" = 10.30.0.9 ]
	berth rm -f aa
	run berth run --rm --network fixed --ip 10.30.0.9 busybox hostname -i
	expect_output 10.30.0.9
	berth network rm fixed
}

@test "addresses that cannot be are refused by name" {
	berth network create --subnet 10.30.0.0/24 fixed >/dev/null
	refused() { run berth run --rm "$@" busybox true; expect_status 125; }
	refused --ip 172.17.0.9
	expect_contains "user specified IP address is supported on user defined networks only"
	refused --network fixed --ip 10.31.0.9
	expect_contains "no configured subnet contains IP address 10.31.0.9"
	refused --network fixed --ip 10.30.0.1
	expect_contains "Address already in use"
	refused --network fixed --mac-address 02:00:00:00:00
	expect_contains "02:00:00:00:00 is not a valid mac address"
	refused --network nowhere
	expect_contains "network nowhere not found"
	refused --network fixed --network fixed
	expect_contains "network fixed is named twice"
	refused --network none --ip 10.30.0.9
	expect_contains "conflicting options"
	berth network rm fixed
}

@test "networks are listed, shown and removed as docker does" {
	id=$(berth network create --label tier=back -o com.docker.network.driver.mtu=1400 shown)
	[ ${#id} = 64 ]
	run berth network ls --format '{{.Name}} {{.Driver}} {{.Scope}}'
	expect_output $'bridge bridge local\nhost host local\nnone null local\nshown bridge local'
	[ "$(berth network ls -q --filter label=tier=back)" = "${id:0:12}" ]
	[ "$(berth network ls --filter type=custom --format '{{.Name}}')" = shown ]
	berth run -d --name aa --network "${id:0:8}" busybox sleep 100
	[ "$(berth exec aa cat /sys/class/net/eth0/mtu)" = 1400 ]
	[ "$(berth network inspect -f '{{range .Containers}}{{.Name}}={{.IPv4Address}}{{end}}' shown)" = "aa=$(address_of aa)/16" ]
	[ "$(berth inspect -f '{{.HostConfig.NetworkMode}}' aa)" = shown ]
	run berth network rm shown
	expect_status 1
	expect_contains 'network shown has active endpoints (name:"aa"'
	berth rm -f aa
	run berth network rm shown nowhere
	expect_status 1
	expect_contains "network nowhere not found"
	[ "$(on host ip -br link show type bridge | grep -c br-)" = 0 ]
	run berth network rm bridge
	expect_status 1
	expect_contains "bridge is a pre-defined network and cannot be removed"
}

@test "networks that cannot be are refused by name" {
	refused() { run berth network create "$@"; expect_status 1; }
	berth network create --subnet 10.40.0.0/24 there >/dev/null
	refused there
	expect_contains "network with name there already exists"
	refused --subnet 10.40.0.128/25 new
	expect_contains "Pool overlaps with other one on this address space"
	refused --subnet 192.0.2.0/25 new
	expect_contains "overlaps with a route of the host"
	refused --subnet 10.41.0.1/24 new
	expect_contains "invalid subnet 10.41.0.1/24: it should be 10.41.0.0/24"
	refused --subnet 10.41.0.0/24 --gateway 10.42.0.1 new
	expect_contains "no matching subnet for gateway 10.42.0.1"
	refused --subnet 10.41.0.0/24 --ip-range 10.41.0.0/23 new
	expect_contains "no matching subnet for ip-range 10.41.0.0/23"
	refused --gateway 10.42.0.1 new
	expect_contains "corresponding subnet"
	refused -d overlay new
	expect_contains "network driver overlay needs a cluster"
	refused -o com.docker.network.bridge.nope=1 new
	expect_contains "network option com.docker.network.bridge.nope is not supported"
	refused -o com.docker.network.driver.mtu=10 new
	expect_contains "a number from 68 to 65535"
	refused -o com.docker.network.bridge.name=wan new
	expect_contains "an interface named wan is there already"
	refused -- -dash
	expect_contains "invalid network name"
	refused none
	expect_contains "predefined none network"
	berth network rm there
}

@test "default pools do not end after thirty-one networks" {
	for i in $(seq 40); do berth network create "n$i" >/dev/null; done
	berth network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' $(seq -f 'n%g' 40) | sort >"$BATS_TEST_TMPDIR/subnets"
	[ "$(uniq "$BATS_TEST_TMPDIR/subnets" | wc -l)" = 40 ]
	berth network prune -f | grep -c '^n' | grep -qx 40
	[ "$(berth network ls -q | wc -l)" = 3 ]
}

@test "container:NAME shares the network of one that runs" {
	berth run -d --name aa busybox sh -c "$serve"
	run berth run --rm --network container:aa busybox sh -c 'hostname; readlink /proc/self/ns/net; nc -w 1 127.0.0.1 80'
	[ "${lines[0]}" = "$(berth inspect -f '{{.Config.Hostname}}' aa)" ]
	[ "${lines[1]}" = "$(berth exec aa readlink /proc/self/ns/net)" ]
	[[ "${lines[2]}" == "hello from"* ]]
	berth create --name late --network container:aa busybox true >/dev/null
	berth rm -f aa
	run berth start late
	[ "$status" -ne 0 ]
	run berth run --rm --network container:nowhere busybox true
	expect_status 125
	expect_contains "No such container: nowhere"
	run berth run --rm --network container:late -p 80 busybox true
	expect_contains "conflicting options: port publishing and the container type network mode"
	berth rm late
}

@test "host-gateway is the host" {
	run berth run --rm --add-host up:host-gateway busybox grep up /etc/hosts
	expect_output $'172.17.0.1\tup'
}

@test "a machine that did not forward becomes no router for others" {
	on host sysctl -qw net.ipv4.ip_forward=0
	on host nft delete table ip berth
	berth network heal
	berth network create fresh >/dev/null
	berth run --rm --network fresh busybox true
	[ "$(on host cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
	on host nft list chain ip berth forwarded | grep -q 'iifname != @bridges oifname != @bridges drop'
	berth network rm fresh
}

@test "a hundred starts leave no link, element, route or namespace" {
	berth run --rm busybox true
	before=$(elements)
	routes=$(on host ip route | wc -l)
	for _ in $(seq 100); do berth run --rm -p 80 busybox true; done
	eventually no_links
	[ "$(elements)" = "$before" ]
	[ "$(on host ip route | wc -l)" = "$routes" ]
}

@test "a container that runs is connected to a network and taken out of it" {
	berth network create --subnet 10.50.0.0/24 more >/dev/null
	berth run -d --name server --network more busybox sh -c "$serve"
	berth run -d --name aa busybox sleep 100
	[ "$(ask_in aa "$(address_of server)" 80)" = "no answer" ]
	berth network connect --ip 10.50.0.9 more aa
	hears aa server
	[ "$(berth exec aa sh -c 'ls /sys/class/net | paste -sd,')" = eth0,eth1,lo ]
	[ "$(berth exec aa tail -1 /etc/hosts | cut -f1)" = 10.50.0.9 ]
	[ "$(berth exec aa ip route | head -1)" = "default via 172.17.0.1 dev eth0 " ]
	run berth network connect more aa
	expect_status 1
	expect_contains "endpoint with name aa already exists in network more"
	berth network disconnect bridge aa
	[ "$(berth exec aa ip route | head -1)" = "default via 10.50.0.1 dev eth1 " ]
	hears aa server
	berth network disconnect more aa
	[ "$(berth exec aa sh -c 'ls /sys/class/net | paste -sd,')" = lo ]
	run berth network disconnect more aa
	expect_status 1
	expect_contains "container aa is not connected to network more"
	berth network disconnect -f more aa
	run berth run --rm --network more --ip 10.50.0.9 busybox hostname -i
	expect_output 10.50.0.9
}

@test "one that does not run has its networks changed for the next start" {
	berth network create --subnet 10.50.0.0/24 more >/dev/null
	berth create --name aa busybox sleep 100 >/dev/null
	berth network connect more aa
	berth network disconnect bridge aa
	berth start aa
	[ "$(berth exec aa ip route | head -1)" = "default via 10.50.0.1 dev eth0 " ]
	[ "$(berth ps --format '{{.Networks}}')" = more ]
}

@test "containers that cannot be connected say why" {
	berth network create more >/dev/null
	refused() { run berth network "$@"; expect_status 1; }
	berth run -d --name hosts --network host busybox sleep 100
	refused connect more hosts
	expect_contains "container sharing network namespace with another container or host"
	berth run -d --name alone --network none busybox sleep 100
	refused connect more alone
	expect_contains "private (none) mode"
	berth run -d --name again --restart always busybox sleep 100
	refused connect more again
	expect_contains "runs with --restart always; stop it first"
	berth run -d --name ports --network more -p 8080:80 busybox sleep 100
	refused disconnect more ports
	expect_contains "the published ports of container ports lead through network more"
	refused connect nowhere ports
	expect_contains "network nowhere not found"
	refused connect more nobody
	expect_contains "No such container: nobody"
}
