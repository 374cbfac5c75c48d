# Networks that are made by programs of others: plugins of the Container Network Interface, Debian's and
# wrong ones. The host's "wan" is a wire to "outside", which is 192.0.2.2 there.
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
	nothing_is_left || { parents; find "$BERTH_STATE/leases"; on host iptables-save; return 1; }
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

only_wires() { [ "$(parents)" = lo,wan ]; }

# No interface, no address that somebody has, no rule of a plugin's, no mount.
nothing_is_left() {
	eventually only_wires && [ "$(leased)" = "" ] && ! on host iptables-save 2>/dev/null | grep -q CNI- && no_pins
}

no_pins() { ! grep -q "$BERTH_STATE/c/.*/netns" /proc/self/mountinfo; }

# Addresses that host-local has given out.
leased() { find "$BERTH_STATE/leases" -name '*.*.*.*' -printf '%f\n' 2>/dev/null | sort | paste -sd,; }

leased_is() { [ "$(leased)" = "$1" ]; }

pings() { berth exec "$1" ping -c 1 -W 1 "$2"; }

shim_pid() { pgrep -f "berth-shim $(berth inspect -f '{{.Id}}' "$1")"; }

# plugin NAME: a program of the test's own, its text from stdin, beside Debian's
plugin() {
	mkdir -p "$BATS_TEST_TMPDIR/cni"
	{ echo '#!/bin/sh'; echo "log=$BATS_TEST_TMPDIR/log"; cat; } >"$BATS_TEST_TMPDIR/cni/$1"
	chmod +x "$BATS_TEST_TMPDIR/cni/$1"
}

# What every plugin says first.
version='[ "$CNI_COMMAND" != VERSION ] || { echo "{\"cniVersion\":\"1.0.0\",\"supportedVersions\":[\"0.4.0\",\"1.0.0\"]}"; exit 0; }'
answer='{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","mac":"02:00:00:00:00:09","sandbox":"x"}],"ips":[{"address":"10.66.0.9/24","gateway":"10.66.0.1"}],"routes":[{"dst":"0.0.0.0/0"}],"dns":{"nameservers":["192.0.2.53"]}}'

own() { # own NAME OPTION...: a network of a plugin of the test's
	berth network create -d "cni-$1" -o cni.path="$BATS_TEST_TMPDIR/cni:/usr/lib/cni" --subnet 10.66.0.0/24 "${@:2}" own
}

@test "bridge and host-local: addresses come from the plugin, and Berth knows them" {
	berth network create -d cni-bridge --ipam-driver cni-host-local --subnet 10.66.0.0/24 --ip-range 10.66.0.16/28 \
		-o isGateway=true -o ipMasq=true lan >/dev/null
	[ "$(berth network inspect -f '{{.Driver}} {{.Scope}} {{.IPAM.Driver}}' lan)" = "cni-bridge local cni-host-local" ]
	berth run -d --name aa --network name=lan,alias=www busybox sh -c "$serve"
	berth run -d --name bb --network lan busybox sleep 100
	[ "$(address_of aa) $(address_of bb)" = "10.66.0.16 10.66.0.17" ]
	run berth exec aa sh -c 'ip -o -4 addr show eth0 | tr -s " "; ip route | head -1; tail -1 /etc/hosts; cat /sys/class/net/eth0/address; ls /sys/class/net | paste -sd,'
	[[ "${lines[0]}" == *"inet 10.66.0.16/24 "* ]]
	[ "${lines[1]}" = "default via 10.66.0.1 dev eth0 " ]
	[ "${lines[2]}" = $'10.66.0.16\t'"$(berth inspect -f '{{.Config.Hostname}}' aa)" ]
	[ "${lines[3]} 10.66.0.1" = "$(berth inspect -f '{{range .NetworkSettings.Networks}}{{.MacAddress}} {{.Gateway}}{{end}}' aa)" ]
	[ "${lines[4]}" = eth0,lo ]
	pings bb www
	pings bb aa
	pings aa 127.0.0.1
	hears bb aa
	pings bb 192.0.2.2
	[[ "$(berth network inspect -f '{{range .Containers}}{{.Name}}={{.IPv4Address}} {{end}}' lan)" == *"aa=10.66.0.16/24"* ]]
	run berth network rm lan
	expect_status 1
	expect_contains "has active endpoints"
	[ "$(leased)" = 10.66.0.16,10.66.0.17 ]
	berth stop -t 0 aa >/dev/null
	eventually leased_is 10.66.0.17
	berth rm -f aa bb
	eventually leased_is ""
	[ "$(parents)" = "br-$(berth network inspect -f '{{.Id}}' lan | cut -c 1-12),lo,wan" ]
	berth network rm lan
	[ "$(parents)" = lo,wan ]
}

