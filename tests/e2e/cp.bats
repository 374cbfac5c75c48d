#!/usr/bin/env bats
# cp: files into containers and out of them, running or not; and containers that lie about paths.
load helper
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p tree/sub
	echo one >tree/one
	echo two >tree/sub/two
	ln -s sub/two tree/link
	chown 12:34 tree/one
}

teardown() {
	remove_all
	expect_no_reports
}

# box [STATE]: a container named box: created (the default), running or exited
box() {
	case ${1:-created} in
	running) berth run -d --name box busybox sleep 1000 ;;
	exited) berth run --name box busybox sh -c 'echo made >/made' ;;
	created) berth create --name box busybox sleep 1000 ;;
	esac >/dev/null
}

# The text of a file of box, by a container's eye.
inside() {
	container_is box running || berth start box >/dev/null
	berth exec box sh -c "$1"
}

@test "a file goes into a container in every state, and comes out again" {
	for state in created running exited; do
		box "$state"
		berth cp tree/one box:/tmp/in
		berth cp box:/tmp/in "out.$state"
		[ "$(cat "out.$state")" = one ]
		berth rm -f box >/dev/null
	done
	expect_nothing_left
}

@test "a directory is copied whole, into one that exists or as a new one" {
	box
	berth cp tree box:/tmp
	berth cp tree box:/new
	berth cp tree/. box:/new2
	berth cp tree/. box:/tmp
	run inside 'cat /tmp/tree/sub/two /new/one /new2/sub/two /tmp/one; readlink /tmp/tree/link'
	expect_output $'two\none\ntwo\none\nsub/two'
	berth cp box:/new here
	berth cp box:/new/. flat
	mkdir into
	berth cp box:/new into
	berth cp box:/new/. into
	[ "$(cat here/sub/two flat/sub/two into/new/sub/two into/sub/two)" = $'two\ntwo\ntwo\ntwo' ]
	[ "$(readlink here/link)" = sub/two ]
}

@test "what the target must be for what is copied" {
	box
	run berth cp tree/one box:/missing/
	expect_status 1
	expect_contains 'destination "/missing/" must be a directory'
	run berth cp tree/one box:/no/such/file
	expect_status 1
	expect_contains "No such file or directory"
	run berth cp tree box:/etc/passwd
	expect_status 1
	expect_contains "cannot copy directory"
	run berth cp tree/nothing box:/tmp
	expect_status 1
	expect_contains "no such file or directory"
	run berth cp box:/nothing .
	expect_status 1
	expect_contains "Could not find the file /nothing in container box"
	mkdir -p clash/etc
	echo x >clash/etc/group
	rm -rf clash/etc && echo x >clash/etc
	run berth cp clash/. box:/
	expect_status 1
	expect_contains "cannot overwrite directory with non-directory"
	mkdir -p clash2/etc/passwd
	run berth cp clash2/. box:/
	expect_status 1
	expect_contains "cannot overwrite non-directory with directory"
	run inside 'head -c 4 /etc/passwd'
	expect_output root
}

@test "exactly one side is a container's" {
	run berth cp tree elsewhere
	expect_status 1
	expect_contains "must specify at least one container source"
	run berth cp one:/a two:/b
	expect_status 1
	expect_contains "copying between containers is not supported"
	run berth cp nobody:/a .
	expect_status 1
	expect_contains "No such container: nobody"
	box
	touch ./box:x
	run berth cp ./box:x box:/tmp
	expect_status 0
}

@test "owners: root's in a container, mine here, or with -a as they are" {
	box
	berth cp tree/one box:/tmp/mine
	berth cp -a tree/one box:/tmp/kept
	run inside 'stat -c %u:%g /tmp/mine /tmp/kept'
	expect_output $'0:0\n12:34'
	berth cp box:/tmp/kept plain
	berth cp -a box:/tmp/kept kept
	[ "$(stat -c %u:%g plain)" = "$(id -u):$(id -g)" ]
	[ "$(stat -c %u:%g kept)" = 12:34 ]
}

@test "a link is copied as what it is, or with -L as what it leads to" {
	box
	berth cp tree/link box:/tmp/as-is
	berth cp -L tree/link box:/tmp/followed
	run inside 'readlink /tmp/as-is; cat /tmp/followed; ln -s /etc/passwd /abs; ln -s / /rootdir'
	expect_output $'sub/two\ntwo'
	berth cp box:/abs link
	[ "$(readlink link)" = /etc/passwd ]
	berth cp -L box:/abs file
	cmp -n 4 file <(echo root) || [ "$(head -c 4 file)" = root ]
	berth cp box:/rootdir/etc/group group
	[ -s group ]
	# A link to a directory, as a target, is followed.
	berth cp tree/one box:/rootdir/through
	run inside 'cat /through'
	expect_output one
}

