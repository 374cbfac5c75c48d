#!/usr/bin/env bats
# berth-oci checkpoint and restore, with criu. Runs in a virtual machine (tests/run vm), because not
# every kernel can do what criu needs.
load checkpoint_helper

prepare() {
	gcc -o "$OCI/console_socket" "$berth_source/tests/lib/console_socket.c"
}

@test "a container is written, gone, restored, and counts on, twice" {
	counting t-count
	for _ in 1 2; do
		oci checkpoint --image-path "$OCI/img" t-count
		run oci state t-count
		expect_contains "does not exist"
		oci_nothing_left
		at=$(wc -l <"$OCI/out")
		restore t-count --pid-file "$OCI/pid"
		status_is t-count running
		[ "$(cat "$OCI/pid")" = "$(pid_of t-count)" ]
		counts_on
		[ "$(wc -l <"$OCI/out")" -gt "$at" ]
		rm -rf "$OCI/img"
	done
}

@test "a restored container is like any other: exec, ps, pause, limits, masks, loopback, cgroup, delete" {
	change 'c["linux"]["resources"]["pids"] = {"limit": 77}; c["root"]["readonly"] = True'
	counting t-like
	options=$(grep cgroup2 /proc/self/mountinfo)
	oci checkpoint --image-path "$OCI/img" t-like
	restore t-like
	[ "$(grep cgroup2 /proc/self/mountinfo)" = "$options" ]
	run oci exec t-like sh -c 'wc -c </proc/kcore; ifconfig lo; cat /proc/self/cgroup; touch /x; echo x >/proc/sys/kernel/hostname'
	expect_contains "127.0.0.1"
	expect_contains "0::/"
	expect_contains "touch: /x: Read-only file system"
	expect_contains "/proc/sys/kernel/hostname: Read-only file system"
	[ "${lines[0]}" = 0 ]
	[ "$(cat /sys/fs/cgroup/berth/t-like/pids.max)" = 77 ]
	run oci ps t-like
	expect_contains "sh -c"
	oci pause t-like
	status_is t-like paused
	oci resume t-like
	[ "$(ls "$OCI/state/t-like")" = "$(printf 'made.json\nstate.json')" ]
	oci delete --force t-like
	oci_nothing_left
}

@test "leave-running lets it run on, and the images are good" {
	counting t-leave
	oci checkpoint --leave-running --image-path "$OCI/img" t-leave
	status_is t-leave running
	counts_on
	oci delete --force t-leave
	head -n "$(wc -l <"$OCI/out")" "$OCI/out" >"$OCI/before"
	restore t-leave
	status_is t-leave running
}

@test "a paused container can be written" {
	counting t-paused
	oci pause t-paused
	oci checkpoint --leave-running --image-path "$OCI/img" t-paused
	status_is t-paused paused
	oci resume t-paused
	counts_on
}

@test "pre-dump with parent-path: the last image has only what has changed" {
	program sh -c "x=\$(head -c 3000000 /dev/zero | tr '\\0' x); ${counter//\$/\\\$}"
	oci run -d -b "$bundle" t-pre >>"$OCI/out" 2>&1 </dev/null 3>&-
	eventually counted 3
	oci checkpoint --pre-dump --image-path "$OCI/img-pre" t-pre
	status_is t-pre running
	oci checkpoint --pre-dump --image-path "$OCI/img-pre2" --parent-path ../img-pre t-pre
	oci checkpoint --image-path "$OCI/img" --parent-path ../img-pre2 t-pre
	[ -L "$OCI/img/parent" ]
	[ "$(cat "$OCI"/img/pages-*.img | wc -c)" -lt "$(cat "$OCI"/img-pre/pages-*.img | wc -c)" ]
	restore t-pre
	counts_on
}

@test "parent-path must be relative and there" {
	counting t-parent
	run oci checkpoint --image-path "$OCI/img" --parent-path "$OCI" t-parent
	expect_status 1
	expect_contains "must begin at the directory of --image-path"
	run oci checkpoint --image-path "$OCI/img" --parent-path ../img-none t-parent
	expect_status 1
	expect_contains "No such file"
	status_is t-parent running
}

