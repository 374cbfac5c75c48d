#!/usr/bin/env bats
# What Berth writes, docker, podman, skopeo and umoci take; what they write, Berth takes.
load helper

setup_file() {
	needs dockerd containerd docker podman skopeo umoci
	export dir=$BATS_FILE_TMPDIR DOCKER_HOST=unix://$BATS_FILE_TMPDIR/docker.sock
	export DOCKER_CONFIG=$dir/config BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	export PATH=$peers_source/build:$PATH
	mkdir "$DOCKER_CONFIG"
	echo '{}' >"$DOCKER_CONFIG/config.json"
	start_daemons "
		containerd --root $dir/data/c --state $dir/data/s --address $dir/containerd.sock &
		echo \$! >$dir/containerd.pid
		until [ -S $dir/containerd.sock ]; do sleep 0.05; done
		exec dockerd --containerd $dir/containerd.sock -H $DOCKER_HOST --data-root $dir/data/d \\
			--exec-root $dir/exec --pidfile $dir/dockerd.pid --bridge=none --iptables=false \\
			--ip6tables=false --ip-forward=false --ip-masq=false --cgroup-parent /berth-peers \\
			--add-runtime berth=$RUNTIME --default-runtime berth"
	eventually test -S "$dir/docker.sock"
	eventually docker version >/dev/null 2>&1
	make_images
}

teardown_file() {
	[ -f "$dir/daemons.pid" ] || return 0
	end_daemon "$dir/dockerd.pid"
	end_daemon "$dir/containerd.pid"
	end_daemon "$dir/daemons.pid"
}

# plain:1 came as a plain tar and has a committed layer with all that a layer can have; packed:1 is the
# same image with layers that came compressed by gzip, zstd:1 by zstd. Archives of them: $dir/NAME.tar
make_images() {
	berth import -c 'CMD ["sh"]' -c 'ENV A=b' "$(busybox_tar)" base:1 >/dev/null
	berth run --name made base:1 sh -c 'echo mine >/mine; rm /etc/group; rm -r /home; mkdir /home; echo in >/home/in; ln /mine /hard; ln -s mine /soft; mkfifo /fifo'
	berth commit -a me -m 'by hand' made plain:1 >/dev/null
	berth save -o "$dir/plain.tar" plain:1
	for kind in gzip zstd; do
		skopeo copy -q --insecure-policy --dest-compress-format "$kind" "oci-archive:$dir/plain.tar" "oci:$dir/$kind.oci:$kind:1" 
		tar -C "$dir/$kind.oci" -cf "$dir/$kind-oci.tar" .
		berth load -qi "$dir/$kind-oci.tar" >/dev/null
		berth tag "$(berth images -q --no-trunc plain:1)" "$kind:1"
		berth save -o "$dir/$kind.tar" "$kind:1"
	done
	berth export made >"$dir/export.tar"
}

in_namespace() {
	nsenter --mount="/proc/$(cat "$dir/daemons.pid")/ns/mnt" -- "$@"
}

pod() {
	in_namespace timeout 60 podman --root "$dir/data/root" --runroot /run/podman --tmpdir /run/libpod \
		--cgroup-manager cgroupfs --runtime "$RUNTIME" "$@" 3>&-
}

# What a container of the image says of itself: the same wherever it is.
probe='cat /mine /hard /home/in; readlink /soft; test -p /fifo && echo fifo; test -e /etc/group || echo gone; echo $A; ls /home'
expected=$'mine\nmine\nin\nmine\nfifo\ngone\nb\nin'

id_of() {
	berth images -q --no-trunc "$1"
}

# fresh_load FILE: by a store of its own, in $fresh
fresh_load() {
	fresh=$BATS_TEST_TMPDIR/fresh
	berth --root "$fresh" --state "$fresh.state" load -i "$1"
}

# expect_as IMAGE ID: what was loaded is the image, and runs
expect_as() {
	[ "$(berth --root "$fresh" --state "$fresh.state" images -q --no-trunc "$1")" = "$2" ]
	run berth --root "$fresh" --state "$fresh.state" run --rm "$1" sh -c "$probe"
	expect_output "$expected"
	run berth --root "$fresh" --state "$fresh.state" system check
	expect_output "Nothing is wrong"
}

@test "docker loads what save writes, with layers as plain tars, gzip and zstd" {
	for name in plain gzip zstd; do
		run docker load -i "$dir/$name.tar"
		expect_status 0
		expect_contains "Loaded image: $name:1"
		[ "$(docker image inspect -f '{{.Id}}' "$name:1")" = "$(id_of "$name:1")" ]
		run timeout 30 docker run --rm --network none "$name:1" sh -c "$probe" 3>&-
		expect_output "$expected"
		docker rmi -f "$name:1" >/dev/null
	done
}

@test "podman loads it" {
	for name in plain gzip zstd; do
		run pod load -i "$dir/$name.tar"
		expect_status 0
		expect_contains "$name:1"
		[ "sha256:$(pod image inspect -f '{{.Id}}' "$name:1")" = "$(id_of "$name:1")" ]
		run pod run --rm --network none --cgroup-parent /berth-peers "$name:1" sh -c "$probe"
		expect_output "$expected"
	done
	pod rmi -af >/dev/null
}

@test "skopeo reads it as an OCI archive and as docker's" {
	for name in plain gzip zstd; do
		skopeo copy -q --insecure-policy "oci-archive:$dir/$name.tar:1" "dir:$BATS_TEST_TMPDIR/$name.oci"
		skopeo copy -q --insecure-policy "docker-archive:$dir/$name.tar:$name:1" "dir:$BATS_TEST_TMPDIR/$name.docker"
		[ "$(skopeo inspect --format '{{.Env}}' "oci-archive:$dir/$name.tar:1")" = "$(skopeo inspect --format '{{.Env}}' "docker-archive:$dir/$name.tar:$name:1")" ]
	done
}

