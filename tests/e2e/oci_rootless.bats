#!/usr/bin/env bats
# berth-oci of an ordinary user.
load helper
load rootless_helper

@test "spec --rootless gives a configuration that runs, and root in there is the user outside" {
	program 'id -u; id -g; echo $(cat /proc/self/uid_map); cat /proc/self/setgroups; touch /made; hostname; ls /sys/kernel >/dev/null'
	run oci run t-spec
	expect_status 0
	expect_output "$(printf '0\n0\n0 %s 1\ndeny\nberth' "$USER_ID")"
	[ "$(stat -c %u:%g "$bundle/rootfs/made")" = "$USER_ID:$USER_ID" ]
}

@test "create, start, exec, kill and delete" {
	program 'sleep 1000'
	oci create --pid-file "$home/pid" t-life
	status_is t-life created
	[ -d "$home/run/berth-oci/t-life" ]
	[ "$(stat -c %a "$home/run/berth-oci")" = 1700 ]
	oci start t-life
	status_is t-life running
	[ "$(stat -c %u "/proc/$(cat "$home/pid")")" = "$USER_ID" ]
	run oci exec t-life sh -c 'readlink /proc/self/ns/user; readlink /proc/self/ns/pid; id -u; exit 5'
	expect_status 5
	expect_output "$(readlink "/proc/$(cat "$home/pid")/ns/user" "/proc/$(cat "$home/pid")/ns/pid"; echo 0)"
	run oci delete t-life
	expect_status 1
	expect_contains "not stopped"
	oci kill t-life KILL
	eventually status_is t-life stopped
	oci delete t-life
	[ ! -e "$home/run/berth-oci/t-life" ]
}

@test "a created container can be entered before it is started, and is started once" {
	program 'sleep 1000'
	map_ranges
	echo "seven:x:7:7::/seventh:/bin/sh" >>"$bundle/rootfs/etc/passwd"
	oci create t-once
	run oci exec -u 7:8 t-once sh -c 'id -u; id -g; echo $HOME; hostname; ls -d /proc/1/fd; readlink /proc/self/ns/user'
	expect_status 0
	[ "${lines[*]:0:4}" = "7 8 /seventh berth" ]
	[ "${lines[5]}" != "$(readlink /proc/self/ns/user)" ]
	run oci exec t-once sh -c 'echo $$; ls /proc/1/fd /proc/1/root; cat /proc/1/environ'
	expect_contains "Permission denied"
	status_is t-once created
	oci start t-once
	status_is t-once running
	run oci start t-once
	expect_status 1
	expect_contains "only one that is created can be started"
}

@test "who was killed when he had called a held container does not keep it from its start" {
	program 'sleep 1000'
	oci create t-called
	ordinary python3 -c "
import os, socket
os.chdir('$home/run/berth-oci/t-called')
socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect('start.sock')"
	status_is t-called created
	oci start t-called
	eventually status_is t-called running
}

@test "a program that is not there fails create; one that cannot be executed fails start" {
	program true
	change 'p["args"] = ["/no-such-program"]'
	run oci create t-missing
	expect_status 1
	expect_contains "no such file or directory"
	printf '\177ELF broken' >"$bundle/rootfs/broken"
	chmod 755 "$bundle/rootfs/broken"
	change 'p["args"] = ["/broken"]'
	oci create t-broken
	run oci start t-broken
	expect_contains "exec format error"
	eventually status_is t-broken stopped
}

@test "state is in XDG_RUNTIME_DIR, and is refused without" {
	run ordinary env -u XDG_RUNTIME_DIR berth-oci list
	expect_status 1
	expect_contains "XDG_RUNTIME_DIR is not set"
	run ordinary env -u XDG_RUNTIME_DIR berth-oci --root "$home/run/berth-oci" list
	expect_status 0
}

@test "ranges of users and groups are mapped by newuidmap and newgidmap" {
	program 'id -u; id -G; echo $(cat /proc/self/gid_map); touch /made2'
	mkdir -p "$bundle/rootfs/open"
	chmod 777 "$bundle/rootfs/open"
	map_ranges
	change 'p["user"] = {"uid": 7, "gid": 8, "additionalGids": [9]}; p["args"][2] = p["args"][2].replace("/made2", "/open/made")'
	run oci run t-ranges
	expect_status 0
	expect_output "$(printf '7\n8 9\n0 %s 1 1 %s 65536' "$USER_ID" "$RANGE")"
	[ "$(stat -c %u:%g "$bundle/rootfs/open/made")" = "$((RANGE + 6)):$((RANGE + 7))" ]
}

