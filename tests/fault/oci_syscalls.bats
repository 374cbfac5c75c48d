#!/usr/bin/env bats
# A tracer fails one system call of berth-oci, or of the process that it makes, at a time. The command
# either succeeds whole or fails with a message; it does not hang; and what it leaves, if the failing
# call was one of those that clean up, delete --force removes.
#
# Which calls there are, and how often, is seen first. A tenth of them is tried, chosen by
# BERTH_TEST_SEED; BERTH_TEST_ALL=1 tries all.
load ../e2e/helper
load ../e2e/oci_box

SECONDS_MAX=20
seed=${BERTH_TEST_SEED:-$(date +%s)}

prepare() {
	echo '#include "sys/raw.h"
		void _start(void); void _start(void) { RAW(write, 1, "hello\n", 6); RAW(exit_group, 0); }' |
		gcc -x c -O1 -static -nostdlib -iquote "$berth_source/src" -o "$bundle/rootfs/bin/hello" -
}

setup() {
	trace=$BATS_TEST_TMPDIR/trace
	linux_more=',"maskedPaths":["/proc/keys","/sys/firmware"],"readonlyPaths":["/proc/sys"],"sysctl":{"kernel.shmmni":"4000"},
		"resources":{"pids":{"limit":50},"memory":{"limit":100000000},"devices":[{"allow":false,"access":"rwm"}]},
		"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["reboot"],"action":"SCMP_ACT_ERRNO"}]}'
	mounts_more=",{\"destination\":\"/data/deep\",\"source\":\"$OCI\",\"options\":[\"bind\",\"ro\"]},
		{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\",\"options\":[\"ro\"]}"
	top_more=',"hooks":{"createRuntime":[{"path":"/bin/true"}]}'
	process_more=',"oomScoreAdj":100,"rlimits":[{"type":"RLIMIT_NOFILE","soft":100,"hard":100}]'
	program hello
}

# program WORD...: what the container runs
program() {
	local words

	words=$(printf ', "%s"' "$@")
	box true
	sed -i "s|\"args\": \[.*\]|\"args\": [ ${words#, } ]|" "$bundle/config.json"
}

# The error that a call may well end with.
error_of() {
	case $1 in
	mkdir* | write* | pwrite* | ftruncate | rename* | symlinkat | mknodat) echo ENOSPC ;;
	open | openat | openat2 | read | pread64 | stat* | newfstatat | fstat* | unlink* | getdents64 | readlink* | lseek | fsync) echo EIO ;;
	set* | cap* | keyctl | seccomp | prctl | chroot | pivot_root | pidfd_send_signal | kill | bpf | fchown* | ioctl) echo EPERM ;;
	*) echo ENOMEM ;;
	esac
}

# Calls that cannot fail, that the C library makes before main(), or whose failure no program survives.
uninteresting=' close exit exit_group execve brk mmap munmap mprotect arch_prctl set_tid_address set_robust_list rseq getrandom
	rt_sigprocmask rt_sigaction rt_sigreturn wait4 waitid futex getpid gettid getuid umask exit restart_syscall sched_yield '

# calls_of COMMAND...: "CALL N" for every Nth call that a process of it makes
calls_of() {
	strace -D -f -qq -o "$trace" "$@" >/dev/null 2>&1 3>&-
	"$settle"
	awk -v skip="$uninteresting" '{ call = $2; sub(/\(.*/, "", call) }
		call ~ /^[a-z0-9_]+$/ && index(skip, " " call " ") == 0 { n = ++count[$1, call]; if (n > most[call]) most[call] = n }
		END { for (call in most) for (i = 1; i <= most[call]; i++) print call, i }' "$trace" | sort
}

tracer_ended() {
	! pgrep -x strace >/dev/null
}

# traced CALL N COMMAND...: $status, $out, $errors
traced() {
	local call=$1 n=$2

	shift 2
	: >"$trace"
	status=0
	timeout -k 5 "$SECONDS_MAX" strace -D -f -qq -o "$trace" -e trace="$call" -e inject="$call:error=$(error_of "$call"):when=$n" \
		"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/errors" 3>&- || status=$?
	out=$(<"$BATS_TEST_TMPDIR/out")
	errors=$(<"$BATS_TEST_TMPDIR/errors")
}

