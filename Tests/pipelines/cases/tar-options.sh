# Where files go, their owners and times; several sources; excluded files.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# names TAR: the entries' names, one to a line, in order.
names() {
	tar -tf "$1"
}

assert_names() {
	names out >found
	printf '%s\n' "$@" | diff - found || fail "other names: $*"
}

# facts TAR NAME: mode, owner and time.
facts() {
	TZ=UTC tar -tvf "$1" --numeric-owner --full-time "$2" --no-recursion |
		awk 'NR == 1 { print $1, $2, $4, $5 }'
}

mkdir -p dist/lib
echo a >dist/a
echo b >dist/lib/b
ln -s ../a dist/lib/link
chmod 750 dist dist/lib
chmod 640 dist/a
chown 12:34 dist/a
touch -d @1700000000.9 dist/a dist/lib/b dist/lib
touch -h -d @1700000000 dist/lib/link
touch -d @1600000000 dist

# The directory itself becomes the entry of the root directory, but never of the image's root.
expect 0 oci-tar dist
assert_names a lib/ lib/b lib/link
expect 0 oci-tar dist --root-dir /app
assert_names app/ app/a app/lib/ app/lib/b app/lib/link
assert_equal 'drwxr-x--- 0/0 1970-01-01 00:00:00' "$(facts out app/)"
assert_equal '-rw-r----- 0/0 1970-01-01 00:00:00' "$(facts out app/a)"
for spelling in app app/ //app// /./app/. /app/./; do
	oci-tar dist --root-dir "$spelling" | cmp - out || fail "--root-dir $spelling"
done
for spelling in /../app .. app/../x /app/.. ''; do
	assert_failed 64 oci-tar oci-tar dist --root-dir "$spelling"
done
assert_failed 64 oci-tar oci-tar dist --root-dir /a/.wh.b

# No entries above the root directory, unless they are asked for.
expect 0 oci-tar dist --root-dir /usr/local/app
assert_names usr/local/app/ usr/local/app/a usr/local/app/lib/ usr/local/app/lib/b usr/local/app/lib/link
expect 0 oci-tar dist --root-dir /usr/local/app --parents --uid 5 --mtime 60
assert_names usr/ usr/local/ usr/local/app/ usr/local/app/a usr/local/app/lib/ usr/local/app/lib/b \
	usr/local/app/lib/link
assert_equal 'drwxr-xr-x 5/0 1970-01-01 00:01:00' "$(facts out usr/local/)"

# A file goes into the root directory, which then has no entry.
expect 0 oci-tar dist/a dist/lib/link --root-dir /app
assert_names app/a app/link

# Owners.
expect 0 oci-tar dist --uid 1000 --gid 2000
assert_equal '-rw-r----- 1000/2000 1970-01-01 00:00:00' "$(facts out a)"
assert_equal 'lrwxrwxrwx 1000/2000 1970-01-01 00:00:00' "$(facts out lib/link)"
expect 0 oci-tar dist --keep-owner
assert_equal '-rw-r----- 12/34 1970-01-01 00:00:00' "$(facts out a)"
expect 0 oci-tar dist --uid 2097151 --gid 4294967294
assert_equal '-rw-r----- 2097151/4294967294 1970-01-01 00:00:00' "$(facts out a)"
for id in -1 4294967295 18446744073709551616 root ''; do
	assert_failed 64 oci-tar oci-tar dist "--uid=$id"
done
assert_failed 64 oci-tar oci-tar dist --keep-owner --uid 5
assert_failed 64 oci-tar oci-tar dist --keep-owner --rootless
assert_failed 64 oci-tar oci-tar --from-tar out --rootless
# Recorded owners; files without a record get the owner of --uid and --gid.
setfattr -n user.rootlesscontainers -v 0x08e807 dist/a
expect 0 oci-tar dist --rootless --uid 5 --gid 6
assert_equal '-rw-r----- 1000/0 1970-01-01 00:00:00' "$(facts out a)"
assert_equal 'lrwxrwxrwx 5/6 1970-01-01 00:00:00' "$(facts out lib/link)"
! grep -aq rootlesscontainers out || fail 'the record is in the layer'
setfattr -n user.rootlesscontainers -v 0x0880 dist/a
expect 65 oci-tar dist --rootless
assert_message oci-tar
assert_match 'its recorded owner is malformed$' err
setfattr -x user.rootlesscontainers dist/a

