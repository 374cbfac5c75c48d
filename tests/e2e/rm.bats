#!/usr/bin/env bats
# berth rm, container prune, rmi, tag, images
load helper

@test "rm removes what does not run, and prints the name" {
	berth create --name one busybox true >/dev/null
	berth create --name two busybox true >/dev/null
	run berth rm one two
	expect_output $'one\ntwo'
	container_gone one
	expect_nothing_left
}

@test "rm refuses what runs unless forced" {
	berth run -d --name busy busybox sleep 1000 >/dev/null
	run berth rm busy
	expect_status 1
	container_is busy running
	run berth rm -f busy
	expect_output busy
	container_gone busy
	expect_nothing_left
}

@test "a paused container can be removed by force" {
	berth run -d --name frozen busybox sleep 1000 >/dev/null
	berth pause frozen >/dev/null
	berth rm -f frozen
	expect_nothing_left
}

@test "rm of what is not there fails, and with -f does not" {
	run berth rm absent
	expect_status 1
	expect_contains "No such container: absent"
	run berth rm -f absent
	expect_status 0
}

@test "prune removes what has ended, by its filters" {
	berth run -d --name runs busybox sleep 1000 >/dev/null
	berth create --name keep -l keep busybox true >/dev/null
	berth create --name go busybox true >/dev/null
	run berth container prune -f --filter 'label!=keep'
	expect_contains "Deleted Containers:"
	expect_contains "Total reclaimed space:"
	container_gone go
	container_is keep created
	container_is runs running
	run berth container prune < <(echo n)
	expect_status 1
	berth container prune -f >/dev/null
	container_gone keep
	berth rm -f runs
}

@test "an image has as many names as it is given, and goes with the last one" {
	berth tag busybox other:1
	run berth images --format '{{.Repository}}:{{.Tag}}' other
	expect_output other:1
	run berth rmi other:1
	expect_output "Untagged: other:1"
	run berth images -q other
	expect_output ""
	run berth run --rm busybox echo still here
	expect_output "still here"
}

@test "an image that a container uses is not removed" {
	berth create --name user busybox true >/dev/null
	run berth rmi busybox
	expect_status 1
	expect_contains "conflict"
	berth rm user
}

@test "images shows docker's columns" {
	run berth images
	[[ "${lines[0]}" =~ ^REPOSITORY\ +TAG\ +IMAGE\ ID\ +CREATED\ +SIZE$ ]]
	[[ "${lines[1]}" =~ ^busybox\ +latest\ +[0-9a-f]{12}\ +.*ago\ +[0-9.]+[kM]B$ ]]
	run berth images -q --no-trunc
	[[ "$output" =~ ^sha256:[0-9a-f]{64}$ ]]
	run berth images --filter reference='busy*' --format '{{.Repository}}'
	expect_output busybox
	run berth images --filter dangling=true -q
	expect_output ""
}

@test "image prune leaves what a container uses, with all its names" {
	berth tag busybox other:1
	berth create --name user busybox true >/dev/null
	run berth image prune -af
	expect_output "Total reclaimed space: 0B"
	berth rm user
	berth rmi other:1
}
