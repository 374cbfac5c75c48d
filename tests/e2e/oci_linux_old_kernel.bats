#!/usr/bin/env bats
# Kernels that lack a system call, played by failing that call: what works all the same, and what is
# refused by name.
load helper
load oci_box

prepare() {
	mkdir -p "$OCI/tree/sub"
	echo content >"$OCI/tree/file"
}

setup() {
	command -v strace >/dev/null || skip "strace is not installed"
}

# without CALL[=ERROR] ID SCRIPT: runs a box on a kernel that lacks the call
without() {
	local call=${1%=*} error=ENOSYS

	[[ $1 != *=* ]] || error=${1#*=}
	box "$3"
	run timeout 60 strace -f -qq -o "$OCI/trace" -e trace="$call" -e inject="$call:error=$error" \
		berth-oci --root "$OCI/state" run -b "$bundle" "$2" 3>&-
	grep -q INJECTED "$OCI/trace"
}

everything() {
	namespaces=$usual_namespaces',{"type":"cgroup"}'
	mounts_more=",{\"destination\":\"/sys\",\"type\":\"sysfs\",\"options\":[\"ro\"]},
		{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"options\":[\"ro\",\"nosuid\"]},
		{\"destination\":\"/a\",\"source\":\"$OCI/tree\",\"options\":[\"rbind\",\"ro\",\"nosuid\",\"noatime\"]},
		{\"destination\":\"/b\",\"source\":\"$OCI/tree/file\",\"options\":[\"bind\",\"nodev\",\"noexec\",\"slave\"]},
		{\"destination\":\"/s\",\"type\":\"tmpfs\",\"options\":[\"shared\"]}"
	linux_more=',"maskedPaths":["/proc/keys","/proc/fs"],"readonlyPaths":["/proc/sys","/bin"]'
}

# What each attribute of that comes to, the same on every kernel.
look() {
	echo "cut -d' ' -f5,6 /proc/self/mountinfo | grep -E '^/(a|b|bin|proc/sys) ' | sed 's/,relatime//'; touch /sys/fs/cgroup/*/x 2>/dev/null || echo read-only; wc -c </proc/keys; ls /proc/fs | wc -l; grep -c 'shared:' /proc/self/mountinfo; ls /sys/fs/cgroup | wc -l"
}

@test "without mount_setattr mounts have the same attributes" {
	everything
	run_box t-new "$(look)"
	expect_status 0
	new=$output
	without mount_setattr t-old "$(look)"
	expect_status 0
	expect_output "$new"
	expect_contains "/a ro,nosuid,noatime"
}

@test "without mount_setattr the root is read-only, and takes part in the host's mounts" {
	linux_more=',"rootfsPropagation":"shared"'
	box "touch /x 2>/dev/null || echo read-only; grep -c shared: /proc/self/mountinfo"
	sed -i 's|"path": "rootfs"|"path": "rootfs", "readonly": true|' "$bundle/config.json"
	run strace -f -qq -o /dev/null -e inject=mount_setattr:error=ENOSYS berth-oci --root "$OCI/state" run -b "$bundle" t-ro 3>&-
	expect_output "$(printf 'read-only\n1')"
}

@test "without mount_setattr user namespaces work, and what cannot be is refused" {
	chmod 755 "$OCI" "$bundle"
	namespaces=$usual_namespaces',{"type":"user"}'
	linux_more=',"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"maskedPaths":["/proc/keys"]'
	without mount_setattr t-user "id -u; echo x >/dev/null && echo null"
	expect_output "$(printf '0\nnull')"
	mounts_more=",{\"destination\":\"/a\",\"source\":\"$OCI/tree\",\"options\":[\"rbind\",\"rro\"]}"
	without mount_setattr t-rro true
	expect_status 125
	expect_contains "need Linux 5.12"
	mounts_more=",{\"destination\":\"/a\",\"source\":\"$OCI/tree\",\"options\":[\"bind\",\"idmap\"]}"
	without mount_setattr t-idmap true
	expect_contains "idmapped mounts need Linux 5.12"
}

@test "without close_range no descriptor of the host is passed on" {
	run_box t-fds "ls /proc/self/fd | wc -l"
	new=$output
	without close_range t-fds "ls /proc/self/fd | wc -l"
	expect_output "$new"
	exec 7<"$OCI/tree/file"
	without close_range t-fds2 "ls /proc/self/fd | wc -l"
	exec 7<&-
	expect_output "$new"
}

@test "without clone3, or births into a group, the container is in its group" {
	run_box t-clone "grep -c /berth/t-clone /proc/self/cgroup"
	new=$output
	for lack in clone3 clone3=EINVAL clone3=EPERM; do
		without $lack t-clone "grep -c /berth/t-clone /proc/self/cgroup"
		expect_output "$new"
	done
}

@test "without openat2 or fsopen nothing is made, and the message says what is lacking" {
	everything
	for call in openat2 fsopen open_tree; do
		without $call t-lack true
		expect_status 125
		[[ "$output" =~ "this kernel lacks"|"Function not implemented" ]]
		oci_nothing_left
	done
}
