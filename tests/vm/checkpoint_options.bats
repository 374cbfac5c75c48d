#!/usr/bin/env bats
# What the options of checkpoint and restore change, one by one: without the option it is otherwise.
# The last test has podman use them.
load checkpoint_helper

prepare() {
	gcc -O1 -static -o "$OCI/unix_hearer" "$berth_source/tests/lib/unix_hearer.c"
	# Counts to a socket that it has connected to once.
	cat >"$OCI/talk.c" <<-'C'
		#include <stdio.h>
		#include <string.h>
		#include <sys/socket.h>
		#include <sys/un.h>
		#include <unistd.h>
		int main(int argc, char **argv)
		{
			struct sockaddr_un to = { .sun_family = AF_UNIX };
			int s = socket(AF_UNIX, SOCK_DGRAM, 0);
			char text[16];

			strncpy(to.sun_path, argv[argc - 1], sizeof(to.sun_path) - 1);
			if (connect(s, (void *)&to, sizeof(to)) < 0)
				return 1;
			for (int i = 1; send(s, text, (size_t)sprintf(text, "%d", i), 0) > 0; i++)
				usleep(200000);
			return 2;
		}
	C
	gcc -O1 -w -static -o "$bundle/rootfs/bin/talk" "$OCI/talk.c"
	# A terminal whose path goes into a file; prints what is written to it.
	cat >"$OCI/terminal.c" <<-'C'
		#define _GNU_SOURCE
		#include <fcntl.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <termios.h>
		#include <unistd.h>
		int main(int argc, char **argv)
		{
			int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
			struct termios raw;
			char text[256];
			ssize_t n;
			FILE *f;

			grantpt(master), unlockpt(master);
			slave = open(ptsname(master), O_RDWR | O_NOCTTY);
			tcgetattr(slave, &raw), cfmakeraw(&raw), tcsetattr(slave, TCSANOW, &raw);
			f = fopen(argv[1], "w"), fputs(ptsname(master), f), fclose(f);
			while ((n = read(master, text, sizeof(text))) > 0)
				write(1, text, n);
			return 1;
		}
	C
	gcc -O1 -w -o "$OCI/terminal" "$OCI/terminal.c"
}

# hear PATH FILE: what is sent to a socket of that name, a line each
hear() {
	"$OCI/unix_hearer" "$1" >"$2" 3>&- &
	eventually test -S "$1"
}

# talking ID: a container with a connection over loopback, which is used all the time
talking() {
	program sh -c 'nc -l -p 4000 -e cat & sleep 1; (i=0; while :; do i=\$((i+1)); echo \$i; sleep 0.2; done) | nc 127.0.0.1 4000; echo closed; sleep 1000'
	oci run -d -b "$bundle" "$1" >>"$OCI/out" 2>&1 </dev/null 3>&-
	eventually counted 3
}

# Where iptables cannot be executed.
without_iptables() {
	unshare --mount --propagation private sh -c \
		'mount --bind /dev/null "$(readlink -f "$(command -v iptables-restore)")" && exec "$@"' sh "$@"
}

@test "--network-lock chooses who holds packets back, and names what criu is too old for" {
	talking t-lock
	run without_iptables berth-oci --root "$OCI/state" checkpoint --tcp-established --network-lock iptables --image-path "$OCI/img" t-lock
	expect_status 1
	expect_contains "dump.log"
	run oci checkpoint --tcp-established --network-lock skip --image-path "$OCI/img" t-lock
	[ "$status" -eq 0 ] || expect_contains "--network-lock skip needs criu 3.18"
	[ "$status" -ne 0 ] || skip "this criu has skip"
	run oci checkpoint --network-lock none --image-path "$OCI/img" t-lock
	expect_contains "must be iptables, nftables or skip"
	status_is t-lock running
	without_iptables berth-oci --root "$OCI/state" checkpoint --tcp-established --network-lock nftables --image-path "$OCI/img" t-lock
	restore t-lock --tcp-established --network-lock nftables
	counts_on
}

@test "--tcp-close brings a connection back closed" {
	talking t-close
	oci checkpoint --tcp-established --image-path "$OCI/img" t-close
	restore t-close --tcp-close
	eventually grep -q closed "$OCI/out"
	run oci exec t-close netstat -tn
	[[ "$output" != *ESTABLISHED* ]]
}

@test "--tcp-skip-in-flight leaves out a connection that nobody has accepted" {
	program sh -c 'nc -l -p 4000 & p=\$!; sleep 1; kill -STOP \$p; nc 127.0.0.1 4000 </dev/null & sleep 1; kill -9 \$!; echo ready; while :; do sleep 1; done'
	oci run -d -b "$bundle" t-fly >>"$OCI/out" 2>&1 </dev/null 3>&-
	eventually grep -q ready "$OCI/out"
	run oci checkpoint --image-path "$OCI/img" t-fly
	expect_status 1
	grep -q "In-flight connection" "$OCI/img/dump.log"
	oci checkpoint --tcp-skip-in-flight --image-path "$OCI/img" t-fly
	restore t-fly
	run oci exec t-fly netstat -tln
	expect_contains ":4000"
}