@test "newuidmap of the image or of the bundle is not run, wherever one stands" {
	program 'id -u'
	map_ranges
	for dir in "$bundle" "$bundle/rootfs/usr/bin" "$bundle/rootfs/bin"; do
		for name in newuidmap newgidmap; do
			printf '#!/bin/sh\necho "$0" >>%s/ran\nexit 1\n' "$home" >"$dir/$name"
			chmod 755 "$dir/$name"
		done
	done
	run ordinary env PATH="$OCI/bin:/usr/bin:/bin" berth-oci run t-maps
	expect_status 0
	expect_output 0
	[ ! -e "$home/ran" ]
	rm -f "$bundle"/new*idmap "$bundle"/rootfs/{usr/,}bin/new*idmap
}

@test "exec in a container with ranges has its own user and groups" {
	program 'sleep 1000'
	map_ranges
	oci create t-user && oci start t-user
	run oci exec -u 1000:1001 -g 1002 t-user sh -c 'id -u; id -G'
	expect_status 0
	expect_output "$(printf '1000\n1001 1002')"
	run oci exec -u 70000 t-user true
	expect_status 125
	expect_contains "must be mapped"
	oci kill t-user KILL
}

@test "a range that is not granted is refused with the line that would grant it" {
	program true
	map_ranges 300000
	run oci run t-grant
	expect_status 125
	expect_contains "/etc/subuid must grant it with a line \"$USER_ID:300000:65536\""
	echo "$USER_ID:300000:65536" >"$OCI/granted"
	before="mount --bind $OCI/granted /etc/subuid"
	run oci run t-grant
	expect_status 125
	expect_contains "/etc/subgid must grant it with a line \"$USER_ID:300000:65536\""
}

@test "ranges without newuidmap are refused with the package's name; one's own number needs no tool" {
	before="mount --bind /dev/null $(command -v newuidmap); mount --bind /dev/null $(command -v newgidmap)"
	program true
	oci run t-tools
	map_ranges
	run oci run t-tools
	expect_status 125
	expect_contains "newuidmap, which is not installed; its package is uidmap"
}

@test "what only root may have is refused, and says so" {
	program true
	cp config.json good.json
	refused() { # refused CHANGE TEXT
		cp good.json config.json
		change "$1"
		run oci run t-refused
		[ "$status" -ne 0 ] || { echo "not refused: $1" >&2; return 1; }
		expect_contains "$2"
	}
	refused 'l["namespaces"] = [n for n in l["namespaces"] if n["type"] != "user"]; del l["uidMappings"], l["gidMappings"]' "an ordinary user needs one of type user"
	refused 'p["user"]["uid"] = 5' "process.user.uid: 5 is not in linux.uidMappings"
	refused 'p["user"]["gid"] = 5' "process.user.gid: 5 is not in linux.gidMappings"
	refused 'p["user"]["additionalGids"] = [0]' "nobody change groups"
	refused 'm["/dev/pts"]["options"].append("gid=5")' "group 5 is not in linux.gidMappings"
	refused 'p["oomScoreAdj"] = -900' "only root can have -900"
	refused 'p["rlimits"] = [{"type": "RLIMIT_NPROC", "soft": 2**62, "hard": 2**62}]' "only root can raise it"
	refused 'l["namespaces"].append({"type": "network", "path": "/proc/1/ns/net"})' "/proc/1/ns/net"
	refused 'c["mounts"].append({"destination": "/x", "type": "none", "source": "/etc", "options": ["bind", "idmap"]})' "only root can idmap"
	refused 'l["devices"] = [{"path": "/dev/none", "type": "c", "major": 1, "minor": 3}]' "must be the host's"
	rm good.json
}

@test "what an ordinary user may change is changed" {
	program 'cat /proc/self/oom_score_adj; ulimit -n; ulimit -Hn; grep -E "NoNewPrivs|CapEff" /proc/self/status; cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
	change 'p["oomScoreAdj"] = 700; p["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 64, "hard": 128}]; p["capabilities"] = {}; l["namespaces"].append({"type": "network"}); l["sysctl"] = {"net.ipv4.ip_unprivileged_port_start": "80"}'
	run oci run t-may
	expect_status 0
	expect_output "$(printf '700\n64\n128\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n80')"
}

