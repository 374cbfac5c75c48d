#!/usr/bin/env bats
# berth logs
load helper

@test "logs gives both streams back, apart" {
	berth run --name logged busybox sh -c 'echo out; echo err >&2' >/dev/null 2>&1
	berth logs logged >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = out ]
	[ "$(cat "$BATS_TEST_TMPDIR/err")" = err ]
	berth rm logged
}

@test "the tail is that many lines" {
	berth run --name logged busybox seq 1 1000 >/dev/null
	run berth logs -n 2 logged
	expect_output $'999\n1000'
	run berth logs --tail=0 logged
	expect_output ""
	run berth logs --tail all logged
	[ "${#lines[@]}" -eq 1000 ]
	berth rm logged
}

@test "timestamps have nine digits" {
	berth run --name logged busybox echo x >/dev/null
	run berth logs -t logged
	[[ "$output" =~ ^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}Z\ x$ ]]
	berth rm logged
}

@test "since and until choose by time" {
	berth run --name logged busybox sh -c 'echo early; sleep 1.2; echo late' >/dev/null
	cut=$(berth logs -t -n 1 logged | cut -d' ' -f1)
	run berth logs --since "$cut" logged
	expect_output late
	run berth logs --until "$(date -u -d "$cut - 1 second" +%Y-%m-%dT%H:%M:%SZ)" logged
	expect_lacks late
	run berth logs --since 1h logged
	expect_output $'early\nlate'
	run berth logs --since nonsense logged
	expect_status 1
	berth rm logged
}

@test "-f follows until the container ends" {
	berth run -d --name logged busybox sh -c 'for i in 1 2 3; do echo $i; sleep 0.2; done' >/dev/null
	run timeout 10 "$BERTH" logs -f logged
	expect_status 0
	expect_output $'1\n2\n3'
	run timeout 10 "$BERTH" logs -f logged
	expect_output $'1\n2\n3'
	berth rm logged
}

@test "a line without a newline and bytes that are no text are kept" {
	berth run --name logged busybox printf 'no newline' >/dev/null
	run berth logs logged
	expect_output "no newline"
	berth rm logged
}

@test "max-size and max-file bound the log" {
	berth run --name logged --log-opt max-size=10k --log-opt max-file=2 busybox seq 1 5000 >/dev/null
	[ "$(cat "$BERTH_ROOT"/logs/*.log* | wc -c)" -le 25000 ]
	run berth logs -n 1 logged
	expect_output 5000
	berth rm logged
}

@test "the driver local keeps a bounded log of its own" {
	berth run --name own --log-driver local --log-opt max-size=2k --log-opt max-file=2 busybox seq 200 >/dev/null
	run berth logs --tail 1 own
	expect_output 200
	[ "$(berth logs own | wc -l)" -lt 200 ]
	run berth inspect --format '{{.HostConfig.LogConfig.Type}} "{{.LogPath}}"' own
	expect_output 'local ""'
	berth rm own
	run berth run --log-driver local --log-opt compress=true busybox true
	expect_status 125
	expect_contains "log opt compress=true is not supported"
	run berth run --log-opt labels=x busybox true
	expect_contains "log opt 'labels' is not supported"
	run berth run --log-driver syslog busybox true
	expect_contains "no log driver named 'syslog' is registered (json-file, local and none are)"
}

@test "with log driver none there is no log" {
	run berth run --name logged --log-driver none busybox echo seen
	expect_output seen
	run berth logs logged
	expect_status 1
	expect_contains "configured logging driver does not support reading"
	berth rm logged
}

@test "a container that is not there is an error" {
	run berth logs absent
	expect_status 1
	expect_output "berth: No such container: absent"
}

@test "times without a zone are in the user's" {
	berth run --name zoned busybox echo line
	an_hour_ahead=$(TZ=XYZ-1 date +%Y-%m-%dT%H:%M:%S -d '-1 minute')
	run env TZ=XYZ-1 "$BERTH" logs --since "$an_hour_ahead" zoned
	expect_output line
	run env TZ=XYZ-1 "$BERTH" logs --until "$an_hour_ahead" zoned
	expect_output ""
	run env TZ=UTC "$BERTH" logs --since "$an_hour_ahead" zoned
	expect_output ""
	berth rm zoned
}

@test "--details puts what the log carries before each line, and a blank where that is nothing" {
	berth run --name plain busybox echo line
	run berth logs --details plain
	expect_output " line"
	berth rm plain
}
