# What oci-untar, oci-layers, oci-runtime-config and ocinoco unpack refuse.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_dist
oci-tar dist >layer.tar
oci-zstd <layer.tar >layer.zst
gzip -n <layer.tar >layer.gz
oci-digest <layer.gz >layer.json
digest=$(digest_of layer.gz)
diff_id=$(digest_of layer.tar)
other=sha256:$(printf %064d 0)
mkdir root

# The errors that every tool has.
for call in 'oci-untar root' oci-layers oci-runtime-config; do
	name=${call%% *}
	# shellcheck disable=SC2086
	assert_failed 65 "$name" $call </dev/null
	# shellcheck disable=SC2086
	assert_failed 74 "$name" $call <.
	# shellcheck disable=SC2086
	assert_failed 64 "$name" $call --no-such-option </dev/null
done
assert_failed 64 oci-untar oci-untar <layer.tar
assert_failed 73 oci-untar oci-untar missing <layer.tar
assert_failed 73 oci-untar oci-untar layer.gz <layer.tar
assert_failed 64 oci-untar oci-untar --descriptor layer.json --digest "$digest" root <layer.gz
assert_failed 64 oci-untar oci-untar --max-ratio 0 root <layer.gz
assert_failed 66 oci-untar oci-untar --descriptor missing root <layer.gz

# Digest and diffID.
expect 0 oci-untar --digest "$digest" --diff-id "$diff_id" root <layer.gz
expect 0 oci-untar --descriptor layer.json root <layer.gz
expect 0 oci-untar --diff-id "$diff_id" root <layer.zst
expect 0 oci-untar --diff-id "sha512:$(sha512sum <layer.tar | cut -d ' ' -f 1)" root <layer.zst
expect 0 oci-untar --digest "$diff_id" --diff-id "$diff_id" root <layer.tar
assert_failed 65 oci-untar oci-untar --digest "$other" root <layer.gz
assert_match 'digest mismatch' err
assert_failed 65 oci-untar oci-untar --diff-id "$other" root <layer.gz
assert_match 'diffID mismatch' err
assert_failed 65 oci-untar oci-untar --diff-id "sha512:$(printf %0128d 0)" root <layer.gz
assert_failed 65 oci-untar oci-untar --descriptor layer.json root <layer.zst
jq -c '.annotations["containerd.io/uncompressed"] = "'"$other"'"' layer.json >wrong.json
assert_failed 65 oci-untar oci-untar --descriptor wrong.json root <layer.gz
jq -c '.annotations["containerd.io/uncompressed"] = "md5:0"' layer.json >wrong.json
assert_failed 65 oci-untar oci-untar --descriptor wrong.json root <layer.gz

# Truncated anywhere, or damaged.
for layer in layer.tar layer.gz layer.zst; do
	size=$(wc -c <$layer)
	for count in 1 100 300 $((size / 2)) $((size - 10)) $((size - 1)); do
		head -c "$count" $layer >part
		assert_failed 65 oci-untar oci-untar root <part
	done
	if [ $layer != layer.tar ]; then
		{
			head -c $((size / 2)) $layer
			printf '\377\000\377'
			tail -c +$((size / 2 + 4)) $layer
		} >damaged
		assert_failed 65 oci-untar oci-untar root <damaged
	fi
done

# A tar whose digest is known needs no end marker.
head -c $(($(wc -c <layer.tar) - 1024)) layer.tar >endless.tar
diff_id=$(digest_of endless.tar)
assert_failed 65 oci-untar oci-untar root <endless.tar
expect 0 oci-untar --digest "$diff_id" root <endless.tar
gzip -nc endless.tar >endless.gz
expect 0 oci-untar --diff-id "$diff_id" root <endless.gz
# The header of a directory, that of a file, its 6 bytes: only padding may be missing.
for cut in 512:0 700:65 1024:65 1026:65 1030:0 1100:65; do
	head -c "${cut%:*}" layer.tar >part.tar
	digest=$(digest_of part.tar)
	expect "${cut#*:}" oci-untar --digest "$digest" root <part.tar
