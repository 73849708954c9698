# Keys that Go programs would confuse are refused in every document, and the message has the path.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir dist
echo hi >dist/file
ocinoco build dist --from scratch --output oci:good:1 --cmd '["/file"]' >good.json
oci-fetch oci:good:1 >line
manifest=good/blobs/sha256/$(field .digest good.json | cut -d: -f2)

# layout NAME FILTER: the layout, with its manifest changed by jq.
layout() {
	rm -rf "$1"
	cp -R good "$1"
	jq -c "$2" "$manifest" | tr -d '\n' >changed
	digest=$(digest_of changed)
	cp changed "$1/blobs/sha256/${digest#sha256:}"
	jq -c --arg digest "$digest" --argjson size "$(wc -c <changed)" \
		'.manifests[0] += {digest: $digest, size: $size}' good/index.json >"$1/index.json"
}

# config FILTER: the image line, with its config changed by jq.
config() {
	field .config.data line | base64 -d | jq -c "$1" | tr -d '\n' >changed
	jq -c --arg digest "$(digest_of changed)" --argjson size "$(wc -c <changed)" --arg data "$(base64 -w 0 changed)" \
		'.config += {digest: $digest, size: $size, data: $data}' line
}

refused_by() {
	path=$1 key=$2
	shift 2
	assert_failed 65 "${1%% *}" "$@" <input
	assert_match "$path: spelled otherwise than '$key'" err
}

# Manifests, from a layout and as lines or bytes.
while read -r key path filter; do
	layout bad "$filter"
	: >input
	refused_by "$path" "$key" oci-fetch oci:bad:1
	jq -c "$filter" line >input
	refused_by "$path" "$key" oci-inspect
	refused_by "$path" "$key" oci-push-manifest oci:pushed:1
	jq -c "$filter" "$manifest" >input
	refused_by "$path" "$key" oci-push-manifest --from oci:good oci:pushed:1
done <<'END'
layers Layers . + {Layers: .layers}
layers layerſ|\["layerſ"\] . + {"layerſ": .layers}
config CONFIG . + {CONFIG: .config}
digest layers\[0\]\.Digest .layers[0].Digest = .layers[0].digest
mediaType MediaType .MediaType = .mediaType
annotations Annotations . + {Annotations: {}}
END

# Configs: keys of labels may differ in case alone.
while read -r key path filter; do
	config "$filter" >input
	refused_by "$path" "$key" oci-config --env A=1
	refused_by "$path" "$key" oci-runtime-config
	refused_by "$path" "$key" oci-layers
done <<'END'
Cmd config\.cmd .config.cmd = ["/evil"]
rootfs Rootfs . + {Rootfs: .rootfs}
diff_ids rootfs\.Diff_ids .rootfs.Diff_ids = []
Labels config\["Labelſ"\] .config["Labelſ"] = {}
created history\[0\]\.Created .history[0].Created = null
END
config '.config.Labels = {"a": "1", "A": "2"}' >input
expect 0 oci-runtime-config <input

# Layouts and archives.
: >input
for change in '.Manifests = .manifests' '.manifests[0].Annotations = {}' '.manifests[0].Platform = null' \
	'.SchemaVersion = 2'; do
	rm -rf bad
	cp -R good bad
	jq -c "$change" good/index.json >bad/index.json
	assert_failed 65 oci-fetch oci-fetch --tags oci:bad
	assert_match 'spelled otherwise' err
	tar -C bad -cf bad.tar .
	assert_failed 65 oci-load oci-load oci:loaded <bad.tar
	assert_match 'spelled otherwise' err
done
cp good/index.json bad/index.json
echo '{"imageLayoutVersion":"1.0.0","ImageLayoutVersion":"2"}' >bad/oci-layout
assert_failed 65 oci-fetch oci-fetch oci:bad:1
[ ! -e pushed/index.json ] || assert_equal '[]' "$(jq -c .manifests pushed/index.json)"