@test "a connection over loopback lives on with --tcp-established, and only with it" {
	program sh -c 'nc -l -p 4000 -e cat & sleep 1; (i=0; while :; do i=\$((i+1)); echo \$i; sleep 0.2; done) | nc 127.0.0.1 4000'
	oci run -d -b "$bundle" t-tcp >>"$OCI/out" 2>&1 </dev/null 3>&-
	eventually counted 3
	run oci checkpoint --image-path "$OCI/img" t-tcp
	expect_status 1
	expect_contains "dump.log"
	status_is t-tcp running
	oci checkpoint --tcp-established --image-path "$OCI/img" t-tcp
	restore t-tcp --tcp-established
	counts_on
}

@test "a terminal is written, and restored to a console socket" {
	python3 - "$bundle/config.json" <<-'PYTHON'
		import json, sys
		config = json.load(open(sys.argv[1]))
		config["process"].update(args=["sh", "-c", "n=0; while read x; do n=$((n+1)); echo got-$n-$x; done"], terminal=True)
		json.dump(config, open(sys.argv[1], "w"))
	PYTHON
	"$OCI/console_socket" "$OCI/socket" one >"$OCI/tty1" 3>&- &
	eventually test -S "$OCI/socket"
	oci run -d -b "$bundle" --console-socket "$OCI/socket" t-tty 3>&-
	eventually grep -q got-1-one "$OCI/tty1"
	run oci checkpoint --image-path "$OCI/img" t-tty
	expect_status 0
	run oci restore -d --image-path "$OCI/img" -b "$bundle" t-tty
	expect_status 1
	expect_contains "--console-socket"
	rm -f "$OCI/socket"
	"$OCI/console_socket" "$OCI/socket" two >"$OCI/tty2" 3>&- &
	eventually test -S "$OCI/socket"
	oci restore -d --image-path "$OCI/img" -b "$bundle" --console-socket "$OCI/socket" t-tty 3>&-
	eventually grep -q got-2-two "$OCI/tty2"
}

@test "pipes of the standard streams are replaced by those of restore" {
	program sh -c 'while read x; do echo "got \$x"; done; echo end'
	mkfifo "$OCI/in1" "$OCI/in2"
	exec 7<>"$OCI/in1" 8<>"$OCI/in2"
	cat <&7 7>&- 8>&- 3>&- | oci run -d -b "$bundle" t-pipe 7>&- 8>&- 3>&- | cat >"$OCI/first" 3>&- 7>&- 8>&- &
	echo a >&7
	eventually grep -q "got a" "$OCI/first"
	oci checkpoint --image-path "$OCI/img" t-pipe 7>&- 8>&-
	cat <&8 7>&- 8>&- 3>&- | oci restore -d --image-path "$OCI/img" -b "$bundle" t-pipe 7>&- 8>&- 3>&- | cat >"$OCI/second" 3>&- 7>&- 8>&- &
	echo b >&8
	eventually grep -q "got b" "$OCI/second"
	oci delete --force t-pipe
	pkill -P $$ cat || true
	exec 7>&- 8>&-
}

@test "restore in the foreground gives the program's exit status, and leaves nothing" {
	program sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done'
	oci run -d -b "$bundle" t-front >>"$OCI/out" 2>&1 </dev/null 3>&-
	eventually grep -q ready "$OCI/out"
	oci checkpoint --image-path "$OCI/img" t-front
	berth-oci --root "$OCI/state" restore --image-path "$OCI/img" -b "$bundle" t-front >>"$OCI/out" 2>&1 </dev/null 3>&- &
	eventually status_is t-front running
	# Its parent is who waits for it.
	[ "$(sed -n 's/^PPid:\s*//p' "/proc/$(pid_of t-front)/status")" = $! ]
	kill -TERM $!
	status=0
	wait $! || status=$?
	expect_status 9
	oci_nothing_left
}

