#!/usr/bin/env bats
# What hostile images, configurations and programs try against the runtime; docs/security.md says
# which defence each test is about. Every test has a root of its own, which it may ruin.
load helper
load oci_box
bats_require_minimum_version 1.5.0

prepare() {
	gcc -O1 -static -o "$OCI/attack" "$berth_source/tests/lib/attack.c"
	gcc -o "$OCI/console_socket" "$berth_source/tests/lib/console_socket.c"
	mkdir "$OCI/outside"
}

setup() {
	rm -rf "$bundle/rootfs" "$OCI/out" "$OCI/log"
	mkdir "$bundle/rootfs"
	tar -C "$bundle/rootfs" -xf "$(busybox_tar)"
	cp "$OCI/attack" "$bundle/rootfs/bin/attack"
	echo content >"$OCI/outside/file"
}

# What a link of the image could have led to.
outside_is_untouched() {
	[ "$(ls -A "$OCI/outside")" = file ] && [ "$(cat "$OCI/outside/file")" = content ]
}

# refused WORDS: the container of box is not made, the message says why, nothing is left or made outside
refused() {
	run timeout 30 berth-oci --root "$OCI/state" create -b "$bundle" t-refused 3>&-
	expect_status 1
	[ "${#lines[@]}" -eq 1 ]
	expect_contains "$1"
	eventually oci_nothing_left
	outside_is_untouched
}

detached() {
	oci run -d -b "$bundle" "$1" >"$OCI/out" 2>&1 3>&-
}

# -- the runtime's own program --

# An image whose program is a link to /proc/self/exe has the runtime execute itself in the container.
@test "the runtime's program cannot be overwritten from a container that has it executed" {
	case $berth_build in *build-san) skip "a sanitized program ends early in a container; the one delivered is tried without" ;; esac
	mkdir -p "$OCI/victim"
	cp "$berth_build/berth-oci" "$OCI/victim/berth-oci"
	before=$(sha256sum <"$OCI/victim/berth-oci")
	ln -s /proc/self/exe "$bundle/rootfs/bin/trap"
	mkfifo "$OCI/never"
	box "attack overwrite; sleep 1000"
	"$OCI/victim/berth-oci" --root "$OCI/state" run -d -b "$bundle" t-over >"$OCI/out" 3>&-
	# "update -r -" reads its standard input, so it stays until it is killed.
	run timeout 20 "$OCI/victim/berth-oci" --root "$OCI/state" exec t-over trap update -r - x <>"$OCI/never" 3>&-
	rm "$OCI/never"
	eventually grep -q ^write "$OCI/out"
	grep -q ^caught "$OCI/out"
	grep -qx "write: EROFS" "$OCI/out"
	[ "$(sha256sum <"$OCI/victim/berth-oci")" = "$before" ]
}

@test "a program of the host that is bound read-only cannot be overwritten through a descriptor" {
	cp "$berth_build/berth-oci" "$OCI/bound"
	mounts_more=",{\"destination\":\"/bin/bound\",\"source\":\"$OCI/bound\",\"options\":[\"bind\",\"ro\"]}"
	run_box t-bound 'exec 5</bin/bound; echo x >/proc/self/fd/5 || echo x >/bin/bound || echo kept'
	expect_contains kept
	cmp "$OCI/bound" "$berth_build/berth-oci"
}

# -- processes of ours in a container --

