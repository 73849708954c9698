# Twice the input is at most 2.5 times the work, counted in instructions: hostile input does not decide how long a tool
# runs.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# work TOOL ARGUMENT...: the number of instructions of a run.
work() {
	tool=$1
	shift
	# Valgrind cannot read the debugging information of every compiler.
	[ -x "stripped/$tool" ] || strip -o "stripped/$tool" "$(readlink -f "$(command -v "$tool")")"
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "stripped/$tool" "$@" >out 2>err ||
		fail "$tool: $(tail -n 3 err)"
	sed -n 's/.*Collected : \([0-9]*\).*/\1/p' err
}

# linear NAME TOOL ARGUMENT...: reads NAME.1, then NAME.2, which is twice as large.
linear() {
	name=$1
	shift
	cp "$name.1" input
	small=$(work "$@" <input)
	cp "$name.2" input
	large=$(work "$@" <input)
	[ $((2 * (large - empty))) -le $((5 * (small - empty))) ] ||
		fail "$name, $1: $small and $large instructions, $empty of them without it"
}

mkdir stripped
python3 - <<'END'
import base64, hashlib, json, os


def line(name, config, **more):
    data = json.dumps(config, separators=(",", ":")).encode()
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                           "digest": "sha256:" + hashlib.sha256(data).hexdigest(), "size": len(data),
                           "data": base64.b64encode(data).decode()}, "layers": []}
    manifest.update(more)
    with open(name, "w") as file:
        file.write(json.dumps(manifest, separators=(",", ":")) + "\n")


def image(**run):
    return {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/x"], **run},
            "rootfs": {"type": "layers", "diff_ids": []}}


line("plain.1", image(User="u"))
for size in (1, 2):
    many = [f"{i:x}" for i in range(size * 500)]
    line(f"labels.{size}", image(Labels=dict.fromkeys(many, ""), User="u"))
    line(f"ports.{size}", image(ExposedPorts={f"{i}/tcp": {} for i in range(1, size * 500)}, User="u"))
    line(f"volumes.{size}", image(Volumes={f"/{i}": {} for i in many}, User="u"))
    line(f"environment.{size}", image(Env=[f"{i}=1" for i in many], User="u"))
    line(f"annotations.{size}", image(User="u"), annotations=dict.fromkeys(many, ""))
    config = image(User="u")
    config.update(dict.fromkeys(("x" + i for i in many), 1))
    line(f"members.{size}", config)
    config = image(User="u")
    config["history"] = [{"created_by": i, "empty_layer": True} for i in many]
    line(f"history.{size}", config)
    os.makedirs(f"root.{size}/etc")
    with open(f"root.{size}/etc/passwd", "w") as file:
        file.write("".join(f"{i}:x:{n}:1::/:/\n" for n, i in enumerate(many)) + "u:x:1:1::/:/\n")
    with open(f"root.{size}/etc/group", "w") as file:
        file.write("".join(f"g{i}:x:{n}:u\n" for n, i in enumerate(many)))
    # Indexes that name each other and the same image many times.
    os.makedirs(f"layout.{size}/blobs/sha256")


def store(size, data):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"layout.{size}/blobs/sha256/{digest}", "wb") as file:
        file.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


for size in (1, 2):
    with open(f"layout.{size}/oci-layout", "w") as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')
    config = store(size, json.dumps(image()).encode())
    config["mediaType"] = "application/vnd.oci.image.config.v1+json"
    entry = store(size, json.dumps({"schemaVersion": 2, "config": config, "layers": []}).encode())
    entry["mediaType"] = "application/vnd.oci.image.manifest.v1+json"
    for level in range(7):
        entries = [dict(entry, annotations={"n": str(n)}) for n in range(size * 20)]
        entry = store(size, json.dumps({"schemaVersion": 2, "manifests": entries}).encode())
        entry["mediaType"] = "application/vnd.oci.image.index.v1+json"
    entry["annotations"] = {"org.opencontainers.image.ref.name": "1"}
    with open(f"layout.{size}/index.json", "w") as file:
        json.dump({"schemaVersion": 2, "manifests": [entry]}, file)

