# shellcheck shell=sh
# Functions for the cases. A case begins with `. "$TEST_LIB"`; it runs in an empty directory of its own.

set -eu

# Nothing is written into the source tree.
export PYTHONDONTWRITEBYTECODE=1

pids=

clean_up() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
}
trap clean_up EXIT
trap 'exit 143' TERM

fail() {
	echo "FAILED: $*"
	exit 1
}

# expect STATUS COMMAND...: runs it with stdout in `out` and stderr in `err`.
expect() {
	expected=$1
	shift
	status=0
	"$@" >out 2>err || status=$?
	[ "$status" -eq "$expected" ] || {
		echo "--- stdout"
		head -c 2000 out
		echo "--- stderr"
		head -c 2000 err
		fail "status $status, not $expected: $*"
	}
}

assert_equal() {
	[ "$1" = "$2" ] || fail "expected '$1', got '$2'${3:+: $3}"
}

assert_empty() {
	[ ! -s "$1" ] || fail "'$1' is not empty: $(head -c 500 "$1")"
}

# assert_match PATTERN FILE: FILE has a line that matches, by grep -E.
assert_match() {
	grep -Eq -- "$1" "$2" || fail "no '$1' in '$2': $(head -c 500 "$2")"
}

# stderr has one line, by the tool, without a full stop.
assert_message() {
	assert_equal 1 "$(grep -c "^$1: " err)" "messages of $1: $(cat err)"
	! grep -q "^$1: .*\.\$" err || fail "a full stop: $(cat err)"
}

# assert_failed STATUS TOOL COMMAND...: fails with one message by TOOL and nothing on stdout, with a
# status that the page of TOOL has; that of the wrapper refers to those of its stages.
assert_failed() {
	expected=$1 tool=$2
	[ "$tool" = ocinoco ] || sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/p' "$ROOT/man/$tool.1" |
		grep -q "^\.It $expected\$" || fail "$tool.1 does not have the status $expected"
	shift 2
	expect "$expected" "$@"
	assert_empty out
	assert_message "$tool"
}

digest_of() {
	set -- "$(sha256sum <"$1")"
	echo "sha256:${1%% *}"
}

field() {
	jq -r "$1" "$2"
}

# start_registry [plain|htpasswd|tls|token] [URL]: a registry on a free port of 127.0.0.1, which redirects
# requests for blobs to URL.
#
# Sets `registry` (host and port), `registry_pid` and `storage`. More than one may run.
registries=0
start_registry() {
	registries=$((registries + 1))
	storage=$PWD/registry.$registries
	mkdir "$storage"
	registry_log=$storage.log
	registry_configuration "${1:-plain}" "${2:-}" >"$storage.yml"
	docker-registry serve "$storage.yml" >"$registry_log" 2>&1 &
	registry_pid=$!
	pids="$registry_pid $pids"
	port=
	while [ -z "$port" ]; do
		kill -0 "$registry_pid" || fail "no registry: $(cat "$registry_log")"
		sleep 0.05
		port=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$registry_log" | head -n 1)
	done
	registry=127.0.0.1:$port
}

# requests TEXT: the number of requests since the last call whose path after /v2/ begins with TEXT.
#
# A response may arrive before its line is in the log, so this sends one more request and waits for its line.
requests() {
	mark=/v2/mark/manifests/$(date +%s%N)
	curl -so mark.answer "http://$registry$mark"
	until grep -q "\"GET $mark" "$registry_log"; do sleep 0.02; done
	tail -n +$(($(cat seen 2>/dev/null || echo 0) + 1)) "$registry_log" | grep -v /v2/mark/ |
		grep -c "\"[A-Z]* /v2/$1" || :
	wc -l <"$registry_log" >seen
}

# The number of requests with bytes of blobs that the registry has had.
blob_uploads() {
	grep -c '"PATCH /v2/\|"PUT /v2/[^ ]*/blobs' "$registry_log" || :
}

