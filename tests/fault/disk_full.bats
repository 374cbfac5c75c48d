#!/usr/bin/env bats
# A full disk: a clear message, nothing half-made, and the space comes back.
load ../e2e/helper
load ../e2e/registry_helper

setup_file() {
	export mounts_before
	mounts_before=$(($(wc -l </proc/self/mountinfo) + 1))
	mkdir -p "$BATS_FILE_TMPDIR/disk"
	truncate -s 48M "$BATS_FILE_TMPDIR/disk.img"
	mkfs.ext4 -q -m 0 -O ^has_journal "$BATS_FILE_TMPDIR/disk.img"
	mount -o loop "$BATS_FILE_TMPDIR/disk.img" "$BATS_FILE_TMPDIR/disk"
	export BERTH_ROOT=$BATS_FILE_TMPDIR/disk/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
}

teardown_file() {
	rm -f "$BATS_FILE_TMPDIR/disk/fill"
	stop_servers
	remove_all
	expect_nothing_left
	expect_no_reports
	umount "$BATS_FILE_TMPDIR/disk"
}

free_kb() {
	df --output=avail -k "$BATS_FILE_TMPDIR/disk" | tail -n 1
}

fill_disk() {
	dd if=/dev/zero of="$BATS_FILE_TMPDIR/disk/fill" bs=64k 2>/dev/null || true
	dd if=/dev/zero bs=1k 2>/dev/null >>"$BATS_FILE_TMPDIR/disk/fill" || true
}

@test "an import on a full disk says so and gives the space back" {
	before=$(free_kb)
	head -c 60M /dev/urandom >"$BATS_TEST_TMPDIR/big"
	tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/big.tar" big
	run berth import "$BATS_TEST_TMPDIR/big.tar" big:latest
	[ "$status" -ne 0 ]
	expect_contains "No space left on device"
	run berth images -q big
	expect_output ""
	[ "$(free_kb)" -ge "$((before - 64))" ]
}

@test "a pull on a full disk says so, gives the space back, and works when there is some" {
	start_image_registry
	before=$(free_kb)
	fill_disk
	truncate -s -4M "$BATS_FILE_TMPDIR/disk/fill"
	for tag in large medium; do
		run berth pull "$image:$tag"
		expect_status 1
		expect_contains "No space left on device"
		run berth images -q "$image"
		expect_output ""
		[ -z "$(ls -A "$BERTH_ROOT/partial" "$BERTH_ROOT/tmp" | grep -v :)" ]
	done
	rm -f "$BATS_FILE_TMPDIR/disk/fill"
	[ "$(free_kb)" -ge "$((before - 64))" ]
	# The blob fits, the layer beside it does not.
	run berth pull "$image:large"
	expect_status 1
	expect_contains "No space left on device"
	[ "$(free_kb)" -ge "$((before - 64))" ]
	berth pull -q "$image:good"
	run berth run --rm --network none "$image:good" sh -c 'read -r x </text; echo "$x"'
	expect_output good
	berth rmi "$image:good"
	# The database keeps the pages that it has grown by; the image had megabytes.
	[ "$(free_kb)" -ge "$((before - 512))" ]
	stop_servers
}

@test "run on a full disk says so and leaves no container" {
	fill_disk
	for _ in $(seq 400); do
		run berth create --network none busybox true
		[ "$status" -eq 0 ] || break
	done
	expect_contains "No space left on device"
	rm -f "$BATS_FILE_TMPDIR/disk/fill"
	remove_all
	expect_nothing_left
	run berth run --rm --network none busybox echo again
	expect_output again
}

@test "a container that fills the disk fails by itself; afterwards its space is free again" {
	before=$(free_kb)
	run berth run --rm --network none busybox dd if=/dev/zero of=/fill bs=64k
	[ "$status" -ne 0 ]
	expect_contains "No space left on device"
	back() { [ "$(free_kb)" -ge "$((before - 64))" ]; }
	eventually back
}
