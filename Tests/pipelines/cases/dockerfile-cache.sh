# Layers that a Dockerfile build does not make again: steps found in a cache, and copies that the image already has.
# shellcheck disable=SC2016 # for the Dockerfiles

# shellcheck source=../lib.sh
. "$TEST_LIB"

# The results are the same with a runtime and with chroot; chroot needs root.
isolation=
namespaces_allowed || isolation=--isolation=chroot

start_registry plain
make_rootfs rootfs
ocinoco build rootfs --from scratch --output oci:base:1 --env PATH=/bin --quiet >descriptor
mkdir -p context/sub
echo file >context/file
echo a >context/sub/a

# build [OPTION...]: builds the Dockerfile here. `found` gets the lines of the steps found in a cache, `ran` those of
# the steps that ran.
build() {
	oci-dockerfile --context context $isolation "$@" <Dockerfile >build.sh
	shellcheck -s sh -S warning -e SC2034 build.sh >shellcheck.log || fail "shellcheck: $(cat shellcheck.log)"
	sh build.sh >descriptor 2>err || fail "build: $(cat err)"
	found=$(sed -n 's/: found in .*//p' err | tr '\n' ' ')
	ran=$(sed -n 's/: ran$//p' err | tr '\n' ' ')
}

cat >Dockerfile <<'END'
FROM oci:base:1 AS build
ARG A=1
LABEL revision=1
COPY file /w/
RUN echo ran; echo "$A" >/one
ARG B=1
COPY sub /sub/
RUN echo ran; echo "$A$B" >/two; cat /w/file /sub/a >>/two
FROM scratch
COPY --from=build /one /two /
END

# The same build twice, with a layout and with a directory as cache; the second finds every step and makes the same
# image.
build --output oci:made:1 --cache cache
assert_equal '5 8 ' "$ran"
cp descriptor first
build --output oci:made:1 --cache cache
assert_equal '5 8 ' "$found"
assert_equal '' "$ran"
cmp first descriptor
oci-validate oci:made:1 >faults

# Another layout has none of the layers, and gets them from the cache.
build --output oci:other:1 --cache cache
assert_equal '5 8 ' "$found"
cmp first descriptor
oci-validate oci:other:1 >faults

# A change that a program cannot see makes no difference. A visible change does, from that step on.
sed -i 's/revision=1/revision=2/' Dockerfile
build --output oci:made:1 --cache cache
assert_equal '5 8 ' "$found"
echo b >context/sub/a
build --output oci:made:1 --cache cache
assert_equal '5 :8 ' "$found:$ran"
oci-fetch oci:made:1 | oci-flatten --only /two | tar -xOf - two >content
assert_equal '11 file b' "$(tr '\n' ' ' <content | sed 's/ $//')"
build --output oci:made:1 --cache cache --build-arg B=2
assert_equal '5 :8 ' "$found:$ran"
build --output oci:made:1 --cache cache --build-arg A=2
assert_equal ':5 8 ' "$found:$ran"
echo a >context/sub/a
build --output oci:made:1 --cache cache
assert_equal '5 8 :' "$found:$ran"
sed -i 's/^RUN echo ran; echo "$A" /RUN echo ran; echo  "$A" /' Dockerfile
build --output oci:made:1 --cache cache
assert_equal ':5 8 ' "$found:$ran"

# In a registry, where blobs are mounted; a cache that lost a blob counts as empty.
build --tag "$registry/made:1" --cache-repo "$registry/steps"
assert_equal ':5 8 ' "$found:$ran"
build --tag "$registry/again:1" --cache-repo "$registry/steps"
assert_equal '5 8 :' "$found:$ran"
assert_equal 2 "$(oci-fetch --tags "$registry/steps" | grep -cE '^step-[0-9a-f]{64}$')"
oci-validate "$registry/again:1" >faults
# The local cache is asked first, and a step is stored in both.
build --tag "$registry/made:2" --cache near --cache-repo "$registry/steps"
assert_equal '5 8 :' "$found:$ran"
assert_match "^5: found in $registry/steps$" err
build --tag "$registry/made:2" --cache near --cache-repo "$registry/steps" --build-arg B=3
assert_match '^8: ran$' err
build --tag "$registry/made:2" --cache near --build-arg B=3
assert_match '^8: found in oci:near/steps$' err
rm -rf near/steps/blobs/sha256
build --output oci:third:1 --cache near --build-arg B=3
assert_equal ':5 8 ' "$found:$ran"

