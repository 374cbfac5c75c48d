#!/usr/bin/env bats
# Reading from registries that do what the specification says, and from one that does not.
load helper
load registry_helper

setup_file() {
	export DOCKER_CONFIG=$BATS_FILE_TMPDIR/docker
	mkdir "$DOCKER_CONFIG"
}

setup() {
	read -r manifest blob size <<<"$(python3 "$berth_source/tests/lib/bad-registry" 0 /dev/null --print)"
	settings '{"max-download-attempts": 3, "registry-timeout": 2}'
	rm -f "$DOCKER_CONFIG/config.json"
}

teardown() {
	stop_servers
	expect_no_reports
}

teardown_file() {
	:
}

# docker_login USER PASSWORD: as `docker login` writes it
docker_login() {
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$registry" "$(printf '%s:%s' "$1" "$2" | base64)" >"$DOCKER_CONFIG/config.json"
}

probe_fails_with() {
	local error=$1
	shift
	run berth_probe "$@"
	expect_status 1
	expect_contains "$error"
}

blob_is_right() {
	[ "$(berth_probe "$registry/a/b:t" blob "$blob" "$@" | sha256sum)" = "${blob#sha256:}  -" ]
}

@test "what skopeo put into docker's registry is read, over TLS, with a password" {
	start_registry plain tls htpasswd
	"$berth_source/tests/lib/make-archive" good-oci "$BATS_TEST_TMPDIR/i.tar" >/dev/null
	skopeo copy -q --insecure-policy --dest-tls-verify=false --dest-creds user:secret \
		"oci-archive:$BATS_TEST_TMPDIR/i.tar" "docker://$registry/some/image:1"
	probe_fails_with EACCES "$registry/some/image:1" manifest
	expect_contains "berth login"
	docker_login user secret
	run berth_probe "$registry/some/image:1" head
	expect_status 0
	want=$(skopeo inspect --raw --tls-verify=false --creds user:secret "docker://$registry/some/image:1" | sha256sum)
	expect_contains "sha256:${want%% *}"
	[ "$(berth_probe "$registry/some/image:1" tags)" = 1 ]
	layer=$(berth_probe "$registry/some/image:1" manifest 2>/dev/null |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["layers"][0]["digest"])')
	[ "$(berth_probe "$registry/some/image:1" blob "$layer" | sha256sum)" = "${layer#sha256:}  -" ]
	probe_fails_with ENOENT "$registry/some/image:2" manifest
	expect_contains "not found: manifest unknown"
}

@test "a token is fetched once, whatever else the challenge offers, and renewed when it is refused" {
	start_bad_registry token expire token-name=access_token
	blob_is_right
	[ "$(grep -c '^GET /token' "$bad_log")" = 2 ]
	grep -q '^GET /token?client_id=berth&scope=repository%3Aa%2Fb%3Apull&service=the%2C%20registry - ' "$bad_log"
}

@test "credentials go to the token server by Basic, an identity token by POST" {
	start_bad_registry token
	docker_login user secret
	berth_probe "$registry/a/b:t" manifest >/dev/null 2>&1
	grep -q "^GET /token.*account=user.* Basic $(printf user:secret | base64) " "$bad_log"
	printf '{"auths":{"%s":{"identitytoken":"it"}}}' "$registry" >"$DOCKER_CONFIG/config.json"
	berth_probe "$registry/a/b:t" manifest >/dev/null 2>&1
	grep -q '^POST /token' "$bad_log"
}

@test "a redirect to another host carries neither token nor password" {
	start_bad_registry token redirect
	blob_is_right
	grep -q "^GET /v2/a/b/blobs/$blob Bearer " "$bad_log"
	grep -q "^GET /v2/a/b/blobs/$blob?signature=s - - 127.0.0.2:" "$bad_log"
}

@test "redirects that are none are refused" {
	start_bad_registry redirect=file:///etc/passwd
	probe_fails_with EPROTO "$registry/a/b:t" blob "$blob"
	stop_servers
	start_bad_registry "redirect=http://user:pw@127.0.0.2/"
	probe_fails_with EPROTO "$registry/a/b:t" blob "$blob"
}

@test "a blob whose transfer is cut goes on where it stopped" {
	start_bad_registry cut=2
	blob_is_right "$size"
	grep -q 'bytes=1048576- ' "$bad_log"
	grep -q 'bytes=2097152- ' "$bad_log"
}

@test "the same from a registry that knows no Range, and after a stall" {
	start_bad_registry cut=2 no-range
	blob_is_right "$size"
	stop_servers
	start_bad_registry cut=1 cut-stalls
	blob_is_right "$size"
}

@test "a part of a blob is just that part, with Range or without" {
	start_bad_registry
	want=$(berth_probe "$registry/a/b:t" blob "$blob" | tail -c +5001 | head -c 3000 | sha256sum)
	[ "$(berth_probe "$registry/a/b:t" blob "$blob" "$size" 5000 3000 | sha256sum)" = "$want" ]
	grep -q 'bytes=5000-7999 ' "$bad_log"
	stop_servers
	start_bad_registry no-range
	[ "$(berth_probe "$registry/a/b:t" blob "$blob" "$size" 5000 3000 | sha256sum)" = "$want" ]
}

