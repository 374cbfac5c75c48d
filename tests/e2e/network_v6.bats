# Networks with IPv6, alone or beside IPv4, and docker's options of bridges and endpoints.
#
#	outside (2001:db8:1::2) --- wan --- host (2001:db8:1::1)
load network_helper

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	mounts_before=$(($(wc -l </proc/self/mountinfo) + 2))
	export mounts_before
	hosts_setup
	on host sysctl -qw net.ipv6.conf.wan.accept_ra=1
	on host ip addr add 2001:db8:1::1/64 dev wan nodad
	on outside ip addr add 2001:db8:1::2/64 dev wan nodad
	on outside ip route add default via 2001:db8:1::1
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
}

teardown() {
	remove_all
	berth network policy rm all >/dev/null 2>&1 || true
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

# of CONTAINER NETWORK MEMBER: "GlobalIPv6Address", "IPAddress", "IPv6Gateway"
of() {
	berth inspect -f "{{(index .NetworkSettings.Networks \"$2\").$3}}" "$1"
}

# serve NAME OPTIONS...: a container that says its name to whoever asks
serving() {
	berth run -d --name "$1" --hostname "$1" "${@:2}" busybox sh -c "$serve" >/dev/null
}
idle() {
	berth run -d --name "$1" "${@:2}" busybox sleep 1000 >/dev/null
}

says() { [ "$(ask "$2" "$3" "$4")" = "hello from $1" ]; }
answers() { eventually says "$@"; } # answers NAME HOST ADDRESS PORT
says_in() { [ "$(ask_in "$2" "$3" "$4")" = "hello from $1" ]; }
answers_in() { eventually says_in "$@"; } # answers_in NAME CONTAINER ADDRESS PORT
silent() { [ "$(ask "$1" "$2" "$3")" = "no answer" ]; }
silent_in() { [ "$(ask_in "$1" "$2" "$3")" = "no answer" ]; }

@test "a container has an address of each version, at once, and a way out by both" {
	berth network create --ipv6 --subnet 10.50.0.0/24 --subnet fd00:50::/64 both >/dev/null
	run berth run --rm --hostname harbour --network both busybox sh -c '
		ip -o -6 addr show eth0 scope global | tr -s " "; ip -6 route | grep default
		ip -o -4 addr show eth0 | tr -s " "; grep harbour /etc/hosts | cut -f 1
		cat /proc/sys/net/ipv6/conf/eth0/accept_ra; cat /sys/class/net/eth0/address'
	expect_status 0
	[[ "${lines[0]}" == *"inet6 fd00:50::2/64 scope global "* ]]
	[[ "${lines[0]}" != *tentative* ]]
	[[ "${lines[1]}" == "default via fd00:50::1 dev eth0"* ]]
	[[ "${lines[2]}" == *"inet 10.50.0.2/24 "* ]]
	[ "${lines[3]} ${lines[4]}" = "10.50.0.2 fd00:50::2" ]
	[ "${lines[5]}" = 0 ]
	[ "${lines[6]}" = 02:42:0a:32:00:02 ]
}

@test "a subnet that nobody chose is of this store's own prefix" {
	berth network create --ipv6 one >/dev/null
	berth network create --ipv6 --ipv4=false two >/dev/null
	[ "$(berth network inspect -f '{{.EnableIPv4}} {{.EnableIPv6}} {{len .IPAM.Config}}' one two | paste -sd,)" = "true true 2,false true 1" ]
	one=$(berth network inspect -f '{{(index .IPAM.Config 1).Subnet}}' one)
	two=$(berth network inspect -f '{{(index .IPAM.Config 0).Subnet}}' two)
	[[ "$one" =~ ^fd[0-9a-f:]+::/64$ ]]
	[ "$one" != "$two" ]
	python3 -c '
import ipaddress, sys
one, two = map(ipaddress.ip_network, sys.argv[1:])
assert one.supernet(new_prefix=48) == two.supernet(new_prefix=48)' "$one" "$two"
	[ "$(berth network ls --format '{{.Name}} {{.IPv4}} {{.IPv6}}' | grep -E '^(two|bridge)' | paste -sd,)" = "bridge true false,two false true" ]
}

@test "inspect has what docker's has" {
	berth network create --ipv6 --subnet 10.51.0.0/24 --subnet fd00:51::/64 --gateway fd00:51::ff both >/dev/null
	idle web --network both --ip6 fd00:51::9
	[ "$(of web both GlobalIPv6Address)/$(of web both GlobalIPv6PrefixLen) $(of web both IPv6Gateway)" = "fd00:51::9/64 fd00:51::ff" ]
	[ "$(of web both IPAMConfig.IPv6Address)" = fd00:51::9 ]
	[ "$(berth network inspect -f '{{range .Containers}}{{.IPv4Address}} {{.IPv6Address}}{{end}}' both)" = "10.51.0.2/24 fd00:51::9/64" ]
	[ "$(berth network inspect -f '{{(index .IPAM.Config 1).Gateway}}' both)" = fd00:51::ff ]
	berth stop -t 0 web >/dev/null
	[ "$(of web both GlobalIPv6Address)" = "" ]
}

@test "a static address stays the container's, and others go round in a range" {
	berth network create --ipv6 --ipv4=false --subnet fd00:52::/64 --ip-range fd00:52::8/125 --gateway fd00:52::1 --aux-address printer=fd00:52::9 six >/dev/null
	berth create --name kept --network six --ip6 fd00:52::b busybox sleep 100 >/dev/null
	for want in a c d e f 8 a; do
		[ "$(berth run --rm --network six busybox ip -o -6 addr show eth0 scope global | grep -o "fd00:52::[0-9a-f]*")" = "fd00:52::$want" ]
	done
	run berth run --rm --network six --ip6 fd00:52::b busybox true
	expect_status 125
	expect_contains "Address already in use: fd00:52::b of network six"
	run berth run --rm --network six --ip6 fd00:52::1 busybox true
	expect_contains "Address already in use"
	run berth run --rm --network six --ip6 fd00:53::5 busybox true
	expect_contains "no configured subnet contains IP address fd00:53::5"
	run berth run --rm --network six --ip6 10.0.0.1 busybox true
	expect_contains "invalid IPv6 address: 10.0.0.1"
	run berth run --rm --ip6 fd00:52::7 busybox true
	expect_contains "user defined networks only"
	berth network create four >/dev/null
	run berth run --rm --network four --ip6 fd00:52::7 busybox true
	expect_contains "network four has no IPv6; make it with --ipv6"
}

@test "neighbours find each other by name over both versions, and addresses have names" {
	berth network create --ipv6 --subnet fd00:53::/64 both >/dev/null
	berth network create four >/dev/null
	serving web --network both --network-alias www
	idle other --network both
	address=$(of web both GlobalIPv6Address)
	for netfilter in 0 1; do
		on host sysctl -qw net.bridge.bridge-nf-call-ip6tables=$netfilter
		answers_in web other "$address" 80
	done
	[ "$(berth exec other nslookup -type=aaaa www 127.0.0.11 | grep -A 1 '^Name:' | tail -1)" = "Address: $address" ]
	berth exec other nslookup "$address" 127.0.0.11 | grep -q "name = web.both"
	idle plain --network four
	idle asking --network four
	run berth exec asking nslookup -type=aaaa plain 127.0.0.11
	expect_status 0
	! grep -q '^Address: fd' <<<"$output"
}

@test "a published port is reached over both versions, and by everybody who may" {
	berth network create --ipv6 --subnet fd00:54::/64 both >/dev/null
	berth network create --ipv6 --subnet fd00:55::/64 apart >/dev/null
	serving web --network both -p 8080:80
	idle other --network both
	idle apart --network apart
	address=$(of web both GlobalIPv6Address)
	for netfilter in 0 1; do
		on host sysctl -qw net.bridge.bridge-nf-call-ip6tables=$netfilter net.bridge.bridge-nf-call-iptables=$netfilter
		answers web outside 2001:db8:1::1 8080
		answers web outside 192.0.2.1 8080
		answers web host 2001:db8:1::1 8080
		answers web host fd00:54::1 8080
		answers web host 127.0.0.1 8080
		for from in web other apart; do
			answers_in web $from 2001:db8:1::1 8080
		done
		silent outside "$address" 80
		silent_in apart "$address" 80
	done
	[ "$(berth port web | paste -sd,)" = "80/tcp -> 0.0.0.0:8080,80/tcp -> [::]:8080" ]
	[ "$(berth ps --filter name=web --format '{{.Ports}}')" = "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp" ]
	[ "$(berth inspect -f '{{range index .NetworkSettings.Ports "80/tcp"}}{{.HostIp}}:{{.HostPort}} {{end}}' web)" = "0.0.0.0:8080 :::8080 " ]
	# To ::1 nothing is led: who asks hears so at once, and goes on to 127.0.0.1.
	run on host python3 -c '
import socket
try: socket.create_connection(("::1", 8080), 5)
except ConnectionRefusedError: print("refused")'
	expect_output refused
}

@test "a random port is the same of both versions, and one that is taken is named" {
	berth network create --ipv6 --subnet fd00:56::/64 both >/dev/null
	serving web --network both -p 80 -p '[2001:db8:1::1]:8443:443' -p '[::]:8444:444'
	four=$(berth port web 80 | grep 0.0.0.0) six=$(berth port web 80 | grep -F '[::]')
	[ "${four##*:}" = "${six##*:}" ]
	[ "$(berth port web 443) $(berth port web 444)" = "[2001:db8:1::1]:8443 [::]:8444" ]
	answers web outside 2001:db8:1::1 "${six##*:}"
	run berth run --rm --network both -p '[2001:db8:1::1]:8443:80' busybox true
	expect_status 125
	expect_contains "Bind for [2001:db8:1::1]:8443 failed: port is already allocated"
	serving again --network both -p 8444-8446:80
	[ "$(berth port again 80 | paste -sd,)" = "0.0.0.0:8445,[::]:8445" ]
}

@test "datagrams are answered over IPv6, and forgotten when the container ends" {
	berth network create --ipv6 --subnet fd00:57::/64 both >/dev/null
	idle echo --network both -p 5353:53/udp
	nsenter --net="/proc/$(berth inspect -f '{{.State.Pid}}' echo)/ns/net" -- python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.bind(("::", 53))
while True:
    data, peer = s.recvfrom(100); s.sendto(data, peer)' 3>&- &
	server=$!
	said() { on outside python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.settimeout(1)
s.sendto(b"ping", ("2001:db8:1::1", 5353)); assert s.recv(10) == b"ping"' 2>/dev/null; }
	eventually said
	known() { on host grep -c dport=5353 /proc/net/nf_conntrack || true; }
	if on host test -e /proc/net/nf_conntrack; then [ "$(known)" -ge 1 ]; fi
	kill $server
	berth rm -f echo >/dev/null
	if on host test -e /proc/net/nf_conntrack; then [ "$(known)" = 0 ]; fi
}

@test "networks are apart over IPv6, too, and one without it has no way round by it" {
	berth network create --ipv6 --subnet fd00:58::/64 one >/dev/null
	berth network create --ipv6 --subnet fd00:59::/64 two >/dev/null
	berth network create --ipv6 --subnet fd00:60::/64 -o com.docker.network.bridge.enable_icc=false quiet >/dev/null
	berth network create four >/dev/null
	serving aa --network one
	idle cc --network two
	silent_in cc "$(of aa one GlobalIPv6Address)" 80
	serving qq --network quiet
	idle rr --network quiet
	silent_in rr "$(of qq quiet GlobalIPv6Address)" 80
	answers qq host "$(of qq quiet GlobalIPv6Address)" 80
	# It gives itself an address, and the host's bridge for a router.
	idle evil --network four --privileged
	berth exec --privileged evil sh -c 'echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip addr add fd00:66::2/64 dev eth0'
	bridge=$(on host ip -br link show type bridge | cut -d ' ' -f 1 | grep "br-$(berth network inspect -f '{{.Id}}' four | cut -c 1-12)")
	on host ip addr add fd00:66::1/64 dev "$bridge" nodad
	berth exec --privileged evil ip route add default via fd00:66::1
	silent_in evil "$(of aa one GlobalIPv6Address)" 80
	silent_in evil 2001:db8:1::2 80
}

@test "an internal network has no way out over IPv6, and the host reaches it" {
	berth network create --ipv6 --internal --subnet fd00:61::/64 inner >/dev/null
	serving aa --network inner
	[ "$(berth exec aa ip -6 route | grep -c default)" = 0 ]
	berth exec --privileged aa ip route add default via fd00:61::1
	on outside sh -c 'while :; do echo outside | busybox nc -l -p 7100; done' >/dev/null 2>&1 3>&- &
	server=$!
	eventually is_open outside 1BBC
	silent_in aa 2001:db8:1::2 7100
	[ "$(ask outside ::1 7100)" = outside ]
	answers aa host "$(of aa inner GlobalIPv6Address)" 80
	kill $server
}

@test "what goes out has the host's address, or the one that the network names" {
	on host ip addr add 2001:db8:1::77/64 dev wan nodad preferred_lft 0
	on host ip addr add 192.0.2.77/24 dev wan
	berth network create --ipv6 --subnet fd00:62::/64 plain >/dev/null
	berth network create --ipv6 --subnet fd00:63::/64 -o com.docker.network.host_ipv6=2001:db8:1::77 -o com.docker.network.host_ipv4=192.0.2.77 named >/dev/null
	berth network create --ipv6 --subnet fd00:64::/64 -o com.docker.network.bridge.enable_ip_masquerade=false bare >/dev/null
	on outside python3 -c '
import socket
s = socket.create_server(("", 7101), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    c, peer = s.accept(); c.send((peer[0] + "\n").encode()); c.close()' 3>&- &
	server=$!
	eventually is_open outside 1BBD
	seen() { berth run --rm --network "$1" busybox sh -c "nc -w 2 $2 7101 </dev/null"; }
	[ "$(seen plain 2001:db8:1::2)" != "$(seen named 2001:db8:1::2)" ]
	[[ "$(seen plain 2001:db8:1::2)" == 2001:db8:1::* ]]
	[ "$(seen named 2001:db8:1::2) $(seen named 192.0.2.2)" = "2001:db8:1::77 ::ffff:192.0.2.77" ]
	[[ "$(seen bare 2001:db8:1::2)" == fd00:64::* ]]
	kill $server
	on host ip addr del 2001:db8:1::77/64 dev wan
	on host ip addr del 192.0.2.77/24 dev wan
}

@test "a routed network is reached at its containers' addresses, where a port is published" {
	berth network create --ipv6 --subnet fd00:65::/64 -o com.docker.network.bridge.gateway_mode_ipv6=routed both >/dev/null
	serving web --network both -p 8080:80
	serving shy --network both
	answers web outside "$(of web both GlobalIPv6Address)" 80
	on outside busybox ping -6 -c 1 -W 2 "$(of shy both GlobalIPv6Address)" >/dev/null
	silent outside "$(of shy both GlobalIPv6Address)" 80
	silent outside 2001:db8:1::1 8080
	answers web outside 192.0.2.1 8080
	[ "$(berth inspect -f '{{json (index .NetworkSettings.Ports "80/tcp")}}' web)" = '[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":""}]' ]
	[ "$(berth port web)" = "80/tcp -> 0.0.0.0:8080" ]
	[ "$(berth ps --filter name=web --format '{{.Ports}}')" = "0.0.0.0:8080->80/tcp" ]
	berth rm -f web >/dev/null
	[[ "$(on host nft list set ip6 berth opened)" != *fd00:65:* ]]
	run berth run --rm --network both -p '[2001:db8:1::1]:8080:80' busybox true
	expect_contains "its network is routed, so it is reached at the container's address"
}

@test "nat-unprotected lets other machines in, isolated leaves the host out, and trusted interfaces come in" {
	berth network create --ipv6 --subnet fd00:67::/64 -o com.docker.network.bridge.gateway_mode_ipv6=nat-unprotected open >/dev/null
	berth network create --ipv6 --subnet fd00:68::/64 other >/dev/null
	serving web --network open
	idle from --network other
	answers web outside "$(of web open GlobalIPv6Address)" 80
	silent outside "$(of web open IPAddress)" 80
	silent_in from "$(of web open GlobalIPv6Address)" 80
	berth network create --ipv6 --subnet fd00:69::/64 -o com.docker.network.bridge.trusted_host_interfaces=wan:lo trusting >/dev/null
	serving trusted --network trusting
	answers trusted outside "$(of trusted trusting GlobalIPv6Address)" 80
	answers trusted outside "$(of trusted trusting IPAddress)" 80
	silent_in from "$(of trusted trusting GlobalIPv6Address)" 80
	berth network create --ipv6 --internal --subnet fd00:70::/64 -o com.docker.network.bridge.gateway_mode_ipv4=isolated -o com.docker.network.bridge.gateway_mode_ipv6=isolated -o com.docker.network.bridge.name=br-lone lone >/dev/null
	serving inside --network lone
	idle beside --network lone
	answers_in inside beside "$(of inside lone GlobalIPv6Address)" 80
	answers_in inside beside "$(of inside lone IPAddress)" 80
	[ "$(on host ip -o addr show dev br-lone scope global | wc -l)" = 0 ]
	berth network create -o com.docker.network.bridge.inhibit_ipv4=true -o com.docker.network.bridge.name=br-bare bare >/dev/null
	idle bare --network bare
	[ "$(on host ip -o -4 addr show dev br-bare | wc -l)" = 0 ]
	[ "$(berth exec bare ip route | grep -c default)" = 1 ]
}

@test "a network of IPv6 alone has no IPv4" {
	berth network create --ipv4=false --ipv6 --subnet fd00:71::/64 six >/dev/null
	serving web --network six -p 8080:80
	[ "$(berth exec web ip -o -4 addr show eth0 | wc -l)" = 0 ]
	[ "$(berth port web)" = "80/tcp -> [::]:8080" ]
	answers web outside 2001:db8:1::1 8080
	[ "$(of web six IPAddress)$(of web six Gateway)" = "" ]
	[ "$(berth exec web cat /sys/class/net/eth0/address)" = 02:42:00:00:00:02 ]
	run berth run --rm --network six -p 127.0.0.1:8081:80 busybox true
	expect_status 125
	expect_contains "it cannot be published at 127.0.0.1, for the container has no way out over IPv4"
	run berth run --rm -p '[2001:db8:1::1]:8081:80' busybox true
	expect_contains "use a network made with --ipv6"
}

@test "a container that runs is connected to a network with IPv6 and taken out of it" {
	berth network create --ipv6 --subnet fd00:72::/64 both >/dev/null
	berth network create four >/dev/null
	serving web --network four
	idle other --network both
	berth network connect --ip6 fd00:72::77 --link-local-ip 169.254.7.7 --link-local-ip fe80::77 --driver-opt com.docker.network.endpoint.ifname=side --driver-opt com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.hop_limit=33 both web
	answers_in web other fd00:72::77 80
	answers_in web other web 80
	run berth exec web sh -c 'ip -o addr show side | tr -s " "; ip -6 route | grep default; cat /proc/sys/net/ipv4/conf/side/log_martians /proc/sys/net/ipv6/conf/side/hop_limit; grep -c fd00:72::77 /etc/hosts'
	expect_contains "inet 169.254.7.7/16 "
	expect_contains "inet6 fe80::77/64 "
	expect_contains "default via fd00:72::1 dev side"
	[ "${lines[-3]} ${lines[-2]} ${lines[-1]}" = "1 33 1" ]
	berth network disconnect both web
	[ "$(berth exec web ls /sys/class/net | paste -sd,)" = eth0,lo ]
	[ "$(berth exec web ip -6 route | grep -c default)" = 0 ]
	run berth run --rm --network both --ip6 fd00:72::77 busybox true
	expect_status 0
}

@test "the highest priority is the way out, of each version by itself" {
	berth network create --ipv6 --subnet 10.73.0.0/24 --subnet fd00:73::/64 one >/dev/null
	berth network create --subnet 10.74.0.0/24 two >/dev/null
	berth network create --subnet 10.75.0.0/24 -o com.docker.network.container_iface_prefix=lan three >/dev/null
	idle web --network one --network name=two,gw-priority=5 --network name=three,gw-priority=-1,driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1
	run berth exec web sh -c 'ip route | grep default; ip -6 route | grep default; ls /sys/class/net | paste -sd,; cat /proc/sys/net/ipv4/conf/lan0/log_martians'
	[ "${lines[0]}" = "default via 10.74.0.1 dev eth1 " ]
	[[ "${lines[1]}" == "default via fd00:73::1 dev eth0"* ]]
	[ "${lines[2]} ${lines[3]}" = "eth0,eth1,lan0,lo 1" ]
	berth network connect --gw-priority 9 bridge web
	[ "$(berth exec web ip route | grep default)" = "default via 172.17.0.1 dev eth2 " ]
	[ "$(of web bridge GwPriority)" = 9 ]
	berth network disconnect bridge web
	[ "$(berth exec web ip route | grep default)" = "default via 10.74.0.1 dev eth1 " ]
}

@test "policies hold over IPv6, inside a bridge and between ports, and are explained" {
	berth network create --ipv6 --subnet fd00:76::/64 both >/dev/null
	serving db --network both -l app=db
	idle web --network both -l app=web
	idle bad --network both -l app=bad
	address=$(of db both GlobalIPv6Address)
	answers_in db web "$address" 80
	answers_in db bad "$address" 80
	berth network policy create --selector app=db --from app=web --port 80 all >/dev/null
	answers_in db web "$address" 80
	silent_in bad "$address" 80
	run berth network explain web "[$address]:80"
	expect_contains "passes: ingress rule 1 of policy all"
	run berth network explain bad "[$address]:80"
	expect_contains "does not pass"
	# Who comes while the policy holds is found, too, and leaves nothing when it goes.
	serving late --network both -l app=db
	answers_in late web "$(of late both GlobalIPv6Address)" 80
	silent_in bad "$(of late both GlobalIPv6Address)" 80
	berth rm -f late >/dev/null
	[ "$(on host ip -6 neigh show proxy | wc -l)" = 3 ]
	berth network policy rm all >/dev/null
	answers_in db bad "$address" 80
	[ "$(on host ip -6 neigh show proxy | wc -l)" = 0 ]
}

@test "rules that somebody has flushed are written anew, and a network goes with its own" {
	berth network create --ipv6 --subnet fd00:77::/64 both >/dev/null
	serving web --network both -p 8080:80
	answers web outside 2001:db8:1::1 8080
	before=$(on host nft list table ip6 berth)
	on host nft delete table ip6 berth
	berth ps >/dev/null
	[ "$(on host nft list table ip6 berth)" = "$before" ]
	answers web outside 2001:db8:1::1 8080
	berth rm -f web >/dev/null
	berth network prune -f >/dev/null
	[[ "$(on host nft list table ip6 berth)" != *fd00:77:* ]]
	[ "$(on host nft list map ip6 berth pub_any | grep -c 8080)" = 0 ]
}

@test "a host that learns its routes from routers goes on doing so, and forwards for nobody else" {
	berth network create --ipv6 both >/dev/null
	idle web --network both
	[ "$(on host cat /proc/sys/net/ipv6/conf/all/forwarding)" = 1 ]
	[ "$(on host cat /proc/sys/net/ipv6/conf/wan/accept_ra)" = 2 ]
	bridge=br-$(berth network inspect -f '{{.Id}}' both | cut -c 1-12)
	[ "$(on host cat "/proc/sys/net/ipv6/conf/$bridge/accept_ra")" = 0 ]
	on host nft list chain ip6 berth forwarded | grep -q 'iifname != @bridges oifname != @bridges drop'
}

@test "what cannot be is refused by name" {
	refused() { run berth network create "$@" new; expect_status 1; }
	refused --ipv4=false
	expect_contains "IPv4 or IPv6 must be enabled: add --ipv6"
	refused --subnet fd00:80::/64
	expect_contains "subnet fd00:80::/64 is of IPv6: add --ipv6"
	refused --ipv6 --ipv4=false --subnet 10.80.0.0/24
	expect_contains "subnet 10.80.0.0/24 is of IPv4"
	refused --ipv6 --subnet fd00:80::1/64
	expect_contains "it should be fd00:80::/64"
	refused --ipv6 --subnet 2001:db8:1::/64
	expect_contains "overlaps with a route of the host"
	refused --subnet 10.80.0.0/24 --subnet 10.81.0.0/24
	expect_contains "bridge driver doesn't support multiple subnets: 10.81.0.0/24"
	refused --subnet 10.80.0.0/24 --subnet 10.80.0.0/25
	expect_contains "multiple overlapping subnet configuration is not supported"
	refused --subnet 10.80.0.0/24 --gateway 10.80.0.1 --gateway 10.80.0.2
	expect_contains "cannot configure multiple gateways (10.80.0.2, 10.80.0.1) on the same subnet (10.80.0.0/24)"
	refused --subnet 10.80.0.0/24 --aux-address a=fd00::5
	expect_contains "no matching subnet for aux-address fd00::5"
	refused -o com.docker.network.bridge.gateway_mode_ipv6=isolated
	expect_contains "gateway mode 'isolated' can only be used for an internal network"
	refused --internal -o com.docker.network.bridge.gateway_mode_ipv4=routed
	expect_contains "gateway mode 'routed' cannot be used for an internal network"
	refused -o com.docker.network.bridge.gateway_mode_ipv4=proxy
	expect_contains "nat, nat-unprotected, routed or isolated"
	refused -o com.docker.network.host_ipv6=192.0.2.1
	expect_contains "an IPv6 address"
	run berth run --rm --link-local-ip 10.0.0.1 busybox true
	expect_contains "invalid link-local IP address: 10.0.0.1"
	run berth run --rm --network name=bridge,driver-opt=com.docker.network.endpoint.nope=1 busybox true
	expect_contains "driver-opt com.docker.network.endpoint.nope is not supported"
	run berth run --rm --network 'name=bridge,driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.ip_forward=1' busybox true
	expect_contains "with the word IFNAME"
	run berth run --rm --network name=bridge,gw-priority=high busybox true
	expect_contains "invalid gw-priority high"
}
