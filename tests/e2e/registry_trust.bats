#!/usr/bin/env bats
# Whom a registry has to prove its name to, and what of the user's is told to whom: certificates, passwords,
# tokens, proxies. The registries are at 10.99.0.1 in a network namespace: only this machine's own
# addresses (127.0.0.0/8) need no proof.
load helper
load registry_helper
bats_require_minimum_version 1.5.0

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	export DOCKER_CONFIG=$BATS_FILE_TMPDIR/docker
	mounts_before=$(wc -l </proc/self/mountinfo)
	export mounts_before
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
	unshare --net sh -c 'ip link set lo up && ip address add 10.99.0.1/32 dev lo && ip address add 10.99.0.2/32 dev lo && exec sleep 600' 3>&- &
	net=$!
	has_net() { [ "$(readlink "/proc/$net/ns/net")" != "$(readlink /proc/self/ns/net)" ] && nsenter -t "$net" -n ip address show dev lo | grep -q 10.99.0.2; }
	eventually has_net
	enter=(nsenter -t "$net" -n)
	settings '{"max-upload-attempts": 2, "max-download-attempts": 2, "registry-timeout": 5}'
	rm -rf "$DOCKER_CONFIG"
	unset DOCKER_AUTH_CONFIG http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY
}

teardown() {
	stop_servers
	kill "$net" && wait "$net" || true
	expect_no_reports
}

# in_net COMMAND...: where the registries are
in_net() {
	"${enter[@]}" "$@"
}

# trust: the authority that signed the registry's certificate, for this registry alone
trust() {
	mkdir -p "$BATS_TEST_TMPDIR/certs.d/$registry"
	cp "$tls/ca.crt" "$BATS_TEST_TMPDIR/certs.d/$registry/"
}

# push_and_pull NAME: both work, and what comes into an empty store is what was sent
push_and_pull() {
	local other=$BATS_TEST_TMPDIR/other
	berth tag pushed "$1"
	in_net berth push -q "$1" >/dev/null
	berth rmi "$1" >/dev/null
	in_net berth --root "$other" pull -q "$1" >/dev/null
	[ "$(berth --root "$other" images -q --no-trunc "$1")" = "$(berth images -q --no-trunc pushed)" ]
	rm -r "$other"
}

fails_with() {
	local error=$1
	shift
	run in_net "$@"
	expect_status 1
	expect_contains "$error"
}

@test "a registry elsewhere must prove its name: nothing is asked of one that cannot" {
	start_registry plain
	start_front 10.99.0.1 "${registry#*:}"
	fails_with "certificate" berth pull "$registry/a:1"
	[ ! -s "$front_log" ]
	berth tag pushed "$registry/a:1"
	fails_with "certificate" berth push "$registry/a:1"
	[ ! -s "$front_log" ]
	fails_with "certificate" berth login -u user -p secret "$registry"
	[ ! -e "$DOCKER_CONFIG/config.json" ]
	trust
	push_and_pull "$registry/a:1"
}

@test "a certificate for another address is refused, whoever signed it" {
	start_registry plain
	start_front 10.99.0.2 "${registry#*:}"
	trust
	fails_with "10.99.0.2" berth pull "$registry/a:1"
	[ ! -s "$front_log" ]
}

