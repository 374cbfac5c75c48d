#!/usr/bin/env bats
# Many containers, one after the other and at once: nothing grows.
load ../e2e/helper

# What the kernel holds that a leak would add to: mounts, cgroups, network namespaces, processes.
kernel_counts() {
	local ns

	ns=$(find /proc/[0-9]*/ns/net -maxdepth 0 -printf '%l\n' 2>/dev/null | sort -u | wc -l)
	echo "mounts $(wc -l </proc/self/mountinfo) cgroups $(find /sys/fs/cgroup -type d -path '*/berth/*' | wc -l)" \
		"netns $ns shims $(pgrep -r R,S,D,T -xc berth-shim || true)"
}

@test "200 cycles of start and stop leak no mount, cgroup, namespace, process, descriptor or file" {
	berth create --name cycle --network none --stop-signal KILL busybox sleep 1000 >/dev/null
	before=$(kernel_counts)
	# The first start makes the mount points that the image lacks, the filter and the log.
	berth start cycle >/dev/null
	berth stop cycle >/dev/null
	same() { [ "$(kernel_counts)" = "$before" ]; }
	eventually same
	files_before=$(find "$BERTH_ROOT" "$BERTH_STATE" | wc -l)
	for _ in $(seq 200); do
		berth start cycle >/dev/null
		berth stop cycle >/dev/null
	done
	eventually same || { kernel_counts; echo "before: $before"; false; }
	files_same() { [ "$(find "$BERTH_ROOT" "$BERTH_STATE" | wc -l)" -eq "$files_before" ]; }
	eventually files_same
	berth rm cycle
	expect_nothing_left
}

@test "a shim's descriptors do not grow with execs, attaches and signals" {
	id=$(berth run -d --name steady --network none busybox sh -c 'trap : USR1; while :; do sleep 0.1; done')
	shim=$(pgrep -f "^berth-shim $id")
	berth kill -s USR1 steady
	before=$(ls "/proc/$shim/fd" | wc -l)
	for _ in $(seq 30); do
		berth exec steady true
		berth kill -s USR1 steady >/dev/null
		timeout 0.05 berth attach --no-stdin --sig-proxy=false steady >/dev/null || true
	done
	settled() { [ "$(ls "/proc/$shim/fd" | wc -l)" -eq "$before" ]; }
	eventually settled
	berth rm -f steady
}

@test "30 runs at once all give the right output and exit status" {
	for i in $(seq 30); do
		(
			code=0
			out=$(berth run --rm --network none busybox sh -c "echo out-$i; exit $i") || code=$?
			echo "$code $out" >"$BATS_TEST_TMPDIR/$i"
		) &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in $(seq 30); do
		[ "$(cat "$BATS_TEST_TMPDIR/$i")" = "$i out-$i" ]
	done
	expect_nothing_left
}

@test "30 removals, stops and starts of one container at once end in one of its states" {
	berth run -d --name contested --network none busybox sleep 1000 >/dev/null
	for i in $(seq 10); do
		berth stop -t 0 contested >/dev/null 2>&1 &
		pids+=($!)
		berth start contested >/dev/null 2>&1 &
		pids+=($!)
		berth restart -t 0 contested >/dev/null 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}" || true # which of them comes too late is chance
	run state_of contested
	[[ "$output" == running || "$output" == exited ]]
	berth rm -f contested
	expect_nothing_left
}
