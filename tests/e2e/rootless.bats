#!/usr/bin/env bats
# berth of an ordinary user, connected by pasta or slirp4netns.
load network_helper
load rootless_helper

setup_file() {
	export OCI=$BATS_FILE_TMPDIR home=$BATS_FILE_TMPDIR/home
	export his_net=$BATS_FILE_TMPDIR/ns/host
	chmod 711 "$BATS_RUN_TMPDIR" "$OCI"
	mkdir -p "$home/run" "$OCI/bin"
	cp "$berth_build"/berth{,-shim,-fetch,-init} "$OCI/bin/"
	[ ! -d "$berth_build/reports" ] || chmod 1777 "$berth_build/reports"
	{ cat /etc/passwd; echo "ordinary:x:$USER_ID:$USER_ID::$home:/bin/sh"; } >"$OCI/passwd"
	echo "ordinary:$RANGE:65536" >"$OCI/subids"
	# On most machines anybody may open it.
	mknod -m 666 "$OCI/tun" c 10 200
	echo "nameserver 192.0.2.2" >"$OCI/resolv.conf"
	cp "$(busybox_tar)" "$home/busybox.tar"
	chown -R "$USER_ID:$USER_ID" "$home"
	chmod 700 "$home/run"
	hosts_setup
	on host ip route add default via 192.0.2.2
	setup
	berth import -c 'CMD ["sh"]' "$home/busybox.tar" busybox:latest >/dev/null
}

setup() {
	before="mount --bind $OCI/tun /dev/net/tun; mount --bind $OCI/resolv.conf /etc/resolv.conf"
}

teardown() {
	local all

	[ -z "${served-}" ] || kill "$served"
	all=$(berth ps -aq)
	# shellcheck disable=SC2086
	[ -z "$all" ] || berth rm -f $all >/dev/null
	[ -z "${network-}" ] || berth network rm "$network" >/dev/null
	eventually nothing_of_his_left
	expect_no_reports
}

# No process of his: no shim, pasta or keeper; no file of a container that is gone.
nothing_of_his_left() {
	[ -z "$(ls "$home/run/berth/c" "$home/.local/share/berth/upper" "$home/.local/share/berth/work")" ] ||
		[ "$(ls -A "$home/run/berth/c" "$home/.local/share/berth/upper" "$home/.local/share/berth/work" | wc -l)" = 5 ] || return 1
	! pgrep -u "$USER_ID" >/dev/null
}

teardown_file() {
	hosts_teardown
}

berth() {
	ordinary berth "$@"
}

# web NAME [FLAG...]: a container that serves its name at port 80, and who asked at port 81
web() {
	berth run -d --name "$1" "${@:2}" busybox sh -c "
		mkdir /www && echo 'hello from $1' >/www/index.html
		nc -ll -p 81 -e sh -c 'netstat -tn | grep :81' &
		httpd -f -p 80 -h /www" >/dev/null
}

# get HOST ADDRESS:PORT
get() {
	on "$1" timeout 5 busybox wget -qO- "http://$2/" 2>/dev/null || echo "no answer"
}

is_got() { [ "$(get "$1" "$2")" = "$3" ]; }

# serve_outside: at 192.0.2.2:7000, who asked
serve_outside() {
	on outside python3 -c '
import socket
s = socket.create_server(("192.0.2.2", 7000))
while True:
    c, a = s.accept()
    c.sendall(b"outside hears " + a[0].encode() + b"\n")
    c.close()' 3>&- &
	served=$!
	eventually is_open outside 1B58
}

pasta_of() {
	pgrep -u "$USER_ID" -x 'pasta(.avx2)?|passt(.avx2)?'
}

shim_of() {
	pgrep -u "$USER_ID" -f '^berth-shim [0-9a-f]{64}$'
}

keeper_of() {
	pgrep -u "$USER_ID" -f '^berth-shim keep$'
}

@test "run, ps, logs, exec, stop, start and rm" {
	run berth run --rm busybox sh -c 'id -u; touch /root/made; stat -c %u:%g /root/made; echo $(cat /proc/self/uid_map)'
	expect_status 0
	expect_output "$(printf '0\n0:0\n0 0 4294967295')" || expect_output "$(printf '0\n0:0\n0 %s 1 1 %s 65536' "$USER_ID" "$RANGE")"
	berth run -d --name boat busybox sh -c 'echo afloat; sleep 1000'
	[ "$(stat -c %u "/proc/$(pgrep -u "$USER_ID" -x sleep)")" = "$USER_ID" ]
	eventually has_logged boat afloat
	run berth exec -u 7:8 boat sh -c 'id -u; id -g; hostname; exit 5'
	expect_status 5
	[ "${lines[0]}:${lines[1]}" = 7:8 ]
	berth exec -d boat sh -c 'echo more >/proc/1/fd/1'
	eventually has_logged boat more
	berth stop -t 0 boat
	container_is boat exited
	berth start boat
	container_is boat running
	run berth rm boat
	expect_status 1
	berth rm -f boat
	container_gone boat
}

