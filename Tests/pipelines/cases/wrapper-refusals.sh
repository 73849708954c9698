# What the wrapper reads is what the user named, no output replaces an input, and nothing is taken and ignored.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir tree other
echo content >tree/file
echo other >other/name
tar cf tree.tar -C tree .
expect 0 ocinoco build - --from scratch --output oci:expected:1 <tree.tar

# `-` is stdin, whatever is called so.
tar cf ./- other
expect 0 ocinoco build - --from scratch --output oci:layout:1 <tree.tar
assert_empty err
cmp expected/index.json layout/index.json
rm ./-
mkdir ./- ./-/bin
expect 0 ocinoco build - --from oci:layout:1 --output oci:layout:2 <tree.tar
assert_empty err
rmdir ./-/bin ./-
mkfifo ./-
echo file >list
expect 0 ocinoco pack tree packed --files-from - <list
rm ./- packed

# The statement is left out of the layer that it is about.
for time in first second; do
	expect 0 ocinoco build tree --from scratch --output oci:layout:3 --provenance tree/statement.json
	cp out "$time.json"
	assert_match "^oci-tar: warning: 'tree/statement.json' is inside 'tree' and left out" err
done
cmp first.json second.json
ocinoco list oci:layout:3 >out
assert_equal 1 "$(wc -l <out)"
rm tree/statement.json

# kept FILE COMMAND...: FILE is an input and an output: a usage error, and it stays.
kept() {
	file=$1
	shift
	cp "$file" before
	assert_failed 64 ocinoco "$@"
	assert_match "' is read, and would be written over" err
	cmp "$file" before
}
ln -s tree/file link
ln tree/file hard
mkdir kept bundle bundle/rootfs
echo '*.pyc' >patterns
oci-fetch scratch >bundle/image.json
cp tree.tar kept/layer.tar
for output in tree/file ./tree/../tree/file link hard; do
	kept tree/file ocinoco pack tree/file "$output"
	kept tree/file ocinoco build tree/file --from scratch --output oci:layout:4 --provenance "$output"
	kept tree/file ocinoco build --layer tree/file:/x --from scratch --output oci:layout:4 --provenance "$output"
done
kept tree.tar ocinoco build tree.tar --from scratch --output oci:layout:4 --provenance tree.tar
kept patterns ocinoco pack tree patterns --exclude-from patterns
kept patterns ocinoco build tree --from scratch --output oci:layout:4 --provenance patterns --patch patterns
kept kept/layer.tar ocinoco build kept/layer.tar --from scratch --output oci:layout:4 --keep kept
kept bundle/image.json ocinoco repack bundle --tag x --keep bundle
standard_input() {
	"$@" <tree.tar
}
kept tree.tar standard_input ocinoco pack - tree.tar
[ ! -e layout/index.json ] || ! grep -q '"4"' layout/index.json || fail 'an image was stored'
# The layer of a file goes elsewhere, and to stdout.
cp tree/file ./-
expect 0 ocinoco pack ./- - --level 1
expect 0 ocinoco pack tree/file new --as new
expect 0 ocinoco pack tree/file new --as new
rm ./-
assert_failed 64 oci-tar oci-tar tree/file --exclude-output link
assert_failed 64 oci-tar oci-tar tree/file --exclude-output hard

# A FIFO or device in the place of an intermediate file stays.
mkfifo kept/layer.json
expect 73 ocinoco build tree --from scratch --output oci:layout:4 --keep kept
assert_equal "ocinoco: not replaced, since it is not a regular file: 'kept/layer.json'" "$(cat err)"
assert_equal fifo "$(stat -c %F kept/layer.json)"

# A layer may come from a FIFO.
mkfifo pipe
expect 0 ocinoco build tree.tar --from scratch --output oci:layout:5
cp out file.json
cat tree.tar >pipe &
expect 0 ocinoco build pipe --from scratch --output oci:layout:5
wait $!
cmp file.json out

