#!/usr/bin/env bats
# image_save.bats - save: archives that everybody reads, the same each time, bit for bit
# bats file_tags=image
load helper

# members FILE: what is in an archive
members() {
	tar -tf "$1"
}

id_of() {
	berth image inspect --format '{{.Id}}' "$1"
}

# in_other_store COMMAND...: with an empty store of its own
in_other_store() {
	BERTH_ROOT=$BATS_TEST_TMPDIR/other BERTH_STATE=$BATS_TEST_TMPDIR/other-state "$@"
}

@test "what save wrote, load brings back as the same image" {
	berth save -o "$BATS_TEST_TMPDIR/a.tar" busybox
	run in_other_store berth load -i "$BATS_TEST_TMPDIR/a.tar"
	expect_status 0
	expect_output "Loaded image: busybox:latest"
	[ "$(in_other_store berth image inspect --format '{{.Id}}' busybox)" = "$(id_of busybox)" ]
}

@test "the layer in the archive is the tar that was imported, bit for bit" {
	local layer

	berth save -o "$BATS_TEST_TMPDIR/a.tar" busybox
	layer=$(tar -xOf "$BATS_TEST_TMPDIR/a.tar" manifest.json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["Layers"][0])')
	tar -xOf "$BATS_TEST_TMPDIR/a.tar" "$layer" | cmp - "$(busybox_tar)"
}

@test "the same store gives the same archive, whatever the order of names" {
	berth tag busybox other:1
	berth save busybox other:1 >"$BATS_TEST_TMPDIR/a.tar"
	berth save other:1 busybox | cmp - "$BATS_TEST_TMPDIR/a.tar"
	berth rmi other:1
}

@test "each blob has the digest that its name says" {
	mkdir "$BATS_TEST_TMPDIR/x"
	berth save busybox | tar -xC "$BATS_TEST_TMPDIR/x"
	for blob in "$BATS_TEST_TMPDIR"/x/blobs/sha256/*; do
		[ "$(sha256sum <"$blob" | cut -d' ' -f1)" = "${blob##*/}" ]
	done
}

@test "layers that images share are in the archive once" {
	berth import -c 'CMD ["other"]' "$(busybox_tar)" sharing >/dev/null
	berth save -o "$BATS_TEST_TMPDIR/one.tar" busybox
	berth save -o "$BATS_TEST_TMPDIR/two.tar" busybox sharing
	# One more configuration and one more manifest.
	[ "$(members "$BATS_TEST_TMPDIR/two.tar" | grep -c blobs/sha256/.)" = \
		"$(($(members "$BATS_TEST_TMPDIR/one.tar" | grep -c blobs/sha256/.) + 2))" ]
	berth rmi sharing
}

@test "a name without a tag saves all tags of its repository, an ID none" {
	berth tag busybox twin:one
	berth tag busybox twin:two
	run berth save -o "$BATS_TEST_TMPDIR/a.tar" twin
	expect_status 0
	run tar -xOf "$BATS_TEST_TMPDIR/a.tar" manifest.json
	expect_contains '"RepoTags":["twin:one","twin:two"]'
	run tar -xOf "$BATS_TEST_TMPDIR/a.tar" repositories
	expect_contains '"twin":{"one":'
	berth save -o "$BATS_TEST_TMPDIR/b.tar" "$(id_of busybox)"
	run tar -xOf "$BATS_TEST_TMPDIR/b.tar" manifest.json
	expect_contains '"RepoTags":null'
	berth rmi twin:one twin:two
}

# gzip_image: an image whose layers came compressed, as test:latest
gzip_image() {
	"$berth_source/tests/lib/make-archive" good-gzip-layers "$BATS_TEST_TMPDIR/in.tar" >/dev/null
	berth load -q -i "$BATS_TEST_TMPDIR/in.tar"
}

@test "a layer that came compressed is in the archive as it came, and has no record" {
	local layers layer

	before=$(ls "$BERTH_ROOT/layers")
	gzip_image
	[ "$(ls "$BERTH_ROOT/layers" | grep -c '[.]tar$')" = "$(grep -c '[.]tar$' <<<"$before")" ]
	berth save -o "$BATS_TEST_TMPDIR/a.tar" test:latest
	layers=$(tar -xOf "$BATS_TEST_TMPDIR/a.tar" manifest.json | python3 -c 'import json, sys; print(*json.load(sys.stdin)[0]["Layers"])')
	[ -n "$layers" ]
	for layer in $layers; do
		tar -xOf "$BATS_TEST_TMPDIR/a.tar" "$layer" | cmp - "$BERTH_ROOT/blobs/sha256/${layer##*/}"
		tar -xOf "$BATS_TEST_TMPDIR/a.tar" "$layer" | gzip -t
	done
	run in_other_store berth load -i "$BATS_TEST_TMPDIR/a.tar"
	expect_contains "Loaded image: test:latest"
	[ "$(in_other_store berth image inspect --format '{{.Id}}' test)" = "$(id_of test)" ]
	berth rmi test
	[ "$(ls "$BERTH_ROOT/layers")" = "$before" ]
}

