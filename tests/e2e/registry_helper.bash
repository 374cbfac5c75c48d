# registry_helper.bash - registries for tests: docker's own on 127.0.0.1, and one that misbehaves
#
# What is started here is ended by stop_servers. Loaded after helper.bash. $enter is the command by which
# servers get into another network namespace, or nothing.
enter=()

berth_probe() {
	"$berth_build/registry_probe" "$@"
}

# free_port: a port that nobody listens on
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# listens PORT [ADDRESS]
listens() {
	"${enter[@]}" bash -c "exec 3<>/dev/tcp/${2:-127.0.0.1}/$1" 2>/dev/null
}

# An authority, a certificate of it for 127.0.0.1 and 10.99.0.1, and one for a client, once a file.
make_certificates() {
	tls=$BATS_FILE_TMPDIR/tls
	[ ! -d "$tls" ] || return 0
	mkdir "$tls"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=test authority' \
		-keyout "$tls/ca.key" -out "$tls/ca.crt" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=registry' \
		-keyout "$tls/server.key" -out "$tls/server.csr" 2>/dev/null
	printf 'subjectAltName=IP:127.0.0.1,IP:10.99.0.1,DNS:localhost' >"$tls/server.ext"
	openssl x509 -req -in "$tls/server.csr" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -CAcreateserial -days 2 \
		-extfile "$tls/server.ext" -out "$tls/server.crt" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=client' \
		-keyout "$tls/client.key" -out "$tls/client.csr" 2>/dev/null
	openssl x509 -req -in "$tls/client.csr" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -CAcreateserial -days 2 \
		-out "$tls/client.cert" 2>/dev/null
}

# start_registry NAME [tls] [htpasswd] [token=URL]: docker-registry; its HOST:PORT is in $registry
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
		if [[ " $* " =~ \ token=([^ ]*) ]]; then
			printf 'auth: {token: {realm: "%s", service: test, issuer: test, rootcertbundle: %s/signer.crt}}\n' \
				"${BASH_REMATCH[1]}" "$BATS_FILE_TMPDIR"
		fi
	} >"$dir/config.yml"
	"${enter[@]}" docker-registry serve "$dir/config.yml" >"$dir/log" 2>&1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	eventually listens "$port"
	registry=127.0.0.1:$port
}

# start_token_server [MODE...]: tests/lib/token-server; its URL is in $token_url, its log in $token_log
start_token_server() {
	local port
	port=$(free_port)
	token_log=$BATS_TEST_TMPDIR/token.log token_url=http://127.0.0.1:$port/token
	[ -e "$BATS_FILE_TMPDIR/signer.crt" ] ||
		openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=signer \
			-keyout "$BATS_FILE_TMPDIR/signer.key" -out "$BATS_FILE_TMPDIR/signer.crt" 2>/dev/null
	"${enter[@]}" python3 "$berth_source/tests/lib/token-server" "$port" "$token_log" \
		"$BATS_FILE_TMPDIR/signer" >"$token_log.err" 2>&1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	eventually listens "$port"
}

# start_front ADDRESS PORT-OF-REGISTRY [LINE...]: nginx with TLS before a registry, and more lines of its
# configuration. Its HOST:PORT is in $registry, its log (protocol, method, path, certificate, fields) in $front_log
start_front() {
	local address=$1 upstream=$2 port dir
	shift 2
	port=$(free_port) dir=$BATS_TEST_TMPDIR/front.$upstream.$RANDOM
	make_certificates
	mkdir "$dir"
	front_log=$dir/access
	cat >"$dir/nginx.conf" <<-END
		daemon off; pid $dir/pid; error_log $dir/error; worker_processes 1; user root;
		events {}
		http {
			log_format fields '\$server_protocol \$request_method \$uri cert=\$ssl_client_verify agent=\$http_user_agent meta=\$http_x_meta_a other=\$http_x_other';
			access_log $front_log fields;
			client_max_body_size 0;
			client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/f; uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
			server {
				listen $address:$port ssl http2;
				ssl_certificate $tls/server.crt; ssl_certificate_key $tls/server.key;
				$*
				location / {
					proxy_pass http://127.0.0.1:$upstream; proxy_set_header Host \$http_host;
					proxy_set_header X-Forwarded-Proto https; proxy_http_version 1.1;
				}
			}
		}
	END
	"${enter[@]}" nginx -c "$dir/nginx.conf" -e "$dir/error" >"$dir/out" 2>&1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	eventually listens "$port" "$address"
	registry=$address:$port
}

# start_bad_registry MODE...: tests/lib/bad-registry; its HOST:PORT is in $registry, its log in $bad_log
start_bad_registry() {
	local port

	port=$(free_port)
	bad_log=$BATS_TEST_TMPDIR/bad.$port.log
	"${enter[@]}" python3 "$berth_source/tests/lib/bad-registry" "$port" "$bad_log" "$@" >"$bad_log.err" 2>&1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	eventually listens "$port"
	registry=127.0.0.1:$port
}

# start_image_registry [RATE]: tests/lib/pull-registry; its images are $image:TAG, its log is $image_log
start_image_registry() {
	local port

	port=$(free_port)
	image_log=$BATS_TEST_TMPDIR/images.$port.log
	python3 "$berth_source/tests/lib/pull-registry" "$port" "$image_log" "$@" >"$image_log.err" 2>&1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	eventually listens "$port"
	image=127.0.0.1:$port/t/image
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
