# The wrapper in every shell: nothing of the caller's is lost, changed or overwritten.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry htpasswd
printf '{"auths":{"%s":{"auth":"%s"}}}' "$registry" "$(printf 'alice:open sesame' | base64)" >login.json
chmod 600 login.json
make_dist
echo '**/numbers' >ignored
wrapper=$(command -v ocinoco)
ocinoco pack dist whole --exclude-from ignored >whole.json

for shell in dash bash 'busybox sh' mksh ksh93 yash; do
	echo "--- $shell"
	# wrapper WORD...: runs the wrapper by this shell, whose sh is the same shell.
	wrapper() {
		$shell "$wrapper" "$@"
	}
	noclobber() {
		$shell -C "$@"
	}
	rm -rf image
	expect 0 wrapper build dist --from scratch --output oci:image:1 --cmd x
	assert_empty err
	expect 66 wrapper build missing --from scratch --tag a:1
	assert_empty out
	assert_equal 'ocinoco: oci-tar failed with status 66' "$(tail -n 1 err)"
	expect 0 wrapper unpack oci:image:1 "bundle.${shell%% *}"
	echo changed >"bundle.${shell%% *}/rootfs/new"
	expect 0 wrapper repack "bundle.${shell%% *}" --output oci:image:2
	# Files of the run are written again, also by a shell with noclobber, which bash takes from SHELLOPTS.
	for number in 1 2; do
		expect 0 noclobber "$wrapper" build dist --from scratch --output oci:image:3 --env "A=$number"
	done

	# Every descriptor of the caller reaches the tools and the compressor's command.
	for number in 3 4 5 6 7 8 9; do
		eval "wrapper pack dist layer --exclude-from /dev/fd/$number $number<ignored" | cmp - whole.json
		eval "wrapper pack dist layer --compress 'cat <&$number >/dev/null; gzip -n' $number<ignored" >out
	done
	wrapper pack dist layer --exclude-from /dev/fd/5 3<ignored 4<ignored 5<ignored 6<ignored \
		7<ignored 9<ignored | cmp - whole.json
	# So does stdin.
	oci-tar dist --exclude-from ignored | wrapper pack - layer | cmp - whole.json

	# Variables of any name are as the caller exported them.
	# shellcheck disable=SC2016 # for the shell that the wrapper runs
	work=a layer=b level=c base=d text=e status=f number=g quoted=h GZIP=-1 wrapper \
		pack dist layer --compress 'printf "%s " "$work" "$layer" "$level" "$base" "$text" "$status" \
			"$number" "$quoted" "$GZIP" >&2; env | grep ocinoco_ >&2; cat' >out 2>err
	assert_equal 'a b c d e f g h -1 ' "$(cat err)"
	# Also after a stage that may fail, such as oci-reuse.
	# shellcheck disable=SC2016 # for the shell that the wrapper runs
	number=a failure=b label=c wrapper build dist --from scratch --output "oci:variables.${shell%% *}:1" \
		--sign-command 'echo "$number $failure $label" >&2; exit 1' >out 2>err || :
	assert_equal 'a b c' "$(head -n 1 err)"
	# GZIP does not change the gzip of the wrapper.
	wrapper pack dist layer --compress gzip >plain.json
	GZIP=-1 wrapper pack dist layer --compress gzip | cmp - plain.json

	# What can be read only once is read once, for all stages.
	mkfifo once
	cat login.json >once &
	expect 0 wrapper build dist --from scratch --tag "$registry/app:1" --env A=1 --push --authfile once
	rm once
	# shellcheck disable=SC2002 # a pipe, not a file
	cat login.json | expect 0 wrapper inspect "$registry/app:1" --authfile /dev/fd/3 3<&0
	# Also when it is the stdin of the wrapper, and a regular file: the stages have another stdin.
	for path in /dev/stdin /dev/fd/0; do
		expect 0 wrapper inspect "$registry/app:1" --authfile $path <login.json
		expect 0 wrapper build dist --from scratch --tag "$registry/app:1" --push --authfile $path <login.json
		echo '{"config":{"User":"patched"}}' >patch.json
		expect 0 wrapper build dist --from scratch --output oci:patched:1 --patch $path <patch.json
		assert_equal patched "$(oci-fetch --config oci:patched:1 | jq -r .config.User)"
	done
	assert_equal '' "$(find "$TMPDIR" -maxdepth 1 -name 'tmp.*')" 'temporary files'

	# A full or closed stdout or stderr.
	status=0
	wrapper pack dist layer >&- 2>/dev/null || status=$?
	assert_equal 74 "$status"
	for words in --help 'help build' 'build -n dist --from scratch --tag a:1' 'pack dist layer'; do
		status=0
		# shellcheck disable=SC2086 # words
		wrapper $words >/dev/full 2>err || status=$?
		assert_equal 74 "$status" "$words"
	done
	for target in '/dev/full' '&-'; do
		status=0
		eval "wrapper build missing --from scratch --tag a:1 >out 2>$target" || status=$?
		assert_equal 66 "$status"
	done
done