# A cache that cannot be written is not used, with a warning.
build --output oci:made:1 --cache-repo 127.0.0.1:1/steps --retries 0
assert_equal ':5 8 ' "$found:$ran"
assert_match "^warning: a step is not kept in '127.0.0.1:1/steps'$" err
expect 64 oci-dockerfile --output oci:made:1 --cache-repo "$registry/steps:tag" --file Dockerfile
: >taken
build --output oci:made:1 --cache taken
assert_equal ':5 8 ' "$found:$ran"
assert_match "^warning: the cache 'taken/steps' cannot be written and is not used$" err
if [ -z "$isolation" ]; then
	printf 'FROM oci:base:1\nRUN --mount=type=cache,target=/c echo ran; echo >/c/x\n' >mounts
	oci-dockerfile --file mounts --output oci:made:1 --cache taken >build.sh
	sh build.sh >descriptor 2>err || fail "build: $(cat err)"
	assert_match "^warning: the cache 'taken/mounts' cannot be written and is not used$" err
fi
# With --quiet nothing is said about caches.
oci-dockerfile --quiet --context context $isolation --output oci:made:1 --cache cache <Dockerfile >build.sh
expect 0 sh build.sh
assert_empty err

# The script of a heredoc and mounted files are part of the key.
cat >Dockerfile <<'END'
FROM oci:base:1
RUN <<EOF
#!/bin/sh
echo ran; echo 1 >/one
EOF
END
if [ -z "$isolation" ]; then
	echo 'RUN --mount=type=bind,source=sub,target=/m --mount=type=cache,target=/c echo ran; cat /m/a >/two; echo x >>/c/x' >>Dockerfile
	build --output oci:made:1 --cache cache
	assert_equal ':2 6 ' "$found:$ran"
	touch -d 2001-01-01 context/sub/a
	build --output oci:made:1 --cache cache
	assert_equal '2 6 :' "$found:$ran"
	echo c >context/sub/a
	build --output oci:made:1 --cache cache
	assert_equal '2 :6 ' "$found:$ran"
	assert_equal 2 "$(cat cache/mounts/*/x | wc -l)"
	sed -i 's/echo 1/echo 2/' Dockerfile
	build --output oci:made:1 --cache cache
	assert_equal ':2 6 ' "$found:$ran"
fi

# A layer of COPY that the image already has is neither packed nor sent again.
printf 'FROM scratch\nCOPY sub /sub/\nCOPY file /file\n' >Dockerfile
build --tag "$registry/copies:1"
cp descriptor first
sent() { grep -c 'http.request.method=PUT.*/blobs/uploads/' "$registry_log" || :; }
before=$(sent)
build --tag "$registry/copies:1"
cmp first descriptor
assert_equal "$before" "$(sent)"
# One of two copies has changed; --reuse no sends both.
echo new >context/file
build --tag "$registry/copies:1"
assert_equal 2 "$(($(sent) - before))" 'a layer and a config'
# Layers of another image are mounted; an image that does not exist has none.
before=$(sent)
build --tag "$registry/elsewhere:1" --reuse "$registry/copies:1"
build --tag "$registry/elsewhere:2" --reuse "$registry/none:1"
expect 0 ocinoco build --file Dockerfile context --tag "$registry/copies:1" --push --reuse no -n
! grep -q oci-reuse out || fail 'reuses with --reuse no'

# The key is a tag. Only an image line and a command make a key.
oci-fetch oci:base:1 >base.json
oci-layers <base.json >base.layers
oci-step --args '["a","b"]' <base.json >key
assert_match '^step-[0-9a-f]{64}$' key
for option in --env=A=1 --mount=x --network=none --content=base.layers; do
	oci-step --args '["a","b"]' "$option" <base.json >other.key
	! cmp -s key other.key || fail "the same key with $option"
done
assert_failed 65 oci-step oci-step --args a </dev/null
expect 64 oci-step <base.json
head -c 100 base.json >cut.json
assert_failed 65 oci-step oci-step --args a <cut.json
assert_failed 66 oci-step oci-step --args a --content missing <base.json
