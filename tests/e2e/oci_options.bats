#!/usr/bin/env bats
# berth-oci: options of runc and crun that change how a process is made, found or reported.
load oci_helper
bats_require_minimum_version 1.5.0

# receive_pidfd SOCKET: prints the name that came with a descriptor, and whose it is
receive_pidfd() {
	python3 - "$1" <<-'PY'
		import re, socket, sys
		listener = socket.socket(socket.AF_UNIX)
		listener.bind(sys.argv[1])
		listener.listen()
		name, fds, _, _ = socket.recv_fds(listener.accept()[0], 64, 1)
		print(name.decode(), re.search(r"Pid:\s*(\d+)", open(f"/proc/self/fdinfo/{fds[0]}").read())[1])
	PY
}

@test "--config takes another file than the bundle's config.json" {
	program echo other
	mv "$bundle/config.json" "$OCI/other.json"
	run oci run -b "$bundle" t-config
	expect_status 1
	run oci run -b "$bundle" --config "$OCI/other.json" t-config
	expect_output other
}

@test "--pidfd-socket gets a descriptor of the process" {
	program sleep 1000
	receive_pidfd "$OCI/pidfd" >"$OCI/created" 3>&- &
	eventually test -S "$OCI/pidfd"
	oci create -b "$bundle" --pidfd-socket "$OCI/pidfd" t-pidfd >/dev/null 3>&-
	wait $!
	[ "$(cat "$OCI/created")" = "standard $(pid_of t-pidfd)" ]

	rm "$OCI/pidfd"
	receive_pidfd "$OCI/pidfd" >"$OCI/executed" 3>&- &
	eventually test -S "$OCI/pidfd"
	oci exec -d --pidfd-socket "$OCI/pidfd" --pid-file "$OCI/pid" t-pidfd sleep 1000 >/dev/null 3>&-
	wait $!
	[ "$(cat "$OCI/executed")" = "setns $(cat "$OCI/pid")" ]
}

@test "a process that cannot be announced does not stay" {
	program sleep 1000
	oci run -d -b "$bundle" t-announce >/dev/null 3>&-
	run oci exec -d --pidfd-socket "$OCI/no-socket" t-announce sleep 1000
	expect_status 1
	expect_contains "--pidfd-socket"
	eventually test "$(oci ps -f json t-announce)" = "[$(pid_of t-announce)]"
}

@test "--no-new-keyring stays in the caller's session keyring" {
	program cat /proc/keys
	# Somebody who is not the owner sees a keyring only through having it.
	configure 's|"/proc/keys", ||; s|"uid": 0|"uid": 1000|'
	cat >"$OCI/in_keyring" <<-'PY'
		import ctypes, subprocess, sys
		JOIN_SESSION_KEYRING, SYS_keyctl = 1, 250
		ring = ctypes.CDLL(None).syscall(SYS_keyctl, JOIN_SESSION_KEYRING, b"berth-test")
		seen = subprocess.run(sys.argv[1:], capture_output=True, text=True, check=True).stdout
		print("same" if "%08x" % ring in seen else "own")
	PY
	[ "$(python3 "$OCI/in_keyring" berth-oci --root "$OCI/state" run -b "$bundle" t-key)" = own ]
	[ "$(python3 "$OCI/in_keyring" berth-oci --root "$OCI/state" run -b "$bundle" --no-new-keyring t-key)" = same ]
}

@test "--no-pivot changes the root with chroot alone" {
	traced() { strace -f -qq -o "$OCI/trace" -e trace=pivot_root,chroot "$@" 3>&-; }

	program ls /
	traced berth-oci --root "$OCI/state" run -b "$bundle" t-pivot >"$OCI/out"
	grep -q 'pivot_root(".", ".") *= 0' "$OCI/trace"
	traced berth-oci --root "$OCI/state" run --no-pivot -b "$bundle" t-chroot >"$OCI/out2"
	grep -q 'chroot(".") *= 0' "$OCI/trace"
	run grep pivot_root "$OCI/trace"
	expect_status 1
	cmp "$OCI/out" "$OCI/out2"
	configure 's|"ls", "/"|"sleep", "1000"|'
	oci run -d --no-pivot -b "$bundle" t-chroot >/dev/null 3>&-
	oci exec t-chroot ls / | cmp - "$OCI/out"
}

