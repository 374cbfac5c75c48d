#!/usr/bin/env bats
# berth inspect, of containers and images
load helper

setup() {
	berth create --name box -e A=1 -l b.c=d -m 64m --restart on-failure:3 busybox echo hello >/dev/null
}

teardown() {
	berth rm -f box >/dev/null
	expect_no_reports
}

@test "a container's document has docker's members" {
	run berth inspect box
	expect_contains '"Name": "/box"'
	expect_contains '"Status": "created"'
	expect_contains '"MaximumRetryCount": 3'
	expect_contains '"Memory": 67108864'
	[ "${lines[0]}" = "[" ]
	[ "${lines[1]}" = "    {" ]
}

@test "a template reads it" {
	run berth inspect -f '{{.Name}} {{index .Config.Labels "b.c"}} {{.Config.Labels.nope}} {{json .Config.Cmd}}' box
	expect_output '/box d <no value> ["echo","hello"]'
	run berth inspect -f '{{range .Config.Env}}{{println .}}{{end}}' box
	expect_contains A=1
	run berth inspect --format '{{if .State.Running}}up{{else}}down{{end}} {{.State.Pid}} {{.HostConfig.NanoCpus}}' box
	expect_output "down 0 0"
}

@test "a member that is not there is named" {
	run berth inspect -f '{{.Nope}}' box
	expect_status 1
	expect_contains "template parsing error: template: :1:2: executing \"\" at <.Nope>: map has no entry for key \"Nope\""
}

@test "the unique beginning of an ID and the name with its slash find it" {
	id=$(berth inspect -f '{{.Id}}' box)
	run berth inspect -f '{{.Name}}' "${id:0:10}"
	expect_output /box
	run berth inspect -f '{{.Name}}' /box
	expect_output /box
}

@test "an image is found when no container has the name" {
	run berth inspect -f '{{json .RepoTags}} {{json .Config.Cmd}} {{.Os}}' busybox
	expect_output '["busybox:latest"] ["sh"] linux'
	run berth image inspect -f '{{.RootFS.Type}}' busybox
	expect_output layers
}

@test "what is not there gives an empty list and an error" {
	run berth inspect absent
	expect_status 1
	expect_output $'[]\nberth: No such object: absent'
	run berth inspect --type container busybox
	expect_status 1
	expect_contains "No such container: busybox"
	run berth inspect --type nonsense box
	expect_status 1
}

@test "-s adds sizes" {
	run berth inspect -s -f '{{.SizeRootFs}}' box
	[ "$output" -gt 0 ]
}

# An image as old tools wrote them, and as tools that build the same twice do: of 1970.
load_old_image() {
	local dir=$BATS_TEST_TMPDIR/old

	mkdir "$dir"
	cp "$(busybox_tar)" "$dir/layer.tar"
	cat >"$dir/config.json" <<-EOF
	{"architecture":"amd64","os":"linux","created":"1970-01-01T00:00:00Z",
	 "config":{"Entrypoint":"/bin/echo","Cmd":"hi there"},
	 "rootfs":{"type":"layers","diff_ids":["sha256:$(sha256sum "$dir/layer.tar" | cut -d' ' -f1)"]}}
	EOF
	echo '[{"Config":"config.json","RepoTags":["old:1"],"Layers":["layer.tar"]}]' >"$dir/manifest.json"
	tar -C "$dir" -c . | berth load -q
}

@test "an image of 1970 whose command is a string is as good as any" {
	load_old_image
	run berth run --rm old:1
	expect_output "hi there"
	run berth images --format '{{.CreatedAt}}' old
	expect_output "1970-01-01 00:00:00 +0000 UTC"
	run berth images --format '{{.CreatedSince}}' old
	expect_contains "years ago"
	run berth inspect --format '{{.Created}} {{json .Config.Cmd}}' old:1
	expect_output '1970-01-01T00:00:00Z ["hi there"]'
	berth rmi old:1
}

@test "--format json is the list in one line" {
	run berth inspect --format json box
	[ "${#lines[@]}" = 1 ]
	[[ "$output" == '[{"Id":"'*'}]' ]]
}

@test "CreatedAt is in the user's zone" {
	berth create --name zone busybox true
	run env TZ=XYZ-5:30 "$BERTH" ps -a --filter name=zone --format '{{.CreatedAt}}'
	expect_contains " +0530 XYZ"
	run env TZ= "$BERTH" ps -a --filter name=zone --format '{{.CreatedAt}}'
	expect_contains " +0000 UTC"
	run env TZ=XYZ3 "$BERTH" images --format '{{.CreatedAt}}'
	expect_contains " -0300 XYZ"
	berth rm zone
}

@test "templates may name what a container's JSON omits because it is empty" {
	berth create --name empty busybox true >/dev/null
	run berth inspect -f '[{{.Config.StopSignal}}] {{.SizeRw}} {{.Config.StopTimeout}} {{if .State.Health}}healthy{{else}}unknown{{end}}' empty
	expect_output "[] <nil> <nil> unknown"
	run berth inspect -f '{{.Config.StopSignals}}' empty
	expect_status 1
	expect_contains 'map has no entry for key "StopSignals"'
	run berth inspect empty
	expect_lacks SizeRw
	expect_lacks StopSignal
	berth rm empty
}
