"""foreign_chunked.py LAYER CHANGE: a zstd:chunked layer without a mark and a layer trailer, as other programs write it.

The layer goes to stdout, its annotations to descriptor 3. CHANGE is none, tar-split (all but 100 bytes of it are
missing) or offset (the frames of one file begin a byte too late).
"""

import hashlib
import json
import os
import struct
import subprocess
import sys

path, change = sys.argv[1:]
layer = open(path, "rb").read()
MAGIC = 0x184D2A50
numbers = struct.unpack("<7Q", layer[-64:-8])
table_offset, table_size, _, kind, split_offset, split_size, split_full = numbers
table = json.loads(subprocess.run(["zstd", "-dcq"], input=layer[table_offset:table_offset + table_size],
                                  stdout=subprocess.PIPE, check=True).stdout)
split = layer[split_offset:split_offset + split_size]
# The trailer is the skippable frame right before that of the table.
trailer = next(place for place in range(max(entry.get("endOffset", 0) for entry in table["entries"]), table_offset - 8)
               if layer[place + 1:place + 4] == b"\x2a\x4d\x18" and layer[place] >> 4 == 5
               and place + 16 + struct.unpack("<I", layer[place + 4:place + 8])[0] == table_offset)
# Without the mark in the first frame, which announces the trailer.
mark = layer.index(bytes(6))
frames = layer[:mark] + layer[mark + 6:trailer]
for entry in table["entries"]:
    for key in "offset", "endOffset":
        if key in entry:
            entry[key] -= 6

if change == "tar-split":
    split = split[:100]
if change == "offset":
    entry = next(entry for entry in table["entries"] if entry.get("size", 0) > 0)
    entry["offset"] += 1
text = json.dumps(table, separators=(",", ":")).encode()
packed = subprocess.run(["zstd", "-cq"], input=text, stdout=subprocess.PIPE, check=True).stdout


def skippable(payload):
    return struct.pack("<II", MAGIC, len(payload)) + payload


table_offset = len(frames) + 8
split_offset = table_offset + len(packed) + 8
footer = struct.pack("<7Q", table_offset, len(packed), len(text), kind, split_offset, len(split), split_full)
sys.stdout.buffer.write(frames + skippable(packed) + skippable(split) + skippable(footer + b"GNUlInUx"))
name = "io.github.containers.zstd-chunked."
os.write(3, json.dumps({
    name + "manifest-checksum": "sha256:" + hashlib.sha256(packed).hexdigest(),
    name + "manifest-position": f"{table_offset}:{len(packed)}:{len(text)}:{kind}",
    name + "tarsplit-position": f"{split_offset}:{len(split)}:{split_full}",
}).encode())