@test "run is the parent of a container's orphans, unless --no-subreaper" {
	cat >"$bundle/rootfs/bin/orphan" <<-'SH'
		sleep 0.2
		awk '/^PPid/ { print "parent", $2 }' /proc/$$/status
	SH
	program sh -c '(sh /bin/orphan &); sleep 0.6; ps -o stat | grep -c Z'
	configure 's|{ "type": "pid" }, ||'
	for option in --keep --no-subreaper; do
		berth-oci --root "$OCI/state" run $option -b "$bundle" "t-reap$option" >"$OCI/out" 3>&- &
		pid=$!
		wait $pid || true
		parent=$(sed -n 's/parent //p' "$OCI/out")
		[ -n "$parent" ]
		[ "$option" = --keep ] && [ "$parent" = $pid ] && grep -qx 0 "$OCI/out" && continue
		[ "$option" = --no-subreaper ] && [ "$parent" != $pid ]
	done
	rm "$bundle/rootfs/bin/orphan"
}

@test "run ends with the first process, and so do the orphans that it leaves" {
	program sh -c '(sleep 1003 &); exit 3'
	configure 's|{ "type": "pid" }, ||'
	run timeout 10 berth-oci --root "$OCI/state" run -b "$bundle" t-orphans
	expect_status 3
	oci_nothing_left
	run pgrep -r R,S,D,T -f 'sleep 1003'
	expect_status 1
}

@test "exec adds capabilities, takes new privileges away, and passes on as many descriptors as asked" {
	program sleep 1000
	configure 's|"noNewPrivileges": true|"noNewPrivileges": false|'
	oci run -d -b "$bundle" t-exec >/dev/null 3>&-
	privileges() { oci exec "$@" t-exec sh -c 'sed -n "s/^CapEff:.0*//p; s/^CapBnd:.0*//p; s/^NoNewPrivs:.//p" /proc/self/status | tr "\n" " "'; }
	# CHOWN is bit 0, SYS_ADMIN 21; AUDIT_WRITE, KILL and NET_BIND_SERVICE are the container's.
	[ "$(privileges)" = "20000420 20000420 0 " ]
	[ "$(privileges --cap CAP_CHOWN --cap CAP_SYS_ADMIN)" = "20200421 20200421 0 " ]
	[ "$(privileges --no-new-privs)" = "20000420 20000420 1 " ]
	run oci exec --cap CAP_NO_SUCH t-exec true
	expect_status 1
	expect_contains "no capability is called CAP_NO_SUCH"

	echo hello >"$OCI/hello"
	run oci exec --preserve-fds 1 t-exec sh -c 'cat <&3; ls /proc/self/fd | wc -l' 3<"$OCI/hello" 4<"$OCI/hello"
	expect_output "$(printf 'hello\n5')"
	run oci exec --preserve-fds 9 t-exec true 3<"$OCI/hello"
	expect_status 1
	expect_contains "is not open"
	[ -e /sys/fs/selinux/enforce ] || {
		run oci exec --process-label system_u:system_r:container_t:s0 t-exec true
		expect_status 125
		expect_contains "this kernel does not run SELinux"
	}
}

@test "exec gives a terminal, its own or over a console socket" {
	program sleep 1000
	oci run -d -b "$bundle" t-exec >/dev/null 3>&-
	run on_a_terminal berth-oci --root "$OCI/state" exec -t t-exec sh -c 'tty; exit 6'
	expect_status 6
	expect_contains /dev/pts/0
	run oci exec -t -d t-exec tty
	expect_status 1
	expect_contains "--console-socket"
	"$OCI/console_socket" "$OCI/exec-socket" hello >"$OCI/out" 3>&- &
	eventually test -S "$OCI/exec-socket"
	oci exec -t -d --console-socket "$OCI/exec-socket" t-exec sh -c 'read x; echo got $x; tty' >/dev/null 3>&-
	wait $!
	grep -q "got hello" "$OCI/out"
	grep -q /dev/pts/ "$OCI/out"
}