@test "http, and TLS without proof, only with hosts among insecure-registries, by name or network" {
	start_registry plain
	port=${registry#*:}
	start_front 10.99.0.1 "$port"
	for list in "[\"$registry\"]" '["10.99.0.0/16"]' '["10.99.0.1"]'; do
		settings "{\"insecure-registries\": $list}"
		push_and_pull "$registry/a:1"
	done
	settings '{"insecure-registries": ["10.98.0.0/16", "10.99.0.1:1"]}'
	fails_with "certificate" berth pull "$registry/a:1"
	# Without TLS at all.
	stop_servers
	start_bad_registry
	plain=$registry
	"${enter[@]}" python3 - "${plain#*:}" <<-'END' 3>&- &
		import socket, sys, threading
		server = socket.create_server(("10.99.0.1", int(sys.argv[1])))
		def pump(a, b):
		    while data := a.recv(65536):
		        b.sendall(data)
		    b.shutdown(socket.SHUT_WR)
		while True:
		    a, _ = server.accept()
		    b = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		    for pair in ((a, b), (b, a)):
		        threading.Thread(target=pump, args=pair, daemon=True).start()
	END
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	eventually listens "${plain#*:}" 10.99.0.1
	fails_with "10.99.0.1" "$berth_build/registry_probe" "10.99.0.1:${plain#*:}/a/b:t" manifest
	[ ! -s "$bad_log" ]
	settings '{"insecure-registries": ["10.99.0.1"]}'
	run in_net "$berth_build/registry_probe" "10.99.0.1:${plain#*:}/a/b:t" manifest
	expect_status 0
}

@test "a registry that wants a client's certificate gets the one of certs.d, and nobody else does" {
	start_registry plain
	start_front 10.99.0.1 "${registry#*:}" "ssl_client_certificate $BATS_FILE_TMPDIR/tls/ca.crt; ssl_verify_client on;"
	trust
	fails_with "400" berth pull "$registry/a:1"
	cp "$tls"/client.{cert,key} "$BATS_TEST_TMPDIR/certs.d/$registry/"
	push_and_pull "$registry/a:1"
	grep -q '^HTTP/[0-9.]* PUT .* cert=SUCCESS' "$front_log"
	rm "$BATS_TEST_TMPDIR/certs.d/$registry/client.key"
	fails_with "whose key is missing" berth pull "$registry/a:1"
}

@test "a host that a blob is redirected to sees neither the client's certificate nor the user's fields" {
	start_registry plain
	upstream=${registry#*:}
	make_certificates
	start_front 10.99.0.1 "$upstream" "ssl_client_certificate $tls/ca.crt; ssl_verify_client optional;"
	elsewhere=$registry elsewhere_log=$front_log
	start_front 10.99.0.1 "$upstream" "ssl_client_certificate $tls/ca.crt; ssl_verify_client on;
		location ~ ^/v2/.*/blobs/sha256: { if (\$request_method = GET) { return 307 https://$elsewhere\$request_uri; }
			proxy_pass http://127.0.0.1:$upstream; proxy_set_header Host \$http_host; proxy_set_header X-Forwarded-Proto https; }"
	trust
	cp "$tls"/client.{cert,key} "$BATS_TEST_TMPDIR/certs.d/$registry/"
	mkdir "$DOCKER_CONFIG"
	echo '{"HttpHeaders": {"X-Meta-A": "yes"}}' >"$DOCKER_CONFIG/config.json"
	push_and_pull "$registry/a:1"
	grep -q ' GET /v2/a/manifests/1 cert=SUCCESS .* meta=yes' "$front_log"
	grep -q ' GET /v2/a/blobs/sha256:.* cert=NONE agent=berth/[0-9.]* meta=- ' "$elsewhere_log"
	run grep -v ' GET /v2/a/blobs/sha256:.* cert=NONE agent=berth/[0-9.]* meta=- ' "$elsewhere_log"
	expect_output ""
}

@test "containerd's hosts.toml is refused by name, and nothing is asked" {
	start_registry plain
	start_front 10.99.0.1 "${registry#*:}"
	trust
	echo 'server = "https://10.99.0.2"' >"$BATS_TEST_TMPDIR/certs.d/$registry/hosts.toml"
	fails_with "$BATS_TEST_TMPDIR/certs.d/$registry/hosts.toml: containerd's form is not read" berth pull "$registry/a:1"
	[ ! -s "$front_log" ]
}

@test "certificates are also found where docker has them, a user's own in ~/.config" {
	start_registry plain
	start_front 10.99.0.1 "${registry#*:}"
	in_etc() {
		in_net unshare --mount sh -c 'mkdir -p /etc/docker && mount -t tmpfs none /etc/docker && mkdir -p "/etc/docker/certs.d/$1" && cp "$2" "/etc/docker/certs.d/$1/" && shift 2 && exec "$@"' sh "$@"
	}
	run in_etc "$registry" "$tls/ca.crt" "$berth_build/registry_probe" "$registry/a/b:t" manifest
	expect_contains ENOENT
	dir=$(mktemp -d /tmp/user.XXXXXX)
	mkdir -p "$dir/.config/docker/certs.d/$registry"
	cp "$tls/ca.crt" "$dir/.config/docker/certs.d/$registry/"
	cp "$berth_build/registry_probe" "$dir/probe"
	chmod -R a+rX "$dir"
	chmod 755 "$dir/probe"
	as_user() {
		in_net env -u BERTH_CONFIG -u DOCKER_CONFIG HOME="$dir" setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	}
	run as_user "$dir/probe" "$registry/a/b:t" manifest
	expect_contains ENOENT
	mv "$dir/.config/docker" "$dir/.config/berth"
	run as_user "$dir/probe" "$registry/a/b:t" manifest
	expect_contains ENOENT
	mv "$dir/.config" "$dir/.other"
	run as_user "$dir/probe" "$registry/a/b:t" manifest
	expect_contains certificate
	run as_user env XDG_CONFIG_HOME="$dir/.other" "$dir/probe" "$registry/a/b:t" manifest
	expect_contains ENOENT
	rm -r "$dir"
}

@test "HTTP/2 is spoken where the registry can, with our name and the user's X-Meta- fields" {
	start_registry http2
	start_front 10.99.0.1 "${registry#*:}"
	trust
	mkdir "$DOCKER_CONFIG"
	echo '{"HttpHeaders": {"X-Meta-A": "yes", "X-Other": "no"}}' >"$DOCKER_CONFIG/config.json"
	push_and_pull "$registry/a:1"
	grep -q "^HTTP/2.0 GET /v2/a/blobs/sha256:.* agent=berth/[0-9.]* meta=yes other=-" "$front_log"
	grep -q "^HTTP/2.0 PATCH /v2/a/blobs/uploads/" "$front_log"
	run grep -v '^HTTP/2.0 .* meta=yes other=-' "$front_log"
	expect_output ""
	echo '{"HttpHeaders": {"X-Meta-A": "a\r\nEvil: b"}}' >"$DOCKER_CONFIG/config.json"
	fails_with "not a header field" berth pull "$registry/a:1"
}

@test "proxies of the environment and of the settings are used, but not for what NO_PROXY names" {
	local port
	start_registry plain
	upstream=${registry#*:}
	start_front 10.99.0.1 "$upstream"
	trust
	port=$(free_port)
	printf 'Port %s\nListen 127.0.0.1\nTimeout 60\nLogFile "%s"\nLogLevel Connect\nMaxClients 50\n' "$port" "$BATS_TEST_TMPDIR/proxy.log" >"$BATS_TEST_TMPDIR/proxy.conf"
	"${enter[@]}" tinyproxy -d -c "$BATS_TEST_TMPDIR/proxy.conf" >/dev/null 2>&1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	eventually listens "$port"
	HTTPS_PROXY=http://127.0.0.1:$port push_and_pull "$registry/a:1"
	grep -q "CONNECT $registry" "$BATS_TEST_TMPDIR/proxy.log"
	for exception in 10.99.0.1 10.99.0.0/16 '*'; do
		: >"$BATS_TEST_TMPDIR/proxy.log"
		HTTPS_PROXY=http://127.0.0.1:$port NO_PROXY=$exception push_and_pull "$registry/a:1"
		run grep CONNECT "$BATS_TEST_TMPDIR/proxy.log"
		expect_status 1
	done
	: >"$BATS_TEST_TMPDIR/proxy.log"
	settings "{\"proxies\": {\"https-proxy\": \"http://127.0.0.1:$port\"}}"
	push_and_pull "$registry/a:1"
	grep -q "CONNECT $registry" "$BATS_TEST_TMPDIR/proxy.log"
	# This machine is asked directly, and a proxy that is not there is named.
	: >"$BATS_TEST_TMPDIR/proxy.log"
	push_and_pull "127.0.0.1:$upstream/a:1"
	run grep -c 127.0.0.1:$upstream "$BATS_TEST_TMPDIR/proxy.log"
	expect_output 0
	settings '{"proxies": {"https-proxy": "http://127.0.0.1:1"}}'
	fails_with "127.0.0.1 port 1" berth pull "$registry/a:1"
}

@test "docker's registry with TLS and passwords: login, push, pull; the environment's credentials come first" {
	start_registry secret tls htpasswd
	berth tag pushed "$registry/a:1"
	fails_with "unauthorized" berth pull "$registry/a:1"
	echo secret | in_net berth login -u user --password-stdin "$registry"
	push_and_pull "$registry/a:1"
	in_net berth logout "$registry"
	fails_with "unauthorized" berth pull "$registry/a:1"
	DOCKER_AUTH_CONFIG="{\"auths\":{\"$registry\":{\"auth\":\"$(printf user:secret | base64)\"}}}" push_and_pull "$registry/a:1"
	in_net berth login -u user -p secret "$registry"
	DOCKER_AUTH_CONFIG="{\"auths\":{\"$registry\":{\"auth\":\"$(printf user:wrong | base64)\"}}}" fails_with "unauthorized" berth pull "$registry/a:1"
	DOCKER_AUTH_CONFIG='{"auths":' fails_with "DOCKER_AUTH_CONFIG" berth pull "$registry/a:1"
}

@test "credHelpers name the helper of one registry; its failure is told, not taken for no credentials" {
	start_registry helped tls htpasswd
	mkdir "$DOCKER_CONFIG" "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/docker-credential-one" <<-'END'
		#!/bin/sh
		read -r server
		[ "$1" = get ] || exit 1
		echo "$1 $server" >>"$HELPER_LOG"
		[ -z "$HELPER_FAILS" ] || { echo "the safe is locked"; exit 1; }
		printf '{"ServerURL":"%s","Username":"user","Secret":"secret"}' "$server"
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-one"
	export HELPER_LOG=$BATS_TEST_TMPDIR/helper.log PATH=$BATS_TEST_TMPDIR/bin:$PATH
	echo "{\"credsStore\": \"absent\", \"credHelpers\": {\"$registry\": \"one\"}}" >"$DOCKER_CONFIG/config.json"
	push_and_pull "$registry/a:1"
	grep -q "^get $registry$" "$HELPER_LOG"
	HELPER_FAILS=yes fails_with "the safe is locked" berth pull "$registry/a:1"
	echo '{"credsStore": "absent"}' >"$DOCKER_CONFIG/config.json"
	fails_with "docker-credential-absent" berth pull "$registry/a:1"
}

@test "tokens: login keeps an identity token, which is exchanged for the rights that each command needs" {
	start_token_server
	start_registry tokens "token=$token_url"
	fails_with "incorrect username or password" berth login -u user -p wrong "$registry"
	in_net berth login -u user -p secret "$registry"
	grep -q '"identitytoken": *"identity"' "$DOCKER_CONFIG/config.json"
	run grep -c "$(printf user:secret | base64)" "$DOCKER_CONFIG/config.json"
	expect_output 0
	push_and_pull "$registry/public/a:1"
	grep -q '^POST - repository:public/a:pull,push refresh_token$' "$token_log"
	grep -q '^POST - repository:public/a:pull refresh_token$' "$token_log"
	# A layer is mounted with the right to read it there.
	berth tag pushed "$registry/private/b:1"
	run in_net berth push "$registry/private/b:1"
	expect_status 0
	expect_contains "Mounted from public/a"
	grep -q '^POST - repository:private/b:pull,push,repository:public/a:pull refresh_token$' "$token_log"
	in_net berth logout "$registry"
	in_net berth pull -q "$registry/public/a:1"
	grep -q '^GET - repository:public/a:pull -$' "$token_log"
	fails_with "denied" berth pull "$registry/private/b:1"
	fails_with "unauthorized" berth push "$registry/private/b:1"
	sed -i 's/"auths".*/"auths": {}}/' "$DOCKER_CONFIG/config.json"
	printf '{"auths":{"%s":{"identitytoken":"stolen"}}}' "$registry" >"$DOCKER_CONFIG/config.json"
	fails_with "invalid refresh token" berth pull "$registry/private/b:1"
}
