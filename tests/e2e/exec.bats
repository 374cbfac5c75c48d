#!/usr/bin/env bats
# berth exec
bats_require_minimum_version 1.5.0
load helper

setup() {
	berth run -d --name box -e A=container busybox sleep 1000 >/dev/null
}

teardown() {
	berth rm -f box >/dev/null
	expect_no_reports
}

@test "the exit status and both streams are the command's" {
	run berth exec box sh -c 'echo out; exit 6'
	expect_status 6
	expect_output out
	run bash -c 'berth exec box sh -c "echo err >&2" 2>&1 >/dev/null'
	expect_output err
}

@test "stdin is passed on with -i only" {
	run berth exec -i box cat < <(echo in)
	expect_output in
	run berth exec box cat < <(echo in)
	expect_output ""
}

@test "environment, directory and user are as asked, above the container's" {
	run berth exec -e B=exec -w /tmp -u 1000:1000 box sh -c 'echo $A $B $PWD $(id -u):$(id -g)'
	expect_output "container exec /tmp 1000:1000"
}

@test "the command is in the container: its processes, its root" {
	run berth exec box sh -c 'cat /proc/1/cmdline | tr "\0" " "'
	expect_output "sleep 1000 "
}

@test "what keeps a command from being made gives 126, and makes no directory" {
	run -126 berth exec -w /no/such box true
	expect_contains 'chdir to cwd ("/no/such") failed: No such file or directory'
	run berth exec box test -e /no
	expect_status 1
	run -126 berth exec -w relative box true
	expect_contains "Cwd must be an absolute path"
	run -126 berth exec -u nobody-at-all box true
	expect_contains "unable to find user nobody-at-all"
}

@test "a command that is not found gives 127, one that cannot be executed 126" {
	run -127 berth exec box no-such-command
	run -126 berth exec box /etc
}

@test "-d returns at once" {
	run berth exec -d box sh -c 'sleep 0.2; echo done >/mark'
	expect_status 0
	expect_output ""
	marked() { berth exec box test -s /mark; }
	eventually marked
}

@test "-t gives a terminal" {
	run on_a_terminal berth exec -it box sh -c 'tty; stty size'
	expect_contains "/dev/pts/"
	run berth exec -it box true </dev/null
	expect_status 1
	expect_contains "the input device is not a TTY"
}

@test "a signal that ends it gives 128 and the signal's number" {
	run berth exec box sh -c 'kill -15 $$'
	expect_status 143
}

@test "a container that is not there or does not run is an error" {
	run berth exec absent true
	expect_status 1
	expect_contains "No such container: absent"
	berth create --name still busybox true >/dev/null
	run berth exec still true
	expect_status 1
	expect_contains "is not running"
	berth rm still
}

@test "options behind the container are the command's" {
	run berth exec box echo -i -t
	expect_output "-i -t"
}
