# COPY as a script: owners and modes, patterns, --parents, heredocs, and what is not in the context.
# shellcheck disable=SC2016,SC2059 # for the Dockerfiles

# shellcheck source=../lib.sh
. "$TEST_LIB"
# shellcheck source=../dockerfile_lib.sh
. "$ROOT/Tests/pipelines/dockerfile_lib.sh"

make_context

# From reports of users: a directory of the base stays as it is; --chown and --chmod apply to created parents.
build --context context <<'END'
FROM scratch AS base
COPY --chown=7:8 --chmod=1777 sub /tmp/
FROM base
COPY file /tmp/
COPY --chown=1:2 sub /new/deep/
COPY --chown=1:2 --chmod=640 file /mode/deep/file
END
assert_equal 'dir 01777 7:8' "$(entry /tmp)"
assert_equal 'dir 0755 1:2' "$(entry /new)"
assert_equal 'dir 0755 1:2' "$(entry /new/deep)"
assert_equal 'file 0644 1:2' "$(entry /new/deep/a)"
assert_equal 'file 0640 1:2' "$(entry /mode/deep/file)"

# A source directory's own mode does not apply to the destination; those of directories inside it do.
build --context context <<'END'
FROM scratch
COPY sub /d
COPY . /all/
END
assert_equal 'dir 0755 0:0' "$(entry /d)"
assert_equal 'dir 0700 0:0' "$(entry /all/sub)"

# Nothing leads out of the context.
ln -s /etc/hostname context/out
ln -s .. context/up
for source in out up/Dockerfile ../Dockerfile /../Dockerfile missing; do
	printf 'FROM scratch\nCOPY %s /x\n' "$source" | oci-dockerfile --context context --output oci:made:1 >build.sh
	expect 66 sh build.sh
	assert_match "no '.*' in the context" err
done
rm context/out context/up

# A pattern that matches nothing copies nothing; other sources still do.
build --context context <<'END'
FROM scratch
COPY none* /x/
COPY file none* /y/
END
assert_equal '' "$(entry /x)"
assert_equal 'file 0644 0:0' "$(entry /y/file)"

# --parents, --exclude, --link.
mkdir -p context/p/q/r
echo x >context/p/q/r/x.txt
echo y >context/p/q/y.md
build --context context <<'END'
FROM scratch
COPY --parents p/q/r/x.txt /one/
COPY --parents p/./q/*.md /two/
COPY --parents **/*.txt /three/
COPY --exclude=*.md --exclude=r p/q /four/
COPY --exclude=*.md p/q/*.md file /five/
COPY --link sub /six/
END
assert_equal 'file 0644 0:0' "$(entry /one/p/q/r/x.txt)"
assert_equal 'file 0644 0:0' "$(entry /two/q/y.md)"
assert_equal '' "$(entry /two/p)"
assert_equal 'file 0644 0:0' "$(entry /three/p/q/r/x.txt)"
assert_equal '' "$(oci-fetch oci:made:1 | oci-list --no-cache /four | grep -E 'md|/r' || :)"
assert_equal '' "$(entry /five/y.md)"
assert_equal 'file 0644 0:0' "$(entry /five/file)"
assert_equal 'dir 0755 0:0' "$(entry /six)"

# Each source of --parents has its own pivot, which may be a pattern. Links before the first pattern
# and the name are followed, and are directories in the copy.
mkdir -p context/v/1 context/v/2
echo 1 >context/v/1/c.txt
echo 2 >context/v/2/d.txt
ln -s q context/p/link
chmod 711 context/p/q
build --context context <<'END'
FROM scratch
COPY --parents p/./q/y.md v/1/c.txt v/./2 /one/
COPY --parents ./v/*/./*.txt ./none*/./x /two/
COPY --parents p/link/r/x.txt p/./link/*.md /three/
COPY --parents p/link /four/
COPY --parents v/*/./c.txt <<inline /five/
text
inline
END
listed() { oci-fetch oci:made:1 | oci-list --no-cache "/$1" | sed -n 's|^\./\([^ ]*\) type=.*|\1|p' | tr '\n' ' '; }
assert_equal 'one one/2 one/2/d.txt one/q one/q/y.md one/v one/v/1 one/v/1/c.txt ' "$(listed one)"
assert_equal 'two two/c.txt two/d.txt ' "$(listed two)"
assert_equal 'three three/link three/link/y.md three/p three/p/link three/p/link/r three/p/link/r/x.txt ' "$(listed three)"
assert_equal 'dir 0711 0:0' "$(entry /three/p/link)"
assert_equal 'dir 0711 0:0' "$(entry /three/link)"
assert_equal 'link 0777 0:0' "$(entry /four/p/link)"
assert_equal 'five five/c.txt five/inline ' "$(listed five)"
for source in v/./3 v/3/./c.txt 'v/3/./*.txt' p/link/none; do
	printf 'FROM scratch\nCOPY --parents %s /x/\n' "$source" | oci-dockerfile --context context --output oci:made:1 >build.sh
	expect 66 sh build.sh
	assert_match "no '.*' in the context" err
