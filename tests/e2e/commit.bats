#!/usr/bin/env bats
# diff, export, commit, history: what became of a container's files, and images of it.
load helper
bats_require_minimum_version 1.5.0

teardown() {
	remove_all
	berth image prune -af --filter 'label!=keep' >/dev/null
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
	expect_no_reports
}

# A container named box that ran this script.
ran() {
	berth run --name box busybox sh -c "$1"
}

# The names in a tar, with their types.
names() {
	tar --numeric-owner -tvf "$1" | awk '{ print substr($1, 1, 1), $6 $7 $8 }'
}

# in IMAGE COMMAND...
in_image() {
	berth run --rm "$@"
}

@test "diff tells what was added, changed and deleted" {
	ran 'echo x >/etc/passwd; mkdir /new; echo y >/new/file; rm /bin/ls; rm -r /home; mkdir /home; echo z >/home/other'
	run berth diff box
	expect_output 'C /bin
D /bin/ls
C /etc
C /etc/passwd
C /home
A /home/other
D /home/user
A /new
A /new/file'
	berth start box >/dev/null
	run berth diff nobody
	expect_status 1
	expect_contains "No such container: nobody"
}

@test "diff of a container that changed nothing, and of one that is created or runs" {
	berth create --name box busybox sh -c 'touch /here; sleep 1000' >/dev/null
	run berth diff box
	expect_output ""
	berth start box >/dev/null
	here() { [[ "$(berth diff box)" == *"A /here"* ]]; }
	eventually here
	berth rm -f box >/dev/null
}

@test "a directory that was removed and made again shows what it had as deleted" {
	ran 'rm -r /home && mkdir /home && echo new >/home/other'
	run berth diff box
	expect_contains "D /home/user"
	expect_contains "A /home/other"
}

@test "export writes all files, also of a container that runs, but nothing that is mounted" {
	mkdir "$BATS_TEST_TMPDIR/bound"
	touch "$BATS_TEST_TMPDIR/bound/secret"
	berth run -d --name box -v "$BATS_TEST_TMPDIR/bound:/bound" --tmpfs /scratch busybox \
		sh -c 'echo mine >/file; touch /scratch/gone; ln -s file /link; ln /file /hard; mkfifo /fifo; sleep 1000' >/dev/null
	sleep 0.5
	berth export -o "$BATS_TEST_TMPDIR/running.tar" box
	berth kill box >/dev/null
	eventually container_is box exited
	berth export box >"$BATS_TEST_TMPDIR/stopped.tar"
	cmp "$BATS_TEST_TMPDIR/running.tar" "$BATS_TEST_TMPDIR/stopped.tar"
	names "$BATS_TEST_TMPDIR/stopped.tar" >"$BATS_TEST_TMPDIR/names"
	for line in '- file' 'h hardlinkto' 'l link->file' 'p fifo' 'd bound/' 'd scratch/' '- etc/passwd'; do
		grep -q -- "^$line" "$BATS_TEST_TMPDIR/names" || [ "$line" = 'h hardlinkto' ] || { cat "$BATS_TEST_TMPDIR/names"; false; }
	done
	grep -q '^h' "$BATS_TEST_TMPDIR/names"
	run cat "$BATS_TEST_TMPDIR/names"
	expect_lacks secret
	expect_lacks gone
	run tar -xOf "$BATS_TEST_TMPDIR/stopped.tar" file
	expect_output mine
	expect_nothing_left_but_c
}

# No mount, no process: only the container itself.
expect_nothing_left_but_c() {
	[ "$(wc -l </proc/self/mountinfo)" = "$mounts_before" ]
	! pgrep -x berth-fetch
}

@test "export refuses a terminal, and what is not there" {
	ran true
	run on_a_terminal "berth export box"
	expect_contains "cowardly refusing to save to a terminal"
	run berth export nobody
	expect_status 1
	expect_contains "No such container: nobody"
	run berth export -o "$BATS_TEST_TMPDIR" box
	expect_status 1
	expect_contains "is a directory"
}

