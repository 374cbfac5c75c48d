#!/usr/bin/env bats
# Archives that lie, lead out, or never end: each is refused with the reason, and nothing of it stays.
load helper

archive_kinds() {
	"$berth_source/tests/lib/make-archive" --list "$1"
}

# All that a load could leave, and what it could reach.
everything() {
	find "$BERTH_ROOT"/{layers,blobs,tmp} -printf '%p %y %s\n' | sort
	berth images -aq --no-trunc
	stat -c '%n %h %Y %s' /etc/passwd /tmp/berth-victim
	[ ! -e /tmp/berth-escaped ] || echo escaped
}

setup() {
	echo victim >/tmp/berth-victim
}

teardown() {
	berth rmi -f test:latest >/dev/null 2>&1 || true
	rm -rf /tmp/berth-victim /tmp/berth-escaped
	expect_no_reports
}

# refused KIND: loading it fails with its message, in one line, and changes nothing.
refused() {
	local message before

	message=$("$berth_source/tests/lib/make-archive" "$1" "$BATS_TEST_TMPDIR/a.tar")
	before=$(everything)
	run timeout 60 berth load -i "$BATS_TEST_TMPDIR/a.tar"
	[ "$status" -eq 1 ] || { echo "$1: status $status: $output"; return 1; }
	[[ "${lines[0]}" == "berth: "*"$message"* ]] || { echo "$1: no '$message' in: $output"; return 1; }
	[ "${#lines[@]}" -eq 1 ] || { echo "$1: more than one line: $output"; return 1; }
	[ "$(everything)" = "$before" ] || { echo "$1 left something:"; diff <(echo "$before") <(everything); return 1; }
}

all_refused() {
	local kind

	for kind in "$@"; do
		refused "$kind"
	done
}

names="bad-dotdot bad-dotdot-inside bad-absolute-dotdot bad-longname-dotdot bad-pax-path-dotdot
	bad-name-long bad-name-too-deep bad-name-control bad-whiteout-dotdot bad-root-is-a-file"
links="bad-symlink-then-file bad-symlink-chain bad-symlink-parent-directory bad-symlink-whiteout
	bad-hardlink-outside bad-hardlink-dotdot bad-hardlink-through-symlink bad-pax-linkpath bad-whiteout-of-parent
	bad-whiteout-of-dot bad-whiteout-of-no-name bad-file-then-inside bad-directory-replaced-by-link
	bad-link-replaced-by-link bad-hardlink-to-directory bad-hardlink-to-symlink-then-inside"
limits="bad-pax-huge bad-owner bad-depth bad-size-bomb bad-zstd-bomb bad-zstd-window bad-manifest-deep bad-manifest-huge
	bad-members-without-end bad-layers-without-end bad-config-huge"
digests="bad-diff-id bad-diff-id-path bad-sha512-layer bad-sha512-config bad-sha512-diff-id bad-layer-count bad-oci-blob-digest bad-oci-manifest-digest
	bad-oci-blob-size bad-oci-digest-path bad-second-layer bad-gzip-trailing-member"
damage="bad-layer-cut-off bad-layer-is-no-tar bad-gzip-cut-off bad-gzip-damaged bad-archive-cut-off
	bad-no-archive bad-empty bad-no-image bad-empty-list bad-pax-size-lie bad-size-negative
	bad-size-beyond-the-layer bad-checksum bad-sparse-overlap"
members="bad-member-missing bad-member-outside bad-member-link-outside bad-member-link-loop bad-oci-blob-missing"
documents="bad-manifest-json bad-config-json bad-config-nul bad-config-windows bad-tag bad-oci-index-loop
	bad-oci-artifact bad-oci-platform bad-oci-two-kinds bad-oci-index-of-two-kinds bad-oci-media-type"

@test "names that lead out of the layer" {
	all_refused $names
}

@test "links as a way out of the layer" {
	all_refused $links
}

@test "bombs: sizes, depths and numbers without measure" {
	all_refused $limits
}

