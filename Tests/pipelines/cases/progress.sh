# Progress of transfers on stderr: plain lines, one line of a terminal that is erased at the end, or nothing; and with
# --verbose the totals of a stage.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
head -c 20000000 /dev/urandom >random
for name in plain ci none auto quiet; do mkfifo "$name.pipe"; done

# push NAME COMMAND...: pushes what arrives in NAME.pipe, in the background.
push() {
	name=$1
	shift
	"$@" --media-type application/octet-stream "$registry/$name" <"$name.pipe" >"$name.out" 2>"$name.err" &
	pushers="$! ${pushers:-}"
}
push plain oci-push-blob --progress plain
push ci env CI=true oci-push-blob
push none env CI=true oci-push-blob --progress none
push auto oci-push-blob
push quiet oci-push-blob --progress plain --quiet
# A stream that continues until progress was printed.
{
	cat random
	until grep -q push plain.err && grep -q push ci.err; do
		head -c 100000 random
		sleep 0.1
	done
} | tee plain.pipe ci.pipe none.pipe auto.pipe >quiet.pipe
for pusher in $pushers; do
	wait "$pusher" || fail "$(cat ./*.err)"
done
for name in plain ci; do
	! grep -Ev "^oci-push-blob: [0-9.]+ [KM]iB, [0-9.]+ ([KM]iB|bytes)/s: push $registry/$name\$" $name.err ||
		fail "$name"
done
for name in none auto quiet; do assert_empty $name.err; done
for name in plain ci none auto quiet; do
	assert_equal 1 "$(wc -l <$name.out)"
	cmp $name.out plain.out
done

# on_terminal ARGUMENT...: the same with a terminal as stderr; `shown` gets its output.
mkfifo terminal.pipe
on_terminal() {
	TERM=xterm script -qec "oci-push-blob $* --media-type application/octet-stream $registry/terminal <terminal.pipe >out" \
		/dev/null </dev/null >shown &
	pusher=$!
	exec 9>terminal.pipe
	cat random >&9
}
end_of_stream() {
	exec 9>&-
	wait "$pusher" || fail "$(cat shown)"
	assert_equal 1 "$(wc -l <out)"
}
escape=$(printf '\033')
on_terminal
until grep -q push shown; do
	head -c 100000 random >&9
	sleep 0.05
done
end_of_stream
tr '\r' '\n' <shown >lines
assert_match "^[0-9.]+ MiB, [0-9.]+ [KM]iB/s: push $registry/terminal${escape}\[K\$" lines
assert_equal "${escape}[K" "$(tail -n 1 lines)" 'the line is left'
assert_equal 0 "$(wc -l <shown)" 'newlines'
for option in --quiet '--progress none'; do
	on_terminal "$option"
	end_of_stream
	assert_empty shown
done

# A fetch knows the total.
oci-push-blob --media-type application/octet-stream oci:layout <random >blob.json
oci-push-blob "$registry/blob" <random >blob.json
TERM=xterm script -qec "oci-fetch --blob $registry/blob <blob.json >fetched" /dev/null </dev/null >shown
cmp fetched random
[ ! -s shown ] || assert_equal "$(printf '\r')${escape}[K" "$(tail -c 4 shown)"

# A stage's last line has its byte counts and its time.
mkdir tree
cp random tree/file
seconds='[0-9]+\.[0-9]{3} s'
# verbose IN OUT COMMAND...: runs it from `in` to `out` and expects these byte counts.
verbose() {
	sent=$1 written=$2
	shift 2
	"$@" --verbose <in >out 2>err || fail "status $?: $(cat err)"
	tail -n 1 err | grep -Eqx "$1: $sent bytes in, $written bytes out, $seconds" ||
		fail "$* said: $(tail -n 1 err)"
}
: >in
oci-tar tree >tar
verbose 0 "$(wc -c <tar)" oci-tar tree
cmp out tar
oci-zstd <tar >zst
cp tar in
verbose "$(wc -c <tar)" "$(wc -c <zst)" oci-zstd
verbose "$(wc -c <tar)" "$(wc -c <tar)" oci-tar --from-tar -
oci-digest <zst >layer.json
cp zst in
verbose "$(wc -c <zst)" "$(wc -c <layer.json)" oci-digest
verbose "$(wc -c <zst)" "$(wc -c <zst)" oci-digest --tee line
verbose "$(wc -c <zst)" "$(wc -c <layer.json)" oci-push-blob "$registry/app"
mkdir root
verbose "$(wc -c <zst)" 0 oci-untar root
cp layer.json in
verbose "$(wc -c <layer.json)" "$(wc -c <zst)" oci-fetch --blob "$registry/app"
cmp out zst
oci-fetch scratch | oci-manifest-append layer.json >in
oci-push-manifest "$registry/app:1" <in >pushed
verbose "$(wc -c <in)" "$(wc -c <pushed)" oci-push-manifest "$registry/app:1"
verbose "$(wc -c <in)" '[0-9]+' oci-config --label a=b
oci-save <in --from "$registry/app" --tag app:1 >archive
verbose "$(wc -c <in)" "$(wc -c <archive)" oci-save --from "$registry/app" --tag app:1
cp archive in
verbose "$(wc -c <in)" "$(wc -c <pushed)" oci-load "$registry/app:2"
# Also in a run that fails, before the error.
head -c 100000 tar >in
expect 65 oci-zstd --verbose <in
tail -n 2 err | head -n 1 | grep -Eqx "oci-zstd: 100000 bytes in, [0-9]+ bytes out, $seconds" || fail "$(cat err)"
assert_equal 1 "$(tail -n 1 err | grep -c 'oci-zstd: .*cut')" "$(cat err)"

# The wrapper passes --verbose to all of its stages.
expect 0 ocinoco build ./tree --from scratch --tag "$registry/app:3" --label a=b --push --verbose
for tool in oci-tar oci-zstd oci-push-blob oci-fetch oci-manifest-append oci-config oci-push-manifest; do
	assert_match "^$tool: [0-9]+ bytes in, [0-9]+ bytes out, $seconds\$" err
done
