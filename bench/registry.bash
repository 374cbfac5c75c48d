# registry.bash - docker-registry on loopback, with the image of image.bash in it
#
# Sourced after lib.bash and image.bash. The registry is in the group bench/registry: what it costs is
# counted for nobody. The image is pushed into it once, by skopeo, and kept in build/bench-image.

registry_pid=
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_registry DIRECTORY: it is $registry then
start_registry() {
	local group=/sys/fs/cgroup/cpuacct/bench/registry

	[ -n "${registry:-}" ] || registry=127.0.0.1:$(free_port)
	mkdir -p "$group" "$1"
	printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: %s, secret: bench}\n' \
		"$1" "$registry" >"$bench_scratch/registry.yml"
	(
		echo $BASHPID >"$group/cgroup.procs"
		exec setsid docker-registry serve "$bench_scratch/registry.yml"
	) >"$bench_scratch/registry.log" 2>&1 &
	registry_pid=$!
	for _ in $(seq 100); do
		curl -sf "http://$registry/v2/" >/dev/null && return 0
		sleep 0.1
	done
	echo "docker-registry does not start: $(tail -n 1 "$bench_scratch/registry.log")"
	exit 1
}

stop_registry() {
	kill "$registry_pid"
	wait "$registry_pid"
} 2>/dev/null

# A registry that has the image, as bench/image:1.
start_filled_registry() {
	prepare_image
	start_registry "$image/registry"
	[ ! -e "$image/pushed" ] || return 0
	skopeo copy -q --dest-tls-verify=false "docker-archive:$image/gzip.tar" "docker://$registry/bench/image:1" &&
		touch "$image/pushed" || { echo "bench: the image cannot be pushed"; exit 1; }
}

# The digests of its layers, the lowest first.
layer_digests() {
	skopeo inspect --raw --tls-verify=false "docker://$registry/bench/image:1" |
		python3 -c 'import json, sys; [print(l["digest"]) for l in json.load(sys.stdin)["layers"]]'
}
