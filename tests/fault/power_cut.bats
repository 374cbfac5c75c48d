#!/usr/bin/env bats
# What a command reported as done survives a power cut. The disk is an ext4 file system of its own;
# the cut is the kernel's FS_IOC_SHUTDOWN without a flush of the journal: from that instant nothing
# reaches the disk. Afterwards processes, STATE and the boot ID are gone, as after a real one, and the
# next mount replays the journal.
load ../e2e/helper
load ../e2e/registry_helper

setup_file() {
	export mounts_before
	mounts_before=$(wc -l </proc/self/mountinfo)
	export disk=$BATS_FILE_TMPDIR/disk disk_image=$BATS_FILE_TMPDIR/disk.img boot_id=$BATS_FILE_TMPDIR/boot_id
	export BERTH_ROOT=$disk/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	export archive=$BATS_FILE_TMPDIR/archive.tar base
	base=$(busybox_tar)
	"$berth_source/tests/lib/make-archive" good-old "$archive" >/dev/null
	mkdir -p "$disk"
}

teardown() {
	lose_power
	restore_power
	rebooted sh -c 'berth ps -aq | xargs -r berth rm -f' >/dev/null
	umount "$disk"
	rm -rf "$BERTH_STATE"
}

teardown_file() {
	stop_servers
	expect_nothing_left
}

new_disk() {
	! mountpoint -q "$disk" || umount "$disk"
	rm -rf "$disk_image" "$BERTH_STATE"
	truncate -s 192M "$disk_image"
	mkfs.ext4 -q -b 4096 "$disk_image"
	mount -o loop "$disk_image" "$disk"
}

# From now on nothing is written; only what was reported before counts. 2 is
# EXT4_GOING_FLAGS_NOLOGFLUSH.
cut_power() {
	[ ! -e "$BATS_TEST_TMPDIR/reported" ] || cp "$BATS_TEST_TMPDIR/reported" "$BATS_TEST_TMPDIR/done"
	python3 -c 'import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack("I", 2))' "$disk"
}

# The processes and the groups of containers go with the machine.
lose_power() {
	local dir id

	for dir in "$BERTH_STATE"/c/*; do
		id=$(basename "$dir")
		[ "${#id}" -eq 64 ] || continue
		pkill -9 -f "^berth-shim $id" || true
		group_gone() { find /sys/fs/cgroup -depth -path "*/berth/$id*" -type d -exec rmdir {} + 2>/dev/null; }
		eventually group_gone
	done
	eventually umount "$disk"
}

restore_power() {
	rm -rf "$BERTH_STATE"
	cat /proc/sys/kernel/random/uuid >"$boot_id"
	mount -o loop "$disk_image" "$disk"
}

# rebooted COMMAND...: in a world whose boot ID is the new one
rebooted() {
	unshare --mount --propagation private -- sh -c 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"' \
		"$boot_id" "$@"
}

# step NAME STATUS COMMAND...: notes that it begins, and that it has reported STATUS.
step() {
	local name=$1 want=$2 status=0
	shift 2
	echo "$name" >>"$BATS_TEST_TMPDIR/begun"
	timeout -k 1 20 "$@" >/dev/null 2>&1 || status=$?
	[ "$status" -eq "$want" ] || exit 1
	echo "$name" >>"$BATS_TEST_TMPDIR/reported"
}

workload() {
	step import 0 berth import -c 'CMD ["sh"]' "$base" base:latest
	step create 0 berth create --name created --network none base echo created
	step run 0 berth run -d --name ran --network none base sleep 1000
	step exit 7 berth run --name ended --network none base sh -c 'echo committed >/text; exit 7'
	step commit 0 berth commit ended committed:1
	step load 0 berth load -q -i "$archive"
	step tag 0 berth tag base base:tagged
	step named 0 berth create --name old --network none test echo renamed
	step rename 0 berth rename old new
	step doomed 0 berth create --name doomed --network none base true
	step rm 0 berth rm doomed
	step spare 0 berth import -m spare "$base" spare:latest
	step rmi 0 berth rmi spare
	step policy 0 berth run -d --name stopped --restart unless-stopped --network none base sleep 1000
	step stop 0 berth stop -t 0 stopped
	step untag 0 berth rmi base:tagged
}

