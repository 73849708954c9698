# What is in examples/ works: scripts as they stand there, and those inside of the YAML.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
base=$registry/example/base:latest
cp -a "$ROOT/examples" examples
chmod -R u+w examples

# files REPOSITORY:TAG: what the image has beside its base.
files() {
	oci-fetch "$registry/$1" | jq -c '.layers[1:][]' | while read -r layer; do
		echo "$layer" | oci-fetch --blob "$registry/${1%:*}" | zstd -dcq | bsdtar -tf -
	done
}

# The Makefile: everything once, then only what changed.
mkdir -p work/deps work/app
cp examples/make/Makefile work/
echo one >work/deps/library
echo two >work/app/server.js
echo three >work/app/other
build() {
	make -C work -s -j 8 IMAGE="$registry/example/made" BASE="$base"
}
# made FILE...: which of the outputs the last build made again.
made() {
	(cd work/out && find . -name '*.json' -newer ../mark | LC_ALL=C sort | tr -d '\n')
}
build
assert_equal "$(tag_digest example/made:latest)" "$(field .digest work/out/pushed.latest.json)"
files example/made:latest >listing
printf '%s\n' deps/ deps/library app/ app/other app/server.js | diff - listing
touch work/mark
sleep 0.02
touch work/app/server.js
build
assert_equal '' "$(made)" 'nothing changed but a time'
rm work/app/other
build
assert_equal ./app.json./app.tar.json./pushed.latest.json "$(made)" 'a file was removed'
files example/made:latest >listing
printf '%s\n' deps/ deps/library app/ app/server.js | diff - listing
# Another tag of what is there already.
make -C work -s -j 8 IMAGE="$registry/example/made" BASE="$base" TAG=other
assert_equal "$(tag_digest example/made:latest)" "$(tag_digest example/made:other)"
# What fails is made again the next time.
rm work/out/app.json
if make -C work -s IMAGE=127.0.0.1:1/made BASE="$base" >out 2>&1; then fail 'a push to nowhere'; fi
[ ! -e work/out/app.json ] || fail 'a descriptor of what was not pushed'
build
assert_equal "$(tag_digest example/made:latest)" "$(field .digest work/out/pushed.latest.json)"

# recipe NAME: its image, by its script.
recipe() {
	expect 0 "examples/$1/build" "$registry/example/$1:1" "$base"
	assert_empty err
	assert_equal "$(tag_digest "example/$1:1")" "$(field .digest out)"
	files "example/$1:1" | grep -v '/$' | sort >listing
}
git -C examples -c init.defaultBranch=main init -q .
git -C examples add .
recipe node
printf '%s\n' app/package.json app/server.js | diff - listing
assert_equal '["node","server.js"]' "$(oci-fetch --config "$registry/example/node:1" | jq -c .config.Cmd)"
recipe python
printf '%s\n' app/main.py | diff - listing
recipe static-site
printf '%s\n' usr/share/nginx/html/index.html | diff - listing

mkdir -p bin/linux/amd64 bin/linux/arm64
echo amd64 >bin/linux/amd64/hello
echo arm64 >bin/linux/arm64/hello
examples/multi-platform/build "$registry/example/many:1" >out
assert_equal application/vnd.oci.image.index.v1+json "$(field .mediaType out)"
for platform in amd64 arm64; do
	oci-fetch --platform "linux/$platform" "$registry/example/many:1" >image.json
	jq -c '.layers[]' image.json | oci-fetch --blob "$registry/example/many" | zstd -dcq |
		bsdtar -xOf - usr/bin/hello | grep -qx "$platform" || fail "not the program of $platform"
done

# A fleet gets another base; what fails is named and stops nobody else.
for name in node python static-site; do echo "$registry/example/$name:1"; done >fleet
old=$(tag_digest example/node:1)
oci-fetch "$base" | oci-config --env BASE=new | oci-push-manifest "$base" >newbase.json
examples/rebase-fleet/rebase <fleet >out
assert_equal 3 "$(wc -l <out)"
[ "$old" != "$(tag_digest example/node:1)" ] || fail 'not rebased'
while read -r image; do
	oci-fetch --config "$image" | jq -e '.config.Env | index("BASE=new")' >printed || fail "$image"
done <fleet
echo "$registry/example/none:1" | cat - fleet >fleet.more
expect 123 examples/rebase-fleet/rebase <fleet.more
assert_equal 3 "$(wc -l <out)"
assert_match "^rebase: failed: $registry/example/none:1$" err

# The YAML is well formed, and the scripts in it push an image.
yamllint --strict -c examples/.yamllint examples/*.yml examples/*.yaml
script_of() {
	/usr/bin/python3 - "$@" <<'END' | sed "s|ghcr\.io|$registry|g"
import sys, yaml
value = yaml.safe_load(open(sys.argv[1]))
for key in sys.argv[2:]:
    value = value[int(key) if key.isdigit() else key]
print("\n".join(value) if isinstance(value, list) else value)
END
}
export REGISTRY_AUTH_FILE="$PWD/auth.json" BASE="$base"

export ACTOR=someone TOKEN=secret SHA=0123456789 IMAGE="$registry/example/actions"
script_of examples/github-actions.yml jobs image steps 1 run >login
script_of examples/github-actions.yml jobs image steps 2 run >build
sh -e login
assert_equal c29tZW9uZTpzZWNyZXQ= "$(jq -r '.auths[].auth' auth.json)"
sh -e build >out
assert_equal "$(tag_digest example/actions:latest)" "$(field .digest out)"
assert_equal "$(tag_digest example/actions:0123456789)" "$(field .digest out)"

export CI_REGISTRY="$registry" CI_REGISTRY_USER=u CI_REGISTRY_PASSWORD=p CI_COMMIT_SHORT_SHA=abc \
	CI_REGISTRY_IMAGE="$registry/example/lab"
script_of examples/gitlab-ci.yml image script >build
sh -e build >out
assert_equal "$(tag_digest example/lab:abc)" "$(field .digest out)"
assert_equal "$registry" "$(jq -r '.auths | keys[]' auth.json)"

export SOURCE=dist IMAGE="$registry/example/task:1" ROOT_DIR=/app DIGEST_FILE="$PWD/digest"
script_of examples/tekton-task.yaml spec steps 0 script >build
sh build
assert_equal "$(tag_digest example/task:1)" "$(cat digest)"
