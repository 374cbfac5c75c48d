#!/usr/bin/env bats
# AppArmor profiles: of berth-oci's containers and of berth's.
load helper

# Its tests need both programs' fixtures.
setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/run
	export OCI=$BATS_FILE_TMPDIR bundle=$BATS_FILE_TMPDIR/bundle
	mounts_before=$(wc -l </proc/self/mountinfo)
	export mounts_before
	[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ] || skip "AppArmor does not run"
	mkdir -p "$bundle/rootfs"
	tar -C "$bundle/rootfs" -xf "$(busybox_tar)"
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
	profile t-strict 'file, capability, network, deny /forbidden rw,'
	profile t-other 'file, capability, network,'
}

teardown() {
	berth rm -f $(berth ps -aq) >/dev/null 2>&1 || true
	[ ! -e /sys/kernel/security/apparmor/policy/namespaces ] || unload berth-default
	local id
	for id in $(oci list -q); do oci delete --force "$id"; done
	eventually oci_nothing_left
}

# profile NAME RULES: loads it
profile() {
	printf 'profile %s flags=(attach_disconnected) {\n%s\n}\n' "$1" "$2" | apparmor_parser -r -K
}

unload() {
	! grep -q "^$1 " /sys/kernel/security/apparmor/profiles || printf %s "$1" >/sys/kernel/security/apparmor/.remove
}

@test "a container's program runs under its profile, and so does what is executed in it" {
	process_more=',"apparmorProfile":"t-strict"'
	run_box t-a 'cat /proc/self/attr/current; echo x >/forbidden'
	expect_contains "t-strict (enforce)"
	expect_contains "Permission denied"

	box 'sleep 1000'
	oci run -d -b "$bundle" t-a </dev/null >/dev/null 2>&1 3>&-
	run oci exec t-a cat /proc/self/attr/current
	expect_output "t-strict (enforce)"
	run oci exec --apparmor t-other t-a cat /proc/self/attr/current
	expect_output "t-other (enforce)"
	# The supervisor and hooks stay as they were.
	expect_file /proc/self/attr/current unconfined
}

@test "with no_new_privs, a user and a filter the profile holds, too" {
	process_more=',"noNewPrivileges":true,"apparmorProfile":"t-strict"'
	user='{"uid":1000,"gid":1000}'
	linux_more=',"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}'
	run_box t-a 'cat /proc/self/attr/current; grep NoNewPrivs /proc/self/status'
	expect_status 0
	expect_contains "t-strict (enforce)"
	expect_contains "NoNewPrivs:	1"
}

@test "a hook in the container runs under its profile, and the program after it as well" {
	process_more=',"apparmorProfile":"t-strict"'
	top_more=',"hooks":{"startContainer":[{"path":"/bin/sh","args":["sh","-c","cat /proc/self/attr/current >/hook; ! echo x >/forbidden"]}]}'
	run_box t-a 'cat /proc/self/attr/current /hook'
	expect_status 0
	[ "$(grep -c "^t-strict (enforce)$" <<<"$output")" = 2 ]
}

@test "in a user namespace of its own a container has its profile" {
	process_more=',"apparmorProfile":"t-strict"'
	chmod -R go+rX "$bundle"
	namespaces='{"type":"mount"},{"type":"pid"},{"type":"network"},{"type":"uts"},{"type":"ipc"},{"type":"user"}'
	linux_more=',"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]'
	hostname='"box"' run_box t-a 'cat /proc/self/attr/current'
	expect_output "t-strict (enforce)"
}

@test "a profile that is not loaded is refused by its name" {
	process_more=',"apparmorProfile":"t-nobody-knows"'
	run_box t-a true
	expect_status 125
	expect_contains "AppArmor profile t-nobody-knows: it is not loaded"
	process_more=
	box 'sleep 1000'
	oci run -d -b "$bundle" t-a </dev/null >/dev/null 2>&1 3>&-
	run oci exec --apparmor t-nobody-knows t-a true
	expect_contains "AppArmor profile t-nobody-knows: it is not loaded"
}

@test "berth run --security-opt apparmor: a profile, for the program and for exec" {
	run berth run --rm --security-opt apparmor=t-strict busybox cat /proc/self/attr/current
	expect_output "t-strict (enforce)"
	berth run -d --name t-berth --security-opt apparmor=t-strict busybox sleep 1000
	run berth exec t-berth cat /proc/self/attr/current
	expect_output "t-strict (enforce)"
	[ "$(berth inspect -f '{{.AppArmorProfile}}' t-berth)" = t-strict ]
	run berth run --rm --security-opt apparmor=t-nobody-knows busybox true
	expect_status 125
	expect_contains "AppArmor profile t-nobody-knows: it is not loaded"
}

@test "the default profile is used when it is loaded, and never loaded by us" {
	run berth run --rm busybox cat /proc/self/attr/current
	expect_output unconfined
	apparmor_parser -r -K "$berth_source/share/apparmor/berth-default"
	run berth run --rm busybox cat /proc/self/attr/current
	expect_output "berth-default (enforce)"
	berth run -d --name t-berth busybox sleep 1000
	run berth exec t-berth cat /proc/self/attr/current
	expect_output "berth-default (enforce)"
	[ "$(berth inspect -f '{{.AppArmorProfile}}' t-berth)" = berth-default ]
	run berth run --rm --security-opt apparmor=unconfined busybox cat /proc/self/attr/current
	expect_output unconfined
	run berth run --rm --privileged busybox cat /proc/self/attr/current
	expect_output unconfined
	# The profile lets signals in from outside.
	berth run -d --name t-trap busybox sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done'
	berth kill -s TERM t-trap
	[ "$(berth wait t-trap)" = 5 ]
}

@test "under the default profile mounting is denied even with the capability for it" {
	apparmor_parser -r -K "$berth_source/share/apparmor/berth-default"
	run berth run --rm --cap-add SYS_ADMIN --security-opt seccomp=unconfined busybox mount -t tmpfs none /tmp
	[ "$status" -ne 0 ]
	expect_contains "ermission denied"
	run berth run --rm --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined busybox mount -t tmpfs none /tmp
	expect_status 0
	run berth run --rm busybox sh -c 'echo hello >/tmp/x; cat /tmp/x; kill -0 1; sleep 0.1 & kill $!; nc -l -p 1 & kill %1; echo done'
	expect_status 0
	expect_contains done
}
