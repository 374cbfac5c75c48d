#!/usr/bin/env bats
# mounts, linux.rootfsPropagation, maskedPaths, readonlyPaths: options and what they do.
load helper
load oci_box

prepare() {
	mkdir -p "$OCI/tree/sub" "$bundle/data" "$bundle/rootfs/full/deep"
	echo content >"$OCI/tree/file"
	echo relative >"$bundle/data/file"
	echo old >"$bundle/rootfs/full/deep/file"
	chmod 640 "$bundle/rootfs/full/deep/file"
	chown 12:34 "$bundle/rootfs/full/deep/file"
	chmod 1711 "$bundle/rootfs/full"
	ln -s deep/file "$bundle/rootfs/full/link"
	mkfifo "$bundle/rootfs/full/pipe"
}

# options_of TARGET: of the mount there, as the container sees them
mounted() {
	echo "grep ' $1 ' /proc/self/mountinfo"
}

# with_shared_host COMMAND...: where $OCI/shared is a shared mount, as on systemd's machines
with_shared_host() {
	mkdir -p "$OCI/shared"
	unshare --mount --propagation private sh -c 'mount -t tmpfs host "$OCI/shared" && mount --make-shared "$OCI/shared" && mkdir "$OCI/shared/sub" && exec "$@"' sh "$@" 3>&-
}

