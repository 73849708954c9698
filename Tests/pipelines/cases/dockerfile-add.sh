# ADD: archives, addresses and their checksums, git repositories.
# shellcheck disable=SC2016,SC2059 # for the Dockerfiles

# shellcheck source=../lib.sh
. "$TEST_LIB"

# build LINE...: an image of these lines, from scratch.
build() {
	rm -rf made
	printf 'FROM scratch\n' >Dockerfile
	printf '%s\n' "$@" >>Dockerfile
	oci-dockerfile --context context --output oci:made:1 <Dockerfile >build.sh
	sh build.sh >descriptor 2>err || fail "build: $(cat err)"
	oci-fetch oci:made:1 | oci-list --no-cache >listed
	sed -n 's|^\./\([^ ]*\) type=file mode=\([^ ]*\) uid=\([^ ]*\) gid=\([^ ]*\).*|\1 \2 \3:\4|p' listed >files
}

mkdir -p context tree/d site/dir
echo x >tree/d/x
chmod 640 tree/d/x
tar --owner=7 --group=8 -cf context/a.tar -C tree d
gzip -nc <context/a.tar >context/a.tgz
zstd -qc <context/a.tar >context/zst-without-a-name
bzip2 -c <context/a.tar >context/a.bz2
xz -c <context/a.tar >context/a.xz
: >context/empty.tar
echo text >context/text.tar.gz
head -c 1024 /dev/zero >context/no-entries.tar

# Archives are recognized by content and unpacked into the destination. Owners are the archive's, or those of --chown.
for archive in a.tar a.tgz zst-without-a-name a.bz2 a.xz; do
	build "ADD $archive /to"
	assert_equal 'to/d/x 0640 7:8' "$(cat files)" "$archive"
done
build 'ADD --chown=1:2 a.tgz /to/'
assert_equal 'to/d/x 0640 1:2' "$(cat files)"
# What is not an archive is copied; with --unpack=false, everything is.
build 'ADD empty.tar text.tar.gz /to/' 'COPY a.tar /c/' 'ADD --unpack=false a.tgz /e'
assert_equal 'c/a.tar 0644 0:0
e 0644 0:0
to/empty.tar 0644 0:0
to/text.tar.gz 0644 0:0' "$(cat files)"
# The last of equal names in an archive that was appended to.
echo y >tree/d/x
cp context/a.tar context/appended.tar
tar --owner=7 --group=8 -rf context/appended.tar -C tree d/x
build 'ADD appended.tar /to'
assert_equal 'to/d/x 0640 7:8' "$(cat files)"
assert_equal y "$(oci-fetch oci:made:1 | oci-flatten | tar -xOf - to/d/x)"
ln tree/d/x tree/d/link
tar -rf context/appended.tar -C tree d/x d/link
echo z >tree/d/z
cp tree/d/z tree/d/x
tar -rf context/appended.tar -C tree d/x
printf 'FROM scratch\nADD appended.tar /\n' | oci-dockerfile --context context --output oci:made:1 >build.sh
expect 65 sh build.sh
assert_match "'d/x': in the tar a second time" err
rm context/appended.tar
printf 'FROM scratch\nADD cut.tgz /\n' | oci-dockerfile --context context --output oci:made:1 >build.sh
head -c 100 context/a.tgz >context/cut.tgz
expect 65 sh build.sh

# A URL: the file is named by the URL's path and readable by its owner alone; it is not unpacked.
cp context/a.tgz site/dir/a.tgz
echo page >site/index.html
echo named >'site/dir/a b'
digest=$(digest_of site/dir/a.tgz)
cat >server.py <<'END'
import http.server, os, sys

class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path[4:].replace("PORT", str(self.server.server_port)))
            self.end_headers()
        else:
            super().do_GET()
    def log_message(self, *words): pass

os.chdir("site")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
python3 server.py >port 2>server.log &
pids="$! $pids"
until [ -s port ]; do sleep 0.05; done
site=http://127.0.0.1:$(cat port)
cp site/index.html 'site/a%2fb'
cp site/index.html site/b
build "ADD --checksum=$digest $site/dir/a.tgz /one/" "ADD $site/dir/a%20b?q#f /two/" "ADD $site /three/" \
	"ADD --chown=3:4 --chmod=755 $site/to//dir/a.tgz?x=$site /four"
