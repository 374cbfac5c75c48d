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

@test "files, directories and terminals of the host stay outside; a command's own streams are pipes" {
	echo input >"$BATS_TEST_TMPDIR/in"
	echo before >"$BATS_TEST_TMPDIR/out"
	berth exec -i box sh -c 'cat; echo spoiled >/proc/self/fd/0' \
		<"$BATS_TEST_TMPDIR/in" >>"$BATS_TEST_TMPDIR/out" || true
	# Alone, since it reads from the pipe what was written there before.
	berth exec box sh -c 'cat </proc/self/fd/1 >&2 & sleep 0.1; kill $!' \
		>>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || true
	[ "$(cat "$BATS_TEST_TMPDIR/in")" = input ]
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = $'before\ninput' ]
	run grep before "$BATS_TEST_TMPDIR/err"
	expect_status 1
	run berth exec -i box ls /proc/self/fd/0/ </
	expect_status 1
	expect_contains "Not a directory"
	run script -qec "berth exec -i box sh -c 'for f in 0 1 2; do readlink /proc/self/fd/\$f; done'" /dev/null
	[ "$(grep -c 'pipe:' <<<"$output")" -eq 3 ]
}

@test "what comes from a file and goes to one is complete and in its order" {
	head -c 1000000 /dev/urandom >"$BATS_TEST_TMPDIR/big"
	berth exec -i box cat <"$BATS_TEST_TMPDIR/big" >"$BATS_TEST_TMPDIR/copy"
	cmp "$BATS_TEST_TMPDIR/big" "$BATS_TEST_TMPDIR/copy"
	berth exec box sh -c 'for i in 1 2 3 4 5; do echo o$i; echo e$i >&2; done' >"$BATS_TEST_TMPDIR/both" 2>&1
	[ "$(xargs <"$BATS_TEST_TMPDIR/both")" = "o1 e1 o2 e2 o3 e3 o4 e4 o5 e5" ]
	# A command that reads nothing does not hang, nor one that leaves somebody with its output open.
	timeout 20 berth exec -i box true <"$BATS_TEST_TMPDIR/big"
	timeout 20 berth exec box sh -c 'sleep 100 & echo done' >"$BATS_TEST_TMPDIR/left"
	[ "$(cat "$BATS_TEST_TMPDIR/left")" = "done" ]
}

@test "a closed descriptor is not replaced by one of ours" {
	run bash -c 'berth exec -i box sh -c "readlink /proc/self/fd/0; cat" <&-'
	expect_status 0
	expect_output /dev/null
	for closed in '>&-' '2>&-' '<&- >&-' '<&- >&- 2>&-'; do
		run bash -c "berth exec -i box sh -c 'for f in 0 1 2; do readlink /proc/self/fd/\$f; done >/fds' $closed"
		run berth exec box grep -v -e '^/dev/null$' -e '^pipe:' -e '^/fds$' /fds
		expect_output ""
	done
	run bash -c 'berth exec box echo lost >&-'
	expect_status 1
	run bash -c 'berth ps -q >&-'
	expect_status 1
	expect_output "berth: write /dev/stdout: Bad file descriptor"
}

@test "output that cannot be written is no success" {
	run --separate-stderr bash -c 'berth exec box echo x >/dev/full'
	expect_status 1
	[ "$stderr" = "berth: the command's output: No space left on device" ]
}

@test "a signal ends exec and not the command, whose output is taken on" {
	berth exec box sh -c 'sleep 1; echo 1; sleep 0.2; echo 2; echo end >/ended; sleep 100' >"$BATS_TEST_TMPDIR/out" 3>&- &
	pid=$!
	sleep 0.5
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	eventually berth exec box test -e /ended
}
