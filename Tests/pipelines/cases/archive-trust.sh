# oci-load publishes only what it hashed, wherever a digest is named, and holds a bounded number of an archive's bytes
# in memory.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir good evil
echo good >good/file
echo evil >evil/file
for tree in good evil; do
	ocinoco build $tree --from scratch --output oci:$tree.oci:1 --cmd '["/file"]' >$tree.json
done
python3 - <<'END'
import io, json, os, tarfile

good, evil = (json.load(open(name + ".json")) for name in ("good", "evil"))
size = os.path.getsize("good.oci/blobs/sha256/" + good["digest"][7:])


def blobs(name):
    directory = name + ".oci/blobs/sha256/"
    return {"blobs/sha256/" + blob: open(directory + blob, "rb").read() for blob in os.listdir(directory)}


def archive(name, files, links=(), entry=good, **changes):
    index = {"schemaVersion": 2, "manifests": [
        {"mediaType": entry["mediaType"], "digest": entry["digest"], "size": entry["size"], **changes,
         "annotations": {"org.opencontainers.image.ref.name": "1"}}]}
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(index).encode(), **files}
    with tarfile.open(name + ".tar", "w") as tar:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for path, kind, target in links:
            info = tarfile.TarInfo(path)
            info.type, info.linkname = kind, target
            tar.addfile(info)


manifest = "blobs/sha256/" + good["digest"][7:]
other = "blobs/sha256/" + evil["digest"][7:]
config = "blobs/sha256/" + json.loads(blobs("good")[manifest])["config"]["digest"][7:]
both = {**blobs("evil"), **blobs("good")}
rest = {path: data for path, data in both.items() if path != manifest}
archive("control", blobs("good"))
archive("link-to-itself", {**rest, "elsewhere": blobs("good")[manifest]},
        [(manifest, tarfile.SYMTYPE, "../../elsewhere")])
archive("symbolic", rest, [(manifest, tarfile.SYMTYPE, "../../" + other)])
archive("hard", rest, [(manifest, tarfile.LNKTYPE, other)])
archive("outside-of-blobs", {**rest, "evil.json": blobs("evil")[other]},
        [(manifest, tarfile.SYMTYPE, "../../evil.json")])
archive("config", {path: data for path, data in both.items() if path != config} | {"c": b"{}"},
        [(config, tarfile.SYMTYPE, "../../c")])
archive("size", both, size=good["size"] + 1)
layer = json.loads(both[manifest])
layer["layers"][0]["size"] += 1
import hashlib
data = json.dumps(layer).encode()
digest = hashlib.sha256(data).hexdigest()
archive("layer-size", {**both, "blobs/sha256/" + digest: data}, digest="sha256:" + digest, size=len(data))
archive("link-twice", both, [("a", tarfile.SYMTYPE, "b"), ("a", tarfile.SYMTYPE, "c")])
archive("link-over-file", both, [(manifest, tarfile.SYMTYPE, "../../" + other)])


# Docker's archives of an image that was saved by its ID, and of one without layers.
image = b'{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":null}}'
name = hashlib.sha256(image).hexdigest()
empty = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {
    "mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + name, "size": len(image)},
    "layers": None}
data = json.dumps(empty).encode()
digest = hashlib.sha256(data).hexdigest()
archive("no-layers", {"blobs/sha256/" + name: image, "blobs/sha256/" + digest: data},
        digest="sha256:" + digest, size=len(data))
archive("by-id", {"blobs/sha256/" + name: image,
                  "index.json": b'{"schemaVersion":2,"manifests":null}',
                  "manifest.json": json.dumps([{"Config": "blobs/sha256/" + name, "RepoTags": None,
                                                "Layers": None}]).encode()})

# Names of half a MiB each: a hundred of them exceed the bound.
with tarfile.open("names.tar", "w", format=tarfile.PAX_FORMAT) as tar:
    for number in range(100):
        info = tarfile.TarInfo(f"{number}/" + "a" * (1 << 19))
        info.type, info.linkname = tarfile.SYMTYPE, "b" * ((1 << 19) - 200)
        tar.addfile(info)
END

for archive in control link-to-itself; do
	rm -rf loaded
	oci-load oci:loaded <$archive.tar | cmp - good.json || fail "$archive: another descriptor"
	oci-fetch --raw oci:loaded:1 >raw
	assert_equal "$(field .digest good.json)" "$(digest_of raw)"
done
start_registry plain
for archive in symbolic hard outside-of-blobs config size layer-size link-twice link-over-file; do
	for target in oci:refused "$registry/example/refused:1"; do
		assert_failed 65 oci-load oci-load "$target" <$archive.tar
	done
done
expect 69 oci-fetch --tags "$registry/example/refused"
[ ! -e refused/index.json ] || assert_equal '[]' "$(jq -c .manifests refused/index.json)"
for archive in no-layers by-id; do
	expect 0 oci-load oci:$archive:1 <$archive.tar
	assert_equal 0 "$(oci-fetch --raw oci:$archive:1 | jq '.layers | length')"
done

assert_failed 65 oci-load /usr/bin/time -q -f %M -o peak oci-load oci:names <names.tar
assert_match 'more than 67108864 bytes of documents' err
[ "$(cat peak)" -lt 131072 ] || fail "$(cat peak) KiB for names"