@test "sockets of a service manager are passed on as the first process's own" {
	program sh -c 'echo $LISTEN_FDS $LISTEN_PID $$; cat <&3; cat <&4'
	echo one >"$OCI/one"
	echo two >"$OCI/two"
	LISTEN_FDS=2 LISTEN_PID=77 run oci run -b "$bundle" t-listen 3<"$OCI/one" 4<"$OCI/two"
	expect_status 0
	expect_output "$(printf '2 1 1\none\ntwo')"
	LISTEN_FDS=x run oci run -b "$bundle" t-listen
	expect_status 1
	expect_contains LISTEN_FDS
}

@test "kill takes names with SIG, without, and numbers, and --all means every process" {
	program sh -c "trap 'echo got usr1' USR1; sleep 1000 & while :; do sleep 0.05; done"
	berth-oci --root "$OCI/state" run -d -b "$bundle" t-kill >"$OCI/out" 3>&-
	three() { [ "$(oci ps -f json t-kill | tr ',' '\n' | wc -l)" -ge 3 ]; }
	eventually three
	for signal in USR1 SIGUSR1 10; do
		: >"$OCI/out"
		oci kill t-kill $signal
		eventually grep -q "got usr1" "$OCI/out"
	done
	run oci kill t-kill NOSUCH
	expect_status 1
	expect_contains NOSUCH
	oci kill --all t-kill KILL
	eventually status_is t-kill stopped
	[ -z "$(find /sys/fs/cgroup -path '*/berth/t-kill/cgroup.procs' -exec cat {} +)" ]
}

@test "the number is in its file at once or not at all" {
	program sleep 1000
	strace -qq -o "$OCI/trace" -e trace=rename,renameat,renameat2,openat berth-oci --root "$OCI/state" create -b "$bundle" --pid-file "$OCI/pid" t-pid >/dev/null 3>&-
	grep -q 'rename.*pid"' "$OCI/trace"
	# Nobody opens it under its own name to write it.
	run grep -E "openat\(.*\"($OCI/)?pid\".*O_(WRONLY|RDWR)" "$OCI/trace"
	expect_status 1
	[ "$(cat "$OCI/pid")" = "$(pid_of t-pid)" ]
}

