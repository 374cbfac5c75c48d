#!/usr/bin/env bats
# load and import: every form that an image archive has, and what comes out of it.
load helper

make_archive() {
	"$berth_source/tests/lib/make-archive" "$1" "$BATS_TEST_TMPDIR/$1.tar" >/dev/null
	echo "$BATS_TEST_TMPDIR/$1.tar"
}

teardown() {
	remove_all
	berth rmi -f test:latest >/dev/null 2>&1 || true
	expect_no_reports
}

# What a command says in a container of test:latest.
in_image() {
	berth run --rm --network none test:latest "$@"
}

# The directory of the layer of an image, counted from the lowest, 0.
layer_of() {
	echo "$BERTH_ROOT/layers/$(berth image inspect -f "{{index .RootFS.Layers $2}}" "$1" | cut -d: -f2)"
}

# attribute FILE NAME: an extended attribute's value (in hexadecimal when it is no text), or "none"
attribute() {
	python3 -c 'import os, sys
try:
	value = os.getxattr(sys.argv[1], sys.argv[2])
	print(value.decode() if value.isalpha() else value.hex())
except OSError: print("none")' "$@"
}

loads_and_runs() {
	run berth load -i "$(make_archive "$1")"
	expect_status 0
	expect_contains "Loaded image: test:latest"
	run in_image cat /text
	expect_output "$1"
}

@test "an archive of docker save, as docker wrote it before 25" {
	loads_and_runs good-old
	run berth images -q registry.example:5000/other:v1
	[ -n "$output" ]
	berth rmi registry.example:5000/other:v1
}

@test "an archive of docker save, as docker writes it since 25" {
	loads_and_runs good-new
}

@test "blobs that are named by sha512: their bytes stay as they are, and are saved under that name" {
	loads_and_runs good-new-sha512
	berth rmi -f test:latest
	loads_and_runs good-oci-sha512
	blobs=$(find "$BERTH_ROOT/blobs/sha512" -type f -printf '%f  %p\n')
	[ "$(wc -l <<<"$blobs")" -ge 3 ] # the manifest, and two layers
	sha512sum -c --quiet <<<"$blobs"
	berth system check
	berth save -o "$BATS_TEST_TMPDIR/saved.tar" test:latest
	berth rmi -f test:latest
	[ -z "$(find "$BERTH_ROOT/blobs/sha512" -type f)" ]
	run berth load -q -i "$BATS_TEST_TMPDIR/saved.tar"
	expect_output "Loaded image: test:latest"
	run in_image cat /text
	expect_output good-oci-sha512
	[ "$(find "$BERTH_ROOT/blobs/sha512" -type f | wc -l)" -eq 2 ]
}

@test "a layer.tar that is a link to another one" {
	loads_and_runs good-link
}

@test "layers that are compressed" {
	loads_and_runs good-gzip-layers
}

@test "an archive that is compressed as a whole" {
	loads_and_runs good-compressed
}

@test "an OCI archive" {
	loads_and_runs good-oci
}

@test "an OCI archive with an index in its index, of which one platform fits" {
	loads_and_runs good-oci-index
}

@test "an archive from a pipe, plain and compressed" {
	tar=$(make_archive good-old)
	run bash -c "cat '$tar' | berth load"
	expect_contains "Loaded image: test:latest"
	berth rmi -f test:latest registry.example:5000/other:v1
	run bash -c "zstd -qc '$tar' | berth load -q"
	expect_contains "Loaded image: test:latest"
	berth rmi registry.example:5000/other:v1
}

