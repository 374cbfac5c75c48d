#!/usr/bin/env bats
# system df, image prune, system prune: what the store takes, and how it becomes empty again.
load helper
load registry_helper
bats_require_minimum_version 1.5.0

setup() {
	export BERTH_ROOT=$BATS_TEST_TMPDIR/root BERTH_STATE=$BATS_TEST_TMPDIR/state
	berth import -c 'CMD ["sh"]' -c 'LABEL kind=base' "$(busybox_tar)" busybox:latest >/dev/null
}

teardown() {
	remove_all
	expect_nothing_left
	stop_servers
	expect_no_reports
}

# Every file of a store but the cache of filters, and its directories for images.
files() {
	(cd "$1" && find . -type f ! -path './db/*' && find layers/* blobs/sha256/* tmp/* partial/* upper/* work/* 2>/dev/null) | sort
}

# The keys of a database file: table's letter and name. The networks that are always there have IDs of
# their own in each store, and remember which address comes next.
keys() {
	mdb_dump -n -p "$1" | sed -n '/HEADER=END/,/DATA=END/p' | awk 'NR > 1 && NR % 2 == 0 && /^ / { print $1 }' |
		sed 's/^\(.\)[0-9a-f]\{64\}/\1ID/' | grep -v '^aID/next' | sort
}

# make_image NAME TEXT [CHANGE]...: a small image of one layer
make_image() {
	local name=$1 text=$2

	shift 2
	mkdir -p "$BATS_TEST_TMPDIR/tree"
	echo "$text" >"$BATS_TEST_TMPDIR/tree/text"
	tar -C "$BATS_TEST_TMPDIR/tree" -c . | berth import "$@" - "$name" >/dev/null
}

# A gzip'ed OCI archive of an image, so that the compressed bytes are kept.
load_compressed() {
	"$berth_source/tests/lib/make-archive" good-gzip-layers "$BATS_TEST_TMPDIR/gz.tar" >/dev/null
	berth load -qi "$BATS_TEST_TMPDIR/gz.tar" >/dev/null
}

# A pull that was cut: its first bytes, as they would be there.
leave_partial() {
	head -c 100000 /dev/zero >"$BERTH_ROOT/partial/sha256-$(printf '%064d' 1)"
}

@test "df has docker's columns, and says what is used" {
	run berth system df
	expect_status 0
	[[ "${lines[0]}" =~ ^TYPE\ +TOTAL\ +ACTIVE\ +SIZE\ +RECLAIMABLE$ ]]
	[[ "${lines[1]}" =~ ^Images\ +1\ +0\ +[0-9.]+MB\ +[0-9.]+MB\ \(100%\)$ ]]
	[[ "${lines[2]}" =~ ^Containers\ +0\ +0\ +0B\ +0B$ ]]
	berth create --name user busybox true >/dev/null
	run berth system df --format '{{.Type}} {{.TotalCount}} {{.Active}} {{.Reclaimable}}'
	expect_output $'Images 1 1 0B (0%)\nContainers 1 0 0B\nLocal Volumes 0 0 0B\nBuild Cache 0 0 0B'
	run berth system df --format json
	[ "$(head -1 <<<"$output" | python3 -c 'import json, sys; print(json.load(sys.stdin)["TotalCount"])')" = 1 ]
}

@test "df counts a layer once that two images have, and what a container wrote" {
	berth import -c 'LABEL other=1' "$(busybox_tar)" again:1 >/dev/null
	one=$(berth system df --format '{{.Size}}' | head -1)
	berth rmi again:1 >/dev/null
	[ "$(berth system df --format '{{.Size}}' | head -1)" = "$one" ]
	berth run --name wrote busybox sh -c 'head -c 3000000 /dev/zero >/file'
	run berth system df --format '{{.Type}} {{.Size}} {{.Reclaimable}}'
	expect_contains "Containers 3MB 3MB (100%)"
}

@test "df -v names images and containers with what they share" {
	berth import -c 'LABEL other=1' "$(busybox_tar)" again:1 >/dev/null
	berth create --name user busybox true >/dev/null
	run berth system df -v
	expect_status 0
	expect_contains "Images space usage:"
	[[ "$output" =~ REPOSITORY\ +TAG\ +IMAGE\ ID\ +CREATED\ +SIZE\ +SHARED\ SIZE\ +UNIQUE\ SIZE\ +CONTAINERS ]]
	[[ "$output" =~ busybox\ +latest\ +[0-9a-f]{12}\ +.*ago\ +([0-9.]+MB)\ +([0-9.]+MB)\ +0B\ +1 ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
	[[ "$output" =~ CONTAINER\ ID\ +IMAGE\ +COMMAND\ +LOCAL\ VOLUMES\ +SIZE\ +CREATED\ +STATUS\ +NAMES ]]
	expect_contains user
	run berth system df -v --format '{{range .Images}}{{.Repository}} {{.Containers}} {{end}}'
	expect_contains "busybox 1"
	run berth system df -v --format 'table {{.Images}}'
	expect_status 1
	expect_contains "do not go together"
}

@test "image prune asks, removes what has no name, and says how much that was" {
	make_image first:1 one
	berth import "$(busybox_tar)" first:1 >/dev/null
	run berth image prune < <(echo n)
	expect_status 1
	expect_contains "WARNING! This will remove all dangling images."
	expect_contains "has been cancelled"
	[ "$(berth images -qf dangling=true | wc -l)" = 1 ]
	run berth image prune < <(echo y)
	expect_status 0
	expect_contains "Deleted Images:"
	expect_contains "deleted: sha256:"
	expect_contains $'\n\nTotal reclaimed space: 4B'
	[ -z "$(berth images -qf dangling=true)" ]
	run berth image prune -f
	expect_output "Total reclaimed space: 0B"
}

@test "image prune -a removes what no container has, within the filters" {
	make_image keep:1 keep -c 'LABEL keep=yes'
	make_image go:1 go -c 'LABEL go=yes'
	make_image go2:1 go2
	berth create --name user busybox true >/dev/null
	run berth image prune -af --filter label=go
	expect_contains "untagged: go:1"
	expect_lacks keep:1
	run berth image prune -af --filter 'label!=keep'
	expect_contains "untagged: go2:1"
	run berth image prune -af --filter until=24h
	expect_output "Total reclaimed space: 0B"
	run berth image prune -af --filter until=yesterday-ish
	expect_status 1
	run berth image prune -af --filter colour=blue
	expect_status 1
	expect_contains "invalid filter 'colour'"
	[ "$(berth images --format '{{.Repository}}' | sort | tr '\n' ' ')" = "busybox keep " ]
}

@test "an image that is pruned goes with all its names, one that is used keeps them" {
	berth tag busybox other:1
	berth create --name user busybox true >/dev/null
	run berth image prune -af
	expect_output "Total reclaimed space: 0B"
	[ "$(berth inspect -f "{{len .RepoTags}}" busybox)" = 2 ]
	berth rm user >/dev/null
	run berth image prune -af
	expect_contains "untagged: busybox:latest"
	expect_contains "untagged: other:1"
	[ -z "$(berth images -q)" ]
}

@test "image prune reclaims what interrupted pulls have downloaded" {
	leave_partial
	run berth system df
	expect_contains "Interrupted Downloads"
	run berth image prune -f --filter label=none
	[ -n "$(ls "$BERTH_ROOT/partial")" ]
	run berth image prune -f
	expect_contains "Total reclaimed space: 102.4kB"
	[ -z "$(ls "$BERTH_ROOT/partial")" ]
}

@test "system prune says what it will remove" {
	run berth system prune < <(echo n)
	expect_status 1
	expect_contains $'WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n  - all dangling images\n'
	expect_contains "Are you sure you want to continue? [y/N]"
	run berth system prune -a --filter label=x < <(echo n)
	expect_contains "all images without at least one container associated to them"
	expect_contains $'Items to be pruned will be filtered with:\n  - label=x'
	run berth system prune -f --volumes
	expect_status 125
	expect_contains "no volumes"
}

@test "network prune and system prune remove networks that no container has, within the filters" {
	for n in used spare; do berth network create --label kind=$n $n >/dev/null; done
	berth create --name keeps --network used busybox true >/dev/null
	run berth network prune < <(echo n)
	expect_status 1
	expect_contains "all custom networks not used by at least one container."
	run berth network prune -f --filter label!=kind=spare
	expect_output ""
	run berth network prune -f
	expect_output $'Deleted Networks:\nspare'
	berth network create spare >/dev/null
	run berth system prune -f
	expect_contains $'Deleted Networks:\n'
	run berth network ls --format '{{.Name}}'
	expect_output $'bridge\nhost\nnone'
}

@test "system prune removes containers that have ended, then images without a name" {
	make_image first:1 one
	berth create --name old first:1 true >/dev/null
	berth import "$(busybox_tar)" first:1 >/dev/null
	berth run -d --name runs busybox sleep 1000 >/dev/null
	run berth system prune -f
	expect_status 0
	expect_contains "Deleted Containers:"
	expect_contains "Deleted Images:"
	container_gone old
	container_is runs running
	[ "$(berth images --format '{{.Repository}}' | sort -u | tr '\n' ' ')" = "busybox first " ]
	berth rm -f runs >/dev/null
}

@test "system prune removes compiled filters, but none while a container runs" {
	filters() {
		find "$BERTH_ROOT/seccomp" -type f -printf '%f\n' | sort
	}
	berth run --rm busybox true
	usual=$(filters)
	[ -n "$usual" ]
	berth run --rm --cap-add NET_ADMIN busybox true
	all=$(filters)
	[ "$(wc -l <<<"$all")" -gt "$(wc -l <<<"$usual")" ]
	berth run -d --name runs busybox sleep 1000 >/dev/null
	berth system prune -f --filter label=none >/dev/null
	berth system prune -f >/dev/null
	expect_output_of filters "" "$all"
	berth rm -f runs >/dev/null
	berth system prune -f --filter label=none >/dev/null
	expect_output_of filters "" "$all"
	berth system prune -f >/dev/null
	[ -z "$(filters)" ]
	berth run --rm busybox true
	expect_output_of filters "" "$usual"
}

@test "a store from which all is pruned is as empty as a new one" {
	mkdir "$BATS_TEST_TMPDIR/new"
	BERTH_ROOT=$BATS_TEST_TMPDIR/new berth network ls >/dev/null
	load_compressed
	make_image named:1 one
	make_image named:1 two
	make_image other:1 three
	berth create --name never other:1 /text >/dev/null
	berth rmi -f other:1 >/dev/null
	berth run --name ended busybox sh -c 'echo hello; echo there >/file'
	berth run -d --name killed busybox sleep 1000 >/dev/null
	kill -KILL "$(pgrep -f "^berth-shim $(berth inspect -f '{{.Id}}' killed)")"
	leave_partial
	mkdir "$BERTH_ROOT/tmp/add.1"
	echo torn >"$BERTH_ROOT/tmp/add.1/0"
	[ -n "$(files "$BERTH_ROOT")" ]
	eventually container_is killed exited
	berth system prune -af >/dev/null
	expect_output_of files "$BERTH_ROOT" "$(files "$BATS_TEST_TMPDIR/new")"
	for db in "$BATS_TEST_TMPDIR"/new/db/*.mdb; do
		[[ $db != *lock* ]] || continue
		expect_output_of keys "$BERTH_ROOT/db/${db##*/}" "$(keys "$db")"
	done
	run berth system df --format '{{.TotalCount}} {{.Size}}'
	expect_output $'0 0B\n0 0B\n0 0B\n0 0B'
}

# expect_output_of FUNCTION ARGUMENT TEXT
expect_output_of() {
	run "$1" "$2"
	expect_output "$3"
}
