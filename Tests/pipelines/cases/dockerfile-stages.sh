# Stages of Dockerfiles: targets, platforms, bases, triggers, and --squash.
# shellcheck disable=SC2016,SC2059 # for the Dockerfiles

# shellcheck source=../lib.sh
. "$TEST_LIB"
# shellcheck source=../dockerfile_lib.sh
. "$ROOT/Tests/pipelines/dockerfile_lib.sh"

make_context

# Only the stages that the target needs are built; names refer to earlier stages.
cat >Dockerfile <<'END'
FROM nowhere.invalid/not/asked AS unused
FROM scratch AS a
LABEL stage=a
FROM scratch AS b
COPY --from=a / /
LABEL stage=b
FROM a AS c
LABEL of=c
END
build <Dockerfile
assert_equal '{"stage":"a","of":"c"}' "$(config .config.Labels)"
build --target B <Dockerfile
assert_equal '{"stage":"b"}' "$(config .config.Labels)"
build --target 1 <Dockerfile
assert_equal '{"stage":"a"}' "$(config .config.Labels)"

# Several platforms become an index.
rm -rf made
printf 'FROM scratch\nARG TARGETARCH\nLABEL a=$TARGETARCH\n' |
	oci-dockerfile --platform linux/amd64,linux/arm64 --output oci:made:1 | sh >descriptor
assert_equal 'amd64 arm64' "$(oci-fetch --raw oci:made:1 | jq -r '[.manifests[].platform.architecture] | join(" ")')"
assert_equal '"arm64"' "$(oci-fetch --config --platform linux/arm64 oci:made:1 | jq .config.Labels.a)"

# The image is for the platform that was requested, by its canonical names, whatever its base is for.
mkdir users
printf 'bob:x:1001:1002:::\n' >users/passwd
printf 'FROM scratch\nCOPY --link passwd /etc/\n' >Dockerfile
oci-dockerfile --platform linux/amd64,linux/arm64 --context users --output oci:bases:1 <Dockerfile | sh >descriptor
for variant in amd64 arm64/v8; do
	oci-fetch --platform "linux/$variant" oci:bases:1 | oci-config --platform "linux/$variant"
done | oci-push-manifest --index oci:bases:both >descriptor
oci-fetch --platform linux/arm64/v8 oci:bases:both | oci-push-manifest oci:bases:alone >descriptor
# platforms: of the images in the index, or of the one image.
platforms() {
	oci-fetch --raw oci:made:1 | jq -r '.manifests[]?.platform | "\(.os)/\(.architecture)\(.variant // "")"' | xargs
	oci-fetch --config --platform all oci:made:1 |
		jq -r '"\(.os)/\(.architecture)\(.variant // "") \(.config.Env[1])"' | xargs
}
for from in 'scratch' '--platform=$BUILDPLATFORM scratch' '--platform=$BUILDPLATFORM oci:bases:both' 'oci:bases:both'; do
	printf "FROM $from\nARG TARGETPLATFORM\nARG TARGETVARIANT\nENV p=\$TARGETPLATFORM,\$TARGETVARIANT\n" >Dockerfile
	rm -rf made
	oci-dockerfile --platform linux/arm64/v8 --platform linux/amd64,linux/arm64 --output oci:made:1 <Dockerfile |
		sh >descriptor
	assert_equal 'linux/arm64 linux/amd64
linux/arm64 p=linux/arm64, linux/amd64 p=linux/amd64,' "$(platforms)" "$from"
done
printf 'FROM --platform=$BUILDPLATFORM scratch\nARG TARGETPLATFORM\nARG TARGETVARIANT\nENV p=$TARGETPLATFORM,$TARGETVARIANT\n' |
	build --platform linux/arm
