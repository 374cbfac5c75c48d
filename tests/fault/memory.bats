#!/usr/bin/env bats
# What images cost in memory does not depend on how large they are: no command that moves one in or out
# ever has 64 MB. The image has a blob of 192 MB that does not compress, a layer of 2 GB of which each
# file replaces the one before, and one of 20,000 files. All is in memory, so that no disk is measured.
load ../e2e/helper
load ../e2e/registry_helper

most_kb=$((64 << 10))

setup_file() {
	export BERTH_ROOT=$BATS_FILE_TMPDIR/memory/root BERTH_STATE=$BATS_FILE_TMPDIR/state mounts_before
	mounts_before=$(($(wc -l </proc/self/mountinfo) + 1))
	mkdir "$BATS_FILE_TMPDIR/memory"
	mount -t tmpfs -o size=2G memory "$BATS_FILE_TMPDIR/memory"
	make_archive "$BATS_FILE_TMPDIR/memory/archive.tar"
}

teardown_file() {
	stop_servers
	expect_nothing_left
	expect_no_reports
	umount "$BATS_FILE_TMPDIR/memory"
}

make_archive() {
	python3 - "$1" <<-'END'
		import hashlib, io, json, os, subprocess, sys, tarfile, threading
		def header(name, size):
		    member = tarfile.TarInfo(name)
		    member.size = size
		    return member.tobuf(tarfile.GNU_FORMAT)
		def pack(command, pieces):
		    p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
		    plain = hashlib.sha256()
		    def feed():
		        for piece in pieces + [bytes(1024)]:
		            plain.update(piece)
		            p.stdin.write(piece)
		        p.stdin.close()
		    threading.Thread(target=feed).start()
		    packed = p.stdout.read()
		    p.wait()
		    return packed, plain.hexdigest()
		zeros = bytes(64 << 20)
		blobs = [
		    pack(["zstd", "-qc1"], [header("random", 192 << 20)] + [os.urandom(1 << 20) for _ in range(192)]),
		    pack(["gzip", "-1"], [header("zeros", len(zeros)), zeros] * 32),
		    pack(["gzip", "-1"], [header("file%d" % i, 0) for i in range(20000)]),
		]
		config = json.dumps({"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {
		    "type": "layers", "diff_ids": ["sha256:" + plain for _, plain in blobs]}}).encode()
		manifest = [{"Config": "config.json", "RepoTags": ["big:1"], "Layers": ["%d.tar" % i for i in range(len(blobs))]}]
		with tarfile.open(sys.argv[1], "w") as t:
		    for name, data in [("%d.tar" % i, b[0]) for i, b in enumerate(blobs)] + [
		            ("config.json", config), ("manifest.json", json.dumps(manifest).encode())]:
		        member = tarfile.TarInfo(name)
		        member.size = len(data)
		        t.addfile(member, io.BytesIO(data))
	END
}

# Layers of which each needs a window of 32 MB, as zstd's level 20 gives.
make_windows() {
	python3 - "$1" <<-'END'
		import hashlib, io, json, os, subprocess, sys, tarfile
		block = os.urandom(1 << 20)
		layers = []
		for i in range(4):
		    member = tarfile.TarInfo("file%d" % i)
		    member.size = 80 << 20
		    tar = member.tobuf() + block * 80 + bytes(1024)
		    packed = subprocess.run(["zstd", "-qc1", "--long=25", "--no-check"], input=tar, stdout=subprocess.PIPE, check=True)
		    layers.append((packed.stdout, hashlib.sha256(tar).hexdigest()))
		config = json.dumps({"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {
		    "type": "layers", "diff_ids": ["sha256:" + plain for _, plain in layers]}}).encode()
		manifest = [{"Config": "config.json", "RepoTags": ["windows:1"], "Layers": ["%d.tar" % i for i in range(4)]}]
		with tarfile.open(sys.argv[1], "w") as t:
		    for name, data in [("%d.tar" % i, l[0]) for i, l in enumerate(layers)] + [
		            ("config.json", config), ("manifest.json", json.dumps(manifest).encode())]:
		        member = tarfile.TarInfo(name)
		        member.size = len(data)
		        t.addfile(member, io.BytesIO(data))
	END
}

# small COMMAND...: no process of it ever has as much as most_kb in memory
small() {
	python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print("%s: at most %d KB" % (" ".join(sys.argv[2:4]), peak))
sys.exit(not 1000 < peak < int(sys.argv[1]))' "$most_kb" "$@"
}

@test "the measure is none that anything passes" {
	run small python3 -c 'bytearray(80 << 20)'
	expect_status 1
	expect_contains "at most"
}

@test "load, push, pull, save and import of large images stay below 64 MB" {
	name=
	small berth load -q -i "$BATS_FILE_TMPDIR/memory/archive.tar"
	rm "$BATS_FILE_TMPDIR/memory/archive.tar"
	# What is pushed are the layers as they came.
	mkdir "$BATS_FILE_TMPDIR/memory/registry"
	ln -s "$BATS_FILE_TMPDIR/memory/registry" "$BATS_FILE_TMPDIR/reg"
	start_registry reg
	name=$registry/t/big:1
	berth tag big:1 "$name"
	small berth push -q "$name"
	berth rmi -f big:1 "$name" >/dev/null
	small berth pull -q "$name"
	[ "$(berth image inspect -f '{{.Size}}' "$name")" -ge $((256 << 20)) ]
	small berth save -o "$BATS_FILE_TMPDIR/memory/saved.tar" "$name"
	[ "$(stat -c %s "$BATS_FILE_TMPDIR/memory/saved.tar")" -ge $((192 << 20)) ]
	berth rmi "$name" >/dev/null
	stop_servers
	rm -rf "$BATS_FILE_TMPDIR"/memory/registry/* "$BATS_FILE_TMPDIR/memory/saved.tar"
	# A plain tar has a record written, and is made from it again.
	head -c 192M /dev/urandom >"$BATS_FILE_TMPDIR/memory/random"
	tar -C "$BATS_FILE_TMPDIR/memory" -cf "$BATS_FILE_TMPDIR/memory/plain.tar" random
	rm "$BATS_FILE_TMPDIR/memory/random"
	small berth import "$BATS_FILE_TMPDIR/memory/plain.tar" plain:1
	small berth save -o "$BATS_FILE_TMPDIR/memory/saved.tar" plain:1
	berth rmi plain:1 >/dev/null
}

@test "so do layers of zstd that need large windows, and a commit of what a container wrote" {
	make_windows "$BATS_FILE_TMPDIR/memory/windows.tar"
	small berth load -q -i "$BATS_FILE_TMPDIR/memory/windows.tar"
	small berth system check
	rm "$BATS_FILE_TMPDIR/memory/windows.tar"
	berth create --name wrote windows:1 sh >/dev/null
	head -c 160M /dev/urandom >"$BATS_FILE_TMPDIR/memory/random"
	berth cp -q "$BATS_FILE_TMPDIR/memory/random" wrote:/random
	rm "$BATS_FILE_TMPDIR/memory/random"
	small berth commit wrote wrote:1
	berth rm wrote >/dev/null
	berth rmi wrote:1 windows:1 >/dev/null
}