# The socket has its name in the container, too, where restore looks for it; and one network
# namespace, since criu knows no others' sockets.
@test "--ext-unix-sk connects a socket again whose other end is outside, and without it none is written" {
	mkdir -p "$OCI/ext"
	hear "$OCI/ext/socket" "$OCI/heard"
	change 'c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "network"]
c["mounts"] += [{"destination": "'"$OCI/ext"'", "source": "'"$OCI/ext"'", "options": ["bind"]}]'
	program talk "$OCI/ext/socket"
	oci run -d -b "$bundle" t-ext >>"$OCI/out" 2>&1 </dev/null 3>&-
	eventually heard 3
	run oci checkpoint --image-path "$OCI/img" t-ext
	expect_status 1
	expect_contains "External socket"
	status_is t-ext running
	oci checkpoint --ext-unix-sk --image-path "$OCI/img" t-ext
	last=$(tail -n 1 "$OCI/heard")
	restore t-ext --ext-unix-sk
	eventually heard $((last + 3))
	[ "$(cat "$OCI/heard")" = "$(seq "$(tail -n 1 "$OCI/heard")")" ] || [ "$(head -n "$last" "$OCI/heard")" = "$(seq "$last")" ]
	kill $!
}

@test "an annotation names another configuration of criu" {
	echo "log-file own.log" >"$OCI/criu.conf"
	change 'c["annotations"] = {"org.criu.config": "'"$OCI"'/criu.conf"}'
	counting t-conf
	oci checkpoint --leave-running --image-path "$OCI/img" t-conf
	[ -s "$OCI/img/own.log" ] && [ ! -e "$OCI/img/dump.log" ]
}

heard() { # heard N: somebody has counted to N
	[ -s "$OCI/heard" ] && [ "$(tail -n 1 "$OCI/heard")" -ge "$1" ]
}

# terminal NAME: a terminal that is nobody's own; its path in $OCI/NAME, what is written to it in $OCI/NAME.text
terminal() {
	"$OCI/terminal" "$OCI/$1" >"$OCI/$1.text" 3>&- &
	eventually test -s "$OCI/$1"
}

@test "--shell-job has a container go on at the terminal of the restore, and without it none is written" {
	terminal first
	first=$! tty=$(cat "$OCI/first")
	program sh -c "${counter//\$/\\\$}"
	oci run -d -b "$bundle" t-job <"$tty" >"$tty" 2>&1 3>&-
	on_first() { [ "$(tail -n 1 "$OCI/first.text")" -ge "$1" ]; }
	eventually on_first 3
	run oci checkpoint --image-path "$OCI/img" t-job
	expect_status 1
	expect_contains "give --shell-job"
	status_is t-job running
	oci checkpoint --shell-job --image-path "$OCI/img" t-job
	kill "$first"

	terminal second
	second=$! tty=$(cat "$OCI/second")
	run oci restore -d --image-path "$OCI/img" -b "$bundle" t-job <"$tty"
	expect_status 1
	expect_contains "give --shell-job"
	run oci restore -d --shell-job --image-path "$OCI/img" -b "$bundle" t-job </dev/null
	expect_status 1
	expect_contains "standard stream 0 is to be a terminal"
	oci_nothing_left
	oci restore -d --shell-job --image-path "$OCI/img" -b "$bundle" t-job <"$tty" >"$tty" 2>"$OCI/err" 3>&- || { cat "$OCI/err" >&2; grep -i err "$OCI/img/restore.log" >&2; return 1; }
	on_second() { [ "$(wc -l <"$OCI/second.text")" -ge 3 ]; }
	eventually on_second
	[ "$(head -n 1 "$OCI/second.text")" = $(($(tail -n 1 "$OCI/first.text") + 1)) ]
	run oci exec t-job readlink /proc/1/fd/1
	expect_contains pts
	oci delete --force t-job
	kill "$second"
}

blocks() { # blocks DIR: what its images of memory take on the disk
	echo $(($(stat -c %b "$1"/pages-*.img | paste -sd+)))
}