@test "a filter of seccomp is in force, with no_new_privs and without" {
	program 'mkdir /never; echo $?'
	change 'l["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}'
	for nnp in True False; do
		change "p['noNewPrivileges'] = $nnp"
		run oci run t-filter
		expect_status 0
		expect_contains "mkdir: can't create directory"
		expect_contains 1
	done
}

@test "a listener of seccomp gets the filter of a container and answers" {
	gcc -O1 -o "$OCI/listener" "$berth_source/tests/lib/seccomp_listener.c"
	ordinary "$OCI/listener" "$home/listen.sock" "$home/state.json" 2 &
	eventually test -S "$home/listen.sock"
	program 'mkdir /never; echo $?'
	change 'l["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "'"$home"'/listen.sock", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]}'
	for nnp in True False; do
		change "p['noNewPrivileges'] = $nnp"
		run oci run t-notify
		expect_status 0
		expect_contains "Protocol error"
		grep -q '"seccompFd"' "$home/state.json"
		rm "$home/state.json"
	done
	wait $!
	rm -f "$home/listen.sock"
}

@test "a filter that asks its listener about sendmsg cannot be handed over by an ordinary user" {
	program true
	for rules in '"defaultAction": "SCMP_ACT_NOTIFY"' '"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["sendmsg"], "action": "SCMP_ACT_NOTIFY"}]' \
		'"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]'; do
		change "l['seccomp'] = {$rules, 'listenerPath': '$home/none.sock'}"
		run oci run t-notify
		expect_status 125
		expect_contains "allow sendmsg"
	done
}

@test "an exec into a time namespace is refused by name" {
	program 'sleep 1000'
	change 'l["namespaces"].append({"type": "time"})'
	if [ "$(printf '6.2\n%s\n' "$(uname -r)" | sort -V | head -n 1)" != 6.2 ]; then
		run oci create t-time
		expect_status 1
		expect_contains "new time namespaces need Linux 6.2"
		return
	fi
	oci create t-time && oci start t-time
	run oci exec t-time true
	expect_status 125
	expect_contains "a time namespace of its own, which an ordinary user cannot enter"
	oci kill t-time KILL
}

@test "devices are the host's, and a terminal is the user's" {
	change 'p["args"] = ["sh", "-c", "stat -c %t:%T /dev/null /dev/zero; echo x >/dev/full || echo full; tty; stat -c %u /dev/pts/0"]'
	run on_a_terminal "$(declare -f ordinary); ordinary berth-oci run t-tty"
	expect_status 0
	expect_contains "1:3"
	expect_contains full
	expect_contains /dev/pts/0
}

@test "mounts of the host that hide something are taken whole or not at all" {
	mkdir -p "$home/tree/hidden" "$home/tree/seen" "$bundle/rootfs/tree"
	echo secret >"$home/tree/hidden/file"
	before="mount -t tmpfs tmpfs $home/tree/hidden; mount -t tmpfs -o nosuid tmpfs $home/tree/seen"
	program 'ls /tree/hidden | wc -l'
	change 'c["mounts"].append({"destination": "/tree", "type": "none", "source": "'"$home/tree"'", "options": ["bind"]})'
	run oci run t-hide
	expect_status 125
	expect_contains "use rbind"
	change 'm["/tree"]["options"] = ["rbind", "ro"]'
	run oci run t-hide
	expect_status 0
	expect_output 0
	change 'm["/tree"].update(source="'"$home/tree/seen"'", options=["bind", "suid"])'
	run oci run t-hide
	expect_status 125
	expect_contains "cannot be taken off by an ordinary user"
}

@test "without a control group what needs one is refused, and the container lives and ends all the same" {
	program 'sleep 1000'
	on_v1 || skip "this user may have a group here: tests/vm"
	oci create t-none && oci start t-none
	for command in ps pause "update --memory 1000000" events "kill --all" ; do
		run oci $command t-none
		expect_status 1
		expect_contains "has no control group"
	done
	run oci --rootless=false run t-strict
	[ "$status" -ne 0 ]
	expect_contains "control group"
	oci kill --all t-none KILL
	eventually status_is t-none stopped
}