registry_configuration() {
	cat <<END
version: 0.1
log: {level: info, accesslog: {disabled: false}}
storage:
  filesystem: {rootdirectory: $storage}
  delete: {enabled: true}
http:
  addr: 127.0.0.1:0
  secret: not-one
END
	case $1 in
	tls) echo "  tls: {certificate: $PWD/server.pem, key: $PWD/server.key}" ;;
	htpasswd)
		htpasswd -Bbn alice 'open sesame' >"$storage.htpasswd"
		echo "auth: {htpasswd: {realm: test, path: $storage.htpasswd}}"
		;;
	token)
		echo "auth: {token: {realm: 'http://127.0.0.1:$token_port/token?from=realm'," \
			"service: test, issuer: tests, rootcertbundle: $PWD/token.pem}}"
		;;
	esac
	[ -z "$2" ] || echo "middleware: {storage: [{name: redirect, options: {baseurl: '$2'}}]}"
}

# A certificate authority in ca.pem, and a server's certificate for 127.0.0.1 by it.
make_certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=tests \
		-keyout ca.key -out ca.pem 2>openssl.log
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=127.0.0.1 \
		-keyout server.key -out server.csr 2>openssl.log
	echo 'subjectAltName=IP:127.0.0.1,DNS:registry.test' >server.ext
	openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
		-extfile server.ext -out server.pem 2>openssl.log
}

# await_port FILE LOG: waits until the new server has written its port to FILE.
await_port() {
	pids="$! $pids"
	until [ -s "$1" ]; do
		kill -0 "$!" || fail "no server: $(cat "$2")"
		sleep 0.05
	done
}

# A registry with scripted responses; sets `registry`. Its log is `requests`.
start_scripted_registry() {
	python3 "$ROOT/Tests/pipelines/scripted_registry.py" port >requests 2>server.err &
	await_port port server.err
	registry=127.0.0.1:$(cat port)
}

# A token server for alice; sets `token_port`. Its log, token.log, has a line for each scope granted.
start_token_server() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tokens \
		-keyout token.key -out token.pem 2>openssl.log
	python3 "$ROOT/Tests/pipelines/token_server.py" token.key token.pem token.port >>token.log 2>&1 &
	await_port token.port token.log
	token_port=$(cat token.port)
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_nginx PORT: a server that listens on PORT, with stdin as its `http` block.
start_nginx() {
	{
		echo "daemon off; master_process off; pid $PWD/nginx.pid; error_log $PWD/nginx.log; events {}"
		echo "http { client_body_temp_path $PWD/body; proxy_temp_path $PWD/proxy;"
		echo "fastcgi_temp_path $PWD/f; uwsgi_temp_path $PWD/u; scgi_temp_path $PWD/s;"
		cat
		echo '}'
	} >nginx.conf
	nginx -c "$PWD/nginx.conf" 2>nginx.err &
	pids="$! $pids"
	until curl -so /dev/null "http://127.0.0.1:$1/"; do
		kill -0 "$!" || fail "no nginx: $(cat nginx.err nginx.log)"
		sleep 0.05
	done
}

