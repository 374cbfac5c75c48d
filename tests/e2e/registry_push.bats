#!/usr/bin/env bats
# login, logout and push, at docker's registry and at one that misbehaves.
load helper
load registry_helper
bats_require_minimum_version 1.5.0

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	export DOCKER_CONFIG=$BATS_FILE_TMPDIR/docker
	mounts_before=$(wc -l </proc/self/mountinfo)
	export mounts_before
	# Its layers come in gzip, so their bytes are kept for pushing.
	"$berth_source/tests/lib/make-archive" good-gzip-large "$BATS_FILE_TMPDIR/image.tar" >/dev/null
	berth load -q -i "$BATS_FILE_TMPDIR/image.tar" >/dev/null
	berth tag test:latest pushed
	berth rmi test:latest >/dev/null
}

teardown_file() {
	remove_all
	expect_nothing_left
}

setup() {
	settings '{"max-upload-attempts": 3, "max-download-attempts": 3, "registry-timeout": 2}'
	rm -rf "$DOCKER_CONFIG"
	unset DOCKER_AUTH_CONFIG
}

teardown() {
	stop_servers
	expect_no_reports
}

@test "login keeps what the registry accepts, 0600, beside what it does not know, and logout forgets it" {
	start_registry in tls htpasswd
	mkdir "$DOCKER_CONFIG"
	echo '{"psFormat": "x", "auths": {"other:5000": {"auth": "YTpi"}}, "HttpHeaders": {"X-Meta-A": "1"}}' >"$DOCKER_CONFIG/config.json"
	run bash -c "echo secret | berth login -u user --password-stdin $registry"
	expect_status 0
	expect_contains "Login Succeeded"
	expect_contains "unencrypted in '$DOCKER_CONFIG/config.json'"
	[ "$(stat -c %a "$DOCKER_CONFIG/config.json")" = 600 ]
	python3 - "$DOCKER_CONFIG/config.json" "$registry" <<-'EOF'
		import json, sys
		c = json.load(open(sys.argv[1]))
		assert c["psFormat"] == "x" and c["auths"]["other:5000"]["auth"] == "YTpi", c
		assert c["auths"][sys.argv[2]] == {"auth": "dXNlcjpzZWNyZXQ="}, c
	EOF
	run berth login "$registry"
	expect_status 0
	expect_contains "Authenticating with existing credentials"
	run berth logout "$registry"
	expect_output "Removing login credentials for $registry"
	run berth logout "$registry"
	expect_output "Not logged in to $registry"
	grep -q other:5000 "$DOCKER_CONFIG/config.json"
}

@test "a wrong password is refused and not kept" {
	start_registry out tls htpasswd
	run berth login -u user -p wrong "$registry"
	expect_status 1
	expect_contains "unauthorized"
	expect_contains "WARNING! Using --password via the CLI is insecure"
	[ ! -e "$DOCKER_CONFIG/config.json" ]
}

@test "flags that contradict, and a terminal that is none, are refused" {
	run berth login -u a -p b --password-stdin 127.0.0.1:1
	expect_status 1
	expect_contains "mutually exclusive"
	run bash -c 'echo x | berth login --password-stdin 127.0.0.1:1'
	expect_status 1
	expect_contains "Must provide --username"
	run bash -c 'berth login 127.0.0.1:1 </dev/null'
	expect_status 1
	expect_contains "Cannot perform an interactive login from a non TTY device"
	run berth login -u a -p b 'a b'
	expect_status 1
	expect_contains "not a registry's HOST"
}

@test "on a terminal the password is asked for and not shown" {
	start_registry tty tls htpasswd
	run bash -c "(sleep 0.5; echo user; sleep 0.5; echo secret; sleep 1) | script -qec 'berth login $registry' /dev/null"
	expect_contains "Username: "
	expect_contains "Password: "
	expect_contains "Login Succeeded"
	[[ "${output#*Password: }" != *secret* ]]
}

