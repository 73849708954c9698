# Builds of several layers or none, --plan, and a layer whose upload fails.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
mkdir modules
seq 1 5000 >modules/package
base=$registry/example/base:latest
image=$registry/several/image:1

build() {
	expect 0 ocinoco build "$@" --from "$base" --tag "$image" --push
	assert_empty err
}
layers() {
	field '.layers | length' "$(blob_file "$(field .digest out)")"
}

# The lowest first, SOURCE on top. Owners and excludes apply to all; paths and whiteouts only to SOURCE.
below=$(oci-fetch "$base" | jq '.layers | length')
build dist --layer modules:/app/modules --layer dist/lib:/opt --root-dir /app --uid 7 --exclude numbers --whiteout /gone
assert_equal "$((below + 3))" "$(layers)"
cp out first
oci-fetch "$image" | oci-layers >lines
for number in 1 2 3; do
	sed -n "$((below + number))p" lines | oci-fetch --blob "$image" | zstd -dc >"$number.tar"
done
oci-tar modules --root-dir /app/modules --uid 7 | cmp - 1.tar
for number in 1 2 3; do
	assert_equal 7 "$(tar --numeric-owner -tvf "$number.tar" | sed 's,.* \([0-9]*\)/0 .*,\1,' | sort -u)"
	! tar -tf "$number.tar" | grep -x 'numbers' || fail 'not excluded'
done
! bsdtar -tf 1.tar | grep '\.wh\.' || fail 'a whiteout in the wrong layer'
bsdtar -tf 3.tar | grep -qx '\.wh\.gone' || fail 'no whiteout'
oci-tar dist/lib --root-dir /opt --uid 7 --exclude numbers | cmp - 2.tar

# Only changes are sent: a layer and the config.
before=$(blob_uploads)
echo more >dist/more
build dist --layer modules:/app/modules --layer dist/lib:/opt --root-dir /app --uid 7 --exclude numbers --whiteout /gone
assert_equal "$((before + 2))" "$(blob_uploads)"
rm dist/more
build dist --layer modules:/app/modules --layer dist/lib:/opt --root-dir /app --uid 7 --exclude numbers --whiteout /gone
cmp out first

# Without SOURCE; without any layer, only the config changes, or nothing does.
build --layer modules:/app/modules
assert_equal "$((below + 1))" "$(layers)"
build --env A=b
assert_equal "$below" "$(layers)"
oci-fetch --config "$image" | jq -e '.config.Env | index("A=b")' >index || fail 'no variable'
build
assert_equal "$below" "$(layers)"
assert_failed 64 ocinoco ocinoco build --from "$base" --tag "$image" --uid 1
assert_failed 64 ocinoco ocinoco build --from "$base" --tag "$image" --layer modules
assert_failed 64 ocinoco ocinoco build --from "$base" --tag "$image" --layer -:/app
assert_failed 64 ocinoco ocinoco build '' --from "$base" --tag "$image"

# Several SOURCEs make a layer each, the lowest first; options for one of them apply to the last.
build modules dist --root-dir /app --uid 7 --exclude numbers --whiteout /gone
assert_equal "$((below + 2))" "$(layers)"
oci-fetch "$image" | oci-layers >lines
for number in 1 2; do
	sed -n "$((below + number))p" lines | oci-fetch --blob "$image" | zstd -dc >"$number.tar"
done
oci-tar modules --root-dir /app --uid 7 --exclude numbers | cmp - 1.tar
oci-tar dist --root-dir /app --uid 7 --exclude numbers --whiteout /gone | cmp - 2.tar
oci-tar modules | gzip -n >modules.tar.gz
build modules.tar.gz dist/lib --layer modules:/below
assert_equal "$((below + 3))" "$(layers)"
assert_equal "$(digest_of modules.tar.gz)" "$(oci-fetch "$image" | oci-layers | sed -n "$((below + 2))p" | jq -r .digest)"
build dist --layer modules:/app/modules --layer dist/lib:/opt --root-dir /app --uid 7 --exclude numbers --whiteout /gone
cmp out first

# The .dockerignore of each SOURCE.
printf 'package\n' >modules/.dockerignore
build dist --layer modules:/modules --root-dir /app --dockerignore
oci-fetch "$image" | oci-layers | sed -n "$((below + 1))p" | oci-fetch --blob "$image" | zstd -dc >modules.tar
assert_equal 'modules/ modules/.dockerignore ' "$(tar -tf modules.tar | tr '\n' ' ')"
rm modules/.dockerignore

