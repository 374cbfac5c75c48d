# Published ports: who reaches them, who does not, whose they are.
load network_helper

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	mounts_before=$(($(wc -l </proc/self/mountinfo) + 2))
	export mounts_before
	hosts_setup
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
	berth import -c 'EXPOSE 80 443' "$(busybox_tar)" exposing:latest >/dev/null
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

answers() { # answers NAME HOST ADDRESS PORT
	eventually is_answered "$@"
}
is_answered() {
	[ "$(ask "$2" "$3" "$4")" = "hello from $1" ]
}

# The same from a container.
answers_in() { # answers_in NAME CONTAINER ADDRESS PORT
	eventually is_answered_in "$@"
}
is_answered_in() {
	[ "$(ask_in "$2" "$3" "$4")" = "hello from $1" ]
}

@test "a published port is reached from outside, the host, its loopback, itself and others" {
	berth run -d --name web --hostname web -p 8080:80 busybox sh -c "$serve"
	berth run -d --name other busybox sleep 100
	berth network create apart >/dev/null
	berth run -d --name apart --network apart busybox sleep 100
	for netfilter in 0 1; do
		on host sysctl -qw net.bridge.bridge-nf-call-iptables=$netfilter
		answers web outside 192.0.2.1 8080
		answers web host 192.0.2.1 8080
		answers web host 127.0.0.1 8080
		answers web host 172.17.0.1 8080
		for from in web other apart; do
			answers_in web $from 192.0.2.1 8080
		done
		[ "$(ask outside "$(address_of web)" 80)" = "no answer" ]
		[ "$(ask_in apart "$(address_of web)" 80)" = "no answer" ]
	done
}

@test "a port of the loopback is the host's own" {
	berth run -d --name web --hostname web -p 127.0.0.1:8080:80 busybox sh -c "$serve"
	answers web host 127.0.0.1 8080
	[ "$(ask outside 192.0.2.1 8080)" = "no answer" ]
	on outside ip route add 127.0.0.5/32 via 192.0.2.1 2>/dev/null || true
	on outside sysctl -qw net.ipv4.conf.all.route_localnet=1
	on outside ip route add local 127.0.0.0/8 dev lo table local 2>/dev/null || true
	# Another machine that sends to the host's loopback all the same.
	on outside ip addr del 127.0.0.1/8 dev lo
	on outside ip route del local 127.0.0.0/8 dev lo table local 2>/dev/null || true
	on outside ip route add 127.0.0.1/32 via 192.0.2.1 2>/dev/null || true
	[ "$(ask outside 127.0.0.1 8080)" = "no answer" ]
	berth run -d --name evil --privileged busybox sleep 100
	berth exec --privileged evil sh -c 'ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1/32 via 172.17.0.1; echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet'
	[ "$(ask_in evil 127.0.0.1 8080)" = "no answer" ]
}

@test "the real client's address is what the container sees" {
	berth run -d --name web -p 8080:80 busybox sh -c 'nc -l -p 80 -e sh -c "netstat -tn | grep :80; echo end"'
	run ask outside 192.0.2.1 8080
	expect_contains "192.0.2.2:"
}

@test "datagrams are answered, and forgotten when the container ends" {
	berth run -d --name echo -p 5353:53/udp busybox sleep 100
	nsenter --net="/proc/$(berth inspect -f '{{.State.Pid}}' echo)/ns/net" -- python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 53))
while True:
    data, peer = s.recvfrom(100); s.sendto(data, peer)' 3>&- &
	server=$!
	said() { on outside python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)
s.sendto(b"ping", ("192.0.2.1", 5353)); assert s.recv(10) == b"ping"' 2>/dev/null; }
	eventually said
	known() { on host grep -c dport=5353 /proc/net/nf_conntrack || true; }
	if on host test -e /proc/net/nf_conntrack; then [ "$(known)" -ge 1 ]; fi
	kill $server
	berth rm -f echo
	if on host test -e /proc/net/nf_conntrack; then [ "$(known)" = 0 ]; fi
}

@test "ranges, random ports and -P are found in ps, port and inspect" {
	berth run -d --name many -p 8000-8002:80-82 -p 127.0.0.1::90/udp -P exposing sleep 100
	random=$(berth port many 90/udp)
	[[ "$random" =~ ^127\.0\.0\.1:[0-9]+$ ]]
	https=$(berth port many 443)
	[[ "$https" =~ ^0\.0\.0\.0:[0-9]+$ ]]
	[ "$(berth port many 81/tcp)" = 0.0.0.0:8001 ]
	run berth port many 99
	expect_status 1
	expect_contains "no public port '99/tcp' published for many"
	[ "$(berth ps --format '{{.Ports}}')" = "0.0.0.0:8000-8002->80-82/tcp, $https->443/tcp, $random->90/udp" ]
	[ "$(berth inspect -f '{{(index (index .NetworkSettings.Ports "82/tcp") 0).HostPort}}' many)" = 8002 ]
	[ "$(berth inspect -f '{{len (index .HostConfig.PortBindings "80/tcp")}}' many)" = 1 ]
	[ "$(berth ps -q -f publish=8001 -f name=many | wc -l)" = 0 ]
	[ "$(berth ps -q -f publish=81 | wc -l)" = 1 ]
	berth stop -t 0 many
	[ "$(berth port many | wc -l)" = 0 ]
	berth start many
	[ "$(berth port many 80)" = 0.0.0.0:8000 ]
}

