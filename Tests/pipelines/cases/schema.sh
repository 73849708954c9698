# image-spec's JSON Schema as a second opinion on every document that is written.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# judge LAYOUT...: validates; `judged` gets the number of documents of each kind, `said` the faults.
judge() {
	# The Python that Debian's packages are installed for.
	/usr/bin/python3 "$ROOT/Tests/pipelines/validate_layout.py" "$@" >judged 2>said
}

start_registry plain
push_base
make_dist
base=$registry/example/base:latest

# changed FILTER FILE: a document, changed by jq, as a blob of the layout `bad`; prints `{digest, size}`.
changed() {
	jq -c "$1" "$2" >new.json
	cp new.json "bad/blobs/sha256/$(sha256sum <new.json | cut -d ' ' -f 1)"
	printf '{"digest":"%s","size":%d}' "$(digest_of new.json)" "$(wc -c <new.json)"
}

# The validation itself: a good layout, then one with a fault in it.
ocinoco build dist --from scratch --tag x --output oci:good:1 --root-dir /app --created 2024-01-02T03:04:05Z \
	--history x >/dev/null
judge good || fail "$(cat said)"
assert_equal 'blob=1 config=1 index=1 layout=1 manifest=1' "$(cat judged)"
manifest=good/blobs/sha256/$(field '.manifests[0].digest | split(":")[1]' good/index.json)
config=good/blobs/sha256/$(field '.config.digest | split(":")[1]' "$manifest")
while IFS='|' read -r kind filter pattern; do
	rm -rf bad
	cp -r good bad
	case $kind in
	layout) jq -c "$filter" good/oci-layout >bad/oci-layout ;;
	index) jq -c "$filter" good/index.json >bad/index.json ;;
	manifest) jq -c ".manifests[0] += $(changed "$filter" "$manifest")" good/index.json >bad/index.json ;;
	config)
		new=$(changed "$filter" "$config")
		jq -c ".manifests[0] += $(changed ".config += $new" "$manifest")" good/index.json >bad/index.json
		;;
	esac
	! judge bad || fail "passed: $kind $filter"
	assert_match "$pattern" said
done <<'END'
layout|.imageLayoutVersion = 1|imageLayoutVersion
index|.schemaVersion = 1|schemaVersion
index|.manifests[0].size = "7"|size
index|.manifests[0].mediaType = "none"|mediaType
index|.manifests[0].size += 1|not what its descriptor says
manifest|.layers = []|layers
manifest|.subject = {"mediaType":"a/b"}|subject
manifest|.artifactType = ""|artifactType
manifest|.mediaType = "application/vnd.oci.image.index.v1+json"|elsewhere
config|.rootfs.diff_ids = "none"|diff_ids
config|.history[0].created = "2024-01-02T03:04:05"|history
config|.config.Volumes = {"/x":1}|Volumes
config|del(.os)|os
config|.rootfs.diff_ids += ["sha256:00"]|not as many
END

# Every option of oci-config, and an image for each of several platforms.
# shellcheck disable=SC2016 # is not for the shell
for platform in linux/amd64 linux/arm/v7 windows/amd64; do
	oci-fetch "$base" | oci-config --platform "$platform" --entrypoint '["/bin/sh","-c"]' \
		--cmd 'echo $A' --env A=b --env 'C=d e' --unset-env C --workdir /app --user 1:2 --label k=v \
		--expose 80/tcp --expose 53/udp --volume /data --stop-signal SIGINT \
		--healthcheck 'true || false' --author 'A <a@b>' --created 2024-01-02T03:04:05.678Z \
		--history 'a note'
done >lines
oci-push-manifest --annotation a=b oci:all:platforms "$registry/example/base:platforms" <lines >/dev/null
head -n 1 lines | oci-config --clear env --clear labels --clear ports --clear volumes --no-healthcheck |
	oci-push-manifest oci:all:cleared >/dev/null
head -n 1 lines | oci-push-manifest --index oci:all:index >/dev/null

# Layers of every compression, also on a base of Docker's, and an image that was rebased and repacked.
skopeo_copy --format v2s2 "docker://$base" "docker://$registry/example/base:docker"
for compress in zstd gzip none; do
	ocinoco build dist --from "$registry/example/base:docker" --tag x --output "oci:all:$compress" \
		--root-dir /app --compress "$compress" --created-by 'a layer' --annotation c=d >/dev/null
done
oci-fetch "$registry/example/base:docker" | oci-convert --to oci | oci-push-manifest oci:all:converted >/dev/null
ocinoco build dist --from "$base" --tag "$registry/example/app:1" --push --platform linux/amd64 >/dev/null
ocinoco rebase "$registry/example/app:1" --onto "$registry/example/base:platforms" --tag oci:all:rebased >/dev/null
ocinoco unpack "$registry/example/app:1" bundle
echo more >bundle/rootfs/more
ocinoco repack bundle --output oci:all:repacked --cmd '["/bin/sh"]' >/dev/null

# Artifacts with and without blobs, about an image, an index and an artifact.
echo sbom | oci-push-blob --media-type text/x-sbom oci:all >blob.json
oci-artifact --type text/x-sbom --subject oci:all:zstd --annotation e=f <blob.json | oci-push-manifest oci:all >sbom
oci-artifact --type text/x-sbom --subject oci:all:platforms <blob.json | oci-push-manifest oci:all >/dev/null
oci-artifact --type a/b --subject-file sbom <blob.json | oci-push-manifest oci:all >/dev/null
echo '{}' >config.json
oci-artifact --config config.json --config-type application/vnd.example+json <blob.json |
	oci-push-manifest oci:all:chart >/dev/null

# The archive's layout, the layout it is loaded into, and the list that replaces a registry's list of referrers.
oci-fetch --raw oci:all:platforms | oci-save --from oci:all --tag example/platforms:1 >archive.tar
mkdir archive
bsdtar -xf archive.tar -C archive
oci-load oci:loaded <archive.tar >/dev/null
oci-push-blob --media-type text/x-sbom "$registry/example/base" <blob.json |
	oci-artifact --type text/x-sbom --subject "$base" | oci-push-manifest "$registry/example/base" >/dev/null
ocinoco copy "$registry/example/base:sha256-$(tag_digest example/base:latest | cut -d : -f 2)" oci:list:referrers >/dev/null

judge all archive loaded list || fail "$(cat said)"
assert_equal 'blob=13 config=14 index=9 layout=4 manifest=21' "$(cat judged)"
