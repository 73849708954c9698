# Dockerfiles as scripts: what reaches the shell, what RUN does, and what is refused with which place.
# shellcheck disable=SC2016,SC2059 # for the Dockerfiles

# shellcheck source=../lib.sh
. "$TEST_LIB"
# shellcheck source=../dockerfile_lib.sh
. "$ROOT/Tests/pipelines/dockerfile_lib.sh"

make_context

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
