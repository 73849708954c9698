"""chunked_layer.py DESCRIPTOR BLOB TAR: checks a zstd:chunked layer like a reader of its table.

Everything is found by the descriptor's annotations alone. Every frame is decoded alone by zstd(1), every
digest is checked, the tar is rebuilt from tar-split and the payloads, and the table is compared with the
entries that Python's tarfile finds. Prints the numbers of files and chunks."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tarfile
from datetime import datetime, timezone

KEY = "io.github.containers.zstd-chunked."
TYPES = {"reg": tarfile.REGTYPE, "hardlink": tarfile.LNKTYPE, "symlink": tarfile.SYMTYPE,
         "char": tarfile.CHRTYPE, "block": tarfile.BLKTYPE, "dir": tarfile.DIRTYPE,
         "fifo": tarfile.FIFOTYPE}

descriptor = json.load(open(sys.argv[1]))
blob = open(sys.argv[2], "rb").read()
tar = open(sys.argv[3], "rb").read()
annotations = descriptor["annotations"]


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def check(condition, problem):
    if not condition:
        sys.exit(f"chunked_layer.py: {problem}")


def decode(start, end):
    return subprocess.run(["zstd", "-dcq"], input=blob[start:end], capture_output=True,
                          check=True).stdout


def numbers(key, count):
    values = [int(part) for part in annotations[KEY + key].split(":")]
    check(len(values) == count, f"{key} has not {count} numbers")
    return values


CRC = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0xD800000000000000 if byte & 1 else 0)
    CRC.append(byte)


def crc64(data):
    value = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        value = value >> 8 ^ CRC[(value ^ byte) & 0xFF]
    return (value ^ 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big")


def seconds(text):
    whole = text.rstrip("Z").split(".")[0]
    moment = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return round((moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds())


check(descriptor["digest"] == sha256(blob), "the digest is not that of the blob")
check(descriptor["mediaType"] == "application/vnd.oci.image.layer.v1.tar+zstd", "media type")
check(annotations["containerd.io/uncompressed"] == sha256(tar), "the diffID")
check(decode(0, len(blob)) == tar, "the whole does not decompress to the tar")

# The footer and the annotations agree.
offset, size, plain, kind = numbers("manifest-position", 4)
split_offset, split_size, split_plain = numbers("tarsplit-position", 3)
footer = blob[-72:]
check(footer[:8] == bytes.fromhex("502a4d1840000000") and footer[-8:] == b"GNUlInUx", "footer")
check([int.from_bytes(footer[8 + 8 * i:16 + 8 * i], "little") for i in range(7)]
      == [offset, size, plain, kind, split_offset, split_size, split_plain], "footer's numbers")
check(split_offset + split_size == len(blob) - 72 and offset + size + 8 == split_offset, "order")

stored = blob[offset:offset + size]
check(annotations[KEY + "manifest-checksum"] == sha256(stored), "the table's digest")
text = decode(offset, offset + size)
check(len(text) == plain and kind == 1, "the table's size")
table = json.loads(text)
check(table["version"] == 1, "version")
check(table["tarSplitDigest"] == sha256(blob[split_offset:split_offset + split_size]), "tar-split")
lines = decode(split_offset, split_offset + split_size)
check(len(lines) == split_plain, "tar-split's size")

# Every file alone; each chunk ends where the next one begins.
entries = [entry for entry in table["entries"] if entry["type"] != "chunk"]
check(len({entry["name"] for entry in entries}) == len(entries), "a name twice")
payloads, chunks, current = {}, {}, None
for entry in table["entries"]:
    if entry["type"] == "chunk":
        check(current is not None and current["name"] == entry["name"], "a chunk of another file")
        chunks[entry["name"]].append(entry)
    else:
        current = entry
        chunks[entry["name"]] = [entry]
last = 0
for entry in entries:
    name, parts = entry["name"], chunks[entry["name"]]
    if entry.get("size", 0) == 0:
        check("digest" not in entry and "offset" not in entry, f"{name}: an empty file with a frame")
        payloads[name] = b""
        continue
    check(last < entry["offset"] < entry["endOffset"], f"{name}: the order of frames")
    last = entry["endOffset"]
    whole = b""
    for index, part in enumerate(parts):
        end = parts[index + 1]["offset"] if index + 1 < len(parts) else entry["endOffset"]
        data = decode(part["offset"], end)
        if len(parts) > 1:
            check(part.get("chunkOffset", 0) == len(whole), f"{name}: chunkOffset")
            check(part["chunkSize"] == len(data), f"{name}: chunkSize")
            check(part["chunkDigest"] == sha256(data), f"{name}: chunkDigest")
            check((part.get("chunkType") == "zeros") == (not any(data)), f"{name}: chunkType")
        else:
            check("chunkDigest" not in part and "chunkSize" not in part, f"{name}: one chunk")
        whole += data
    check(entry["digest"] == sha256(whole) and entry["size"] == len(whole), f"{name}: digest")
    payloads[name] = whole

# The tar from tar-split and the payloads.
rebuilt, position, names = b"", 0, []
for line in lines.splitlines():
    item = json.loads(line)
    check(item["position"] == position, "positions")
    position += 1
    if item["type"] == 2:
        rebuilt += base64.b64decode(item["payload"], validate=True)
        continue
    name = item["name"]
    names.append(name)
    data = payloads[name]
    check(item.get("size", 0) == len(data), f"{name}: size in tar-split")
    if len(data) < 1 << 20:
        check(item["payload"] == (base64.b64encode(crc64(data)).decode() if data else None),
              f"{name}: CRC-64")
    rebuilt += data
check(rebuilt == tar, "tar-split and payloads are not the tar")
check(names == [entry["name"] for entry in entries], "tar-split and table differ")

# The entries in the table.
with tarfile.open(sys.argv[3], encoding="utf-8", errors="surrogateescape") as archive:
    members = archive.getmembers()
check(len(members) == len(entries), "entries are missing")
for entry, member in zip(entries, members):
    name = entry["name"]
    check(name.rstrip("/") == member.name.rstrip("/"), f"{name} is {member.name}")
    check(TYPES[entry["type"]] == member.type, f"{name}: type")
    check(entry.get("mode", 0) == member.mode, f"{name}: mode")
    check((entry.get("uid", 0), entry.get("gid", 0)) == (member.uid, member.gid), f"{name}: owner")
    check(seconds(entry["modtime"]) == member.mtime // 1, f"{name}: time")
    check(entry.get("linkName", "") == member.linkname, f"{name}: link")
    check(entry.get("size", 0) == member.size, f"{name}: size")
    xattrs = {key[len("SCHILY.xattr."):]: value for key, value in member.pax_headers.items()
              if key.startswith("SCHILY.xattr.")}
    check(set(entry.get("xattrs", {})) == set(xattrs), f"{name}: xattrs")
    for key, value in xattrs.items():
        check(base64.b64decode(entry["xattrs"][key])
              == value.encode("utf-8", "surrogateescape"), f"{name}: {key}")
print(sum(1 for entry in entries if entry.get("size", 0)),
      sum(len(parts) for parts in chunks.values() if len(parts) > 1))
