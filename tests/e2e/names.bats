# Names of containers in networks: the resolver at 127.0.0.11, without any network.
#
# The namespaces of "the host" and of containers have nothing but lo, so all servers are on
# 127.0.0.0/8. What an engine with networks would do is done by names_probe (tests/lib).

load helper

alpha=aaaaaaaaaaaa # networks
beta=bbbbbbbbbbbb

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	mounts_before=$(wc -l </proc/self/mountinfo)
	export mounts_before
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
	libexec=$BATS_FILE_TMPDIR/libexec
	mkdir "$libexec"
	cp "$berth_build/names_probe" "$libexec/berth-shim"
	printf %s "$berth_build/berth-shim" >"$libexec/shim"
	export libexec
	make_namespace >"$BATS_FILE_TMPDIR/host"
	export host_pid
	host_pid=$(cat "$BATS_FILE_TMPDIR/host")
}

teardown() {
	[ ! -s "$BATS_TEST_TMPDIR/servers" ] || xargs kill <"$BATS_TEST_TMPDIR/servers"
	remove_all
	[ ! -s "$BATS_TEST_TMPDIR/namespaces" ] || xargs kill <"$BATS_TEST_TMPDIR/namespaces"
	expect_no_reports
}

teardown_file() {
	remove_all
	kill "$host_pid"
	expect_nothing_left
	[ -z "$(find "$BERTH_STATE/names" -type f)" ] || { ls -la "$BERTH_STATE/names" >&2; return 1; }
	expect_no_reports
}

# Prints the PID of a process that holds a network namespace whose loopback interface is up.
make_namespace() {
	local pid

	unshare --net sh -c 'busybox ip link set lo up && exec sleep 3000' >/dev/null 2>&1 3>&- &
	pid=$!
	up() { nsenter --net="/proc/$pid/ns/net" busybox ip addr show lo 2>/dev/null | grep -q 127.0.0.1; }
	eventually up
	echo "$pid"
}

on_host() { nsenter --net="/proc/$host_pid/ns/net" "$@"; }

# prepare NAME PUBLISH: what names_probe in place of berth-shim reads; SERVERS is for it, too
prepare() {
	local pid

	pid=$(make_namespace)
	echo "$pid" >>"$BATS_TEST_TMPDIR/namespaces"
	echo "$pid" >"$BATS_TEST_TMPDIR/netns-$1"
	printf %s "/proc/$pid/ns/net" >"$libexec/netns"
	printf %s "${SERVERS:-}" >"$libexec/servers"
	tr ';' '\n' <<<"$2" >"$libexec/publish"
}

# run_named NAME PUBLISH [OPTION]...: a container that sleeps in a namespace of its own
run_named() {
	prepare "$1" "$2"
	BERTH_LIBEXEC=$libexec on_host "$berth_build/berth" run -d --name "$1" --network none --dns 127.0.0.11 \
		"${@:3}" busybox sleep 3000
}

# inside NAME COMMAND...: in the network namespace of the container
inside() {
	local pid
	pid=$(cat "$BATS_TEST_TMPDIR/netns-$1")
	shift
	nsenter --net="/proc/$pid/ns/net" "$@"
}

# ask NAME DIG-ARGUMENT...: by dig, from within the container's namespace
ask() {
	local name=$1
	shift
	inside "$name" dig @127.0.0.11 +tries=1 +time=15 "$@"
}

addresses() { ask "$1" +short "${@:2}" | sort; }

id_of() { berth inspect --format '{{.Id}}' "$1"; }

# start_server ADDRESS: a server on the host; its log is the file of that name
start_server() {
	nsenter --net="/proc/$host_pid/ns/net" "$berth_source/tests/lib/name-server" "$1" "$BATS_TEST_TMPDIR/$1" >"$BATS_TEST_TMPDIR/server-$1" 2>&1 3>&- &
	echo $! >>"$BATS_TEST_TMPDIR/servers"
	ready() { grep -qs ready "$BATS_TEST_TMPDIR/$1"; }
	eventually ready "$1"
}

