#!/usr/bin/env bats
# top, info, version, help, completion, what is refused
load helper

@test "top shows the processes with ps's columns" {
	berth run -d --name box busybox sh -c 'sleep 1000; true' >/dev/null
	slept() { berth top box | grep -q 'sleep 1000$'; }
	eventually slept
	run berth top box
	[[ "${lines[0]}" =~ ^UID\ +PID\ +PPID\ +C\ +STIME\ +TTY\ +TIME\ +CMD$ ]]
	[ "${#lines[@]}" -eq 3 ]
	run berth top box aux
	[[ "${lines[0]}" =~ ^USER\ +PID\ +%CPU ]]
	run berth top box -o pid,comm
	[[ "${lines[0]}" =~ ^PID\ +COMMAND$ ]]
	run berth top box -o nonsense
	expect_status 1
	berth rm -f box
}

@test "info and version have a text and a template" {
	run berth info
	expect_contains "Containers: 0"
	expect_contains "Root Dir: $BERTH_ROOT"
	run berth info -f '{{.Images}} {{.OSType}}'
	expect_output "1 linux"
	run berth version --format '{{.Server.Version}}'
	expect_output "$(cat "$berth_source/VERSION")"
	run berth --version
	expect_contains "$(cat "$berth_source/VERSION")"
}

@test "--root and --state are directories of their own" {
	run berth --root "$BATS_TEST_TMPDIR/r" --state "$BATS_TEST_TMPDIR/s" images -q
	expect_status 0
	expect_output ""
	[ -d "$BATS_TEST_TMPDIR/r" ]
}

@test "commands beneath their noun are the same" {
	run berth container run --rm busybox echo same
	expect_output same
	run berth container ls -aq
	expect_output ""
	run berth image ls -q
	[[ "$output" =~ ^[0-9a-f]{12}$ ]]
	run berth system info -f '{{.OSType}}'
	expect_output linux
}

@test "help is in docker's layout" {
	run berth ps --help
	[ "${lines[0]}" = "Usage:  berth ps [OPTIONS]" ]
	expect_contains "  -a, --all             Show all containers (default shows just running)"
	run berth container
	expect_status 0
	expect_contains "Run 'berth container COMMAND --help' for more information on a command."
	run berth help run
	expect_contains "Usage:  berth run [OPTIONS] IMAGE [COMMAND] [ARG...]"
}

@test "what does not exist, or is not supported, is refused with the way out" {
	run berth nonsense
	expect_status 1
	expect_contains "unknown command: berth nonsense"
	run berth build .
	expect_status 1
	expect_contains "bring them with 'berth pull'"
	run berth -H tcp://x ps
	expect_status 125
	expect_contains "--host is not supported"
	run berth ps extra
	expect_status 1
	expect_contains "'berth ps' accepts no arguments"
	run berth rename one
	expect_status 1
	expect_contains "'berth rename' requires 2 arguments"
}

@test "completion offers commands, options and names" {
	berth create --name harbour busybox true >/dev/null
	run berth __complete start har
	expect_contains harbour
	run berth __complete run busy
	expect_contains busybox:latest
	run bash -c 'source <(berth completion bash); COMP_WORDS=(berth ps --no) COMP_CWORD=2; _berth; echo "${COMPREPLY[@]}"'
	expect_output "--no-trunc"
	for shell in bash zsh fish; do
		run berth completion "$shell"
		expect_contains "berth __complete"
	done
	run berth completion tcsh
	expect_status 1
	berth rm harbour
}

@test "the manual pages are those of the tables" {
	for page in "$berth_source"/docs/man/berth-*.1; do
		name=$(basename "$page" .1)
		[ "$name" != berth-oci ] || continue
		name=${name#berth-}
		# shellcheck disable=SC2086
		berth __man ${name//-/ } | cmp - "$page"
	done
	berth __man | cmp - "$berth_source/docs/man/berth.1"
	berth-oci __man | cmp - "$berth_source/docs/man/berth-oci.1"
}

@test "a full disk under stdout is an error" {
	run bash -c 'berth images >/dev/full'
	expect_status 1
	expect_contains "No space left on device"
}

@test "commands of docker for images that are missing on purpose are refused by name, with what to do" {
	run berth search busybox
	expect_status 1
	expect_contains "'berth search' is not supported: registries have no common search"
	run berth manifest inspect busybox
	expect_status 1
	expect_contains "'berth manifest' is not supported: "
	expect_contains "skopeo inspect --raw"
	run berth trust sign busybox
	expect_status 1
	expect_contains "'berth trust' is not supported: "
	for command in "images --tree" "history --platform linux/amd64 busybox" "rmi --platform linux/amd64 busybox" \
		"image inspect --platform linux/amd64 busybox"; do
		run berth $command
		expect_status 125
		expect_contains "is not supported: images are of one platform here"
	done
}
