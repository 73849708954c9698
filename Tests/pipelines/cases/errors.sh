# A failure is reported once, with the right status, and leaves no tag, no descriptor and no upload session.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
closed=127.0.0.1:1

# No tag was written and no session left open since the base was pushed.
assert_nothing_done() {
	assert_equal example/base "$(cd "$storage/docker/registry/v2/repositories" &&
		find . -path '*/_manifests/tags/*' -prune -path '*/_manifests/tags/*' -print | sed 's|^\./||; s|/_manifests.*||')"
	assert_equal 0 "$(upload_sessions)"
}

# fails STATUS STAGE WORD...: a build that fails in STAGE.
fails() {
	expected=$1 stage=$2
	shift 2
	expect "$expected" ocinoco build "$@" --push
	assert_empty out
	assert_equal "ocinoco: $stage failed with status $expected" "$(tail -n 1 err)"
	assert_message "$stage"
	assert_nothing_done
}

base=$registry/example/base:latest
new=$registry/example/app:1
fails 66 oci-tar ./missing --from "$base" --tag "$new"
fails 69 oci-fetch ./dist --from "$registry/example/base:unknown" --tag "$new"
fails 69 oci-fetch ./dist --from "$registry/example/missing" --tag "$new"
fails 64 oci-fetch ./dist --from 'No Such Thing' --tag "$new"
fails 64 oci-push-blob ./dist --from "$base" --tag 'No Such Thing'
fails 64 oci-tar ./dist --from "$base" --tag "$new" --uid nobody
fails 64 oci-config ./dist --from "$base" --tag "$new" --env novalue
fails 65 oci-zstd - --from "$base" --tag "$new" </dev/null
fails 65 oci-push-blob /dev/null --from "$base" --tag "$new"
expect 69 ocinoco build ./dist --from "$base" --tag "$closed/app:1" --push --retries 0
assert_empty out
assert_match '^ocinoco: oci-push-blob failed with status 69$' err
expect 69 ocinoco build ./dist --from "$closed/base" --tag "$new" --push --retries 0
assert_empty out
assert_match '^ocinoco: oci-fetch failed with status 69$' err
assert_nothing_done

# What fails before there are any bytes makes no layout.
expect 66 ocinoco build ./missing --from scratch --output oci:none:1
expect 65 oci-push-blob oci:none </dev/null
[ ! -e none ] || fail 'a layout was made'

# A truncated tar, with every compressor, and a compressor that fails.
oci-tar ./dist >whole.tar
for size in 0 1 511 512 1000 20000 $(($(wc -c <whole.tar) - 1024)) $(($(wc -c <whole.tar) - 512)); do
	head -c "$size" whole.tar >cut.tar
	for compress in zstd gzip none pigz; do
		expect 65 ocinoco build - --from "$base" --tag "$new" --push --compress "$compress" <cut.tar
		assert_empty out
		assert_nothing_done
	done
done
for compress in 'cat >/dev/null; exit 3' 'zstd -q | head -c 1000; exit 3' 'no-such-compressor'; do
	status=0
	ocinoco build ./dist --from "$base" --tag "$new" --push --compress "$compress" >out 2>err || status=$?
	case $compress in
	no-such*) assert_equal 127 "$status" ;;
	*) assert_equal 3 "$status" ;;
	esac
	assert_empty out
	assert_nothing_done
done

# Without the wrapper, in a shell that ignores failures of other stages: the formats reveal them.
oci-tar ./missing 2>err | oci-zstd 2>>err | oci-push-blob "$registry/example/app" >layer.json 2>>err || :
assert_empty layer.json
assert_equal 3 "$(grep -c '^oci-' err)" "$(cat err)"
oci-fetch "$base" | oci-manifest-append layer.json 2>err | oci-push-manifest "$new" >out 2>>err || :
assert_empty out
assert_nothing_done
for tool in oci-zstd oci-digest oci-config "oci-push-blob $new" "oci-push-manifest $new"; do
	# shellcheck disable=SC2086 # a command and its argument
	assert_failed 65 "${tool%% *}" $tool </dev/null
done
assert_failed 65 oci-manifest-append oci-manifest-append layer.json </dev/null
oci-fetch "$base" >line
head -c 100 line >cut.line
assert_failed 65 oci-push-manifest oci-push-manifest "$new" <cut.line
tr -d '\n' <line >cut.line
assert_failed 65 oci-push-manifest oci-push-manifest "$new" <cut.line
assert_nothing_done

