# Faults of a filter's stdin and stdout.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir dist
head -c 3000000 /dev/urandom >dist/file
oci-tar dist >whole.tar
oci-zstd <whole.tar >whole.zst

# assert_ends STATUS TOOL: about the run that left `status` and `err`.
assert_ends() {
	assert_equal "$1" "$status" "$2: $(cat err)"
	assert_message "$2"
	assert_equal 1 "$(wc -l <err)" "$(cat err)"
}

# run COMMAND: runs it by a shell, for its redirections.
run() {
	status=0
	sh -c "$1" 2>err || status=$?
}

for tool in oci-zstd 'oci-zstd --any' 'oci-zstd --no-trailer' oci-digest 'oci-digest --tee line' \
	'oci-tar --from-tar -'; do
	name=${tool%% *}
	echo "$tool"
	# Stdin: empty, closed, a directory, a terminal.
	run "$tool </dev/null >out"
	assert_ends 65 "$name"
	run ": | $tool >out"
	assert_ends 65 "$name"
	run "$tool <&- >out"
	assert_ends 74 "$name"
	assert_match 'Bad file descriptor$' err
	run "$tool <. >out"
	assert_ends 74 "$name"
	assert_match 'Is a directory$' err
	status=0
	script -qec "$tool 2>err >out" /dev/null >terminal </dev/null || status=$?
	sed -i "/^usage: $name /d" err
	assert_ends 64 "$name"
	assert_match 'stdin is a terminal' err
	# Stdout: closed, full.
	run "$tool <whole.tar >&-"
	assert_ends 74 "$name"
	assert_match 'Bad file descriptor$' err
	run "$tool <whole.tar >/dev/full"
	assert_ends 74 "$name"
	assert_match 'No space left on device$' err
	[ ! -e line ] || fail "a line from a run that failed"
	# A closed stderr does not matter, nor do closed descriptors above 2.
	run "$tool <whole.tar >out 2>&-"
	assert_equal 0 "$status"
	rm -f line
done

# The same for a tree, which needs no stdin.
run 'oci-tar dist >&-'
assert_ends 74 oci-tar
run 'oci-tar dist >/dev/full'
assert_ends 74 oci-tar
run 'oci-tar dist <&- >out'
assert_equal 0 "$status"
cmp whole.tar out
run 'oci-tar --files-from - dist <&- >out'
assert_ends 74 oci-tar
status=0
script -qec 'oci-tar --files-from - dist 2>err >out' /dev/null >terminal </dev/null || status=$?
sed -i '/^usage: oci-tar /d' err
assert_ends 64 oci-tar
# With everything closed only the status can tell.
run 'oci-tar dist <&- >&- 2>&-'
assert_equal 74 "$status"

# A pipe that does not block, as some shells and services pass on.
python3 - <<'END'
import os, subprocess

reading, writing = os.pipe()
os.set_blocking(reading, False)
os.set_blocking(writing, False)
with open("nonblocking.zst", "wb") as output:
    zstd = subprocess.Popen(["oci-zstd"], stdin=reading, stdout=output)
    tar = subprocess.Popen(["oci-tar", "dist"], stdout=writing)
    os.close(reading)
    os.close(writing)
    assert tar.wait() == 0 and zstd.wait() == 0
END
cmp whole.zst nonblocking.zst

# Truncated input, at the points that matter.
for bytes in 1 100 300 511 512 513 1024 100000 $(($(wc -c <whole.tar) - 1025)) \
	$(($(wc -c <whole.tar) - 1024)) $(($(wc -c <whole.tar) - 512)) $(($(wc -c <whole.tar) - 1)); do
	head -c "$bytes" whole.tar >part
	for tool in oci-zstd 'oci-zstd --no-trailer'; do
		run "$tool <part >out"
		assert_ends 65 oci-zstd
		! zstd -qt out 2>zstd.err || fail "a whole frame of $bytes bytes"
	done
done
for bytes in 1 2 3 4 5 6 7 8 9 20 4096 $(($(wc -c <whole.zst) - 200)) \
	$(($(wc -c <whole.zst) - 9)) $(($(wc -c <whole.zst) - 1)); do
	head -c "$bytes" whole.zst >part
	for tool in oci-digest 'oci-digest --verify-layer' 'oci-digest --tee line'; do
		echo old >line
		run "$tool <part >out"
		assert_ends 65 oci-digest
		case $tool in
		*tee*) [ ! -e line ] || fail 'a line from a run that failed' ;;
		*) assert_empty out ;;
		esac
	done
done

# Usage errors.
for arguments in '--level 0' '--level 20' '--threads 0' '--threads 201' '--long 9' '--long 28' extra; do
	# shellcheck disable=SC2086 # words
	assert_failed 64 oci-zstd oci-zstd $arguments
done
assert_failed 64 oci-digest oci-digest --algorithm md5
assert_failed 64 oci-digest oci-digest --tee line --output layer <whole.tar
for option in --tee --output; do
	assert_failed 73 oci-digest oci-digest "$option" missing/line <whole.tar
	assert_match "cannot create 'missing/line': No such file" err
	assert_failed 73 oci-digest oci-digest "$option" . <whole.tar
done

# --output: the file has all of the bytes, or what it had before.
mkdir made
echo old >made/layer
assert_failed 65 oci-digest oci-digest --output made/layer <part
assert_equal old "$(cat made/layer)"
expect 0 oci-digest --output made/layer <whole.zst
oci-digest <whole.zst | cmp - out
cmp whole.zst made/layer
assert_equal made/layer "$(find made -type f)"
assert_equal "$(umask | sed 's/^0*//')" "$(printf %o $((0666 & ~0$(stat -c %a made/layer))))" mode
# A link is not replaced by a file.
echo victim >target
ln -s ../target made/link
expect 0 oci-digest --output made/link <whole.zst
cmp whole.zst target
[ -L made/link ] || fail 'a link became a file'
oci-digest --output /dev/fd/3 3>passed <whole.zst | cmp - out
cmp whole.zst passed
# A signal leaves nothing behind, nor does a full disk, which the message names.
mkfifo held
oci-digest --output made/new <held &
digester=$!
exec 3>held
head -c 100000 /dev/zero >&3 || :
kill -TERM "$digester"
status=0
wait "$digester" || status=$?
exec 3>&-
assert_equal 143 "$status"
assert_failed 74 oci-digest oci-digest --output /dev/full <whole.zst
assert_match "cannot write '/dev/full': No space left" err
assert_equal 'made/layer made/link' "$(echo made/*)"
assert_equal '' "$(find made -name '.*')" 'temporary files'
