# registry_helper.bash - registries for tests: docker's own on 127.0.0.1, and one that misbehaves
#
# What is started here is ended by stop_servers. Loaded after helper.bash.

berth_probe() {
	"$berth_build/registry_probe" "$@"
}

# free_port: a port that nobody listens on
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

listens() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# An authority and a certificate of it for 127.0.0.1 and registry.test, once a file.
make_certificates() {
	tls=$BATS_FILE_TMPDIR/tls
	[ ! -d "$tls" ] || return 0
	mkdir "$tls"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=test authority' \
		-keyout "$tls/ca.key" -out "$tls/ca.crt" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=registry' \
		-keyout "$tls/server.key" -out "$tls/server.csr" 2>/dev/null
	printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' >"$tls/server.ext"
	openssl x509 -req -in "$tls/server.csr" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -CAcreateserial -days 2 \
		-extfile "$tls/server.ext" -out "$tls/server.crt" 2>/dev/null
}

# start_registry NAME [tls] [htpasswd]: docker-registry; its HOST:PORT is in $registry
start_registry() {
	local name=$1 port dir=$BATS_FILE_TMPDIR/$1
	shift
	port=$(free_port)
	mkdir -p "$dir"
	{
		printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/data}, delete: {enabled: true}}\n' "$dir"
		printf 'http:\n  addr: 127.0.0.1:%s\n  secret: test\n' "$port"
		if [[ " $* " == *" tls "* ]]; then
			make_certificates
			printf '  tls: {certificate: %s/server.crt, key: %s/server.key}\n' "$tls" "$tls"
		fi
		if [[ " $* " == *" htpasswd "* ]]; then
			htpasswd -Bbn user secret >"$dir/htpasswd"
			printf 'auth: {htpasswd: {realm: test, path: %s/htpasswd}}\n' "$dir"
		fi
	} >"$dir/config.yml"
	docker-registry serve "$dir/config.yml" >"$dir/log" 2>&1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	eventually listens "$port"
	registry=127.0.0.1:$port
}

# start_bad_registry MODE...: tests/lib/bad-registry; its HOST:PORT is in $registry, its log in $bad_log
start_bad_registry() {
	local port

	port=$(free_port)
	bad_log=$BATS_TEST_TMPDIR/bad.$port.log
	python3 "$berth_source/tests/lib/bad-registry" "$port" "$bad_log" "$@" >"$bad_log.err" 2>&1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	eventually listens "$port"
	registry=127.0.0.1:$port
}

stop_servers() {
	local pid

	[ -e "$BATS_FILE_TMPDIR/servers" ] || return 0
	while read -r pid; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
	done <"$BATS_FILE_TMPDIR/servers"
	rm -f "$BATS_FILE_TMPDIR/servers"
}

# settings JSON: the settings of this test
settings() {
	export BERTH_CONFIG=$BATS_TEST_TMPDIR/config.json
	echo "$1" >"$BERTH_CONFIG"
}