@test "a credential helper keeps the secret, and is asked for it" {
	start_registry helper tls htpasswd
	mkdir "$DOCKER_CONFIG" "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/docker-credential-test" <<-EOF
		#!/bin/sh
		f=$BATS_TEST_TMPDIR/kept
		case \$1 in
		store) cat >"\$f" ;;
		get) cat >/dev/null; cat "\$f" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
		erase) rm -f "\$f" ;;
		esac
	EOF
	chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-test"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	echo '{"credsStore": "test"}' >"$DOCKER_CONFIG/config.json"
	run berth login -u user -p secret "$registry"
	expect_status 0
	expect_lacks unencrypted
	grep -q '"Secret":"secret"' "$BATS_TEST_TMPDIR/kept"
	run grep -c secret "$DOCKER_CONFIG/config.json"
	expect_output 0
	berth tag pushed "$registry/helped"
	run berth push "$registry/helped"
	expect_status 0
	berth logout "$registry"
	[ ! -e "$BATS_TEST_TMPDIR/kept" ]
	echo '{"credsStore": "../evil"}' >"$DOCKER_CONFIG/config.json"
	run berth login -u user -p secret "$registry"
	expect_status 1
	expect_contains "is not the name of a credential helper"
}

@test "push says what docker says, and skopeo reads and copies what was pushed" {
	start_registry plain
	berth tag pushed "$registry/a/b:1"
	run berth push "$registry/a/b:1"
	expect_status 0
	layer=$(berth image inspect --format '{{index .RootFS.Layers 0}}' pushed)
	short=${layer#sha256:} short=${short:0:12}
	expect_contains "The push refers to repository [$registry/a/b]"
	expect_contains "$short: Preparing"
	expect_contains "$short: Pushed"
	[[ "${lines[-1]}" =~ ^1:\ digest:\ sha256:[0-9a-f]{64}\ size:\ [0-9]+$ ]]
	[ "sha256:$(skopeo inspect --raw --tls-verify=false "docker://$registry/a/b:1" | sha256sum | cut -c-64)" = "$(cut -d' ' -f3 <<<"${lines[-1]}")" ]
	[ "$(skopeo inspect --config --tls-verify=false "docker://$registry/a/b:1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["rootfs"]["diff_ids"][0])')" = "$layer" ]
	skopeo copy -q --insecure-policy --src-tls-verify=false "docker://$registry/a/b:1" "oci:$BATS_TEST_TMPDIR/copy:x"
	run berth push "$registry/a/b:1"
	expect_contains "$short: Layer already exists"
	run berth push -q "$registry/a/b:1"
	expect_output "$registry/a/b:1"
}

@test "all tags are pushed one by one; what is not there, is refused by name" {
	start_registry all
	berth tag pushed "$registry/all:1"
	berth tag pushed "$registry/all:2"
	run berth push -a "$registry/all"
	expect_status 0
	expect_contains "1: digest:"
	expect_contains "2: digest:"
	[ "$(berth_probe "$registry/all" tags | sort | tr '\n' ' ')" = "1 2 " ]
	run berth push -a "$registry/all:1"
	expect_status 1
	expect_contains "tag can't be used with --all-tags"
	run berth push "$registry/none"
	expect_status 1
	expect_contains "An image does not exist locally with the tag: $registry/none"
	run berth push --platform linux/s390x "$registry/all:1"
	expect_status 1
	expect_contains "not linux/s390x"
}

# layers REPOSITORY:TAG: digests of its layers in the registry
layers() {
	skopeo inspect --raw --tls-verify=false "docker://$1" | python3 -c 'import json, sys; print(*(l["digest"] for l in json.load(sys.stdin)["layers"]))'
}

@test "layers that came as plain tars are packed, always into the same bytes, which the next push finds" {
	start_registry one
	one=$registry
	start_registry two
	"$berth_source/tests/lib/make-archive" good-old "$BATS_TEST_TMPDIR/plain.tar" >/dev/null
	berth load -q -i "$BATS_TEST_TMPDIR/plain.tar" >/dev/null
	for name in "$one/a:1" "$one/b:1" "$registry/a:1"; do berth tag registry.example:5000/other:v1 "$name"; done
	run berth push "$one/a:1"
	expect_status 0
	expect_contains ": Pushed"
	skopeo copy -q --insecure-policy --src-tls-verify=false "docker://$one/a:1" "oci:$BATS_TEST_TMPDIR/copy:x"
	run skopeo inspect --raw --tls-verify=false "docker://$one/a:1"
	expect_contains "$(berth image inspect -f '{{.Id}}' "$one/a:1")"
	# Packing needs the record of the tar: without it, what the registry has is all there is.
	mkdir "$BATS_TEST_TMPDIR/records"
	mv "$BERTH_ROOT"/layers/*.tar "$BATS_TEST_TMPDIR/records/"
	run berth push "$one/a:1"
	expect_status 0
	expect_lacks ": Pushed"
	expect_contains ": Layer already exists"
	run berth push "$one/b:1"
	expect_status 0
	expect_contains ": Mounted from a"
	run berth push "$registry/a:1"
	expect_status 1
	expect_contains "neither the bytes in which it came nor a record of its tar are kept"
	mv "$BATS_TEST_TMPDIR"/records/* "$BERTH_ROOT/layers/"
	berth push -q "$registry/a:1"
	[ "$(layers "$registry/a:1")" = "$(layers "$one/a:1")" ]
	[ -z "$(ls "$BERTH_ROOT/tmp")" ]
	# A file that was changed is noticed before anything is named.
	find "$BERTH_ROOT/layers" -type f -size -2k ! -name '*.tar' -exec sh -c 'printf X | dd of="$1" conv=notrunc status=none' _ {} \;
	stop_servers
	start_registry three
	berth tag "$one/a:1" "$registry/a:1"
	run berth push "$registry/a:1"
	expect_status 1
	expect_contains "its files have changed"
	berth rmi -f "$(berth images -q --no-trunc "$one/a:1")"
}

# pull_images TAG...: of the registry of images for tests; their names are $images:TAG
pull_images() {
	local port
	port=$(free_port)
	"$berth_source/tests/lib/pull-registry" "$port" "$BATS_TEST_TMPDIR/requests" >"$BATS_TEST_TMPDIR/images.out" 2>&1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	eventually listens "$port"
	images=127.0.0.1:$port/t/image
	for tag in "$@"; do berth pull -q "$images:$tag" >/dev/null; done
}

# digest_of REPOSITORY:TAG: of what the registry has under the tag
digest_of() {
	berth_probe "$1" manifest 2>/dev/null | sha256sum | sed 's/ .*//; s/^/sha256:/'
}

remove_images() {
	local all
	all=$(berth images -q --no-trunc | sort -u | grep -v "$(berth images -q --no-trunc pushed)" || true)
	# shellcheck disable=SC2086
	[ -z "$all" ] || berth rmi -f $all >/dev/null
}

@test "what was pulled is pushed with its own manifest: its digest stays, however its layers were packed" {
	pull_images good zstd plain docker
	start_registry own
	for tag in good zstd plain docker; do
		berth tag "$images:$tag" "$registry/own:$tag"
		run berth push "$registry/own:$tag"
		expect_status 0
		# The layers that another tag brought in other bytes are not pulled again in these.
		[ "$tag" != good ] || [ "$(digest_of "$registry/own:$tag")" = "$(digest_of "$images:$tag")" ]
		[ "$tag" != docker ] || [ "$(digest_of "$registry/own:$tag")" = "$(digest_of "$images:$tag")" ]
		[ "$tag" = docker ] || skopeo copy -q --insecure-policy --src-tls-verify=false "docker://$registry/own:$tag" "oci:$BATS_TEST_TMPDIR/copy:$tag"
	done
	for tag in zstd plain; do
		remove_images
		berth pull -q "$images:$tag"
		berth tag "$images:$tag" "$registry/alone:$tag"
		run berth push "$registry/alone:$tag"
		expect_status 0
		[ "${lines[-1]}" = "$tag: digest: $(digest_of "$images:$tag") size: $(berth_probe "$images:$tag" manifest 2>/dev/null | wc -c)" ]
		[ "$(digest_of "$registry/alone:$tag")" = "$(digest_of "$images:$tag")" ]
	done
	remove_images
}

@test "what came by sha512 is pushed by it" {
	pull_images sha512
	start_registry sha512
	berth tag "$images:sha512" "$registry/own:sha512"
	run berth push "$registry/own:sha512"
	expect_status 0
	skopeo inspect --raw --tls-verify=false "docker://$registry/own:sha512" >"$BATS_TEST_TMPDIR/manifest"
	berth_probe "$images:sha512" manifest 2>/dev/null | cmp - "$BATS_TEST_TMPDIR/manifest"
	grep -q '"digest": *"sha512:' "$BATS_TEST_TMPDIR/manifest"
	remove_images
	berth pull -q "$registry/own:sha512"
	remove_images
}

@test "an index goes with all its images when they are here, or in the repository; otherwise the image alone" {
	pull_images both
	start_registry index
	berth tag "$images:both" "$registry/index:1"
	run --separate-stderr berth push "$registry/index:1"
	expect_status 0
	[[ "$stderr" == *"Not all multiplatform-content is present and only the available single-platform image was pushed"* ]]
	run berth_probe "$registry/index:1" head
	expect_contains image.manifest.v1+json
	# The other one is in the repository now, as a tag of its own.
	berth pull -q --platform linux/arm64 "$images:both"
	berth tag "$images:both" "$registry/index:arm"
	berth push -q --platform linux/arm64 "$registry/index:arm"
	berth rmi "$images:both" "$registry/index:arm"
	run --separate-stderr berth push "$registry/index:1"
	expect_status 0
	[ -z "$stderr" ]
	[ "$(digest_of "$registry/index:1")" = "$(digest_of "$images:both")" ]
	# Both are here.
	berth pull -q --platform linux/arm64 "$images:both"
	berth tag "$images:both" "$registry/whole:1"
	run --separate-stderr berth push "$registry/whole:1"
	expect_status 0
	[ -z "$stderr" ]
	[ "${lines[-1]}" = "1: digest: $(digest_of "$images:both") size: $(berth_probe "$images:both" manifest 2>/dev/null | wc -c)" ]
	skopeo copy -q --all --insecure-policy --src-tls-verify=false "docker://$registry/whole:1" "oci:$BATS_TEST_TMPDIR/copy:x"
	# One of them, whichever the tag names.
	run berth push --platform linux/amd64 "$registry/whole:1"
	expect_status 0
	[ "$(skopeo inspect --config --tls-verify=false "docker://$registry/whole:1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["architecture"])')" = amd64 ]
	remove_images
}

@test "each layer is mounted from a repository that has it" {
	pull_images large good larger
	start_registry mounts
	for pair in large:one good:two larger:three; do
		berth tag "$images:${pair%:*}" "$registry/${pair#*:}:t"
		run berth push "$registry/${pair#*:}:t"
		expect_status 0
	done
	expect_contains ": Mounted from one"
	expect_contains ": Mounted from two"
	expect_contains ": Pushed"
	remove_images
}

@test "layers in zstd are pushed beneath an OCI manifest, since docker's has no word for them" {
	start_registry zstd
	"$berth_source/tests/lib/make-archive" good-new "$BATS_TEST_TMPDIR/plain.tar" >/dev/null
	skopeo copy -q --insecure-policy --dest-compress-format zstd "docker-archive:$BATS_TEST_TMPDIR/plain.tar" \
		"oci-archive:$BATS_TEST_TMPDIR/zstd.tar:$registry/a:zstd"
	# The lowest layer is there in gzip; only the one above is taken in zstd.
	berth load -q -i "$BATS_TEST_TMPDIR/zstd.tar"
	berth push -q "$registry/a:zstd"
	run skopeo inspect --raw --tls-verify=false "docker://$registry/a:zstd"
	expect_contains '"mediaType":"application/vnd.oci.image.manifest.v1+json"'
	expect_contains application/vnd.oci.image.config.v1+json
	expect_contains application/vnd.oci.image.layer.v1.tar+gzip
	expect_contains application/vnd.oci.image.layer.v1.tar+zstd
	expect_lacks docker
	skopeo copy -q --insecure-policy --src-tls-verify=false "docker://$registry/a:zstd" "oci:$BATS_TEST_TMPDIR/copy:x"
}

@test "on a terminal each layer has a bar, and a summary tells bytes, time and rate" {
	pull_images large good
	start_registry bars
	berth tag "$images:large" "$registry/bars:1"
	run on_terminal 100 berth push "$registry/bars:1"
	expect_status 0
	large=$(berth image inspect -f '{{index .RootFS.Layers 1}}' "$images:large" | cut -c 8-19)
	[[ "$output" =~ $large:\ Pushed\ \ \[=+\>?\]\ \ 41\.9[0-9]MB/41\.9[0-9]MB ]] || { echo "$output"; false; }
	expect_contains $'\e[' # drawn in place
	expect_lacks "Preparing"
	line=$(tr -d '\r' <<<"$output" | grep -o 'Pushed [0-9.]*MB in .*')
	[[ "$line" =~ ^Pushed\ 4[0-9.]+MB\ in\ [0-9.]+\ s\ \([0-9.]+[kMG]B/s\)$ ]] || { echo "$line"; false; }
	# What is there already needs no summary, what is mounted says from where.
	run on_terminal 100 berth push "$registry/bars:1"
	expect_contains "$large: Layer already exists"
	expect_lacks "Pushed "
	berth tag "$images:large" "$registry/other:1"
	run on_terminal 100 berth push "$registry/other:1"
	expect_contains "$large: Mounted from bars"
	run on_terminal 100 berth push -q "$registry/other:1"
	[ "$(tr -d '\r' <<<"$output")" = "$registry/other:1" ]
	# A failure says one thing, below the bars.
	berth tag "$images:good" "127.0.0.1:1/none:1"
	run on_terminal 100 berth push "127.0.0.1:1/none:1"
	expect_status 1
	expect_contains "berth: "
	run berth push "$registry/bars:1"
	expect_lacks $'\e'
	remove_images
}

@test "a push without the right to is denied" {
	start_registry denied htpasswd
	berth tag pushed "$registry/a:1"
	run berth push "$registry/a:1"
	expect_status 1
	expect_contains "unauthorized"
}

@test "an upload that breaks goes on where the registry has got to" {
	start_bad_registry patch-cut=1
	berth tag pushed "$registry/a/b:t"
	run berth push "$registry/a/b:t"
	expect_status 0
	# One may be libcurl's own second attempt, which the registry finds out of step.
	[ "$(grep -c '^PATCH' "$bad_log")" -ge 2 ]
	[ "$(grep -c '^GET /v2/a/b/blobs/uploads/' "$bad_log")" = 1 ]
	stop_servers
	start_bad_registry patch-416=1
	berth tag pushed "$registry/a/b:t"
	run berth push "$registry/a/b:t"
	expect_status 0
	stop_servers
	start_bad_registry patch-416=100
	berth tag pushed "$registry/a/b:t"
	run berth push "$registry/a/b:t"
	expect_status 1
}

@test "an upload that is too large for one request goes in chunks, none shorter than the registry wants" {
	start_bad_registry chunk-most=700000 chunk-least=300000
	berth tag pushed "$registry/a/b:t"
	run berth push "$registry/a/b:t"
	expect_status 0
	stop_servers
	start_bad_registry chunk-most=100000
	berth tag pushed "$registry/a/b:t"
	run berth push "$registry/a/b:t"
	expect_status 1
	expect_contains "status 413"
}