@test "a tar on stdin, plain and compressed, and on stdout" {
	box
	tar -C tree -c . | berth cp - box:/tmp
	tar -C tree -cz sub | berth cp - box:/var
	run inside 'cat /tmp/one /tmp/sub/two /var/sub/two'
	expect_output $'one\ntwo\ntwo'
	berth cp box:/tmp - | tar -t >list
	grep -qx tmp/sub/two list
	berth cp box:/tmp/. - | tar -t >list
	grep -qx sub/two list
	[ "$(berth cp box:/tmp/one - | tar -xO)" = one ]
	run bash -c 'echo no tar | berth cp - box:/tmp'
	expect_status 1
	run bash -c 'tar -c tree | berth cp - box:/etc/passwd'
	expect_status 1
	expect_contains "must be a directory"
	run on_a_terminal "berth cp box:/etc -"
	expect_contains "cowardly refusing"
}

@test "on a terminal it says how much was copied, unless -q" {
	box
	run on_a_terminal "berth cp tree/one box:/tmp"
	expect_contains "Successfully copied 4B to box:/tmp"
	run on_a_terminal "berth cp -q tree/one box:/tmp"
	expect_output ""
}

@test "modes, times, hard links, attributes and holes stay" {
	box
	chmod 4751 tree/one
	touch -d 2001-02-03T04:05:06 tree/one
	ln tree/one tree/again
	setfattr -n user.note -v hello tree/one
	truncate -s 100M tree/sparse
	berth cp tree box:/tmp/t
	berth cp box:/tmp/t back
	[ "$(stat -c '%a %Y %h' back/one)" = "4751 $(stat -c %Y tree/one) 2" ]
	[ back/one -ef back/again ]
	[ "$(getfattr --only-values -n user.note back/one)" = hello ]
	[ "$(stat -c %s back/sparse)" = 104857600 ]
	[ "$(stat -c %b back/sparse)" -lt 1000 ]
	# Names that are whiteouts in a layer are names here.
	touch tree/.wh.one
	berth cp tree/. box:/tmp/t
	run inside 'ls -A /tmp/t'
	expect_contains .wh.one
	expect_contains $'again'
}

@test "what is bound into a container is reached, whether it runs or not" {
	mkdir bound
	echo theirs >bound/file
	berth create --name box -v "$PWD/bound:/bound" -v "$PWD/tree:/ro:ro" --tmpfs /scratch busybox sleep 1000 >/dev/null
	berth cp tree/one box:/bound/stopped
	[ "$(cat bound/stopped)" = one ]
	berth cp box:/bound/file out
	[ "$(cat out)" = theirs ]
	run berth cp tree/one box:/ro/x
	expect_status 1
	expect_contains "Read-only file system"
	berth start box >/dev/null
	berth cp tree/one box:/bound/running
	berth cp tree/one box:/scratch/in
	[ "$(cat bound/running)" = one ]
	[ "$(berth exec box cat /scratch/in)" = one ]
	[ "$(wc -l </proc/self/mountinfo)" = "$mounts_before" ]
}

@test "a root that is read-only stays so" {
	berth create --read-only --name box busybox sleep 1000 >/dev/null
	run berth cp tree/one box:/tmp/x
	expect_status 1
	expect_contains "Read-only file system"
	berth start box >/dev/null
	run berth cp tree/one box:/tmp/x
	expect_status 1
}

@test "links of a container lead nowhere outside of it" {
	echo secret >host-secret
	box running
	inside "ln -s $PWD/host-secret /abs; ln -s ../../../../../../../..$PWD/host-secret /rel; ln -s / /top; ln -s ../../../../../.. /up; mkdir /dir; ln -s $PWD /dir/out"
	for link in abs rel; do
		run berth cp -L "box:/$link" stolen
		expect_status 1
		[ ! -e stolen ]
	done
	run berth cp "box:/dir/out/host-secret" stolen
	expect_status 1
	run berth cp "box:/up$PWD/host-secret" stolen
	expect_status 1
	run berth cp tree/one "box:/dir/out/planted"
	[ ! -e planted ]
	run berth cp tree/one "box:/abs"
	[ "$(cat host-secret)" = secret ]
	run berth cp tree/one "box:/rel"
	[ "$(cat host-secret)" = secret ]
	berth cp tree/one "box:/up/../../../x"
	run inside 'cat /x'
	expect_output one
}

@test "a container that swaps directories and links all the time reaches nothing outside" {
	mkdir -p victim/inner
	echo safe >victim/inner/file
	box running
	inside "mkdir -p /a/inner && echo mine >/a/inner/file && ln -s $PWD/victim /evil && ln -s $PWD/victim/inner/file /evilfile"
	berth exec -d box sh -c 'while :; do mv /a /b; ln -s /evil /a; rm /a; mv /b /a; mv /a/inner /a/x; ln -s '"$PWD"'/victim/inner /a/inner; rm /a/inner; mv /a/x /a/inner; done'
	for i in $(seq 40); do
		berth cp tree/one box:/a/inner/file 2>/dev/null || true
		berth cp tree/. box:/a/inner 2>/dev/null || true
		rm -rf got
		berth cp box:/a got 2>/dev/null || true
		! grep -rqs safe got || { echo "round $i: a file from outside was copied"; false; }
	done
	[ "$(cat victim/inner/file)" = safe ]
	[ "$(ls victim/inner)" = file ]
}