has_logged() { berth logs "$1" | grep -qx "$2"; }

@test "images and containers are in his directories, and nothing of it is root's" {
	[ -d "$home/.local/share/berth/layers" ]
	[ -d "$home/run/berth/c" ]
	[ -z "$(find "$home" -uid 0 ! -name busybox.tar)" ]
	run berth info
	expect_status 0
	expect_contains "$home/.local/share/berth"
}

@test "users of the image are those of his range" {
	run berth run --rm -u 1000:1001 --mount type=bind,source="$home",target=/h busybox sh -c 'id -u; id -g; touch /tmp/mine; stat -c %u /tmp/mine; stat -c %u /h'
	expect_status 0
	expect_output "$(printf '1000\n1001\n1000\n0')"
	run berth run --rm -u 70000 busybox true
	expect_status 125
}

@test "what a layer or a container removes stays away, also when it is made again" {
	berth run --name first busybox sh -c 'mkdir /data && touch /data/old' && berth commit first filled >/dev/null
	berth run --name digger filled sh -c 'rm -r /data && mkdir /data && touch /data/new && rm /bin/vi'
	run berth diff digger
	expect_contains "D /bin/vi"
	expect_contains "A /data/new"
	berth commit digger dug >/dev/null
	run berth run --rm dug sh -c 'ls /data; ls /bin/vi'
	expect_output "$(printf 'new\nls: /bin/vi: No such file or directory')"
	berth save dug -o "$home/dug.tar"
	berth rm -f first digger >/dev/null
	berth rmi -f dug filled >/dev/null
	berth load -i "$home/dug.tar"
	run berth run --rm dug ls /data
	expect_output new
	berth rmi -f dug >/dev/null
}

@test "a container reaches what is outside, and names are asked for there" {
	serve_outside
	# Debian 12's pasta loses its count of a connection whose client ends its side at once.
	run berth run --rm busybox sh -c 'sleep 1 | nc 192.0.2.2 7000'
	expect_output "outside hears 192.0.2.1"
	kill "$served"
	on outside "$berth_source/tests/lib/name-server" 192.0.2.2 "$BATS_TEST_TMPDIR/asked" >/dev/null 2>&1 3>&- &
	served=$!
	run_lookup() { run berth run --rm "$@" busybox nslookup -type=a a.example.; [ "$status" = 0 ]; }
	eventually run_lookup
	expect_contains "192.0.2.1"
	network=quay
	berth network create quay >/dev/null
	run_lookup --network quay
	expect_contains "127.0.0.11"
	expect_contains "192.0.2.1"
}

@test "a published port is reached from the host, and from outside, who stays who he is" {
	web pier -p 8080:80 -p 8081:81
	eventually is_got host 127.0.0.1:8080 "hello from pier"
	is_got host 192.0.2.1:8080 "hello from pier"
	is_got outside 192.0.2.1:8080 "hello from pier"
	run on outside sh -c 'busybox nc 192.0.2.1 8081 </dev/null'
	expect_contains "192.0.2.2:"
	run berth port pier 80
	expect_output "0.0.0.0:8080"
}

@test "a port on 127.0.0.1 is not reached from outside, and one that is not published by nobody" {
	web pier -p 127.0.0.1:8080:80
	eventually is_got host 127.0.0.1:8080 "hello from pier"
	is_got outside 192.0.2.1:8080 "no answer"
	is_got host 192.0.2.1:8080 "no answer"
	is_got host 127.0.0.1:80 "no answer"
	is_got host 127.0.0.1:81 "no answer"
}

@test "nor does a container reach what listens on the host's 127.0.0.1" {
	on host python3 -m http.server --bind 127.0.0.1 9000 >/dev/null 2>&1 3>&- &
	served=$!
	eventually is_open host 2328
	[ "$(on host timeout 5 busybox wget -qO- http://127.0.0.1:9000/ | head -c 4)" = "<!DO" ]
	for address in 127.0.0.1 10.0.2.2; do
		run berth run --rm busybox sh -c "timeout 2 wget -qO- http://$address:9000/; exit \$?"
		[ "$status" -ne 0 ]
	done
}