@test "umoci unpacks it, and what umoci repacks berth loads" {
	mkdir "$BATS_TEST_TMPDIR/layout"
	tar -C "$BATS_TEST_TMPDIR/layout" -xf "$dir/gzip.tar"
	umoci unpack --image "$BATS_TEST_TMPDIR/layout:1" "$BATS_TEST_TMPDIR/bundle" >/dev/null
	[ "$(cat "$BATS_TEST_TMPDIR/bundle/rootfs/mine")" = mine ]
	[ ! -e "$BATS_TEST_TMPDIR/bundle/rootfs/etc/group" ]
	echo more >"$BATS_TEST_TMPDIR/bundle/rootfs/more"
	rm "$BATS_TEST_TMPDIR/bundle/rootfs/home/in"
	umoci repack --image "$BATS_TEST_TMPDIR/layout:2" "$BATS_TEST_TMPDIR/bundle" >/dev/null
	umoci config --image "$BATS_TEST_TMPDIR/layout:2" --config.env C=d
	rm -f "$BATS_TEST_TMPDIR"/layout/manifest.json "$BATS_TEST_TMPDIR"/layout/repositories
	tar -C "$BATS_TEST_TMPDIR/layout" -cf "$BATS_TEST_TMPDIR/repacked.tar" .
	run fresh_load "$BATS_TEST_TMPDIR/repacked.tar"
	expect_status 0
	fresh=$BATS_TEST_TMPDIR/fresh
	newest=$(berth --root "$fresh" --state "$fresh.state" images --format '{{.ID}}' | while read -r id; do
		berth --root "$fresh" --state "$fresh.state" image inspect -f '{{len .RootFS.Layers}} {{.Id}}' "$id"
	done | sort -n | tail -1 | cut -d' ' -f2)
	run berth --root "$fresh" --state "$fresh.state" run --rm "$newest" sh -c 'cat /more; echo /home/*; echo $C'
	expect_output $'more\n/home/*\nd'
}

@test "berth loads what docker saves" {
	docker load -qi "$dir/plain.tar" >/dev/null
	docker save -o "$BATS_TEST_TMPDIR/docker.tar" plain:1
	fresh_load "$BATS_TEST_TMPDIR/docker.tar"
	expect_as plain:1 "$(id_of plain:1)"
	docker rmi -f plain:1 >/dev/null
}

@test "berth loads what podman saves, in each of its formats" {
	pod load -qi "$dir/plain.tar" >/dev/null
	for format in docker-archive oci-archive; do
		in_namespace rm -f "$BATS_TEST_TMPDIR/$format.tar"
		pod save -q --format "$format" -o "$BATS_TEST_TMPDIR/$format.tar" docker.io/library/plain:1
		rm -rf "$BATS_TEST_TMPDIR/fresh"
		run fresh_load "$BATS_TEST_TMPDIR/$format.tar"
		expect_status 0
		expect_contains "plain:1"
		fresh=$BATS_TEST_TMPDIR/fresh
		name=$(berth --root "$fresh" --state "$fresh.state" images --format '{{.Repository}}:{{.Tag}}')
		expect_as "$name" "$(id_of plain:1)"
	done
	pod save -q --format oci-dir -o "$BATS_TEST_TMPDIR/oci-dir" docker.io/library/plain:1
	tar -C "$BATS_TEST_TMPDIR/oci-dir" -cf "$BATS_TEST_TMPDIR/oci-dir.tar" .
	rm -rf "$BATS_TEST_TMPDIR/fresh"
	fresh_load "$BATS_TEST_TMPDIR/oci-dir.tar"
	pod rmi -af >/dev/null
}

@test "berth loads what skopeo copies, in each form" {
	for form in docker-archive oci-archive; do
		skopeo copy -q --insecure-policy "docker-archive:$dir/plain.tar:plain:1" "$form:$BATS_TEST_TMPDIR/$form.tar:plain:1"
		rm -rf "$BATS_TEST_TMPDIR/fresh"
		fresh_load "$BATS_TEST_TMPDIR/$form.tar"
		# Into OCI's form the configuration is written anew, so it has another ID.
		[ "$form" = oci-archive ] || expect_as plain:1 "$(id_of plain:1)"
		expect_as plain:1 "$(berth --root "$fresh" --state "$fresh.state" images -q --no-trunc plain:1)"
	done
}

@test "docker and podman import what export writes, and tar reads it" {
	docker import "$dir/export.tar" exported:1 >/dev/null
	run timeout 30 docker run --rm --network none exported:1 sh -c "A=b; $probe" 3>&-
	expect_output "$expected"
	docker rmi -f exported:1 >/dev/null
	pod import -q "$dir/export.tar" exported:1 >/dev/null
	run pod run --rm --network none --cgroup-parent /berth-peers exported:1 sh -c "A=b; $probe"
	expect_output "$expected"
	pod rmi -af >/dev/null
	tar -tf "$dir/export.tar" >/dev/null
}

@test "save gives the same bytes each time, and from another store that loaded them" {
	for name in plain gzip zstd; do
		berth save -o "$BATS_TEST_TMPDIR/again.tar" "$name:1"
		cmp "$BATS_TEST_TMPDIR/again.tar" "$dir/$name.tar"
		rm -rf "$BATS_TEST_TMPDIR/fresh"
		fresh_load "$dir/$name.tar"
		berth --root "$fresh" --state "$fresh.state" save -o "$BATS_TEST_TMPDIR/fresh.tar" "$name:1"
		cmp "$BATS_TEST_TMPDIR/fresh.tar" "$dir/$name.tar"
	done
}
