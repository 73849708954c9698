"""validate_layout.py DIR...: validates the documents of image layouts by the JSON Schema of image-spec.

Prints the number of documents of each kind. The schemas are those of the Debian package
golang-github-opencontainers-image-spec-dev, with the additions of v1.1.0; Docker's documents have no
schema. In addition, every document must match its descriptor in place, digest, size and type.
"""

import collections
import datetime
import hashlib
import json
import os
import re
import sys

import jsonschema

SCHEMAS = "/usr/share/gocode/src/github.com/opencontainers/image-spec/schema"
KINDS = {
    "application/vnd.oci.image.index.v1+json": "index",
    "application/vnd.oci.image.manifest.v1+json": "manifest",
    "application/vnd.oci.image.config.v1+json": "config",
}
checker = jsonschema.FormatChecker(formats=())


@checker.checks("date-time", raises=ValueError)
def is_time(text):
    # RFC 3339 requires a "T", seconds and a zone; fromisoformat does not.
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text):
        return False
    return bool(datetime.datetime.fromisoformat(re.sub(r"\.\d+", "", text)))


@checker.checks("uri")
def is_uri(text):
    return bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+", text))


def schema(uri):
    with open(f"{SCHEMAS}/{uri.rsplit('/', 1)[-1]}") as file:
        document = json.load(file)
    kind = document.get("id", "").rsplit("/", 1)[-1]
    properties = document.get("properties", {})
    media_type = {"$ref": "defs-descriptor.json#/definitions/mediaType"}
    # The additions of v1.1.0 to its second release candidate.
    if kind in ("manifest", "index", "descriptor"):
        properties["artifactType"] = media_type
    if kind in ("manifest", "index"):
        properties["subject"] = {"$ref": "content-descriptor.json"}
    if kind == "descriptor":
        properties["data"] = {"type": "string", "pattern": "^[A-Za-z0-9+/]*=*$"}
    return document


def validator(kind):
    name = kind if kind == "config" else f"image-{kind}"
    document = schema(f"{name}-schema.json")
    # draft-04 has the first form of "id"; every reference names a file in the same directory.
    resolver = jsonschema.RefResolver(
        document["id"], document, handlers={"https": schema, "http": schema})
    return jsonschema.Draft4Validator(document, resolver=resolver, format_checker=checker)


VALIDATORS = {kind: validator(kind) for kind in ("index", "manifest", "config", "layout")}
counts = collections.Counter()


def judge(path, kind, data):
    document = json.loads(data, object_pairs_hook=unique)
    for error in VALIDATORS[kind].iter_errors(document):
        sys.exit(f"{path}: no {kind} of image-spec: {error.json_path}: {error.message[:300]}")
    counts[kind] += 1
    return document


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        sys.exit(f"a key twice: {keys}")
    return dict(pairs)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def follow(layout, descriptor, seen):
    if descriptor["digest"] in seen:
        return
    seen.add(descriptor["digest"])
    algorithm, encoded = descriptor["digest"].split(":")
    path = f"{layout}/blobs/{algorithm}/{encoded}"
    data = read(path)
    if hashlib.new(algorithm, data).hexdigest() != encoded or len(data) != descriptor["size"]:
        sys.exit(f"{path}: not what its descriptor says")
    kind = KINDS.get(descriptor["mediaType"])
    if not kind:
        counts["blob"] += 1
        return
    document = judge(path, kind, data)
    if document.get("mediaType", descriptor["mediaType"]) != descriptor["mediaType"]:
        sys.exit(f"{path}: '{document['mediaType']}' is '{descriptor['mediaType']}' elsewhere")
    children = document.get("manifests", []) + document.get("layers", [])
    for child in children + [document[key] for key in ("config",) if kind == "manifest"]:
        follow(layout, child, seen)
    if kind == "manifest" and document["config"]["mediaType"] in KINDS:
        _, encoded = document["config"]["digest"].split(":")
        config = json.loads(read(f"{layout}/blobs/{algorithm}/{encoded}"))
        layers = [entry for entry in config.get("history", []) if not entry.get("empty_layer")]
        if not len(document["layers"]) == len(config["rootfs"]["diff_ids"]) == len(layers):
            sys.exit(f"{path}: layers, diffIDs and history are not as many")


for layout in sys.argv[1:]:
    judge(f"{layout}/oci-layout", "layout", read(f"{layout}/oci-layout"))
    index = judge(f"{layout}/index.json", "index", read(f"{layout}/index.json"))
    seen = set()
    for entry in index["manifests"]:
        follow(layout, entry, seen)
    listed = {digest.split(":")[1] for digest in seen}
    files = set(os.listdir(f"{layout}/blobs/sha256"))
    if files - listed:
        counts["unlisted blob"] += len(files - listed)
print(" ".join(f"{kind}={count}" for kind, count in sorted(counts.items())))