@test "names, times, owners, modes and attributes are those of the archive" {
	loads_and_runs good-pax
	layer=$(layer_of test:latest 1)
	deep=$(printf 'directory-%02d/' $(seq 0 19))
	[ "$(cat "$layer/${deep}pax")" = pax ]
	[ "$(cat "$layer/${deep}gnu")" = gnu ]
	[ "$(stat -c '%u %g %.9Y' "$layer/${deep}pax")" = "3000000 3000001 1234567890.123456789" ]
	[ "$(attribute "$layer/${deep}pax" user.note)" = hello ]
	[ -d "$layer/näme-ü" ]
	[ "$(attribute "$layer/näme-ü" trusted.overlay.opaque)" = none ]
	[ "$(stat -c '%a %u %g' "$layer/setuid")" = "6755 7 8" ]
	[ "$(attribute "$layer/capable" security.capability)" = 0100000200040000000000000000000000000000 ]
	[ "$(stat -c '%a %u %g %Y' "$layer/sgid")" = "2775 0 9 1111111111" ]
	[ "$(stat -c '%g' "$layer/sgid/below")" = 0 ]
	[ -p "$layer/fifo" ]
	[ "$(stat -c '%F %t %T' "$layer/null")" = "character special file 1 3" ]
	[ "$layer/hard" -ef "$layer/text" ]
	[ "$(readlink "$layer/soft")" = /etc/passwd ]
}

@test "the umask of whoever loads changes nothing" {
	umask 077
	loads_and_runs good-pax
	[ "$(stat -c '%a' "$(layer_of test:latest 1)/text")" = 644 ]
	[ "$(stat -c '%a' "$(layer_of test:latest 0)")" = 755 ]
}

@test "holes of a sparse file stay holes" {
	loads_and_runs good-sparse
	[ "$(stat -c %s "$(layer_of test:latest 1)/sparse")" = 1052672 ]
	[ "$(stat -c %b "$(layer_of test:latest 1)/sparse")" -le 16 ]
}

@test "whiteouts hide what is below" {
	loads_and_runs good-whiteouts
	run in_image ls -a /emptied /replaced /kept
	expect_contains new
	expect_lacks old
	run in_image ls /gone
	[ "$status" -ne 0 ]
}

@test "loading again changes nothing, and layers are shared" {
	archive=$(make_archive good-oci)
	berth load -q -i "$archive" >/dev/null
	before=$(find "$BERTH_ROOT/layers" "$BERTH_ROOT/blobs" | sort)
	run berth load -i "$archive"
	expect_output "Loaded image: test:latest"
	[ "$(find "$BERTH_ROOT/layers" "$BERTH_ROOT/blobs" | sort)" = "$before" ]
	base=$(layer_of test:latest 0)
	run berth load -i "$(make_archive good-sparse)"
	expect_contains "The image test:latest already exists, renaming the old one with ID sha256:"
	[ "$(layer_of test:latest 0)" = "$base" ]
	berth image prune -f >/dev/null
}

@test "layers go with the last image that has them" {
	layers=$(ls "$BERTH_ROOT/layers")
	berth load -q -i "$(make_archive good-oci)" >/dev/null
	[ "$(ls "$BERTH_ROOT/layers" | grep -vc '[.]tar$')" -eq "$(($(grep -vc '[.]tar$' <<<"$layers") + 2))" ]
	run berth rmi test:latest
	expect_contains "Untagged: test:latest"
	expect_contains "Deleted: sha256:"
	[ "$(ls "$BERTH_ROOT/layers")" = "$layers" ]
}

@test "layers of an image that is removed by force stay while a container has them" {
	berth load -q -i "$(make_archive good-oci)" >/dev/null
	berth create --name holder --network none test:latest cat /text >/dev/null
	layer=$(layer_of test:latest 1)
	run berth rmi test:latest
	expect_status 1
	expect_contains "conflict: unable to remove repository reference \"test:latest\" (must force)"
	berth rmi -f test:latest >/dev/null
	run berth start -a holder
	expect_output good-oci
	berth rm holder >/dev/null
	gone() { berth ps -a >/dev/null; [ ! -e "$layer" ]; }
	eventually gone
}

