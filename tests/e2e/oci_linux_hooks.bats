#!/usr/bin/env bats
# hooks: when each kind runs, where, what it gets, and what its failure does.
load helper
load oci_box

# hook NAME [MEMBERS]: JSON of a hook that appends NAME and the state on its standard input to a log
prepare() {
	cat >"$OCI/hook" <<-'SH'
		#!/bin/sh
		state=$(cat)
		echo "$1 $(printf %s "$state" | sed 's/.*"status":"\([a-z]*\)".*/\1/') $(printf %s "$state" | sed 's/.*"pid":\([0-9]*\).*/\1/') $(readlink /proc/self/ns/mnt) $X" >>"$2"
		[ -z "$3" ] || exit "$3"
	SH
	cp "$OCI/hook" "$bundle/rootfs/hook"
	chmod +x "$OCI/hook" "$bundle/rootfs/hook"
}

hook() {
	echo "{\"path\":\"$OCI/hook\",\"args\":[\"hook\",\"$1\",\"$OCI/log\"${3-}],\"env\":[\"PATH=/bin:/usr/bin\",\"X=$1\"]${2-}}"
}

all_hooks() {
	top_more=",\"annotations\":{\"some.key\":\"a \\\\\"value\\\\\"\"},\"hooks\":{\"prestart\":[$(hook prestart)],
		\"createRuntime\":[$(hook createRuntime),$(hook second)],\"createContainer\":[$(hook createContainer)],
		\"startContainer\":[{\"path\":\"/hook\",\"args\":[\"hook\",\"startContainer\",\"/log\"],\"env\":[\"PATH=/bin\"]}],
		\"poststart\":[$(hook poststart)],\"poststop\":[$(hook poststop)]}"
	top_more=${top_more//'\\"'/'\"'}
}

setup() {
	rm -f "$OCI/log" "$bundle/rootfs/log"
}

words() { # words N FILE: the Nth word of each line
	cut -d' ' -f"$1" "$2" | tr '\n' ' '
}

@test "every kind runs in its order, place and state" {
	all_hooks
	box "echo program >>/log; sleep 1000"
	oci create -b "$bundle" t-hooks >/dev/null 3>&-
	pid=$(oci state t-hooks | sed -n 's/.*"pid": \([0-9]*\),/\1/p')
	[ "$(words 1 "$OCI/log")" = "prestart createRuntime second createContainer " ]
	[ "$(words 2 "$OCI/log")" = "creating creating creating creating " ]
	# The container's process number as each place sees it.
	[ "$(words 3 "$OCI/log")" = "$pid $pid $pid 1 " ]
	own=$(readlink /proc/self/ns/mnt)
	[ "$(words 4 "$OCI/log")" = "$own $own $own $(readlink "/proc/$pid/ns/mnt") " ]
	[ "$(words 5 "$OCI/log")" = "prestart createRuntime second createContainer " ]
	[ ! -e "$bundle/rootfs/log" ]

	oci start t-hooks
	eventually grep -q program "$bundle/rootfs/log"
	[ "$(words 1 "$bundle/rootfs/log")" = "startContainer program " ]
	[ "$(sed -n 1p "$bundle/rootfs/log" | cut -d' ' -f2,3)" = "created 1" ]
	[ "$(sed -n '$p' "$OCI/log" | cut -d' ' -f1-3)" = "poststart running $pid" ]

	oci delete --force t-hooks
	[ "$(sed -n '$p' "$OCI/log" | cut -d' ' -f1-3)" = "poststop stopped 0" ]
}

@test "run goes through all of them too" {
	all_hooks
	run_box t-run "exit 4"
	expect_status 4
	[ "$(words 1 "$OCI/log")" = "prestart createRuntime second createContainer poststart poststop " ]
	[ "$(words 1 "$bundle/rootfs/log")" = "startContainer " ]
}

@test "the state is the specification's, with annotations" {
	printf '#!/bin/sh\nexec cat >"%s"\n' "$OCI/state.json" >"$OCI/save"
	chmod +x "$OCI/save"
	top_more=",\"annotations\":{\"k\":\"a \\\"v\\\"\"},\"hooks\":{\"createRuntime\":[{\"path\":\"$OCI/save\"}]}"
	run_box t-state true
	expect_status 0
	grep -q "^{\"ociVersion\":\"1\.[0-9.]*\",\"id\":\"t-state\",\"status\":\"creating\",\"pid\":[0-9]*,\"bundle\":\"$bundle\",\"annotations\":{\"k\":\"a \\\\\"v\\\\\"\"}}$" "$OCI/state.json"
}

@test "what mounts there are is seen by createContainer hooks at the root's path of the host" {
	printf '#!/bin/sh\ncat /proc/mounts >"%s"; mount -t tmpfs -o size=1m late "%s/rootfs/mnt"\n' "$OCI/mounts" "$bundle" >"$OCI/mounter"
	chmod +x "$OCI/mounter"
	mkdir -p "$bundle/rootfs/mnt"
	top_more=",\"hooks\":{\"createContainer\":[{\"path\":\"$OCI/mounter\",\"env\":[\"PATH=/bin:/usr/bin:/sbin\"]}]}"
	run_box t-mounts "grep ' /mnt ' /proc/mounts"
	expect_status 0
	expect_contains "late /mnt tmpfs"
	grep -q " $bundle/rootfs/dev tmpfs" "$OCI/mounts"
}

@test "a hook of the making that fails ends the making, and poststop still runs" {
	for kind in prestart createRuntime createContainer; do
		rm -f "$OCI/log"
		top_more=",\"hooks\":{\"$kind\":[$(hook first),$(hook bad '' ',"3"'),$(hook never)],\"poststop\":[$(hook poststop)]}"
		box true
		run oci create -b "$bundle" t-fail 3>&-
		expect_status 1
		expect_contains "$kind"
		expect_contains "ended with status 3"
		[ "$(words 1 "$OCI/log")" = "first bad poststop " ]
		run oci state t-fail
		expect_contains "does not exist"
		eventually oci_nothing_left
	done
}

@test "a startContainer hook that fails keeps the program from running" {
	top_more=",\"hooks\":{\"startContainer\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"exit 5\"]}]}"
	box "touch /ran"
	oci create -b "$bundle" t-start >/dev/null 3>&-
	run oci start t-start
	expect_status 125
	expect_contains "startContainer"
	expect_contains "ended with status 5"
	[ ! -e "$bundle/rootfs/ran" ]
	eventually is_stopped t-start
}

is_stopped() {
	oci state "$1" | grep -q '"status": "stopped"'
}

@test "failures after the program began are warnings" {
	top_more=",\"hooks\":{\"poststart\":[$(hook poststart '' ',"1"'),$(hook after)],\"poststop\":[$(hook poststop '' ',"1"'),$(hook last)]}"
	run_box t-post "exit 6"
	expect_status 6
	expect_contains "hooks.poststart[0]"
	expect_contains "hooks.poststop[0]"
	[ "$(words 1 "$OCI/log")" = "poststart after poststop last " ]
}

@test "since 1.3 of the specification a poststart hook that fails ends the container" {
	top_more=",\"hooks\":{\"poststart\":[$(hook poststart '' ',"1"'),$(hook after)],\"poststop\":[$(hook poststop)]}"
	box "sleep 1000"
	sed -i 's/"1.2.0"/"1.3.0"/' "$bundle/config.json"
	run timeout 20 berth-oci --root "$OCI/state" run -b "$bundle" t-run 3>&-
	[ "$status" -ne 0 ]
	expect_contains "hooks.poststart[0]"
	expect_contains "ended with status 1"
	[ "$(words 1 "$OCI/log")" = "poststart poststop " ]
	eventually oci_nothing_left

	oci create -b "$bundle" t-start >/dev/null 3>&-
	run oci start t-start
	[ "$status" -ne 0 ]
	expect_contains "hooks.poststart[0]"
	eventually is_stopped t-start
	rm "$OCI/log"
	oci delete t-start
	[ "$(words 1 "$OCI/log")" = "poststop " ]
}

@test "a hook is killed when its time is over, on either side" {
	for kind in createRuntime createContainer; do
		top_more=",\"hooks\":{\"$kind\":[{\"path\":\"/bin/sleep\",\"args\":[\"sleep\",\"100\"],\"timeout\":1}]}"
		box true
		start=$SECONDS
		run timeout 20 berth-oci --root "$OCI/state" create -b "$bundle" t-late 3>&-
		expect_status 1
		expect_contains "killed"
		[ $((SECONDS - start)) -lt 10 ]
		eventually oci_nothing_left
	done
}

@test "a hook gets nothing of our environment and none of our descriptors" {
	printf '#!/bin/sh\n/usr/bin/env >"%s"; ls /proc/self/fd | wc -l >>"%s"\n' "$OCI/env" "$OCI/env" >"$OCI/show"
	chmod +x "$OCI/show"
	for kind in createRuntime createContainer; do
		top_more=",\"hooks\":{\"$kind\":[{\"path\":\"$OCI/show\"}]}"
		SECRET=1 run_box t-env true
		expect_status 0
		! grep -q SECRET "$OCI/env"
		# 0, 1, 2 and the directory that ls reads
		[ "$(tail -1 "$OCI/env")" -eq 4 ]
	done
}

@test "hooks have an absolute path and a timeout above zero" {
	top_more=',"hooks":{"poststop":[{"path":"hook"}]}'
	run_box t-path true
	expect_contains "hooks.poststop[0].path: hook is not an absolute path"
	top_more=',"hooks":{"prestart":[{"path":"/x","timeout":0}]}'
	run_box t-zero true
	expect_contains "hooks.prestart[0].timeout"
	top_more=',"hooks":{"createRuntime":[{"path":"/nowhere/hook"}]}'
	run_box t-absent true
	expect_status 125
	expect_contains "hooks.createRuntime[0] /nowhere/hook"
}

no_process() {
	[ -z "$(cat /sys/fs/cgroup/{,*/}berth/"$1"/cgroup.procs 2>/dev/null)" ]
}

@test "a create that is killed while a hook runs leaves no process that waits, and delete --force removes the rest" {
	top_more=",\"hooks\":{\"createRuntime\":[{\"path\":\"/bin/sleep\",\"args\":[\"sleep\",\"3\"]}]}"
	box true
	berth-oci --root "$OCI/state" create -b "$bundle" t-killed >/dev/null 2>&1 3>&- &
	creator=$!
	eventually has_process t-killed
	kill -9 $creator
	wait $creator || true
	eventually no_process t-killed
	oci delete --force t-killed
	eventually oci_nothing_left
}

has_process() {
	! no_process "$1"
}

@test "links of a hostile image lead nowhere while the host's tree is still there" {
	mkdir -p "$OCI/outside" "$OCI/data"
	echo secret >"$OCI/data/file"
	ln -sfn "$OCI/outside/made" "$bundle/rootfs/absolute"
	ln -sfn "../../../../../../..$OCI/outside/made" "$bundle/rootfs/relative"
	ln -sfn /proc/1/root/tmp "$bundle/rootfs/magic"
	top_more=',"hooks":{"createContainer":[{"path":"/bin/true"}]}'
	for trap in absolute relative; do
		mounts_more=",{\"destination\":\"/$trap/deep\",\"source\":\"$OCI/data\",\"options\":[\"bind\"]}"
		run_box t-trap "cat /$trap/deep/file"
		expect_status 0
		expect_output secret
		[ -z "$(ls "$OCI/outside")" ]
	done
	mounts_more=",{\"destination\":\"/magic/x\",\"source\":\"$OCI/data\",\"options\":[\"bind\"]}"
	run_box t-magic true
	expect_status 125
	mounts_more=
	ln -sfn "$OCI/outside" "$bundle/rootfs/devices"
	linux_more=',"devices":[{"path":"/devices/null2","type":"c","major":1,"minor":3}],"maskedPaths":["/absolute"]'
	run_box t-device "ls /devices"
	expect_status 0
	[ -z "$(ls "$OCI/outside")" ]
	rm -f "$bundle/rootfs/"{absolute,relative,magic,devices}
}
