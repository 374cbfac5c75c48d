#!/usr/bin/env bats
# Any process may be killed at any instant: nothing leaks, and what the store says is true.
load ../e2e/helper

# A random number below $1.
below() {
	echo $((RANDOM * 32768 % $1 + RANDOM % $1)) | awk -v n="$1" '{ print $1 % n }'
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
	expect_nothing_left
}

@test "a container with --rm whose shim is killed is removed by the next command" {
	id=$(berth run -d --rm --network none busybox sleep 1000)
	kill -9 "$(shim_of "$id")"
	eventually container_gone "$id"
	expect_nothing_left
}

@test "a container that always restarts comes back when its shim was killed" {
	id=$(berth run -d --name phoenix --restart always --network none busybox sleep 1000)
	kill -9 "$(shim_of "$id")"
	back() { berth ps -q >/dev/null; container_is phoenix running; }
	eventually back
	berth rm -f phoenix
	expect_nothing_left
}

@test "100 rounds of killing the command, the shim, or both at a random instant leave nothing behind" {
	for round in $(seq 100); do
		mode=$((round % 4))
		case $mode in
		0 | 1) berth run --rm --network none busybox sh -c 'echo x; sleep 0.02' >/dev/null 2>&1 & ;;
		2) berth run -d --network none busybox sleep 0.05 >/dev/null 2>&1 & ;;
		3) berth run --name "r$round" --network none busybox sleep 0.02 >/dev/null 2>&1 & ;;
		esac
		command=$!
		sleep "0.0$(printf %02d "$(below 60)")"
		case $((RANDOM % 3)) in
		0) kill -9 "$command" ;;
		1) shims | xargs -r kill -9 ;;
		2) kill -9 "$command"; shims | xargs -r kill -9 ;;
		esac 2>/dev/null || true
		wait "$command" 2>/dev/null || true
		if [ $((round % 10)) -eq 0 ]; then
			states_are_true
		fi
	done
	states_are_true
	remove_all
	expect_nothing_left
}

@test "killing rm, stop and start at a random instant leaves a container that can be removed" {
	for round in $(seq 30); do
		berth run -d --name "k$round" --network none busybox sleep 1000 >/dev/null
		case $((round % 3)) in
		0) berth rm -f "k$round" >/dev/null 2>&1 & ;;
		1) berth stop -t 0 "k$round" >/dev/null 2>&1 & ;;
		2) berth restart -t 0 "k$round" >/dev/null 2>&1 & ;;
		esac
		command=$!
		sleep "0.0$(printf %02d "$(below 40)")"
		kill -9 "$command" 2>/dev/null || true
		wait "$command" 2>/dev/null || true
		states_are_true
		container_gone "k$round" || berth rm -f "k$round" >/dev/null
	done
	expect_nothing_left
}

@test "killing load at a random instant leaves no image and no file, or the whole image" {
	for round in $(seq 20); do
		berth import "$(busybox_tar)" "torn:$round" >/dev/null 2>&1 &
		command=$!
		sleep "0.0$(printf %02d "$(below 50)")"
		kill -9 "$command" 2>/dev/null || true
		pkill -9 -P "$command" 2>/dev/null || true
		wait "$command" 2>/dev/null || true
		if berth image inspect "torn:$round" >/dev/null 2>&1; then
			run berth run --rm --network none "torn:$round" echo whole
			expect_output whole
		fi
	done
	berth images -q >/dev/null
	tmp_empty() { [ -z "$(ls -A "$BERTH_ROOT/tmp" 2>/dev/null)" ]; }
	eventually tmp_empty
}