assert_equal 'four 0755 3:4
one/a.tgz 0600 0:0
three/__unnamed__ 0600 0:0
two/a\040b 0600 0:0' "$(cat files)"
oci-fetch oci:made:1 | oci-flatten --only /one/a.tgz | tar -xOf - | cmp - context/a.tgz
oci-fetch oci:made:1 | oci-flatten --only /four | tar -xOf - | cmp - context/a.tgz
cp Dockerfile with-addresses
# With --unpack it is; paths of the context keep their own rule.
build "ADD --unpack --checksum=$digest $site/dir/a.tgz /one" "ADD --unpack=true $site/index.html $site/dir/a.tgz a.tar /two/" \
	"ADD $site/dir/a.tgz a.tgz /three/"
assert_equal 'one/d/x 0640 7:8
three/a.tgz 0600 0:0
three/d/x 0640 7:8
two/d/x 0640 7:8
two/index.html 0600 0:0' "$(cat files)"
# Each in its place among the paths: the last of equal names stays. Heredocs come last.
echo context >context/index.html
build "ADD $site/index.html index.html /one/" "ADD index.html $site/index.html /two/" \
	"ADD $site/index.html?1 a.tar $site/index.html?2 index.html $site/dir/a.tgz /three/" \
	"ADD <<index.html $site/index.html index.html /four/" here index.html 'COPY <<a <<a /five/' 1 a 2 a
for expected in 'one context' 'two page' 'three context' 'four here'; do
	assert_equal "${expected#* }" "$(oci-fetch oci:made:1 | oci-flatten --only "/${expected% *}/index.html" | tar -xOf -)"
done
assert_equal 2 "$(oci-fetch oci:made:1 | oci-flatten --only /five/a | tar -xOf -)"
assert_match '^three/a.tgz 0600 0:0$' files
assert_match '^four/index.html 0644 0:0$' files
assert_equal "ADD <<index.html" "$(oci-fetch --config oci:made:1 | jq -r '.history[].created_by' |
	sed -n "s|^\(ADD\) $site/index.html index.html \(<<index.html\) /four/.*|\1 \2|p")"
rm context/index.html
# A source that is missing, is of another kind, or leads out of the context fails the build.
broken() {
	status=$1
	printf 'FROM scratch\nADD %s /\n' "$2" | oci-dockerfile --context context --output oci:broken:1 >build.sh
	result=0
	sh build.sh >descriptor 2>err || result=$?
	assert_equal "$status" "$result" "$2"
	assert_empty descriptor
	[ ! -e broken ] || assert_equal '' "$(oci-fetch --tags oci:broken)"
}
broken 69 "$site/missing"
broken 65 "--checksum=sha256:$(printf '%064d' 0) $site/dir/a.tgz"
assert_match "^checksum mismatch for $site/dir/a.tgz$" err
assert_match '^ADD in line 2 failed with status 65$' err
for address in file:///etc/passwd ftp://127.0.0.1/x gopher://127.0.0.1/x; do
	broken 69 "$site/to/$address"
done

# refused LINE PLACE MESSAGE
refused() {
	printf 'FROM scratch\n%s\n' "$1" >Dockerfile
	assert_failed 65 oci-dockerfile oci-dockerfile --file Dockerfile
	assert_equal "oci-dockerfile: Dockerfile:$2: $3" "$(cat err)"
}
for address in https://h.example/x.git https://h.example/x.git#main:sub git@h.example:x/y.git git://h.example/x \
	ssh://git@h.example/x 'https://h.example/x.git?branch=main'; do
	refused "ADD $address /" 2:5 'not supported: ADD of a git repository'
done
refused 'COPY git@h.example:x.git /' 2:6 'not supported: COPY of a git repository'
refused "ADD --checksum=$digest a b /" 2:5 "ADD: '--checksum' is of one source, an http(s) URL"
refused "ADD --checksum=$digest $site/a $site/b /d/" 2:5 "ADD: '--checksum' is of one source, an http(s) URL"
refused "ADD --checksum=md5:0 $site/a /" 2:5 "ADD: 'md5:0' is no digest like sha256:0123…"
# Another scheme is read as a path.
printf 'FROM scratch\nADD file:///etc/passwd /\n' | oci-dockerfile --context context --output oci:made:1 >build.sh
expect 66 sh build.sh
assert_match "no 'file:///etc/passwd' in the context" err
