# Parts of zstd:chunked layers: listings from the table, files from their frames, in registries and layouts.
# shellcheck source=../lib.sh
. "$TEST_LIB"

export XDG_CACHE_HOME="$PWD/cache"
note=io.github.containers.zstd-chunked

# image REF TAR...: an image of chunked layers; its line is in `line`.
image() {
	ref=$1
	shift
	set -- "$ref" "$@"
	layers=
	for tar; do
		[ "$tar" != "$ref" ] || continue
		oci-zstd --chunked <"$tar" | oci-push-blob "$ref" >"$tar.json"
		layers="$layers $tar.json"
	done
	# shellcheck disable=SC2086 # words
	oci-fetch scratch | oci-manifest-append $layers | oci-push-manifest "$ref" >pushed.json
	oci-fetch "$ref" >line
}

# without_table: the image of `line` with its layers declared as plain zstd.
without_table() {
	jq -c "del(.layers[].annotations[\"$note.manifest-checksum\", \"$note.manifest-position\",
		\"$note.tarsplit-position\"])" line
}

make_dist
mkdir -p dist/etc upper/etc
printf 'root:x:0:0::/:/bin/sh\n' >dist/etc/passwd
seq 1 300000 >dist/many
head -c 3000000 /dev/urandom >dist/random
: >dist/empty
echo gone >dist/gone
printf 'root:x:0:0::/:/bin/sh\napp:x:7:7::/:/bin/sh\n' >upper/etc/passwd
echo new >upper/new
oci-tar --xattrs dist >lower.tar
oci-tar --whiteout /gone upper >upper.tar

start_registry plain
image "$registry/example/app:1" lower.tar upper.tar
size=$(jq -s 'map(.size) | add' lower.tar.json upper.tar.json)

# The listing is the same as that of the layers, and the layers are not fetched.
without_table >plain.line
oci-list --no-cache --digests <plain.line >plain.mtree
expect 0 oci-list -v --no-cache --digests <line
cmp plain.mtree out
grep -q "the table of layer 1 is read from '$registry/example/app'" err
! grep -q 'GET .*/blobs/.*: 200' err || fail "a whole blob: $(cat err)"
oci-list --no-cache <plain.line >plain.mtree
oci-list --no-cache <line | cmp - plain.mtree
grep -q 'data:' plain.mtree

# Listings are kept by table and layer, never by diffID.
oci-list <line | cmp - plain.mtree
for file in cache/ocinoco/*; do
	case ${file##*/} in table-*.digests) ;; *) fail "kept as $file" ;; esac
done
kill "$registry_pid"
wait "$registry_pid" || :
oci-list <line | cmp - plain.mtree
assert_failed 69 oci-list oci-list --retries 0 <plain.line
rm -r cache

# One file by its frames; the same file by a hard link; a file of an upper layer; a file that a whiteout deleted.
start_registry plain
image "$registry/example/app:1" lower.tar upper.tar
expect 0 oci-flatten -v --only lib/numbers <line
tar -xOf out >numbers
cmp dist/lib/numbers numbers
! grep -q 'GET .*/blobs/.*: 200' err || fail "a whole blob: $(cat err)"
tables=$(jq -s "map(.annotations[\"$note.manifest-position\"] | split(\":\")[1] | tonumber) | add" \
	lower.tar.json upper.tar.json)
read_bytes=$(sed -n 's/.*is read from .*: \([0-9]*\) bytes$/\1/p' err | awk '{ sum += $1 } END { print sum }')
[ "$read_bytes" -lt $((size / 10)) ] || fail "$read_bytes bytes of $size"
[ "$(grep -c 'the table of layer' err)" -eq 2 ] || fail "tables are read twice: $(cat err)"
echo "$read_bytes bytes of $size for one file of $(wc -c <numbers), $tables of them tables"
for only in many random empty lib 'a dir' etc/passwd new link; do
	oci-flatten --no-cache --only "$only" <line >parts.tar
	without_table | oci-flatten --no-cache --only "$only" | cmp - parts.tar
	# With the listing that was made of the layers themselves.
	without_table | oci-list >whole.mtree
	oci-flatten --only "$only" <line | cmp - parts.tar
	rm -r cache