@test "an export is imported again" {
	ran 'echo mine >/file'
	berth export box | berth import -c 'CMD ["cat", "/file"]' - again:1 >/dev/null
	run in_image again:1
	expect_output mine
}

@test "commit makes an image of one layer more" {
	ran 'echo mine >/file; rm /bin/ls; rm -r /home && mkdir /home; echo x >/home/new; chmod 4711 /bin/busybox'
	run berth commit box made:1
	expect_status 0
	[[ "$output" =~ ^sha256:[0-9a-f]{64}$ ]]
	run in_image made:1 sh -c 'cat /file; test -e /bin/ls || echo no ls; echo /home/*; stat -c %a /bin/busybox'
	expect_output $'mine\nno ls\n/home/new\n4711'
	[ "$(berth image inspect -f '{{len .RootFS.Layers}}' made:1)" = 2 ]
	[ "$(berth image inspect -f '{{index .RootFS.Layers 0}}' made:1)" = "$(berth image inspect -f '{{index .RootFS.Layers 0}}' busybox)" ]
}

@test "the layer of a commit has whiteouts, opaque directories, links, attributes, and no sockets" {
	berth run --name box --cap-add ALL busybox sh -c '
		rm /etc/passwd; rm -r /home; mkdir /home; touch /home/in
		echo hard >/one; ln /one /two; ln -s one /sym; mkfifo /fifo; mknod /null c 1 3' 2>/dev/null
	upper=$BERTH_ROOT/upper/$(berth inspect -f '{{.Id}}' box)
	python3 -c 'import os, socket, sys; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind("socket")' "$upper"
	setfattr -n user.mine -v yes "$upper/one"
	setfattr -n trusted.own -v too "$upper/home"
	berth commit box made:1 >/dev/null
	berth save -o "$BATS_TEST_TMPDIR/made.tar" made:1
	mkdir "$BATS_TEST_TMPDIR/x"
	tar -C "$BATS_TEST_TMPDIR/x" -xf "$BATS_TEST_TMPDIR/made.tar"
	layer=$BATS_TEST_TMPDIR/x/blobs/sha256/$(berth image inspect -f '{{index .RootFS.Layers 1}}' made:1 | cut -d: -f2)
	run tar -tf "$layer"
	for name in etc/.wh.passwd home/ home/.wh..wh..opq home/in one two sym fifo null; do
		grep -qx "$name" <<<"$output" || { echo "$name is missing: $output"; false; }
	done
	expect_lacks socket
	run grep -ac 'trusted.overlay' "$layer"
	expect_output 0
	grep -aq 'SCHILY.xattr.user.mine=yes' "$layer"
	grep -aq 'SCHILY.xattr.trusted.own=too' "$layer"
	run in_image made:1 sh -c 'ls /etc/passwd 2>/dev/null; echo /home/*; stat -c %h /one; cat /sym; test -p /fifo && echo fifo'
	expect_output $'/home/in\n2\nhard\nfifo'
}

@test "commit takes the container's configuration, and what --change says" {
	berth run --name box -e A=1 -l who=me -w /tmp --expose 80 busybox true
	berth commit -a 'A Person <a@b>' -m 'what changed' -c 'CMD ["echo", "hello"]' -c 'ENV B=2 C=$A' -c 'EXPOSE 81/udp' \
		-c 'LABEL x=y' -c 'USER 7' -c 'VOLUME /data' -c 'WORKDIR sub' -c 'STOPSIGNAL TERM' -c 'ONBUILD RUN true' box made:1 >/dev/null
	run berth image inspect -f '{{.Author}}|{{.Comment}}|{{.Config.Env}}|{{.Config.Cmd}}|{{.Config.User}}|{{.Config.WorkingDir}}|{{.Config.StopSignal}}|{{json .Config.Labels}}|{{json .Config.ExposedPorts}}|{{json .Config.Volumes}}|{{.Config.OnBuild}}' made:1
	expect_contains 'A Person <a@b>|what changed|'
	expect_contains 'A=1'
	expect_contains 'B=2 C=1'
	expect_contains '|[echo hello]|7|/tmp/sub|TERM|'
	expect_contains '"who":"me","x":"y"'
	expect_contains '"80/tcp":{}'
	expect_contains '"81/udp":{}'
	expect_contains '"/data":{}'
	run berth commit -c 'RUN true' box
	expect_status 1
	expect_contains RUN
}

