# Every system call of a run fails once: the right status, one message, and no incomplete file under a final name.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
# Swift is linked statically, the C library is not: a preloaded library replaces its functions.
clang -std=gnu11 -Wall -Werror -O1 -shared -fPIC -o faults.so "$ROOT/Tests/pipelines/faults.c" -ldl

mkdir -p tree/dir/deep
echo hello >tree/dir/file
ln tree/dir/file tree/link
ln -s dir/file tree/symbolic
mkfifo tree/fifo
printf 'long name\n' >"tree/dir/$(printf '%0150d' 0)"
# More than is read at once.
seq 1 60000 >tree/dir/large
setfattr -n user.note -v noted tree/dir/deep
cp -a tree changed
oci-snapshot changed >changed.mtree
echo more >>changed/dir/file
rm changed/symbolic changed/fifo
oci-diff changed.mtree changed >changes

oci-tar tree >layer.tar
oci-zstd <layer.tar >layer.zst
gzip -nc layer.tar >layer.gz
mkdir empty start
: | oci-tar empty | oci-push-blob oci:start/base >empty.json
oci-push-blob oci:start/base <layer.zst >layer.json
oci-fetch scratch | oci-manifest-append layer.json | oci-config --cmd /dir/file >line
oci-push-manifest oci:start/base:one <line >manifest.json
oci-fetch oci:start/base:one >based
oci-fetch --raw oci:start/base:one >raw
oci-save --from oci:start/base --tag one <raw >archive.tar
oci-push-manifest "$registry/base:one" --from oci:start/base <line >out
oci-push-blob "$registry/base" <layer.zst >out
mkdir -p digested unpacked/root/dir/file logged-in
echo old >digested/line.json
echo old >unpacked/root/symbolic
echo '{"auths":{"elsewhere":{"auth":"YTpi"}}}' >logged-in/auth.json
echo 'open sesame' >password

here=$PWD
jq -n --arg here "$here" --arg registry "$registry" '
	def run($name; $command): {name: $name, command: ($command | split(" "))};
	def from($file): . + {stdin: ($here + "/" + $file)};
	def in($template): . + {template: $template};
	def line: . + {is_line: true};
	def proved: . + {is_proved: true};
	def named: .name += ", named" | . + {is_named: true};
	def stores: line + {repository: true};
	[
		(run("tar"; "oci-tar --xattrs \($here)/tree --root-dir /app --parents") | proved),
		(run("tar list"; "oci-tar --files-from - \($here)/changed") | from("changes") | proved),
		(run("tar rewrite"; "oci-tar --from-tar - --root-dir /app") | from("layer.tar") | proved),
		(run("zstd"; "oci-zstd --threads 2") | from("layer.tar") | proved),
		(run("digest"; "oci-digest") | from("layer.gz") | line),
		(run("digest tee"; "oci-digest --tee line.json") | from("layer.zst") | in("digested") | (., named)),
		(run("blob into a new layout"; "oci-push-blob oci:image") | from("layer.gz") | line),
		(run("blob into a layout"; "oci-push-blob oci:base") | from("layer.tar") | in("start") | line | named),
		(run("manifest into a layout"; "oci-push-manifest oci:new:two --from oci:base") | from("based") | in("start") | line),
		(run("manifest beside another"; "oci-push-manifest oci:base:two") | from("based") | in("start") | line | (., named)),
		(run("fetch from a layout"; "oci-fetch oci:base:one") | in("start")),
		(run("fetch a blob"; "oci-fetch --blob oci:base") | from("layer.json") | in("start")),
		(run("snapshot"; "oci-snapshot --threads 2 \($here)/tree") | proved | .is_cautious = true),
		(run("diff"; "oci-diff --threads 2 \($here)/changed.mtree \($here)/changed") | proved),
		(run("untar"; "oci-untar root") | from("layer.zst") | in("unpacked")),
		(run("save"; "oci-save --from oci:base --tag one") | from("raw") | in("start") | proved),
		(run("load"; "oci-load oci:new:one") | from("archive.tar") | line),
		(run("blob into a registry"; "oci-push-blob --retries 0 \($registry)/@") | from("layer.zst") | stores),
		(run("manifest into a registry"; "oci-push-manifest --retries 0 \($registry)/@:one --from oci:base")
			| from("based") | in("start") | stores),
		run("fetch from a registry"; "oci-fetch --retries 0 \($registry)/base:one"),
		(run("login"; "oci-login --retries 0 --authfile auth.json --username alice \($registry)")
			| from("password") | in("logged-in"))
	]' >faults.json
python3 "$ROOT/Tests/pipelines/faults.py" "$PWD/faults.so" "$storage" <faults.json || fail 'a fault'