@test "attributes of a bind mount are those that its options say, the last one wins" {
	mounts_more=",{\"destination\":\"/a\",\"source\":\"$OCI/tree\",\"options\":[\"rbind\",\"ro\",\"nosuid\",\"nodev\",\"noexec\",\"noatime\",\"nosymfollow\"]},
		{\"destination\":\"/b\",\"type\":\"bind\",\"source\":\"$OCI/tree\",\"options\":[\"ro\",\"rw\",\"nodiratime\",\"strictatime\",\"sync\"]}"
	run_box t-attr "cut -d' ' -f5,6 /proc/self/mountinfo | grep -E '^/(a|b) '"
	expect_status 0
	expect_contains "/a ro,nosuid,nodev,noexec,noatime,nosymfollow"
	[[ "$output" =~ /b\ rw,nodiratime ]]
}

@test "recursive attributes hold for every mount beneath, plain ones for the top alone" {
	cat >"$OCI/nested" <<-'SH'
		mount -t tmpfs inner "$OCI/tree/sub" && exec berth-oci --root "$OCI/state" run -b "$bundle" t-rec
	SH
	mounts_more=",{\"destination\":\"/a\",\"source\":\"$OCI/tree\",\"options\":[\"rbind\",\"rro\",\"rnosuid\"]},
		{\"destination\":\"/b\",\"source\":\"$OCI/tree\",\"options\":[\"rbind\",\"ro\"]},
		{\"destination\":\"/c\",\"source\":\"$OCI/tree\",\"options\":[\"bind\"]}"
	box "touch /a/x /a/sub/x /b/x 2>/dev/null; touch /b/sub/fine && ls /a/sub /b /c/sub"
	run unshare --mount --propagation private sh "$OCI/nested" 3>&-
	expect_status 0
	expect_output "$(printf '/a/sub:\nfine\n\n/b:\nfile\nsub\n\n/c/sub:')"
}

@test "files are bound on files, which are made, and sources and targets may be relative" {
	mounts_more=",{\"destination\":\"etc/made/file\",\"source\":\"$OCI/tree/file\",\"options\":[\"bind\",\"ro\"]},
		{\"destination\":\"data\",\"type\":\"bind\",\"source\":\"data\",\"options\":[\"rbind\"]}"
	run_box t-file "cat /etc/made/file /data/file; (echo x >/etc/made/file) 2>/dev/null || echo read-only"
	expect_status 0
	expect_output "$(printf 'content\nrelative\nread-only')"
}

@test "a link is bound itself when it is not to be followed" {
	ln -sf /nowhere "$OCI/tree/dangling"
	mounts_more=",{\"destination\":\"/l\",\"source\":\"$OCI/tree/dangling\",\"options\":[\"bind\"]}"
	run_box t-follow true
	expect_status 125
	mounts_more=",{\"destination\":\"/l\",\"source\":\"$OCI/tree/dangling\",\"options\":[\"bind\",\"src-nofollow\"]}"
	run_box t-nofollow "readlink /l"
	expect_output /nowhere
}

@test "copy-symlink makes a link like the source's, dest-nofollow mounts upon a link of the container" {
	ln -sfn /full/deep/file "$OCI/tree/link"
	ln -sfn /nowhere "$bundle/rootfs/dangling"
	mounts_more=",{\"destination\":\"/made/here/l\",\"source\":\"$OCI/tree/link\",\"options\":[\"bind\",\"copy-symlink\"]},
		{\"destination\":\"/made/plain\",\"source\":\"$OCI/tree/file\",\"options\":[\"bind\",\"copy-symlink\"]},
		{\"destination\":\"/dangling\",\"source\":\"$OCI/tree/file\",\"options\":[\"bind\",\"dest-nofollow\"]}"
	# The second time the link is there already.
	for id in t-link t-again; do
		run_box $id "readlink /made/here/l; cat /made/here/l /made/plain /dangling; ls /nowhere 2>/dev/null"
		expect_output "$(printf '/full/deep/file\nold\ncontent\ncontent')"
	done
	[ ! -e "$bundle/rootfs/nowhere" ]
	ln -sfn /elsewhere "$bundle/rootfs/made/here/l"
	run_box t-other true
	expect_status 125
	expect_contains "mount /made/here/l: File exists"
	rm -r "$bundle/rootfs/made" "$bundle/rootfs/dangling"
}

@test "remount changes the options of what is mounted there, and of nothing else" {
	mounts_more=",{\"destination\":\"/t\",\"type\":\"tmpfs\",\"options\":[\"nosuid\"]},{\"destination\":\"/t\",\"type\":\"tmpfs\",\"options\":[\"remount\",\"ro\",\"noexec\"]},
		{\"destination\":\"/b\",\"source\":\"$OCI/tree\",\"options\":[\"bind\",\"ro\"]},{\"destination\":\"/b\",\"source\":\"$OCI/tree\",\"options\":[\"bind\",\"remount\",\"rw\",\"nodev\"]}"
	run_box t-again "cut -d' ' -f5,6 /proc/self/mountinfo | grep -E '^/(t|b) '"
	expect_status 0
	expect_contains "/t ro,nosuid,noexec"
	expect_contains "/b rw,nodev"
	mounts_more=',{"destination":"/full","type":"tmpfs","options":["remount","ro"]}'
	run_box t-none true
	expect_status 125
	expect_contains "mount /full: nothing is mounted there"
	mounts_more=',{"destination":"/dev","type":"tmpfs","options":["remount","size=1k"]}'
	run_box t-data true
	expect_status 125
	expect_contains "remount changes options of the mount"
}

@test "a file system in memory is read-only when its devices and mounts are in it, /dev as well" {
	mounts='{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["ro","mode=755","nosuid"]},
		{"destination":"/dev/pts","type":"devpts","source":"devpts","options":["newinstance","ptmxmode=0666"]},
		{"destination":"/t","type":"tmpfs","options":["rro"]},{"destination":"/t/deep/in","type":"tmpfs"}'
	linux_more=',"devices":[{"path":"/dev/mine/zero","type":"c","major":1,"minor":5}]'
	process_more=',"terminal":true'
	box 'echo >/dev/null && test -c /dev/console && head -c 1 /dev/mine/zero | wc -c; tty; for f in /dev/x /t/x /t/deep/x /t/deep/in/fine; do touch $f 2>/dev/null && echo $f; done; grep -c \"tmpfs ro\" /proc/mounts'
	run on_a_terminal berth-oci --root "$OCI/state" run -b "$bundle" t-late
	expect_status 0
	expect_output "$(printf '1\r\n/dev/pts/0\r\n/t/deep/in/fine\r\n2\r')"
	expect_lacks /dev/x
}

@test "a file upon a directory, or a directory upon a file, is said to be that" {
	mounts_more=",{\"destination\":\"/full\",\"source\":\"$OCI/tree/file\",\"options\":[\"bind\"]}"
	run_box t-dir true
	expect_status 125
	expect_contains "mount /full: Is a directory"
	mounts_more=",{\"destination\":\"/full/deep/file\",\"source\":\"$OCI/tree\",\"options\":[\"bind\"]}"
	run_box t-file true
	expect_status 125
	expect_contains "mount /full/deep/file: Not a directory"
}

@test "options of a file system reach it" {
	mounts_more=',{"destination":"/t","type":"tmpfs","source":"mine","options":["mode=1750","size=64k","uid=3","gid=4","noexec","rro"]},
		{"destination":"/dev/mqueue","type":"mqueue","source":"mqueue","options":["nosuid"]}'
	mounts='{"destination":"/proc","type":"proc","source":"proc","options":["hidepid=2","subset=pid"]},{"destination":"/dev","type":"tmpfs"}'
	run_box t-fs "stat -c '%a %u:%g' /t; touch /t/x 2>/dev/null || echo read-only; grep -c size=64k /proc/self/mounts; ls /proc/meminfo 2>/dev/null || echo subset; grep -c hidepid /proc/self/mounts; grep -c mqueue /proc/self/mounts"
	expect_status 0
	expect_output "$(printf '1750 3:4\nread-only\n1\nsubset\n1\n1')"
}

@test "an option that a file system does not have fails with the mount's place" {
	mounts_more=',{"destination":"/t","type":"tmpfs","options":["wrong=1"]}'
	run_box t-wrong true
	expect_status 125
	expect_contains "mount /t"
	mounts_more=",{\"destination\":\"/t\",\"source\":\"$OCI\",\"options\":[\"bind\",\"wrong\"]}"
	run_box t-wrong2 true
	expect_contains "a bind mount has no option wrong"
}

@test "tmpcopyup fills the new file system with what was there" {
	mounts_more=',{"destination":"/full","type":"tmpfs","source":"tmpfs","options":["tmpcopyup"]}'
	run_box t-copy "cat /full/link; stat -c '%a %u:%g' /full /full/deep/file; test -p /full/pipe && echo pipe; echo new >/full/deep/file; grep -c ' /full tmpfs' /proc/mounts"
	expect_status 0
	expect_output "$(printf 'old\n1711 0:0\n640 12:34\npipe\n1')"
	[ "$(cat "$bundle/rootfs/full/deep/file")" = old ]
}

@test "a mount is a slave of the host's, or none, as its propagation says" {
	cat >"$OCI/late" <<-'SH'
		berth-oci --root "$OCI/state" run -d -b "$bundle" t-prop >"$OCI/out"
		mount -t tmpfs late "$OCI/shared/sub"
		echo there >"$OCI/shared/sub/mark"
		berth-oci --root "$OCI/state" exec t-prop sh -c 'cat /slave/sub/mark; ls /private/sub; mount -t tmpfs x /both/sub && echo mounted'
		grep -c " $OCI/shared/sub " /proc/self/mountinfo
		berth-oci --root "$OCI/state" delete --force t-prop
	SH
	mounts_more=",{\"destination\":\"/slave\",\"source\":\"$OCI/shared\",\"options\":[\"rbind\",\"rslave\"]},
		{\"destination\":\"/private\",\"source\":\"$OCI/shared\",\"options\":[\"rbind\",\"rprivate\"]},
		{\"destination\":\"/both\",\"source\":\"$OCI/shared\",\"options\":[\"rbind\",\"rshared\"]}"
	box "sleep 1000"
	run with_shared_host timeout 20 sh "$OCI/late"
	expect_status 0
	# The container's own mount in the shared one came to the host, on top of the first.
	expect_output "$(printf 'there\nmounted\n2')"
}

@test "an unbindable mount cannot be bound again" {
	mounts_more=",{\"destination\":\"/u\",\"source\":\"$OCI/tree\",\"options\":[\"bind\",\"unbindable\"]}"
	run_box t-unbindable "mkdir -p /tmp/x; mount -o bind /u /tmp/x 2>/dev/null || echo unbindable"
	expect_contains unbindable
}

@test "the root takes part in the host's mounts when it is to" {
	cat >"$OCI/root" <<-'SH'
		mkdir -p "$OCI/shared/rootfs"
		mount --rbind "$bundle/rootfs" "$OCI/shared/rootfs"
		mount --make-rshared "$OCI/shared/rootfs"
		mkdir -p "$OCI/shared/rootfs/mnt"
		sed -i "s|\"path\": \"rootfs\"|\"path\": \"$OCI/shared/rootfs\"|" "$bundle/config.json"
		berth-oci --root "$OCI/state" run -d -b "$bundle" t-root >/dev/null
		mount -t tmpfs late "$OCI/shared/rootfs/mnt"
		berth-oci --root "$OCI/state" exec t-root sh -c 'grep -c " /mnt " /proc/self/mountinfo; grep -E "^[0-9]+ [0-9]+ [0-9:]+ [^ ]+ / " /proc/self/mountinfo | grep -o "master\|shared" | sort -u'
		berth-oci --root "$OCI/state" delete --force t-root
		umount -l "$OCI/shared/rootfs"
	SH
	mkdir -p "$bundle/rootfs/mnt"
	linux_more=',"rootfsPropagation":"rslave"'
	box "sleep 1000"
	run with_shared_host timeout 20 sh "$OCI/root"
	expect_contains 1
	expect_contains master
	top_more=',"hooks":{"createContainer":[{"path":"/bin/true"}]}' linux_more=',"rootfsPropagation":"rshared"'
	box "sleep 1000"
	run with_shared_host timeout 20 sh "$OCI/root"
	expect_contains 1
	expect_contains shared
	linux_more=',"rootfsPropagation":"private"'
	box "sleep 1000"
	run with_shared_host timeout 20 sh "$OCI/root"
	expect_contains 0
}

@test "control groups are shown as they are on the machine, read-only" {
	namespaces=$usual_namespaces',{"type":"cgroup"}'
	mounts_more=',{"destination":"/sys","type":"sysfs","source":"sysfs","options":["ro"]},{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro","nosuid","nodev","noexec"]}'
	run_box t-cgroup "ls /sys/fs/cgroup | head -1; mkdir /sys/fs/cgroup/x /sys/fs/cgroup/*/x 2>/dev/null; cat /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs 2>/dev/null | grep -c '^1$'"
	[ "${lines[1]}" -ge 1 ]
	printf '[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup\nexec berth-oci --root "$OCI/state" run -b "$bundle" t-cgroup2\n' >"$OCI/only_v2"
	box "cat /sys/fs/cgroup/cgroup.procs | head -1; mkdir /sys/fs/cgroup/x 2>/dev/null || echo read-only"
	run timeout 20 unshare --mount --propagation private sh "$OCI/only_v2" 3>&-
	expect_output "$(printf '1\nread-only')"
}

@test "sysfs is mounted with the host's network as well" {
	namespaces='{"type":"mount"},{"type":"uts"}'
	mounts_more=',{"destination":"/sys","type":"sysfs","source":"sysfs","options":["ro"]}'
	run_box t-sys "test -d /sys/class/net/lo && echo there"
	expect_output there
}

@test "masks hide files and directories, and what is absent is passed over" {
	linux_more=',"maskedPaths":["/proc/keys","/proc/fs","/nowhere/at/all","/full"],"readonlyPaths":["/proc/sys","/nowhere","/bin"]'
	run_box t-mask "wc -c </proc/keys; ls /proc/fs /full | wc -w; touch /bin/x 2>/dev/null || echo read-only; touch /full/x 2>/dev/null || echo empty"
	expect_status 0
	expect_output "$(printf '0\n2\nread-only\nempty')"
}

@test "the root is read-only when it is to be, and its mounts are not" {
	mounts_more=',{"destination":"/run","type":"tmpfs"}'
	box "touch /x 2>/dev/null || echo read-only; touch /run/x && echo writable"
	sed -i 's|"path": "rootfs"|"path": "rootfs", "readonly": true|' "$bundle/config.json"
	run oci run -b "$bundle" t-ro 3>&-
	expect_output "$(printf 'read-only\nwritable')"
}