# Times.
expect 0 oci-tar dist --mtime 1000000000
assert_equal '-rw-r----- 0/0 2001-09-09 01:46:40' "$(facts out a)"
expect 0 oci-tar dist --mtime keep
assert_equal '-rw-r----- 0/0 2023-11-14 22:13:20' "$(facts out a)"
expect 0 env SOURCE_DATE_EPOCH=1000000000 oci-tar dist
assert_equal '-rw-r----- 0/0 2001-09-09 01:46:40' "$(facts out a)"
expect 0 env SOURCE_DATE_EPOCH=1000000000 oci-tar dist --mtime 5
assert_equal '-rw-r----- 0/0 1970-01-01 00:00:05' "$(facts out a)"
expect 0 env SOURCE_DATE_EPOCH=1650000000 oci-tar dist --root-dir app --mtime keep
assert_equal '-rw-r----- 0/0 2022-04-15 05:20:00' "$(facts out app/a)"
assert_equal 'drwxr-x--- 0/0 2020-09-13 12:26:40' "$(facts out app/)"
expect 0 env SOURCE_DATE_EPOCH= oci-tar dist
assert_equal '-rw-r----- 0/0 1970-01-01 00:00:00' "$(facts out a)"
for value in now -5 1.5 99999999999999999999 ' 5'; do
	assert_failed 64 oci-tar env SOURCE_DATE_EPOCH="$value" oci-tar dist
done
for value in now 1.5 '' 99999999999999999999; do
	assert_failed 64 oci-tar oci-tar dist "--mtime=$value"
done

# Several sources are laid over each other.
mkdir -p over/lib more
echo other >over/a
echo c >over/lib/c
echo d >more/d
chmod 700 over over/lib
expect 0 oci-tar dist over more dist/lib/b --root-dir app
assert_names app/ app/a app/b app/d app/lib/ app/lib/b app/lib/c app/lib/link
assert_equal "oci-tar: warning: 'app/a' is in 2 sources; the last one counts" "$(cat err)"
assert_equal other "$(tar -xOf out app/a)"
assert_equal 'drwx------ 0/0 1970-01-01 00:00:00' "$(facts out app/lib/)"
assert_equal "$(stat -c %A more) 0/0 1970-01-01 00:00:00" "$(facts out app/)"
expect 0 oci-tar over dist --quiet
assert_empty err
assert_equal a "$(tar -xOf out a)"
mkdir clash
echo file >clash/lib
assert_failed 65 oci-tar oci-tar dist clash
assert_match "'lib'" err
assert_failed 65 oci-tar oci-tar clash dist
# Excluded files do not clash.
expect 0 oci-tar dist clash --exclude lib
assert_names a

# More than 255 sources, in one directory.
mkdir many
(cd many && seq 1 700 | xargs touch)
expect 0 sh -c 'ulimit -n 64 && exec oci-tar many/*'
assert_equal 700 "$(names out | wc -l)"

# Links as sources: a link to a directory is followed, any other is stored as a link.
ln -s dist to-dist
ln -s nowhere dangling
ln -s self self
expect 0 oci-tar to-dist dangling self
assert_names a dangling lib/ lib/b lib/link self

for path in missing missing/ dist/a/ ''; do
	assert_failed 66 oci-tar oci-tar "$path"
	assert_match "cannot open '$path'" err
done
assert_failed 66 oci-tar oci-tar dist/a/b
assert_match "cannot open 'dist/a/b': Not a directory" err

# Patterns exclude; those of files precede those of options.
mkdir -p src/keep src/drop/deep
for file in README.md a.md a.pyc keep/b.pyc keep/c drop/d drop/deep/e '#x'; do
	echo "$file" >"src/$file"
done
expect 0 oci-tar src --exclude '*.md' --exclude '!README.md' --exclude '**/*.pyc'
assert_names '#x' README.md drop/ drop/d drop/deep/ drop/deep/e keep/ keep/c
printf '# all of it\r\n*.md\r\n\r\n!README.md\n/drop/\n' >ignore
expect 0 oci-tar src --exclude-from ignore --exclude README.md
assert_names '#x' a.pyc keep/ keep/b.pyc keep/c
expect 0 oci-tar src --exclude-from ignore --exclude '!drop/deep/e' --exclude '#x' --root-dir /r
assert_names r/ r/README.md r/a.pyc r/drop/ r/drop/deep/ r/drop/deep/e r/keep/ r/keep/b.pyc r/keep/c
expect 0 oci-tar src --exclude '**'
assert_equal 0 "$(names out | wc -l)"
assert_equal 1024 "$(wc -c <out)"
assert_failed 64 oci-tar oci-tar src --exclude '['
assert_match "malformed pattern '\\['" err
printf 'a\n[b\n' >ignore
assert_failed 65 oci-tar oci-tar src --exclude-from ignore
assert_match "malformed pattern '\\[b' in 'ignore'" err
assert_failed 66 oci-tar oci-tar src --exclude-from missing
# What cannot be packed can be excluded, and an excluded directory is not read.
touch src/.wh.x
mkdir src/.wh.d
assert_failed 65 oci-tar oci-tar src
assert_match "'src/.wh.d'" err
expect 0 oci-tar src --exclude '.wh.*' --exclude '*/*' --exclude '!keep/c'
assert_names '#x' README.md a.md a.pyc drop/ keep/ keep/c
assert_failed 65 oci-tar oci-tar src --exclude .wh.x
assert_failed 65 oci-tar oci-tar src/.wh.x
assert_match "'src/.wh.x'" err