# A reader that goes away: no message.
seq 1 30000 | sed 's/.*/many &/' >names
mkdir many
(cd many && tr ' ' . <../names | xargs touch)
oci-tar many | oci-digest --output many.tar >many.json
expect 0 ocinoco build many.tar --from scratch --output oci:lots:1
for command in 'list oci:lots:1' 'export oci:lots:1' 'pack many -' 'build --help' 'pack many x -n'; do
	{
		status=0
		# It writes when there is no reader.
		until [ -e closed ]; do sleep 0.01; done
		# shellcheck disable=SC2086 # words
		ocinoco $command 2>err || status=$?
		echo "$status" >status
	} | { exec <&- && : >closed; }
	assert_equal 141 "$(cat status)" "$command"
	assert_empty err
	rm closed
done

# Empty words.
for option in --provenance --compress --source-type --keep --cache --reuse; do
	assert_failed 64 ocinoco ocinoco build tree --from scratch --tag x "$option" ''
	assert_match "'$option' needs a value" err
done
assert_failed 64 ocinoco ocinoco pack tree ''
assert_equal "ocinoco: an empty OUT; see 'ocinoco pack --help'" "$(cat err)"
expect 0 ocinoco build --from scratch --output oci:layout:6 --author ''
cp out apart.json
expect 0 ocinoco build --from scratch --output oci:layout:6 --author=
cmp out apart.json
expect 64 ocinoco build --from scratch --output oci:layout:6 --cmd ''
assert_match "empty; '\[\]' stands for no command" err
oci-fetch scratch >scratch.json
expect 0 oci-config --author= --env A=b <scratch.json
assert_equal A=b "$(field '.config.data | @base64d | fromjson | .config.Env[0]' out)"
assert_failed 64 oci-config oci-config --author= word <scratch.json
assert_failed 64 oci-gc oci-gc layout --grace -1
assert_match "write --grace=-1 if that is the value" err

# Options that would be ignored.
refused() {
	assert_failed 64 ocinoco ocinoco "$@"
}
for option in --tag=x --annotation=a=b --expect=absent --check-blobs; do
	refused rebase --check oci:layout:1 "$option"
done
refused build tree --from scratch --tag x --password-file patterns
refused build tree --from scratch --tag x --push --plan --sign-key patterns
for option in --created-by=x --compress=gzip --level=3 --source-type=file --follow-base --uid=1 --root-dir=/x; do
	refused build --from scratch --tag x "$option"
	assert_match "no SOURCE, and '${option%%=*}' is for one" err
done
for option in --source-type=file --root-dir=/x --as=x --files-from=list --null --whiteout=/x; do
	refused build --layer tree:/x --from scratch --tag x "$option"
done
for option in --created-by=x --compress=gzip --level=3 --uid=1; do
	expect 0 ocinoco build --layer tree:/x --from scratch --tag x -q "$option"
done

# Without the tools, or the programs of the system.
cp "$(readlink -f "$(command -v ocinoco)")" alone
for words in --version 'pack tree x' 'build tree --from scratch --tag x'; do
	# shellcheck disable=SC2086 # words
	assert_failed 78 ocinoco env -i PATH=/usr/bin:/bin ./alone $words
	# shellcheck disable=SC2086 # words
	assert_failed 78 ocinoco env -i PATH=/nonexistent /bin/sh ./alone $words
done
expect 0 env -i PATH=/usr/bin:/bin ./alone build --help
mkdir some
ln -s "$(readlink -f "$(command -v oci-tar)")" some/oci-tar
assert_failed 78 ocinoco env -i PATH="$PWD/some" /bin/sh ./alone pack tree x
expect 69 env -i PATH="$PWD/some:/usr/bin:/bin" ./alone pack tree x

# A socket is left out with a warning, as oci-tar does.
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
expect 0 ocinoco build socket --from scratch --output oci:sockets:1
assert_match "warning: 'socket' is a socket" err