# asked ADDRESS: what a server was asked
asked() { grep -v ready "$BATS_TEST_TMPDIR/$1"; }

@test "containers find each other by name, alias, short ID and name with network, in any case of letters" {
	run_named web "$alpha front open 10.1.0.2 - Web www"
	run_named db "$alpha front open 10.1.0.3 - db"
	for name in web www WWW web.front Web.Front "$(id_of web | cut -c1-12)" "$(id_of web | cut -c1-12).front"; do
		[ "$(addresses db "$name" A)" = 10.1.0.2 ]
	done
	[ "$(addresses web db A)" = 10.1.0.3 ]
	run berth exec web nslookup -type=a db
	expect_status 0
	expect_contains "Address: 10.1.0.3"
	run berth exec db ping -c 1 -W 1 nosuch
	expect_contains "bad address"
}

@test "names, aliases and addresses are the same over TCP" {
	run_named web "$alpha front open 10.1.0.2 fd00::2 web www"
	[ "$(addresses web +tcp www A)" = 10.1.0.2 ]
	[ "$(addresses web +tcp www AAAA)" = fd00::2 ]
	[ "$(addresses web +tcp -x 10.1.0.2)" = web.front. ]
	# Two questions on one connection.
	run ask web +short +tcp +keepopen web A www A
	expect_output "10.1.0.2
10.1.0.2"
}

@test "a name without IPv6 address has an empty answer to AAAA, and other types too" {
	run_named web "$alpha front open 10.1.0.2 - web"
	for type in AAAA MX TXT SRV HTTPS; do
		run ask web web "$type"
		expect_contains "status: NOERROR"
		expect_contains "ANSWER: 0"
	done
}

@test "an answer takes up number, question, recursion and EDNS, and says that names live 600 seconds" {
	run_named web "$alpha front open 10.1.0.2 fd00::2 web"
	run ask web +qid=4711 +bufsize=1400 WeB A
	expect_contains "id: 4711"
	expect_contains "flags: qr rd ra"
	expect_contains "EDNS: version: 0"
	[[ "$output" =~ \;WeB\.[[:space:]]+IN[[:space:]]+A ]]
	[[ "$output" =~ WeB\..*600.*10\.1\.0\.2 ]]
	run ask web +noedns web ANY
	expect_lacks EDNS
	expect_contains fd00::2
	expect_contains 10.1.0.2
}

@test "an address leads to the name and its network" {
	run_named Web "$alpha front open 10.1.0.2 fd00:1::abcd Web www"
	[ "$(addresses Web -x 10.1.0.2)" = Web.front. ]
	[ "$(addresses Web -x fd00:1::abcd)" = Web.front. ]
	run ask Web -x 10.1.0.9
	expect_contains SERVFAIL # nobody to ask
}

@test "who shares an alias takes turns in coming first" {
	run_named one "$alpha front open 10.1.0.2 - one all"
	run_named two "$alpha front open 10.1.0.3 - two all"
	first=$(ask one +short all A)
	second=$(ask one +short all A)
	[ "$(sort <<<"$first")" = $'10.1.0.2\n10.1.0.3' ]
	[ "$(sort <<<"$second")" = $'10.1.0.2\n10.1.0.3' ]
	[ "$first" != "$second" ]
}

@test "a link is a name for one container alone, and follows what it stands for" {
	run_named db "$alpha front open 10.1.0.2 - db"
	run_named web "$alpha front open 10.1.0.3 - web store=db"
	[ "$(addresses web store A)" = 10.1.0.2 ]
	[ "$(addresses web store.front A)" = 10.1.0.2 ]
	run ask db store A
	expect_contains SERVFAIL
	names_probe publish "$BERTH_STATE" $alpha front open "$(id_of db)" 10.1.0.77 - db
	[ "$(addresses web store A)" = 10.1.0.77 ]
}