# A full disk.
for tool in 'oci-tar dist' oci-zstd 'oci-digest --tee line.json' oci-digest; do
	status=0
	# shellcheck disable=SC2086
	$tool <whole.tar >/dev/full 2>err || status=$?
	assert_equal 74 "$status" "$tool: $(cat err)"
	assert_message "${tool%% *}"
	[ ! -e line.json ] || fail 'a descriptor of what could not be written'
done
expect 74 ocinoco pack ./dist /dev/full
assert_empty out
assert_match '^ocinoco: oci-digest failed with status 74$' err
status=0
ocinoco build ./dist --from "$base" --tag "$new" --push >/dev/full 2>err || status=$?
assert_equal 74 "$status"
if mkdir full && mount -t tmpfs -o size=16k tmpfs full 2>/dev/null; then
	head -c 1000000 /dev/urandom >dist/random
	expect 74 ocinoco pack ./dist full/layer
	assert_empty out
	assert_match "^oci-digest: cannot write 'full/layer': No space left on device\$" err
	assert_equal '' "$(ls full)" 'what was left on a full disk'
	expect 74 ocinoco build ./dist --from "$base" --output oci:./full/image:app
	assert_empty out
	assert_equal '' "$(find full/image -name 'index.json' -exec jq -r '.manifests[]' '{}' ';')" 'tags'
	umount full
	# No room for the script, or for what is printed.
	mount -t tmpfs -o size=4k tmpfs full
	head -c 4096 /dev/zero >full/filled
	for words in 'build ./dist --from scratch --tag a:1' 'build ./dist --from scratch --tag a:1 -n' 'help build'; do
		# shellcheck disable=SC2086 # words
		expect 74 env TMPDIR="$PWD/full" ocinoco $words
		assert_empty out
	done
	assert_equal filled "$(ls full)" 'what was left'
	umount full
fi
expect 73 ocinoco pack ./dist missing/layer
assert_match "^oci-digest: cannot create 'missing/layer': " err
mkdir directory
assert_failed 73 ocinoco ocinoco pack ./dist directory
assert_equal "oci-digest: cannot create 'directory': Is a directory" "$(head -n 1 err)"

# A file that is declared to be a layer and is not.
assert_failed 65 oci-manifest-append ocinoco build ./dist/server.js --source-type layer --from scratch \
	--output oci:none
assert_failed 66 oci-fetch oci-fetch oci:nowhere
[ ! -e none/index.json ] || assert_equal 0 "$(jq '.manifests | length' none/index.json)"

# The reader has gone: no temporary files stay, under any shell.
for shell in dash bash; do
	status=0
	"$shell" "$(command -v ocinoco)" build dist --from scratch --tag a:1 >&- 2>err || status=$?
	assert_equal 74 "$status"
	assert_match '^ocinoco: oci-push-manifest failed with status 74$' err
	mkfifo trace
	"$shell" "$(command -v ocinoco)" build dist --from scratch --tag a:1 --verbose 2>trace >out &
	head -n 1 trace >line
	status=0
	wait "$!" || status=$?
	assert_equal 141 "$status" "$shell"
	rm trace
done
assert_equal '' "$(find "$TMPDIR" -maxdepth 1 -name 'tmp.*')" 'temporary files'
expect 73 ocinoco build ./dist --from "$base" --tag "$new" --keep /dev/null/kept
expect 73 env TMPDIR=/dev/null ocinoco build ./dist --from "$base" --tag "$new"

# Usage errors of the wrapper itself.
for arguments in '' build 'build dist' 'build dist --from a' 'build dist --tag a' 'build dist --from' \
	'build dist --unknown' 'pack dist layer dist' 'build dist --push=yes --from a --tag b' \
	'build dist --from a --tag b --push --output oci:c' 'build dist --from a --output c' \
	'build dist --from a --tag b --compress none --level 3' \
	'build whole.tar --from a --tag b --root-dir /x' 'build dist --from a --tag b -q -v' \
	'build dist --from a --tag b --compress gzip --level 10' 'build dist --from a --tag b -x' \
	pack 'pack dist' 'pack dist out --cmd x' 'copy a' 'unknown' '--unknown'; do
	# shellcheck disable=SC2086
	assert_failed 64 ocinoco ocinoco $arguments
done
for arguments in --help -h 'build --help' 'pack -h' 'copy --help' --version; do
	# shellcheck disable=SC2086
	expect 0 ocinoco $arguments
	assert_empty err
	[ -s out ] || fail "nothing for $arguments"
done
