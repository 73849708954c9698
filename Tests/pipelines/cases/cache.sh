# ocinoco build --cache: an unchanged tree is not read, and a changed tree is.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
make_dist
image=$registry/cache/image:1

# An oci-tar that fails when it is to read a tree; only the fingerprint works.
mkdir unread
cp "$(readlink -f "$(command -v ocinoco)")" unread/ocinoco
cat >unread/oci-tar <<END
#!/bin/sh
case " \$* " in *' --fingerprint '*) exec "$(command -v oci-tar)" "\$@" ;; esac
echo 'oci-tar: the tree was to be read' >&2
exit 70
END
chmod +x unread/oci-tar

build() {
	expect 0 ocinoco build "$@" --from scratch --tag "$image" --push --cache state
	assert_empty err
}
# hit WORD...: a build that reads no tree and prints the same as a build without a cache.
hit() {
	expect 0 ocinoco build "$@" --from scratch --tag "$image" --push --reuse no
	cp out wanted
	expect 0 env PATH="$PWD/unread:$PATH" unread/ocinoco build "$@" --from scratch --tag "$image" --push --cache state
	assert_empty err
	cmp out wanted
}
# miss WORD...: a build that must read the tree; the next one need not.
miss() {
	expect 70 env PATH="$PWD/unread:$PATH" unread/ocinoco build "$@" --from scratch --tag "$image" --push --cache state
	build "$@"
	cp out made
	expect 0 ocinoco build "$@" --from scratch --tag "$image" --push --reuse no
	cmp out made
}

