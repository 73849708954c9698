# What users of other builders reported, tried here: owners, modes, ignored files, heredocs, arguments, links.
# shellcheck disable=SC2016 # for the Dockerfiles

# shellcheck source=../lib.sh
. "$TEST_LIB"

# build [OPTION...]: builds the Dockerfile on stdin into oci:made:1; `listed` gets its files.
build() {
	rm -rf made
	cat >Dockerfile.in
	oci-dockerfile --context context --output oci:made:1 "$@" <Dockerfile.in >build.sh
	sh build.sh >descriptor 2>err || fail "build: $(cat err) $(cat Dockerfile.in)"
	oci-fetch oci:made:1 | oci-list --no-cache --from oci:made --from oci:base >listed
	oci-fetch --config oci:made:1 >config.json
}

# has PATH EXPECTED: compares mode and owner; both are empty for what does not exist.
has() {
	assert_equal "$2" "$(sed -n "s|^\.$1 type=[^ ]* mode=\([^ ]*\) uid=\([^ ]*\) gid=\([^ ]*\).*|\1 \2:\3|p" listed)" "$1"
}

mkdir -p context/sub/deep root/tmp root/srv/app root/etc
echo a >context/a
echo b >context/sub/b
echo c >context/sub/deep/c.log
ln context/sub/b context/sub/same
ln -s ../a context/sub/link
ln -s /nowhere context/sub/absolute
chmod 1777 root/tmp
chown 5:6 root/srv/app
chmod 750 root/srv/app
printf 'app:x:1000:2000::/:/bin/sh\n' >root/etc/passwd
printf 'app:x:2000:\nother:x:3000:\n' >root/etc/group
ocinoco build root --from scratch --output oci:base:1 --keep-owner --quiet >descriptor

# kaniko 550, 2240, moby 46529: a destination that exists keeps its owner and mode.
build <<'END'
FROM oci:base:1
COPY . /srv/app
COPY a /tmp/
WORKDIR /srv/app
COPY a .
END
has /srv/app '0750 5:6'
has /tmp '01777 0:0'
has /srv/app/a '0644 0:0'
# kaniko 2035, 1524: owner and mode of created directories, including parents.
build <<'END'
FROM oci:base:1
COPY --chown=app:other sub /x/y/
COPY --chown=app --chmod=711 a /z/w/a
END
for path in /x /x/y /x/y/deep; do has $path '0755 1000:3000'; done
has /x/y/b '0644 1000:3000'
for path in /z /z/w /z/w/a; do has $path '0711 1000:2000'; done
# buildkit 3602: --link does not look at the destination, and therefore sets its attributes.
build <<'END'
FROM oci:base:1
COPY --link a /tmp/
END
has /tmp '0755 0:0'
# buildah 2518, 5587, moby 37123: files from a stage keep their owners without --chown.
build <<'END'
FROM oci:base:1 AS one
COPY --chown=7:8 sub /from/sub
FROM oci:base:1
COPY --from=one /from /to
COPY --from=one --chown=9:9 /from/sub /again/
END
has /to '0755 0:0'
has /to/sub '0755 7:8'
has /to/sub/b '0644 7:8'
has /again/b '0644 9:9'
# buildkit 3238: a source behind a link, several into one directory; the context's own links stay in it.
ln -s sub context/linked
build <<'END'
FROM scratch
COPY linked/deep /x
COPY linked/b /x
COPY linked /y/
END
has /x/c.log '0644 0:0'
has /x/b '0644 0:0'
has /y/deep/c.log '0644 0:0'
rm context/linked
# buildkit 1266: of several sources a pattern may match nothing.
build <<'END'
FROM scratch
COPY a none* /x/
COPY none* /none/
END
has /x/a '0644 0:0'
has /none ''
# An unknown user name is an error, and never becomes root.
printf 'FROM oci:base:1\nCOPY --chown=nobody a /\n' | oci-dockerfile --context context --output oci:made:1 >build.sh
expect 65 sh build.sh
assert_match "unknown owner 'nobody'" err

# Hard links in a source stay hard links, and symbolic links keep their targets.
build <<'END'
FROM scratch
COPY sub /s
END
oci-fetch oci:made:1 | oci-flatten | tar -tvf - >tar.list
assert_match 's/same link to s/b' tar.list
assert_match 's/link -> ../a$' tar.list
assert_match 's/absolute -> /nowhere$' tar.list

