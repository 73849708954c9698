# Dockerfiles that start from scratch or from busybox; buildah is the reference for config and tree.
# shellcheck disable=SC2016,SC2059 # for the Dockerfiles

# shellcheck source=../lib.sh
. "$TEST_LIB"
# shellcheck source=../dockerfile_lib.sh
. "$ROOT/Tests/pipelines/dockerfile_lib.sh"

prepare_buildah
mkdir -p context/sub/deep context/other
echo file >context/file
echo a >context/sub/a
echo b >context/sub/deep/b
ln -s a context/sub/link
ln -s sub context/dirlink
ln -s file context/filelink
echo log >context/x.log
echo space >'context/a b'
chmod 750 context/sub
chmod 600 context/file

# try LINE...: builds a Dockerfile of these lines with both and compares.
try() {
	printf '%s\n' "$@" >Dockerfile
	compare Dockerfile context
}

# Where a file or a directory is copied to.
try 'FROM scratch' 'COPY file /' 'COPY file /new' 'COPY file /dir/' 'COPY file /dir/deeper/named'
try 'FROM scratch' 'COPY sub /d' 'COPY sub /d/e/' 'COPY sub/. /f' 'COPY sub/deep /d/deep'
try 'FROM scratch' 'COPY . /all' 'COPY . /'
try 'FROM scratch' 'COPY dirlink /d' 'COPY filelink /f' 'COPY filelink /g/'
try 'FROM scratch' 'COPY file sub x.log /many/'
try 'FROM scratch' 'COPY *.log su* /wild/' 'COPY [a-f]ile /class/' 'COPY sub/* /sub/'
try 'FROM scratch' 'COPY ["a b", "/with space/"]'
try 'FROM scratch' 'COPY file /a/../b/./c'
try 'FROM scratch' 'WORKDIR /w' 'COPY file .' 'COPY file rel' 'WORKDIR deeper' 'COPY file ./x/'
# Owners: of everything that is created, and of nothing else.
try 'FROM scratch' 'COPY --chown=7:8 sub /new/dir/' 'COPY --chown=9:9 file /new/dir/again'
try 'FROM scratch' 'USER 5' 'COPY sub /d/'
# A destination directory of the base keeps its attributes.
try 'FROM scratch' 'COPY --chown=7:8 sub /d/' 'COPY other /d/' 'COPY file /d/'
# Stages.
try 'FROM scratch AS one' 'COPY --chown=3:4 . /src/' 'FROM scratch' 'COPY --from=one /src/sub /sub' \
	'COPY --from=0 /src/file /' 'COPY --from=one /src/dirlink /followed'
try 'FROM scratch AS one' 'ENV A=1' 'COPY file /' 'FROM one AS two' 'ENV B=$A$A' 'COPY sub /sub' 'FROM two'
# The config.
try 'FROM scratch' 'ENV a=b c="d e" f=$a' 'ENV old style value' 'LABEL x=y "a b"="c d"' 'EXPOSE 80 443/udp'
try 'FROM scratch' 'CMD echo $HOME' 'ENTRYPOINT ["/e", "x"]' 'USER a:b' 'STOPSIGNAL 9' 'WORKDIR /' 'MAINTAINER m'
try 'FROM scratch' 'SHELL ["/bin/x", "-y"]' 'CMD ["z"]'
try 'FROM scratch' 'HEALTHCHECK --interval=1m --timeout=3s --retries=2 CMD ["/c"]' 'ONBUILD COPY . /x' 'ONBUILD ENV a=b'
try 'ARG T=/t' 'FROM scratch' 'ARG T' 'ARG U=u$T' 'ENV x=$U y=${V:-no} z=${T:+yes}' 'COPY file $T/$U/'
# Sources that the context does not have.
printf '%s\n' '# comment' '*.log' 'sub/*' '!sub/a' >context/.dockerignore
try 'FROM scratch' 'COPY . /' 'COPY sub /only/'
printf '%s\n' '**' '!sub/deep/b' >context/.dockerignore
# buildah creates excluded parent directories anew; BuildKit sends them as they are.
chmod 755 context/sub
try 'FROM scratch' 'COPY . /'
rm context/.dockerignore

# On an image: its directories, the users it knows, links on the path.
make_rootfs rootfs
mkdir -p rootfs/usr/lib rootfs/data
chmod 1777 rootfs/tmp
chown 3:4 rootfs/data
ln -s usr/lib rootfs/lib
ln -s /data rootfs/absolute
echo 'app:x:55:' >rootfs/etc/group
prepare_base rootfs
based() {
	printf '%s\n' 'ARG BASE' 'FROM $BASE' "$@" >Dockerfile
	compare Dockerfile context
}
based 'COPY file /tmp/' 'COPY sub /tmp/'
based 'COPY file /lib/' 'COPY sub /lib/sub' 'COPY file /absolute/x' 'COPY sub /absolute'
based 'COPY --chown=app:app file /f' 'COPY --chown=app sub /s/' 'COPY --chown=1000:app file /g'

for seed in ${SEEDS:-$(seq 1 20)}; do
	rm -rf random
	mkdir random
	python3 "$ROOT/Tests/pipelines/random_dockerfile.py" "$seed" random
	compare random/Dockerfile random/context
done