@test "compressed layers are read by skopeo and podman" {
	command -v skopeo >/dev/null || skip "no skopeo"
	command -v podman >/dev/null || skip "no podman"
	# podman takes 50 characters for a runroot.
	podman_here() { podman --root "$BATS_TEST_TMPDIR/podman" --runroot "$BATS_RUN_TMPDIR/p" --storage-driver vfs "$@"; }
	gzip_image
	berth save -o "$BATS_TEST_TMPDIR/a.tar" test
	run skopeo copy --insecure-policy "oci-archive:$BATS_TEST_TMPDIR/a.tar:latest" "dir:$BATS_TEST_TMPDIR/oci"
	expect_status 0
	run skopeo copy --insecure-policy "docker-archive:$BATS_TEST_TMPDIR/a.tar:test:latest" "dir:$BATS_TEST_TMPDIR/docker"
	expect_status 0
	run podman_here load -i "$BATS_TEST_TMPDIR/a.tar"
	expect_status 0
	[ "sha256:$(podman_here image inspect --format '{{.Id}}' test:latest)" = "$(id_of test)" ]
	berth rmi test
}

@test "a kept layer that is cut off is not saved" {
	local blob

	gzip_image
	berth save test | tar -xOf - manifest.json >"$BATS_TEST_TMPDIR/manifest.json"
	blob=$BERTH_ROOT/blobs/sha256/$(sed 's|.*"Layers":\["blobs/sha256/\([0-9a-f]*\)".*|\1|' "$BATS_TEST_TMPDIR/manifest.json")
	truncate -s -1 "$blob"
	run berth save -o "$BATS_TEST_TMPDIR/a.tar" test
	berth rmi test
	expect_status 1
	expect_contains "blob sha256:${blob##*/} has "
	[ ! -e "$BATS_TEST_TMPDIR/a.tar" ]
}

@test "a layer without any bytes is saved as such" {
	: >"$BATS_TEST_TMPDIR/empty.tar"
	berth import "$BATS_TEST_TMPDIR/empty.tar" nothing >/dev/null
	berth save nothing | tar -xC "$BATS_TEST_TMPDIR"
	[ -e "$BATS_TEST_TMPDIR/blobs/sha256/$(sha256sum </dev/null | cut -d' ' -f1)" ]
	berth rmi nothing
}

@test "skopeo reads it as an OCI archive and as a docker archive" {
	command -v skopeo >/dev/null || skip "no skopeo"
	berth save -o "$BATS_TEST_TMPDIR/a.tar" busybox
	run skopeo copy --insecure-policy "oci-archive:$BATS_TEST_TMPDIR/a.tar:latest" "dir:$BATS_TEST_TMPDIR/oci"
	expect_status 0
	run skopeo copy --insecure-policy "docker-archive:$BATS_TEST_TMPDIR/a.tar:busybox:latest" "dir:$BATS_TEST_TMPDIR/docker"
	expect_status 0
}

@test "podman loads it under its name, and what podman saves berth loads" {
	command -v podman >/dev/null || skip "no podman"
	# podman takes 50 characters for a runroot.
	podman_here() { podman --root "$BATS_TEST_TMPDIR/podman" --runroot "$BATS_RUN_TMPDIR/p" --storage-driver vfs "$@"; }
	berth save -o "$BATS_TEST_TMPDIR/a.tar" busybox
	run podman_here load -i "$BATS_TEST_TMPDIR/a.tar"
	expect_status 0
	expect_contains "busybox:latest"
	[ "sha256:$(podman_here image inspect --format '{{.Id}}' busybox:latest)" = "$(id_of busybox)" ]
	podman_here save --format oci-archive -o "$BATS_TEST_TMPDIR/oci.tar" busybox:latest
	run in_other_store berth load -i "$BATS_TEST_TMPDIR/oci.tar"
	expect_status 0
}