@test "a run in the foreground ends when its container is written, and leaves it to the checkpoint" {
	change 'c["hooks"] = {"poststop": [{"path": "/bin/sh", "args": ["sh", "-c", "echo stopped >>'"$OCI"'/stopped"]}]}'
	program sh -c "${counter//\$/\\\$}"
	rm -f "$OCI/stopped"
	berth-oci --root "$OCI/state" run -b "$bundle" t-fore >>"$OCI/out" 2>&1 </dev/null 3>&- &
	eventually counted 3
	oci checkpoint --image-path "$OCI/img" t-fore
	status=0
	wait $! || status=$?
	expect_status 137
	[ "$(cat "$OCI/stopped")" = stopped ]
	oci_nothing_left
	change 'del c["hooks"]'
	restore t-fore
	counts_on
}

@test "under another ID, from another bundle, with a mount from another directory" {
	mkdir -p "$OCI/data1" "$OCI/data2" "$OCI/bundle2/rootfs"
	tar -C "$OCI/bundle2/rootfs" -xf "$(busybox_tar)"
	echo first >"$OCI/data1/name"
	echo second >"$OCI/data2/name"
	ln -sfn /srv "$bundle/rootfs/data" && mkdir -p "$bundle/rootfs/srv"
	change 'c["mounts"] += [{"destination": "/data/in", "type": "bind", "source": "'"$OCI"'/data1", "options": ["rbind", "ro"]},
		{"destination": "/etc/file", "source": "'"$OCI"'/data1/name", "options": ["bind"]}]'
	counting t-one
	run oci exec t-one cat /srv/in/name /etc/file
	expect_contains "$(printf 'first\nfirst')"
	oci checkpoint --leave-running --image-path "$OCI/img" t-one
	oci delete --force t-one
	rm "$bundle/rootfs/data"
	sed "s|$OCI/data1|$OCI/data2|g" "$bundle/config.json" >"$OCI/bundle2/config.json"
	mkdir -p "$OCI/bundle2/rootfs/srv" && ln -sfn /srv "$OCI/bundle2/rootfs/data"
	bundle=$OCI/bundle2 restore t-two
	run oci exec t-two sh -c 'cat /srv/in/name /etc/file; touch /srv/in/x'
	expect_contains "$(printf 'second\nsecond')"
	expect_contains "Read-only file system"
	[ -d "$OCI/bundle2/rootfs/srv/in" ] && [ -f "$OCI/bundle2/rootfs/etc/file" ]
	run oci state t-two
	expect_contains "\"bundle\": \"$OCI/bundle2\""
	[ -n "$(cat /sys/fs/cgroup/berth/t-two/cgroup.procs)" ]
}

@test "a network namespace of others is joined again" {
	touch "$OCI/t-net"
	unshare --net="$OCI/t-net" sh -c 'ip link set lo up && ip link add t-dummy type dummy'
	change '[n.update(path="'"$OCI"'/t-net") for n in c["linux"]["namespaces"] if n["type"] == "network"]'
	counting t-netns
	oci checkpoint --image-path "$OCI/img" t-netns
	restore t-netns
	counts_on
	run oci exec t-netns ip link
	expect_contains t-dummy
	oci delete --force t-netns
	umount "$OCI/t-net"
}

@test "hooks of the runtime run again, and one that fails fails the restore without a trace" {
	change 'c["hooks"] = {k: [{"path": "/bin/sh", "args": ["sh", "-c", "cat >>'"$OCI"'/hooks; echo '"'"' '"'"'" + k + " >>'"$OCI"'/hooks"]}]
		for k in ("prestart", "createRuntime", "createContainer", "poststart", "poststop")}'
	change 'del c["hooks"]["createContainer"]'
	counting t-hook
	oci checkpoint --image-path "$OCI/img" t-hook
	rm -f "$OCI/hooks"
	restore t-hook
	[ "$(grep -o '\(prestart\|createRuntime\|poststart\|poststop\)$' "$OCI/hooks" | xargs)" = "prestart createRuntime poststart" ]
	grep -q '"status":"creating"' "$OCI/hooks"
	oci delete --force t-hook
	change 'c["hooks"] = {"createRuntime": [{"path": "/bin/false"}]}'
	run oci restore -d --image-path "$OCI/img" -b "$bundle" t-hook </dev/null 3>&-
	expect_status 1
	expect_contains createRuntime
	oci_nothing_left
}