@test "digests and sizes that are not those of the bytes" {
	all_refused $digests
}

@test "damaged and truncated archives, and things that are none" {
	all_refused $damage
}

@test "members that are not there, or outside" {
	all_refused $members
}

@test "manifests and configurations that say nonsense" {
	all_refused $documents
}

# loaded KIND: an odd archive that is no attack if it is taken the right way; it is test:latest then.
loaded() {
	"$berth_source/tests/lib/make-archive" "$1" "$BATS_TEST_TMPDIR/a.tar" >/dev/null
	berth load -q -i "$BATS_TEST_TMPDIR/a.tar" >/dev/null
	layer=$BERTH_ROOT/layers/$(berth image inspect -f '{{index .RootFS.Layers 1}}' test:latest | cut -d: -f2)
}

in_image() {
	berth run --rm --network none test:latest "$@"
}

@test "absolute names are names in the layer" {
	loaded odd-absolute
	[ ! -e /tmp/berth-escaped ]
	run in_image cat /tmp/berth-escaped /hard
	expect_output insideinside
}

@test "of several entries with one name the last one counts, and nothing is followed" {
	loaded odd-duplicates
	run in_image cat /a /b/below
	expect_output lastbelow
	[ ! -e /tmp/below ]
	[ "$(find "$layer" -mindepth 1 | wc -l)" -eq 3 ]
}

@test "a hard link keeps what its target was when the link was made" {
	loaded odd-hardlink-then-replaced
	run in_image cat /b /a
	expect_output firstsecond
}

@test "attributes that steer an overlay are not taken from an archive" {
	loaded odd-attributes
	run python3 -c 'import os, sys
print(*sorted({name for path in ("", "/a", "/d") for name in os.listxattr(sys.argv[1] + path)}))' "$layer"
	expect_output user.note
	run in_image ls /d /etc/passwd
	expect_output "$(printf '%s\n' /etc/passwd '' /d:)"
}

@test "device nodes of an image open no device in a container" {
	loaded odd-devices
	for node in mem disk vda; do
		run in_image sh -c "cat </$node"
		[ "$status" -ne 0 ]
		[[ "$output" == *"not permitted"* || "$output" == *"ermission denied"* ]]
	done
}

@test "a device 0:0 hides what is below it, as overlayfs has it" {
	loaded odd-whiteout-device
	run in_image ls /hidden
	[ "$status" -ne 0 ]
}

@test "names of any bytes are kept as they are" {
	loaded odd-names
	run in_image sh -c 'cat "/new
line" "/$(printf "\033[31mred")" "/$(printf "bytes-\377\376")" /nnnnnnn*'
	expect_output 1234
}

@test "what stands behind the end of a layer's tar is not unpacked" {
	loaded odd-behind-the-end
	run in_image ls /a /behind
	[ "$status" -ne 0 ]
	expect_contains "/behind"
	expect_contains "/a"
}

@test "every kind of hostile archive was tried" {
	for kind in $(archive_kinds odd); do grep -q "loaded $kind$" "$BATS_TEST_FILENAME"; done
	run diff <(printf '%s\n' $names $links $limits $digests $damage $members $documents | sort) <(archive_kinds bad)
	expect_output ""
}

@test "import refuses hostile tars, too" {
	before=$(everything)
	tar -C / -cPf "$BATS_TEST_TMPDIR/up.tar" ../etc/hostname
	run berth import "$BATS_TEST_TMPDIR/up.tar" hostile:latest
	expect_status 1
	expect_contains "leads out of the layer"
	head -c 100000 "$(busybox_tar)" >"$BATS_TEST_TMPDIR/cut.tar"
	run berth import "$BATS_TEST_TMPDIR/cut.tar" hostile:latest
	expect_status 1
	expect_contains "runcated"
	run bash -c 'head -c 100000 /dev/urandom | berth import - hostile:latest'
	expect_status 1
	[ "$(everything)" = "$before" ]
}