@test "only networks that both are in count; the first that has the name answers" {
	run_named web "$alpha front open 10.1.0.2 - web;$beta back open 10.2.0.2 - web"
	run_named db "$beta back open 10.2.0.3 - db"
	run_named other "$alpha front open 10.1.0.4 - other"
	[ "$(addresses db web A)" = 10.2.0.2 ]
	[ "$(addresses other web A)" = 10.1.0.2 ]
	[ "$(addresses web web A)" = 10.1.0.2 ]
	[ "$(addresses web web.back A)" = 10.2.0.2 ]
	run ask other db A
	expect_contains SERVFAIL
}

@test "connect, disconnect and rename are seen by the next question" {
	run_named web "$alpha front open 10.1.0.2 - web"
	run_named db "$alpha front open 10.1.0.3 - db"
	names_probe publish "$BERTH_STATE" $alpha front open "$(id_of db)" 10.1.0.3 - store
	[ "$(addresses web store A)" = 10.1.0.3 ]
	run ask web db A
	expect_contains SERVFAIL
	names_probe publish "$BERTH_STATE" $beta back open "$(id_of web)" 10.2.0.2 - web
	[ "$(addresses web web.back A)" = 10.2.0.2 ]
	names_probe withdraw "$BERTH_STATE" $alpha "$(id_of db)"
	run ask web store A
	expect_contains SERVFAIL
	names_probe withdraw "$BERTH_STATE" $beta "$(id_of web)"
	run ask web web.back A
	expect_contains SERVFAIL
	[ "$(addresses web web A)" = 10.1.0.2 ]
}

@test "a container that ends loses its names at once, and one whose shim is killed with the next command" {
	run_named web "$alpha front open 10.1.0.2 - web"
	run_named db "$alpha front open 10.1.0.3 - db"
	run_named tmp "$alpha front open 10.1.0.4 - tmp" --rm
	[ "$(addresses web tmp A)" = 10.1.0.4 ]
	berth stop -t 0 tmp >/dev/null
	run ask web tmp A
	expect_contains SERVFAIL
	shim=$(pgrep -f "^berth-shim $(id_of db)")
	kill -KILL "$shim"
	db_gone() { berth ps >/dev/null; ! [ -e "$BERTH_STATE/c/$(id_of db)" ]; }
	eventually db_gone
	run ask web db A
	expect_contains SERVFAIL
	[ "$(addresses web web A)" = 10.1.0.2 ]
}

@test "a container that is started again by its policy has its resolver and its names again" {
	run_named web "$alpha front open 10.1.0.2 - web" --restart always
	pid=$(berth inspect --format '{{.State.Pid}}' web)
	kill -KILL "$pid"
	restarted() { [ "$(berth inspect --format '{{.RestartCount}}{{.State.Status}}' web)" = 1running ]; }
	eventually restarted
	[ "$(addresses web web A)" = 10.1.0.2 ]
}

@test "the container's own port 53 is free, on all addresses, and both servers answer" {
	run_named web "$alpha front open 10.1.0.2 - web"
	inside web python3 - >"$BATS_TEST_TMPDIR/own" 3>&- <<-'END'
		import socket
		for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
		    s = socket.socket(socket.AF_INET, kind)
		    s.bind(("0.0.0.0", 53))
		    if kind == socket.SOCK_STREAM: s.listen()
		    else: u = s
		c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		c.connect(("127.0.0.1", 53))
		c.send(b"mine")
		print(u.recv(9).decode())
		c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		c.connect(("127.0.0.11", 53))
		c.send(bytes.fromhex("000101000001000000000000037765620000010001"))
		c.settimeout(5)
		print(c.recv(512)[-4:].hex())
	END
	run cat "$BATS_TEST_TMPDIR/own"
	expect_output "mine
0a010002"
}

@test "flushing all rules in the container leaves the resolver reachable" {
	run_named web "$alpha front open 10.1.0.2 - web"
	inside web nft flush ruleset
	[ "$(addresses web web A)" = 10.1.0.2 ]
	[ "$(addresses web +tcp web A)" = 10.1.0.2 ]
}

