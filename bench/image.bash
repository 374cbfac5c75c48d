# image.bash - the layers of a real image of 490 MB, for the benchmarks of load and pull
#
# Sourced after lib.bash. Debian, and packages unpacked above it: five plain tars in
# build/bench-image/layers, and of them archives as `docker save` writes them, made once and kept.

image=$PWD/build/bench-image
packages=(
	"gcc-12 cpp-12 libgcc-12-dev"
	"g++-12 libstdc++-12-dev binutils-x86-64-linux-gnu"
	"python3.11 python3.11-minimal libpython3.11-minimal libpython3.11-stdlib python3-pip"
	"git vim-runtime perl-modules-5.36"
)

# One layer: a tar of what some packages hold.
package_layer() { # package_layer NUMBER PACKAGE...
	local dir=$image/tree number=$1 deb
	shift
	mkdir -p "$dir" "$image/debs"
	(cd "$image/debs" && apt-get -q -o APT::Sandbox::User=root download "$@" >/dev/null) || return 1
	for deb in "$image"/debs/*.deb; do dpkg-deb -x "$deb" "$dir" || return 1; done
	tar -C "$dir" --sort=name --numeric-owner --owner=0 --group=0 -cf "$image/layers/$number.tar" .
	rm -rf "$dir" "$image/debs"
}

make_layers() {
	local number=1 set
	mkdir -p "$image/layers"
	mmdebstrap -q --variant=minbase --include=perl bookworm "$image/layers/0.tar" || return 1
	for set in "${packages[@]}"; do
		# shellcheck disable=SC2086
		package_layer "$number" $set || return 1
		number=$((number + 1))
	done
}

# An archive as `docker save` writes it, of plain or gzipped layers.
make_archive() { # make_archive KIND COMMAND...
	local kind=$1 dir=$image/$1 ids= names= layer number
	shift
	mkdir -p "$dir"
	for layer in "$image"/layers/*.tar; do
		number=$(basename "$layer" .tar)
		mkdir -p "$dir/$number"
		"$@" <"$layer" >"$dir/$number/layer.tar"
		ids="$ids${ids:+,}\"sha256:$(sha256sum <"$layer" | cut -d' ' -f1)\""
		names="$names${names:+,}\"$number/layer.tar\""
	done
	printf '{"architecture":"amd64","os":"linux","config":{"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
		"$ids" >"$dir/config.json"
	printf '[{"Config":"config.json","RepoTags":["bench:load"],"Layers":[%s]}]' "$names" >"$dir/manifest.json"
	tar -C "$dir" -cf "$image/$kind.tar" .
}

prepare_image() {
	[ ! -e "$image/done" ] || return 0
	command -v mmdebstrap >/dev/null || { echo "bench: mmdebstrap is not installed (make deps-bench)"; exit 1; }
	echo "making the image, which takes some minutes the first time"
	rm -rf "$image"
	make_layers && make_archive plain cat && make_archive gzip gzip -6 && touch "$image/done" ||
		{ echo "bench: the image could not be made"; exit 1; }
}
