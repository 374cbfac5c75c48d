# network_helper.bash - hosts as network namespaces, loaded by the tests of networks
#
#	outside (192.0.2.2) --- wan --- host (192.0.2.1), where berth runs --- its bridges
#
# "host" is a namespace of the file's own, so rules, bridges and sysctls are nobody else's. Commands
# enter by nsenter with the mounts as they are: /sys must go on showing the control groups.

load "$(dirname "${BASH_SOURCE[0]}")/helper"

hosts_setup() {
	mkdir -p "$BATS_FILE_TMPDIR/ns"
	for ns in host outside; do
		touch "$BATS_FILE_TMPDIR/ns/$ns"
		unshare --net="$BATS_FILE_TMPDIR/ns/$ns" true
		on $ns ip link set lo up
	done
	on host ip link add wan type veth peer name wan netns "$BATS_FILE_TMPDIR/ns/outside"
	on host ip addr add 192.0.2.1/24 dev wan
	on host ip link set wan up
	on outside ip addr add 192.0.2.2/24 dev wan
	on outside ip link set wan up
	on outside ip route add default via 192.0.2.1
}

hosts_teardown() {
	umount "$BATS_FILE_TMPDIR/ns/host" "$BATS_FILE_TMPDIR/ns/outside"
}

# on HOST COMMAND...
on() {
	nsenter --net="$BATS_FILE_TMPDIR/ns/$1" -- "${@:2}"
}

berth() {
	on host "$berth_build/berth" "$@"
}

# Serves "hello from NAME" at a TCP port in a container, and who asked.
serve='while :; do { echo "hello from $(hostname)"; } | nc -l -p 80; done'

# ask HOST ADDRESS PORT: what a TCP server says first, or "no answer" after a second.
ask() {
	on "$1" busybox nc -w 1 "$2" "$3" </dev/null 2>/dev/null || echo "no answer"
}

# is_open HOST HEX-PORT: somebody listens at it
is_open() {
	on "$1" grep -q ":$2 0*:0000 0A" /proc/net/tcp /proc/net/tcp6
}

# The same from a container.
ask_in() {
	berth exec "$1" sh -c 'nc -w 1 "$1" "$2" </dev/null 2>/dev/null || echo no answer' sh "$2" "$3"
}

# hears CONTAINER SERVER [HELLO]: a server listens again a moment after it has answered
hears() { eventually is_heard "$@"; }
is_heard() { [[ "$(ask_in "$1" "$(address_of "$2")" 80)" == "${3:-hello from}"* ]]; }

address_of() {
	berth inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$1" | tr -d ' \n'
}

# How many elements all sets and maps of the rules have.
elements() {
	on host nft list table ip berth | tr -d '\n' | grep -o 'elements = {[^}]*}' | tr ',' '\n' | wc -l
}

# Links of containers; those of namespaces that are gone are taken down a moment later.
links() {
	on host ip -br link show type veth | grep -c '^bv' || true
}

no_links() {
	[ "$(links)" = 0 ]
}