done
oci-flatten --no-cache --only lib --only random --only etc <line >parts.tar
without_table | oci-flatten --no-cache --only lib --only random --only etc | cmp - parts.tar
assert_failed 69 oci-flatten oci-flatten --only gone <line
oci-flatten --no-cache <line >whole.tar
without_table | oci-flatten --no-cache | cmp - whole.tar

# A layout is read by parts too: bytes that are not read may be anything.
image oci:layout:1 lower.tar
without_table | oci-list --no-cache >whole.mtree
blob=layout/blobs/sha256/$(field '.digest | split(":")[1]' lower.tar.json)
position=$(field ".annotations[\"$note.manifest-position\"]" lower.tar.json)
offset=${position%%:*}
tail -c "+$((offset + 1))" "$blob" | head -c "$(echo "$position" | cut -d: -f2)" | zstd -dcq >table.json
frames() {
	field ".entries[] | select(.name == \"$1\" and .type == \"reg\") | \"\(.offset) \(.endOffset - .offset)\"" table.json
}
cp "$blob" good
frames random >range
read -r first count <range
dd if=/dev/zero of="$blob" bs=1 seek=$((first + count / 2)) count=100 conv=notrunc status=none
oci-list --no-cache <line | cmp - whole.mtree
oci-flatten --no-cache --only many <line | tar -xOf - | cmp - dist/many
expect 65 oci-flatten --no-cache --only random <line
assert_message oci-flatten
expect 1 cmp -s out whole.tar
! tar -tf out >names 2>tar.err || [ "$(tail -c 1024 out | tr -d '\0' | wc -c)" -ne 0 ] ||
	fail 'the tar has an end'
assert_failed 65 oci-list oci-list --no-cache <<END
$(without_table)
END

# Behind a link, a blob is verified before any byte of it is printed.
cp "$blob" damaged
ln -sf "$PWD/damaged" "$blob"
assert_failed 65 oci-list oci-list --no-cache <line
ln -sf "$PWD/good" "$blob"
oci-list --no-cache <line | cmp - whole.mtree
rm "$blob"
cp good "$blob"

# The tar's frames as another program writes them: the first frame without the mark (six bytes) and no trailer.
python3 - "$offset" <<'END'
import sys

data = open("good", "rb").read()[:int(sys.argv[1]) - 8]
mark = data.index(bytes(6))
open("frames", "wb").write(data[:mark] + data[mark + 6:data.rindex(b"\x5d\x2a\x4d\x18")])
END
jq -c '(.entries[] | .offset, .endOffset | values) -= 6' table.json >foreign.json
offset=$(($(wc -c <frames) + 8))