done
chmod 755 context/p/q
rm -r context/v context/p/link

# Names in a file that is a hard link, or large.
mkdir -p context/users/etc
python3 -c '
for number in range(30000): print(f"user{number}:x:{number + 5}:7::/:/bin/sh")' >context/users/etc/passwd
ln context/users/etc/passwd context/users/a
build --context context <<'END'
FROM scratch
COPY users /
COPY --chown=user29999 file /x
USER user29998
WORKDIR /w
END
assert_equal 'file 0644 30004:7' "$(entry /x)"
assert_equal 'dir 0755 30003:7' "$(entry /w)"
rm -r context/users

# Heredocs: expanded or not, tabs dropped, named by the delimiter or by the destination.
build --context context <<'END'
FROM scratch
ENV A=value
COPY <<one /named
$A "$A" '\$A'
one
COPY <<-"two" <<three /d/
	$A
	two
three
END
image=$(oci-fetch oci:made:1)
for digest in $(echo "$image" | oci-layers | jq -r .digest); do
	oci-fetch --blob "oci:made@$digest" | zstd -dcq | tar -xf - -C context
done
assert_equal 'value "value" '\''$A'\''' "$(cat context/named)"
assert_equal '$A' "$(cat context/d/two)"
assert_empty context/d/three

# The layout that is written in the context is no part of it: not of the whole, not of a pattern, and
# not where an exception takes things back in. It is an error as a source.
rm -rf inside
mkdir -p inside/d
echo x >inside/x
echo y >inside/d/y
printf '*\n!*\n!out/**\n' >inside/.dockerignore
printf 'FROM scratch\nCOPY . /all/\nCOPY * /star/\nCOPY x /x\nCOPY --parents . /parents/\n' |
	oci-dockerfile --context inside --output oci:inside/out:1 >build.sh
for run in first second; do
	sh build.sh >descriptor 2>err || fail "$run: $(cat err)"
	cat err >>said
	oci-fetch oci:inside/out:1 | oci-list --no-cache | cut -d ' ' -f 1 | grep '^\./' | xargs >paths
	assert_equal './all ./all/.dockerignore ./all/d ./all/d/y ./all/x ./parents ./parents/.dockerignore ./parents/d ./parents/d/y ./parents/x ./star ./star/.dockerignore ./star/x ./star/y ./x' "$(cat paths)" "$run"
done
assert_match "^oci-tar: warning: 'inside/out' is inside 'inside' and left out of the layer" said
printf 'FROM scratch\nCOPY out /all/\n' | oci-dockerfile --context inside --output oci:inside/out:1 >build.sh
expect 64 sh build.sh
assert_match "^oci-tar: .*'inside/out'" err