@test "a container's firewall and connection tracking see port 53" {
	run_named web "$alpha front open 10.1.0.2 - web"
	inside web nft -f - <<-'END'
		table ip mine {
			chain out { type filter hook output priority 0; policy drop; ct state invalid counter drop; ct state established accept; udp dport 53 accept; tcp dport 53 accept; }
			chain in { type filter hook input priority 0; policy drop; ct state invalid counter drop; ct state established accept; udp dport 53 accept; tcp dport 53 accept; }
		}
	END
	[ "$(addresses web web A)" = 10.1.0.2 ]
	[ "$(addresses web +tcp web A)" = 10.1.0.2 ]
	run inside web nft list ruleset
	[ "$(grep -c 'packets 0' <<<"$output")" = 2 ]
}

@test "unknown names are asked of the servers, over the protocol of the question" {
	start_server 127.0.0.53
	SERVERS=127.0.0.53 run_named web "$alpha front open 10.1.0.2 - web"
	[ "$(addresses web a.example A)" = 192.0.2.1 ]
	run ask web nx.example A
	expect_contains NXDOMAIN
	[ "$(addresses web +tcp a.example A)" = 192.0.2.1 ]
	run berth exec web nslookup -type=a a.example
	expect_contains 192.0.2.1
	[ "$(addresses web web A)" = 10.1.0.2 ] # asked nobody
	run asked 127.0.0.53
	expect_output "udp a.example
udp nx.example
tcp a.example
udp a.example"
}

@test "a truncated answer goes back as it is, and the whole one over TCP, up to the largest" {
	start_server 127.0.0.53
	SERVERS=127.0.0.53 run_named web "$alpha front open 10.1.0.2 - web"
	run ask web +ignore big.example A
	expect_contains "flags: qr tc rd ra"
	[ "$(addresses web big.example A | wc -l)" = 4000 ]
	[ "$(addresses web +tcp huge.example A | wc -l)" = 4094 ]
	[ "$(addresses web +tcp slow.example A)" = 192.0.2.1 ]
	run ask web +tcp short.example A
	expect_contains SERVFAIL
	[ "$(addresses web a.example A)" = 192.0.2.1 ]
}

@test "answers that are not to the question are passed over" {
	start_server 127.0.0.53
	SERVERS=127.0.0.53 run_named web "$alpha front open 10.1.0.2 - web"
	[ "$(addresses web liar.example A)" = 192.0.2.1 ]
}

@test "a server that fails, is not there or says nothing is followed by the next; a bad one is asked last then" {
	start_server 127.0.0.53
	start_server 127.0.0.54
	SERVERS="127.0.0.52 127.0.0.53 127.0.0.54" run_named web "$alpha front open 10.1.0.2 - web"
	[ "$(addresses web a.example A)" = 192.0.2.1 ] # nobody is at the first
	[ "$(addresses web +tcp me.example A)" = 127.0.0.53 ]
	run ask web fail.example A
	expect_contains SERVFAIL
	[ "$(asked 127.0.0.53 | grep -c fail)" = 1 ]
	[ "$(asked 127.0.0.54 | grep -c fail)" = 1 ]
	run ask web silent.example A
	expect_contains SERVFAIL
	[ "$(asked 127.0.0.53 | grep -c silent)" = 1 ]
	[ "$(asked 127.0.0.54 | grep -c silent)" = 1 ]
}

@test "of a dead server the container hears SERVFAIL, and still finds its neighbours" {
	SERVERS="127.0.0.52 127.0.0.51" run_named web "$alpha front open 10.1.0.2 - web"
	run ask web a.example A
	expect_contains SERVFAIL
	run ask web +tcp a.example A
	expect_contains SERVFAIL
	[ "$(addresses web web A)" = 10.1.0.2 ]
}

