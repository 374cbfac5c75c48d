# checkpoint_helper.bash - loaded by the tests of checkpoint and restore
load ../e2e/oci_helper
bats_require_minimum_version 1.5.0

counter='i=0; while :; do i=$((i+1)); echo $i; sleep 0.2; done'

setup_file() {
	export OCI=$BATS_FILE_TMPDIR bundle=$BATS_FILE_TMPDIR/bundle
	mounts_before=$(wc -l </proc/self/mountinfo)
	export mounts_before
	mkdir -p "$bundle/rootfs"
	tar -C "$bundle/rootfs" -xf "$(busybox_tar)"
	prepare
}

setup() {
	rm -rf "$bundle/config.json" "$OCI"/img* "$OCI"/out "$OCI"/work
	berth-oci spec --bundle "$bundle"
}

# counting ID [OPTION...]: a container that counts in $OCI/out
counting() {
	local id=$1

	shift
	program sh -c "${counter//\$/\\\$}"
	oci run -d "$@" -b "$bundle" "$id" >>"$OCI/out" 2>&1 </dev/null 3>&-
	eventually counted 3
}

# program WORD...: what the container runs; "\$" in a word is a dollar. Python takes seconds here.
program() {
	local word words= text terminal='"terminal": true' args='"args": [ "sh" ]'

	for word; do
		word=${word//'\$'/'$'} && word=${word//\\/\\\\} && words+=", \"${word//\"/\\\"}\""
	done
	text=$(<"$bundle/config.json")
	[[ $text == *"$args"* ]] || args='"args": ["sh"]' # as change() writes it
	text=${text/"$args"/"\"args\": [ ${words#, } ]"}
	printf '%s\n' "${text/"$terminal"/"\"terminal\": false"}" >"$bundle/config.json"
}

# change PYTHON: of the configuration c
change() {
	python3 -c "import json; c = json.load(open('$bundle/config.json'))
$1
json.dump(c, open('$bundle/config.json', 'w'))"
}

counted() {
	[ -s "$OCI/out" ] && [ "$(tail -n 1 "$OCI/out")" -ge "$1" ]
}

# The numbers have no gap and none comes twice: what counts has kept its memory.
counts_on() {
	local last

	last=$(tail -n 1 "$OCI/out")
	eventually counted $((last + 2))
	[ "$(cat "$OCI/out")" = "$(seq "$(tail -n 1 "$OCI/out")")" ] ||
		# It may have written meanwhile.
		[ "$(head -n "$last" "$OCI/out")" = "$(seq "$last")" ]
}

# restore ID [OPTION...]: with what it writes going where it went
restore() {
	local id=$1

	shift
	oci restore -d --image-path "$OCI/img" -b "$bundle" "$@" "$id" >>"$OCI/out" 2>"$OCI/err" </dev/null 3>&- || {
		cat "$OCI/err" >&2
		return 1
	}
}