@test "a process that waits for its start lets nobody in, though they have its user" {
	caps='"CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_SETUID"'
	box "sleep 1000"
	detached t-pod
	namespaces="{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"pid\",\"path\":\"/proc/$(pid_in t-pod)/ns/pid\"}"
	oci_held t-held
	run oci exec t-pod sh -c 'for p in /proc/[0-9]*; do
		[ "$(cat $p/comm)" != berth-oci ] || { echo found; attack peek ${p#/proc/}; }; done'
	expect_output found
	# The test can fail: another program's process is open.
	run oci exec t-pod attack peek 1
	expect_contains "root: open"
	expect_contains "environ: open"
	expect_contains "mem: open"
}

pid_in() {
	oci state "$1" | sed -n 's/.*"pid": \([0-9]*\),/\1/p'
}

oci_held() {
	box "sleep 1000"
	oci create -b "$bundle" "$1" >/dev/null 3>&-
}

@test "a process that joins a container lets nobody in before it is the program" {
	caps='"CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_SETUID"'
	rm -f "$bundle/rootfs/bin/sleep"
	cp "$bundle/rootfs/bin/busybox" "$bundle/rootfs/bin/sleep"
	box "attack peek-all; sleep 1000"
	detached t-look
	# Slowly, and each step of it may be looked at.
	run timeout 30 strace -f -qq -o "$OCI/trace" -e trace=setns,fchdir,setresuid,capset,execve \
		-e inject=setns,fchdir,setresuid,capset:delay_exit=200000 -e inject=execve:delay_enter=200000 \
		berth-oci --root "$OCI/state" exec t-look sleep 1 3>&-
	expect_status 0
	grep -q 'setns.*DELAYED' "$OCI/trace"
	eventually grep -qx "program /bin/sleep" "$OCI/out"
	grep -q ^closed "$OCI/out"
	run grep ^program "$OCI/out"
	expect_output "$(printf 'program /bin/busybox\nprogram /bin/sleep')"
}

# hostile DIRECTORY NAME...: programs that leave a file where only who has the host's tree can
hostile() {
	local dir=$1 name

	shift
	mkdir -p "$dir"
	for name; do
		rm -f "$dir/$name"
		printf '#!/bin/sh\necho "%s $*" >>%s/ran\nexit 0\n' "$name" "$OCI" >"$dir/$name"
		chmod 755 "$dir/$name"
	done
}

@test "no program or library of the image runs with the host's privileges, by whatever name" {
	for dir in sbin usr/bin usr/sbin usr/local/bin lib lib64; do
		hostile "$bundle/rootfs/$dir" newuidmap newgidmap ldconfig ps criu mount umount modprobe \
			systemctl berth-systemd berth-init xz unpigz libnss_files.so.2 ld-linux-x86-64.so.2
	done
	hostile "$bundle/rootfs/usr/bin" only-in-the-image
	hostile "$bundle" newuidmap newgidmap ldconfig ps mount
	box 'sleep 1000'
	cd "$bundle/rootfs/usr/bin"
	detached t-image
	oci exec t-image true
	oci exec -u 1000:1000 t-image true
	oci ps t-image
	oci events --stats t-image >/dev/null
	oci update --memory 100000000 t-image
	oci pause t-image
	oci resume t-image
	oci state t-image >/dev/null
	oci delete --force t-image
	# Those that are asked for in there are the container's, and nothing outside is theirs.
	box '/usr/bin/only-in-the-image'
	oci run -b "$bundle" t-image 2>/dev/null || true
	cd /
	[ ! -e "$OCI/ran" ] || { cat "$OCI/ran" >&2; return 1; }
}

@test "a hook's path is the host's, unless the hook is the container's" {
	hostile "$bundle/rootfs/usr/bin" only-in-the-image
	for hook in prestart createRuntime createContainer; do
		top_more=",\"hooks\":{\"$hook\":[{\"path\":\"/usr/bin/only-in-the-image\"}]}"
		box true
		run oci run -b "$bundle" t-hook
		[ "$status" -ne 0 ]
		expect_contains "$hook"
		expect_contains "/usr/bin/only-in-the-image"
		[ ! -e "$OCI/ran" ]
	done
	top_more=',"hooks":{"poststart":[{"path":"/usr/bin/only-in-the-image"}],"poststop":[{"path":"/usr/bin/only-in-the-image"}],
		"startContainer":[{"path":"/usr/bin/only-in-the-image"}]}'
	box true
	oci run -b "$bundle" t-hook 2>/dev/null
	[ ! -e "$OCI/ran" ]
}

@test "no descriptor of the caller reaches a program, a joined one, or a working directory" {
	box "ls /proc/self/fd | wc -l; sleep 1000"
	exec 7</ 8<"$OCI" 9</proc 10</sys/fs/cgroup
	detached t-fds
	eventually grep -qx 4 "$OCI/out"
	run oci exec t-fds ls /proc/self/fd
	[ "${#lines[@]}" -eq 4 ]
	for fd in 0 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		run oci exec --cwd /proc/self/fd/$fd t-fds pwd
		[ "$status" -ne 0 ] || { echo "$fd is $output"; return 1; }
		run oci exec --cwd /proc/self/fd/$fd/../../.. t-fds pwd
		[ "$status" -ne 0 ] || { echo "$fd is $output"; return 1; }
	done
	oci delete --force t-fds
	for fd in 3 6 7 8 9 10 12 14 16; do
		box true
		sed -i "s|\"cwd\": \"/\"|\"cwd\": \"/proc/self/fd/$fd\"|" "$bundle/config.json"
		refused "working directory"
	done
	exec 7<&- 8<&- 9<&- 10<&-
}

@test "a link as working directory leads nowhere but into the container" {
	ln -s "$OCI/outside" "$bundle/rootfs/way"
	ln -s ../../../../../../../../../../../../../.. "$bundle/rootfs/up"
	box "pwd; ls"
	sed -i 's|"cwd": "/"|"cwd": "/way/made"|' "$bundle/config.json"
	run oci run -b "$bundle" t-way 3>&-
	expect_status 0
	expect_output "$OCI/outside/made"
	outside_is_untouched
	sed -i 's|"cwd": "/way/made"|"cwd": "/up"|' "$bundle/config.json"
	run oci run -b "$bundle" t-up 3>&-
	expect_contains busybox.static || expect_contains bin
	[ "${lines[0]}" = / ]
}

@test "an environment is the configuration's alone, whatever it lacks" {
	box "env"
	sed -i 's|"env": \[|"env": [ "SECRET", "=x", "", |' "$bundle/config.json"
	SECRET=ours LD_PRELOAD= run oci run -b "$bundle" t-env 3>&-
	expect_status 0
	expect_lacks SECRET
	expect_lacks ours
}

@test "users are numbers that do not wrap around, and names are none" {
	box "sleep 1000"
	detached t-user
	for user in root -1 +0 ' 0' 0x0 4294967295 4294967296 18446744073709551616 0: :0 1:2:3 ''; do
		run oci exec --user="$user" t-user id -u
		[ "$status" -ne 0 ] || [ -z "$user" ] || { echo "'$user' is $output"; return 1; }
	done
	oci delete --force t-user
	for uid in 4294967295 4294967296 -1 '"root"' 1.5; do
		user="{\"uid\":$uid,\"gid\":0}"
		box true
		refused "process.user"
	done
}

# -- the kernel's file systems --

@test "procfs, sysfs and /dev are real directories, whether they are mounted or not" {
	for dir in proc sys dev; do
		rm -rf "$bundle/rootfs/$dir"
		ln -s "$OCI/outside" "$bundle/rootfs/$dir"
		mounts_more=',{"destination":"/sys","type":"sysfs","source":"sysfs"}'
		box true
		refused "$dir"
		rm "$bundle/rootfs/$dir"
		mkdir "$bundle/rootfs/$dir"
	done
	# Nothing is mounted there, and the devices would be made where the link leads.
	rmdir "$bundle/rootfs/dev"
	mkdir "$bundle/rootfs/elsewhere"
	ln -s elsewhere "$bundle/rootfs/dev"
	mounts='{"destination":"/proc","type":"proc","source":"proc"}' mounts_more=
	box true
	refused "device"
	[ -z "$(ls "$bundle/rootfs/elsewhere")" ]
}

@test "nothing stands in for procfs: neither a volume, nor a mount upon its files" {
	mkdir "$bundle/fake" "$bundle/rootfs/links"
	ln -s /proc/sys "$bundle/rootfs/links/sys"
	ln -s /proc/self "$bundle/rootfs/links/self"
	mounts="{\"destination\":\"/proc\",\"source\":\"$bundle/fake\",\"options\":[\"bind\"]}"
	box true
	refused "not procfs"
	mounts='{"destination":"/proc","type":"tmpfs","source":"tmpfs"}'
	box true
	refused "nothing but procfs"
	unset mounts
	for target in /proc/sys /proc/self/attr /proc/1 /links/sys/kernel /links/self/attr /proc/cmdline //proc/../proc/sys; do
		mounts_more=",{\"destination\":\"$target\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}"
		process_more=',"oomScoreAdj":100'
		box true
		refused "procfs"
	done
}

@test "masks hold on a hostile root: links and false devices hide nothing that is the kernel's" {
	# Without a /dev of its own the image's null device is anything.
	ln -sfn /proc/sys/kernel/core_pattern "$bundle/rootfs/dev/null"
	mounts='{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/sys","type":"sysfs","source":"sysfs"}'
	linux_more=',"maskedPaths":["/proc/keys","/sys/firmware","/dev/null"]'
	box true
	refused "device"
	rm "$bundle/rootfs/dev/null"
	ln -s /proc/keys "$bundle/rootfs/hidden"
	linux_more=',"maskedPaths":["/hidden","/proc/interrupts","/sys/firmware"],"readonlyPaths":["/proc/sys"]'
	run_box t-mask 'stat -c %t:%T /proc/keys /proc/interrupts; ls /sys/firmware | wc -l; echo x >/proc/sys/kernel/core_pattern || echo kept'
	expect_status 0
	expect_contains "$(printf '1:3\n1:3\n0')"
	expect_contains kept
}

@test "a device's place that is a link or another device is refused" {
	mounts='{"destination":"/proc","type":"proc","source":"proc"}'
	ln -sfn "$OCI/outside/made" "$bundle/rootfs/dev/zero"
	box true
	refused "device /dev/zero"
	rm "$bundle/rootfs/dev/zero"
	linux_more=',"devices":[{"path":"/dev/mine","type":"c","major":1,"minor":5}]'
	mknod "$bundle/rootfs/dev/mine" c 1 3
	box true
	refused "device /dev/mine"
}

# -- terminals --

@test "a terminal comes from the container's own devpts, whatever links stand in its places" {
	mounts='{"destination":"/proc","type":"proc","source":"proc"}'
	process_more=',"terminal":true'
	pts=', {"destination":"/dev/pts","type":"devpts","source":"devpts","options":["newinstance","ptmxmode=0666"]}'
	box "tty; stat -c '%F %t' /dev/console"
	sed -i "s|\"proc\"} *\]|\"proc\"} $pts ]|" "$bundle/config.json"
	for target in "$OCI/outside/file" /proc/sysrq-trigger /proc/self/fd/0 console; do
		ln -sfn "$target" "$bundle/rootfs/dev/console"
		run on_a_terminal berth-oci --root "$OCI/state" run -b "$bundle" t-console
		expect_status 0
		expect_contains /dev/pts/0
		# 88 is the major number of pseudo-terminals; the link itself is covered.
		expect_contains "character special file 88"
		outside_is_untouched
		[ "$(readlink "$bundle/rootfs/dev/console")" = "$target" ]
	done
	# What is no devpts is none, whatever is in there.
	box tty
	rm -rf "$bundle/rootfs/dev" && mkdir -p "$bundle/rootfs/dev/pts"
	mknod "$bundle/rootfs/dev/pts/ptmx" c 5 2
	run on_a_terminal berth-oci --root "$OCI/state" run -b "$bundle" t-none
	expect_status 125
	expect_contains "open a terminal"
	rm -r "$bundle/rootfs/dev/pts"
	ln -s "$OCI/outside" "$bundle/rootfs/dev/pts"
	run on_a_terminal berth-oci --root "$OCI/state" run -b "$bundle" t-none
	expect_status 125
	expect_contains "open a terminal"
	outside_is_untouched
}

@test "nothing is typed into a terminal that a program inherits" {
	caps='"CAP_CHOWN"'
	box "attack type; exec </dev/tty"
	run on_a_terminal berth-oci --root "$OCI/state" run -b "$bundle" t-type
	expect_contains "TIOCSTI: E"
	expect_contains "/dev/tty: No such device"
}

# -- races --

@test "targets of mounts that change all the time never lead out of the container" {
	mkdir -p "$bundle/rootfs/v/real/deep" "$bundle/data"
	echo data >"$bundle/data/file"
	ln -s "$OCI/outside" "$bundle/rootfs/v/link"
	python3 - "$bundle/rootfs/v" >/dev/null 2>&1 3>&- <<-'PY' &
		import ctypes, os, sys
		libc = ctypes.CDLL(None)
		os.chdir(sys.argv[1])
		while os.getppid() != 1:
		    libc.renameat2(-100, b"real", -100, b"link", 2)
	PY
	swapper=$!
	mounts_more=",{\"destination\":\"/v/real/deep\",\"source\":\"$bundle/data\",\"options\":[\"bind\"]},
		{\"destination\":\"/v/real/made/below\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"},
		{\"destination\":\"/v/link/file\",\"source\":\"$bundle/data/file\",\"options\":[\"bind\"]}"
	linux_more=',"devices":[{"path":"/v/real/null","type":"c","major":1,"minor":3}],"maskedPaths":["/v/real/deep"],"readonlyPaths":["/v/real"]'
	box "exit 7"
	sed -i 's|"cwd": "/"|"cwd": "/v/real/cwd"|' "$bundle/config.json"
	for _ in $(seq 40); do
		run timeout 30 berth-oci --root "$OCI/state" run -b "$bundle" t-race 3>&-
		[ "$status" -eq 7 ] || [ "$status" -eq 125 ] || break
		outside_is_untouched || break
		rm -rf "$bundle/rootfs$OCI"
	done
	kill $swapper
	outside_is_untouched
	[ "$status" -eq 7 ] || [ "$status" -eq 125 ]
	oci_nothing_left
}

# -- privileges --

@test "groups, inheritable and ambient capabilities of the caller are not handed on" {
	box "id -G; grep -E '^Cap(Inh|Amb)' /proc/self/status | tr -d '\\\\t'"
	run python3 -c 'import os, sys; os.setgroups([4, 5]); os.execvp(sys.argv[1], sys.argv[1:])' \
		berth-oci --root "$OCI/state" run -b "$bundle" t-groups 3>&-
	expect_output "$(printf '0\nCapInh:0000000000000000\nCapAmb:0000000000000000')"
}

@test "a process that joins has a session keyring of its own" {
	user='{"uid":1000,"gid":1000}'
	box "sleep 1000"
	detached t-key
	run python3 - berth-oci --root "$OCI/state" exec t-key cat /proc/keys <<-'PY'
		import ctypes, subprocess, sys
		ring = ctypes.CDLL(None).syscall(250, 1, b"berth-test")
		seen = subprocess.run(sys.argv[1:], capture_output=True, text=True, check=True).stdout
		print("seen" if "%08x" % ring in seen else "own")
	PY
	expect_output own
}

@test "control groups are the container's alone, and cannot be left" {
	for path in ../../t-up /berth/../../t-up /berth/./x /; do
		linux_more=",\"cgroupsPath\":\"$path\""
		box true
		refused "control group"
	done
	linux_more=
	mounts_more=',{"destination":"/sys","type":"sysfs","source":"sysfs","options":["ro"]},{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro"]}'
	run_box t-cgroup 'find /sys/fs/cgroup -name release_agent -o -name cgroup.procs | while read f; do (echo 1 >$f) 2>/dev/null && echo $f; done; mkdir /sys/fs/cgroup/x /sys/fs/cgroup/*/x 2>/dev/null; echo end'
	expect_output end
}

@test "sysctls are words of one line, and those of the container's namespaces" {
	while IFS='|' read -r name value; do
		linux_more=",\"sysctl\":{\"$name\":\"$value\"}"
		box true
		refused "linux.sysctl"
	done <<-'ROWS'
		kernel.shm_rmid_forced|1\n2
		kernel.core_pattern|x
		kernel/core_pattern|x
		net/../kernel/core_pattern|x
		net..kernel|x
		kernel.shmmax/|x
		net.ipv4.ip_forward+kernel.core_pattern|x
	ROWS
	linux_more=',"sysctl":{"kernel.shm_rmid_forced":"1+kernel.core_pattern=|/bin/x"}'
	box true
	refused "sysctl"
	[ "$(cat /proc/sys/kernel/core_pattern)" != '|/bin/x' ]
}

@test "a container without a pivot shows nothing of the host to a process that joins, with hooks as well" {
	for hooks in '' ',"hooks":{"createContainer":[{"path":"/bin/true"}]}'; do
		top_more=$hooks
		box "sleep 1000"
		oci run -d --no-pivot -b "$bundle" t-chroot >/dev/null 3>&-
		run oci exec t-chroot ls -d "$OCI/outside" /bin/attack
		expect_contains "$OCI/outside: No such file"
		expect_contains /bin/attack
		oci delete --force t-chroot
	done
}
