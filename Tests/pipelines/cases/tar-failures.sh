# What cannot be read completely ends the run: the file's name, one message, and no end of the archive.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# assert_broken STATUS PATTERN: about the run that left `status`, `out` and `err`.
assert_broken() {
	assert_equal "$1" "$status" "$(cat err)"
	assert_message oci-tar
	assert_equal 1 "$(wc -l <err)" "$(cat err)"
	assert_match "$2" err
	# No reader accepts the output as a whole tar.
	zstd_status=0
	oci-zstd <out >layer 2>layer.err || zstd_status=$?
	assert_equal 65 "$zstd_status"
	! oci-digest <layer >layer.json 2>layer.err || fail 'a descriptor'
	assert_empty layer.json
}

# broken STATUS PATTERN COMMAND...
broken() {
	expected=$1 pattern=$2
	shift 2
	status=0
	"$@" >out 2>err || status=$?
	assert_broken "$expected" "$pattern"
}

# injected PATH FAULT COMMAND...: a system call on PATH fails.
injected() {
	path=$1 fault=$2
	shift 2
	strace -f -qqq -o trace -P "$path" -e "inject=$fault" "$@"
}

mkdir -p tree/dir
for file in a dir/b dir/c z; do
	echo "$file" >"tree/$file"
done

# Files with a false size.
broken 74 "'/proc/version' became longer than 0 bytes" oci-tar tree /proc/version
broken 74 "'/sys/kernel/uevent_seqnum' became shorter than 4096 bytes" \
	oci-tar tree /sys/kernel/uevent_seqnum
mkdir big
head -c 3000000 /dev/urandom >big/file
big=$(realpath big/file)
broken 74 "'big/file' became shorter than 3000000 bytes" \
	injected "$big" pread64:retval=0:when=2 oci-tar big
grep -q INJECTED trace || fail 'nothing was injected'
broken 74 "cannot read 'big/file': Input/output error" \
	injected "$big" pread64:error=EIO:when=2 oci-tar big
small=$(realpath tree/dir/b)
broken 74 "cannot read 'tree/dir/b': Input/output error" injected "$small" read:error=EIO oci-tar tree
broken 74 "cannot read the attributes of 'tree/dir/b': Input/output error" \
	injected "$small" fgetxattr:error=EIO oci-tar tree
broken 74 "cannot read the attributes of 'tree/dir/b': Input/output error" \
	injected "$small" flistxattr:error=EIO oci-tar --xattrs tree
broken 66 "cannot list 'tree/dir': Input/output error" \
	injected "$(realpath tree/dir)" getdents64:error=EIO oci-tar tree
# Slow or interrupted reads succeed.
oci-tar tree >whole
for fault in read:error=EINTR:when=1..3 fgetxattr:error=EINTR:when=1 fgetxattr:error=EOPNOTSUPP; do
	injected "$small" "$fault" oci-tar tree | cmp - whole
	grep -q INJECTED trace || fail 'nothing was injected'
done

# The tree changes while a large file waits for the reader of the tar.
mkdir changing
mkfifo pipe
# change COMMAND...: runs it in the middle of `changing/big`.
change() {
	rm -rf changing
	mkdir changing
	head -c 8000000 /dev/zero | tr '\0' x >changing/big
	touch -d @1000000000 changing/big
	echo later >changing/later
	oci-tar changing >pipe 2>err &
	tar_pid=$!
	exec 3<pipe
	head -c 512 <&3 >out
	"$@"
	cat <&3 >>out
	exec 3<&-
	status=0
	wait "$tar_pid" || status=$?
}
change :
assert_equal 0 "$status"
oci-tar changing | cmp - out
change truncate -s 5M changing/big
assert_broken 74 "'changing/big' became shorter than 8000000 bytes while it was read"
change truncate -s 0 changing/big
assert_broken 74 "'changing/big' became shorter than 8000000 bytes while it was read"
change sh -c 'echo more >>changing/big'
assert_broken 74 "'changing/big' became longer than 8000000 bytes while it was read"
change sh -c 'echo other | dd of=changing/big conv=notrunc status=none'
assert_broken 74 "'changing/big' was modified while it was read"
change rm changing/later
assert_broken 66 "cannot open 'changing/later': No such file or directory"
change sh -c 'rm changing/later && mkfifo changing/later'
assert_broken 74 "'changing/later' was modified while it was read"
change sh -c 'rm changing/later && mkdir changing/later'
assert_broken 74 "'changing/later' was modified while it was read"
change sh -c 'rm changing/later && ln -s big changing/later'
assert_broken 66 "cannot open 'changing/later': Too many levels of symbolic links"

# Another user, with and without readers ahead of the walk.
mkdir bin
cp "$(readlink -f "$(command -v oci-tar)")" bin/oci-tar
chmod 755 . bin bin/oci-tar
as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"
}
slowly() {
	as_nobody strace -f -qqq -o /dev/null -e trace=openat -e inject=openat:delay_enter=500 "$@"
}
mkdir many
(cd many && seq 1000 1400 | xargs touch)
for run in as_nobody slowly; do
	for file in 1003 1390; do
		chmod 000 "many/$file"
		broken 66 "cannot open 'many/$file': Permission denied" "$run" ./bin/oci-tar many
		chmod 644 "many/$file"
	done
	mkdir many/z
	for mode in 000 300; do
		chmod "$mode" many/z
		broken 66 "cannot open 'many/z': Permission denied" "$run" ./bin/oci-tar many
	done
	rmdir many/z
done
mkdir many/z
touch many/z/file
chmod 744 many/z
broken 66 "cannot open 'many/z/file': Permission denied" as_nobody ./bin/oci-tar many
rm -r many/z
slowly ./bin/oci-tar many >out
oci-tar many | cmp - out
# The reader of the tar ends while files are read ahead.
status=0
bash -c 'strace -f -qqq -o /dev/null -e trace=openat -e inject=openat:delay_enter=500 oci-tar "$0" 2>err |
	true; exit "${PIPESTATUS[0]}"' many || status=$?
assert_equal 141 "$status"
assert_empty err

# A small file changes between the reading of its size and of its end: the run is stopped after the read.
echo 'just written' >tree/dir/c
touch -d '+1 day' tree/dir/c
rm -f trace
strace -f -o trace -P "$(realpath tree/dir/c)" -e 'inject=read:signal=SIGSTOP:when=1' oci-tar tree >out 2>err &
tracer=$!
until grep -q 'stopped by SIGSTOP' trace 2>/dev/null; do
	kill -0 "$tracer" || fail "not stopped: $(cat trace err)"
	sleep 0.01
done
echo 'just altered' | dd of=tree/dir/c conv=notrunc status=none
kill -CONT "$(sed -n 's/^\([0-9]*\) .*stopped by SIGSTOP.*/\1/p' trace)"
status=0
wait "$tracer" || status=$?
assert_broken 74 "'tree/dir/c' was modified while it was read"

# A link of /proc to an open file is not a file of the user's: its target is not a path, or another one each time.
mkfifo reader
cat tree/dir/c >reader &
assert_failed 65 oci-tar oci-tar /dev/fd/3 3<reader
assert_match "'/dev/fd/3': an open file of a process" err
exec 3<tree
expect 0 oci-tar /dev/fd/3
exec 3<&-
