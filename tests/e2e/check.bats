#!/usr/bin/env bats
# system check: what a damaged store says of itself, and that --repair mends it.
load helper
load registry_helper
bats_require_minimum_version 1.5.0

setup() {
	export BERTH_ROOT=$BATS_TEST_TMPDIR/root BERTH_STATE=$BATS_TEST_TMPDIR/state
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
}

teardown() {
	remove_all
	expect_nothing_left
	stop_servers
	expect_no_reports
}

# An image whose layers came compressed: packed:1
load_packed() {
	berth save -o "$BATS_TEST_TMPDIR/plain.tar" busybox
	skopeo copy -q --insecure-policy "docker-archive:$BATS_TEST_TMPDIR/plain.tar" "oci-archive:$BATS_TEST_TMPDIR/packed.tar:packed:1"
	berth rmi busybox >/dev/null
	berth load -qi "$BATS_TEST_TMPDIR/packed.tar" >/dev/null
}

# The same image from a registry: $pulled
pull_packed() {
	load_packed
	start_registry plain
	skopeo copy -q --insecure-policy --dest-tls-verify=false "oci-archive:$BATS_TEST_TMPDIR/packed.tar" "docker://$registry/pulled:1"
	berth rmi packed:1 >/dev/null
	pulled=$registry/pulled:1
	berth pull -q "$pulled" >/dev/null
}

# layer IMAGE: the directory of its only layer
layer() {
	echo "$BERTH_ROOT/layers/$(berth image inspect -f '{{index .RootFS.Layers 0}}' "$1" | cut -d: -f2)"
}

# bytes: the blob that a layer came in, the largest of them
bytes() {
	find "$BERTH_ROOT/blobs/sha256" -type f -printf '%s %p\n' | sort -n | tail -1 | cut -d' ' -f2
}

# The configuration of an image.
config() {
	echo "$BERTH_ROOT/blobs/sha256/$(berth images -q --no-trunc "$1" | cut -d: -f2)"
}

expect_sound() {
	run berth system check
	expect_output "Nothing is wrong"
	expect_status 0
}

# expect_found TEXT...: a check fails, and names this
expect_found() {
	run berth system check
	expect_status 1
	for text; do
		expect_contains "$text"
	done
}

# What --repair mends: says so, and then it is mended.
expect_repaired() {
	run berth system check --repair
	expect_status 0
	expect_contains "[repaired]"
	expect_sound
}

@test "a sound store has nothing wrong with it, also while containers run" {
	expect_sound
	load_packed
	expect_sound
	berth run -d --name runs packed:1 sleep 1000 >/dev/null
	berth create --name never packed:1 true >/dev/null
	expect_sound
	berth rm -f runs never >/dev/null
	run berth system check --json
	expect_output '{"Findings":[]}'
}

@test "an empty store is sound" {
	run berth --root "$BATS_TEST_TMPDIR/new" --state "$BATS_TEST_TMPDIR/news" system check
	expect_output "Nothing is wrong"
}

@test "a layer's file that has changed is named, and unpacked again from the bytes that are kept" {
	load_packed
	before=$(sha256sum "$(layer packed:1)/etc/passwd" | cut -d' ' -f1)
	sed -i s/root/toor/ "$(layer packed:1)/etc/passwd"
	expect_found "layer sha256:" "its file etc/passwd is missing or has changed" "(of packed:1)" "berth system check --repair"
	expect_repaired
	[ "$(sha256sum "$(layer packed:1)/etc/passwd" | cut -d' ' -f1)" = "$before" ]
	run berth run --rm packed:1 head -c 4 /etc/passwd
	expect_output root
}

# attribute_found CHANGE TEXT: a command that changes etc in the layer of $image is found
attribute_found() {
	(cd "$(layer "$image")" && eval "$1")
	expect_found "layer sha256:" "$2" "(of $image)"
}

@test "owners, modes, times, attributes and links of a layer are held against its tar" {
	load_packed
	image=packed:1
	attribute_found 'chmod 600 etc/passwd' "its file etc/passwd has another mode"
	expect_repaired
	attribute_found 'chown 5 etc/passwd' "its file etc/passwd has another owner"
	expect_repaired
	attribute_found 'touch -h -d @7 etc/passwd' "its file etc/passwd has another time"
	expect_repaired
	attribute_found 'setfattr -n user.note -v x etc/passwd' "its file etc/passwd has other attributes"
	expect_repaired
	attribute_found 'time=$(stat -c %Y bin) && ln -sfn other bin/sh && touch -h -d @1000000000 bin/sh && touch -d "@$time" bin' "its file bin/sh has another"
	expect_repaired
	attribute_found 'chmod 700 etc' "its file etc has another mode"
	expect_repaired
}

