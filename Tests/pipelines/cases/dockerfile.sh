# Dockerfiles as scripts: the results of copies, what reaches the shell, and what is refused with which place.
# shellcheck disable=SC2016,SC2059 # for the Dockerfiles

# shellcheck source=../lib.sh
. "$TEST_LIB"

# build [OPTION...]: builds the Dockerfile on stdin into oci:made:1.
build() {
	rm -rf made
	oci-dockerfile --output oci:made:1 "$@" >build.sh
	shellcheck -s sh -S warning -e SC2034 build.sh >shellcheck.log || fail "shellcheck: $(cat shellcheck.log build.sh)"
	sh build.sh >descriptor
}

# entry PATH: type, mode and owner of PATH in the image.
entry() {
	oci-fetch oci:made:1 | oci-list --no-cache "$1" 2>/dev/null | sed -n "s|^\.$1 type=\([^ ]*\) mode=\([^ ]*\) uid=\([^ ]*\) gid=\([^ ]*\).*|\1 \2 \3:\4|p"
}

# config FILTER: the image's config through jq.
config() {
	oci-fetch --config oci:made:1 | jq -c "$1"
}

mkdir -p context/sub
echo file >context/file
echo a >context/sub/a
chmod 700 context/sub

# No text of a Dockerfile is run as shell code, wherever it stands.
evil='$(touch pwned)`touch pwned`;touch pwned'
mkdir evil
touch "evil/a'b" 'evil/$(touch pwned)' 'evil/;touch pwned'
cat >Dockerfile <<'OUTER'
ARG A='$(touch pwned)'
FROM scratch AS x
ARG A
ARG B="'; touch pwned; '"
ENV E='$(touch pwned)' F="`touch pwned`" G=it\'s\ "\"quoted\""
LABEL "$(touch pwned)"=$A l='$B' "x y"="$B"
COPY ["a\\'b", "$(touch pwned)", ";touch pwned", "/d/$(touch pwned)/"]
COPY --chown=5:6 <<'$(pwned)' <<END <<`x` /in/
$(touch pwned)
END_
$(pwned)
$E `touch pwned` 'q' "q" \$E
END
x
`x`
USER $(touch pwned)
CMD echo "$(touch pwned)" '
HEALTHCHECK CMD `touch pwned` '"$x"'
ONBUILD RUN touch pwned; $(touch pwned)
VOLUME ["/$(touch pwned)"]
STOPSIGNAL SIGTERM
MAINTAINER '; touch pwned #
ENTRYPOINT ["$(touch pwned)", "'", "\\", "\n"]
OUTER
build --context evil --build-arg "A=$evil" --label "z=$evil" <Dockerfile
assert_equal '' "$(find . -name pwned)"
assert_equal '["$(touch pwned)","'\''","\\","\n"]' "$(config .config.Entrypoint)"
assert_equal '"$(touch pwned)`touch pwned`;touch pwned"' "$(config .config.Labels.z)"
assert_equal '"it'\''s \"quoted\""' "$(config '.config.Env[] | select(startswith("G=")) | .[2:]')"
assert_equal 1 "$(oci-fetch oci:made:1 | oci-list | grep -cF './d/$(touch\040pwned)/;touch\040pwned type=file')"

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

# What fails is said once, with its line; new layers and known ones.
failing() {
	printf 'FROM scratch\nCOPY file /\n%s\n' "$1" | oci-dockerfile --context context --output oci:made:1 "$2" >build.sh
	expect "${4:-65}" sh build.sh
	assert_equal "$3
${1%% *} in line 3 failed with status ${4:-65}" "$(cat err)" "$1 $2"
}
ln -s nowhere context/dangling
for reuse in --reuse=no --reuse=oci:made:1; do
	failing 'COPY missing /x' "$reuse" "oci-tar: no 'missing' in the context" 66
	failing 'ADD dangl* /x/' "$reuse" \
		"oci-tar: no 'dangling' in the context: it is a link to a path that is not there" 66
	failing 'COPY file /file/' "$reuse" "oci-tar: 'file' is a directory, but in the base 'file' is something else"
	failing 'WORKDIR /file' "$reuse" "oci-tar: 'file' is a directory, but in the base 'file' is something else"
done
rm context/dangling

# The names of stages are not those of the script's own files.
build --context context --reuse=oci:none:1 <<'END'
FROM scratch AS failed
COPY file /a
COPY file /b
END
assert_equal 'file 0644 0:0' "$(entry /a)"
assert_equal 'file 0644 0:0' "$(entry /b)"

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