# kaniko 1351, 1178, 466: exceptions from ignored files; 776, 1451: the ignore file beside the Dockerfile replaces that
# of the context.
printf '*\n!sub\nsub/*\n!sub/deep\n**/*.log\n!sub/deep/c.log\n' >context/.dockerignore
build <<'END'
FROM scratch
COPY . /
END
assert_equal './sub ./sub/deep ./sub/deep/c.log' "$(sed -n 's|^\(\./s[^ ]*\).*|\1|p' listed | xargs)"
printf 'sub\n' >other.dockerignore
printf 'FROM scratch\nCOPY . /\n' >other
oci-dockerfile --file other --context context --output oci:made:1 | sh >descriptor
oci-fetch oci:made:1 | oci-list --no-cache | grep -c '^\./[a-z]' >count
assert_equal 1 "$(cat count)"
# buildah 1913: an ignored source counts as missing.
printf 'FROM scratch\nCOPY a /\n' | oci-dockerfile --context context --output oci:made:1 >build.sh
expect 66 sh build.sh
rm context/.dockerignore
# The file is about the context: what a stage or an image has of these names is copied.
printf 'a\n**/b\nfrom\n' >context/.dockerignore
build <<'END'
FROM oci:base:1 AS one
COPY <<a <<b /from/
a
b
FROM scratch
COPY --from=one /from/ /to/
COPY --from=oci:base:1 /srv/app/ /app/
END
has /to/a '0644 0:0'
has /to/b '0644 0:0'
rm context/.dockerignore
# buildah 6726: --exclude below a source, and of the source itself.
build <<'END'
FROM scratch
COPY --exclude=**/*.log --exclude=link sub a /x/
END
has /x/b '0644 0:0'
has /x/deep/c.log ''
has /x/link ''

# kaniko 1734, buildah 5213, 5408: several heredocs make several files, with or without expansion.
build <<'END'
FROM scratch
ENV A=1
COPY <<one <<'two' /d/
$A
one
$A
two
COPY <<x /named
${A}2
x
END
oci-fetch oci:made:1 | oci-flatten --only /d --only /named | tar -xOf - d/one d/two named >content
assert_equal '1 $A 12' "$(xargs -n 3 <content)"

# moby 34494, docker/cli 3344: of ARG and ENV the last declaration counts; a global ARG is imported by name.
build --build-arg X=given <<'END'
ARG G=global
FROM scratch
ENV X=env
ARG X
ARG G
LABEL x=$X g=$G
ENV X=last
LABEL y=$X
END
assert_equal '{"x":"given","g":"global","y":"last"}' "$(jq -c .config.Labels config.json)"
assert_equal 'null' "$(jq '.config.Env | map(select(startswith("G="))) | .[0]' config.json)"
# Every instruction sees the changes of those before it.
build <<'END'
FROM scratch
ENV abc=hello
ENV abc=bye def=$abc
ENV ghi=$abc
END
assert_equal 'abc=bye def=hello ghi=bye' "$(jq -r '.config.Env[1:] | join(" ")' config.json)"
# What describes the base does not describe the image.
oci-fetch oci:base:1 | oci-push-manifest --annotation org.opencontainers.image.title=base oci:titled:1 >descriptor
build <<'END'
FROM oci:titled:1
COPY a /
END
assert_equal 'null' "$(oci-fetch --raw oci:made:1 | jq '.annotations["org.opencontainers.image.title"]')"
# buildah 4167: several files cannot be copied to one name.
printf 'FROM scratch\nCOPY a sub /x\n' >Dockerfile
expect 65 oci-dockerfile --file Dockerfile
# ENTRYPOINT clears the base's CMD, but not a CMD of its own stage.
build <<'END'
FROM scratch AS base
CMD ["a"]
FROM base
ENTRYPOINT ["b"]
END
assert_equal 'null' "$(jq -c .config.Cmd config.json)"
build <<'END'
FROM scratch
CMD ["a"]
ENTRYPOINT ["b"]
END
assert_equal '["a"]' "$(jq -c .config.Cmd config.json)"
# VOLUME creates nothing, and files that are copied below it afterwards stay.
build <<'END'
FROM scratch
VOLUME /data
COPY a /data/
VOLUME /none
END
has /data/a '0644 0:0'
has /none ''
# WORKDIR belongs to USER, and is created once.
build <<'END'
FROM oci:base:1
USER app
WORKDIR /home/app/x
COPY a .
WORKDIR /srv/app
END
has /home/app/x '0755 1000:2000'
has /home/app/x/a '0644 0:0'
has /srv/app '0750 5:6'
# A user whom the image does not have is no error where nothing runs; their directory is root's.
build <<'END'
FROM oci:base:1
USER nobody:nogroup
WORKDIR /home/x
END
has /home/x '0755 0:0'