# An index of many images, whose platforms have long names.
for size in (5, 6):
    os.makedirs(f"layout.{size}/blobs/sha256")
    with open(f"layout.{size}/oci-layout", "w") as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')
    config = dict(store(size, json.dumps(image()).encode()), mediaType="application/vnd.oci.image.config.v1+json")
    entries = []
    for number in range((size - 4) * 100):
        manifest = {"schemaVersion": 2, "config": config, "layers": [], "annotations": {"n": str(number)}}
        platform = {"os": "linux", "architecture": "a" * 1000 + str(number)}
        entries.append(dict(store(size, json.dumps(manifest).encode()), platform=platform,
                            mediaType="application/vnd.oci.image.manifest.v1+json"))
    index = dict(store(size, json.dumps({"schemaVersion": 2, "manifests": entries}).encode()),
                 mediaType="application/vnd.oci.image.index.v1+json",
                 annotations={"org.opencontainers.image.ref.name": "1"})
    with open(f"layout.{size}/index.json", "w") as file:
        json.dump({"schemaVersion": 2, "manifests": [index]}, file)

# Artifacts about artifacts, listed in the order that is worst to follow.
for size in (3, 4):
    os.makedirs(f"layout.{size}/blobs/sha256")
    with open(f"layout.{size}/oci-layout", "w") as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')
    config = dict(store(size, b"{}"), mediaType="application/vnd.oci.empty.v1+json")
    entries = []
    for number in range((size - 2) * 100):
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "artifactType": "text/plain", "config": config, "layers": []}
        if entries:
            manifest["subject"] = entries[-1]
        entries.append(dict(store(size, json.dumps(manifest).encode()), mediaType=manifest["mediaType"]))
    entries[0] = dict(entries[0], annotations={"org.opencontainers.image.ref.name": "1"})
    with open(f"layout.{size}/index.json", "w") as file:
        json.dump({"schemaVersion": 2, "manifests": entries[::-1]}, file)
END

# The cost of a run without input is subtracted.
runtime=$(work oci-runtime-config --rootfs root.1 <plain.1)
inspect=$(work oci-inspect <plain.1)
config=$(work oci-config --label a=b --env 5=2 --volume /5 --expose 5 <plain.1)
for input in labels ports volumes environment annotations members history; do
	empty=$runtime
	linear $input oci-runtime-config --rootfs root.1
	empty=$inspect
	linear $input oci-inspect
	empty=$config
	linear $input oci-config --label a=b --env 5=2 --volume /5 --expose 5
done

# Users and groups.
small=$(work oci-runtime-config --rootfs root.1 <plain.1)
large=$(work oci-runtime-config --rootfs root.2 <plain.1)
[ $((2 * large)) -le $((5 * small)) ] || fail "groups: $small and $large instructions"

# Every digest of an index is visited once: seven levels of 20 entries have 20^7 paths; with 40 entries, 128 times as
# many.
for command in 'oci-fetch --platform all' 'oci-fetch --raw --platform linux/amd64'; do
	# shellcheck disable=SC2086 # a command and its arguments
	small=$(work $command oci:layout.1:1 </dev/null)
	# shellcheck disable=SC2086
	large=$(work $command oci:layout.2:1 </dev/null)
	[ $((2 * large)) -le $((5 * small)) ] || fail "$command: $small and $large instructions"
done
for size in 1 2; do
	oci-fetch --raw oci:layout.$size:1 >raw.json
	expect 0 oci-push-manifest --from oci:layout.$size oci:pushed.$size:1 <raw.json
	expect 0 oci-save --from oci:layout.$size <raw.json
	cp out saved.tar
	expect 0 oci-load oci:loaded.$size:1 <saved.tar
	assert_equal 9 "$(find loaded.$size/blobs -type f | wc -l)"
done