@test "wrong contents are refused" {
	start_bad_registry blob-wrong manifest-wrong
	probe_fails_with EBADMSG "$registry/a/b@$manifest" manifest
	run bash -c '"$1" "$2" blob "$3" 2>&1 >/dev/null' _ "$berth_build/registry_probe" "$registry/a/b:t" "$blob"
	expect_contains EBADMSG
	run bash -c '"$1" "$2" blob "$3" 1000 2>&1 >/dev/null' _ "$berth_build/registry_probe" "$registry/a/b:t" "$blob"
	expect_contains EBADMSG
	stop_servers
	start_bad_registry range-lies
	probe_fails_with EPROTO "$registry/a/b:t" blob "$blob" "$size" 5000 3000
}

@test "a registry that is busy is asked again when it says, and not for ever" {
	start_bad_registry rate=1
	run berth_probe "$registry/a/b:t" manifest
	expect_status 0
	expect_contains "trying again in 1.0 s"
	stop_servers
	start_bad_registry unavailable=2
	run berth_probe "$registry/a/b:t" manifest
	expect_status 0
	stop_servers
	start_bad_registry rate=100
	probe_fails_with EDQUOT "$registry/a/b:t" manifest
	stop_servers
	start_bad_registry rate=1 after=100000
	probe_fails_with EDQUOT "$registry/a/b:t" manifest
	expect_contains "try again in 100000 s"
}

@test "answers that are huge, endless, slow or missing end" {
	for mode in manifest-huge manifest-endless; do
		start_bad_registry "$mode"
		probe_fails_with EFBIG "$registry/a/b:t" manifest
		stop_servers
	done
	settings '{"max-download-attempts": 1, "registry-timeout": 1}'
	for mode in stall trickle; do
		start_bad_registry "$mode"
		probe_fails_with ETIMEDOUT "$registry/a/b:t" manifest
		stop_servers
	done
	start_bad_registry token token-endless
	probe_fails_with EFBIG "$registry/a/b:t" manifest
}

@test "a cancelled call ends at once" {
	settings '{"registry-timeout": 60}'
	start_bad_registry stall
	"$berth_build/registry_probe" "$registry/a/b:t" manifest 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	asked() { grep -q manifests "$bad_log" 2>/dev/null; }
	eventually asked
	kill -INT "$pid"
	SECONDS=0
	wait "$pid" || true
	[ "$SECONDS" -lt 5 ]
	grep -q ECANCELED "$BATS_TEST_TMPDIR/err"
}

@test "warnings are shown, and no text of a registry steers the terminal" {
	start_bad_registry warn
	run berth_probe "$registry/a/b:t" manifest
	expect_contains 'warning: tags "are" moving'
	stop_servers
	start_bad_registry escape
	probe_fails_with ENOENT "$registry/a/b:t" manifest
	expect_contains "red"
	[[ "$output" != *$'\e'* && "$output" != *$'\a'* ]]
}

@test "tags come page by page; pages that never end are refused" {
	start_bad_registry
	[ "$(berth_probe "$registry/a/b:t" tags | tr '\n' ' ')" = "a b c d " ]
	stop_servers
	start_bad_registry "link=</v2/a/b/tags/list?n=2>; rel=next"
	probe_fails_with EFBIG "$registry/a/b:t" tags
}

@test "a page of tags at another host is asked for without the token" {
	start_bad_registry token link-elsewhere
	docker_login user secret
	[ "$(berth_probe "$registry/a/b:t" tags | tr '\n' ' ')" = "a b c d " ]
	grep -q "^GET /v2/a/b/tags/list.* Bearer t1 - $registry$" "$bad_log"
	[ "$(grep ' 127\.0\.0\.2:' "$bad_log")" = "GET /v2/a/b/tags/list?n=2&last=b - - 127.0.0.2:${registry#*:}" ]
}

@test "certs.d with an authority is no obstacle, with the certificate of a client that lacks its key an error" {
	start_registry proved tls
	settings '{"registry-timeout": 2}'
	# 127.0.0.1 is insecure whatever happens: it needs no proof, but a broken certs.d is an error.
	mkdir -p "$BATS_TEST_TMPDIR/certs.d/$registry"
	cp "$BATS_FILE_TMPDIR/tls/ca.crt" "$BATS_TEST_TMPDIR/certs.d/$registry/"
	probe_fails_with ENOENT "$registry/a/b:t" manifest
	cp "$BATS_FILE_TMPDIR/tls/server.crt" "$BATS_TEST_TMPDIR/certs.d/$registry/client.cert"
	probe_fails_with "whose key is missing" "$registry/a/b:t" manifest
}

@test "settings that nobody knows, and numbers beyond reason, are refused by name" {
	settings '{"max-concurent-downloads": 3}'
	probe_fails_with 'max-concurent-downloads: there is no such setting' 127.0.0.1:1/a/b manifest
	settings '{"max-concurrent-downloads": 0}'
	probe_fails_with 'max-concurrent-downloads: 0 is not between' 127.0.0.1:1/a/b manifest
	settings '{"registry-mirrors": ["ftp://x"]}'
	probe_fails_with 'registry-mirrors[0]' 127.0.0.1:1/a/b manifest
}

@test "a mirror is asked first for docker.io, and when it fails the next one is" {
	start_bad_registry manifest-huge
	first=$registry first_log=$bad_log
	start_bad_registry
	settings '{"registry-mirrors": ["http://'"$first"'/", "http://'"$registry"'"]}'
	run berth_probe a/b:t manifest
	expect_status 0
	expect_contains "$manifest"
	grep -q manifests "$first_log"
	run berth_probe "127.0.0.1:1/a/b:t" manifest
	expect_status 1
}