@test "the state is the specification's and what runc adds, paused as well" {
	program sleep 1000
	configure 's|"hostname"|"annotations": { "a.b": "c \\"d\\"" }, "hostname"|'
	oci create -b "$bundle" t-state >/dev/null 3>&-
	oci state t-state >"$OCI/state.json"
	run python3 - "$OCI/state.json" "$bundle" <<-'PY'
		import json, re, sys
		s = json.load(open(sys.argv[1]))
		print(*sorted(s))
		print(s["ociVersion"], s["id"], s["status"], s["pid"] > 1, s["bundle"] == sys.argv[2], s["rootfs"] == sys.argv[2] + "/rootfs")
		print(s["annotations"], bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", s["created"])), s["owner"])
	PY
	expect_output "annotations bundle created id ociVersion owner pid rootfs status
1.3.0 t-state created True True True
{'a.b': 'c \"d\"'} True root"
	# A container that waits can be frozen as well.
	oci pause t-state
	status_is t-state paused
	run oci pause t-state
	expect_status 1
	oci resume t-state
	oci kill t-state KILL
	eventually status_is t-state stopped
	[ "$(pid_of t-state)" = 0 ]
	run oci pause t-state
	expect_status 1
	expect_contains stopped
}

@test "exec --cgroup puts a process into a group beneath the container's" {
	local group

	program sleep 1000
	oci run -d -b "$bundle" t-group >/dev/null 3>&-
	run oci exec --cgroup sub t-group true
	expect_status 125
	expect_contains "sub: No such file"
	for group in $(find /sys/fs/cgroup -maxdepth 3 -path '*/berth/t-group' -type d); do
		mkdir "$group/sub"
		[ ! -f "$group/sub/cpuset.cpus" ] || for file in cpuset.cpus cpuset.mems; do
			cat "$group/$file" >"$group/sub/$file"
		done
	done
	run oci exec --cgroup sub t-group cat /proc/self/cgroup
	expect_status 0
	expect_contains ":/sub"
	run oci exec --cgroup ../.. t-group true
	[ "$status" -ne 0 ]
	run oci exec --cgroup sub --cgroup other t-group true
	expect_contains "must be one PATH, or CONTROLLER[,...]:PATH"
	run oci exec --cgroup a:b:c t-group true
	expect_contains "must be one PATH"
	run oci exec --cgroup ,pids:sub t-group true
	expect_contains "a controller is missing"
	run oci exec --cgroup nonsense:sub t-group true
	expect_contains "no v1 hierarchy has a controller nonsense"
}

@test "exec --cgroup CONTROLLER:PATH moves it in the hierarchies of those v1 controllers alone" {
	local group

	[ -d /sys/fs/cgroup/pids ] && [ -d /sys/fs/cgroup/freezer ] || skip "no v1 controllers"
	program sleep 1000
	oci run -d -b "$bundle" t-group >/dev/null 3>&-
	for group in $(find /sys/fs/cgroup -maxdepth 3 -path '*/berth/t-group' -type d); do mkdir "$group/sub"; done
	run oci exec --cgroup pids,freezer:sub --cgroup memory:/ t-group cat /proc/self/cgroup
	expect_status 0
	expect_contains ":pids:/sub"
	expect_contains ":freezer:/sub"
	expect_contains ":memory:/
"
	[ "$(grep -c /sub <<<"$output")" = 2 ]
	run oci exec --cgroup pids:sub --cgroup pids:other t-group true
	expect_contains "pids is given twice"
	run oci exec --cgroup pids:../.. t-group true
	expect_contains "without .."
	run oci exec --cgroup pids:nowhere t-group true
	expect_contains "t-group/nowhere: No such file"
}

@test "exec --ignore-paused waits until the container is resumed" {
	program sleep 1000
	oci run -d -b "$bundle" t-paused >/dev/null 3>&-
	oci pause t-paused
	berth-oci --root "$OCI/state" exec --ignore-paused t-paused echo awake >"$OCI/out" 3>&- &
	sleep 0.3
	kill -0 $!
	[ ! -s "$OCI/out" ]
	oci resume t-paused
	wait $!
	[ "$(cat "$OCI/out")" = awake ]
}

@test "kill and delete take a regular expression" {
	program sleep 1000
	for id in t-a1 t-a2 t-b1; do
		oci run -d -b "$bundle" $id >/dev/null 3>&-
	done
	oci kill --regex '^t-a[0-9]$' KILL
	eventually status_is t-a1 stopped
	eventually status_is t-a2 stopped
	status_is t-b1 running
	run oci delete --regex '^t-'
	expect_status 1
	expect_contains "t-b1 that is not stopped"
	[ "$(oci list -q)" = t-b1 ]
	oci delete --force --regex .
	[ -z "$(oci list -q)" ]
	run oci kill --regex '('
	expect_status 1
	expect_contains "--regex"
}

@test "how much is logged and where follows runc's and crun's options" {
	program true
	oci --log "file:$OCI/log1" --log-level debug run -b "$bundle" t-log
	grep -q '^level=debug' "$OCI/log1"
	oci --log "$OCI/log2" run -b "$bundle" t-log
	[ ! -s "$OCI/log2" ]
	oci --debug --cgroup-manager cgroupfs --log "$OCI/log2" run -b "$bundle" t-log
	grep -q '^level=debug' "$OCI/log2"
	run oci --log-level loud list
	expect_status 1
	run oci --usage
	expect_output "Usage: berth-oci [OPTIONS] COMMAND [ARGUMENTS]"
}

# manager SOCKET: prints the messages that a service manager gets, one a line
manager() {
	python3 - "$1" <<-'PY'
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1].replace("@", "\0", 1) if sys.argv[1][0] == "@" else sys.argv[1])
		while True:
		    print(repr(s.recv(4096).decode()), flush=True)
	PY
}

