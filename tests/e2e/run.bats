#!/usr/bin/env bats
# berth run: streams, exit status, what the command sees
bats_require_minimum_version 1.5.0
load helper

@test "output goes to stdout and stderr, apart" {
	berth run --rm busybox sh -c 'echo out; echo err >&2' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = out ]
	[ "$(cat "$BATS_TEST_TMPDIR/err")" = err ]
}

@test "-a attaches to the streams that it names, and to no other" {
	both='echo out; echo err >&2'
	run --separate-stderr berth run --rm -a stdout busybox sh -c "$both"
	expect_output out
	[ -z "$stderr" ]
	run --separate-stderr berth run --rm -a STDERR busybox sh -c "$both"
	expect_output ""
	[ "$stderr" = err ]
	run --separate-stderr berth run --rm -a stdout -a stderr busybox sh -c "$both"
	expect_output out
	[ "$stderr" = err ]
	run berth run --rm -i -a stdin busybox sh -c 'cat; exit 5' <<<unseen
	expect_status 5
	expect_output ""
	run berth run --rm -a nothing busybox true
	expect_status 125
	expect_contains "valid streams are STDIN, STDOUT and STDERR"
}

@test "the exit status is the command's" {
	run berth run --rm busybox sh -c 'exit 7'
	expect_status 7
	run berth run --rm busybox true
	expect_status 0
}

@test "a command that a signal ends gives 128 and the signal's number" {
	berth run --rm --name shot busybox sleep 1000 &
	eventually container_is shot running
	berth kill shot
	status=0
	wait $! || status=$?
	expect_status 137
}

@test "a command that is not found gives 127, one that cannot be executed 126" {
	run -127 berth run --rm busybox /no/such/command
	run -126 berth run --rm busybox /etc
}

@test "a failing engine gives 125 and says why" {
	run berth run --rm no-such-image true
	expect_status 125
	expect_contains "berth: "
	expect_contains "no-such-image"
	expect_contains "Run 'berth run --help' for more information"
}

@test "the image's command runs when none is given" {
	run berth run --rm -i busybox <<<'echo from sh'
	expect_output "from sh"
}

@test "stdin reaches the command and ends" {
	run berth run --rm -i busybox cat < <(printf 'a\nb\n')
	expect_output $'a\nb'
	run berth run --rm busybox cat < <(echo unseen)
	expect_output ""
}

