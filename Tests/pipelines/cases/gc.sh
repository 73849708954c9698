# oci-gc removes from a layout what no name leads to. What is needed, what was needed recently, and what is not part of
# the layout stays.
# shellcheck source=../lib.sh
. "$TEST_LIB"

push() {
	echo "$1" >file
	oci-tar file | oci-zstd | oci-push-blob oci:layout >layer.json
	oci-fetch scratch | oci-manifest-append layer.json | oci-push-manifest "oci:layout:$1"
}
push one >one.json
push two >two.json
keys=$ROOT/Tests/fixtures/signing
oci-sign --sign-key "$keys/ec.pem" oci:layout <one.json >out
oci-sign --sign-key "$keys/ec.pem" oci:layout <two.json >out
find layout/blobs -type f | wc -l >count

# Nothing to do, whatever the age.
expect 0 oci-gc --grace 0 layout
assert_empty out
oci-delete oci:layout:two

# Young files stay.
expect 0 oci-gc layout
assert_empty out
assert_equal "$(cat count)" "$(find layout/blobs -type f | wc -l)"

# -n lists with sizes, and removes nothing.
cp layout/index.json index.before
expect 0 oci-gc -n --grace 0 layout
assert_equal 5 "$(wc -l <out)"
while read -r size path; do
	assert_equal "$(stat -c %s "$path")" "$size"
	echo "$path"
done <out >listed
assert_equal "$(cat count)" "$(find layout/blobs -type f | wc -l)"
cmp index.before layout/index.json

# The image is removed with its signature; the other image is whole, and still signed.
oci-gc --grace 0 layout >removed
cmp listed removed
while read -r path; do [ ! -e "$path" ] || fail "still there: $path"; done <removed
oci-verify --verify-key "$keys/ec.pub" oci:layout:one >out
cmp one.json out
assert_equal 1 "$(oci-fetch --referrers oci:layout:one | wc -l)"
assert_equal 2 "$(field '.manifests | length' layout/index.json)"
skopeo_copy oci:layout:one oci:copy:one
expect 0 oci-gc --grace 0 layout
assert_empty out

# A blob that a running build needs, but has not listed yet, counts as young again.
push three >three.json
oci-delete oci:layout:three
find layout/blobs -type f -exec touch -d '2 hours ago' '{}' +
echo three >file
oci-tar file | oci-zstd | oci-push-blob oci:layout >layer.json
layer=layout/blobs/sha256/$(field '.digest | split(":")[1]' layer.json)
[ -n "$(find "$layer" -mmin -5)" ] || fail 'the blob is old'

# Other files stay; temporary files of runs that were killed are removed.
echo mine >layout/notes
echo mine >layout/blobs/sha256/README
echo cut >layout/blobs/sha256/.blob.123.abc.tmp
echo cut >layout/.index.json.123.abc.tmp
echo mine >layout/blobs/sha256/.blob.abc.tmp
expect 0 oci-gc --grace 0 layout
assert_match '/\.blob\.123\.abc\.tmp$' out
assert_match '/\.index\.json\.123\.abc\.tmp$' out
for name in notes blobs/sha256/README blobs/sha256/.blob.abc.tmp; do
	[ -e "layout/$name" ] || fail "gone: $name"
done

# An index keeps its images, also those of a nested index; an entry without a tag keeps its image.
push four >four.json
push five >five.json

jq -nc --slurpfile m four.json --slurpfile n five.json \
	'{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: ($m + $n)}' |
	oci-push-manifest oci:layout:both >both.json
oci-delete oci:layout:four oci:layout:five
oci-gc --grace 0 layout >out
oci-fetch --raw oci:layout:both >out
for file in four.json five.json; do
	oci-fetch --raw "oci:layout@$(field .digest "$file")" >out
done
oci-fetch oci:layout:one | oci-config --label a=b | oci-push-manifest oci:layout >untagged.json
oci-gc --grace 0 layout >out
oci-fetch --raw "oci:layout@$(field .digest untagged.json)" >out

# A manifest that cannot be read may need anything: nothing is removed.
push six >six.json
oci-delete oci:layout:six
cp -r layout broken
manifest=broken/blobs/sha256/$(field '.digest | split(":")[1]' one.json)
sed -i 's/layers/LAYERS/' "$manifest"
find broken/blobs -type f | wc -l >count
assert_failed 65 oci-gc oci-gc --grace 0 broken
assert_equal "$(cat count)" "$(find broken/blobs -type f | wc -l)"

assert_failed 66 oci-gc oci-gc nowhere
mkdir empty
assert_failed 65 oci-gc oci-gc empty
assert_failed 64 oci-gc oci-gc --grace -1 layout
assert_failed 64 oci-gc oci-gc

# Builds that write at the same time lose nothing.
mkdir logs
for number in 1 2 3 4 5 6; do
	(
		echo "parallel $number" >"file.$number"
		oci-tar "file.$number" | oci-zstd | oci-push-blob oci:layout >"layer.$number.json"
		oci-fetch scratch | oci-manifest-append "layer.$number.json" |
			oci-push-manifest "oci:layout:p$number" >"logs/$number"
	) &
	[ $((number % 2)) = 0 ] || oci-gc layout >out
done
wait
for number in 1 2 3 4 5 6; do
	oci-fetch "oci:layout:p$number" >out
	skopeo_copy "oci:layout:p$number" "oci:copy:p$number"
done

# Blobs behind a symbolic link may be those of another layout too.
find layout | sort >before
for place in blobs blobs/sha256; do
	rm -rf shared
	cp -r layout shared
	rm -r "shared/$place"
	ln -s "$PWD/layout/$place" "shared/$place"
	echo '{"schemaVersion":2,"manifests":[]}' >shared/index.json
	assert_failed 65 oci-gc oci-gc --grace 0 shared
	assert_match "other layouts may use 'shared/$place'" err
done
find layout | sort | cmp before -