# told N: the manager has had N messages
told() {
	messages_are_there() { [ "$(wc -l <"$OCI/told")" -eq "$1" ]; }
	eventually messages_are_there "$1"
}

# A program with a NOTIFY_SOCKET, which says things that it must not, and that it is ready.
notifying() {
	cat >"$OCI/notify.c" <<-'C'
		#include <stdlib.h>
		#include <string.h>
		#include <sys/socket.h>
		#include <sys/un.h>
		#include <unistd.h>
		int main(int argc, char **argv)
		{
			struct sockaddr_un to = { .sun_family = AF_UNIX };
			int s = socket(AF_UNIX, SOCK_DGRAM, 0);

			strcpy(to.sun_path, getenv("NOTIFY_SOCKET"));
			/* Nobody listens any more when it has said that it is ready. */
			for (int i = 1; i < argc; i++)
				(void)!sendto(s, argv[i], strlen(argv[i]), 0, (void *)&to, sizeof(to));
			return pause();
		}
	C
	gcc -static -o "$bundle/rootfs/bin/notify" "$OCI/notify.c"
	program notify 'STATUS=x' 'MAINPID=1' 'READY=10' 'STATUS=y\nREADY=1\nMAINPID=1' 'READY=1'
	configure 's|"readonly": true|"readonly": false|; s|"uid": 0|"uid": 1000|'
}

@test "a service manager is told when the container is ready, and nothing else" {
	notifying
	for socket in "$OCI/manager" "@berth-test-$$"; do
		rm -f "$OCI/manager"
		manager "$socket" >"$OCI/told" 3>&- &
		manager=$!
		listening() { grep -q "$socket" /proc/net/unix; }
		eventually listening
		NOTIFY_SOCKET=$socket oci run -d -b "$bundle" t-notify >/dev/null 3>&-
		told 1
		[ "$(cat "$OCI/told")" = "'READY=1\\nMAINPID=$(pid_of t-notify)'" ]
		oci delete --force t-notify

		NOTIFY_SOCKET=$socket oci create -b "$bundle" t-notify >/dev/null 3>&-
		NOTIFY_SOCKET=$socket oci start t-notify
		told 2
		[ "$(tail -n 1 "$OCI/told")" = "'READY=1\\nMAINPID=$(pid_of t-notify)'" ]
		oci delete --force t-notify

		NOTIFY_SOCKET=$socket berth-oci --root "$OCI/state" run -b "$bundle" t-notify >/dev/null 3>&- &
		runner=$!
		told 3
		[ "$(tail -n 1 "$OCI/told")" = "'READY=1'" ]
		oci kill t-notify KILL
		wait $runner || [ $? -eq 137 ]
		kill $manager
	done
}

@test "a container that ends before it is ready keeps nobody waiting, and without a manager there is no socket" {
	program sh -c 'echo $NOTIFY_SOCKET; exit 3'
	configure 's|"readonly": true|"readonly": false|'
	NOTIFY_SOCKET=$OCI/nobody run timeout 10 berth-oci --root "$OCI/state" run -d -b "$bundle" t-early 3>&-
	expect_status 0
	oci delete --force t-early
	NOTIFY_SOCKET=$OCI/nobody run oci run -b "$bundle" t-there
	expect_output /run/notify/notify.sock
	run oci run -b "$bundle" t-without
	expect_output ""
}