@test "--auto-dedup takes out of older images what a newer one has, and of each what is restored" {
	program sh -c "x=\$(head -c 3000000 /dev/zero | tr '\\0' x); ${counter//\$/\\\$}"
	oci run -d -b "$bundle" t-dup >>"$OCI/out" 2>&1 </dev/null 3>&-
	eventually counted 3
	oci checkpoint --pre-dump --image-path "$OCI/img-pre" t-dup
	before=$(blocks "$OCI/img-pre")
	oci checkpoint --leave-running --image-path "$OCI/img0" --parent-path ../img-pre t-dup
	[ "$(blocks "$OCI/img-pre")" = "$before" ]
	oci checkpoint --auto-dedup --image-path "$OCI/img" --parent-path ../img-pre t-dup
	[ "$(blocks "$OCI/img-pre")" -lt "$before" ]
	[ "$(blocks "$OCI/img")" -gt 0 ]
	restore t-dup --auto-dedup
	[ "$(blocks "$OCI/img")" = 0 ]
	counts_on
}


@test "--lsm-profile gives another profile; what this kernel does not run is refused by name" {
	[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ] || skip "AppArmor does not run"
	printf 'profile t-one flags=(attach_disconnected) {\nfile, capability, network, signal,\n}\nprofile t-two flags=(attach_disconnected) {\nfile, capability, network, signal,\n}\n' | apparmor_parser -r -K
	change 'c["process"]["apparmorProfile"] = "t-one"'
	counting t-lsm
	[ "$(cat "/proc/$(pid_of t-lsm)/attr/current")" = "t-one (enforce)" ]
	oci checkpoint --image-path "$OCI/img" t-lsm
	for option in "--lsm-mount-context system_u:object_r:container_file_t:s0" "--lsm-profile selinux:system_u:system_r:container_t:s0"; do
		# shellcheck disable=SC2086 # an option and its value
		run oci restore -d --image-path "$OCI/img" -b "$bundle" $option t-lsm </dev/null
		expect_status 1
		expect_contains "this kernel does not run SELinux"
	done
	run oci restore -d --image-path "$OCI/img" -b "$bundle" --lsm-profile t-two t-lsm </dev/null
	expect_contains "must be apparmor:PROFILE or selinux:LABEL"
	restore t-lsm --lsm-profile apparmor:t-two
	[ "$(cat "/proc/$(pid_of t-lsm)/attr/current")" = "t-two (enforce)" ]
	counts_on
}

@test "a restored container has its service manager told that it is ready" {
	hear "$OCI/manager" "$OCI/told"
	program sh -c "ls -d /run/notify; ${counter//\$/\\\$}"
	NOTIFY_SOCKET=$OCI/manager oci create -b "$bundle" t-told >>"$OCI/out" 2>&1 </dev/null 3>&-
	oci start t-told
	eventually counted 3
	grep -q /run/notify "$OCI/out"
	oci checkpoint --image-path "$OCI/img" t-told
	NOTIFY_SOCKET=$OCI/manager restore t-told
	eventually grep -q "MAINPID=$(pid_of t-told)" "$OCI/told"
	[ "$(head -n 1 "$OCI/told")" = READY=1 ]
	run oci exec t-told ls -d /run/notify
	expect_output /run/notify
	kill $!
}

@test "podman writes a container with it and restores it" {
	local podman=(timeout 100 podman --root "$OCI/podman/root" --runroot "$OCI/podman/run" --tmpdir "$OCI/podman/tmp" --runtime "$berth_build/berth-oci")
	mkdir -p /run/lock "$OCI/podman"
	printf '[containers]\nnetns = "none"\ndefault_ulimits = [ "nofile=1024:1024", "nproc=1024:1024" ]\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n' >"$OCI/containers.conf"
	export CONTAINERS_CONF=$OCI/containers.conf
	"${podman[@]}" import -c 'CMD ["sh"]' "$(busybox_tar)" busybox >/dev/null 2>&1 3>&-
	"${podman[@]}" run -d --name web busybox sh -c 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.2; done' 3>&-
	eventually podman_counts 3
	"${podman[@]}" container checkpoint web 3>&-
	run "${podman[@]}" inspect --format '{{.State.Status}} {{.State.Checkpointed}}' web 3>&-
	expect_output "exited true"
	at=$("${podman[@]}" logs --tail 1 web 3>&-)
	"${podman[@]}" container restore web 3>&-
	eventually podman_counts $((at + 3))
	[ "$("${podman[@]}" logs web 3>&- | head -n $((at + 2)))" = "$(seq $((at + 2)))" ]
	"${podman[@]}" rm -fa -t 0 3>&-
	eventually podman_gone
	find /sys/fs/cgroup -mindepth 1 -depth -type d -path '*/libpod_parent*' -exec rmdir {} \;
}

# What conmon starts for a container's end mounts the store over itself once more.
podman_gone() {
	! pgrep -f "$OCI/podman" >/dev/null || return 1
	while umount -l "$OCI/podman/root/overlay" 2>/dev/null; do :; done
	rm -rf "$OCI/podman"
}

podman_counts() {
	[ "$("${podman[@]}" logs --tail 1 web 3>&-)" -ge "$1" ]
}