@test "without a group of its own a container sees the host's, and cannot write there whatever it asks for" {
	on_v1 || skip "this user may have a group here: tests/vm"
	program 'cut -d" " -f5,6 /proc/self/mountinfo | grep "^/sys/fs/cgroup" >/seen; grep -c " ro" /seen; grep -c " rw" /seen'
	change 'l["namespaces"] = [n for n in l["namespaces"] if n["type"] != "cgroup"]
c["mounts"] = [m for m in c["mounts"] if not m["destination"].startswith("/sys")] + [
    {"destination": "/sys", "type": "none", "source": "/sys", "options": ["rbind"]},
    {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["rw"]}]'
	run oci run t-sees
	# The whole tree was bound before, and each mount of it is covered.
	[ "${lines[0]}" -ge 1 ]
	run sed -n '$p' "$bundle/rootfs/seen"
	[[ "$output" =~ \ ro ]]
}

# As an administrator may: this user makes groups beneath /berth of the hierarchy.
hand_over() {
	[ -d "/sys/fs/cgroup/$1/berth" ] || mkdir "/sys/fs/cgroup/$1/berth"
	chown "$USER_ID" "/sys/fs/cgroup/$1/berth"
}

@test "of v1's hierarchies those are used that the user may write, and the others passed over" {
	[ -d /sys/fs/cgroup/pids ] && on_v1 || skip "there is no v1 hierarchy of pids"
	hand_over pids
	program 'sleep 1000 & sleep 1000'
	change 'l["resources"] = {"pids": {"limit": 30}}'
	oci create t-part && oci start t-part
	[ "$(cat /sys/fs/cgroup/pids/berth/t-part/pids.max)" = 30 ]
	grep -q "$(pid_of t-part)" /sys/fs/cgroup/pids/berth/t-part/cgroup.procs
	[ ! -e /sys/fs/cgroup/memory/berth/t-part ]
	oci exec -d t-part sleep 1000
	# An exec joins what there is to join.
	run oci ps --format json t-part
	expect_status 0
	[ "$(tr , '\n' <<<"$output" | wc -l)" = 3 ]
	run oci pause t-part
	expect_status 1
	expect_contains "is in no hierarchy that can freeze it"
	change 'l["resources"]["memory"] = {"limit": 10000000}'
	run oci run t-whole
	expect_status 125
	expect_contains "limits of memory, pids"
	[ ! -e /sys/fs/cgroup/pids/berth/t-whole ]
	oci kill --all t-part KILL
	eventually status_is t-part stopped
	oci delete t-part
	[ ! -e /sys/fs/cgroup/pids/berth/t-part ]
}

@test "who kills a container without group and PID namespace is told whom that does not reach" {
	on_v1 || skip "this user may have a group here: tests/vm"
	program 'sleep 1000'
	change 'l["namespaces"] = [n for n in l["namespaces"] if n["type"] not in ("pid", "cgroup")]
m["/proc"].update(type="none", source="/proc", options=["rbind"])'
	oci create t-first && oci start t-first
	run oci kill t-first KILL
	expect_status 0
	expect_contains "only its first process is killed"
	eventually status_is t-first stopped
	oci delete t-first
	oci create t-first
	run oci delete --force t-first
	expect_status 0
	expect_contains "only its first process is killed"
}

on_v1() {
	[ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]
}

@test "limits without a control group are refused by name, and so is a group that was asked for" {
	program true
	change 'l["resources"] = {"memory": {"limit": 10000000}, "pids": {"limit": 10}}'
	run oci run t-limits
	expect_status 125
	expect_contains "limits of memory, pids"
	change 'l["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}'
	oci run t-limits
	change 'l["cgroupsPath"] = "/berth/t-limits"'
	run oci run t-limits
	expect_status 125
	expect_contains "/berth/t-limits"
}

@test "hooks run as the user, and see the container" {
	program true
	printf '#!/bin/sh\nid -u >%s\ngrep -c t-hook >>%s\n' "$home/hook" "$home/hook" >"$home/hook.sh"
	chmod 755 "$home/hook.sh"
	change 'c["hooks"] = {"createRuntime": [{"path": "'"$home/hook.sh"'"}]}'
	oci run t-hook
	[ "$(cat "$home/hook")" = "$(printf '%s\n1' "$USER_ID")" ]
}