@test "udp is published, too" {
	berth run -d --name echo -p 8053:8053/udp -p 8054:8053/udp -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro busybox /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 8053))
while True:
    s.sendto(*s.recvfrom(99))' >/dev/null
	# Answers to the host's own loopback address old versions of pasta send to the container's number.
	ping_of() {
		[ "$(on "$1" python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.sendto(b'ping', ('$2', $3))
print(s.recv(9).decode())")" = ping ]
	}
	eventually ping_of host 127.0.0.1 8053
	eventually ping_of outside 192.0.2.1 8054
}

@test "a range gives each container a port of its own, and a taken one is named" {
	web one -p 8090-8092:80
	web two -p 8090-8092:80
	eventually is_got host 127.0.0.1:8090 "hello from one"
	eventually is_got host 127.0.0.1:8091 "hello from two"
	run berth run --rm -p 8091:80 busybox true
	expect_status 125
	expect_contains "Bind for 0.0.0.0:8091 failed: port is already allocated"
}

@test "a port that only root may have is refused with the sysctl that changes it" {
	run berth run --rm -p 443:80 busybox true
	expect_status 125
	expect_contains "sysctl net.ipv4.ip_unprivileged_port_start=443"
	on host sh -c 'echo 443 >/proc/sys/net/ipv4/ip_unprivileged_port_start'
	web pier -p 443:80
	eventually is_got host 127.0.0.1:443 "hello from pier"
	on host sh -c 'echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start'
	run berth run --rm -p 8132:132/sctp busybox true
	expect_status 125
	expect_contains "132/sctp cannot be published by an ordinary user"
}

