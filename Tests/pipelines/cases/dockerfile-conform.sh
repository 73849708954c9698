# What buildah's own conformance tests ask of Dockerfiles without RUN, with buildah as judge: a
# Dockerfile here holds several of their facts. Where the page says that buildah differs, both
# answers are held.
# shellcheck disable=SC2016,SC1003 # for the Dockerfiles

# shellcheck source=../lib.sh
. "$TEST_LIB"
# shellcheck source=../dockerfile_lib.sh
. "$ROOT/Tests/pipelines/dockerfile_lib.sh"

prepare_buildah
make_rootfs rootfs
mkdir -p rootfs/etc/conf.d rootfs/home/app rootfs/real/below
chmod 1777 rootfs/tmp
chown 1000:55 rootfs/home/app
echo base >rootfs/etc/conf.d/one
ln -s real/below rootfs/leads
ln -s nowhere rootfs/dangling
printf 'root:x:0:0:::\napp:x:1000:55::/:/bin/sh\nother:x:7:8:::\n' >rootfs/etc/passwd
printf 'root:x:0:\nstaff:x:55:\nmail:x:12:\n' >rootfs/etc/group
prepare_base rootfs

context=context
mkdir -p context/box-b context/box-c context/box-e/box-f/box-g context/etc/conf.d context/many/d
for name in .dot-one one.txt two.txt three.txt box-b/.dot-two box-c/two.txt box-c/three.txt box-e/one.txt \
	box-e/two.txt box-e/n.txt box-e/box-f/one.txt box-e/box-f/n.txt box-e/box-f/o.txt box-e/box-f/box-g/box-b \
	etc/conf.d/two many/a.a many/a.b many/b.b many/c.c many/d/x.b; do
	echo "$name" >"context/$name"
done
ln -s two.txt context/link
ln -s box-e context/dirlink
chmod 755 context/many/c.c

# write LINE...: the Dockerfile.
write() { printf '%s\n' "$@" >Dockerfile; }

# same LINE...: both give the same.
same() {
	write "$@"
	compare Dockerfile "$context"
}

# outcomes OURS THEIRS LINE...: our status, one of several; what buildah does, taken or refused.
outcomes() {
	statuses=$1 taken=$2
	shift 2
	write "$@"
	build_both Dockerfile "$context"
	case " $statuses " in
	*" $ours "*) ;;
	*) fail "status $ours, not $statuses: $(cat Dockerfile ours.err)" ;;
	esac
	[ "$theirs" -ne 0 ] || theirs=taken
	[ "$theirs" = taken ] || theirs=refused
	assert_equal "$taken" "$theirs" "buildah: $(cat Dockerfile)"
}

# refused LINE...: both refuse it.
refused() {
	outcomes '65 66' refused "$@"
}

# refused_here LINE...: buildah takes it and the page says so.
refused_here() {
	outcomes '65 66' taken "$@"
}

# refused_there LINE...: the reverse.
refused_there() {
	outcomes 0 refused "$@"
}

# differs EXPRESSION LINE...: the page says how buildah differs, and sed's EXPRESSION turns our facts into its.
differs() {
	expression=$1
	shift
	write "$@"
	build_both Dockerfile "$context"
	assert_equal 0 "$ours" "$(cat ours.err Dockerfile)"
	assert_equal 0 "$theirs" "$(tail -n 3 buildah.log)"
	! cmp -s theirs.facts ours.facts || fail "no difference: $(cat Dockerfile)"
	sed "$expression" ours.facts | diff theirs.facts - || fail "another difference: $(cat Dockerfile)"
}