@test "with Berth's own addresses a fixed one is kept, and given to the plugin" {
	berth network create -d cni-bridge --subnet 10.66.0.0/24 -o isGateway=true lan >/dev/null
	berth run -d --name aa --network name=lan,ip=10.66.0.77,mac-address=02:00:00:00:00:07 busybox sleep 100
	[ "$(berth exec aa hostname -i | tr -d ' \n')" = 10.66.0.77 ]
	[ "$(berth exec aa cat /sys/class/net/eth0/address)" = 02:00:00:00:00:07 ]
	pings aa 10.66.0.1
	berth stop -t 0 aa
	run berth run --rm --network name=lan,ip=10.66.0.77 busybox true
	expect_status 125
	expect_contains "Address already in use"
	berth start aa
	[ "$(berth exec aa hostname -i | tr -d ' \n')" = 10.66.0.77 ]
	berth rm -f aa
}

@test "ptp: a container has a wire to the host" {
	berth network create -d cni-ptp --ipam-driver cni-host-local --subnet 10.66.0.0/24 -o ipMasq=true lan >/dev/null
	berth run -d --name aa --network lan busybox sleep 100
	pings aa 192.0.2.2
	pings aa 10.66.0.1
	on host busybox ping -c 1 -W 1 "$(address_of aa)"
	berth rm -f aa
}

@test "macvlan of a plugin: on the wire" {
	berth network create -d cni-macvlan --ipam-driver cni-host-local --subnet 192.0.2.0/24 --ip-range 192.0.2.64/26 \
		--gateway 192.0.2.2 -o master=wan -o mode=bridge lan >/dev/null
	berth run -d --name aa --network lan busybox sleep 100
	[ "$(address_of aa)" = 192.0.2.64 ]
	pings aa 192.0.2.2
	berth rm -f aa
}

@test "a running container joins and leaves" {
	berth network create -d cni-bridge --ipam-driver cni-host-local --subnet 10.66.0.0/24 -o isGateway=true lan >/dev/null
	berth run -d --name aa busybox sleep 100
	berth run -d --name bb --network lan busybox sleep 100
	berth network connect --alias late lan aa
	[ "$(berth exec aa sh -c 'ls /sys/class/net | paste -sd,')" = eth0,eth1,lo ]
	[ "$(berth inspect -f '{{.NetworkSettings.Networks.lan.IPAddress}}' aa)" = 10.66.0.3 ]
	[ "$(berth exec aa ip route | head -1)" = "default via 172.17.0.1 dev eth0 " ]
	pings bb late
	berth network disconnect lan aa
	run berth network connect --ip 10.66.0.9 lan aa
	expect_contains "addresses of network lan are given by cni-host-local"
	[ "$(berth exec aa sh -c 'ls /sys/class/net | paste -sd,')" = eth0,lo ]
	[ "$(leased)" = 10.66.0.2 ]
	run pings bb late
	expect_status 1
	berth network connect lan aa
	berth stop -t 0 aa
	eventually leased_is 10.66.0.2
	berth rm -f aa bb
}