@test "two loads of one archive at once both succeed" {
	tar=$(make_archive good-old)
	for i in 1 2 3 4; do
		berth load -q -i "$tar" >"$BATS_TEST_TMPDIR/out.$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(cat "$BATS_TEST_TMPDIR"/out.* | grep -c 'Loaded image: test:latest')" -eq 4 ]
	run in_image cat /text
	expect_output good-old
	berth rmi registry.example:5000/other:v1 >/dev/null
}

@test "an archive for another platform is refused when one is asked for" {
	run berth-fetch load --platform linux/s390x -i "$(make_archive good-old)"
	expect_status 1
	expect_contains "not for linux/s390x"
	run berth-fetch load --platform nonsense -i "$(make_archive good-old)"
	expect_contains "not a platform"
}

@test "load without an archive says what is missing" {
	run berth load -i /does/not/exist
	expect_status 1
	expect_contains "open /does/not/exist: No such file or directory"
	run bash -c 'berth load </dev/null'
	expect_status 1
}

@test "on a terminal load shows a bar for each layer, with -q none" {
	tar=$(make_archive good-old)
	run on_a_terminal berth load -i "$tar"
	expect_contains "Loading layer  [="
	berth rmi -f test:latest registry.example:5000/other:v1 >/dev/null
	run on_a_terminal berth load -q -i "$tar"
	expect_lacks "Loading layer"
	berth rmi registry.example:5000/other:v1 >/dev/null
}

@test "import takes a tar with any compression, or none, from a file or a pipe" {
	for compress in cat gzip "zstd -qc" xz bzip2; do
		command -v "${compress%% *}" >/dev/null || continue
		run bash -c "$compress <'$(busybox_tar)' | berth import -c 'CMD [\"sh\"]' - test:latest"
		[[ "$output" =~ ^sha256:[0-9a-f]{64}$ ]]
		run in_image echo "$compress"
		expect_output "$compress"
	done
	berth image prune -f >/dev/null
}

@test "import applies instructions and keeps the message" {
	berth import -m "from a test" -c 'ENTRYPOINT ["/bin/echo"]' -c 'CMD ["a", "b c"]' -c 'ENV A=1 B="2 $A"' \
		-c 'EXPOSE 80 53/udp' -c 'LABEL x=y' -c 'USER 1000' -c 'WORKDIR /home' -c 'WORKDIR user' -c 'VOLUME /v' \
		-c 'STOPSIGNAL INT' -c 'HEALTHCHECK --interval=1m CMD true' "$(busybox_tar)" test:latest >/dev/null
	[ "$(in_image 2>/dev/null)" = "a b c" ] # there are warnings about what is not run
	run berth image inspect -f '{{json .Config}}' test:latest
	expect_contains '"Entrypoint":["/bin/echo"]'
	expect_contains '"Env":["A=1","B=2 1"]'
	expect_contains '"ExposedPorts":{"80/tcp":{},"53/udp":{}}'
	expect_contains '"Labels":{"x":"y"}'
	expect_contains '"User":"1000"'
	expect_contains '"WorkingDir":"/home/user"'
	expect_contains '"StopSignal":"INT"'
	run berth image inspect -f '{{.Comment}}' test:latest
	expect_output "from a test"
}

@test "import refuses what it cannot apply, before it reads anything" {
	run berth import -c 'RUN make' "$(busybox_tar)" test:latest
	expect_status 1
	expect_contains "RUN is not a valid change command"
	run berth import "$(busybox_tar)" Test:latest
	expect_status 1
	expect_contains "must be lowercase"
	run berth import https://example.com/x.tar
	expect_status 1
	[ -z "$(ls -A "$BERTH_ROOT/tmp")" ]
}

@test "import without a name gives an image without one" {
	id=$(berth import "$(busybox_tar)")
	run berth images -q --no-trunc --filter dangling=true
	expect_contains "$id"
	berth rmi "$id" >/dev/null
}
