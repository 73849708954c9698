# Many images get a newer base: how often the registry is asked; a failure does not stop the others; the same list can
# be run again. With FLEET=1000 it is a thousand images.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
count=${FLEET:-60}
fleet=$ROOT/examples/rebase-fleet/rebase
make_dist
for base in one two; do
	oci-fetch "$registry/example/base:latest" | oci-config --label "base=$base" |
		oci-push-manifest "$registry/base/$base:1" >pushed
	oci-fetch "$registry/base/$base:1" >"$base.json"
done
oci-tar dist --root-dir /app | oci-zstd | oci-push-blob "$registry/app" >layer.json
number=0
while [ "$number" -lt "$count" ]; do
	number=$((number + 1))
	base=one
	[ "$((number % 3))" -ne 0 ] || base=two
	oci-manifest-append layer.json <"$base.json" | oci-config --label "number=$number" |
		oci-push-manifest "$registry/app:$number" >pushed
	echo "$registry/app:$number"
done >images
two=$((count / 3))
requests '' >/dev/null

# With nothing to do: a request for each image, and one for each base and each 500 images.
run_fleet() {
	expected=$1
	shift
	expect "$expected" "$fleet" "$@" <images
}
run_fleet 0
assert_empty out
assert_empty err
bound=$((count + 2 * ((count + 499) / 500)))
found=$(requests '')
[ "$found" -le "$bound" ] || fail "$found requests, where $bound are the most"

# One base moves; an image that does not exist is named, and so is an image without a base.
oci-fetch "$registry/base/two:1" | oci-config --label new=yes | oci-push-manifest "$registry/base/two:1" >new.json
oci-fetch scratch | oci-push-manifest "$registry/app:plain" >pushed
cp images whole
{
	echo "$registry/app:none"
	echo "$registry/app:plain"
	cat whole
} >images
requests '' >/dev/null
run_fleet 1
assert_equal "$two" "$(wc -l <out)" 'images that were changed'
assert_equal 1 "$(grep -c "no such manifest: '$registry/app:none'" err)" 'the image that is not there'
assert_match "^rebase: no recorded base: $registry/app:plain$" err
assert_equal "$(field .digest new.json)" "$(oci-fetch --raw "$registry/app:3" |
	jq -r '.annotations["org.opencontainers.image.base.digest"]')"
assert_equal 3 "$(oci-fetch --config "$registry/app:3" | jq -r .config.Labels.number)"
found=$(requests '')
bound=$((bound + 2 + 20 * two))
[ "$found" -le "$bound" ] || fail "$found requests, where $bound are the most"
echo "$found requests for $two of $count images"

# The same list again: what is done is not repeated.
cp whole images
run_fleet 0
assert_empty out

# An image that cannot be pushed is named, the others continue, and the next run does only the rest.
oci-fetch "$registry/base/one:1" | oci-config --label new=yes | oci-push-manifest "$registry/base/one:1" >new.json
mkdir fake
cp "$(readlink -f "$(command -v ocinoco)")" fake/ocinoco
for tool in "$(dirname "$(command -v oci-tar)")"/oci-*; do ln -s "$(readlink -f "$tool")" "fake/${tool##*/}"; done
rm fake/oci-push-manifest
cat >fake/oci-push-manifest <<END
#!/bin/sh
for word do
	[ "\$word" != "$registry/app:2" ] || { echo 'oci-push-manifest: denied' >&2; exit 77; }
done
exec "$(readlink -f "$(command -v oci-push-manifest)")" "\$@"
END
chmod +x fake/oci-push-manifest
ln -s "$(readlink -f "$(command -v oci-push-manifest)")" fake/real
sed -i 's|^exec .*|exec -a oci-push-manifest "${0%/*}/real" "$@"|; 1s|sh|bash|' fake/oci-push-manifest
saved=$PATH
PATH=$PWD/fake:$PATH
run_fleet 1
PATH=$saved
assert_match "^rebase: failed: $registry/app:2$" err
assert_equal "$((count - two - 1))" "$(wc -l <out)"
run_fleet 0
assert_equal 1 "$(wc -l <out)"
assert_empty err

# To another base, whichever base they have; again, which changes nothing.
run_fleet 0 --onto "$registry/base/two:1"
assert_equal "$((count - two))" "$(wc -l <out)"
run_fleet 0 --onto "$registry/base/two:1"
assert_empty out

: >images
run_fleet 0
assert_empty out