done

# A full disk is named in the message.
if namespaces_allowed; then
	mkdir small
	# shellcheck disable=SC2016
	expect 74 unshare -m sh -c 'mount -t tmpfs -o size=64k none small && oci-untar small' <layer.tar
	assert_message oci-untar
	assert_match 'No space left on device' err
fi

# Memory does not grow with the size of the layer.
head -c 300000000 /dev/zero >zeros
tar -cf - zeros | command time -f %M -o peak oci-untar root
[ "$(cat peak)" -lt 100000 ] || fail "$(cat peak) KiB of memory"
rm -r zeros root/zeros

# Images.
umoci init --layout image
umoci new --image image:a
umoci insert --image image:a dist /dist 2>umoci.log
umoci config --image image:a --config.cmd /bin/true --config.user nobody 2>umoci.log
oci-fetch oci:image:a >image.json
cat image.json image.json >two.json
expect 0 oci-layers <two.json
assert_failed 65 oci-runtime-config oci-runtime-config <two.json
assert_failed 65 oci-runtime-config oci-runtime-config <image.json
assert_match "cannot find user 'nobody'" err
assert_failed 65 oci-runtime-config oci-runtime-config --rootfs root <image.json
assert_match "cannot find user 'nobody' in 'root': " err
assert_failed 66 oci-runtime-config oci-runtime-config --rootfs missing <image.json
mkdir root/etc
ln -s "$PWD/outside" root/etc/passwd
echo 'nobody:x:7:7::/:' >outside
assert_failed 65 oci-runtime-config oci-runtime-config --rootfs root <image.json
rm root/etc/passwd
mkfifo root/etc/passwd
assert_failed 65 oci-runtime-config timeout 10 oci-runtime-config --rootfs root <image.json
rm root/etc/passwd
mkdir -p root/lib
ln -s ../../lib/passwd root/etc/passwd
echo 'nobody:x:8:9::/:' >root/lib/passwd
expect 0 oci-runtime-config --rootfs root <image.json
assert_equal '{"uid":8,"gid":9,"additionalGids":[9]}' "$(jq -c .process.user out)"
expect 0 oci-runtime-config --rootfs root --args '["a","b c"]' --terminal --read-only --hostname h <image.json
assert_equal '["a","b c"] true true h xterm' \
	"$(jq -r '"\(.process.args | tojson) \(.process.terminal) \(.root.readonly) \(.hostname) \(.process.env[-1] | ltrimstr("TERM="))"' out)"
umoci config --image image:a --clear config.cmd --config.user 0 2>umoci.log
oci-fetch oci:image:a >image.json
# An image without a command can be unpacked nevertheless.
expect 0 oci-runtime-config --rootfs root <image.json
assert_equal '["sh"]' "$(jq -c .process.args out)"
assert_match 'warning: the image has no command' err

# The wrapper.
assert_failed 64 ocinoco ocinoco unpack oci:image:a
assert_failed 64 ocinoco ocinoco unpack oci:image:a b --push
assert_failed 73 ocinoco ocinoco unpack oci:image:a root
expect 66 ocinoco unpack oci:nothing:a b1
expect 0 ocinoco unpack oci:image:a b2
assert_equal '["sh"]' "$(jq -c .process.args b2/config.json)"
expect 0 ocinoco unpack oci:image:a ./b3 --args /bin/true -q
digest=$(field '.manifests[0].digest' image/index.json)
expect 0 ocinoco unpack "oci:image@$digest" b4 --args /bin/true -q
layer=$(field '.layers[-1].digest' b3/image.json)
printf x >>"image/blobs/sha256/${layer#sha256:}"
expect 65 ocinoco unpack oci:image:a b5 --args /bin/true
[ ! -e b5/config.json ] || fail 'a damaged layer makes a bundle'
assert_equal '' "$(find "$TMPDIR" -maxdepth 1 -name 'tmp.*')" 'temporary files'