# tag_digest REPOSITORY:TAG: the digest in the registry's files; empty when there is no such tag.
tag_digest() {
	link=$storage/docker/registry/v2/repositories/${1%:*}/_manifests/tags/${1##*:}/current/link
	[ ! -f "$link" ] || cat "$link"
}

# blob_file DIGEST: the registry's file of a blob.
blob_file() {
	hex=${1#sha256:}
	prefix=$(printf %.2s "$hex")
	echo "$storage/docker/registry/v2/blobs/sha256/$prefix/$hex/data"
}

# The open upload sessions of the registry.
upload_sessions() {
	find "$storage" -path '*/_uploads/*' -name startedat | wc -l
}

# make_rootfs DIR: a tree with busybox, and a `node` that is the shell.
make_rootfs() {
	mkdir -p "$1/bin" "$1/tmp" "$1/etc"
	chmod 1777 "$1/tmp"
	cp "$(command -v busybox)" "$1/bin/busybox"
	for applet in sh cat id ls echo env pwd; do
		ln -s busybox "$1/bin/$applet"
	done
	printf '#!/bin/sh\nexec /bin/sh "$@"\n' >"$1/bin/node"
	chmod 755 "$1/bin/node"
	echo 'app:x:1000:1000::/app:/bin/sh' >"$1/etc/passwd"
}

# push_base: an image of busybox made by umoci, at $registry/example/base:latest.
push_base() {
	make_rootfs rootfs
	umoci init --layout base
	umoci new --image base:latest
	umoci insert --image base:latest rootfs / >umoci.log
	umoci config --image base:latest --config.env PATH=/bin --config.workingdir /app \
		--config.cmd /bin/sh --created 2024-01-02T03:04:05Z >umoci.log
	skopeo_copy oci:base:latest "docker://$registry/example/base:latest"
}

# push_base_for_two_platforms: the same for amd64 and arm64, as published images are; its programs are those of
# this machine.
push_base_for_two_platforms() {
	push_base
	oci-fetch "$registry/example/base:latest" >amd64.json
	oci-config --platform linux/arm64 <amd64.json >arm64.json
	cat amd64.json arm64.json | oci-push-manifest "$registry/example/base:latest" >base.json
}

skopeo_copy() {
	skopeo --insecure-policy copy --quiet --src-tls-verify=false --dest-tls-verify=false "$@"
}

# make_dist: the tree that is packed; server.js is for the `node` of make_rootfs.
make_dist() {
	mkdir -p dist/lib 'dist/a dir'
	# shellcheck disable=SC2016 # for the program
	printf 'echo "served by $(id -u):$(id -g) in $(pwd)"\ncat lib/data\n' >dist/server.js
	echo 'data of the app' >dist/lib/data
	echo hello >'dist/a dir/a file'
	ln -s lib/data dist/link
	ln dist/lib/data dist/lib/hardlink
	seq 1 20000 >dist/lib/numbers
	chmod 755 dist dist/lib
}

# describe_tree TREE [WORD...]: a line for each file except the root, for which layers have no entry; times in
# whole seconds.
describe_tree() {
	python3 "$ROOT/Tests/pipelines/describe_tree.py" "$@"
}

# tree_listing TREE [WORD...]: every attribute of every file of a tree.
tree_listing() {
	python3 "$ROOT/Tests/pipelines/tree_listing.py" "$@"
}

# tree_listing_below TREE [WORD...]: the same without the root, for which layers have no entry.
tree_listing_below() {
	tree_listing "$@" | grep -v "^b'\.' "
}

# same_listing NAME DIR [WORD...]: the listing on stdin has the files of DIR.
same_listing() {
	subject=$1
	shift
	python3 "$ROOT/Tests/pipelines/mtree_tree.py" list "$@" no-root >differences
	[ ! -s differences ] || fail "$subject, $1: $(head -c 2000 differences)"
}

# unpack_image REF ROOTFS: unpacks with skopeo and bsdtar, and writes the config to config.json.
unpack_image() {
	rm -rf pulled "$2"
	skopeo_copy "docker://$1" oci:pulled:image
	unpack_layout pulled "$2"
}

# unpack_layout LAYOUT ROOTFS: unpacks the layout's only image, and checks every digest.
unpack_layout() {
	manifest=$1/blobs/sha256/$(field '.manifests[0].digest | split(":")[1]' "$1/index.json")
	config=$1/blobs/sha256/$(field '.config.digest | split(":")[1]' "$manifest")
	assert_equal "$(field .config.digest "$manifest")" "$(digest_of "$config")"
	cp "$config" config.json
	cp "$manifest" manifest.json
	mkdir -p "$2"
	index=0
	for digest in $(field '.layers[].digest' "$manifest"); do
		layer=$1/blobs/sha256/${digest#sha256:}
		assert_equal "$digest" "$(digest_of "$layer")"
		decompress <"$layer" >layer.tar
		assert_equal "$(field ".rootfs.diff_ids[$index]" "$config")" "$(digest_of layer.tar)" diffID
		bsdtar -xpf layer.tar -C "$2" 2>>bsdtar.log
		index=$((index + 1))
	done
	assert_equal "$index" "$(field '.rootfs.diff_ids | length' "$config")"
	assert_equal "$index" \
		"$(field '[.history[] | select(.empty_layer != true)] | length' "$config")" history
}

# Decompresses a layer.
decompress() {
	cat >layer.bytes
	case $(od -An -tx1 -N4 layer.bytes | tr -d ' ') in
	28b52ffd) zstd -dcq layer.bytes ;;
	1f8b*) gzip -dc layer.bytes ;;
	*) cat layer.bytes ;;
	esac
}

