#!/usr/bin/env bats
# What containers take on the disk: a container's own layer and its record, nothing for mount points
# that an image lacks; and the root is empty again when all is removed. On a file system of its own.
load helper

setup_file() {
	export mounts_before
	mounts_before=$(($(wc -l </proc/self/mountinfo) + 1))
	mkdir -p "$BATS_FILE_TMPDIR/disk"
	truncate -s 256M "$BATS_FILE_TMPDIR/disk.img"
	mkfs.ext4 -q -b 4096 "$BATS_FILE_TMPDIR/disk.img"
	mount -o loop "$BATS_FILE_TMPDIR/disk.img" "$BATS_FILE_TMPDIR/disk"
	export BERTH_ROOT=$BATS_FILE_TMPDIR/disk/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	bare_image "" bare:latest
	# The first containers of a root make what all of them share, and the pages that every change of
	# the store moves through.
	berth run --rm --network none bare true
	for _ in $(seq 80); do berth create --network none bare true >/dev/null; done
}

teardown_file() {
	remove_all
	expect_nothing_left
	umount "$BATS_FILE_TMPDIR/disk"
}

# bare_image COMMANDS NAME: an image of nothing but busybox in /bin, and what COMMANDS make in its root
bare_image() {
	local tree=$BATS_FILE_TMPDIR/tree

	mkdir -p "$tree/bin"
	cp "$(command -v busybox)" "$tree/bin/busybox"
	for name in sh true cat ls sleep stat mv; do ln -s busybox "$tree/bin/$name"; done
	(cd "$tree" && eval "$1")
	tar -C "$tree" -cf - . | berth import - ${2:+"$2"} >/dev/null
	rm -rf "$tree"
}

used_kb() {
	du -sk "$BERTH_ROOT" | cut -f1
}

# The container's own directories, in KB.
own_kb() {
	du -sk --total "$BERTH_ROOT"/*/"$1"* | tail -n 1 | cut -f1
}

in_bare() {
	berth run --rm --network none "$@"
}

# 80 of COMMAND, which prints an ID: "OWN RECORD", what each takes for its layer and for its record, in KB.
cost_of_80() { # cost_of_80 COMMAND...
	local before id own=0

	before=$(used_kb)
	for _ in $(seq 80); do
		id=$("$@")
		own=$((own + $(own_kb "$id")))
	done
	echo "$((own / 80)) $((($(used_kb) - before - own) / 80))"
}

@test "a created container takes 8 KB, and its record at most 5" {
	read -r own record < <(cost_of_80 berth create --network none bare sleep 1000)
	echo "# created: $own KB, its record $record KB" >&3
	[ "$own" -eq 8 ]
	[ "$record" -le 5 ]
}

@test "a running container takes 12 KB, overlayfs's least, also of an image that has no mount points" {
	read -r own record < <(cost_of_80 berth run -d --network none bare sleep 1000)
	echo "# running: $own KB, its record $record KB" >&3
	[ "$own" -eq 12 ]
	[ "$record" -le 5 ]
	run find "$BERTH_ROOT/upper" -mindepth 2
	expect_output ""
	remove_all
}

@test "a record has the kernel's paths as one word, and inspect shows them all" {
	id=$(berth create --network none bare true)
	run berth inspect -f '{{json .HostConfig.MaskedPaths}} {{json .HostConfig.ReadonlyPaths}}' "$id"
	expect_contains '"/proc/kcore"'
	expect_contains '"/proc/sysrq-trigger"'
	expect_lacks default
	run grep -c /proc/kcore "$BERTH_ROOT/db/data.mdb"
	expect_output 0
	berth rm "$id" >/dev/null
}

@test "the mount points that all containers share are empty and nobody can change them" {
	run find "$BERTH_ROOT/skeleton" -type f -size +0
	expect_output ""
	before=$(find "$BERTH_ROOT/skeleton" -printf '%p %m %C@\n' | sort)
	in_bare bare sh -c 'echo x >/etc/new; echo y >>/etc/hosts; ls /etc'
	[ "$(find "$BERTH_ROOT/skeleton" -printf '%p %m %C@\n' | sort)" = "$before" ]
}

@test "a container sees of them what is mounted there, and nothing else" {
	run in_bare bare ls /
	expect_output "$(printf '%s\n' bin dev etc proc sys)"
	run in_bare bare ls /etc
	expect_output "$(printf '%s\n' hostname hosts resolv.conf)"
	run in_bare bare sh -c 'for f in hosts hostname resolv.conf; do [ -s /etc/$f ] || [ $f = resolv.conf ] || echo $f; done; [ -d /proc/self ] && [ -c /dev/null ] && [ -d /sys/kernel ]'
	expect_status 0
	expect_output ""
}

@test "an image's own /etc counts: its mode, its owner, its files" {
	bare_image 'mkdir -m 0700 etc && chown 7:8 etc && echo mine >etc/hosts && echo other >etc/file' own-etc:latest
	run in_bare own-etc stat -c '%a %u:%g' /etc
	expect_output "700 7:8"
	run in_bare own-etc ls /etc
	expect_output "$(printf '%s\n' file hostname hosts resolv.conf)"
	berth rmi own-etc >/dev/null
}

@test "a name that the image has as a link is not replaced by the shared directory" {
	bare_image 'mkdir real && ln -s real etc' link-etc:latest
	run in_bare link-etc sh -c 'stat -c %F /etc; ls /real'
	expect_output "$(printf '%s\n' 'symbolic link' hostname hosts resolv.conf)"
	berth rmi link-etc >/dev/null
}

@test "what the image hides stays hidden, but for what is mounted there" {
	# An opaque /etc and a hidden /etc/hosts, as an upper layer of an image would have them.
	bare_image 'mkdir etc && touch etc/.wh..wh..opq etc/.wh.hosts etc/kept' hidden-etc:latest
	run in_bare hidden-etc ls /etc
	expect_output "$(printf '%s\n' hostname hosts kept resolv.conf)"
	run in_bare hidden-etc cat /etc/kept
	expect_status 0
	berth rmi hidden-etc >/dev/null
}

@test "shared mount points that were made in part are completed by the next command" {
	all() { find "$BERTH_ROOT/skeleton" -printf '%P %m\n' | sort; }
	before=$(all)
	rm -rf "$BERTH_ROOT/skeleton/etc" "$BERTH_ROOT/skeleton/sys"
	(umask 077 && berth ps -q >/dev/null)
	[ "$(all)" = "$before" ]
}

@test "when all containers and images are removed, nothing of them is left in the root" {
	berth create --network none bare true >/dev/null
	berth tag bare other:latest
	in_bare other sh -c 'echo x >/file'
	id=$(bare_image 'echo dangling >file' "" && berth images -q --no-trunc --filter dangling=true)
	[ -d "$BERTH_ROOT/layers/$(berth image inspect -f '{{index .RootFS.Layers 0}}' "$id" | cut -d: -f2)" ]
	remove_all
	berth image prune -f >/dev/null
	berth rmi bare other >/dev/null
	run berth images -aq
	expect_output ""
	# Directories that every root has, the store, and what is kept once for all containers.
	run find "$BERTH_ROOT" -mindepth 2 ! -path '*/db/*' ! -path '*/skeleton/*' ! -path '*/seccomp/*' -printf '%P\n'
	output=$(sort <<<"$output")
	expect_output "$(printf 'blobs/sha256\nblobs/sha512')"
	bare_image "" bare:latest
	run in_bare bare true
	expect_status 0
}
