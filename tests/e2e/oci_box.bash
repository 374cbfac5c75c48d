# oci_box.bash - loaded by the tests of berth-oci's config.json members
#
# box writes a small config.json whose parts a test changes by variables; what is not set is the
# usual. Each test ends by proving that no state, control group or mount is left.

setup_file() {
	export OCI=$BATS_FILE_TMPDIR bundle=$BATS_FILE_TMPDIR/bundle
	mounts_before=$(wc -l </proc/self/mountinfo)
	export mounts_before
	mkdir -p "$bundle/rootfs"
	tar -C "$bundle/rootfs" -xf "$(busybox_tar)"
	type prepare >/dev/null 2>&1 && prepare
	return 0
}

setup() { :; }

teardown() {
	local id

	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	eventually oci_nothing_left
}

teardown_file() { :; }

oci() {
	berth-oci --root "$OCI/state" "$@"
}

oci_nothing_left() {
	[ -z "$(ls "$OCI/state" 2>/dev/null)" ] &&
		[ -z "$(find /sys/fs/cgroup -mindepth 2 -maxdepth 3 -path '*/berth/t-*' -type d)" ] &&
		[ "$(wc -l </proc/self/mountinfo)" = "$mounts_before" ]
}

usual_hostname='"box"' usual_user='{"uid":0,"gid":0}'
usual_namespaces='{"type":"mount"},{"type":"pid"},{"type":"network"},{"type":"uts"},{"type":"ipc"}'
usual_mounts='{"destination":"/proc","type":"proc","source":"proc"},
{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["mode=755"]},
{"destination":"/dev/pts","type":"devpts","source":"devpts","options":["newinstance","ptmxmode=0666","mode=0620"]}'
all_caps='"CAP_SYS_ADMIN","CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_MKNOD","CAP_NET_ADMIN","CAP_SETUID","CAP_SETGID","CAP_SYS_NICE","CAP_KILL"'

# box SCRIPT: writes config.json of a container that runs it. Variables (JSON, members begin with a
# comma where the name ends in _more): namespaces, mounts, mounts_more, process_more, linux_more,
# top_more, user, caps.
box() {
	local caps_json

	caps_json=${caps-$all_caps}
	cat >"$bundle/config.json" <<-JSON
		{ "ociVersion": "1.2.0", "root": { "path": "rootfs" }, "hostname": ${hostname-$usual_hostname},
		  "process": { "user": ${user-$usual_user}, "cwd": "/", "env": [ "PATH=/bin:/sbin:/usr/bin" ],
		    "args": [ "sh", "-c", "$1" ],
		    "capabilities": { "bounding": [ $caps_json ], "permitted": [ $caps_json ], "effective": [ $caps_json ] }
		    ${process_more-} },
		  "mounts": [ ${mounts-$usual_mounts} ${mounts_more-} ],
		  "linux": { "namespaces": [ ${namespaces-$usual_namespaces} ] ${linux_more-} } ${top_more-} }
	JSON
}

# run_box ID SCRIPT: writes it, runs it, and leaves status and output
run_box() {
	box "$2"
	run timeout 30 berth-oci --root "$OCI/state" run -b "$bundle" "$1" 3>&-
}

# hold_namespaces UNSHARE-OPTION...: namespaces that live as long as a process of ours, whose number
# is $held. With --fork that is a child's.
hold_namespaces() {
	unshare "$@" sleep 1000 >/dev/null 2>&1 3>&- &
	holder=$!
	eventually find_sleep
}

find_sleep() {
	local pid

	for pid in $holder $(pgrep -P "$holder"); do
		held=$pid
		[ "$(cat "/proc/$pid/comm")" != sleep ] || return 0
	done
	return 1
}

release_namespaces() {
	[ -z "${holder-}" ] || kill "$holder" "$held" 2>/dev/null || true
	holder=
}