# ignoring PATTERN...: what the context's ignore file has; nothing for none.
ignoring() {
	rm -f "$context/.dockerignore"
	[ $# -eq 0 ] || printf '%s\n' "$@" >"$context/.dockerignore"
}

# Copies from a stage: to a name, into a directory, of contents, of a pattern; relative paths of a
# stage begin at its root, whatever its WORKDIR.
first='FROM $BASE AS first
COPY one.txt /a
COPY two.txt /sub/b
COPY box-e /dir/e/
COPY link /links/
WORKDIR /dir'
head='ARG BASE'
same "$head" "$first" 'FROM $BASE' 'COPY --from=first /a /' 'COPY --from=first /a /again' 'WORKDIR /w' \
	'COPY --from=first /a .' 'COPY --from=first /a ./named' 'COPY --from=0 /a /new/deep/name' \
	'COPY --from=0 /a /new/deeper/'
same "$head" "$first" 'FROM $BASE' 'COPY --from=first /dir/e/ /x1/' 'COPY --from=first /dir/e/* /x2/' \
	'COPY --from=first /dir/e/. /x3/' 'COPY --from=first /sub/b /sub' 'COPY --from=first /sub /new/deep/dir'
same "$head" "$first" 'FROM $BASE' 'COPY --from=first sub /rel' 'COPY --from=first dir/. /rel-dot' \
	'COPY --from=first . /whole/' 'COPY --from=first links/* /links/'
same 'FROM scratch AS base' 'COPY . /sub/' 'WORKDIR /sub' 'FROM base' 'COPY --from=base . .'
same 'FROM scratch' 'COPY . /' 'FROM scratch' 'COPY --from=0 /link /' 'COPY --from=0 /dirlink /d'
same 'FROM scratch AS x' 'COPY --chown=5:6 one.txt /a' 'FROM scratch' 'USER 9:9' 'COPY --from=x /a /a' \
	'COPY --from=x --chown=1:1 /a /b' 'COPY one.txt /c' 'COPY --chown=2:2 one.txt /d'
same 'FROM scratch' 'COPY box-e/box-f /v/' 'COPY /box-e/box-f /w' 'FROM scratch' 'COPY --from=0 /v/box-g /v'

# From the context: whole, contents, over what is there.
same 'FROM scratch' 'COPY . /' 'COPY . dir' 'COPY box-e/ test/'
same 'FROM scratch' 'COPY box-c/two.txt /sub/' 'COPY one.txt /bin/renamed' 'COPY link /' 'COPY dirlink /d'
same "$head" 'FROM $BASE' 'COPY etc etc' 'COPY many/. tmp' 'COPY one.txt /tmp'
same "$head" 'FROM $BASE' 'COPY etc/ etc/' 'ENV DIR=/home' 'ADD many/*.b many/*.c $DIR/app/'
same "$head" 'FROM $BASE' 'COPY . /leads/' 'COPY one.txt /leads/../up' 'COPY . /dangling/sub/'
same 'FROM scratch' 'COPY "" /all/' 'COPY one.txt "" /more/'
same "$head" 'FROM $BASE' 'COPY --chown=1:2 one.txt /o/12' 'COPY --chown=1:mail one.txt /o/1-mail' \
	'COPY --chown=app:mail one.txt /o/app-mail' 'COPY --chown=2:staff one.txt /o/2-staff' \
	'COPY --chown=other one.txt /o/other' 'COPY --chown=3:3 one.txt two.txt /o/both/'
same "$head" 'FROM $BASE' 'COPY --chown=1 one.txt /o/1' 'COPY --chown=app one.txt /p/'
same 'FROM scratch' 'COPY box-e/ sub/' 'COPY --chown=99:99 box-e/ sub/'
same 'FROM scratch' 'COPY --chown=99:99 box-e/ sub/' 'COPY box-e/ sub/' 'ADD box-e/ sub/'
same "$head" 'FROM $BASE' 'USER other' 'WORKDIR /tmp/' 'WORKDIR /tmp' 'COPY one.txt .'

# Patterns: never across a slash, names in byte order, characters that stand for themselves.
for pattern in '**/*.txt' '**/box-f/*.txt' 'box-e/**/*.txt' 'box-?/[a-o]*.txt' '[^b]*.txt' '*.txt box-*/two.txt'; do
	same 'FROM scratch' "COPY $pattern /to/"
done
mkdir -p odd/app/xyz odd/app/nope 'odd/app/n?pe' 'odd/app/st*uv' odd/app/strauv
for name in xyz nope 'n?pe' 'st*uv' strauv; do echo "$name" >"odd/app/$name/file"; done
context=odd
same 'FROM scratch' 'WORKDIR /app' 'COPY ./app/* /all/' 'COPY ./app/st\*uv/file /two/'
refused_there 'FROM scratch' 'COPY ./app/n\\?pe/file /one/file'
# A backslash alone escapes in the Dockerfile, not in the pattern.
refused 'FROM scratch' 'COPY ./app/n\?pe/file /one/file'
mkdir -p 'odd/app/[xyz]/[abc]'
for name in '[xyz]' '[xyz]/[abc]'; do echo "$name" >"odd/app/$name/file"; done
# Brackets in brackets, which buildah does not understand.
refused_there 'FROM scratch' 'COPY ./app/[[]xyz]/file /to/' 'COPY ./app/[[]xyz]/[[]abc]/file /to2/'
context=context

# Of several sources one that is not there fails all; a pattern without a match fails nothing.
refused 'FROM scratch' 'COPY one.txt box-a two.txt box-z sub/'
refused 'FROM scratch' 'COPY missing.txt box-* sub/'
same 'FROM scratch' 'COPY one.txt box-* t*.txt missing* sub/'
refused_there 'FROM scratch' 'COPY missing* sub/'

# Names of users and groups are found through links, in the image and over it.
mkdir -p context/etc-linked/usr/lib context/etc-linked/etc context/dir-linked/usr/etc
echo 'new:x:77:78::/:' >context/etc-linked/usr/lib/passwd
echo 'crew:x:79:' >context/etc-linked/usr/lib/crew
ln -s ../usr/lib/passwd context/etc-linked/etc/passwd
ln -s /usr/lib/crew context/etc-linked/etc/group
cp context/etc-linked/usr/lib/passwd context/dir-linked/usr/etc/passwd
ln -s usr/etc context/dir-linked/etc
same 'FROM scratch' 'COPY etc-linked /' 'COPY --chown=new one.txt /x' 'COPY --chown=new:crew one.txt /y'
same 'FROM scratch' 'COPY dir-linked /' 'COPY --chown=new one.txt /x' 'COPY --chown=new:3 one.txt /y'
rm -r context/etc-linked context/dir-linked

# ADD: archives among files, over files and directories of the image.
mkdir -p tar/sub/deep tar/new-dir archives/sub
echo x >tar/sub/deep/x
echo y >tar/sub/y
tar --owner=7 --group=8 -czf archives/sub/tree.tar.gz -C tar sub
echo beside >archives/sub/beside
context=archives
same 'FROM scratch' 'ADD . .' 'ADD sub/ /one/' 'ADD / /two/' 'ADD sub/ sub/'
same 'FROM scratch' 'ADD sub/tree.tar.gz /' 'ADD sub/tree.tar.gz /named/' 'ADD sub/* /both/'
# A header for all that follows, as git archive writes it.
tar -cf archives/global.tar --format=pax --pax-option=globexthdr.name=pax_global_header,comment=1 -C tar sub
same 'FROM scratch' 'ADD global.tar /'
mkdir -p mode/plain
echo m >mode/plain/set
chmod 6755 mode/plain/set
chmod 1777 mode/plain
tar --owner=3 --group=4 -cf archives/modes.tar -C mode plain
same 'FROM scratch' 'ADD modes.tar one/'
cp -a mode/plain archives/plain
differs "s|^\(b'[a-z]*/set' 10\)6755|\10755|" 'FROM scratch' 'COPY plain one/' 'ADD plain two/'
rm -r archives/plain
same 'FROM scratch' 'ADD modes.tar /from/' 'FROM scratch' 'COPY --from=0 /from/plain/set /'
# Attributes, from the context and from archives.
echo attribute >archives/attributed
setfattr -n user.a -v test archives/attributed
(cd archives && tar --xattrs -cf attributed.tar attributed)
same 'FROM scratch' 'ADD attributed.tar /' 'ADD attributed /plain' 'FROM scratch' 'COPY --from=0 /attributed /plain /'
rm archives/attributed archives/attributed.tar
# Links to links, and what a directory or a file of the image becomes.
ln -s deep tar/sub/link
tar -cf archives/links.tar -C tar sub
same 'FROM scratch' 'ADD links.tar /to'
rm tar/sub/link
tar -cf archives/dir.tar -C tar new-dir
mkdir plainfile
echo f >plainfile/new-dir
tar -cf archives/file.tar -C plainfile new-dir
same 'FROM scratch' 'ADD file.tar /' 'ADD dir.tar /'
same 'FROM scratch' 'ADD dir.tar /' 'ADD file.tar /'
mkdir -p full/new-dir
echo in >full/new-dir/in
tar -cf archives/full.tar -C full new-dir
same 'FROM scratch' 'ADD full.tar /' 'ADD file.tar /'
# Sources go one after the other, archives too: the last of equal paths stays. A mode is that of
# files, and not of what is in an archive.
mkdir -p packed/deep archives/ordered/deep
for name in one deep/two; do
	echo packed >packed/$name
	echo plain >archives/ordered/$name
done
chmod 600 packed/one
tar --owner=5 --group=6 -cf archives/ordered.tar -C packed one deep
cp archives/ordered/one archives/one
same 'FROM scratch' 'ADD one ordered.tar /a/' 'ADD ordered.tar one /b/' 'ADD ordered ordered.tar /c/' \
	'ADD ordered.tar ordered /d/' 'ADD one ordered.tar ordered one /e/' 'ADD on* or*.tar /f/'
same 'FROM scratch' 'COPY one /m/' 'ADD --chmod=711 ordered.tar one /m/' 'ADD --chmod=711 ordered.tar /n/'
# A link of the files before an archive leads inside of the image.
mkdir archives/leading
ln -s /etc/conf.d archives/leading/deep
same "$head" 'FROM $BASE' 'ADD leading ordered.tar /'
rm -r archives/ordered archives/ordered.tar archives/one archives/leading
# Links in an archive lead no farther than the destination, as do those that the image has there.
mkdir -p linked below/out below/back
ln -s /etc linked/out
ln -s ../../etc/conf.d linked/back
echo hostile >below/out/hosts
echo hostile >below/back/x
for archive in bare out; do
	tar -cf archives/$archive.tar -C linked out back
	[ $archive = bare ] || tar -rf archives/$archive.tar -C rootfs etc/conf.d
	tar -rf archives/$archive.tar -C below out/hosts back/x
done
same "$head" 'FROM $BASE' 'ADD out.tar /to/'
# Directories that are only on the way are made here.
refused_there 'FROM scratch' 'ADD bare.tar /to/'
# An archive is told by its first header, though that has no name; its own directory is the destination.
python3 -c '
import tarfile
with tarfile.open("archives/nameless.tar", "w") as tar:
    for name, mode in (("", 0o700), ("./", 0o700), ("x", 0o640)):
        entry = tarfile.TarInfo(name)
        entry.mode = mode
        if mode == 0o700: entry.type = tarfile.DIRTYPE
        tar.addfile(entry)'
differs "s/^b'to' 040755/b'to' 040700/; s/^b'tmp' 041777/b'tmp' 040700/" "$head" 'FROM $BASE' \
	'ADD nameless.tar /to/' 'ADD nameless.tar /tmp'
context=context
mkdir -p trees/one trees/two/entry
echo f >trees/two/entry/f
ln -s .. trees/one/entry
context=trees
refused_here 'FROM scratch' 'COPY one/ /' 'COPY two/ /'
refused_here 'FROM scratch' 'COPY two/ /t/' 'COPY one/ /t/'
context=context

# Variables and quotes.
same 'FROM scratch' 'ENV a value' 'ENV b=value' 'ENV c=value d=value2' 'ENV e="value value1"' 'ENV f=value\ value2' \
	"ENV g=\"value'quote space'value2\"" "ENV h='value\"double quote\"value2'" 'ENV i=value\ value2 j=value2\ value3' \
	'ENV k="a\"b"' "ENV l=\"a\\'b\"" "ENV m='a\\'b''" "ENV n='a\\\"b'" "ENV o=\"''\"" '# At the end a continued line.' \
	'ENV p=value \' '    q=value1 \' '    r="value2a \' '           value2b" \' \
	'    s="value3a\n\"value3b\"" \' '	t="value4a\\nvalue4b" \'
refused 'FROM scratch' 'COPY one.txt .' "ENV name='a\\'b'"
same "$head" 'FROM $BASE' 'MAINTAINER someone <some@one.example>' 'ONBUILD RUN ["echo", "x"]' 'ONBUILD RUN echo x' \
	'ONBUILD COPY . /' '# A line \' 'ENV S 1 D 3' 'ENV S "1 D 3"' 'CMD ["echo", "x"]' 'CMD echo "x"' "CMD echo 'x' | wc -" \
	'EXPOSE 3000' 'EXPOSE 9000 5000 6000/udp' 'USER app' 'USER app:root' 'VOLUME ["/v1"]' 'VOLUME ["/v1", "/v2"]' \
	'VOLUME /v3' 'WORKDIR /test' 'ADD . /' 'COPY . copy'
same "$head" 'FROM $BASE' 'ADD one.txt /data/in/' 'VOLUME /data/in' 'ADD one.txt /data/' 'VOLUME /data' 'ADD two.txt /data/'
# Triggers, and what a stage on top takes over or overrides.
same "$head" 'FROM $BASE AS below' 'ONBUILD USER app' 'ONBUILD LABEL A=1' 'ONBUILD COPY one.txt /triggered' 'LABEL A=0 B=0' \
	'EXPOSE 1 2/udp' 'ENV X=1 Y=1' 'STOPSIGNAL SIGKILL' 'HEALTHCHECK --interval=2s --retries=2 CMD ["/bin/true"]' \
	'USER other' 'WORKDIR /naw' 'VOLUME /v4' 'CMD below' 'FROM below' 'LABEL C=3' 'EXPOSE 3' \
	'ENV X=2 Z=1' 'STOPSIGNAL SIGTERM' 'HEALTHCHECK --interval=1s --timeout=1s --start-period=1s --retries=1 CMD ["/bin/false"]' \
	'VOLUME /v5' 'CMD ["above"]'
# The shell of a stage counts in one on top, and so do its arguments.
differs 's/"-ec"/"-c"/; s/"a=1"/"a=2"/' "$head" 'FROM $BASE AS below' 'SHELL ["/bin/sh", "-ec"]' 'ARG A=1' 'FROM below' 'CMD x' \
	'ENV a=${A:-2}' 'SHELL ["/bin/sh", "-c"]'
same "$head" 'FROM $BASE AS below' 'CMD ["below"]' 'ENTRYPOINT ["/below"]' 'FROM below' 'ENTRYPOINT /above'

# Arguments: before and in stages, of the platform, overridden or not.
same 'ARG X=header' 'ARG BASE' 'FROM $BASE' 'ARG X=stage' 'ENV A=$X' 'ARG Y="two words" Z=$X' 'ENV B=$Y C=$Z' \
	'FROM $BASE' 'ARG X' 'ENV A=$X B=$Y C=${Z:-none}'
same 'ARG BASE' 'FROM ${BASE:-nothing} AS one' 'ARG OWNER=1' 'ARG NAME=' \
	'COPY --chown=${OWNER:-5}:${OWNER:-5} ${NAME:-one}.txt /1' 'FROM ${OTHER:-one}' 'COPY --chown=${NONE:-6}:6 two.txt /2'
same 'FROM scratch' 'ENV none=$TARGETOS' 'ARG TARGETPLATFORM' 'ARG TARGETOS' 'ARG TARGETARCH' 'ARG BUILDOS' \
	'ENV p=$TARGETPLATFORM o=$TARGETOS a=$TARGETARCH b=$BUILDOS'

# An empty --from, and a platform of which a part goes without saying.
refused_there 'FROM scratch' 'COPY --from= one.txt /'
refused_there 'FROM --platform=amd64 scratch' 'COPY one.txt /'
same 'FROM --platform=$BUILDPLATFORM scratch' 'COPY one.txt /'

# What the context does not have, for the whole of it and for what a pattern matches.
rm context/link context/dirlink
for patterns in '# nothing' '**/*-b !**/*-c' '!**/*-c' 'box-c' '**/box-c' 'box-*' '**/box-*' '**/box-f' '**/box-b' \
	'many/* !many/d' '*.txt !o*.txt'; do
	set -f
	# shellcheck disable=SC2086 # words
	ignoring $patterns
	set +f
	chmod 640 context/.dockerignore
	same 'FROM scratch' 'COPY . dot/' 'COPY * star/'
done
# An exception with a wildcard takes something back from a directory, which it does not there.
ignoring '**/box-f' '!**/box-g'
differs '/box-f/d' 'FROM scratch' 'COPY . dot/'
ignoring '/box-c/' '!**/two.txt'
differs '/box-c/d' 'FROM scratch' 'COPY . dot/'
ignoring box-e '!*/one*'
differs '/box-e/d' 'FROM scratch' 'COPY . dot/'
ignoring box-e '!*/one*' '!box-e/n*'
same 'FROM scratch' 'COPY . dot/'
ignoring '*' 'one*' '!two*' 'box-e' '!*/one*'
differs '/box-e/d' 'FROM scratch' 'COPY . ./'
ignoring '# comment' '*' '!many' '!box-c*' 'many/d' '!one*' 'box-c/two.txt'
same 'FROM scratch' 'COPY . /all/' 'COPY many /named/'
refused 'FROM scratch' 'COPY . /all/' 'COPY two.txt /all/'
refused 'FROM scratch' 'COPY many/d/x.b /'
# Nothing of it is left.
ignoring '**'
for source in . /; do
	same "$head" 'FROM $BASE AS prior' 'FROM scratch' 'COPY --from=prior /etc/passwd /' "ADD $source ./"
done
ignoring '**' '!box-c/two.txt'
same 'FROM scratch' 'ADD box-c /f1' 'ADD . .'
ignoring '**' '!box-c/none'
refused_there 'FROM scratch' 'ADD box-c /f1'
same 'FROM scratch' 'ADD . /'
# Taken away and given back by turns, down to a file.
ignoring '**' '!box-e' 'box-e/box-f' '!box-e/box-f/box-g' 'box-e/box-f/box-g/box-b'
refused 'FROM scratch' 'ADD box-e /' 'ADD box-e/box-f/box-g/box-b /'
same 'FROM scratch' 'ADD box-e /'
echo '!box-e/box-f/box-g/box-b' >>context/.dockerignore
same 'FROM scratch' 'ADD box-e /' 'ADD box-e/box-f /' 'ADD box-e/box-f/box-g /' 'ADD box-e/box-f/box-g/box-b /'
# A link to what is ignored leads nowhere.
ln -s box-c context/dirlink
ignoring box-c
refused_here 'FROM scratch' 'COPY dirlink /d/'
ignoring
rm context/dirlink
# The Dockerfile in a directory of the context, which is copied too.
printf '%s\n' 'FROM scratch' 'COPY . .' >context/box-b/Dockerfile
compare context/box-b/Dockerfile context