@test "a container that changed nothing makes an image of no more layers" {
	berth create --name box busybox true >/dev/null
	berth commit box made:1 >/dev/null
	[ "$(berth image inspect -f '{{len .RootFS.Layers}}' made:1)" = 1 ]
	run berth history --format '{{.Size}}' made:1
	[ "${lines[0]}" = 0B ]
}

@test "a container is paused while it is committed, and goes on however that ends" {
	berth run -d --name box busybox sh -c 'head -c 30000000 /dev/zero >/large; touch /ready; sleep 1000' >/dev/null
	ready() { berth exec box test -e /ready; }
	eventually ready
	seen=
	for _ in $(seq 20); do # it may be over before we look
		berth commit box made:1 >/dev/null 3>&- &
		pid=$!
		while kill -0 "$pid" 2>/dev/null; do
			! container_is box paused || seen=yes
		done
		wait "$pid"
		container_is box running
		[ -z "$seen" ] || break
	done
	[ "$seen" = yes ]
	for delay in 0.01 0.03 0.06 0.1 0.2; do
		berth commit box made:2 >/dev/null 3>&- &
		pid=$!
		sleep "$delay"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" || true
		running() { container_is box running; }
		eventually running
		berth rmi made:2 >/dev/null 2>&1 || true
	done
	berth commit --pause=false box made:3 >/dev/null
	berth pause box >/dev/null
	berth commit box made:4 >/dev/null
	container_is box paused
	berth rm -f box >/dev/null
}

@test "a commit without a name, of a name that is none, and of what is not there" {
	ran 'echo 1 >/1'
	id=$(berth commit box)
	run berth images --format '{{.Repository}}' -f dangling=true
	expect_output "<none>"
	run in_image "$id" cat /1
	expect_output 1
	run berth commit box UPPER:1
	expect_status 1
	expect_contains "must be lowercase"
	run berth commit nobody
	expect_status 1
	expect_contains "No such container: nobody"
}

@test "history shows what the image is made of" {
	ran 'echo 1234 >/1'
	berth commit -m 'four digits' box made:1 >/dev/null
	run berth history made:1
	[[ "${lines[0]}" =~ ^IMAGE\ +CREATED\ +CREATED\ BY\ +SIZE\ +COMMENT$ ]]
	[[ "${lines[1]}" =~ ^[0-9a-f]{12}\ +.*ago\ +sh\ -c\ echo\ 1234\ \>/1\ +5B\ +four\ digits$ ]]
	[[ "${lines[2]}" =~ ^\<missing\>\ .*Imported\ from ]]
	run berth history -q --no-trunc made:1
	expect_output "$(berth images -q --no-trunc made:1)"$'\n<missing>'
	run berth history -H=false --format '{{.Size}} {{.CreatedSince}}' made:1
	[[ "${lines[0]}" =~ ^5\ [0-9]{4}-[0-9]{2}-[0-9]{2}T ]]
	run berth image history --format json made:1
	[ "$(head -1 <<<"$output" | python3 -c 'import json, sys; print(json.load(sys.stdin)["Comment"])')" = "four digits" ]
	run berth history nothing:1
	expect_status 1
	expect_contains "No such image"
}

@test "a commit that was killed leaves nothing" {
	ran 'head -c 50000000 /dev/zero >/large'
	for delay in 0.02 0.05 0.1 0.2; do
		timeout -s KILL "$delay" berth commit box killed:1 >/dev/null || true
		run berth images -q killed
		[ -z "$output" ] || berth rmi killed:1 >/dev/null
	done
	mended() { berth system check --repair >/dev/null && [ "$(berth system check)" = "Nothing is wrong" ]; }
	eventually mended # the last one may be dying still
	[ -z "$(ls "$BERTH_ROOT/tmp")" ]
}