@test "who ends, is killed, is restarted or loses its shim leaves nothing behind" {
	berth network create -d cni-bridge --ipam-driver cni-host-local --subnet 10.66.0.0/24 -o isGateway=true -o ipMasq=true lan >/dev/null
	nothing() { leased_is "" && no_pins; }
	berth run --rm --network lan busybox true
	eventually nothing
	berth run -d --rm --name aa --network lan busybox sleep 0.2
	eventually nothing
	berth run -d --name aa --network lan busybox sleep 100
	berth kill aa
	eventually nothing
	berth start aa
	kill -9 "$(shim_pid aa)"
	[ "$(leased)" != "" ]
	gone() { [ "$(berth inspect -f '{{.State.Status}}' aa)" = exited ]; }
	eventually gone
	eventually nothing
	run grep CNI- <(on host iptables-save)
	expect_status 1
	berth rm aa
	berth run -d --name aa --restart on-failure:2 --network lan busybox sh -c 'exit 3'
	count_is() { [ "$(berth inspect -f '{{.RestartCount}} {{.State.Status}}' aa)" = "$1" ]; }
	eventually count_is "2 exited"
	eventually nothing
	berth rm aa
}

@test "a program of one's own is a driver: what it is asked, and what is taken over" {
	plugin mine <<-E
		$version
		{ echo "\$CNI_COMMAND \$CNI_IFNAME \$CNI_NETNS \$CNI_ARGS"; cat; echo; env | sort | cut -d= -f1 | paste -sd,; ls /proc/self/fd | paste -sd,; } >>\$log
		[ \$CNI_COMMAND != ADD ] || echo '$answer'
	E
	export SECRET=1
	own mine -o level=7 -o deep='{"a":[true]}' -o text=abc >/dev/null
	berth run -d --name aa --network own busybox sleep 100
	id=$(berth inspect -f '{{.Id}}' aa)
	[ "$(berth inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}/{{.IPPrefixLen}} {{.Gateway}} {{.MacAddress}}{{end}}' aa)" = "10.66.0.9/24 10.66.0.1 02:00:00:00:00:09" ]
	berth network heal
	berth rm -f aa
	run cat "$BATS_TEST_TMPDIR/log"
	[ "${lines[0]}" = "ADD eth0 $BERTH_STATE/c/$id/netns IgnoreUnknown=1" ]
	[ "${lines[1]}" = '{"cniVersion":"1.0.0","name":"own","type":"mine","level":7,"deep":{"a":[true]},"text":"abc","ipam":{"type":"static","addresses":[{"address":"10.66.0.2/24","gateway":"10.66.0.1"}],"routes":[{"dst":"0.0.0.0/0"}]}}' ]
	[ "${lines[2]}" = CNI_ARGS,CNI_COMMAND,CNI_CONTAINERID,CNI_IFNAME,CNI_NETNS,CNI_PATH,PATH,PWD ]
	[[ "${lines[3]}" =~ ^0,1,2,3$ ]]
	[[ "${lines[4]}" == "CHECK eth0 "* ]]
	[[ "${lines[8]}" == "DEL eth0 $BERTH_STATE/c/$id/netns"* ]]
	[[ "${lines[9]}" == *'"prevResult":'*10.66.0.9* ]]
}

@test "a network that is not as its plugin made it is told by heal" {
	berth network create -d cni-bridge --subnet 10.66.0.0/24 -o isGateway=true lan >/dev/null
	berth run -d --name aa --network lan --cap-add NET_ADMIN busybox sleep 100
	run berth network heal
	[ "$output" = "" ]
	berth exec aa ip addr flush dev eth0
	run berth network heal
	expect_contains "container aa: network lan: network plugin bridge:"
	berth rm -f aa
}