is_done() {
	grep -qx "$1" "$BATS_TEST_TMPDIR/done"
}

# A step whose outcome may not be there nor be missing: it has begun and not reported.
is_open() {
	! is_done "$1" && grep -qx "$1" "$BATS_TEST_TMPDIR/begun"
}

# A promise that was broken is written down, and the round goes on.
broken() {
	echo "$*" >>"$BATS_TEST_TMPDIR/broken"
}

# expect_exact WHAT WANT COMMAND...: the output of a command in the rebooted world
expect_exact() {
	local what=$1 want=$2 got
	shift 2
	got=$(rebooted "$@" 2>&1) || true
	[ "$got" = "$want" ] || broken "$what: '$got', not '$want'"
}

expect_image() { # expect_image NAME
	expect_exact "image $1" "$(md5sum </bin/busybox)" berth run --rm --network none "$1" sh -c 'busybox md5sum </bin/busybox'
}

has_container() {
	rebooted berth inspect --type container "$1" >/dev/null 2>&1
}

expect_container() {
	has_container "$1" || broken "container $1 is not there"
}

expect_no_container() {
	! has_container "$1" || broken "container $1 is there"
}

has_image() {
	rebooted berth image inspect "$1" >/dev/null 2>&1
}

expect_no_image() {
	! has_image "$1" || broken "image $1 is there"
}

# Everything that was reported, as far as the step that was under way does not take it back.
promises_are_kept() {
	if is_done import; then expect_image base; fi
	if is_done load; then
		expect_image test
		expect_exact "text" good-old berth run --rm --network none test cat /text
	fi
	if is_done create; then expect_exact created created berth start -a created; fi
	if is_done exit; then expect_exact "exit status" "exited 7" berth inspect -f '{{.State.Status}} {{.State.ExitCode}}' ended; fi
	if is_done commit; then expect_exact "commit" committed berth run --rm --network none committed:1 cat /text; fi
	if is_done tag && ! is_open untag && ! is_done untag; then expect_image base:tagged; fi
	if is_done untag; then expect_no_image base:tagged; fi
	if is_done run; then
		expect_exact "run -d" exited berth inspect -f '{{.State.Status}}' ran
		expect_exact "starting it" ran berth start ran
	fi
	if is_done named && ! is_open rename && ! is_done rename; then expect_exact old renamed berth start -a old; fi
	if is_open rename; then has_container old || expect_container new; fi
	if is_done rename; then
		expect_exact new renamed berth start -a new
		expect_no_container old
	fi
	if is_done doomed && ! is_open rm && ! is_done rm; then expect_container doomed; fi
	if is_done rm; then expect_no_container doomed; fi
	if is_done spare && ! is_open rmi && ! is_done rmi; then expect_image spare; fi
	if is_done rmi; then expect_no_image spare; fi
	if is_done stop; then expect_exact "stopped" exited berth inspect -f '{{.State.Status}}' stopped; fi
}

# What there is, reported or not, is whole (by EXPECT NAME), can be removed, and leaves nothing.
nothing_is_half_there() { # nothing_is_half_there EXPECT
	local name all

	run sh -c "cd '$BERTH_ROOT/blobs/sha256' && for f in *; do echo \"\$f *\$f\"; done | sha256sum -c --quiet"
	[ "$status" -eq 0 ] || [ "$(ls "$BERTH_ROOT/blobs/sha256" 2>&1)" = "" ] || broken "blobs: $output"
	for name in $(rebooted berth images --format '{{.Repository}}:{{.Tag}}'); do "$1" "$name"; done
	all=$(rebooted berth ps -aq)
	# shellcheck disable=SC2086
	[ -z "$all" ] || rebooted berth rm -f $all >/dev/null || broken "a container cannot be removed"
	expect_exact "check" "Nothing is wrong" berth system check
	all=$(rebooted berth images -aq | sort -u)
	# shellcheck disable=SC2086
	[ -z "$all" ] || rebooted berth rmi -f $all >/dev/null || broken "an image cannot be removed"
	rebooted berth images -q # sweeps
	all=$(find "$BERTH_ROOT" -mindepth 2 ! -path '*/db/*' ! -path '*/skeleton/*' ! -path '*/seccomp/*' ! -path '*/blobs/sha256' ! -path '*/blobs/sha512')
	[ -z "$all" ] || broken "left: $all"
}