@test "one of a range is the first that is free" {
	berth run -d --name one -p 8100-8102:80 busybox sleep 100
	berth run -d --name two -p 8100-8102:80 busybox sleep 100
	[ "$(berth port one 80)" = 0.0.0.0:8100 ]
	[ "$(berth port two 80)" = 0.0.0.0:8101 ]
	berth run -d --name three -p 8100-8102:80 busybox sleep 100
	run berth run --name four -p 8100-8102:80 busybox true
	expect_status 125
	expect_contains "all ports from 8100 to 8102 are already allocated"
}

@test "a port that is taken is refused by name, and the container stays as it was" {
	berth run -d --name web -p 8080:80 busybox sleep 100
	run berth run --name second -p 8080:80 busybox true
	expect_status 125
	expect_contains "driver failed programming external connectivity: Bind for 0.0.0.0:8080 failed: port is already allocated"
	run berth run --rm -p 127.0.0.1:8080:80 busybox true
	expect_status 125
	berth stop -t 0 web
	run berth run --rm -p 8080:80 busybox echo mine
	expect_output mine
}

@test "a port of a program of the host is refused, and held against others while published" {
	on host busybox nc -l -p 8090 >/dev/null 3>&- &
	server=$!
	eventually is_open host 1F9A
	run berth run --rm -p 8090:80 busybox true
	kill $server
	expect_status 125
	expect_contains "Bind for 0.0.0.0:8090 failed: port is already allocated"
	berth run -d --name web -p 8091:80 busybox sleep 100
	run on host timeout 5 busybox nc -l -p 8091
	expect_contains "Address already in use"
}

@test "a killed shim's ports are free for the next command" {
	berth run -d --name web --hostname web -p 8080:80 busybox sh -c "$serve"
	kill -9 "$(pgrep -f "berth-shim $(berth inspect -f '{{.Id}}' web)")"
	run berth run -d --name next --hostname next -p 8080:80 busybox sh -c "$serve"
	expect_status 0
	answers next outside 192.0.2.1 8080
}

@test "a restart by policy has its ports again" {
	berth run -d --name web --hostname web --restart always -p 8080:80 busybox sh -c "$serve"
	answers web outside 192.0.2.1 8080
	pid=$(berth inspect -f '{{.State.Pid}}' web)
	kill -9 "$pid"
	restarted() { [ "$(berth inspect -f '{{.RestartCount}} {{.State.Status}}' web)" = "1 running" ]; }
	eventually restarted
	answers web outside 192.0.2.1 8080
}

@test "flushed rules are written anew by the next command, for all that runs" {
	berth run -d --name web --hostname web -p 8080:80 busybox sh -c "$serve"
	answers web outside 192.0.2.1 8080
	on host nft list table ip berth >"$BATS_TEST_TMPDIR/before"
	on host nft flush ruleset
	[ "$(ask outside 192.0.2.1 8080)" = "no answer" ]
	berth ps >/dev/null
	answers web outside 192.0.2.1 8080
	on host nft flush ruleset
	berth network heal
	on host nft list table ip berth | diff "$BATS_TEST_TMPDIR/before" -
	on host nft flush ruleset
	berth run -d --name next --hostname next -p 8081:80 busybox sh -c "$serve"
	answers web outside 192.0.2.1 8080
	answers next outside 192.0.2.1 8081
}

@test "five hundred ports are published and taken back" {
	before=$(elements)
	berth run -d --name many -p 20000-20499:20000-20499 busybox sleep 100
	[ "$(elements)" = $((before + 500)) ]
	berth stop -t 0 many
	[ "$(elements)" = "$before" ]
}

@test "an internal network and the host's publish nothing" {
	berth network create --internal inner >/dev/null
	berth run -d --name in --network inner -p 8080:80 busybox sleep 100
	[ -z "$(berth port in)" ]
	berth run -d --name host --network host -p 8080:80 busybox sleep 100 2>"$BATS_TEST_TMPDIR/said"
	grep -q "Published ports are discarded" "$BATS_TEST_TMPDIR/said"
	[ -z "$(berth port host)" ]
}

@test "an address of the host and the network's own choice are kept to" {
	berth network create -o com.docker.network.bridge.host_binding_ipv4=127.0.0.1 careful >/dev/null
	berth run -d --name web --hostname web --network careful -p 8080:80 -p 192.0.2.1:8081:80 busybox sh -c "$serve"
	[ "$(berth port web | sort | paste -sd' ')" = "80/tcp -> 127.0.0.1:8080 80/tcp -> 192.0.2.1:8081" ]
	answers web host 127.0.0.1 8080
	answers web outside 192.0.2.1 8081
	[ "$(ask outside 192.0.2.1 8080)" = "no answer" ]
}

@test "what is no port is refused" {
	refused() { run berth run --rm -p "$1" busybox true; expect_status 125; expect_contains "$2"; }
	refused x "invalid containerPort"
	refused 80:90:100:110 "IP address"
	refused 8000-8001:80-82 "Invalid ranges specified"
	refused '[::1]:80:80' "what is sent to ::1 cannot be led to a container"
	refused 10.255.255.1:8080:80 "Bind for 10.255.255.1:8080 failed"
}