@test "from an internal network no question leaves; with a second network it does" {
	start_server 127.0.0.53
	SERVERS=127.0.0.53 run_named web "$alpha back internal 10.1.0.2 - web"
	run ask web a.example A
	expect_contains SERVFAIL
	run ask web -x 10.9.9.9
	expect_contains SERVFAIL
	[ "$(addresses web web A)" = 10.1.0.2 ]
	[ -z "$(asked 127.0.0.53)" ]
	names_probe publish "$BERTH_STATE" $beta bridge nameless "$(id_of web)" 10.3.0.2 - web
	[ "$(addresses web a.example A)" = 192.0.2.1 ]
	[ "$(addresses web web A)" = 10.1.0.2 ]
	run ask web web.bridge A # a network without names
	expect_contains 192.0.2.1
}

@test "without --dns the host's servers are asked, also when its file changes" {
	start_server 127.0.0.53
	start_server 127.0.0.54
	conf=$BATS_TEST_TMPDIR/resolv.conf
	echo "nameserver 127.0.0.53" >"$conf"
	prepare web "$alpha front open 10.1.0.2 - web"
	BERTH_LIBEXEC=$libexec \
		on_host unshare --mount sh -c 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"' _ "$conf" \
		"$berth_build/berth" run -d --name web --network none busybox sleep 3000
	[ "$(addresses web me.example A)" = 127.0.0.53 ]
	printf '# moved\nsearch example\nnameserver\t127.0.0.54 \n' >"$conf"
	[ "$(addresses web me.example A)" = 127.0.0.54 ]
	echo "options ndots:1" >"$conf"
	run ask web me.example A
	expect_contains SERVFAIL
}

@test "questions to a silent server fill a table of 256; further ones fail at once, neighbours are found" {
	start_server 127.0.0.53
	SERVERS=127.0.0.53 run_named web "$alpha front open 10.1.0.2 - web"
	# x0, x1 ... get their answers, if there is room for the question.
	run inside web names_probe flood 400
	noerror=$(cut -d' ' -f2 <<<"$output")
	[ "$noerror" -ge 200 ]
	inside web python3 - <<-'END'
		import socket
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
		s.settimeout(3)
		s.connect(("127.0.0.11", 53))
		ask = lambda i: s.send(bytes([i >> 8, i & 255]) + bytes.fromhex("010000010000000000000673696c656e7400" "00010001"))
		for i in range(256):
		    ask(i)
		    if i % 32 == 31: # what is not read in time is lost
		        import time; time.sleep(0.05)
		ask(1000)
		answer = s.recv(512)
		assert answer[:2] == bytes([1000 >> 8, 1000 & 255]) and answer[3] & 15 == 2, answer
		s.send(bytes.fromhex("000101000001000000000000037765620000010001"))
		assert s.recv(512)[-4:] == bytes([10, 1, 0, 2])
		got = 0
		s.settimeout(10)
		while got < 256: # each hears in the end that nobody knew
		    assert s.recv(512)[3] & 15 == 2
		    got += 1
	END
}

@test "a thousand names: each is found, a shared one is truncated and whole over TCP, a change is seen at once" {
	run_named web "$alpha front open 10.1.0.2 - web"
	names_probe many "$BERTH_STATE" $alpha front 1000
	[ "$(addresses web c0 A)" = 10.9.0.1 ]
	[ "$(addresses web c999 A)" = 10.9.3.250 ]
	[ "$(addresses web +tcp c500.front A)" = 10.9.2.1 ]
	[ "$(addresses web -x 10.9.1.5)" = c254.front. ]
	for i in $(seq 0 59); do
		names_probe publish "$BERTH_STATE" $alpha front open "$(printf '%012d%052d' "$i" "$i")" "10.9.7.$i" - "n$i" many
	done
	run ask web +notcp +noedns +ignore many A
	expect_contains "flags: qr tc rd ra"
	[ "$(addresses web +noedns many A | wc -l)" = 60 ]
	[ "$(addresses web n59 A)" = 10.9.7.59 ]
	names_probe fewer "$BERTH_STATE" 1000
	run ask web c500 A
	expect_contains SERVFAIL
	[ "$(addresses web web A)" = 10.1.0.2 ]
}