nothing_is_broken() {
	[ ! -e "$BATS_TEST_TMPDIR/broken" ] || {
		echo "begun: $(xargs <"$BATS_TEST_TMPDIR/begun"); done: $(xargs <"$BATS_TEST_TMPDIR/done")"
		cat "$BATS_TEST_TMPDIR/broken"
		false
	}
}

@test "the cut is real: what was written and not synced is gone, what was synced is there" {
	new_disk
	echo kept >"$disk/synced"
	sync -f "$disk"
	echo lost >"$disk/unsynced"
	cut_power
	run sh -c "echo later >'$disk/later'"
	[ "$status" -ne 0 ]
	lose_power
	restore_power
	[ "$(cat "$disk/synced")" = kept ]
	[ ! -e "$disk/unsynced" ]
}

@test "what was reported as done survives a cut at any of 20 instants, and nothing is half there" {
	: >"$BATS_TEST_TMPDIR/begun"
	: >"$BATS_TEST_TMPDIR/reported"
	new_disk
	start=${EPOCHREALTIME/./}
	workload
	span=$((${EPOCHREALTIME/./} - start))
	# Cut right after the last report, too.
	for round in 20 $(seq 0 19); do
		if [ "$round" -lt 20 ]; then
			: >"$BATS_TEST_TMPDIR/begun"
			: >"$BATS_TEST_TMPDIR/reported"
			new_disk
			workload 3>&- &
			worker=$!
			sleep "$(awk -v s="$span" -v r="$round" -v x="$RANDOM" 'BEGIN { print s * (r + x / 32768) / 24e6 }')"
		fi
		cut_power
		[ "$round" -eq 20 ] || wait "$worker" || true
		lose_power
		restore_power
		promises_are_kept
		nothing_is_half_there expect_image
		nothing_is_broken
		rm -rf "${BERTH_STATE:?}"
	done
}

pulled_sum() {
	berth run --rm --network none "$image_name" sh -c 'md5sum </medium'
}

expect_pulled() {
	expect_exact "pulled $1" "$pulled" berth run --rm --network none "$1" sh -c 'md5sum </medium'
}

# It is there when that was reported. When not, it is not half there: pulled again, it is whole, whatever
# the disk has of what was downloaded.
pull_is_kept() {
	if is_done pull; then
		expect_pulled "$image_name"
		return
	fi
	! has_image "$image_name" || expect_pulled "$image_name"
	rebooted berth pull -q "$image_name" >/dev/null || broken "it cannot be pulled again"
	expect_pulled "$image_name"
}

# A pull, and a cut at SECONDS after its begin, or when it has returned.
cut_pull() { # cut_pull [SECONDS]
	: >"$BATS_TEST_TMPDIR/begun"
	: >"$BATS_TEST_TMPDIR/reported"
	new_disk
	step pull 0 berth pull -q "$image_name" 3>&- &
	worker=$!
	if [ $# -eq 1 ]; then sleep "$1"; else wait "$worker"; fi
	cut_power
	wait "$worker" || true
	lose_power
	restore_power
}

@test "a pull that returned survives a cut at any of 20 instants; one that had not is absent, or goes on" {
	start_image_registry 60000000
	image_name=$image:medium
	new_disk
	start=${EPOCHREALTIME/./}
	berth pull -q "$image_name"
	span=$((${EPOCHREALTIME/./} - start))
	pulled=$(pulled_sum)
	finished=0
	for round in $(seq 0 19); do
		# The last ones are cut at once when they have returned.
		if [ "$round" -lt 16 ]; then
			cut_pull "$(awk -v s="$span" -v r="$round" -v x="$RANDOM" 'BEGIN { print s * (r + x / 32768) / 16e6 }')"
		else
			cut_pull
		fi
		! is_done pull || finished=$((finished + 1))
		pull_is_kept
		nothing_is_half_there expect_pulled
		nothing_is_broken || { echo "round $round"; false; }
	done
	[ "$finished" -ge 4 ] && [ "$finished" -le 16 ] || { echo "$finished of 20 had returned"; false; }
}
