# rootless_helper.bash - loaded by the tests of an ordinary user's containers
#
# The user is nobody of this machine: his name and his ranges stand in files that are mounted over
# the machine's for the one command that he runs. ordinary COMMAND... is such a command.

export USER_ID=12345 RANGE=200000

setup_file() {
	export OCI=$BATS_FILE_TMPDIR home=$BATS_FILE_TMPDIR/home
	export bundle=$home/bundle
	chmod 711 "$BATS_RUN_TMPDIR" "$OCI"
	mkdir -p "$bundle/rootfs" "$home/run" "$OCI/bin"
	tar -C "$bundle/rootfs" -xf "$(busybox_tar)"
	cp "$berth_build/berth-oci" "$OCI/bin/"
	# What the sanitizers find in his programs is written there.
	[ ! -d "$berth_build/reports" ] || chmod 1777 "$berth_build/reports"
	{ cat /etc/passwd; echo "ordinary:x:$USER_ID:$USER_ID::$home:/bin/sh"; } >"$OCI/passwd"
	echo "ordinary:$RANGE:65536" >"$OCI/subids"
	chown -R "$USER_ID:$USER_ID" "$home"
	chmod 700 "$home/run"
}

setup() {
	rm -f "$bundle/config.json"
	cd "$bundle" || return 1
	ordinary berth-oci spec --rootless
}

teardown() {
	local id

	for id in $(oci list -q); do
		oci delete --force "$id"
	done
	[ ! -d /sys/fs/cgroup/pids/berth ] || chown 0 /sys/fs/cgroup/pids/berth
	# Of a teardown bats asks for the last command's status alone.
	eventually nothing_of_his_left && expect_no_reports
}

teardown_file() { :; }

nothing_of_his_left() {
	[ -z "$(ls "$home/run/berth-oci" 2>/dev/null)" ] && ! pgrep -u "$USER_ID" >/dev/null
}

# In a mount namespace, where $before may have mounted more, and in the network namespace that
# $his_net names, or the test's own.
ordinary() {
	# shellcheck disable=SC2086
	timeout 60 ${his_net:+nsenter --net=$his_net --} unshare --mount --propagation private -- sh -c '
		mount --bind "$OCI/passwd" /etc/passwd
		mount --bind "$OCI/subids" /etc/subuid
		mount --bind "$OCI/subids" /etc/subgid
		eval "$before"
		exec setpriv --reuid '"$USER_ID"' --regid '"$USER_ID"' --clear-groups \
			env -u USER HOME="$home" XDG_RUNTIME_DIR="$home/run" PATH="$OCI/bin:$PATH" "$@"
	' sh "$@" 3>&-
}
export before=

oci() {
	ordinary berth-oci "$@"
}

# program SCRIPT: what the container runs, without a terminal
program() {
	python3 - "$bundle/config.json" "$1" <<-'PY'
		import json, sys
		c = json.load(open(sys.argv[1]))
		c["process"]["args"] = ["sh", "-c", sys.argv[2]]
		c["process"]["terminal"] = False
		c["root"]["readonly"] = False
		json.dump(c, open(sys.argv[1], "w"))
	PY
}

# change PYTHON: changes the configuration c, its process p, its l (linux) and m (mounts by place)
change() {
	python3 - "$bundle/config.json" "$1" <<-'PY'
		import json, sys
		c = json.load(open(sys.argv[1]))
		p, l = c["process"], c["linux"]
		m = {x["destination"]: x for x in c["mounts"]}
		exec(sys.argv[2])
		json.dump(c, open(sys.argv[1], "w"))
	PY
}

# Root in there is he; the rest are his range.
map_ranges() {
	change "l['uidMappings'] = l['gidMappings'] = [
		{'containerID': 0, 'hostID': $USER_ID, 'size': 1},
		{'containerID': 1, 'hostID': ${1-$RANGE}, 'size': 65536}]"
}

status_is() {
	[ "$(oci state "$1" | sed -n 's/.*"status": "\(.*\)",/\1/p')" = "$2" ]
}

pid_of() {
	oci state "$1" | sed -n 's/.*"pid": \([0-9]*\),/\1/p'
}