@test "the same of a layer whose tar is recorded" {
	image=busybox:latest
	entry=$(cd "$(layer busybox)" && find . -type f -name busybox -printf '%P\n' | head -n 1)
	mode=$(stat -c %a "$(layer busybox)/$entry")
	attribute_found "chmod 711 $entry" "its file $entry has another mode"
	chmod "$mode" "$(layer busybox)/$entry"
	expect_sound
}

@test "whatever a layer can have in it, nothing is wrong with it" {
	for kind in good-pax good-sparse good-whiteouts good-oci good-link odd-absolute $("$berth_source/tests/lib/make-archive" --list odd); do
		"$berth_source/tests/lib/make-archive" "$kind" "$BATS_TEST_TMPDIR/a.tar" >/dev/null
		berth load -q -i "$BATS_TEST_TMPDIR/a.tar"
		expect_sound
		berth rmi -f test:latest >/dev/null
	done
}

@test "files that are missing from a layer, and such as do not belong to it" {
	load_packed
	rm "$(layer packed:1)/etc/passwd"
	expect_found "its file etc/passwd is missing"
	expect_repaired
	touch "$(layer packed:1)/etc/more"
	expect_found "files of"
	expect_repaired
	[ ! -e "$(layer packed:1)/etc/more" ]
}

@test "a layer that is gone is unpacked again" {
	load_packed
	rm -rf "$(layer packed:1)"
	expect_found "it is missing (of packed:1)"
	expect_repaired
	run berth run --rm packed:1 echo back
	expect_output back
}

@test "a layer that a running container stands on is not replaced" {
	load_packed
	berth run -d --name runs packed:1 sleep 1000 >/dev/null
	chmod u+w "$(layer packed:1)/etc/passwd"
	echo >>"$(layer packed:1)/etc/passwd"
	run berth system check --repair
	expect_status 1
	expect_contains "stop the containers that run on it first"
	berth rm -f runs >/dev/null
	expect_repaired
}

@test "without the bytes a changed layer is lost: it is named, with what to do" {
	echo >>"$(layer busybox)/etc/passwd"
	expect_found "layer sha256:" "etc/passwd has changed (of busybox:latest)" "load, import or build busybox:latest again"
	run berth system check --repair
	expect_status 1
	expect_contains "1 found, 0 repaired"
	rm -rf "$(layer busybox)"
	expect_found "it is missing (of busybox:latest)"
	berth rmi busybox >/dev/null
	expect_sound
}

@test "the contents of a file are held against the record of the tar" {
	file=$(layer busybox)/etc/passwd
	python3 - "$file" <<-'PY'
		import os, sys
		st = os.stat(sys.argv[1])
		with open(sys.argv[1], "r+b") as f: f.write(b"R")
		os.utime(sys.argv[1], ns=(st.st_atime_ns, st.st_mtime_ns))
	PY
	expect_found "the contents of a file have changed"
}

@test "a record that is missing or damaged" {
	record=$(layer busybox).tar
	cp "$record" "$BATS_TEST_TMPDIR/record"
	rm "$record"
	expect_found "the record of its tar is missing"
	printf 'berthtar damaged' >"$record"
	expect_found "its record is damaged"
	cp "$BATS_TEST_TMPDIR/record" "$record"
	expect_sound
}

@test "bytes that are damaged are named, and fetched again from where they came" {
	pull_packed
	printf X | dd of="$(bytes)" bs=1 seek=5000 conv=notrunc status=none
	expect_found "blob sha256:" "(of $pulled)" "berth pull ${pulled%:*}@sha256:"
	expect_repaired
	(cd "$BERTH_ROOT/blobs/sha256" && for f in *; do echo "$f  $f"; done | sha256sum -c --quiet)
}

@test "an image of which all is lost is fetched again" {
	pull_packed
	rm -rf "$(layer "$pulled")" "$(bytes)" "$(config "$pulled")"
	expect_found "its configuration" "is missing" "they are missing"
	expect_repaired
	run berth run --rm "$pulled" echo back
	expect_output back
}