# run_image ROOTFS: runs the config.json of unpack_image in a container by runc, or in a chroot when this
# machine allows no namespaces.
run_image() {
	rm -rf bundle
	mkdir bundle
	mv "$1" bundle/rootfs
	(cd bundle && runc spec)
	jq --slurpfile image config.json '
		($image[0].config) as $c
		| .process.terminal = false
		| .process.args = (($c.Entrypoint // []) + ($c.Cmd // []))
		| .process.env = ($c.Env // [])
		| .process.cwd = ($c.WorkingDir // "/" | if . == "" then "/" else . end)
		| (($c.User // "") | if . == "" then "0" else . end | split(":")) as $user
		| .process.user.uid = ($user[0] | tonumber)
		| .process.user.gid = ($user[1] // "0" | tonumber)
		| .root.readonly = false
		| del(.linux.resources)' bundle/config.json >bundle/config.new
	mv bundle/config.new bundle/config.json
	if namespaces_allowed; then
		runc --root "$PWD/runc" run --bundle bundle "case-$$"
		return
	fi
	jq -r '[.process.cwd, (.process.user.uid | tostring) + ":" + (.process.user.gid | tostring)]
		+ .process.env + ["--"] + .process.args | .[]' bundle/config.json >words
	{
		read -r cwd
		read -r user
		set --
		while read -r word; do
			[ "$word" != -- ] || break
			set -- "$@" "$word"
		done
		# shellcheck disable=SC2016
		set -- env -i "$@" /bin/sh -c 'cd "$0" && exec "$@"' "$cwd"
		while read -r word; do
			set -- "$@" "$word"
		done
	} <words
	chroot --userspec="$user" bundle/rootfs /bin/busybox "$@"
}

namespaces_allowed() {
	[ -n "${namespaces:-}" ] || {
		namespaces=no
		if unshare --mount --pid --fork --uts --ipc --net true 2>/dev/null; then
			mkdir -p probe/rootfs
			(cd probe && runc spec && mkdir -p rootfs/bin && cp "$(command -v busybox)" rootfs/bin/true &&
				jq '.process.terminal = false | .process.args = ["/bin/true"] | del(.linux.resources)' \
					config.json >new && mv new config.json)
			if runc --root "$PWD/runc" run --bundle probe "probe-$$" >probe.log 2>&1; then namespaces=yes; fi
		fi
		[ "$namespaces" = yes ] || echo 'NOT RUN: no containers on this machine; a chroot instead' >&2
	}
	[ "$namespaces" = yes ]
}

# with_diff_id INDEX DIGEST: an image line whose config says that a layer, from 0, has another diffID.
with_diff_id() {
	python3 -c '
import base64, hashlib, json, sys
line = json.load(sys.stdin)
config = json.loads(base64.b64decode(line["config"]["data"]))
config["rootfs"]["diff_ids"][int(sys.argv[1])] = sys.argv[2]
data = json.dumps(config).encode()
line["config"].update(data=base64.b64encode(data).decode(), size=len(data),
    digest="sha256:" + hashlib.sha256(data).hexdigest())
print(json.dumps(line, separators=(",", ":")))' "$@"
}

# push_index REPOSITORY: pushes an index of two images with ten layers each as REPOSITORY:1. Its image lines are in
# images.json, its descriptor in pushed.json.
push_index() {
	mkdir -p tree
	for platform in linux/amd64 linux/arm64; do
		descriptors=
		for number in 1 2 3 4 5 6 7 8 9 10; do
			echo "$platform $number" >tree/file
			layer=${platform#*/}.$number.json
			oci-tar tree | oci-zstd | oci-push-blob "$1" >"$layer"
			descriptors="$descriptors $layer"
		done
		# shellcheck disable=SC2086 # words
		oci-fetch scratch --platform "$platform" | oci-manifest-append $descriptors
	done >images.json
	oci-push-manifest "$1:1" <images.json >pushed.json
}
