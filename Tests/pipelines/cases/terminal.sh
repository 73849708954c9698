# A tool that needs input and finds a terminal says so, with its usage, and ends with 64; so does a tool that would
# write binary data to a terminal.

# shellcheck source=../lib.sh
. "$TEST_LIB"

echo '{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:'"$(printf '%064d' 0)"'","size":0}' >layer.json

# on_terminal TOOL ARGUMENT...: with a terminal as stdin, and nothing but the message on stdout.
on_terminal() {
	status=0
	script -qec "2>&1 $*" /dev/null </dev/null >out || status=$?
	assert_equal 64 "$status" "$*"
	assert_equal 2 "$(wc -l <out)" "$(cat out)"
	assert_match "^$1: stdin is a terminal, where .* should come from; see '$1 --help'" out
	assert_match "^usage: $1 " out
}

# to_terminal TOOL ARGUMENT...: with a terminal as stdout and no data on it.
to_terminal() {
	status=0
	script -qec "$* <data" /dev/null </dev/null >out || status=$?
	assert_equal 64 "$status" "$*"
	assert_equal 1 "$(wc -l <out)" "$(cat out)"
	assert_match "^$1: stdout is a terminal, which shows no .*; use a file or a pipe" out
}

on_terminal oci-artifact --type text/plain
on_terminal oci-config
on_terminal oci-convert --to oci
on_terminal oci-diff - .
on_terminal oci-digest
on_terminal oci-fetch --blob oci:image
on_terminal oci-inspect
on_terminal oci-layers
on_terminal oci-load oci:image
on_terminal oci-manifest-append layer.json
on_terminal oci-push-blob oci:image
on_terminal oci-push-manifest oci:image:1
on_terminal oci-rebase
on_terminal oci-runtime-config
on_terminal oci-save
on_terminal oci-tar --files-from - ">/dev/null"
on_terminal oci-tar --from-tar - ">/dev/null"
on_terminal oci-untar .
on_terminal oci-zstd

mkdir tree
oci-tar tree >data
to_terminal oci-tar tree
to_terminal oci-zstd
to_terminal oci-zstd --any
to_terminal oci-digest --tee line
[ ! -e line ] || fail 'a descriptor'
oci-fetch scratch | oci-push-manifest oci:scratch >/dev/null
oci-fetch --raw oci:scratch >data
to_terminal oci-save --from oci:scratch
rm -r scratch
[ ! -e image ] || fail 'a layout was made'
