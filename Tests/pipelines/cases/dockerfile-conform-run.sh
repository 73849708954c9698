# What buildah's own conformance tests ask of Dockerfiles with RUN on busybox, by chroot on both
# sides, and the same script's result by a container; then heredocs and what else buildah does not
# know, by their files.
# shellcheck disable=SC2016,SC1003 # for the Dockerfiles

# shellcheck source=../lib.sh
. "$TEST_LIB"
# shellcheck source=../dockerfile_lib.sh
. "$ROOT/Tests/pipelines/dockerfile_lib.sh"

[ "$(id -u)" -eq 0 ] || {
	echo 'NOT RUN: chroot needs root'
	exit 0
}
prepare_buildah
make_rootfs rootfs
for applet in mkdir touch ln rm cp chown chmod find stat test grep sort true tee; do ln -sf busybox rootfs/bin/$applet; done
# What buildah mounts on is there before: it would stay in its layers.
mkdir -p rootfs/dev rootfs/proc rootfs/sys rootfs/run rootfs/var/www rootfs/root rootfs/lower/directory
: >rootfs/etc/hosts
: >rootfs/etc/resolv.conf
printf 'root:x:0:0:::\napp:x:1000:55::/:/bin/sh\n' >rootfs/etc/passwd
printf 'root:x:0:\nstaff:x:55:\nmail:x:12:\n' >rootfs/etc/group
prepare_base rootfs

context=context
mkdir -p context/first/second/dir-a context/first/second/dir-b
for name in file file2 file4 one.txt first/second/dir-a/file-a first/second/dir-b/file-b; do echo "$name" >"context/$name"; done
tar -cf context/links.tar -C context first

# same LINE...: both give the same, and a container gives what a chroot gives.
same() {
	printf '%s\n' 'ARG BASE' "$@" >Dockerfile
	compare Dockerfile "$context"
	namespaces_allowed || return 0
	mv ours.facts chroot.facts
	isolation=oci build_ours Dockerfile "$context" || fail "by a container: $(cat ours.err Dockerfile)"
	diff chroot.facts ours.facts || fail "another image by a container: $(cat Dockerfile)"
}

# Copies that a program sees, of the context, of stages and of what programs made there.
same 'FROM $BASE AS base' 'RUN mkdir -p /a/b && touch /a/b/1 /a/b/2 /f && ln -s f /link && chown 65:66 /f' 'FROM $BASE' \
	'COPY --from=base /f /' 'COPY --from=base /a/b/. /b/' 'COPY --from=base /a/b/* /c/' 'COPY --from=base /link /linked' \
	'COPY --from=base --chown=1:1 /f /owned' 'RUN ls /f /b/1 /c/2 /linked && ! ls /a 2>/dev/null && ! test -h /linked'
same 'FROM $BASE AS build' 'RUN mkdir -p /t/sub && cp -p /etc/passwd /t/ && ln /t/passwd /t/sub/p && ln /t/sub/p /t/sub/p2' \
	'RUN echo s >/t/suid && chmod 4711 /t/suid && echo g >/t/sgid && chmod 2755 /t/sgid' 'FROM scratch' \
	'COPY --from=build /t/sub /sub' 'COPY --from=build /t/suid /t/sgid /'
same 'FROM $BASE' 'COPY first/second /var' 'RUN ls /var/dir-a/file-a' 'FROM $BASE' 'COPY --from=0 /var/dir-a /var' \
	'RUN test -f /var/file-a && test -d /var/www'
same 'FROM $BASE AS layer' 'RUN touch /root/layer' 'FROM layer AS derived' 'RUN touch /root/derived; rm /root/layer' \
	'FROM $BASE AS output' 'COPY --from=layer /root /root' 'COPY --from=derived /root /derived'
same 'FROM $BASE AS base' 'RUN touch /1' 'ENV LOCAL=/1' 'RUN find $LOCAL' 'FROM base' 'RUN find $LOCAL && rm $LOCAL'

# Links that a program made on the way to a destination.
same 'FROM $BASE' 'RUN ln -s /lower/directory /link && ln -s target /dangling' 'COPY . /link/..' 'COPY . /dangling/sub/' \
	'ADD links.tar /link' 'RUN find /link /dangling/ >/found'

# Words: lines, lists, shells, environments, directories, users.
same 'FROM $BASE' 'RUN echo first  second >/1' 'RUN ["/bin/sh", "-c", "echo inner $1 >/2", "", "outer"]' \
	'RUN ["sh", "-c", "echo '"'q'"' \"d\" >/3"]' "RUN echo '1234' >/4 && \\" '    echo "456" >>/4 && \' '    echo 789 >>/4' \
	"RUN    sh -c 'echo root \\" "        > /5'"
same 'FROM $BASE' 'ENV a=b' 'ENV c=d' 'RUN echo E=$E G=$G a=$a >/1' 'ENV E=E G=G' 'RUN echo E=$E G=$G >/2' \
	'SHELL ["/bin/sh", "-xc"]' 'RUN echo "$-" | grep -c x >/3'
same 'FROM $BASE' 'WORKDIR /go/src/example' 'ENV GOPATH=/go' 'RUN env | grep -Ev "^(HOSTNAME|OLDPWD|SHLVL|HOME)=" | sort >/env' \
	'RUN pwd >here'
