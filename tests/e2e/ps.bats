#!/usr/bin/env bats
# berth ps: which containers, and how they are shown
load helper

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/root BERTH_STATE=$BATS_FILE_TMPDIR/state
	mounts_before=$(wc -l </proc/self/mountinfo)
	export mounts_before
	berth import -c 'CMD ["sh"]' "$(busybox_tar)" busybox:latest >/dev/null
	berth run -d --name up -l tier=front busybox sleep 1000 >/dev/null
	berth run --name down -l tier=back busybox sh -c 'exit 3' || true
	berth create --name fresh -l tier=back -l x -v /tmp:/data busybox echo a long command line for the table >/dev/null
}

@test "ps shows what runs, -a everything, newest first" {
	run berth ps --format '{{.Names}}'
	expect_output up
	run berth ps -a --format '{{.Names}}'
	expect_output $'fresh\ndown\nup'
}

@test "the table has docker's columns" {
	run berth ps
	[[ "${lines[0]}" =~ ^CONTAINER\ ID\ +IMAGE\ +COMMAND\ +CREATED\ +STATUS\ +PORTS\ +NAMES$ ]]
	[[ "${lines[1]}" =~ ^[0-9a-f]{12}\ +busybox\ +\"sleep\ 1000\"\ +.*ago\ +Up\ .*\ up$ ]]
}

@test "an argument with a space is between apostrophes, as docker shows it" {
	berth create --name quoted busybox echo "a b" "" 'c"d' >/dev/null
	run berth ps -a -f name=quoted --format '{{.Command}}'
	berth rm quoted >/dev/null
	expect_output "\"echo 'a b'  c\\\"d\""
}

@test "commands are cut at twenty characters unless --no-trunc" {
	run berth ps -a -f name=fresh --format '{{.Command}}'
	expect_output '"echo a long command…"'
	run berth ps -a --no-trunc -f name=fresh --format '{{.ID}} {{.Command}}'
	[[ "$output" =~ ^[0-9a-f]{64}\ \"echo\ a\ long\ command\ line\ for\ the\ table\"$ ]]
}

@test "-q prints IDs, -n and -l the last ones" {
	run berth ps -q
	[[ "$output" =~ ^[0-9a-f]{12}$ ]]
	run berth ps -n 2 --format '{{.Names}}'
	expect_output $'fresh\ndown'
	run berth ps -l --format '{{.Names}}'
	expect_output fresh
}

@test "filters choose" {
	names() { berth ps -a --format '{{.Names}}' "$@" | paste -sd' '; }
	[ "$(names -f status=exited)" = down ]
	[ "$(names -f status=running -f status=created)" = "fresh up" ]
	[ "$(names -f label=tier=back)" = "fresh down" ]
	[ "$(names -f label=tier=back -f label=x)" = fresh ]
	[ "$(names -f name=^do)" = down ]
	[ "$(names -f exited=3)" = down ]
	[ "$(names -f exited=0)" = "" ]
	[ "$(names -f ancestor=busybox)" = "fresh down up" ]
	[ "$(names -f ancestor=nothing)" = "" ]
	[ "$(names -f before=down)" = up ]
	[ "$(names -f since=down)" = fresh ]
	[ "$(names -f volume=/data)" = fresh ]
	[ "$(names -f network=bridge)" = "fresh down up" ]
	[ "$(names -f name=/fresh)" = fresh ]
	[ "$(names -f "id=$(berth ps -q)")" = up ]
	[ "$(names -f is-task=false)" = "fresh down up" ]
	[ "$(names -f is-task=true)" = "" ]
	[ "$(names -f health=none)" = "fresh down up" ]
	[ "$(names -f health=healthy)" = "" ]
}

@test "ports that are exposed are found, and none is published" {
	berth import -c 'EXPOSE 80 53/udp' "$(busybox_tar)" exposing >/dev/null
	berth create --name ports --expose 9000-9002/udp exposing true >/dev/null
	names() { berth ps -a --format '{{.Names}}' "$@" | paste -sd' '; }
	[ "$(names -f expose=80)" = ports ]
	[ "$(names -f expose=53/udp)" = ports ]
	[ "$(names -f expose=53)" = "" ]
	[ "$(names -f expose=8000-9001/udp)" = ports ]
	[ "$(names -f expose=1 -f expose=9002/udp)" = ports ]
	[ "$(names -f publish=80)" = "" ]
	[ "$(names -f publish=1-65535)" = "" ]
	[ "$(berth inspect --format '{{len .Config.ExposedPorts}}' ports)" = 5 ]
	berth rm ports
	berth rmi exposing
}

@test "wrong filters are refused" {
	run berth ps -f nope=1
	expect_status 1
	expect_contains "invalid filter 'nope'"
	run berth ps -f status=nope
	expect_contains "invalid filter 'status=nope'"
	for wrong in publish=x expose=1-0 is-task=maybe health=fine exited=x; do
		run berth ps -f $wrong
		expect_status 1
		expect_contains "invalid filter '$wrong'"
	done
}

@test "formats: templates, tables, JSON" {
	run berth ps -a -f name=down --format '{{.Names}}: {{.State}} {{.Label "tier"}} {{.Labels}}'
	expect_output "down: exited back tier=back"
	run berth ps -a -f name=down --format 'table {{.Names}}\t{{.Label "tier"}}'
	expect_output $'NAMES     tier\ndown      back'
	run berth ps -a -f name=down --format json
	[[ "$output" == '{"Command":"\"sh -c '*'","CreatedAt":'*'"Names":"down"'*'"Status":"Exited (3) '*'"}' ]]
}

@test "wrong templates say what is wrong" {
	run berth ps --format '{{.Nope}}'
	expect_status 1
	expect_contains "can't evaluate field Nope in type *formatter.ContainerContext"
	run berth ps --format '{{.ID'
	expect_status 1
	expect_contains "template parsing error: template: :1: unclosed action"
}

@test "-s shows sizes" {
	run berth ps -as
	expect_contains SIZE
	run berth ps -a -f name=down --format '{{.Size}}'
	[[ "$output" =~ ^[0-9.]+k?B\ \(virtual\ [0-9.]+[kM]B\)$ ]]
}

@test "an image is named by its ID when the name that the container had it by leads elsewhere" {
	berth tag busybox moves:1
	berth create --name moved moves:1 true >/dev/null
	run berth ps -a -f name=moved --format '{{.Image}}'
	expect_output moves:1
	berth rmi moves:1
	id=$(berth images -q --no-trunc busybox)
	run berth ps -a -f name=moved --format '{{.Image}}'
	expect_output "$(cut -c 8-19 <<<"$id")"
	run berth ps -a -f name=moved --no-trunc --format '{{.Image}}'
	expect_output "$id"
	berth rm moved
	berth create --name moved "$(cut -c 8-14 <<<"$id")" true >/dev/null
	run berth ps -a -f name=moved --format '{{.Image}}'
	expect_output "$(cut -c 8-14 <<<"$id")"
	berth rm moved
}
