#!/usr/bin/env bats
# linux.netDevices: interfaces of the host that become a container's.
load helper
load oci_box

# on_a_network COMMAND...: in a network namespace of its own with a pair of interfaces, left and right
on_a_network() {
	unshare --net sh -c 'ip link set lo up && ip link add left type veth peer name right && ip addr add 10.9.8.7/24 dev left && ip addr add fd00:9::7/64 dev left nodad && ip link set left up && ip link set right up && exec "$@"' sh "$@" 3>&-
}

setup() {
	ip -V 2>/dev/null | grep -q iproute2 || skip "iproute2 is not installed"
}

@test "an interface is moved with its addresses, gets its new name, and is up" {
	linux_more=',"netDevices":{"left":{"name":"eth0"}}'
	box "ip addr show dev eth0"
	run on_a_network timeout 20 berth-oci --root "$OCI/state" run -b "$bundle" t-net
	expect_status 0
	expect_contains "eth0"
	expect_contains ",UP"
	expect_contains "inet 10.9.8.7/24"
	expect_contains "inet6 fd00:9::7/64"
}

@test "it keeps its name without another, and goes to a network that is joined" {
	hold_namespaces --net
	namespaces="{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"network\",\"path\":\"/proc/$held/ns/net\"}"
	linux_more=',"netDevices":{"left":{}}'
	box "ip addr show dev left"
	run on_a_network timeout 20 berth-oci --root "$OCI/state" run -b "$bundle" t-joined
	release_namespaces
	expect_status 0
	expect_contains "inet 10.9.8.7/24"
}

@test "two can change their names" {
	linux_more=',"netDevices":{"left":{"name":"right"},"right":{"name":"left"}}'
	box "ip addr show dev right"
	run on_a_network timeout 20 berth-oci --root "$OCI/state" run -b "$bundle" t-two
	expect_status 0
	expect_contains "inet 10.9.8.7/24"
}

@test "what is not there, or taken, or the host's own, fails and leaves nothing" {
	linux_more=',"netDevices":{"absent":{}}'
	box true
	run on_a_network timeout 20 berth-oci --root "$OCI/state" run -b "$bundle" t-absent
	expect_status 125
	expect_contains "linux.netDevices: interface absent: No such device"
	linux_more=',"netDevices":{"left":{"name":"lo"}}'
	box true
	run on_a_network timeout 20 berth-oci --root "$OCI/state" run -b "$bundle" t-taken
	expect_contains "linux.netDevices: moving left to be lo: File exists"
	namespaces='{"type":"mount"},{"type":"uts"},{"type":"network","path":"/proc/self/ns/net"}'
	linux_more=',"netDevices":{"left":{}}'
	box true
	run on_a_network timeout 20 berth-oci --root "$OCI/state" run -b "$bundle" t-own
	expect_contains "the container's network is the host's"
	oci_nothing_left
}
