#!/usr/bin/env bats
# images and its filters and formats; the forms beneath `berth image` and `berth container`.
load helper
bats_require_minimum_version 1.5.0

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	mounts_before=$(wc -l </proc/self/mountinfo)
	export mounts_before
	# In this order; the first one loses its name.
	make_image old:1 one -c 'LABEL stage=first'
	make_image mid/app:1 two -c 'LABEL stage=second' -c 'LABEL extra=1'
	make_image old:1 three
	make_image reg.example:5000/team/app:2 four -c 'LABEL stage=second'
}

# make_image NAME TEXT [CHANGE]...
make_image() {
	local name=$1 text=$2

	shift 2
	mkdir -p "$BATS_FILE_TMPDIR/tree"
	echo "$text" >"$BATS_FILE_TMPDIR/tree/text"
	tar -C "$BATS_FILE_TMPDIR/tree" -c . | berth import "$@" - "$name" >/dev/null
	sleep 0.01
}

# listed FILTER...: names of what is left, newest first
listed() {
	local filters=() f

	for f; do
		filters+=(--filter "$f")
	done
	run berth images --format '{{.Repository}}:{{.Tag}}' "${filters[@]}"
	expect_status 0
}

@test "all, newest first, and which have no name" {
	listed
	expect_output $'reg.example:5000/team/app:2\nold:1\nmid/app:1\n<none>:<none>'
	listed dangling=true
	expect_output '<none>:<none>'
	listed dangling=false
	expect_output $'reg.example:5000/team/app:2\nold:1\nmid/app:1'
	run berth images --filter dangling=perhaps
	expect_status 1
	expect_contains "invalid filter 'dangling=perhaps'"
}

@test "by labels, by what is older or newer, and by age" {
	listed label=stage
	expect_output $'reg.example:5000/team/app:2\nmid/app:1\n<none>:<none>'
	listed label=stage=second label=extra
	expect_output mid/app:1
	listed before=old:1
	expect_output $'mid/app:1\n<none>:<none>'
	listed since=mid/app:1
	expect_output $'reg.example:5000/team/app:2\nold:1'
	listed since=mid/app:1 before=reg.example:5000/team/app:2
	expect_output old:1
	listed until=24h
	expect_output ""
	run berth images --filter before=nothing:1
	expect_status 1
	expect_contains "No such image: nothing:1"
}

@test "by reference, as a filter and as an argument" {
	listed 'reference=old'
	expect_output old:1
	listed 'reference=*/app'
	expect_output mid/app:1
	listed 'reference=*:2' 'reference=old:1'
	expect_output old:1
	listed 'reference=reg.example:5000/team/*:2'
	expect_output reg.example:5000/team/app:2
	run berth images -q mid/app
	expect_output "$(berth images -q mid/app:1)"
	run berth images --filter colour=red
	expect_status 1
	expect_contains "invalid filter 'colour'"
}

@test "formats: a table of one's own, JSON, digests, whole IDs" {
	run berth images --format 'table {{.Repository}}\t{{.Size}}' old
	[[ "${lines[0]}" =~ ^REPOSITORY\ +SIZE$ ]]
	[[ "${lines[1]}" =~ ^old\ +6B$ ]]
	[ "$(berth images --format json old | python3 -c 'import json, sys; print(json.load(sys.stdin)["Tag"])')" = 1 ]
	run berth images --digests old
	[[ "${lines[0]}" =~ REPOSITORY\ +TAG\ +DIGEST\ +IMAGE\ ID ]]
	[[ "$(berth images -q --no-trunc old)" =~ ^sha256:[0-9a-f]{64}$ ]]
}

@test "the forms beneath image and container do the same" {
	[ "$(berth image ls)" = "$(berth images)" ]
	berth image tag old:1 new:1
	[ "$(berth image inspect -f '{{.Id}}' new:1)" = "$(berth inspect -f '{{.Id}}' old:1)" ]
	[ "$(berth image history -q new:1)" = "$(berth history -q old:1)" ]
	berth image save -o "$BATS_TEST_TMPDIR/saved.tar" new:1
	run berth image rm new:1
	expect_output "Untagged: new:1"
	run berth image load -i "$BATS_TEST_TMPDIR/saved.tar"
	expect_output "Loaded image: new:1"
	berth image import "$(busybox_tar)" box:1 >/dev/null
	berth container create --name one box:1 sleep 1000 >/dev/null
	berth container start one >/dev/null
	berth container exec one touch /here
	berth container cp one:/here "$BATS_TEST_TMPDIR/"
	[ -e "$BATS_TEST_TMPDIR/here" ]
	run berth container diff one
	expect_contains "A /here"
	berth container commit one made:1 >/dev/null
	berth container export one | tar -tf - | grep -qx here
	berth container rm -f one >/dev/null
	for noun in image container system; do
		run berth "$noun" --help
		expect_contains prune
	done
}
