# Layouts that other people made: only regular files are opened, and no byte of a file outside is sent.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir dist
head -c 300000 /dev/urandom >dist/file
ocinoco build dist --from scratch --output oci:good:1 --compress none --cmd '["/file"]' >good.json
layer=$(oci-fetch --raw oci:good:1 | jq -r '.layers[0].digest')
fresh() {
	rm -rf layout
	cp -R good layout
}

# FIFOs, which would block, and devices.
manifest=blobs/sha256/$(field .digest good.json | cut -d: -f2)
for file in index.json oci-layout "$manifest"; do
	for kind in fifo device; do
		fresh
		rm "layout/$file"
		if [ $kind = fifo ]; then mkfifo "layout/$file"; else ln -s /dev/zero "layout/$file"; fi
		status=0
		timeout -k 1 20 oci-fetch oci:layout:1 >out 2>err || status=$?
		assert_empty out
		assert_message oci-fetch
		if [ "$file" = "$manifest" ]; then assert_equal 69 $status; else
			assert_equal 65 $status
			assert_match 'not a regular file' err
		fi
	done
done

# A blob that links to one of the user's files, which has the declared size.
fresh
path=layout/blobs/sha256/${layer#sha256:}
size=$(wc -c <"$path")
yes secret | head -c "$size" >private
ln -sf "$PWD/private" "$path"
start_registry plain
expect 65 ocinoco copy oci:layout:1 "$registry/example/copied:1"
assert_match 'digest mismatch' err
! grep -rq secret "$storage" || fail 'bytes of a file outside were sent'
! grep -q 'PATCH' "$registry_log" || fail 'bytes were sent before they were proved'

# A link to a file with the right content is accepted.
mv good/blobs/sha256/"${layer#sha256:}" moved
ln -sf "$PWD/moved" "$path"
expect 0 ocinoco copy oci:layout:1 "$registry/example/copied:1"

# Tag names are printed as lines; those that could control a terminal are refused.
for name in 'two\nlines' '\u001b[2J' '\u202e' '\u2028' ''; do
	fresh
	jq -c --arg name "$(printf '"%s"' "$name" | jq -j .)" \
		'.manifests[0].annotations["org.opencontainers.image.ref.name"] = $name' good/index.json >layout/index.json
	assert_failed 65 oci-fetch oci-fetch --tags oci:layout
done
