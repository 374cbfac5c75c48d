# helper.bash - loaded by the tests that need the virtual machine (tests/run vm)
#
# They are the tests of berth-oci's configurations with another kernel and a real systemd beneath:
# box, run_box and oci are those of tests/e2e.
load ../e2e/helper
load ../e2e/oci_box

# property UNIT NAME: as systemd knows it
property() {
	systemctl show -P "$2" "$1"
}

expect_property() {
	local is

	is=$(property "$1" "$2")
	[ "$is" = "$3" ] || { echo "$1: $2 is \"$is\", expected \"$3\"" >&2; return 1; }
}

# expect_file FILE VALUE
expect_file() {
	[ "$(cat "$1")" = "$2" ] || { echo "$1: \"$(cat "$1")\", expected \"$2\"" >&2; return 1; }
}

no_unit() {
	[ "$(property "$1" LoadState)/$(property "$1" ActiveState)" = not-found/inactive ]
}
