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
	rm -rf /tmp/berth-victim /tmp/berth-escaped
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

names="bad-dotdot bad-dotdot-inside bad-absolute-dotdot bad-longname-dotdot bad-pax-path-dotdot"
links="bad-symlink-then-file bad-symlink-chain bad-symlink-parent-directory bad-symlink-whiteout
	bad-hardlink-outside bad-hardlink-dotdot bad-hardlink-through-symlink bad-pax-linkpath bad-whiteout-of-parent"
limits="bad-pax-huge bad-owner bad-depth bad-size-bomb bad-zstd-bomb bad-manifest-deep bad-manifest-huge"
digests="bad-diff-id bad-diff-id-path bad-layer-count bad-oci-blob-digest bad-oci-manifest-digest
	bad-oci-blob-size bad-oci-digest-path bad-second-layer"
damage="bad-layer-cut-off bad-layer-is-no-tar bad-gzip-cut-off bad-gzip-damaged bad-archive-cut-off
	bad-no-archive bad-empty bad-no-image bad-empty-list"
members="bad-member-missing bad-member-outside bad-member-link-outside bad-member-link-loop bad-oci-blob-missing"
documents="bad-manifest-json bad-config-json bad-config-nul bad-config-windows bad-tag bad-oci-index-loop
	bad-oci-artifact bad-oci-platform"

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

@test "every kind of hostile archive was tried" {
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