# Errors name the place, and nothing is printed.
refused() {
	printf "$1" >Dockerfile
	assert_failed 65 oci-dockerfile oci-dockerfile --file Dockerfile
	assert_equal "oci-dockerfile: Dockerfile:$2" "$(cat err)"
}
refused 'FROM scratch\nCOPPY a b\n' "2:1: unknown instruction 'COPPY', did you mean 'COPY'?"
refused 'FROM scratch\nCOPY a b /c\n' "2:1: COPY: several sources need a destination that ends with '/'"
refused 'FROM scratch\nCOPY --from=nope$x a /\n' \
	"2:6: COPY: variable expansion is not supported in '--from'; give a stage that name with FROM"
refused 'FROM scratch\nADD https://example.invalid/x.git /\n' '2:5: not supported: ADD of a git repository'
refused 'FROM scratch\nCOPY http://example.invalid/x /\n' '2:6: COPY: a source cannot be a URL; write ADD'
refused 'FROM scratch\nENV a=${b:=c}\n' "2:7: unknown modifier ':=' in a substitution"
refused 'FROM scratch\nRUN --security=insecure x\n' '2:5: not supported: RUN --security=insecure'
refused 'ENV a=b\n' '1:1: ENV: it needs a FROM before it'
refused 'FROM scratch AS a\nCOPY --from=c / /\nFROM scratch AS c\nFROM a\n' "2:6: COPY: stage 'c' is not before this one"
expect 65 oci-dockerfile --target none --file Dockerfile
assert_failed 65 oci-dockerfile oci-dockerfile </dev/null
assert_failed 66 oci-dockerfile oci-dockerfile --file missing

# The parse, as JSON.
printf '# escape=`\nFROM a`\n  AS b\nRUN <<E\nx\nE\n' | oci-dockerfile --ast >ast
assert_equal '{"line":1,"directive":"escape","value":"`"}
{"line":2,"column":1,"lastLine":3,"instruction":"FROM","form":"words","arguments":["a","AS","b"]}
{"line":4,"column":1,"lastLine":6,"instruction":"RUN","form":"text","arguments":["<<E"],"heredocs":[{"name":"E","expanded":true,"dropsTabs":false,"content":"x\n"}]}' "$(cat ast)"

# The example, and the wrapper: -n prints what runs.
"$ROOT/examples/dockerfile/build" "oci:$PWD/example:1" >descriptor
assert_equal '"A site"' "$(oci-fetch --config oci:example:1 | jq '.config.Labels["org.opencontainers.image.title"]')"
oci-fetch oci:example:1 | oci-list --no-cache /srv/style.css >listed
assert_match 'style.css .*uid=1000 gid=1000' listed
printf 'FROM scratch\nARG A\nCOPY file /\nLABEL a=$A\n' >Dockerfile
ocinoco build --file Dockerfile context --build-arg A=b --output oci:wrapped:1 --label c=d >descriptor
ocinoco build --file Dockerfile context --build-arg A=b --output oci:wrapped:1 --label c=d -n >build.sh
sh build.sh | cmp - descriptor
assert_equal '{"a":"b","c":"d"}' "$(oci-fetch --config oci:wrapped:1 | jq -c .config.Labels)"
for option in --from=scratch --root-dir=/x --compress=gzip --keep=kept; do
	expect 64 ocinoco build --file Dockerfile context --output oci:wrapped:1 "$option"
done
expect 64 ocinoco build context --from scratch --output oci:wrapped:1 --target x

# RUN: the program's environment, user, directory, files and mounts, and what stays out of the layers.
make_rootfs rootfs
ocinoco build rootfs --from scratch --output oci:runs:1 --env PATH=/bin --quiet >descriptor
cat >Dockerfile <<'END'
FROM oci:runs:1 AS build
ARG A=arg
ENV E=env
WORKDIR /w
COPY file /w/
RUN echo "$A $E $(pwd) $(id -u)" >/said; cat file >copied
USER app
RUN id -u >/tmp/user
USER 0
RUN --mount=type=bind,source=sub,target=/m --mount=type=cache,target=/c --mount=type=tmpfs,target=/t \
	--mount=type=secret,id=s cat /m/a /run/secrets/s >/mounted; echo x >/c/x; echo x >/t/x