# The fingerprint is one line. It does not depend on how the tree is named. Making it opens no file.
touch -d @1600000000 dist dist/*
oci-tar --fingerprint dist >tree
assert_equal true "$(field .settled tree)"
oci-tar --fingerprint dist | cmp - tree
(cd dist && oci-tar --fingerprint . | cmp - ../tree)
strace -f -qq -e trace=openat,openat2,readlinkat,read -o trace oci-tar --fingerprint dist | cmp - tree
assert_equal 0 "$(grep -c '"server.js"\|"numbers"\|readlinkat(.*"link"' trace)" 'files that were opened'
assert_failed 64 oci-tar oci-tar --fingerprint --from-tar x
assert_failed 64 oci-tar oci-tar --fingerprint --copy / dist
assert_failed 66 oci-tar oci-tar --fingerprint missing

# oci-reuse gives the same answer when it is called by hand.
oci-tar dist | oci-zstd | oci-digest >line
expect 1 oci-reuse --cache hand <tree
assert_empty out
assert_empty err
cp tree after
expect 0 oci-reuse --cache hand --keep line --before tree <after
assert_empty out
expect 0 oci-reuse --cache hand <tree
cmp out line
expect 1 oci-reuse --cache hand --made-by other <tree
assert_equal 600 "$(stat -c %a hand/*)" mode
assert_equal 700 "$(stat -c %a hand)" mode
oci-tar --fingerprint --uid 1 dist >other.tree
expect 1 oci-reuse --cache hand <other.tree
expect 0 oci-reuse --cache hand --keep line --before other.tree <tree
expect 1 oci-reuse --cache hand <other.tree
assert_equal 1 "$(find hand -type f | wc -l)" 'layers that are kept'
sed 's/true/false/' tree >unsettled
expect 1 oci-reuse --cache hand <unsettled
expect 0 oci-reuse --cache hand --made-by unsettled --keep line --before unsettled <tree
expect 1 oci-reuse --cache hand --made-by unsettled <tree
head -c 40 tree >part
assert_failed 65 oci-reuse oci-reuse --cache hand <part
assert_failed 65 oci-reuse oci-reuse --cache hand </dev/null
assert_failed 65 oci-reuse oci-reuse --cache hand --keep part --before tree <after
assert_failed 66 oci-reuse oci-reuse --cache hand --keep missing --before tree <after
assert_failed 64 oci-reuse oci-reuse --cache hand --keep line <tree
assert_failed 64 oci-reuse oci-reuse --cache hand line <tree
assert_failed 64 oci-reuse oci-reuse --made-by x line <tree
assert_failed 64 oci-reuse oci-reuse <tree

# An unchanged tree is not read; the printed script does the same.
miss dist --root-dir /app
assert_equal 700 "$(stat -c %a state)" mode
hit dist --root-dir /app
hit ./dist/. --root-dir /app
expect 0 ocinoco build dist --root-dir /app --from scratch --tag "$image" --push --cache state -n
sed "s,^PATH=.*,PATH=$PWD/unread:\$PATH," out >script
grep -q '^PATH=' script || sed -i "1a PATH=$PWD/unread:\$PATH" script
for shell in dash bash 'busybox sh'; do
	# shellcheck disable=SC2086 # words
	expect 0 $shell script
	cmp out wanted
done

# Every option that changes the layer makes it another layer.
miss dist --root-dir /app --uid 7
miss dist --root-dir /srv
miss dist --root-dir /app --mtime 7
miss dist --root-dir /app --chmod go=
miss dist --root-dir /app --xattrs
miss dist --root-dir /app --keep-owner --mtime keep
miss dist --root-dir /app --exclude lib
miss dist --root-dir /app --whiteout /gone
miss dist --root-dir /app/deep --parents
miss dist --root-dir /app --level 9
miss dist --root-dir /app --compress gzip
miss dist --root-dir /app --compress 'gzip -n -1'
miss dist --root-dir /app --compress zstd:chunked
miss dist --root-dir /app --compress none
miss dist/server.js --as app
miss dist/server.js --as app2
for round in 1 2; do
	echo "lib/$round" >list
	[ "$round" = 1 ] || echo lib/data >list
	[ "$round" = 2 ] || echo server.js >list
	miss dist --root-dir /lists --files-from list
	hit dist --root-dir /lists --files-from list
	miss dist --root-dir /lists --exclude-from list
	hit dist --root-dir /lists --exclude-from list
done
export SOURCE_DATE_EPOCH=1700000000
miss dist --root-dir /app
hit dist --root-dir /app
unset SOURCE_DATE_EPOCH
hit dist --root-dir /app
hit dist --root-dir /app --uid 7
hit dist --root-dir /app --level 9
# Links of the base that lead elsewhere change the tar.
mkdir -p based/usr/lib lib.tree/lib
ln -s usr/lib based/lib
echo x >lib.tree/lib/x
ocinoco build based --from scratch --tag "$registry/cache/base:1" --push >base.json
expect 0 ocinoco build lib.tree --from "$registry/cache/base:1" --tag "$image" --push --cache state
expect 0 ocinoco build lib.tree --from "$registry/cache/base:1" --tag "$image" --push --cache state --follow-base
cp out followed
expect 0 ocinoco build lib.tree --from "$registry/cache/base:1" --tag "$image" --push --reuse no --follow-base
cmp out followed

# Every change to the tree is seen, also when size, times and name stay the same.
touch -d @1600000000 same
cp -p dist/server.js kept
changes() {
	printf 'SERVED' | dd of=dist/server.js conv=notrunc 2>dd.log
	touch -r kept dist/server.js
	"$@"
	cp -p dist/server.js new
	printf 'Served' | dd of=new conv=notrunc 2>dd.log
	touch -r kept new
	mv new dist/server.js
	"$@"
	chmod 600 dist/server.js
	"$@"
	chmod 644 dist/server.js
	"$@"
	echo more >dist/lib/more
	"$@"
	rm dist/lib/more
	"$@"
	ln -sfn lib/numb dist/link
	touch -h -d @1600000000 dist/link
	"$@"
	mkdir dist/empty
	"$@"
	rmdir dist/empty
	ln dist/server.js dist/again
	"$@"
	rm dist/again
	"$@"
	setfattr -n user.a -v b dist/lib/data
	"$@"
}
changes miss dist --root-dir /app --xattrs
rm -rf dist
make_dist
miss dist
hit dist
# At the top of the image the directory has no entry; its names count nevertheless.
changes miss dist

# A tree that was moved, and a tree in the place of another.
cp -a dist second
mv dist moved
expect 0 ocinoco build moved --from scratch --tag "$image" --push --cache state
cp out built
expect 0 ocinoco build moved --from scratch --tag "$image" --push --reuse no
cmp out built
echo other >second/server.js
mv second dist
miss dist
ln -s moved link
build link
cmp out built
ln -sfn dist link
build link
! cmp -s out built || fail 'the other tree'
rm link

# Times in the future, left by a clock that was set back: the file is read each time.
touch -d 2200-01-01 dist/lib/data
for round in 1 2; do
	expect 70 env PATH="$PWD/unread:$PATH" unread/ocinoco build dist --from scratch --tag "$image" --push --cache state
	build dist
done
touch -d @1600000000 dist/lib/data
assert_equal true "$(oci-tar --fingerprint dist | jq .settled)"

# A tree that changes while the layer is made, permanently or for a moment, is not recorded.
mkdir changing
cp "$(readlink -f "$(command -v ocinoco)")" changing/ocinoco
cat >changing/oci-zstd <<END
#!/bin/sh
"$(command -v oci-zstd)" "\$@" || exit
sh "$PWD/change"
END
cat >changing/oci-tar <<END
#!/bin/sh
case " \$* " in *' --fingerprint '*) ;; *) sh "$PWD/change.before" ;; esac
exec "$(command -v oci-tar)" "\$@"
END
chmod +x changing/oci-zstd changing/oci-tar
during() {
	echo "$1" >change.before
	echo "$2" >change
	# A new file: a tree that was not seen before.
	rm -f dist/fresh.*
	date +%N >"dist/fresh.$(date +%N)"
	expect 0 env PATH="$PWD/changing:$PATH" changing/ocinoco build dist --root-dir /app --from scratch --tag "$image" --push --reuse no --cache state
	assert_empty err
	expect 70 env PATH="$PWD/unread:$PATH" unread/ocinoco build dist --root-dir /app --from scratch --tag "$image" --push --cache state
	build dist --root-dir /app
	cp out built
	expect 0 ocinoco build dist --root-dir /app --from scratch --tag "$image" --push --reuse no
	cmp out built
}
during : "printf X | dd of='$PWD/dist/server.js' conv=notrunc 2>/dev/null; touch -r '$PWD/kept' '$PWD/dist/server.js'"
during "echo >'$PWD/dist/lib/moment'" "rm '$PWD/dist/lib/moment'"
during "mv '$PWD/dist/server.js' '$PWD/aside'; echo >'$PWD/dist/server.js'" "mv '$PWD/aside' '$PWD/dist/server.js'"

# A record that cannot be used is ignored.
state() {
	rm -rf state
	build dist --root-dir /app
	file=$(echo state/*.layer)
}
break_state() {
	state
	"$@"
	miss dist --root-dir /app
	assert_empty err
}
break_state truncate -s 0 state/*.layer
break_state truncate -s -1 "$file"
break_state sed -i 's/sha256:./sha256:0/' "$file"
break_state sed -i '2s/"size":[0-9]*/"size":1/' "$file"
# A record of another version, otherwise whole.
of_another_version() {
	sed '1d; s/ocinoco layer 1/ocinoco layer 2/' "$file" >new
	{
		digest_of new
		cat new
	} >"$file"
}
break_state of_another_version
# The record of another tree, under the name of this one.
of_another_tree() {
	build dist --root-dir /elsewhere
	for other in state/*.layer; do
		[ "$other" = "$file" ] || mv "$other" "$file"
	done
}
break_state of_another_tree
in_its_place() {
	rm "$file"
	"$@" "$file"
}
break_state in_its_place ln -s "$PWD/nowhere"
break_state in_its_place mkfifo
if [ "$(id -u)" -eq 0 ]; then break_state chown 12345 "$file"; fi
state
in_its_place mkdir
expect 0 ocinoco build dist --root-dir /app --from scratch --tag "$image" --push --cache state
assert_match "^oci-reuse: warning: the layer is not kept in 'state': " err
rm -rf state
touch state
assert_equal 73 "$(ocinoco build dist --from scratch --tag "$image" --push --cache state >out 2>err || echo $?)"
rm state

# The target is asked: a layer that it lost is made again, and a layer that another place has is taken from there.
miss dist --root-dir /app
layer=$(oci-fetch "$image" | oci-layers | jq -r .digest)
curl -sf -X DELETE "http://$registry/v2/cache/image/blobs/$layer"
miss dist --root-dir /app
oci-fetch --blob "$image@$layer" | oci-digest >again.json
assert_equal "$layer" "$(field .digest again.json)"
hit dist --root-dir /app
first_storage=$storage first=$registry
start_registry plain
second=$registry registry=$first storage=$first_storage
expect 0 env PATH="$PWD/unread:$PATH" unread/ocinoco build dist --root-dir /app --from scratch --tag "$image" --tag "$second/cache/image:1" --push --cache state
oci-fetch --blob "$second/cache/image@$layer" | oci-digest | cmp - again.json
expect 70 env PATH="$PWD/unread:$PATH" unread/ocinoco build dist --root-dir /app --from scratch --tag "$second/cache/none:1" --push --cache state
expect 0 ocinoco build dist --root-dir /app --from scratch --output oci:layout:1 --cache state
for round in 1 2; do
	expect 0 env PATH="$PWD/unread:$PATH" unread/ocinoco build dist --root-dir /app --from scratch --output oci:layout:1 --cache state
done

# Several layers, one of which changed; several platforms; a layer from a file.
mkdir modules
seq 1 5000 >modules/package
miss dist --root-dir /app --layer modules:/modules
hit dist --root-dir /app --layer modules:/modules
echo more >dist/more
build dist --root-dir /app --layer modules:/modules
hit dist --root-dir /app --layer modules:/modules
hit --layer modules:/modules
oci-fetch scratch --platform linux/amd64 >platforms
oci-fetch scratch --platform linux/arm64 >>platforms
oci-push-manifest "$registry/cache/platforms:1" <platforms >platforms.json
for round in 1 2; do
	expect 0 ocinoco build dist --from "$registry/cache/platforms:1" --platform all --tag "$image" --push --cache state
	[ "$round" = 1 ] || cmp out all
	cp out all
done
expect 0 env PATH="$PWD/unread:$PATH" unread/ocinoco build dist --from "$registry/cache/platforms:1" --platform all --tag "$image" --push --cache state
cmp out all
oci-tar dist >layer.tar
build layer.tar --compress zstd
cp out first
strace -f -qq -e trace=openat -o trace ocinoco build layer.tar --compress zstd --from scratch --tag "$image" --push --cache state | cmp - first
echo x >dist/x
oci-tar dist >layer.tar
build layer.tar --compress zstd
! cmp -s out first || fail 'the other layer'

# Inside SOURCE the cache is left out, and creating it there does not count as a change.
expect 0 ocinoco build dist --root-dir /in --from scratch --tag "$image" --push --cache dist/.state
cp out first
expect 0 env PATH="$PWD/unread:$PATH" unread/ocinoco build dist --root-dir /in --from scratch --tag "$image" --push --cache dist/.state -q
cmp out first
rm -r dist/.state

# Two builds at once, of the same tree and of different trees; a pipe is not looked up.
rm -rf state
for number in 1 2 3 4; do
	ocinoco build dist --root-dir "/app$((number / 2))" --from scratch --tag "$registry/cache/at-once:$number" \
		--push --reuse no --cache state >"out.$number" 2>"err.$number" &
	eval "pid$number=$!"
done
# shellcheck disable=SC2154 # set above
for pid in "$pid1" "$pid2" "$pid3" "$pid4"; do wait "$pid" || fail "$(cat err.*)"; done
cmp out.2 out.3
assert_equal 3 "$(find state -type f | wc -l)" files
image=$registry/cache/at-once:2
hit dist --root-dir /app1
oci-tar dist | expect 0 ocinoco build - --from scratch --tag "$image" --push --cache state
expect 0 ocinoco build dist --from scratch --tag "$image" --push --cache state --keep kept.files
[ -s kept.files/layer.tar.zst ] || fail 'no file'
expect 0 ocinoco build dist --from scratch --tag "$image" --cache none
[ ! -e none ] || fail 'a directory where nothing is stored'
assert_failed 64 ocinoco ocinoco build dist --from scratch --tag x --cache ''
assert_equal '' "$(find "$TMPDIR" -maxdepth 1 -name 'tmp.*')" 'temporary files'