@test "broken messages get an error or nothing, and harm nobody" {
	run_named web "$alpha front open 10.1.0.2 - web"
	good=037765620000010001
	# message, what is to come: an rcode, or nothing
	while read -r message rcode; do
		run inside web timeout 1 "$berth_build/names_probe" send "$message"
		if [ "$rcode" = - ]; then [ -z "$output" ]; else [ "${output:7:1}" = "$rcode" ]; fi
	done <<-END
		00 -
		0001010000010000000000 -
		000181000001000000000000$good -
		000109000001000000000000$good 4
		000101000000000000000000 1
		000101000002000000000000$good$good 1
		000101000001000100000000$good 1
		000101000001000000000000 1
		000101000001000000000000c00c00010001 1
		0001010000010000000000003f776562 1
		00010100000100000000000040776562 1
		0001010000010000000000000377656200 1
		000101000001000000000001$good 1
		000101000001000000000001${good}c00c 1
		000101000001000000000001${good}0000291000000000000009 1
		000101000001000000000000037765620000fc0001 5
		000101000001000000000000037765620000fb0001 5
		000101000001000000000000037765620000010003 2
		$(printf '000101000001000000000000'; printf '3f%0126d' $(seq 4 | sed 's/.*/0/') | tr 0 4; printf 0000010001) 1
		$(printf '000101000001000000000000%s' $good; printf '%01200d' 0) 1
	END
	# Names that are none in text: a dot, a NUL, a line's end in a label.
	for label in 0477652e62 0477650062 0477650a62; do
		run inside web "$berth_build/names_probe" send "000101000001000000000000${label}0000010001"
		[ "${output:7:1}" = 2 ]
	done
	# Over TCP: lengths that are too small or too large, and one who sends half and leaves.
	for message in 0000 0001 000b ffff 0bb8 00; do
		# shellcheck disable=SC2059
		printf "$(sed 's/../\\x&/g' <<<"$message")" | inside web timeout 2 busybox nc 127.0.0.11 53 || true
	done
	# As many connections as there may be, which say nothing, leave the others their answers over UDP.
	inside web python3 - <<-'END'
		import socket
		all = [socket.create_connection(("127.0.0.11", 53), 2) for _ in range(40)]
		u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		u.settimeout(5)
		u.sendto(bytes.fromhex("000101000001000000000000037765620000010001"), ("127.0.0.11", 53))
		assert u.recv(512)[-4:] == bytes([10, 1, 0, 2])
	END
	[ "$(addresses web +tcp web A)" = 10.1.0.2 ]
	container_is web running
}

@test "an index that is cut off or something else is one without names, and is made anew" {
	run_named web "$alpha front open 10.1.0.2 - web"
	[ "$(addresses web web A)" = 10.1.0.2 ]
	index=$BERTH_STATE/names/$alpha
	head -c 100 "$index" >"$index.cut" && mv "$index.cut" "$index"
	run ask web web A
	expect_contains SERVFAIL
	head -c 5000 /dev/urandom >"$index.other" && mv "$index.other" "$index"
	run ask web web A
	expect_contains SERVFAIL
	names_probe publish "$BERTH_STATE" $alpha front open "$(id_of web)" 10.1.0.2 - web
	[ "$(addresses web web A)" = 10.1.0.2 ]
}

@test "the end of a container does not wait for its resolver, nor its namespace for the shim" {
	start_server 127.0.0.53
	SERVERS=127.0.0.53 run_named web "$alpha front open 10.1.0.2 - web"
	ask web silent.example A >/dev/null 3>&- &
	query=$!
	flying() { asked 127.0.0.53 | grep -q silent; }
	eventually flying
	berth rm -f web >/dev/null
	[ ! -e "$BERTH_STATE/names/$alpha" ]
	kill "$query" 2>/dev/null || true
}