# --plan asks by HEAD what a push would do; the push then stores exactly this.
tag=$(tag_digest several/image:1)
build dist --layer modules:/modules --root-dir /app
cp out pushed
echo other >modules/other
uploads=$(grep -c '"POST /v2/' "$registry_log")
expect 0 ocinoco build dist --layer modules:/modules --root-dir /app --from "$base" --tag "$image" --tag "$registry/several/other:1" --plan
assert_empty err
cp out plan
assert_equal "$uploads" "$(grep -c '"POST /v2/' "$registry_log")" 'uploads'
assert_equal "$(tag_digest several/image:1)" "$(field .digest pushed)"
# The first repository has the base and dist; it lacks a layer, the config and the manifest.
assert_equal "$((below + 1))" "$(grep -c "^reuse [0-9]* sha256:[0-9a-f]* $registry/several/image\$" plan)"
assert_equal 3 "$(grep -c "^send [0-9]* sha256:[0-9a-f]* $registry/several/image\$" plan)"
assert_equal "$((below + 2))" "$(grep -c "^mount .* $registry/several/other\$" plan)"
assert_equal 'total reuse total mount total copy total send ' "$(sed -n 's/^\(total [a-z]*\) [0-9]*$/\1/p' plan | tr '\n' ' ')"
build dist --layer modules:/modules --root-dir /app
while read -r action size digest place; do
	[ "$action" != total ] || continue
	assert_equal "$size" "$(wc -c <"$(blob_file "$digest")")" "$action $place"
done <plan
assert_equal "$(field .digest out)" "$(grep "^send .* $registry/several/image\$" plan | tail -n 1 | cut -d ' ' -f 3)"
expect 0 ocinoco build dist --layer modules:/modules --root-dir /app --from "$base" --output oci:planned --plan
assert_equal '' "$(ls -A planned 2>/dev/null)" 'the plan made a layout'
assert_equal 0 "$(grep -c '^reuse' out)"
assert_equal "$below" "$(grep -c '^copy' out)"

# An upload that cannot be repaired is made again from what is still there, and only once.
mkdir fake
cp "$(readlink -f "$(command -v ocinoco)")" fake/ocinoco
cat >fake/oci-push-blob <<END
#!/bin/sh
case " \$* " in *' --reuse '*) exit 1 ;; esac
read -r count <"$PWD/count"
echo "\$((count + 1))" >"$PWD/count"
read -r limit <"$PWD/limit"
if [ "\$count" -lt "\$limit" ]; then
	head -c 100 >/dev/null
	echo 'oci-push-blob: no luck' >&2
	exit "\$(cat "$PWD/with")"
fi
exec "$(command -v oci-push-blob)" "\$@"
END
chmod +x fake/oci-push-blob
again() {
	echo 0 >count
	echo "$1" >limit
	echo "$2" >with
	shift 2
	expect "$@" env PATH="$PWD/fake:$PATH" fake/ocinoco build dist --layer modules:/modules --root-dir /app --from "$base" --tag "$image" --push
}
cp out first
build dist --layer modules:/modules --root-dir /app --reuse no
cp out first
again 1 75 0
cmp out first
assert_match '^ocinoco: warning: the layer is made again' err
assert_equal 3 "$(cat count)"
tag=$(tag_digest several/image:1)
again 2 75 75
assert_empty out
assert_equal 2 "$(cat count)"
again 1 69 69
assert_equal 1 "$(cat count)"
assert_equal "$tag" "$(tag_digest several/image:1)"
# The printed script does the same.
ocinoco build dist --layer modules:/modules --root-dir /app --from "$base" --tag "$image" --push -n >script
for shell in dash bash 'busybox sh'; do
	echo 0 >count
	echo 1 >limit
	echo 75 >with
	# shellcheck disable=SC2086 # words
	expect 0 env PATH="$PWD/fake:$PATH" $shell script
	cmp out first
	echo 0 >count
	echo 69 >with
	# shellcheck disable=SC2086 # words
	expect 69 env PATH="$PWD/fake:$PATH" $shell script
done
# Input from stdin cannot be read again.
echo 0 >count
echo 75 >with
oci-tar dist >dist.tar
expect 75 env PATH="$PWD/fake:$PATH" fake/ocinoco build - --from "$base" --tag "$image" --push <dist.tar
assert_equal 1 "$(cat count)"
assert_equal "$tag" "$(tag_digest several/image:1)"
assert_equal 0 "$(upload_sessions)"
assert_equal '' "$(find "$TMPDIR" -maxdepth 1 -name 'tmp.*')" 'temporary files'