@test "errors are one line that says where more is, and leave nothing" {
	counting t-err
	run oci checkpoint --image-path "$OCI/img" --work-path "$OCI/work" --link-remap --file-locks --manage-cgroups-mode ignore --leave-running t-err
	expect_status 0
	[ -s "$OCI/work/dump.log" ] && [ ! -e "$OCI/img/dump.log" ]
	oci delete --force t-err
	: >"$OCI/img/pstree.img"
	run oci restore -d --image-path "$OCI/img" --work-path "$OCI/work" -b "$bundle" t-err </dev/null 3>&-
	expect_status 1
	expect_contains "restore of container t-err: criu"
	expect_contains "see $OCI/work/restore.log"
	[ "${#lines[@]}" = 1 ]
	oci_nothing_left
	run oci restore -d --image-path "$OCI/img-none" -b "$bundle" t-err </dev/null
	expect_status 1
	expect_contains "$OCI/img-none: No such file"
	run oci --criu /no/criu restore -d --image-path "$OCI/img" -b "$bundle" t-err </dev/null
	expect_status 1
	expect_contains "/no/criu is not installed; install the package criu"
	oci_nothing_left
}

@test "what cannot be written is refused: a created, a stopped container, wrong options" {
	program sleep 1000
	oci create -b "$bundle" t-no </dev/null >/dev/null 2>&1 3>&-
	run oci checkpoint --image-path "$OCI/img" t-no
	expect_status 1
	expect_contains "is created; only one that runs or is paused"
	oci start t-no
	run oci checkpoint --image-path "$OCI/img" --manage-cgroups-mode none t-no
	expect_contains "must be soft, full, strict or ignore"
	run oci checkpoint --image-path "$OCI/img" --empty-ns pid t-no
	expect_contains "only network namespaces"
	run oci checkpoint --image-path "$OCI/img" --page-server nowhere t-no
	expect_contains "must be ADDRESS:PORT"
	run oci checkpoint --image-path "$OCI/img" --status-fd 1 t-no
	expect_contains "--status-fd goes with --lazy-pages"
	run oci restore --no-pivot --image-path "$OCI/img" t-x
	expect_contains "--no-pivot is not supported"
	run oci restore --lsm-mount-context
	expect_contains "flag needs an argument"
}

@test "a killed checkpoint lets the container run on; a killed restore is healed by delete" {
	counting t-kill
	berth-oci --root "$OCI/state" checkpoint --image-path "$OCI/img" t-kill 3>&- &
	eventually test -e "$OCI/img/dump.log"
	kill -9 $!
	wait $! || true
	eventually status_is t-kill running
	counts_on
	rm -rf "$OCI/img"
	oci checkpoint --image-path "$OCI/img" t-kill
	berth-oci --root "$OCI/state" restore -d --image-path "$OCI/img" -b "$bundle" t-kill >>"$OCI/out" 2>&1 </dev/null 3>&- &
	eventually test -e "$OCI/img/restore.log"
	kill -9 $!
	wait $! || true
	oci delete --force t-kill
	eventually oci_nothing_left
}

@test "memory is loaded late, from a page server" {
	counting t-lazy
	mkfifo "$OCI/ready"
	exec 9<>"$OCI/ready"
	oci checkpoint --lazy-pages --page-server 127.0.0.1:27277 --status-fd 9 --image-path "$OCI/img" t-lazy 3>&- &
	checkpoint=$!
	[ "$(timeout 60 head -c 1 <&9 | od -An -tx1)" = " 00" ]
	[ -e "$OCI/img/inventory.img" ]
	criu lazy-pages --page-server --address 127.0.0.1 --port 27277 -D "$OCI/img" -W "$OCI/img" >"$OCI/lazy" 2>&1 3>&- 9>&- &
	lazy=$!
	eventually test -S "$OCI/img/lazy-pages.socket"
	restore t-late --lazy-pages
	wait "$checkpoint"
	wait "$lazy"
	exec 9>&-
	counts_on
}