@test "a megabyte goes in and comes out whole" {
	head -c 1000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	berth run --rm -i busybox cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "the primary group is among the groups, for run and for exec" {
	run berth run --rm -u 1000 --group-add 77 busybox sh -c 'grep Groups /proc/self/status'
	[ "$(echo $output)" = "Groups: 50 77 1000" ]
	berth run -d --name groups busybox sleep 1000
	run berth exec -u nobody groups grep Groups /proc/self/status
	[ "$(echo $output)" = "Groups: 65534" ]
	berth rm -f groups
}

@test "environment, working directory, user and hostname are as asked" {
	run env OWN=mine "$BERTH" run --rm -e A=1 -e OWN -e NOT_SET -w /tmp -u 1000:1000 --hostname harbour busybox \
		sh -c 'echo $A $OWN ${NOT_SET-unset} $PWD $(id -u):$(id -g) $(hostname)'
	expect_output "1 mine unset /tmp 1000:1000 harbour"
}

@test "an environment file is read before -e" {
	printf '# comment\nA=file\nB=file\n' >"$BATS_TEST_TMPDIR/env"
	run berth run --rm --env-file "$BATS_TEST_TMPDIR/env" -e A=flag busybox sh -c 'echo $A $B'
	expect_output "flag file"
}

@test "an environment file with a NUL byte is refused, not cut there" {
	printf 'A=1\0B=2\nC=3\n' >"$BATS_TEST_TMPDIR/nul"
	run berth run --rm --env-file "$BATS_TEST_TMPDIR/nul" busybox env
	expect_status 125
	expect_contains "nul: a NUL byte at offset 3"
}

@test "the entrypoint can be replaced and reset" {
	run berth run --rm --entrypoint echo busybox hello
	expect_output hello
	run berth run --rm --entrypoint= busybox echo reset
	expect_output reset
}

@test "a directory is bound, read-only when asked" {
	mkdir "$BATS_TEST_TMPDIR/dir"
	echo inside >"$BATS_TEST_TMPDIR/dir/file"
	run berth run --rm -v "$BATS_TEST_TMPDIR/dir:/data" busybox sh -c 'cat /data/file; echo new >/data/made'
	expect_output inside
	[ "$(cat "$BATS_TEST_TMPDIR/dir/made")" = new ]
	run berth run --rm -v "$BATS_TEST_TMPDIR/dir:/data:ro" busybox touch /data/x
	[ "$status" -ne 0 ]
	run berth run --rm --mount "type=bind,source=$BATS_TEST_TMPDIR/dir,target=/data,readonly" busybox touch /data/x
	[ "$status" -ne 0 ]
}

@test "a missing source is made for -v and refused for --mount" {
	berth run --rm -v "$BATS_TEST_TMPDIR/made:/data" busybox true
	[ -d "$BATS_TEST_TMPDIR/made" ]
	run berth run --rm --mount "type=bind,source=$BATS_TEST_TMPDIR/absent,target=/data" busybox true
	expect_status 125
	expect_contains "bind source path does not exist"
}

@test "a tmpfs is mounted with its options" {
	run berth run --rm --tmpfs /t:size=1m busybox sh -c 'grep " /t " /proc/mounts'
	expect_contains "size=1024k"
}

@test "a read-only root cannot be written" {
	run berth run --rm --read-only busybox touch /x
	[ "$status" -ne 0 ]
	expect_contains "Read-only file system"
}

@test "limits are set" {
	run berth run --rm -m 64m --pids-limit 40 --ulimit nofile=100:200 busybox sh -c '
		cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max
		cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max
		ulimit -Sn'
	expect_contains $'67108864\n40\n100'
}

@test "-d prints the ID and the container goes on" {
	id=$(berth run -d --name background busybox sleep 1000)
	[[ "$id" =~ ^[0-9a-f]{64}$ ]]
	container_is background running
	berth rm -f background
}

@test "--rm leaves nothing, without it the container stays" {
	berth run --rm --name gone busybox true
	container_gone gone
	berth run --name stays busybox true
	container_is stays exited
	berth rm stays
}

@test "a detached container with --rm removes itself" {
	id=$(berth run -d --rm busybox true)
	eventually container_gone "$id"
}

@test "the ID is written to --cidfile, and an existing file is not overwritten" {
	berth run --rm --cidfile "$BATS_TEST_TMPDIR/cid" busybox true
	[ "$(wc -c <"$BATS_TEST_TMPDIR/cid")" -eq 64 ]
	run berth run --rm --cidfile "$BATS_TEST_TMPDIR/cid" busybox true
	expect_status 125
	expect_contains "container ID file found"
}

@test "a name that is taken is refused" {
	berth create --name taken busybox true
	run berth run --rm --name taken busybox true
	expect_status 125
	expect_contains "already in use"
	berth rm taken
}

@test "options that do not exist or are not supported are refused by name" {
	run berth run --nope busybox
	expect_status 125
	expect_output $'unknown flag: --nope\n\nUsage:  berth run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nRun \'berth run --help\' for more information'
	run berth run --link web busybox
	expect_status 125
	expect_contains "--link is not supported"
	run berth run --network nowhere busybox
	expect_status 125
	expect_contains "network nowhere not found"
	run berth run --name
	expect_status 125
	expect_contains "flag needs an argument: --name"
}

@test "a terminal is needed for -it" {
	run berth run --rm -it busybox true </dev/null
	expect_status 1
	expect_contains "the input device is not a TTY"
}

@test "a container with a terminal sees one" {
	run on_a_terminal berth run --rm -t busybox sh -c 'tty; test -t 1 && echo yes'
	expect_contains "/dev/pts/0"
	expect_contains "yes"
}

@test "the terminal has the caller's size" {
	run on_a_terminal 'stty rows 33 cols 77; berth run --rm -it busybox stty size'
	expect_contains "33 77"
}

@test "signals to the command go to the container" {
	berth run --name trap busybox sh -c 'trap "echo got; exit 5" TERM; echo ready; while :; do sleep 0.05; done' >"$BATS_TEST_TMPDIR/out" &
	pid=$!
	eventually grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	expect_status 5
	container_is trap exited
	[ "$(berth inspect -f '{{.State.ExitCode}}' trap)" -eq 5 ]
	grep -q got "$BATS_TEST_TMPDIR/out"
	berth rm trap
}

@test "--init reaps and forwards" {
	run berth run --rm --init busybox sh -c 'sleep 0.01 & echo $$; exit 3'
	expect_status 3
	[ "$output" -ne 1 ]
}

@test "--network none has no interface but lo, host has the caller's" {
	run berth run --rm --network none busybox ls /sys/class/net
	expect_output lo
	run berth run --rm --network host busybox readlink /proc/self/ns/net
	expect_output "$(readlink /proc/self/ns/net)"
}

@test "a full stdout is an error" {
	run bash -c 'berth run --rm busybox echo x >/dev/full'
	[ "$status" -ne 0 ]
	expect_contains "No space left on device"
}