# with_table FILE: the image of `line`, with FILE as the table at the end of its layer.
with_table() {
	zstd -qf "$1" -o table.zst
	python3 - >layer <<'END'
import struct
import sys

table = open("table.zst", "rb").read()
sys.stdout.buffer.write(open("frames", "rb").read() + struct.pack("<II", 0x184D2A50, len(table)) + table)
END
	digest=$(digest_of layer)
	cp layer "layout/blobs/sha256/${digest#sha256:}"
	jq -c --arg digest "$digest" --argjson size "$(wc -c <layer)" --arg table "$(digest_of table.zst)" \
		--arg position "$offset:$(wc -c <table.zst):$(wc -c <"$1"):1" \
		".layers[0] |= (.digest = \$digest | .size = \$size
			| .annotations[\"$note.manifest-checksum\"] = \$table
			| .annotations[\"$note.manifest-position\"] = \$position)" line
}

# A table that another program wrote is as good.
with_table foreign.json >edited.line
expect 0 oci-list --no-cache <edited.line
assert_empty err
cmp out whole.mtree
oci-flatten --no-cache --only many <edited.line | tar -xOf - | cmp - dist/many

# What is not a table: the layer is read, with a warning.
for edit in '.version = 2' '.entries = {}' 'del(.entries)' '.entries[0].type = "door"' \
	'.entries[0].name = ""' '.entries[0].mode = -1' '.entries[0].Name = "x"' \
	'(.entries[] | select(.digest) | .endOffset) = 99999999999' \
	'(.entries[] | select(.digest) | .digest) = "sha256:00"' \
	'.entries |= map(select(.type != "chunk"))[1:] + [{"type": "chunk", "name": "x"}]' \
	'.entries[0].xattrs = {"user.x": "?"}' '.entries[0].modtime = "yesterday"'; do
	jq -c "$edit" foreign.json >edited.json
	with_table edited.json >edited.line
	expect 0 oci-list --no-cache <edited.line
	cmp out whole.mtree
	assert_match '^oci-list: warning: the table of layer 1 is not used: ' err
	expect 0 oci-list --no-cache --quiet <edited.line
	assert_empty err
done
head -c 1000 foreign.json >cut.json
with_table cut.json >edited.line
expect 0 oci-list --no-cache <edited.line
cmp out whole.mtree
assert_match 'warning' err

# Annotations that point to nothing: the same.
for position in 1:2:3 "$offset:99999999:9:1" "$offset:-1:9:1" x "$offset:10:10:2" 18446744073709551615:1:1:1; do
	jq -c ".layers[0].annotations[\"$note.manifest-position\"] = \"$position\"" line >edited.line
	expect 0 oci-list --no-cache <edited.line
	cmp out whole.mtree
	assert_match 'warning: the table of layer 1 is not used' err
done

# A table whose digest is not the manifest's is an error; so is a table that contradicts the tar.
jq -c ".layers[0].annotations[\"$note.manifest-checksum\"] = \"sha256:$(printf '%064d' 0)\"" line >edited.line
assert_failed 65 oci-list oci-list --no-cache <edited.line
assert_match 'digest mismatch' err
jq -c '(.entries[] | select(.name == "many") | .mode) = 511' foreign.json >edited.json
with_table edited.json >edited.line
expect 0 oci-list --no-cache many <edited.line
assert_match 'many .*mode=0777' out
expect 65 oci-flatten --no-cache <edited.line
assert_match "layer 1 is not what its table says" err
oci-push-manifest oci:layout:edited <edited.line >edited.json
expect 65 oci-validate oci:layout:edited
assert_match 'its table is not that of its tar' out
jq -c '(.entries[] | select(.name == "lib/data") | .digest) |= sub("sha256:.."; "sha256:00")' \
	foreign.json >edited.json
with_table edited.json >edited.line
expect 65 oci-flatten --no-cache --only lib/data <edited.line
assert_match "'lib/data' of .* is not what its table says" err
# A listing of the tar itself is preferred.
without_table >plain.line
oci-list <plain.line >listed
expect 0 oci-flatten --only many <edited.line
assert_empty err
tar -xOf out | cmp - dist/many
rm -r cache

# A registry that serves only whole blobs.
start_whole_registry() {
	listen=$(free_port)
	start_nginx "$listen" <<END
	server {
		listen 127.0.0.1:$listen;
		location / {
			proxy_pass http://$registry;
			proxy_set_header Range "";
			proxy_set_header Host \$http_host;
			max_ranges 0;
			access_log $PWD/nginx.access;
		}
	}
END
}
start_whole_registry
image "$registry/example/app:1" lower.tar upper.tar
sed "s|$registry/example|127.0.0.1:$listen/example|g" line >whole.line
expect 0 oci-list -v <whole.line
cmp out plain.mtree
assert_match 'only whole' err
for file in cache/ocinoco/*; do
	case ${file##*/} in sha256-*.names) ;; *) fail "kept as $file" ;; esac
done
rm -r cache
oci-flatten --only lib --only new <whole.line >parts.tar
oci-flatten --only lib --only new <line | cmp - parts.tar

# The other tools that read listings.
rm -r cache
oci-list <line >base.mtree
oci-tar --base base.mtree --root-dir /lib upper >based.tar
image "$registry/example/app:2" lower.tar
expect 0 oci-fetch "$registry/example/app:1"
mv out one.line
expect 0 oci-fetch "$registry/example/app:2"
mv out two.line
expect 1 oci-compare -v --files one.line two.line
! grep 'GET .*: 200' err | grep /blobs/ || fail "a whole blob: $(cat err)"
grep -v '^layer' out >with.diff
for number in one two; do
	cp $number.line line
	without_table >$number.plain
done
expect 1 oci-compare --no-cache --files one.plain two.plain
grep -v '^layer' out | cmp - with.diff
