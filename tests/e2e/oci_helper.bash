# oci_helper.bash - loaded by the end-to-end tests of berth-oci
#
# Each file has one bundle with a busybox in it, and each test a fresh config.json. After a test no
# state, control group or mount of its containers, whose IDs begin with "t-", may be left.
load "$(dirname "${BASH_SOURCE[0]}")/helper"

setup_file() {
	export OCI=$BATS_FILE_TMPDIR bundle=$BATS_FILE_TMPDIR/bundle
	mounts_before=$(wc -l </proc/self/mountinfo)
	export mounts_before
	mkdir -p "$bundle/rootfs"
	tar -C "$bundle/rootfs" -xf "$(busybox_tar)"
	gcc -o "$OCI/console_socket" "$berth_source/tests/lib/console_socket.c"
}

setup() {
	rm -f "$bundle/config.json"
	berth-oci spec --bundle "$bundle"
}

teardown() {
	local id

	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	# Of a teardown bats asks for the last command's status alone.
	eventually oci_nothing_left && expect_no_reports
}

teardown_file() {
	expect_no_reports
}

oci() {
	berth-oci --root "$OCI/state" "$@"
}

# What any test must not leave: a state, a control group, a mount.
oci_nothing_left() {
	[ -z "$(ls "$OCI/state" 2>/dev/null)" ] &&
		[ -z "$(find /sys/fs/cgroup -mindepth 2 -maxdepth 3 -path '*/berth/t-*' -type d)" ] &&
		[ "$(wc -l </proc/self/mountinfo)" = "$mounts_before" ]
}

# program WORD...: what the container runs, without a terminal
program() {
	local words text old='"args": [ "sh" ]' terminal='"terminal": true'

	words=$(printf ', "%s"' "$@")
	text=$(<"$bundle/config.json")
	text=${text/"$old"/"\"args\": [ ${words#, } ]"}
	printf '%s\n' "${text/"$terminal"/"\"terminal\": false"}" >"$bundle/config.json"
}

# configure SED-EXPRESSION: changes config.json
configure() {
	sed -i "$1" "$bundle/config.json"
}

status_is() {
	[ "$(oci state "$1" | sed -n 's/.*"status": "\(.*\)",/\1/p')" = "$2" ]
}

pid_of() {
	oci state "$1" | sed -n 's/.*"pid": \([0-9]*\),/\1/p'
}