same 'FROM $BASE' 'WORKDIR /made' 'RUN chown 1000:55 /made' 'USER app' 'WORKDIR /made/below' 'RUN id -u >/made/id && id -g >>/made/id' \
	'USER app:mail' 'RUN touch /made/mail' 'USER 1000' 'RUN id -g >/made/gid' 'USER 7:8' 'WORKDIR /tmp' 'RUN echo "$(id -u):$(id -g)" >/tmp/id'

# Arguments: only what was declared before, given or not.
same 'FROM $BASE' 'RUN echo "$TARGETOS" >/0' 'ARG TARGETPLATFORM' 'ARG TARGETOS' 'ARG TARGETARCH' 'ARG BUILDOS' \
	'RUN echo "$TARGETPLATFORM $TARGETOS $TARGETARCH $BUILDOS" >>/0'
same 'ARG FOO=header' 'FROM $BASE' 'ARG FOO=stage' 'ARG quoted="words with quotes"' 'ARG expanded=$quoted' 'ARG x=0 y=1' \
	'RUN echo $FOO "$quoted" $expanded $x $y $BASE >/out'
same 'FROM $BASE' 'ARG A=1' 'ENV B=2' 'RUN A=3 B=4; echo $A $B >/1' 'ENV A=5' 'RUN echo $A $B >/2'

# Volumes: what is copied into them stays.
same 'FROM $BASE' 'ADD file /var/www/' 'VOLUME /var/www' 'ADD file2 /var/www/' 'RUN test -f /var/www/file2' 'ADD file4 /var/www/'
# What a program changes in them is dropped there, and stays here and in BuildKit.
printf '%s\n' 'ARG BASE' 'FROM $BASE' 'VOLUME /var/www' 'RUN touch /var/www/kept && chown 5 /var/www' >Dockerfile
build_both Dockerfile context
assert_equal '0 0' "$ours $theirs"
assert_match "^b'var/www/kept'" ours.facts
assert_match "^b'var/www' 040755 5:0" ours.facts
! grep -q kept theirs.facts || fail 'buildah keeps what changed in a volume'

# Triggers of a base are carried out once, in order, before what stands in the file.
same 'FROM $BASE AS below' 'ONBUILD RUN ["/bin/sh", "-c", "echo 1 >>/order"]' 'ONBUILD RUN echo 2 >>/order' 'ONBUILD COPY file /t' \
	'FROM below AS above' 'RUN echo 3 >>/order' 'FROM above' 'RUN echo 4 >>/order'

# A RUN that fails is one line, here and there.
for line in 'RUN false' 'RUN ["/nothing"]' 'RUN exit 3'; do
	printf '%s\n' 'ARG BASE' 'FROM $BASE' "$line" >Dockerfile
	build_both Dockerfile context
	[ $((ours * theirs)) -ne 0 ] || fail "statuses $ours and $theirs of '$line'"
done

# contents PATH...: of the image that was built here.
contents() {
	for path do
		cat "ours.tree/$path" || fail "no '$path'"
	done
}
here() {
	printf '%s\n' 'ARG BASE' "$@" >Dockerfile
	build_ours Dockerfile context || fail "$(cat ours.err Dockerfile)"
}

# Heredocs: of COPY expanded by the builder unless quoted, of RUN by the program alone.
here 'FROM $BASE' 'ARG a=arg' 'ENV v=env' 'RUN <<EOF' 'b=own' 'echo $a "$v" $b >/1' 'EOF' 'RUN <<"EOF"' 'v=other' \
	'echo "$a" $v >/2' 'EOF' 'COPY <<EOF /3' '$a "$v" $b \$a' 'EOF' 'ADD <<"EOF" /4' '$a "$v"' 'EOF' 'RUN cat <<one - <<two >/5' \
	'$a' 'one' 'second' 'two'
assert_equal 'arg env own' "$(contents 1)"
assert_equal 'arg other' "$(contents 2)"
assert_equal 'arg "env"  $a' "$(contents 3)"
assert_equal '$a "$v"' "$(contents 4)"
assert_equal second "$(contents 5)"
here 'FROM $BASE AS one' 'RUN echo hello >image_file' 'FROM $BASE' 'COPY <<robots.txt <<humans.txt file /test/' \
	'(robots)' 'robots.txt' '(humans)' 'humans.txt' 'COPY --from=one image_file <<robots.txt /test2/' '(again)' 'robots.txt'
assert_equal '(robots) (humans) file hello (again)' \
	"$(contents test/robots.txt test/humans.txt test/file test2/image_file test2/robots.txt | xargs)"

if namespaces_allowed; then
	# Mounts: of stages, read and written; of caches, by their owner; on directories that stay behind.
	cat >Dockerfile <<'END'
ARG BASE
FROM $BASE AS base
RUN echo 1 >/1.txt
FROM $BASE AS between
RUN --mount=type=bind,from=base,source=/,destination=/base,rw echo 2 >/base/2.txt && cat /base/*.txt >/seen
FROM between
RUN --mount=type=bind,from=base,source=/,destination=/base cat /base/*.txt >>/seen
RUN --mount=type=tmpfs,destination=/tmp --mount=type=bind,from=base,destination=/sub/target \
	--mount=type=cache,destination=/sub/other touch /tmp/x /sub/other/x
USER 1000
RUN --mount=type=cache,uid=1000,target=/cache touch /cache/mine
RUN --mount=type=cache,uid=1000,target=/cache test -f /cache/mine
END
	isolation=oci build_ours Dockerfile context || fail "$(cat ours.err)"
	assert_equal '1 2 1' "$(contents seen | xargs)"
	assert_equal '' "$(grep -E "^b'(base|sub/|cache|tmp/)" ours.facts || :)"
fi
