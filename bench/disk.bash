# disk.bash - contests whose result is on a disk: wall and CPU time, interleaved
#
# Sourced after lib.bash. When the clock starts, what was written before is on the disk. Each WHO has
# functions WHO_ACTION, which is timed, and WHO_clear, which makes room for the next round. Rounds rotate;
# a ratio is the median of the rounds' ratios.

work=$bench_scratch/work

cpu_ms() { # cpu_ms GROUP
	echo $(($(cat "$1/cpuacct.usage") / 1000000))
}

wall_ms() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

# One run in a group of its own, in milliseconds: "WALL CPU WALL-WITH-SYNC".
timed() { # timed WHO ACTION ARGUMENT
	local group=/sys/fs/cgroup/cpuacct/bench/$1 cpu start wall
	mkdir -p "$group"
	sync
	cpu=$(cpu_ms "$group")
	start=$(wall_ms)
	(echo "$BASHPID" >"$group/cgroup.procs" && "$1_$2" "$3") || { echo "bench: $1 failed" >&2; return 1; }
	wall=$(($(wall_ms) - start))
	cpu=$(($(cpu_ms "$group") - cpu))
	sync -f "$bench_scratch"
	echo "$wall $cpu $(($(wall_ms) - start))"
	"$1_clear" >&2
}

# contest ROUNDS ACTION ARGUMENT WHO...: before each run comes before_ACTION, which is not timed
contest() {
	local rounds=$1 action=$2 argument=$3 order who
	shift 3
	rm -f "$bench_scratch"/times.*
	order=$*
	for _ in $(seq "$rounds"); do
		for who in $order; do
			"before_$action" "$argument" "$who" &&
				timed "$who" "$action" "$argument" >>"$bench_scratch/times.$who" || exit 1
		done
		order="${order#* } ${order%% *}"
	done
}

median() { sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
column() { awk -v n="$2" '{ print $n }' "$bench_scratch/times.$1" | median; }
# ratio WHO COLUMN: berth's to another one's, round by round
ratio() { paste "$bench_scratch/times.berth" "$bench_scratch/times.$1" | awk -v n="$2" '{ print $n / $(3 + n) }' | median; }

show() { # show WHAT WHO NAME
	printf '%s, %-18s wall %6.0f ms (synced %6.0f)  cpu %6.0f ms' "$1" "$3" \
		"$(column "$2" 1)" "$(column "$2" 3)" "$(column "$2" 2)"
	[ "$2" = berth ] || printf '   berth/it: wall %.2f (synced %.2f), cpu %.2f' \
		"$(ratio "$2" 1)" "$(ratio "$2" 3)" "$(ratio "$2" 2)"
	echo
}

# The most memory that all processes of a WHO have at once (PSS, looked at 50 times a second), in a
# run of its own; files in the page cache are not counted.
show_memory() { # show_memory WHAT WHO ACTION ARGUMENT
	"before_$3" "$4" "$2"
	bench/peak "/sys/fs/cgroup/cpuacct/bench/$2" >"$bench_scratch/peak" &
	local sampler=$!
	timed "$2" "$3" "$4" >/dev/null
	kill "$sampler"
	wait "$sampler"
	echo "$1, $2: at most $(cat "$bench_scratch/peak") MB of memory"
}
