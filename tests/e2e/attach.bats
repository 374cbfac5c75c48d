#!/usr/bin/env bats
# berth attach
load helper

@test "attach shows output from now on and ends with the container's status" {
	berth run -d --name att busybox sh -c 'sleep 0.5; echo late; exit 3' >/dev/null
	run timeout 10 "$BERTH" attach --no-stdin att
	expect_status 3
	expect_output late
	berth rm att
}

@test "attach passes stdin on" {
	berth run -d -i --name att busybox sh -c 'read x; echo got $x' >/dev/null
	run timeout 10 "$BERTH" attach att < <(echo line)
	expect_output "got line"
	berth rm att
}

@test "the detach keys leave the container running" {
	berth run -dit --name att busybox sh >/dev/null
	{ sleep 0.5; printf '\020\021'; sleep 0.5; } | timeout 10 script -qefc "$BERTH attach att" /dev/null
	container_is att running
	{ sleep 0.5; printf 'x\001'; sleep 0.5; } | timeout 10 script -qefc "$BERTH attach --detach-keys x,ctrl-a att" /dev/null
	container_is att running
	berth rm -f att
}

@test "detach keys that are none are refused" {
	berth run -d --name att busybox sleep 1000 >/dev/null
	run berth attach --detach-keys nonsense att
	expect_status 1
	expect_contains "invalid detach keys"
	berth rm -f att
}

@test "a stopped or paused container cannot be attached to" {
	berth create --name att busybox sleep 1000 >/dev/null
	run berth attach att
	expect_status 1
	expect_contains "cannot attach to a stopped container, start it first"
	berth start att >/dev/null
	berth pause att >/dev/null
	run berth attach att
	expect_contains "cannot attach to a paused container, unpause it first"
	berth unpause att >/dev/null
	berth rm -f att
}

@test "--sig-proxy=false keeps signals to itself" {
	berth run -d --name att busybox sleep 1000 >/dev/null
	run timeout -s TERM 0.5 "$BERTH" attach --no-stdin --sig-proxy=false att
	expect_status 124
	container_is att running
	berth rm -f att
}