@test "name servers of a plugin are those that the resolver asks" {
	plugin mine <<-E
		$version
		[ \$CNI_COMMAND != ADD ] || { exec /usr/lib/cni/bridge | sed 's/"dns": {}/"dns": {"nameservers": ["127.0.0.99"]}/'; }
		[ \$CNI_COMMAND != DEL ] || exec /usr/lib/cni/bridge
	E
	own mine -o bridge=brtest -o isGateway=true >/dev/null
	on host python3 - 3>&- <<-'E' & server=$!
		import socket
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(("127.0.0.99", 53))
		while True:
		    q, to = s.recvfrom(512)
		    end = q.index(0, 12) + 5
		    answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + bytes((192, 0, 2, 44)) if q[end - 4:end - 2] == b"\0\1" else b""
		    s.sendto(q[:2] + b"\x81\x80\0\1\0" + bytes([len(answer) > 0]) + b"\0\0\0\0" + q[12:end] + answer, to)
	E
	answered() { berth run --rm --network own busybox nslookup plugin.test. | grep -q 192.0.2.44; }
	eventually answered || { kill "$server"; return 1; }
	kill "$server"
	berth run --rm --network own --dns 127.0.0.98 busybox timeout 1 nslookup plugin.test. && return 1
	on host ip link del brtest
}

@test "a plugin that fails, prints garbage, hangs or is killed: one line, and nothing is left" {
	tries() { # tries TEXT: of a container
		run berth run --name aa --network own busybox true
		expect_status 125
		expect_contains "$1"
		[ "${#lines[@]}" = 1 ]
		[ "$(berth inspect -f '{{.State.Status}}' aa)" = created ]
		berth rm aa >/dev/null
		eventually no_pins
		[ "$(tail -1 "$BATS_TEST_TMPDIR/log")" = DEL ]
		berth network rm own >/dev/null
	}
	plugin mine <<-E
		$version
		echo \$CNI_COMMAND >>\$log
		[ \$CNI_COMMAND = DEL ] || { printf '%s' '{"code":7,"msg":"no such thing","details":"here\nnor there"}'; exit 1; }
	E
	own mine >/dev/null
	tries "network own: network plugin mine: no such thing: here nor there"
	plugin mine <<<"$version; echo \$CNI_COMMAND >>\$log; [ \$CNI_COMMAND = DEL ] || { echo oh; exit 3; }"
	own mine >/dev/null
	tries "network plugin mine: ADD failed with status 3, and it does not say why"
	plugin mine <<<"$version; echo \$CNI_COMMAND >>\$log; echo '{\"ips\":[{'"
	own mine >/dev/null
	tries "network plugin mine: answer to ADD: "
	plugin mine <<<"$version; echo \$CNI_COMMAND >>\$log; echo '{\"ips\":[{\"address\":\"10.0.0.300/8\"}]}'"
	own mine >/dev/null
	tries 'network plugin mine: answer to ADD: ips[0]: "10.0.0.300/8" is no address'
	plugin mine <<<"$version; echo \$CNI_COMMAND >>\$log; echo '{}'"
	own mine >/dev/null
	tries "the plugin's answer has no IPv4 address"
	plugin mine <<<"$version; echo \$CNI_COMMAND >>\$log; [ \$CNI_COMMAND = DEL ] || exec sleep 500"
	own mine -o cni.timeout=1 >/dev/null
	tries "network plugin mine: no answer to ADD in 1 s: killed"
	plugin mine <<<"$version; echo \$CNI_COMMAND >>\$log; [ \$CNI_COMMAND = DEL ] || { sleep 500 & echo '{}'; }"
	own mine -o cni.timeout=1 >/dev/null
	tries "no answer to ADD in 1 s: killed"
	plugin mine <<<"$version; echo \$CNI_COMMAND >>\$log; [ \$CNI_COMMAND = DEL ] || kill -SEGV \$\$"
	own mine >/dev/null
	tries "network plugin mine: ADD ended by signal 11 (Segmentation fault)"
	plugin mine <<<"$version; echo \$CNI_COMMAND >>\$log; [ \$CNI_COMMAND = DEL ] || head -c 3000000 /dev/zero"
	own mine >/dev/null
	tries "network plugin mine: more than 1048576 bytes in answer to ADD"
	run pgrep -f 'sleep 500'
	expect_status 1
}

