# Random images of which one lacks a layer of the other, or has two in another order: oci-compare names the paths in
# which the unpacked images differ.

# shellcheck source=../lib.sh
. "$TEST_LIB"

umask 022

# image NAME LAYER...: makes the image oci:images:NAME, NAME.json and the tree NAME; status 1 when it cannot be unpacked.
image() {
	name=$1
	shift
	rm -rf "$name"
	mkdir "$name"
	for layer do oci-untar "$name" <"$layer" 2>refused || return 1; done
	set -- "$@" --
	while [ "$1" != -- ]; do
		oci-push-blob oci:images <"$1" >"$1.json"
		set -- "$@" "$1.json"
		shift
	done
	shift
	oci-fetch scratch | oci-manifest-append "$@" | oci-push-manifest "oci:images:$name" >pushed
	oci-fetch "oci:images:$name" >"$name.json"
}

compared=0
for seed in ${SEEDS:-$(seq 1 20)}; do
	rm -rf layers images
	python3 "$ROOT/Tests/pipelines/random_layers.py" layers "$seed"
	set -- layers/*.tar
	[ $# -gt 1 ] || continue
	image first "$@"
	# The layers after the first one stay, without their lowest one, or in the opposite order.
	case $((seed % 3)) in
	0) shift ;;
	1) first=$1; shift 2; set -- "$first" "$@" ;;
	2) first=$1 second=$2; shift 2; set -- "$second" "$first" "$@" ;;
	esac
	image second "$@" || continue
	compared=$((compared + 1))
	python3 "$ROOT/Tests/pipelines/differing_paths.py" first second >expected
	status=0
	oci-compare --files --json first.json second.json >out || status=$?
	[ $status -le 1 ] || fail "seed $seed: status $status"
	# Times of directories are left out, as there.
	jq -r 'select(.kind == "file" and (.aspects == ["time"] and .first.type == "dir" | not)).path' out |
		LC_ALL=C sort >paths
	LC_ALL=C sort expected | diff - paths >differences ||
		fail "seed $seed: $(head -c 1000 differences)"
done
[ "$compared" -gt 3 ] || fail "only $compared images were compared"
