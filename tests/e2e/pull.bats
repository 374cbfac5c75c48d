#!/usr/bin/env bats
# pull: what comes out of a registry, what is said about it, what is kept of interrupted work, and
# what is refused.
load helper
bats_require_minimum_version 1.5.0

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

listens() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# start_registry [RATE]: tests/lib/pull-registry; its images are $image:TAG, its log is $log
start_registry() {
	local port
	port=$(free_port)
	log=$BATS_TEST_TMPDIR/requests
	"$berth_source/tests/lib/pull-registry" "$port" "$log" "$@" >"$BATS_TEST_TMPDIR/registry.out" 2>&1 3>&- &
	registry_pid=$!
	eventually listens "$port"
	image=127.0.0.1:$port/t/image
}

setup() {
	registry_pid=
	docker_pid=
}

teardown() {
	local all
	for pid in $registry_pid $docker_pid; do
		kill "$pid"
		wait "$pid" || true
	done 2>/dev/null
	remove_all
	all=$(berth images -q --no-trunc | sort -u | grep -v "$(berth images -q --no-trunc busybox)" || true)
	# shellcheck disable=SC2086
	[ -z "$all" ] || berth rmi -f $all >/dev/null
	rm -f "$BERTH_ROOT"/partial/*
	expect_no_reports
}

# All that a pull could leave behind.
everything() {
	berth images -q >/dev/null # sweeps
	find "$BERTH_ROOT"/{layers,blobs,tmp,partial} -mindepth 1 -maxdepth 2 2>/dev/null | sort
	berth images -aq --no-trunc
}

in_image() {
	berth run --rm --network none "$@"
}

# The blobs that are kept are what their names say.
blobs_are_sound() {
	(cd "$BERTH_ROOT/blobs/sha256" && for f in *; do echo "$f *$f"; done | sha256sum -c --quiet)
}

pulls_and_runs() {
	berth pull -q "$image:$1"
	run in_image "$image:$1" sh -c 'read -r x </text; echo "$x"'
	expect_output good
	blobs_are_sound
}

@test "an image is pulled, runs, and is told of as docker does" {
	start_registry
	run berth pull "$image:good"
	expect_status 0
	[ "${lines[0]}" = "good: Pulling from t/image" ]
	[[ "${lines[1]}" =~ ^[0-9a-f]{12}:\ Pulling\ fs\ layer$ ]]
	[ "$(grep -c 'Download complete$' <<<"$output")" -eq 2 ]
	[ "$(grep -c 'Pull complete$' <<<"$output")" -eq 2 ]
	[[ "${lines[-3]}" =~ ^Digest:\ sha256:[0-9a-f]{64}$ ]]
	[ "${lines[-2]}" = "Status: Downloaded newer image for $image:good" ]
	[ "${lines[-1]}" = "$image:good" ]
	run in_image "$image:good" sh -c 'read -r x </text; echo "$x"'
	expect_output good
	run berth pull "$image:good"
	expect_contains "Already exists"
	expect_contains "Status: Image is up to date for $image:good"
}

@test "what a layer, a configuration, a manifest was in the registry is kept byte for byte, and goes with the image" {
	before=$(everything)
	start_registry
	berth pull -q "$image:index"
	digest=$(berth image inspect -f '{{index .RepoDigests 0}}' "$image:index" | sed 's/.*@//')
	[ -e "$BERTH_ROOT/blobs/sha256/${digest#sha256:}" ]
	[ "$(find "$BERTH_ROOT/blobs/sha256" -type f | wc -l)" -eq $(($(grep -c /blobs/sha256/ <<<"$before") + 5)) ] || {
		find "$BERTH_ROOT/blobs/sha256" -type f; echo "$before"; false; }
	blobs_are_sound
	berth rmi "$image:index"
	[ "$(everything)" = "$before" ]
}

@test "layers in zstd frames, plain layers, docker's types, indexes and nested indexes" {
	start_registry
	for kind in zstd plain docker index nested list; do pulls_and_runs "$kind"; done
}

@test "digests by sha512 are held against what they name, whatever leads to them" {
	before=$(everything)
	start_registry
	for kind in sha512 sha512-index; do
		berth pull -q "$image:$kind"
		run in_image "$image:$kind" sh -c 'read -r x </text; echo "$x"'
		expect_output "$kind"
	done
	digest=sha512:$(cd "$BERTH_ROOT/blobs/sha512" && grep -l '"layers"' -- * | head -n 1)
	berth pull -q "$image@$digest"
	[ "$(berth image inspect -f '{{len .RepoDigests}}' "$image@$digest")" -ge 1 ]
	berth pull -q "$image:sha512-large"
	(cd "$BERTH_ROOT/blobs/sha512" && for f in *; do echo "$f *$f"; done | sha512sum -c --quiet)
	blobs_are_sound
	berth system check
	requests=$(grep -c /blobs/ "$log")
	berth pull -q "$image:sha512-large"
	[ "$(grep -c /blobs/ "$log")" -le $((requests + 1)) ] # the configuration
	echo >>"$BERTH_ROOT/blobs/sha512/${digest#sha512:}"
	run berth system check
	expect_status 1
	expect_contains "its manifest (blob $digest) is damaged"
	berth system check --repair
	# shellcheck disable=SC2046
	berth rmi -f $(berth images -q "$image" | sort -u) >/dev/null
	[ "$(everything)" = "$before" ]
}

@test "what was pulled is saved with its own manifest and its layers as they were" {
	start_registry
	for kind in good zstd docker plain; do
		berth pull -q "$image:$kind"
		digest=$(berth image inspect -f '{{index .RepoDigests 0}}' "$image:$kind" | sed 's/.*@//')
		rm -rf "$BATS_TEST_TMPDIR/saved" && mkdir "$BATS_TEST_TMPDIR/saved"
		berth save "$image:$kind" | tar -xC "$BATS_TEST_TMPDIR/saved"
		# Tools for OCI layouts do not read docker's manifest, so there is another one.
		[ "$kind" != docker ] || digest=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["manifests"][0]["digest"])' <"$BATS_TEST_TMPDIR/saved/index.json")
		[ "$kind" = docker ] || cmp "$BATS_TEST_TMPDIR/saved/blobs/sha256/${digest#sha256:}" "$BERTH_ROOT/blobs/sha256/${digest#sha256:}"
		run python3 - "$BATS_TEST_TMPDIR/saved" "$digest" <<-'END'
			import hashlib, json, os, sys
			root, digest = sys.argv[1:]
			at = lambda d: os.path.join(root, "blobs", *d.split(":"))
			entry, = json.load(open(os.path.join(root, "index.json")))["manifests"]
			manifest = json.load(open(at(digest)))
			assert entry["digest"] == digest and entry["mediaType"] == manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json", entry
			for d in [manifest["config"]] + manifest["layers"]:
			    data = open(at(d["digest"]), "rb").read()
			    assert len(data) == d["size"] and "sha256:" + hashlib.sha256(data).hexdigest() == d["digest"], d
			docker, = json.load(open(os.path.join(root, "manifest.json")))
			assert [l.split("/")[-1] for l in docker["Layers"]] == [d["digest"][7:] for d in manifest["layers"]], docker
		END
		expect_status 0
		run skopeo inspect --raw "oci:$BATS_TEST_TMPDIR/saved:$kind"
		expect_status 0
		berth rmi "$image:$kind"
	done
}

@test "a platform is chosen, and another one than the machine's is warned of" {
	start_registry
	run berth pull --platform linux/arm64 "$image:index"
	expect_status 0
	run berth image inspect -f '{{.Architecture}}' "$image:index"
	expect_output arm64
	run berth pull "$image:arm"
	expect_status 0
	expect_contains "WARNING: The requested image's platform (linux/arm64) does not match"
	run berth pull "$image:bad-no-platform"
	expect_status 1
	expect_contains "no matching manifest for linux/amd64 in the manifest list entries"
}

@test "run and create with a platform do not take an image of another one" {
	start_registry
	berth pull -q "$image:both"
	run berth create --pull never --platform linux/arm64 --network none "$image:both" sh
	expect_status 1
	expect_contains "image with reference $image:both was found but its platform (linux/amd64) does not match the specified platform (linux/arm64)"
	berth create --name other --platform linux/arm64 --network none "$image:both" sh
	[ "$(berth image inspect -f '{{.Architecture}}' "$image:both")" = arm64 ]
	berth rm other
	run --separate-stderr in_image --platform linux/x86_64 "$image:both" sh -c 'read -r x </text; echo "$x"'
	expect_output good
	: >"$log"
	run in_image --platform linux/amd64/v3 "$image:both" sh -c 'read -r x </text; echo "$x"'
	expect_output good
	[ ! -s "$log" ]
	# There is no other one.
	berth pull -q --platform linux/arm64 "$image:arm"
	run in_image --platform linux/amd64 "$image:arm" sh
	expect_status 125
	expect_contains "was found but its platform (linux/arm64) does not match the specified platform (linux/amd64)"
	run in_image --platform linux//x "$image:arm" sh
	expect_status 125
	expect_contains "is not a platform"
}

@test "all tags, a digest, and quiet" {
	start_registry
	run berth pull -a "$image"
	expect_status 0
	expect_contains "zstd: Pulling from t/image"
	[ "${lines[-1]}" = "$image" ]
	digest=$(berth image inspect -f '{{index .RepoDigests 0}}' "$image:good")
	berth rmi -f "$image:good" "$image:zstd"
	run berth pull -q "$digest"
	expect_output "$digest"
	run berth pull -a "$image:good"
	expect_contains "tag can't be used with --all-tags/-a"
}

@test "run and create pull what is missing, never, or always" {
	start_registry
	run --separate-stderr in_image "$image:good" sh -c 'echo started'
	expect_output started
	[[ "$stderr" == *"Unable to find image '$image:good' locally"*"Status: Downloaded newer image for $image:good"* ]]
	: >"$log"
	berth create --name created --network none "$image:good" sh
	[ ! -s "$log" ]
	berth rm created
	run in_image --pull always "$image:good" sh -c 'echo again'
	expect_contains "Status: Image is up to date for $image:good"
	grep -q manifests/good "$log"
	run in_image --pull never "$image:zstd" sh
	expect_status 125
	expect_contains "No such image: $image:zstd"
	run in_image --pull perhaps "$image:good" sh
	expect_status 125
	expect_contains "invalid pull option: 'perhaps'"
}

@test "nothing that is there is fetched again" {
	start_registry
	berth pull -q "$image:large"
	: >"$log"
	berth pull -q "$image:larger"
	[ "$(grep -c blobs/ "$log")" -le 3 ] || { cat "$log"; false; }
}

@test "a pull that is killed is gone on with" {
	start_registry 8000000
	berth pull -q "$image:large" 3>&- &
	pid=$!
	some() { [ "$(du -k "$BERTH_ROOT"/partial | cut -f1)" -gt 8000 ]; }
	eventually some
	kill -9 "$pid"
	wait "$pid" || true
	run everything
	[[ "$output" == *"/partial/sha256-"* && "$output" != *"$BERTH_ROOT/tmp/"* ]]
	: >"$log"
	kill "$registry_pid" && wait "$registry_pid" || true
	port=${image#127.0.0.1:}
	"$berth_source/tests/lib/pull-registry" "${port%%/*}" "$log" >"$BATS_TEST_TMPDIR/registry.out" 2>&1 3>&- &
	registry_pid=$!
	eventually listens "${port%%/*}"
	berth pull -q "$image:large"
	grep -Eq 'blobs/.* bytes=[1-9]' "$log"
	run in_image "$image:large" sh -c '[ "$(wc -c </large)" -eq 41943040 ] && echo whole'
	expect_output whole
	[ -z "$(ls "$BERTH_ROOT/partial")" ]
	blobs_are_sound
}

@test "a partial file that is not what it should be is downloaded again" {
	start_registry
	berth pull -q "$image:large"
	blob=$(find "$BERTH_ROOT/blobs/sha256" -size +30M)
	head -c "$(stat -c %s "$blob")" /dev/zero >"$BATS_TEST_TMPDIR/zeros"
	berth rmi "$image:large"
	cp "$BATS_TEST_TMPDIR/zeros" "$BERTH_ROOT/partial/sha256-$(basename "$blob")"
	berth pull -q "$image:large"
	blobs_are_sound
}

@test "two pulls of one image share the work, and one takes over when the other dies" {
	start_registry 16000000
	berth pull -q "$image:large" >/dev/null 3>&- &
	one=$!
	sleep 0.5
	berth pull -q "$image:large" >/dev/null 3>&- &
	two=$!
	wait "$one"
	wait "$two"
	large=$(basename "$(find "$BERTH_ROOT/blobs/sha256" -size +30M)")
	[ "$(grep "GET.*blobs/sha256:$large" "$log" | sort | uniq -d | wc -l)" -eq 0 ]
	berth rmi "$image:large"
	berth pull -q "$image:large" >/dev/null 3>&- &
	one=$!
	sleep 0.5
	berth pull -q "$image:large" >/dev/null 3>&- &
	two=$!
	sleep 0.3
	kill -9 "$one"
	wait "$one" || true
	wait "$two"
	blobs_are_sound
	[ -z "$(ls "$BERTH_ROOT/partial")" ]
}

@test "^C ends a pull at once, says what is kept, and leaves nothing wrong" {
	start_registry 4000000
	# A background process of a script ignores SIGINT unless it says otherwise.
	env --default-signal=INT berth pull -q "$image:large" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	pid=$!
	some() { [ "$(du -k "$BERTH_ROOT"/partial | cut -f1)" -gt 1000 ]; }
	eventually some
	start=${EPOCHREALTIME/./}
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 130 ]
	[ $((${EPOCHREALTIME/./} - start)) -lt 1500000 ]
	[ "$(cat "$BATS_TEST_TMPDIR/said")" = "berth: interrupted; what was downloaded is kept, and the next pull goes on with it" ]
	[ -z "$(ls "$BERTH_ROOT/tmp")" ]
	run everything
	[[ "$output" == *"/partial/sha256-"* && "$output" != *"$BERTH_ROOT/tmp/"* ]]
	# The second one waits for nothing.
	env --default-signal=INT berth pull -q "$image:large" >/dev/null 2>&1 3>&- &
	pid=$!
	sleep 0.5
	kill -INT "$pid"
	kill -INT "$pid" 2>/dev/null || true
	wait "$pid" || true
	# What is kept is asked for no more.
	: >"$log"
	kill "$registry_pid" && wait "$registry_pid" || true
	port=${image#127.0.0.1:}
	"$berth_source/tests/lib/pull-registry" "${port%%/*}" "$log" >"$BATS_TEST_TMPDIR/registry.out" 2>&1 3>&- &
	registry_pid=$!
	eventually listens "${port%%/*}"
	berth pull -q "$image:large"
	grep -Eq 'blobs/.* bytes=[1-9]' "$log"
	blobs_are_sound
}

@test "^C ends a pull that waits for another one, which goes on" {
	start_registry 8000000
	berth pull -q "$image:large" >/dev/null 2>&1 3>&- &
	one=$!
	some() { [ "$(du -k "$BERTH_ROOT"/partial | cut -f1)" -gt 1000 ]; }
	eventually some
	env --default-signal=INT berth pull -q "$image:large" >/dev/null 2>&1 3>&- &
	two=$!
	sleep 0.5
	kill -INT "$two"
	status=0
	wait "$two" || status=$?
	[ "$status" -eq 130 ]
	wait "$one"
	[ -n "$(berth images -q "$image:large")" ]
	blobs_are_sound
}

@test "on a terminal each layer has a bar, and a summary tells bytes, time and rate" {
	start_registry 20000000
	run on_terminal 100 berth pull "$image:large"
	expect_status 0
	large=$(find "$BERTH_ROOT/blobs/sha256" -size +30M -printf '%f\n' | cut -c-12)
	[[ "$output" =~ $large:\ Downloading\ \ \[=*\>\ *\]\ \ [0-9.]+[kM]?B/41\.9[0-9]MB ]]
	expect_contains "$large: Pull complete"
	# Drawn in place.
	expect_contains $'\e['
	expect_lacks "Pulling fs layer"
	line=$(tr -d '\r' <<<"$output" | grep -o 'Pulled .*')
	[[ "$line" =~ ^Pulled\ ([0-9.]+)MB\ in\ ([0-9.]+)\ s\ \(([0-9.]+)MB/s\)$ ]] || { echo "$line"; false; }
	python3 - "${BASH_REMATCH[@]:1}" "$(du -cb "$BERTH_ROOT"/blobs/sha256/* | tail -1 | cut -f1)" <<-'END'
		import sys
		mb, seconds, rate, stored = map(float, sys.argv[1:])
		assert 41.9 < mb <= stored / 1e6 + 0.1, (mb, stored)
		assert abs(mb / seconds - rate) < 0.1 * rate, (mb, seconds, rate)
	END
	# Quiet there, too; and what is there already has no summary.
	run on_terminal 100 berth pull "$image:large"
	expect_lacks "Pulled "
	expect_contains "Already exists"
	berth rmi "$image:large"
	run on_terminal 100 berth pull -q "$image:large"
	[ "$(tr -d '\r' <<<"$output")" = "$image:large" ]
	# No control characters where there is no terminal.
	berth rmi "$image:large"
	run berth pull "$image:large"
	expect_lacks $'\e'
	expect_lacks $'\r'
	expect_lacks "Pulled "
}

@test "bash completes names of images and their tags" {
	start_registry
	berth pull -q "$image:good"
	berth pull -q "$image:zstd"
	completed() {
		bash -c 'source <(berth completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE};
			$(complete -p berth | sed "s/.*-F \([^ ]*\).*/\1/") berth "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"; printf "%s\n" "${COMPREPLY[@]}"' _ "$@"
	}
	run completed berth rmi busy
	expect_contains busybox
	run completed berth push 127
	expect_contains "$image"
}

