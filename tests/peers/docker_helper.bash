# docker_helper.bash - loaded by the tests that have dockerd drive berth-oci
#
# A test file may define docker_options (for dockerd) and docker_before (lines of shell for the daemons'
# mount namespace, run before they start).

setup_file() {
	needs dockerd containerd docker
	export dir=$BATS_FILE_TMPDIR DOCKER_HOST=unix://$BATS_FILE_TMPDIR/docker.sock
	export DOCKER_CONFIG=$dir/config
	start_daemons "
		${docker_before:-}
		containerd --root $dir/data/c --state $dir/data/s --address $dir/containerd.sock &
		echo \$! >$dir/containerd.pid
		until [ -S $dir/containerd.sock ]; do sleep 0.05; done
		exec dockerd --containerd $dir/containerd.sock -H $DOCKER_HOST --data-root $dir/data/d \\
			--exec-root $dir/exec --pidfile $dir/dockerd.pid --bridge=none --iptables=false \\
			--ip6tables=false --ip-forward=false --ip-masq=false --cgroup-parent /berth-peers \\
			--add-runtime berth=$RUNTIME --default-runtime berth ${docker_options:-}"
	eventually test -S "$dir/docker.sock" || { tail "$dir/daemons.log" >&2; return 1; }
	eventually docker version >/dev/null 2>&1
	docker import -c 'CMD ["sh"]' "$(busybox_tar)" busybox >/dev/null
}

teardown() {
	local all

	all=$(docker ps -aq)
	# shellcheck disable=SC2086
	[ -z "$all" ] || docker rm -f $all >/dev/null
}

teardown_file() {
	[ -f "$dir/daemons.pid" ] || return 0
	end_daemon "$dir/dockerd.pid"
	end_daemon "$dir/containerd.pid"
	end_daemon "$dir/daemons.pid"
	expect_nothing_left
}

# Without --network a container would get one of docker's bridges, of which there are none.
drun() {
	timeout 30 docker run --network none "$@" 3>&-
}

inspect() {
	docker inspect --format "{{$2}}" "$1"
}

is() { # is CONTAINER FIELD VALUE
	[ "$(inspect "$1" "$2")" = "$3" ]
}

# In the daemon's mount namespace, on whose mounts a propagation works.
beside_daemon() {
	nsenter --mount="/proc/$(cat "$dir/dockerd.pid")/ns/mnt" -- "$@"
}