@test "a shim that is killed while a plugin is at work leaves nothing of it" {
	plugin mine <<-E
		$version
		[ \$CNI_COMMAND != ADD ] || { sleep 1; touch $BATS_TEST_TMPDIR/lease; echo '$answer'; }
		[ \$CNI_COMMAND != DEL ] || rm -f $BATS_TEST_TMPDIR/lease
		echo \$CNI_COMMAND >>\$log
	E
	own mine >/dev/null
	berth create --name aa --network own busybox sleep 100
	id=$(berth inspect -f '{{.Id}}' aa)
	berth start aa 3>&- & starter=$!
	noted() { [ -s "$BERTH_STATE/c/$id/plugins" ]; }
	eventually noted
	kill -9 $starter "$(pgrep -f "berth-shim $id")"
	berth network heal
	done_all() { [ "$(tail -1 "$BATS_TEST_TMPDIR/log")" = DEL ] && grep -q ADD "$BATS_TEST_TMPDIR/log" && [ ! -e "$BATS_TEST_TMPDIR/lease" ] && no_pins; }
	eventually done_all
	berth rm aa
}

@test "a plugin that is gone, or cannot undo, keeps nobody from ending" {
	plugin mine <<<"$version; [ \$CNI_COMMAND != ADD ] || echo '$answer'; [ \$CNI_COMMAND != DEL ] || exit 9"
	own mine >/dev/null
	berth run -d --name aa --network own busybox sleep 100
	berth rm -f aa
	berth run -d --name aa --network own busybox sleep 100
	rm "$BATS_TEST_TMPDIR/cni/mine"
	berth rm -f aa
	eventually no_pins
	run berth run --rm --network own busybox true
	expect_status 125
	expect_contains "there is no network plugin mine in $BATS_TEST_TMPDIR/cni:/usr/lib/cni; install it there"
}

@test "what cannot be is refused when the network is made" {
	refused() { # refused TEXT OPTION...
		run berth network create "${@:2}" refused
		expect_status 1
		expect_contains "$1"
		[ "${#lines[@]}" = 1 ]
	}
	refused "there is no network plugin nowhere in /opt/cni/bin:/usr/lib/cni" -d cni-nowhere
	refused "network driver cni-../x: no name of a plugin" -d cni-../x
	refused "there is no network plugin nowhere in" -d cni-bridge --ipam-driver cni-nowhere
	refused "IPAM driver cni-host-local is not supported for driver bridge" --ipam-driver cni-host-local
	refused "invalid value x for cni.path: absolute paths" -d cni-bridge -o cni.path=x
	refused "invalid value 0 for cni.timeout: 1 to 600 seconds" -d cni-bridge -o cni.timeout=0
	refused "ipam of a plugin's configuration follows from the network" -d cni-bridge -o ipam=x
	refused "network option cni.x is not supported" -d cni-bridge -o cni.x=1
	plugin old <<<'echo "{\"supportedVersions\":[\"0.1.0\"]}"'
	refused "network plugin old: answer to VERSION: it knows none of the versions 1.0.0, 0.4.0, 0.3.1" -d cni-old -o cni.path="$BATS_TEST_TMPDIR/cni:/usr/lib/cni"
	plugin garbage <<<'echo "<html>"'
	refused "network plugin garbage: answer to VERSION: " -d cni-garbage -o cni.path="$BATS_TEST_TMPDIR/cni:/usr/lib/cni"
	berth network create -d cni-bridge --ipam-driver cni-host-local --subnet 10.66.0.0/24 lan >/dev/null
	run berth run --rm --network name=lan,ip=10.66.0.9 busybox true
	expect_status 125
	expect_contains "addresses of network lan are given by cni-host-local; leave the address out"
	run berth run -d --name aa -p 8080:80 --network lan busybox sleep 100
	expect_contains "Published ports are discarded: the way out leads through network lan, and cni-bridge publishes none."
}