# refused TAG TEXT: pulling fails with a line that has the text, and leaves nothing.
refused() {
	local before
	before=$(everything)
	run timeout 60 berth pull -q "$image:$1"
	[ "$status" -eq 1 ] || { echo "$1: status $status: $output"; return 1; }
	[[ "$output" == "berth: "*"$2"* && "${#lines[@]}" -eq 1 ]] || { echo "$1: no '$2' in: $output"; return 1; }
	[ "$(everything)" = "$before" ] || { echo "$1 left something:"; diff <(echo "$before") <(everything); return 1; }
}

@test "what lies, leads out, or never ends is refused, and nothing of it stays" {
	start_registry
	refused bad-layer-digest "it has the digest"
	refused bad-layer-size "it has the digest"
	refused bad-layer-endless "at most"
	refused bad-layer-kind "is of a kind that is not known: text/plain"
	refused bad-digest-path "not a sha256 or sha512 digest"
	refused bad-config-size "at most"
	refused bad-config-digest "configuration"
	refused bad-artifact "is an artifact"
	refused bad-both "ambiguous"
	refused bad-schema1 "schema 1"
	refused bad-depth "manifest"
	refused bad-nesting "nested too deep"
	refused bad-no-tar "layer sha256:"
	refused bad-bomb "its content has the digest"
	refused bad-gzip "cut off"
	refused bad-diff-id "its content has the digest"
	refused bad-manifest-digest "digest"
	refused bad-config-depth "configuration"
	refused bad-config-path "not a sha256 or sha512 digest"
	refused bad-diff-path "not a sha256 digest"
	refused bad-diff-sha512 "not a sha256 digest: \"sha512:"
	refused bad-config-sha512 "configuration sha512:"
	refused bad-manifest-sha512 "when asked for sha512:"
	refused bad-index-path "not a sha256 or sha512 digest"
	refused bad-index-size "bytes, not 1"
	refused bad-layer-sha512 "it has the digest sha512:"
	refused bad-layer-negative "a negative size"
	refused bad-layer-flood "it has the digest"
	refused bad-layer-flood-anew "it has the digest"
	refused bad-manifest-flood "has more than"
	refused bad-manifest-huge "has more than"
	refused bad-zstd-bomb "layer sha256:"
	refused no-such-tag "no-such-tag"
}

@test "a registry that sends other bytes than it should is found out" {
	start_registry
	berth pull -q "$image:good"
	find "$BERTH_ROOT/blobs/sha256" -size +100k -printf '%f\n' >"$log.damaged"
	berth rmi "$image:good"
	refused good "digest"
	rm "$log.damaged"
	berth pull -q "$image:good"
}