# What each image line says about the index does not grow with the index.
oci-fetch --platform all oci:layout.5:1 >wide.1
oci-fetch --platform all oci:layout.6:1 >wide.2
small=$(wc -c <wide.1) large=$(wc -c <wide.2)
[ $((2 * large)) -le $((5 * small)) ] || fail "image lines: $small and $large bytes"
empty=$inspect
linear wide oci-inspect --index
linear wide oci-push-manifest --dry-run --from oci:layout.6 oci:pushed.6:1

# Referrers of images that are kept are kept.
small=$(work oci-gc --dry-run --grace 0 layout.3)
[ ! -s out ] || fail "garbage: $(cat out)"
large=$(work oci-gc --dry-run --grace 0 layout.4)
[ ! -s out ] || fail "garbage: $(cat out)"
[ $((2 * large)) -le $((5 * small)) ] || fail "oci-gc: $small and $large instructions"

# Options and operands. The argument parser's own work for each grows with those before it.
# grows FORMAT TOOL ARGUMENT...: with 400 and 800 arguments more, which printf makes of numbers.
grows() {
	format=$1
	shift
	# shellcheck disable=SC2046,SC2059 # words of the format
	small=$(work "$@" $(printf "$format" $(seq 400)) <plain.1)
	# shellcheck disable=SC2046,SC2059
	large=$(work "$@" $(printf "$format" $(seq 800)) <plain.1)
	[ $((2 * (large - empty))) -le $((5 * (small - empty))) ] ||
		fail "$format, $1: $small and $large instructions, $empty of them without them"
}

empty=$config
for option in label=%s=1 env=N%s=1 unset-env=N%s expose=%s volume=/%s onbuild=%s history=%s; do
	grows " --$option" oci-config
done
grows ' --label %s=1 --env N%s=1' oci-config
empty=$(work oci-push-manifest --dry-run <plain.1)
grows ' --annotation %s=1' oci-push-manifest --dry-run

mkdir many
(cd many && seq 2000 | xargs touch)
empty=$(work oci-tar many/1)
grows ' many/%s' oci-tar
grows ' --exclude=%s' oci-tar many/1
grows ' --whiteout=/%s' oci-tar many/1
grows ' --opaque /%s' oci-tar many/1

# An option that makes no list may be repeated a limited number of times.
# shellcheck disable=SC2046 # two thousand words
expect 64 oci-tar $(printf ' --uid=%s' $(seq 3000)) many/1
assert_message 'oci-tar: too many arguments'
# shellcheck disable=SC2046
expect 0 oci-tar $(printf ' many/%s' $(seq 2000))
assert_equal 2000 "$(tar -tf out | sort -u | wc -l)"

# Exclude patterns: twice as many, twice as long, and twice as many names. The cost of the tree without them is
# subtracted.
python3 - <<'END'
import os

kinds = ["**/name-{}", "*/x{}*.c", "d{}/**", "[a-m]{}?", "!keep-{}", "**/a{}/*b", "e{}", "\\d{}^*", "**.{}", "f*|g{}"]
for size in (1, 2):
    for directory in range(20):
        os.makedirs(f"names.{size}/d{directory}/a{directory}")
        for file in range(size * 20):
            open(f"names.{size}/d{directory}/a{directory}/x{file}-name.c", "w").close()
    with open(f"many.{size}", "w") as file:
        file.write("".join(kinds[i % 10].format(i) + "\n" for i in range(size * 60)))
    with open(f"long.{size}", "w") as file:
        file.write("**/" + "*a" * (size * 300) + "*\n" + "**/a?" * (size * 200) + "\n")
os.mkdir("names.0")
END
nothing=$(work oci-tar names.0)
plain=$(work oci-tar names.1)
for input in many long; do
	small=$(work oci-tar names.1 --exclude-from $input.1)
	large=$(work oci-tar names.1 --exclude-from $input.2)
	[ $((2 * (large - plain))) -le $((5 * (small - plain))) ] ||
		fail "$input patterns: $small and $large instructions, $plain of them without any"
done
small=$(work oci-tar names.1 --exclude-from many.1)
large=$(work oci-tar names.2 --exclude-from many.1)
[ $((2 * (large - nothing))) -le $((5 * (small - nothing))) ] ||
	fail "names: $small and $large instructions, $nothing of them without any"