@test "containers of a network of his find each other by name, and those of another do not" {
	network=quay
	berth network create quay >/dev/null
	web pier --network quay
	ask_pier() { [ "$(berth run --rm "$@" busybox sh -c "timeout 3 wget -qO- http://pier/; exit \$?" 2>/dev/null)" = "hello from pier" ]; }
	eventually ask_pier --network quay
	run ask_pier
	[ "$status" -ne 0 ]
	run berth inspect --format '{{.NetworkSettings.Networks.quay.IPAddress}}' pier
	run berth run --rm busybox sh -c "timeout 2 wget -qO- http://$output/; exit \$?"
	[ "$status" -ne 0 ]
	run berth network inspect --format '{{len .Containers}}' quay
	expect_output 1
}

@test "a container that runs is connected to a network and disconnected, and keeps its way out" {
	network=quay
	serve_outside
	berth network create quay >/dev/null
	web pier
	berth run -d --name boat --network quay busybox sleep 1000 >/dev/null
	berth network connect quay pier
	reaches() { berth exec boat sh -c 'timeout 3 wget -qO- http://pier/; exit $?'; }
	eventually reaches
	run berth exec pier sh -c 'sleep 1 | nc 192.0.2.2 7000'
	expect_output "outside hears 192.0.2.1"
	berth network disconnect quay pier
	run reaches
	[ "$status" -ne 0 ]
	run berth exec pier sh -c 'sleep 1 | nc 192.0.2.2 7000'
	expect_output "outside hears 192.0.2.1"
}

@test "an internal network has no way out, none has no interface, host has the host's" {
	network=cove
	serve_outside
	berth network create --internal cove >/dev/null
	run berth run --rm --network cove busybox sh -c 'ls /sys/class/net; timeout 2 nc 192.0.2.2 7000'
	[ "$status" -ne 0 ]
	expect_lacks "outside hears"
	expect_lacks tap0
	run berth run --rm --network none busybox ls /sys/class/net
	expect_output lo
	run berth run --rm --network host busybox sh -c 'ip addr show wan; nc 192.0.2.2 7000'
	expect_contains "192.0.2.1/24"
	expect_contains "outside hears 192.0.2.1"
}

@test "a container shares another's network" {
	web pier
	shared() { [ "$(berth run --rm --network container:pier busybox wget -qO- http://127.0.0.1/)" = "hello from pier" ]; }
	eventually shared
}

@test "a killed shim leaves nothing: no container, no pasta, and its ports are free" {
	web pier -p 8080:80
	eventually is_got host 127.0.0.1:8080 "hello from pier"
	kill -9 "$(shim_of)"
	gone() { ! pasta_of && ! pgrep -u "$USER_ID" httpd && is_got host 127.0.0.1:8080 "no answer"; }
	eventually gone
	container_is pier exited
	berth start pier
	eventually is_got host 127.0.0.1:8080 "hello from pier"
}

@test "a killed pasta leaves a container that runs, and a restart connects it again" {
	web pier -p 8080:80
	eventually is_got host 127.0.0.1:8080 "hello from pier"
	kill -9 "$(pasta_of)"
	eventually is_got host 127.0.0.1:8080 "no answer"
	container_is pier running
	berth restart -t 0 pier
	eventually is_got host 127.0.0.1:8080 "hello from pier"
}

@test "a container that is restarted by its policy is connected again" {
	berth run -d --name phoenix --restart always -p 8080:80 busybox sh -c 'mkdir -p /www; echo hello >/www/index.html; httpd -p 80 -h /www; sleep 2' >/dev/null
	eventually is_got host 127.0.0.1:8080 hello
	again() { [ "$(berth inspect --format '{{.RestartCount}}' phoenix)" -ge 1 ]; }
	eventually again
	eventually is_got host 127.0.0.1:8080 hello
}

@test "the programs are found where they are a mount of their own" {
	before="$before; mount --bind $OCI/bin $OCI/bin"
	run berth run --rm busybox echo here
	expect_status 0
	expect_output here
}

@test "the keeper ends with the last container, and a killed one is replaced" {
	berth run -d --name one busybox sleep 1000 >/dev/null
	userns=$(readlink "/proc/$(keeper_of)/ns/user")
	killed=$(keeper_of)
	kill -9 "$killed"
	# Who comes while it is ending enters by it, and starts no other.
	killed_is_gone() { [ ! -e "/proc/$killed/exe" ]; }
	eventually killed_is_gone
	run berth exec one id -u
	expect_output 0
	[ "$(readlink "/proc/$(keeper_of)/ns/user")" = "$userns" ]
	berth run -d --name two busybox sleep 1000 >/dev/null
	[ "$(readlink "/proc/$(pgrep -u "$USER_ID" -nx sleep)/ns/user")" = "$userns" ]
	berth rm -f one two >/dev/null
	no_keeper() { ! keeper_of; }
	eventually no_keeper
	[ ! -e "$home/run/berth/keeper.pid" ]
}

@test "commands at the same time make one user namespace" {
	jobs=()
	for i in 1 2 3 4 5 6; do
		berth run --rm busybox readlink /proc/self/ns/user >"$BATS_TEST_TMPDIR/ns$i" &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	[ "$(cat "$BATS_TEST_TMPDIR"/ns? | wc -l)" = 6 ]
	[ "$(sort -u "$BATS_TEST_TMPDIR"/ns? | wc -l)" = 1 ]
}

@test "where there is no pasta slirp4netns connects, with its ports" {
	before="$before; for p in /usr/bin/pasta* /usr/bin/passt*; do mount --bind $OCI/passwd \$p; done"
	serve_outside
	web pier -p 127.0.0.1:8080:80
	pgrep -u "$USER_ID" slirp4netns
	eventually is_got host 127.0.0.1:8080 "hello from pier"
	is_got outside 192.0.2.1:8080 "no answer"
	run berth exec pier sh -c 'sleep 1 | nc 192.0.2.2 7000'
	expect_output "outside hears 192.0.2.1"
	kill -9 "$(shim_of)"
	gone() { ! pgrep -u "$USER_ID" slirp4netns; }
	eventually gone
}

@test "where there is neither it says what to install, and networks none and host do without" {
	before="$before; for p in /usr/bin/pasta* /usr/bin/passt* /usr/bin/slirp4netns; do mount --bind $OCI/passwd \$p; done"
	run berth run --rm busybox true
	expect_status 125
	expect_contains "install the package passt"
	berth run --rm --network none busybox true
	berth run --rm --network host busybox true
}

@test "without a range, without newuidmap, without user namespaces: one line says what is missing" {
	ranges=$before
	before="$ranges; mount --bind /dev/null /etc/subuid"
	run berth run --rm busybox true
	expect_status 125
	expect_contains "/etc/subuid grants you no range"
	expect_contains "usermod --add-subuids"
	before="$ranges; mount --bind /dev/null $(command -v newuidmap)"
	run berth ps
	expect_status 1
	expect_contains "its package is uidmap"
	run ordinary env -u XDG_RUNTIME_DIR berth ps
	expect_status 1
	expect_contains "XDG_RUNTIME_DIR is not set"
	run ordinary env -u XDG_RUNTIME_DIR berth --version
	expect_status 0
}

@test "limits need a control group, and are refused without" {
	[ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] || skip "this user may have a group here"
	run berth run --rm -m 100m busybox true
	expect_status 125
	expect_contains "no control group"
	berth run -d --name one busybox sleep 1000 >/dev/null
	for command in pause top; do
		run berth "$command" one
		expect_status 1
	done
}