@test "a second container joins the namespaces of the first" {
	program 'sleep 1000'
	change 'l["namespaces"].append({"type": "network"})'
	oci create t-first && oci start t-first
	pid=$(pid_of t-first)
	program 'readlink /proc/self/ns/net; readlink /proc/self/ns/user; id -u'
	change 'del l["uidMappings"], l["gidMappings"]
for n in l["namespaces"]:
    if n["type"] in ("user", "network"): n["path"] = "/proc/'"$pid"'/ns/" + {"user": "user", "network": "net"}[n["type"]]'
	run oci run t-second
	expect_status 0
	expect_output "$(readlink "/proc/$pid/ns/net" "/proc/$pid/ns/user"; echo 0)"
	oci kill t-first KILL
}

# What podman does for an ordinary user: it is root of a user namespace itself, and asks for none.
inside() {
	ordinary unshare --user --map-root-user --map-auto --mount -- "$@"
}

@test "root of a user namespace runs a configuration of root's" {
	rm config.json
	inside berth-oci spec
	program 'id -u; id -G; stat -c %t:%T /dev/null; touch /by-root; readlink /proc/self/ns/user'
	change 'p["user"]["additionalGids"] = [10]'
	run inside sh -c 'readlink /proc/self/ns/user; berth-oci run t-inside'
	expect_status 0
	[ "${lines[0]}" = "${lines[4]}" ]
	expect_contains "$(printf '\n0\n0 10\n1:3\n')"
	[ "$(stat -c %u "$bundle/rootfs/by-root")" = "$USER_ID" ]
	run inside sh -c "berth-oci create t-in && ls $home/run/berth-oci && berth-oci start t-in && berth-oci delete --force t-in"
	expect_status 0
	[ "${lines[0]}" = t-in ]
}

@test "root of a user namespace executes in its containers, whatever they share with the host" {
	rm config.json
	inside berth-oci spec
	program 'sleep 1000'
	export spaces='for ns in user pid net uts ipc mnt; do readlink /proc/self/ns/$ns; done'
	run_exec() {
		run inside sh -c 'berth-oci create t-in >/dev/null && berth-oci start t-in
			pid=$(berth-oci state t-in | sed -n "s/.*\"pid\": \(.*\),/\1/p")
			for ns in user pid net uts ipc mnt; do readlink /proc/$pid/ns/$ns; done
			berth-oci exec t-in sh -c "$spaces; exit 3"; echo said $?
			berth-oci exec --tty t-in tty
			berth-oci delete --force t-in'
		expect_status 0
		expect_contains "said 3"
		expect_contains /dev/pts/
		[ "${lines[*]:0:6}" = "${lines[*]:6:6}" ]
	}
	run_exec
	change 'l["namespaces"] = [n for n in l["namespaces"] if n["type"] not in ("pid", "network", "ipc")]
for at in "/proc", "/sys": m[at].update(type="bind", source=at, options=["rbind"])
c["mounts"].remove(m["/dev/mqueue"])'
	run_exec
	rm config.json
	inside berth-oci spec
	program 'sleep 1000'
	# As for podman's --userns=keep-id.
	change "l['namespaces'].append({'type': 'user'})
l['uidMappings'] = l['gidMappings'] = [{'containerID': 0, 'hostID': 1, 'size': 1000}, {'containerID': 1000, 'hostID': 0, 'size': 1}]"
	run_exec
}

@test "a container of a user namespace's root joins another one's processes and network" {
	rm config.json
	inside berth-oci spec
	program 'sleep 1000'
	inside mkdir second
	inside ln -s ../rootfs second/rootfs
	cat >"$OCI/second" <<-'SH'
		berth-oci create t-first >/dev/null && berth-oci start t-first
		pid=$(berth-oci state t-first | sed -n 's/.*"pid": \(.*\),/\1/p')
		sed "s#\"type\": \"\(pid\|network\)\"#&, \"path\": \"/proc/$pid/ns/\1\"#g; s#/ns/network#/ns/net#; s#sleep 1000#readlink /proc/self/ns/pid; readlink /proc/self/ns/net; ps#" config.json >second/config.json
		berth-oci run --bundle second t-second
		echo "said $?"
		readlink /proc/$pid/ns/pid; readlink /proc/$pid/ns/net
		berth-oci delete --force t-first
	SH
	run inside sh "$OCI/second"
	expect_contains "said 0"
	expect_contains "sleep 1000"
	run grep -E '^(pid|net):' <<<"$output"
	[ "${lines[*]:0:2}" = "${lines[*]:2:2}" ]
	[ "${#lines[@]}" = 4 ]
}
