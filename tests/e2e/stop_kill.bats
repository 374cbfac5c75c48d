#!/usr/bin/env bats
# berth stop and kill
load helper

trapping() { # trapping NAME SIGNAL STATUS: a container that ends with STATUS at SIGNAL
	berth run -d --name "$1" busybox sh -c "trap 'exit $3' $2; echo ready; while :; do sleep 0.05; done" >/dev/null
	ready() { berth logs "$1" | grep -q ready; }
	eventually ready "$1"
}

exit_code() {
	berth inspect -f '{{.State.ExitCode}}' "$1"
}

@test "stop sends SIGTERM and waits" {
	trapping polite TERM 3
	run berth stop polite
	expect_output polite
	container_is polite exited
	[ "$(exit_code polite)" -eq 3 ]
	berth rm polite
}

@test "stop kills after the time is up" {
	berth run -d --name deaf busybox sh -c 'trap "" TERM; while :; do sleep 0.05; done' >/dev/null
	berth stop -t 0 deaf
	container_is deaf exited
	[ "$(exit_code deaf)" -eq 137 ]
	berth rm deaf
}

@test "stop sends the signal that was asked for" {
	trapping asked USR1 6
	berth stop -s USR1 asked
	[ "$(exit_code asked)" -eq 6 ]
	berth rm asked
}

@test "--stop-signal is the container's own" {
	berth run -d --name own --stop-signal USR2 busybox sh -c 'trap "exit 8" USR2; echo ready; while :; do sleep 0.05; done' >/dev/null
	ready() { berth logs own | grep -q ready; }
	eventually ready
	berth stop own
	[ "$(exit_code own)" -eq 8 ]
	berth rm own
}

@test "stopping what does not run is fine" {
	berth create --name idle busybox true >/dev/null
	run berth stop idle
	expect_status 0
	berth rm idle
}

@test "a stopped container is not started again by its policy" {
	berth run -d --name kept --restart always busybox sleep 1000 >/dev/null
	berth stop -t 0 kept
	sleep 0.3
	container_is kept exited
	berth rm kept
}

@test "kill sends SIGKILL, or the signal that is named or numbered" {
	berth run -d --name k1 busybox sleep 1000 >/dev/null
	run berth kill k1
	expect_output k1
	eventually container_is k1 exited
	[ "$(exit_code k1)" -eq 137 ]
	trapping k2 HUP 2
	berth kill -s SIGHUP k2
	eventually container_is k2 exited
	[ "$(exit_code k2)" -eq 2 ]
	trapping k3 HUP 2
	berth kill --signal=1 k3
	eventually container_is k3 exited
	berth rm k1 k2 k3
}

@test "kill refuses what does not run, and signals that do not exist" {
	berth create --name still busybox true >/dev/null
	run berth kill still
	expect_status 1
	expect_contains "is not running"
	run berth kill -s NOPE still
	expect_status 1
	expect_contains "invalid signal: NOPE"
	berth rm still
}

@test "an empty signal is none: kill kills" {
	berth run -d --name empty busybox sleep 1000 >/dev/null
	run berth kill -s '' empty
	expect_output empty
	run berth wait empty
	expect_output 137
	berth rm empty
}

@test "one failure does not keep the others from being stopped" {
	berth run -d --name s1 busybox sleep 1000 >/dev/null
	run berth stop -t 0 absent s1
	expect_status 1
	expect_contains "No such container: absent"
	container_is s1 exited
	berth rm s1
}
