# Archives that try to write outside of the directory: nothing outside changes, and the status is right.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir -p outside/sub
echo secret >outside/secret
echo data >outside/sub/file
python3 "$ROOT/Tests/pipelines/hostile_tars.py" .

outside() {
	find outside -printf '%p %y %m %U:%G %s %T@ %n %l\n' | sort
	cat outside/secret outside/sub/file
	ls
}
mkdir root
for file in before now out err last; do : >"$file"; done
outside >before

for tar in tars/*.tar; do
	name=${tar#tars/}
	status=${name%.tar}
	status=${status##*.}
	for rootless in '' --rootless; do
		rm -rf root
		mkdir root
		# With a time limit, as a hang would be a failure too.
		expect "$status" timeout 60 oci-untar ${rootless:+"$rootless"} root <"$tar"
		assert_empty out
		if [ "$status" -ne 0 ]; then
			tail -n 1 err >last
			assert_equal 1 "$(grep -c '^oci-untar: ' last)" "$name: $(cat err)"
			! grep -q '\.$' last || fail "a full stop: $(cat last)"
		fi
		outside >now
		diff before now || fail "$name $rootless changed what is outside"
	done
done
[ "$(find tars -name '*.tar' | wc -l)" -ge 70 ] || fail 'archives are missing'

unpacked() {
	rm -rf root
	mkdir root
	oci-untar root <"$1"
}

# What harmless archives made is inside.
unpacked tars/absolute.0.tar
assert_equal overwritten "$(cat root/outside/secret)"
unpacked tars/link-parent.0.tar
assert_equal overwritten "$(cat root/outside/secret)"
unpacked tars/link-absolute.0.tar
assert_equal overwritten "$(cat "root$PWD/outside/secret")"
unpacked tars/link-final.0.tar
[ ! -L root/f ] || fail 'the link is still there'
unpacked tars/hard-link-is-not-written-through.0.tar
assert_equal kept "$(cat root/a)"
unpacked tars/duplicates.0.tar
assert_equal '2 d 700' "$(cat root/f) $(readlink root/l) $(stat -c %a root/d)"
unpacked tars/pax-twice.0.tar
[ -f root/b ] || fail 'the last record counts'

# Links that existed before are treated like links of the layer.
rm -rf root
mkdir root
ln -s ../outside root/l
ln -s "$PWD/outside" root/m
expect 0 oci-untar root <tars/whiteout-link.0.tar
expect 0 oci-untar root <tars/link-parent.0.tar
printf 'x' >f
tar -cf more.tar --transform 's,^f$,m/secret,' f
expect 0 oci-untar root <more.tar
rm more.tar f
outside | diff before -

# A decompression bomb is refused, unless an option allows it.
mkdir bomb
{
	head -c 1300000000 /dev/zero | python3 -c '
import sys, tarfile
tar = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
info = tarfile.TarInfo("zeros")
info.size = 1300000000
tar.addfile(info, sys.stdin.buffer)
tar.close()'
} | zstd -q -T0 >bomb.tar.zst
expect 65 oci-untar bomb <bomb.tar.zst
assert_message oci-untar
assert_match 'decompresses to more than 1000 times' err
rm -r bomb

# A deep path costs each directory once, with and without entries for the directories, and also where the kernel
# does not resolve paths.
python3 - <<'END'
import tarfile
with tarfile.open("deep.tar", "w", format=tarfile.PAX_FORMAT) as tar:
    tar.addfile(tarfile.TarInfo("d/" * 300 + "file"))
END
for tar in deep.tar tars/deep.0.tar; do
	for error in '' ENOSYS; do
		rm -rf root
		mkdir root
		strace -f -qq -c -o count ${error:+-e inject=openat2:error=$error} oci-untar root <"$tar"
		opened=$(awk '$NF == "openat" || $NF == "openat2" { sum += $4 } END { print sum }' count)
		[ "$opened" -lt 4000 ] || fail "$opened directories opened for '$tar' $error"
	done
done

# Whiteouts of one layer search a directory once, however many there are.
python3 - <<'END_OF_PROGRAM'
import tarfile
for name, own, whiteout in [("opaque", "d/{}", "d/.wh..wh..opq"), ("sibling", "d/e/{}", "d/.wh.e"),
                            ("outer", "d/{}/f", ".wh.d")]:
    with tarfile.open(name + ".tar", "w") as tar:
        for number in range(200):
            tar.addfile(tarfile.TarInfo(own.format(number)))
            tar.addfile(tarfile.TarInfo(whiteout))
END_OF_PROGRAM
for name in opaque sibling outer; do
	rm -rf root
	mkdir -p root/d/e
	: >root/d/e/old
	strace -f -qq -c -o count oci-untar root <$name.tar
	searched=$(awk '$NF == "getdents64" { print $4 }' count)
	[ "$searched" -lt 20 ] || fail "$searched searches for '$name'"
	[ ! -e root/d/e/old ] || fail "$name: a file below is still there"
	assert_equal 200 "$(find root -type f | wc -l)" "$name"
done
