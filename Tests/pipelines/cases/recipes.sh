# The files in examples/ work: scripts as they stand there, and the scripts inside YAML.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
base=$registry/example/base:latest
cp -a "$ROOT/examples" examples
chmod -R u+w examples

# files REPOSITORY:TAG: the files that the image has in addition to its base.
files() {
	oci-fetch "$registry/$1" | jq -c '.layers[1:][]' | while read -r layer; do
		echo "$layer" | oci-fetch --blob "$registry/${1%:*}" | zstd -dcq | bsdtar -tf -
	done
}

# The Makefile makes everything once, then only what changed.
mkdir -p work/deps work/app
cp examples/make/Makefile work/
echo one >work/deps/library
echo two >work/app/server.js
echo three >work/app/other
build() {
	make -C work -s -j 8 IMAGE="$registry/example/made" BASE="$base" "$@"
}
# made FILE...: those outputs that the last build made again.
made() {
	(cd work/out && find . -type f -newer ../mark | LC_ALL=C sort | tr -d '\n')
}
build
assert_equal "$(tag_digest example/made:latest)" "$(field .digest work/out/pushed.latest.json)"
files example/made:latest >listing
printf '%s\n' deps/ deps/library app/ app/other app/server.js | diff - listing
touch work/mark
sleep 0.02
touch work/app/server.js
before=$(blob_uploads)
build
assert_equal '' "$(made)" 'nothing changed but a time'
assert_equal "$before" "$(blob_uploads)" 'nothing is sent'
rm work/app/other
build
assert_equal ./pushed.latest.json "$(made)" 'a file was removed'
assert_equal "$((before + 2))" "$(blob_uploads)" 'one layer and the config'
files example/made:latest >listing
printf '%s\n' deps/ deps/library app/ app/server.js | diff - listing
# Another tag for an existing image.
build TAG=other
assert_equal "$(tag_digest example/made:latest)" "$(tag_digest example/made:other)"
# A failed push keeps the previous files.
if make -C work -s IMAGE=127.0.0.1:1/made BASE="$base" >out 2>&1; then fail 'a push to nowhere'; fi
assert_equal "$(tag_digest example/made:latest)" "$(field .digest work/out/pushed.latest.json)"

# recipe NAME: the image made by the script of NAME.
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

# Each platform on a machine of its own: only image lines travel.
machines=$ROOT/examples/many-machines
for platform in amd64 arm64; do
	mkdir -p "lines/$platform"
	"$machines/one" "linux/$platform" "bin/linux/$platform" "$registry/example/joined:1" >"lines/$platform/image.json"
	assert_equal '' "$(tag_digest example/joined:1)" 'no tag before the last job'
done
"$machines/join" "$registry/example/joined:1" lines >out
assert_equal "$(tag_digest example/many:1)" "$(field .digest out)" 'as on one machine'

# Many images get another base; a failure is named and does not stop the others.
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
expect 1 examples/rebase-fleet/rebase <fleet.more
assert_empty out
assert_match "no such manifest: '$registry/example/none:1'$" err

# The YAML is well-formed, and the scripts in it push an image.
yamllint --strict -c examples/.yamllint "$ROOT/action.yml" examples/*.y*ml examples/*/*.y*ml
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

# script_of_jenkins FILE: the commands of its one sh step.
script_of_jenkins() {
	sed -n "/sh '''/,/'''/p" "$1" | sed "1d; \$d; s|ghcr\.io|$registry|g"
}
export REGISTRY_USER=u REGISTRY_PASSWORD=p GIT_COMMIT=fedcba IMAGE="$registry/example/jenkins"
script_of_jenkins examples/Jenkinsfile >build
sh -e build >out
assert_equal "$(tag_digest example/jenkins:fedcba)" "$(field .digest out)"

export CI_COMMIT_SHA=abcdef IMAGE="$registry/example/woodpecker"
script_of examples/woodpecker.yml steps 0 commands >build
sh -e build >out
assert_equal "$(tag_digest example/woodpecker:abcdef)" "$(field .digest out)"

# The graphs of several machines: each step in turn, as its system would run it.
# graph NAME FILE JOB LAST: JOB and LAST are the places of two scripts in FILE.
graph() {
	rm -rf lines
	export IMAGE="$registry/example/$1:1" BASE=scratch
	for PLATFORM in linux/amd64 linux/arm64; do
		export PLATFORM
		# shellcheck disable=SC2086 # keys
		script_of "$2" $3 >job
		sh -e job
	done
	# shellcheck disable=SC2086
	script_of "$2" $4 >job
	sh -e job >out
	assert_equal "$(tag_digest example/joined:1)" "$(tag_digest "example/$1:1")" "$1"
}
graph tekton examples/many-machines/tekton-pipeline.yaml 'spec tasks 0 taskSpec steps 0 script' \
	'spec tasks 1 taskSpec steps 0 script'
graph argo examples/many-machines/argo-workflow.yaml 'spec templates 1 script source' \
	'spec templates 2 script source'

# The matrix of GitHub: the last job finds the artifacts as directories.
export ACTOR=someone TOKEN=secret IMAGE="$registry/example/matrix"
file=examples/many-machines/github-actions.yml
mkdir artifacts
mv bin programs
for platform in amd64 arm64; do
	export PLATFORM="linux/$platform"
	rm -rf bin lines
	cp -a "programs/linux/$platform" bin
	printf '.PHONY: bin\nbin:\n' >Makefile
	script_of "$file" jobs platform steps 2 run >job
	sh -e job
	mkdir "artifacts/image-$platform"
	mv lines/image.json "artifacts/image-$platform/"
done
rm -rf lines bin
mv artifacts lines
mv programs bin
script_of "$file" jobs join steps 3 run >job
sh -e job >out
assert_equal "$(tag_digest example/joined:1)" "$(tag_digest example/matrix:latest)" matrix

# The action: it installs a tarball, here one of the tested tools, and runs commands with them.
version=$(make -C "$ROOT" -s --no-print-directory print-version)
assert_equal "$version" "$(script_of "$ROOT/action.yml" inputs version default)"
name=ocinoco-$version-linux-$(uname -m)
mkdir -p "action/$name/bin" runner
printf '#!/bin/sh\necho "it runs: $*"\n' >"action/$name/bin/ocinoco"
chmod 755 "action/$name/bin/ocinoco"
tar -C action -czf tarball.tar.gz "$name"
script_of "$ROOT/action.yml" runs steps 0 run >job
: >path
install_action() {
	env VERSION="$version" TARBALL="$PWD/tarball.tar.gz" SHA256="$1" RUNNER_TEMP="$PWD/runner" \
		REPOSITORY=https://127.0.0.1:1/none GITHUB_PATH="$PWD/path" sh -eu job
}
expect 1 install_action 00
assert_empty path
install_action "$(sha256sum <tarball.tar.gz | cut -d ' ' -f 1)"
assert_equal "$PWD/runner/ocinoco/$name/bin" "$(cat path)"
script_of "$ROOT/action.yml" runs steps 1 run >job
COMMANDS='ocinoco build' PATH="$(cat path):$PATH" sh -eu job >printed
assert_equal 'it runs: build' "$(cat printed)"