@test "a terminal, a directory and an unknown image are refused, and no file is left" {
	run on_a_terminal berth save busybox
	expect_status 1
	expect_contains "cowardly refusing to save to a terminal. Use the -o flag or redirect"
	run berth save -o "$BATS_TEST_TMPDIR" busybox
	expect_status 1
	expect_contains "is a directory"
	run berth save -o "$BATS_TEST_TMPDIR/none.tar" busybox nosuch:1
	expect_status 1
	expect_contains "No such image: nosuch:1"
	[ -z "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name 'none*')" ]
}

@test "another platform than the image's is refused" {
	run berth save --platform linux/s390x busybox
	expect_status 1
	expect_contains "does not provide the specified platform"
}

@test "a layer whose files have changed is not saved" {
	local file

	tar -cf "$BATS_TEST_TMPDIR/in.tar" -C "$BATS_TEST_DIRNAME" image_save.bats
	berth import "$BATS_TEST_TMPDIR/in.tar" damaged >/dev/null
	file=$(find "$BERTH_ROOT/layers" -name image_save.bats)
	printf X | dd of="$file" bs=1 seek=100 conv=notrunc status=none
	run berth save -o "$BATS_TEST_TMPDIR/a.tar" damaged
	expect_status 1
	expect_contains "its files have changed"
	rm "$file"
	run berth save -o "$BATS_TEST_TMPDIR/a.tar" damaged
	expect_status 1
	expect_contains "image_save.bats is missing"
	[ ! -e "$BATS_TEST_TMPDIR/a.tar" ]
	berth rmi damaged
}

@test "long names, links, sparse files and names that are no text come back bit for bit" {
	local tree=$BATS_TEST_TMPDIR/tree format long

	long=$(printf 'd%.0s' {1..120})
	mkdir -p "$tree/$long/$long"
	echo content >"$tree/$long/$long/file"
	ln "$tree/$long/$long/file" "$tree/link"
	ln -s "$long/$long/file" "$tree/symlink"
	echo latin >"$tree/$(printf 'caf\351')"
	truncate -s 3M "$tree/sparse" && echo end >>"$tree/sparse"
	: >"$tree/empty"
	for format in gnu pax ustar v7; do
		tar --format="$format" -S -cf "$BATS_TEST_TMPDIR/$format.tar" -C "$tree" . 2>/dev/null ||
			tar --format="$format" -cf "$BATS_TEST_TMPDIR/$format.tar" -C "$tree" empty sparse
		berth import "$BATS_TEST_TMPDIR/$format.tar" "tree:$format" >/dev/null
		mkdir "$BATS_TEST_TMPDIR/$format"
		berth save "tree:$format" | tar -xC "$BATS_TEST_TMPDIR/$format"
		cmp "$BATS_TEST_TMPDIR/$format.tar" \
			"$BATS_TEST_TMPDIR/$format/blobs/sha256/$(sha256sum "$BATS_TEST_TMPDIR/$format.tar" | cut -d' ' -f1)"
		berth rmi "tree:$format"
	done
}

@test "a tar in which a file comes twice gives an image, but no archive" {
	echo one >"$BATS_TEST_TMPDIR/file"
	tar -cf "$BATS_TEST_TMPDIR/in.tar" -C "$BATS_TEST_TMPDIR" file
	echo two >"$BATS_TEST_TMPDIR/file"
	tar -rf "$BATS_TEST_TMPDIR/in.tar" -C "$BATS_TEST_TMPDIR" file
	berth import "$BATS_TEST_TMPDIR/in.tar" twice >/dev/null
	run berth save -o "$BATS_TEST_TMPDIR/a.tar" twice
	expect_status 1
	expect_contains "a later file replaces an earlier one"
	berth rmi twice
}

@test "a full disk leaves no archive" {
	mkdir "$BATS_TEST_TMPDIR/small"
	mount -t tmpfs -o size=100k none "$BATS_TEST_TMPDIR/small"
	run berth save -o "$BATS_TEST_TMPDIR/small/a.tar" busybox
	[ -z "$(ls "$BATS_TEST_TMPDIR/small")" ]
	umount "$BATS_TEST_TMPDIR/small"
	expect_status 1
	expect_contains "No space left on device"
}

@test "an image that is removed leaves neither directory nor record of its layers" {
	tar -cf "$BATS_TEST_TMPDIR/in.tar" -C "$BATS_TEST_DIRNAME" image_save.bats
	before=$(ls "$BERTH_ROOT/layers")
	berth import "$BATS_TEST_TMPDIR/in.tar" gone >/dev/null
	[ "$(ls "$BERTH_ROOT/layers" | wc -l)" = $(($(wc -l <<<"$before") + 2)) ]
	berth rmi gone
	[ "$(ls "$BERTH_ROOT/layers")" = "$before" ]
}