RUN <<EOF
echo one >/heredoc
echo two >>/heredoc
EOF
RUN ["/bin/sh", "-c", "echo exec >/exec"]
FROM scratch
COPY --from=build /said /mounted /heredoc /exec /w/copied /tmp/user /
END
echo secret >secret
run_it() {
	rm -rf made
	oci-dockerfile --context context --output oci:made:1 --secret s=secret "$@" <Dockerfile >build.sh
	shellcheck -s sh -S warning -e SC2034 build.sh >shellcheck.log || fail "shellcheck: $(cat shellcheck.log)"
	sh build.sh >descriptor 2>err || fail "build: $(cat err)"
	rm -rf result
	mkdir result
	oci-fetch oci:made:1 | oci-flatten | tar -xf - -C result
	assert_equal 'arg env /w 0' "$(cat result/said)"
	assert_equal file "$(cat result/copied)"
	assert_equal 1000 "$(cat result/user)"
	assert_equal 'one two exec' "$(cat result/heredoc result/exec | tr '\n' ' ' | sed 's/ $//')"
}
if namespaces_allowed; then
	run_it
	assert_equal 'a secret' "$(tr '\n' ' ' <result/mounted | sed 's/ $//')"
	# Mounts and the network's files leave nothing in a layer; a failure keeps its status and names its place.
	oci-dockerfile --context context --output oci:made:1 --secret s=secret --target build <Dockerfile | sh >descriptor 2>err
	oci-fetch oci:made:1 | oci-list --no-cache --from oci:made --from oci:runs | cut -d ' ' -f 1 >paths
	assert_equal '' "$(grep -E '^\./(c/|t/|m/|dev|proc|sys|etc/hosts|etc/resolv)' paths || :)"
	printf 'FROM oci:runs:1\nRUN echo told >&2; exit 7\n' | oci-dockerfile --output oci:made:1 >build.sh
	expect 7 sh build.sh
	assert_match '^2: told$' err
	assert_match '^RUN in line 2 failed with status 7$' err
fi
sed -i '/^RUN --mount/,/secret,id=s/d; s,/mounted ,,' Dockerfile
if [ "$(id -u)" -eq 0 ]; then run_it --isolation chroot; fi

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

# What stands for nothing, and volumes that are no paths, as BuildKit has them.
printf 'FROM scratch\nUSER a\nUSER $NO\nWORKDIR /w\nWORKDIR $NO\nVOLUME data /v/../u a:b /ok\n' |
	oci-dockerfile --output oci:volumes:1 >build.sh 2>err
assert_match "warning: Dockerfile:3:6: variable 'NO' is not set$" err
sh build.sh >descriptor
oci-fetch --config oci:volumes:1 >config.json
assert_equal '/ok /v/../u a:b data null /w' \
	"$(jq -r '.config | "\(.Volumes | keys | join(" ")) \(.User) \(.WorkingDir)"' config.json)"
assert_equal 'WORKDIR /w,WORKDIR /w' "$(jq -r '[.history[].created_by | select(startswith("WORKDIR"))] | join(",")' config.json)"

# More metadata than one command can have; a value that no program can have is an error with its place.
python3 -c 'print("FROM scratch"); [print("LABEL k%d=%s" % (i, "x" * 60000)) for i in range(40)]' |
	oci-dockerfile --output oci:labels:1 | sh >descriptor
assert_equal '40 60000' "$(oci-fetch --config oci:labels:1 | jq -r '.config.Labels | "\(length) \(.k39 | length)"')"
# wrong PLACE TEXT: the Dockerfile here is an error there.
wrong() {
	assert_failed 65 oci-dockerfile oci-dockerfile --file Dockerfile
	assert_match "Dockerfile:$1: .*$2" err
}
python3 -c 'print("FROM scratch\nENV a=" + "x" * 1000 + "\nENV a=$a$a" * 30)' >Dockerfile
wrong 10:1 '131071$'
python3 -c 'print("ARG a=" + "x" * 1000 + "\nARG a=$a$a" * 30 + "\nFROM scratch")' >Dockerfile
wrong 15:7 'characters from substitutions in the file$'
python3 -c 'print("FROM scratch\nARG a=" + "x" * 60000 + "\nRUN x" * 2000)' >Dockerfile
wrong '[0-9]*:1' 'the script would have more than 67108864 bytes$'
python3 -c 'print("FROM scratch AS s0"); [print("FROM s%d AS s%d" % (i - 1, i)) for i in range(1, 5000)]' |
	oci-dockerfile --output oci:chain:1 | sh >descriptor

# Every error and warning says where.
printf 'FROM Scratch\n' >Dockerfile
wrong 1:6 "not a reference: 'Scratch': "
printf 'ARG V\nFROM oci:base:$V\n' >Dockerfile
wrong 2:6 "not a reference: 'oci:base:': "
printf 'FROM scratch\nCOPY --from=Bad/Image / /\n' >Dockerfile
wrong 2:6 "not a reference: 'Bad/Image': "
printf 'FROM scratch\nRUN --mount=from=Bad,target=/m true\n' >Dockerfile
wrong 2:5 "not a reference: 'Bad': "
printf 'FROM scratch\nCOPY --from=oci:nowhere:1 / /\n' >Dockerfile
assert_failed 66 oci-dockerfile oci-dockerfile --file Dockerfile
assert_match "oci-dockerfile: Dockerfile:2:6: cannot open 'nowhere'" err
printf 'FROM scratch\n' >Dockerfile
oci-dockerfile --build-arg N=1 --file Dockerfile >build.sh 2>err
assert_match "warning: Dockerfile:1:1: no ARG declares the build argument 'N'$" err
