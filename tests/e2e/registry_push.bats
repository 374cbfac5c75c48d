#!/usr/bin/env bats
# login, logout and push, at docker's registry and at one that misbehaves.
load helper
load registry_helper

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

@test "layers that came as plain tars are refused; removed and loaded again in gzip, they are pushed" {
	start_registry tar
	"$berth_source/tests/lib/make-archive" good-old "$BATS_TEST_TMPDIR/plain.tar" >/dev/null
	berth load -q -i "$BATS_TEST_TMPDIR/plain.tar" >/dev/null
	berth tag registry.example:5000/other:v1 "$registry/a:1"
	layer=$(berth image inspect -f '{{index .RootFS.Layers 1}}' "$registry/a:1")
	run berth push -q "$registry/a:1"
	expect_status 1
	expect_output "berth: cannot push $registry/a:1: its layer $layer came as a plain tar, and only layers that came in gzip or zstd are kept for pushing; remove every image that has it, then load or pull it with compressed layers"
	run berth_probe "$registry/a:1" manifest
	expect_status 1
	berth rmi -f "$(berth images -q "$registry/a:1")"
	# skopeo compresses what it writes into a layout.
	skopeo copy -q --insecure-policy "docker-archive:$BATS_TEST_TMPDIR/plain.tar:registry.example:5000/other:v1" \
		"oci-archive:$BATS_TEST_TMPDIR/gzip.tar:$registry/a:1"
	berth load -q -i "$BATS_TEST_TMPDIR/gzip.tar"
	run berth push -q "$registry/a:1"
	expect_output "$registry/a:1"
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