@test "when the registry is not there, what is lost stays named" {
	pull_packed
	stop_servers
	printf X | dd of="$(bytes)" bs=1 seek=5000 conv=notrunc status=none
	rm "$(config "$pulled")"
	run berth system check --repair
	expect_status 1
	expect_contains "it was not repaired"
	expect_contains "what to do: berth pull ${pulled%:*}@sha256:"
	# The layer itself is good, and still there.
	run berth run --rm --pull never "$pulled" echo still
	expect_output still
}

@test "what nothing needs is named and removed" {
	berth ps -q # the first command since the boot heals by itself
	echo torn >"$BERTH_ROOT/tmp/left"
	echo blob >"$BERTH_ROOT/blobs/sha256/$(printf '%064d' 7)"
	mkdir "$BERTH_ROOT/layers/$(printf '%064d' 8)"
	mkdir -p "$BERTH_ROOT/upper/$(printf '%064d' 9)" "$BERTH_ROOT/work/$(printf '%064d' 9)"
	run berth-fetch --root "$BERTH_ROOT" --state "$BERTH_STATE" check
	expect_status 1
	for text in "file tmp/left" "file blobs/sha256/000" "file layers/000" "file upper/000" "file work/000" "its container does not exist"; do
		expect_contains "$text"
	done
	expect_repaired
	[ -z "$(find "$BERTH_ROOT"/{upper,work,tmp} -mindepth 1)" ]
}

@test "a killed shim is found, and healed" {
	id=$(berth run -d --name killed busybox sleep 1000)
	kill -KILL "$(pgrep -f "^berth-shim $id")"
	expect_found "kernel $id: a killed process left STATE/c" "container killed: it is said to be running, and has no shim"
	expect_repaired
	container_is killed exited
}

@test "a container whose own layer is gone" {
	berth create --name robbed busybox true >/dev/null
	rm -rf "$BERTH_ROOT/upper/$(berth inspect -f '{{.Id}}' robbed)"
	expect_found "container robbed: its own layer" "berth rm -f robbed"
	berth rm -f robbed >/dev/null
	expect_sound
}

@test "a mount in the store is named" {
	mkdir "$BERTH_ROOT/tmp/m"
	mount -t tmpfs none "$BERTH_ROOT/tmp/m"
	run berth system check
	umount "$BERTH_ROOT/tmp/m"
	rmdir "$BERTH_ROOT/tmp/m"
	expect_status 1
	expect_contains "kernel $BERTH_ROOT/tmp/m: something is mounted in the store"
	expect_contains "umount $BERTH_ROOT/tmp/m"
}

@test "a database that is damaged or lost is written anew from this boot's" {
	dd if=/dev/urandom of="$BERTH_ROOT/db/data.mdb" bs=4096 seek=1 count=2 conv=notrunc status=none
	expect_found "database ROOT/db/data.mdb"
	expect_repaired
	: >"$BERTH_ROOT/db/data.mdb"
	expect_found "database ROOT/db/data.mdb"
	expect_repaired
	# As after a reboot: only that file counts.
	rm -rf "$BERTH_ROOT"/db/live.*
	run berth images --format '{{.Repository}}'
	expect_output busybox
	expect_sound
}

@test "this boot's copy, when it is damaged, is named, and nothing trusts it" {
	dd if=/dev/urandom of="$(echo "$BERTH_ROOT"/db/live.*/data.mdb)" bs=4096 count=3 conv=notrunc status=none
	expect_found "database this boot's copy" "remove ROOT/db/live.*"
	rm -rf "$BERTH_ROOT"/db/live.*
	expect_sound
}

@test "records that cannot be read, and names that lead nowhere" {
	run berth system check --json
	expect_status 0
	edit_database "$BERTH_ROOT" 's/^ rdocker.io\/library\/busybox:latest\\00$/ rdocker.io\/library\/busybox:other\\00/'
	expect_found "image busybox:other: the name leads to sha256:" "image busybox:latest: the name does not lead to sha256:"
	expect_repaired
	run berth images -q busybox:latest
	[ -n "$output" ]
	edit_database "$BERTH_ROOT" 's/^ {"Version":1,"Id":/ {"Version":1,"Idd":/'
	expect_found "database sha256:" "the record of the image cannot be read"
}

# edit_database ROOT SED: both files, as text
edit_database() {
	mdb_dump -n -p "$1/db/data.mdb" | sed "$2" >"$BATS_TEST_TMPDIR/dump"
	rm -rf "$1"/db/live.* "$1/db/data.mdb"
	mdb_load -n -f "$BATS_TEST_TMPDIR/dump" "$1/db/data.mdb"
}