# The output inside SOURCE is left out of the layer.
ocinoco pack dist reference >reference.json
expect 0 ocinoco pack dist dist/layer
assert_equal "oci-tar: warning: 'dist/layer' is inside 'dist' and left out of the layer" "$(cat err)"
cmp out reference.json
ocinoco -q pack dist dist/layer | cmp - reference.json
rm dist/layer
(cd dist && ocinoco build . --from scratch --output oci:image.d:1 --keep './ke[p]t' -q) >out
cmp "dist/ke[p]t/layer.json" reference.json
ocinoco build dist --from scratch --output oci:dist/image.d:2 -q --exclude '/ke\[p\]t' | cmp - out
# The warning is printed once, though dist is read twice: the layer differs from that of the image before.
rm -r "dist/ke[p]t"
touch dist/new
expect 0 ocinoco build dist --from scratch --output oci:dist/image.d:2
assert_equal "oci-tar: warning: 'dist/image.d' is inside 'dist' and left out of the layer" "$(cat err)"
rm -r dist/new dist/image.d
expect 64 ocinoco build dist --from scratch --output oci:dist:1
# So are the wrapper's own files, by whichever name TMPDIR leads there, also in a printed script.
mkdir dist/tmp
ocinoco pack dist reference -q >reference.json
ln -s dist/tmp temporary
for directory in "$PWD/dist/tmp" dist/tmp dist/tmp/../../dist/./tmp temporary; do
	for words in 'pack dist layer' 'build dist --from scratch --output oci:inside:1 --keep kept'; do
		# shellcheck disable=SC2086 # words
		TMPDIR=$directory expect 0 ocinoco $words
		assert_match '/tmp\.[^/]*/\.. is inside .dist. and left out of the layer$' err
		# shellcheck disable=SC2086 # words
		TMPDIR=$directory sh -c "$(TMPDIR=$directory ocinoco -n $words)" >/dev/null 2>err
	done
	cmp layer reference
	cmp kept/layer.json reference.json
	rm -r kept inside
done
rm -r dist/tmp temporary

# A file is packed as a file, unless its content is a layer; --source-type says either.
expect 0 ocinoco build dist/server.js --from scratch --root-dir /app --output oci:files:1
gzip -kn dist/lib/numbers
expect 0 ocinoco build dist/lib/numbers.gz --from scratch --output oci:files:2
rm dist/lib/numbers.gz
oci-fetch oci:files:2 | oci-layers | oci-fetch --blob oci:files | zstd -dcq | tar -tf - >names
assert_equal numbers.gz "$(cat names)"
expect 64 ocinoco build whole --from scratch --root-dir /app --output oci:files:3
expect 0 ocinoco build whole --from scratch --root-dir /app --source-type file --output oci:files:3
oci-fetch oci:files:3 | oci-layers | oci-fetch --blob oci:files | zstd -dcq | tar -tf - >names
assert_equal app/whole "$(cat names)"

# Existing files are not overwritten: a link and a file under old names, and links in --keep.
echo precious >victim
ln -s victim layer.part
ocinoco pack dist layer >/dev/null
mkdir shared
for name in layer.tar layer.tar.zst layer.json base.json image.json; do ln -s ../victim "shared/$name"; done
expect 0 ocinoco build dist --from scratch --tag a:1 --output oci:image:3 --keep shared
assert_equal precious "$(cat victim)"

# An empty part of PATH does not run programs of the current directory; a wrapper in a directory with a colon finds no
# tools.
for tool in oci-tar oci-zstd oci-digest cat mktemp; do
	printf '#!/bin/sh\ntouch %s\nexit 1\n' "$PWD/ran" >"$tool"
	chmod +x "$tool"
done
for path in ":$PATH" "$PATH:" "${PATH%%:*}::${PATH#*:}"; do
	PATH=$path "$wrapper" pack dist layer >/dev/null
done
rm oci-tar oci-zstd oci-digest cat mktemp
mkdir 'a:b'
cp "$wrapper" 'a:b/ocinoco'
printf '#!/bin/sh\nexit 1\n' >'a:b/oci-tar'
chmod +x 'a:b/oci-tar'
expect 78 'a:b/ocinoco' pack dist layer
[ ! -e ran ] || fail 'something was run from the current directory'

# Messages cannot control a terminal, and other programs' transports get a hint.
expect 64 ocinoco copy "$(printf '\033]0;x\007a\342\200\256b\303\251\377c\n')" ''
assert_match "not a reference: ''" err
expect 64 ocinoco "$(printf 'bu\033[31m\342\200\256\303\251\377ild')"
assert_equal "ocinoco: unknown command 'bu\\033[31m\\342\\200\\256$(printf '\303\251')\\377ild'; see 'ocinoco --help'" \
	"$(cat err)"
for transport in docker-daemon docker-archive oci-archive containers-storage; do
	expect 64 ocinoco copy "$transport:a" oci:b:1
	assert_match 'ocinoco load REF' err
done

# An option is added in one place: parser, help and completions then have it.
cp -a "$ROOT/Sources/ocinoco" sources
echo '--new-thing THING build oci-tar something new' >>sources/options
mkdir -p made/bash made/zsh made/fish
sources/join "$PWD/made/ocinoco"
sources/join --completions "$PWD/made"
sh made/ocinoco build --help | grep -q '^  --new-thing THING .*something new$' || fail 'no help'
sh made/ocinoco build -n dist --from scratch --tag a:1 --new-thing x >script
assert_match '^oci-tar --new-thing=x -- dist' script
for shell in bash zsh fish; do grep -rq 'new-thing' "made/$shell" || fail "no completion for $shell"; done
sources/join --page "$ROOT/man/ocinoco.1" | grep -q '^\.It Fl -new-thing Ar thing$' || fail 'not on the page'
