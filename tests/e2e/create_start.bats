#!/usr/bin/env bats
# berth create, start, restart, rename, wait, pause
load helper

@test "a created container is there and does not run" {
	id=$(berth create --name made busybox echo hello)
	[[ "$id" =~ ^[0-9a-f]{64}$ ]]
	container_is made created
	berth rm made
}

@test "start -a shows the output and gives the exit status" {
	berth create --name attached busybox sh -c 'echo hello; exit 4' >/dev/null
	run berth start -a attached
	expect_status 4
	expect_output hello
	berth rm attached
}

@test "start -ai passes stdin on" {
	berth create -i --name fed busybox cat >/dev/null
	run berth start -ai fed < <(echo food)
	expect_output food
	berth rm fed
}

@test "a container can be started again and again" {
	berth create --name again busybox sh -c 'echo x >>/count; wc -l </count' >/dev/null
	for i in 1 2 3; do
		run berth start -a again
		expect_output "$i"
	done
	berth rm again
}

@test "start prints the name that was given, and starting what runs is fine" {
	berth create --name sleeper busybox sleep 1000 >/dev/null
	run berth start sleeper
	expect_output sleeper
	run berth start sleeper
	expect_status 0
	berth rm -f sleeper
}

@test "several containers cannot be attached at once" {
	run berth start -a one two
	expect_status 1
	expect_contains "you cannot start and attach multiple containers at once"
}

@test "restart gives a new process" {
	berth run -d --name anew busybox sleep 1000 >/dev/null
	before=$(berth inspect -f '{{.State.Pid}}' anew)
	berth restart -t 0 anew
	after=$(berth inspect -f '{{.State.Pid}}' anew)
	[ "$before" -ne "$after" ]
	container_is anew running
	berth rm -f anew
}

@test "a restart policy starts a failing container again, and no more than it says" {
	berth run -d --name retry --restart on-failure:2 busybox sh -c 'echo x; exit 1' >/dev/null
	done_retrying() { [ "$(berth logs retry | wc -l)" -eq 3 ] && container_is retry exited; }
	eventually done_retrying
	[ "$(berth inspect -f '{{.RestartCount}}' retry)" -eq 2 ]
	berth rm retry
}

@test "rename gives the other name up" {
	berth create --name old busybox true >/dev/null
	berth rename old new
	container_gone old
	container_is new created
	run berth rename absent other
	expect_status 1
	expect_contains "No such container: absent"
	berth rm new
}

@test "wait prints the exit status" {
	berth run -d --name waited busybox sh -c 'sleep 0.2; exit 9' >/dev/null
	run berth wait waited
	expect_output 9
	run berth wait waited
	expect_output 9
	berth rm waited
}

@test "a paused container is paused until it is not" {
	berth run -d --name frozen busybox sleep 1000 >/dev/null
	berth pause frozen
	container_is frozen paused
	run berth pause frozen
	[ "$status" -ne 0 ]
	run berth exec frozen true
	[ "$status" -ne 0 ]
	berth unpause frozen
	container_is frozen running
	run berth unpause frozen
	[ "$status" -ne 0 ]
	berth rm -f frozen
}

@test "--volumes-from mounts what other containers have mounted" {
	mkdir "$BATS_TEST_TMPDIR"/{one,two,own}
	echo one >"$BATS_TEST_TMPDIR/one/file"
	echo two >"$BATS_TEST_TMPDIR/two/file"
	echo own >"$BATS_TEST_TMPDIR/own/file"
	berth create --name data -v "$BATS_TEST_TMPDIR/one:/one" -v "$BATS_TEST_TMPDIR/two:/two:ro" \
		--mount type=tmpfs,dst=/small,tmpfs-size=1m busybox true
	run berth run --rm --volumes-from data busybox sh -c \
		'cat /one/file /two/file; echo new >/one/new; touch /two/new 2>&1; df -k /small | tail -1 | tr -s " " | cut -d" " -f2'
	expect_output $'one\ntwo\ntouch: /two/new: Read-only file system\n1024'
	[ "$(cat "$BATS_TEST_TMPDIR/one/new")" = new ]
	run berth run --rm --volumes-from data:ro -v "$BATS_TEST_TMPDIR/own:/two" busybox sh -c 'touch /one/x 2>&1; cat /two/file'
	expect_output $'touch: /one/x: Read-only file system\nown'
	berth create --name heir --volumes-from data busybox true
	run berth inspect --format '{{.HostConfig.VolumesFrom}} {{len .Mounts}}' heir
	expect_output "[data] 3"
	berth rm data heir
	run berth create --volumes-from nobody busybox true
	expect_contains "No such container: nobody"
	berth create --name data busybox true
	run berth create --volumes-from data:shared busybox true
	expect_contains "invalid mode: shared"
	berth rm data
}

@test "the exit status is the same for all who ask right after the end" {
	for _ in $(seq 40); do
		berth run -d --name asked busybox sh -c 'sleep 0.02; exit 9' >/dev/null
		said="$(berth wait asked) $(berth wait asked) $(berth inspect -f '{{.State.Status}} {{.State.ExitCode}}' asked)"
		[ "$said" = "9 9 exited 9" ] || { echo "$said"; false; }
		berth rm asked >/dev/null
	done
}
