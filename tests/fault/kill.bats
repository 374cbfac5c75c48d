#!/usr/bin/env bats
# Any process may be killed at any instant: nothing leaks, and what the store says is true.
load ../e2e/helper
load ../e2e/registry_helper

# What is random follows from a seed, which a failing test shows; BERTH_TEST_SEED sets it again.
# The instants themselves are the machine's.
setup() {
	seed=${BERTH_TEST_SEED:-$((10#$(date +%N) % 32768))}
	RANDOM=$seed
	echo "BERTH_TEST_SEED=$seed"
}

# A process that is killed while it looks for its own leaks leaves its tracer with nothing to look at,
# which says so: no finding, where processes are killed on purpose.
teardown() {
	local report

	for report in "$berth_build"/reports/*; do
		[ ! -e "$report" ] || grep -qv 'Unable to get registers from thread' "$report" || rm -f "$report"
	done
	stop_servers
	expect_no_reports
}

# A random number below $1, in $picked: a subshell would have random numbers of its own.
pick() {
	picked=$((RANDOM % $1))
}

# sleep_below N: sleeps for a random number of milliseconds below N, which is at most 100.
sleep_below() {
	pick "$1"
	sleep "0.0$(printf %02d "$picked")"
}

# The shim of container ID.
shim_of() {
	pgrep -f "^berth-shim $1"
}

shims() {
	pgrep -x berth-shim
}

# Every container that the store knows must be in a state that the kernel agrees with.
states_are_true() {
	local id status pid

	while read -r id status pid; do
		case $status in
		running | paused) kill -0 "$pid" || { echo "$id: $status, but no process $pid"; return 1; } ;;
		*) [ -z "$(shim_of "$id")" ] || { echo "$id: $status, but it has a shim"; return 1; } ;;
		esac
	done < <(berth ps -aq --no-trunc | xargs -r berth inspect --format '{{.Id}} {{.State.Status}} {{.State.Pid}}')
}

@test "a container whose shim is killed is stopped with status 137, and can be started again" {
	id=$(berth run -d --name victim --network none busybox sleep 1000)
	pid=$(berth inspect -f '{{.State.Pid}}' victim)
	kill -9 "$(shim_of "$id")"
	eventually container_is victim exited
	run berth inspect -f '{{.State.ExitCode}}' victim
	expect_output 137
	# At most its corpse is there, which is for whoever adopted it to reap.
	dead() { [[ "$(ps -o stat= -p "$pid")" == Z* || ! -e /proc/$pid ]]; }
	eventually dead
	berth start victim
	container_is victim running
	berth rm -f victim
	expect_healed
}

@test "a container with --rm whose shim is killed is removed by the next command" {
	id=$(berth run -d --rm --network none busybox sleep 1000)
	kill -9 "$(shim_of "$id")"
	eventually container_gone "$id"
	expect_healed
}

@test "a container that always restarts comes back when its shim was killed" {
	id=$(berth run -d --name phoenix --restart always --network none busybox sleep 1000)
	kill -9 "$(shim_of "$id")"
	back() { berth ps -q >/dev/null; container_is phoenix running; }
	eventually back
	berth rm -f phoenix
	expect_healed
}

@test "100 rounds of killing the command, the shim, or both at a random instant leave nothing behind" {
	killed=0
	for round in $(seq 100); do
		case $((round % 4)) in
		0) arguments=(--rm busybox sh -c 'echo x; sleep 0.02') ;;
		1) arguments=(--rm --init busybox sleep 0.03) ;;
		2) arguments=(-d busybox sleep 0.05) ;;
		3) arguments=(--name "r$round" busybox sleep 0.02) ;;
		esac
		# Without bats's own descriptor, which whoever is left would keep open.
		"$BERTH" run --network none "${arguments[@]}" >/dev/null 2>&1 3>&- &
		command=$!
		sleep_below 60
		pick 3
		case $picked in
		0) kill -9 "$command" ;;
		1) shims | xargs -r kill -9 ;;
		2) kill -9 "$command"; shims | xargs -r kill -9 ;;
		esac 2>/dev/null || true
		status=0
		wait "$command" || status=$?
		[ "$status" -ne 137 ] || killed=$((killed + 1))
		eventually states_are_true || { echo "round $round"; false; }
		if [ $((round % 10)) -eq 0 ]; then
			expect_healed || { echo "round $round"; false; }
		fi
	done
	# Not all of them came too late.
	[ "$killed" -ge 10 ] || { echo "only $killed of $round were killed"; false; }
}

@test "killing rm, stop and start at a random instant leaves a container that can be removed" {
	for round in $(seq 30); do
		berth run -d --name "k$round" --network none busybox sleep 1000 >/dev/null
		case $((round % 3)) in
		0) "$BERTH" rm -f "k$round" >/dev/null 2>&1 3>&- & ;;
		1) "$BERTH" stop -t 0 "k$round" >/dev/null 2>&1 3>&- & ;;
		2) "$BERTH" restart -t 0 "k$round" >/dev/null 2>&1 3>&- & ;;
		esac
		command=$!
		sleep_below 40
		kill -9 "$command" 2>/dev/null || true
		wait "$command" || true
		eventually states_are_true
		container_gone "k$round" || berth rm -f "k$round" >/dev/null
	done
	expect_healed
}

@test "killing exec at a random instant leaves the container running" {
	berth run -d --name host --network none busybox sleep 1000 >/dev/null
	for round in $(seq 20); do
		"$BERTH" exec host sleep 0.02 >/dev/null 2>&1 3>&- &
		command=$!
		sleep_below 40
		kill -9 "$command" 2>/dev/null || true
		wait "$command" || true
		container_is host running
	done
	run berth exec host echo whole
	expect_output whole
	berth rm -f host
	expect_healed
}

@test "killing load at a random instant leaves no image and no file, or the whole image" {
	for round in $(seq 20); do
		"$BERTH" import "$(busybox_tar)" "torn:$round" >/dev/null 2>&1 3>&- &
		command=$!
		sleep_below 50
		kill -9 "$command" 2>/dev/null || true
		pkill -9 -P "$command" 2>/dev/null || true
		wait "$command" || true
		if berth image inspect "torn:$round" >/dev/null 2>&1; then
			run berth run --rm --network none "torn:$round" echo whole
			expect_output whole
		fi
	done
	berth images -q >/dev/null
	tmp_empty() { [ -z "$(ls -A "$BERTH_ROOT/tmp" 2>/dev/null)" ]; }
	eventually tmp_empty
}

tmp_empty() {
	berth images -q >/dev/null # sweeps
	[ -z "$(ls -A "$BERTH_ROOT/tmp" 2>/dev/null)" ]
}

no_fetch() {
	! pgrep -x berth-fetch >/dev/null
}

# The image is there and whole, or it is not there at all, and nobody is at it.
pull_is_whole_or_not() {
	eventually no_fetch
	eventually tmp_empty
	berth image inspect "$image:medium" >/dev/null 2>&1 || return 0
	run berth run --rm --network none "$image:medium" sh -c 'md5sum </medium'
	expect_output "$medium"
	(cd "$BERTH_ROOT/blobs/sha256" && for f in *; do echo "$f *$f"; done | sha256sum -c --quiet)
	berth rmi "$image:medium" >/dev/null
}

# asked: how many bytes of blobs were asked for, by the ranges in the log
asked() {
	awk '$2 ~ /blobs/ && split($3, r, /[=-]/) == 3 { n += r[3] - r[2] + 1 } END { print n + 0 }' "$image_log"
}

@test "killing a pull at a random instant leaves the image whole or absent, and what is verified is not fetched again" {
	start_image_registry 30000000
	berth pull -q "$image:medium" >/dev/null
	all=$(asked)
	medium=$(berth run --rm --network none "$image:medium" sh -c 'md5sum </medium')
	berth rmi "$image:medium" >/dev/null
	killed=0
	for round in $(seq 24); do
		# Every third pull is a child of run, and then either of the two is killed.
		if [ $((round % 3)) -gt 0 ]; then
			"$BERTH" pull -q "$image:medium" >/dev/null 2>&1 3>&- &
		else
			"$BERTH" run --rm --network none "$image:medium" true >/dev/null 2>&1 3>&- &
		fi
		command=$!
		pick 9
		sleep "0.$picked"
		pick 2
		if [ "$picked" -eq 0 ]; then pkill -9 -x berth-fetch || true; fi
		[ "$picked" -eq 0 ] && [ $((round % 3)) -eq 0 ] || kill -9 "$command" 2>/dev/null || true
		status=0
		wait "$command" || status=$?
		[ "$status" -eq 0 ] || killed=$((killed + 1))
		pull_is_whole_or_not || { echo "round $round"; false; }
	done
	expect_healed
	[ "$killed" -ge 8 ] || { echo "only $killed of $round were killed"; false; }
	# Once more, when a known part is there.
	rm -f "$BERTH_ROOT"/partial/*
	"$BERTH" pull -q "$image:medium" >/dev/null 2>&1 3>&- &
	command=$!
	some() { [ "$(du -k "$BERTH_ROOT/partial" | cut -f1)" -gt 8000 ]; }
	eventually some
	kill -9 "$command"
	wait "$command" || true
	: >"$image_log"
	berth pull -q "$image:medium" >/dev/null
	[ "$(asked)" -gt 0 ] && [ "$(asked)" -le $((all - (5 << 20))) ] || { echo "asked for $(asked) of $all bytes"; false; }
	pull_is_whole_or_not
}