assert_equal '
linux/armv7 p=linux/arm/v7,v7' "$(platforms)"
printf 'FROM --platform=arm64 oci:bases:both\nENV p=$TARGETPLATFORM\n' | build 2>err
assert_equal '
linux/arm64 p=' "$(platforms)" 'by default the platform of the base'
printf 'FROM --platform=$BUILDPLATFORM oci:bases:both\nENV p=1\n' | build --build-arg BUILDPLATFORM=linux/arm64 2>err
assert_equal '
linux/arm64 p=1' "$(platforms)"
assert_empty err
# A base without an index is taken for any platform, and a warning says so.
printf 'FROM oci:bases:alone\nENV p=1\nCOPY --from=oci:bases:alone /etc/passwd /\n' >Dockerfile
build --platform linux/amd64 <Dockerfile 2>err
assert_equal '
linux/amd64 p=1' "$(platforms)"
assert_equal "oci-dockerfile: warning: Dockerfile:1:6: 'oci:bases:alone' is for 'linux/arm64/v8', not for 'linux/amd64'
oci-dockerfile: warning: Dockerfile:3:6: 'oci:bases:alone' is for 'linux/arm64/v8', not for 'linux/amd64'" "$(cat err)"
build --platform linux/arm64 <Dockerfile 2>err
assert_equal '
linux/arm64 p=1' "$(platforms)"
assert_empty err

# Without a listing of the base, names are still those of the base.
mkdir -p users/home/bob
for option in --quiet --no-base-listing; do
	printf 'FROM oci:bases:both\nUSER bob\nWORKDIR /home/bob\nCOPY --chown=bob passwd /p\nCOPY --link --chown=bob passwd /l\n' |
		build --context users "$option"
	assert_equal 'dir 0755 1001:1002 file 0644 1001:1002 file 0644 1001:1002' \
		"$(for path in /home/bob /p /l; do entry "$path"; done | xargs)" "$option"
done

# An empty --from is the context, and scratch is a stage without files.
printf 'FROM scratch\nCOPY --from= passwd /\nCOPY --from=scratch / /\nCOPY --from=scratch / /d/\n' | build --context users
assert_equal 'file 0644 0:0 dir 0755 0:0' "$(for path in /passwd /d; do entry "$path"; done | xargs)"
printf 'FROM scratch\nCOPY --from=scratch /x /\n' | oci-dockerfile --output oci:made:1 >build.sh
expect 66 sh build.sh

# One layer in place of all that are added; everything else is the same.
printf 'FROM scratch\nCOPY sub /d/\nCOPY --chmod=600 file /d/\nCOPY file /e\n' >Dockerfile
build --context context <Dockerfile
oci-fetch oci:made:1 | oci-list --no-cache | sed 's/layer:[0-9]*/layer/g' >listed
build --context context --squash <Dockerfile
oci-fetch oci:made:1 | oci-list --no-cache | sed 's/layer:[0-9]*/layer/g' | cmp - listed
assert_equal '1 3' "$(config '[(.rootfs.diff_ids | length), (.history | length)] | map(tostring) | join(" ")' | tr -d '"')"
assert_equal 3 "$(find made/blobs -type f | wc -l)" 'a layer, a config, a manifest'

# Annotations that describe the base are not kept for an image built on it, with or without a new layer.
oci-fetch scratch | oci-manifest-append --no-layer |
	oci-push-manifest --annotation org.opencontainers.image.title=base oci:titled:1 >pushed
for lines in 'LABEL a=b' 'COPY file /' ''; do
	printf 'FROM oci:titled:1\n%s\n' "$lines" | build --context context
	assert_equal 'null' "$(oci-fetch --raw oci:made:1 | jq -c '.annotations["org.opencontainers.image.title"]')"
done

# Triggers of the base run first, and are not inherited further.
printf 'FROM scratch\nONBUILD COPY file /from-trigger\nONBUILD ENV T=1\n' | build --context context
oci-fetch oci:made:1 | oci-push-manifest oci:onbuild:1 >/dev/null
rm -rf made
printf 'FROM oci:onbuild:1\nENV U=$T\n' | oci-dockerfile --context context --output oci:made:1 | sh >descriptor
assert_equal 'null' "$(config .config.OnBuild)"
assert_equal '"U=1"' "$(config '.config.Env[-1]')"
assert_equal 'file 0600 0:0' "$(entry /from-trigger | sed 's/0644/0600/')"