# Deletions are absolute paths in the image, written once and before everything else.
expect 0 oci-tar dist --root-dir /app --whiteout /etc/motd --whiteout etc/motd/ --whiteout /app/lib/b \
	--opaque /var/cache --opaque / --uid 7 --mtime 9
assert_names .wh..wh..opq var/cache/.wh..wh..opq app/lib/.wh.b etc/.wh.motd app/ app/a app/lib/ \
	app/lib/b app/lib/link
assert_equal '-rw-r--r-- 7/0 1970-01-01 00:00:09' "$(facts out etc/.wh.motd)"
for path in / '' /.. /a/.wh.b /.wh.; do
	assert_failed 64 oci-tar oci-tar dist --whiteout "$path"
done
assert_failed 64 oci-tar oci-tar dist --opaque /a/../b

# The source's .dockerignore, which may be missing; its patterns precede those of --exclude.
mkdir -p ignoring/lib
touch ignoring/a ignoring/b ignoring/lib/c
expect 0 oci-tar ignoring --dockerignore
assert_names a b lib/ lib/c
printf '*\n!b\n!lib/c\n' >ignoring/.dockerignore
expect 0 oci-tar ignoring --dockerignore
assert_names b lib/ lib/c
(cd ignoring && oci-tar --dockerignore) | cmp - out
expect 0 oci-tar ignoring --dockerignore --exclude b
assert_names lib/ lib/c
expect 0 oci-tar ignoring/a --dockerignore
assert_names a
assert_failed 64 oci-tar oci-tar ignoring dist --dockerignore
assert_failed 64 oci-tar oci-tar --from-tar - --dockerignore
rm -r ignoring

# The output is left out by identity, not by spelling, whether it exists or not.
mkdir -p out.d/sub elsewhere
touch out.d/a out.d/sub/b elsewhere/a
ln -s out.d link.d
for output in out.d/sub/new out.d/sub/new/deeper ./out.d//sub/new link.d/sub/new "$PWD/out.d/sub/new" \
	oci:out.d/sub/new:tag oci:out.d/sub/new elsewhere/../out.d/sub/new/; do
	expect 0 oci-tar out.d --exclude-output "$output"
	assert_match "^oci-tar: warning: '.*new.*' is inside 'out.d' and left out of the layer\$" err
	assert_names a sub/ sub/b
	mkdir out.d/sub/new
	touch out.d/sub/new/c out.d/sub/.new.1.x.tmp
	expect 0 oci-tar out.d --exclude-output "${output%/deeper}" --quiet
	assert_empty err
	assert_names a sub/ sub/b
	rm -r out.d/sub/new out.d/sub/.new.1.x.tmp
done
for output in "$(printf 'new [*]\377')" '\?'; do
	expect 0 oci-tar out.d --exclude-output "out.d/sub/$output"
	touch "out.d/sub/$output" out.d/sub/.new.1.x.tmp
	expect 0 oci-tar out.d --exclude-output "out.d/sub/$output"
	assert_names a sub/ sub/.new.1.x.tmp sub/b
	rm "out.d/sub/$output" out.d/sub/.new.1.x.tmp
done
# Of several sources, only the one that contains it.
mkdir elsewhere/sub
touch elsewhere/sub/b
expect 0 oci-tar elsewhere out.d --exclude-output out.d/sub/b --root-dir /x
assert_names x/ x/a x/sub/ x/sub/b
(cd out.d && oci-tar --exclude-output sub --quiet) >out
assert_names a
(cd out.d && find . | oci-tar --files-from - --exclude-output ./sub --quiet) >out
assert_names a
expect 0 oci-tar out.d --exclude-output elsewhere/a --exclude-output out.d2 --exclude-output ..
assert_empty err
for output in out.d ./out.d/ link.d oci:out.d:tag elsewhere/../out.d; do
	assert_failed 64 oci-tar oci-tar out.d --exclude-output "$output"
done
for output in '' oci: oci::; do
	assert_failed 64 oci-tar oci-tar out.d --exclude-output "$output"
done