# It failed with a line that says so, or it did what it was to do.
is_acceptable() {
	# What cannot say anything need not.
	! grep -q 'write([12], .*INJECTED' "$trace" || return 0
	case $status in
	0) "$succeeded" ;;
	1 | 125 | 126 | 127 | 137) [ -n "$(tail -n 1 "$BATS_TEST_TMPDIR/errors" | grep '^berth-oci: error: ')" ] ;;
	*) false ;;
	esac
}

# sweep COMMAND...: each call of it fails. $begin, $settle and $succeeded are functions: what there has to
# be before, what makes an end of the container after it, what a success is.
sweep() {
	local call n tried=0 all

	"$begin"
	all=$(calls_of "$@")
	eventually tracer_ended
	[ "$(wc -l <<<"$all")" -gt 20 ]
	while read -r call n; do
		[ -n "${BERTH_TEST_ALL-}" ] || [ "$(($(cksum <<<"$seed $1 $call $n" | cut -d' ' -f1) % 10))" -eq 0 ] || continue
		"$begin"
		traced "$call" "$n" "$@"
		is_acceptable || { echo "seed $seed: $call $n fails: status $status, output '$out', errors '$errors'"; tail -n 3 "$trace"; return 1; }
		"$settle" || { echo "seed $seed: $call $n fails: status $status, errors '$errors': something is left"; return 1; }
		tried=$((tried + 1))
	done <<<"$all"
	echo "# $4: $tried of $(wc -l <<<"$all") calls" >&3
	[ "$tried" -gt 0 ]
}

nothing() { :; }

# What failed has left nothing; only what could not clean up, or succeeded, is deleted.
delete_and_look() {
	local before

	before=$(oci list -q)
	if [ "${status:-0}" -ne 0 ] && ! grep -qE '(unlink|rmdir|openat|kill|poll|pidfd)[a-z0-9_]*\(.*INJECTED' "$trace"; then
		[ -z "$before" ] || { echo "it is still there: $before"; return 1; }
	fi
	oci delete --force t-fault || return 1
	eventually oci_nothing_left && eventually tracer_ended
}

is_created() {
	[ "$(oci state t-fault | sed -n 's/.*"status": "\(.*\)",/\1/p')" = created ] && oci start t-fault && eventually is_stopped
}

is_stopped() {
	[ "$(oci state t-fault | sed -n 's/.*"status": "\(.*\)",/\1/p')" = stopped ]
}

said_hello() {
	[ "$out" = hello ]
}

@test "create" {
	begin=nothing settle=delete_and_look succeeded=is_created
	sweep berth-oci --root "$OCI/state" create -b "$bundle" t-fault
}

@test "run" {
	begin=nothing settle=delete_and_look succeeded=said_hello
	sweep berth-oci --root "$OCI/state" run -b "$bundle" t-fault
}

make_one() {
	oci create -b "$bundle" t-fault >/dev/null 2>&1 3>&-
}

# A start that fails leaves the container to delete.
delete_alone() {
	oci delete --force t-fault || return 1
	eventually oci_nothing_left && eventually tracer_ended
}

@test "start" {
	begin=make_one settle=delete_alone succeeded=eventually_stopped
	sweep berth-oci --root "$OCI/state" start t-fault
}

eventually_stopped() {
	eventually is_stopped
}

@test "delete" {
	begin=make_one settle=delete_alone succeeded=oci_nothing_left
	sweep berth-oci --root "$OCI/state" delete --force t-fault
}

is_alone() {
	[ "$(oci ps -f json t-fault)" = "[$(oci state t-fault | sed -n 's/.*"pid": \([0-9]*\),/\1/p')]" ]
}

alone() {
	eventually tracer_ended && eventually is_alone
}

@test "exec" {
	program sleep 1000
	oci run -d -b "$bundle" t-fault >/dev/null 2>&1 3>&-
	begin=nothing settle=alone succeeded=said_hello
	sweep berth-oci --root "$OCI/state" exec t-fault hello
}
