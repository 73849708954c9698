# Malicious image lines and stored documents: every tool refuses them and names the field.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_dist
ocinoco build dist --from scratch --output oci:good:1 --root-dir /app --cmd /bin/sh --keep kept >/dev/null
oci-fetch oci:good:1 >line

# bad/N.line and bad/N.pattern: what is wrong with one field, and what the message must name.
mkdir bad
python3 - <<'END'
import base64, hashlib, json

line = json.load(open("line"))
config = json.loads(base64.b64decode(line["config"]["data"]))
count = 0


def write(text, pattern):
    global count
    count += 1
    with open(f"bad/{count}.line", "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode() + b"\n")
    with open(f"bad/{count}.pattern", "w") as file:
        file.write(pattern)


def changed(value, *path):
    copy = json.loads(json.dumps(line))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(copy)


def with_config(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    copy = json.loads(json.dumps(line))
    copy["config"].update(
        data=base64.b64encode(data).decode(), size=len(data),
        digest="sha256:" + hashlib.sha256(data).hexdigest())
    return json.dumps(copy)


for size in (-1, 1.5, "7", None, True, [], {}):
    write(changed(size, "layers", 0, "size"), r"layers\[0\]\.size")
whole = changed("SIZE", "layers", 0, "size")
for number in ("9223372036854775808", "-9223372036854775809", "1e400", "1e99999999999", "0x10", "01"):
    write(whole.replace('"SIZE"', number), r"layers\[0\]\.size|malformed")
for digest in ("sha256:", "sha256:00", "md5:00", "sha256:" + "G" * 64, "sha256:" + "A" * 64, 7,
               "../../etc/passwd", "sha256:" + "0" * 63 + "/"):
    write(changed(digest, "layers", 0, "digest"), r"layers\[0\]\.digest")
    write(changed(digest, "config", "digest"), r"config\.digest")
write(changed("none", "layers"), "layers")
write(changed([7], "layers"), r"layers\[0\]")
write(changed({"a": 1}, "annotations"), r"annotations\.a")
write(changed(3, "schemaVersion"), "schemaVersion")
write(changed("not base64!", "config", "data"), r"config\.data")
write(changed(base64.b64encode(b"{}").decode(), "config", "data"), r"config\.data")
write(changed(1 << 62, "config", "size"), r"config\.data|config\.size")
write(json.dumps(line).replace('"schemaVersion"', '"schemaVersion": 2, "schemaVersion"'), "key twice")
write(json.dumps(line)[:-1] + ', "x": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested")
write(json.dumps(line)[:-1] + ', "x": "\\ud800"}', "malformed")
write(json.dumps(line).encode()[:-1] + b', "x": "\xff"}\n', "malformed")
write(json.dumps(line).encode()[:-1] + b', "x": "\0"}\n', "malformed")
write(json.dumps(line).encode(), "newline|cut")
write(b'{"x": "' + b"x" * (100 << 20) + b'"}\n', "line 1|neither a manifest")
write(b" " * (100 << 20), "line 1|newline")
END
for file in bad/*.line; do
	number=$(basename "$file" .line)
	for tool in oci-config 'oci-convert --to oci' 'oci-manifest-append kept/layer.json' oci-inspect oci-layers \
		oci-runtime-config 'oci-push-manifest oci:out:1' oci-save; do
		# shellcheck disable=SC2086 # a command and its arguments
		assert_failed 65 "${tool%% *}" $tool <"$file"
		assert_match "$(cat "bad/$number.pattern")" err
		[ "$(wc -c <err)" -lt 1000 ] || fail "a message of $(wc -c <err) bytes"
	done
done
[ ! -e out/index.json ] || assert_equal '[]' "$(jq -c .manifests out/index.json)"
