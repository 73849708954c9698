# A stage is killed at any byte, under any shell: no tag, no descriptor, and the wrapper names the stage.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
base=$registry/example/base:latest
new=$registry/example/app:1

# The tools; one of them is replaced by a script that passes on a number of bytes of the real one and is killed.
mkdir stub
for tool in oci-tar oci-zstd oci-digest oci-push-blob oci-fetch oci-manifest-append oci-config \
	oci-push-manifest gzip pigz zstd; do
	ln -s "$(readlink -f "$(command -v "$tool")")" "stub/$tool"
done
ln -s "$(readlink -f "$(command -v ocinoco)")" stub/ocinoco
PATH=$PWD/stub:$PATH

# kill_stage TOOL BYTES SIGNAL
kill_stage() {
	mkdir -p real
	mv "stub/$1" "real/$1"
	printf '#!/bin/sh\n%s "$@" | head -c %s\nkill -%s $$\n' "$PWD/real/$1" "$2" "$3" >"stub/$1"
	chmod +x "stub/$1"
}

heal_stage() {
	mv "real/$1" "stub/$1"
}

assert_no_image() {
	assert_equal '' "$(tag_digest example/app:1)" "$1"
	assert_equal 0 "$(upload_sessions)" "$1"
}

signal_status() {
	case $1 in
	TERM) echo 143 ;;
	KILL) echo 137 ;;
	esac
}

# The sizes of what passes each pipe in a complete run.
mkdir kept
ocinoco build dist --from "$base" --tag "$new" --root-dir /app --cmd '["node","server.js"]' --keep kept -q >whole.json
oci-tar dist --root-dir /app >whole.tar
size_of() {
	case $1 in
	oci-tar) wc -c <whole.tar ;;
	oci-zstd) wc -c <kept/layer.tar.zst ;;
	oci-fetch) wc -c <kept/base.json ;;
	gzip | pigz | zstd) "$1" -c <whole.tar | wc -c ;;
	oci-manifest-append) oci-manifest-append kept/layer.json <kept/base.json | wc -c ;;
	oci-config) wc -c <kept/image.json ;;
	*) wc -c <kept/layer.json ;;
	esac
}

# Where to cut: the ends, the middle, and the blocks of a tar. A tar's end marker must be complete.
points_of() {
	size=$(size_of "$1")
	case $1 in
	oci-tar) echo 0 1 512 $((size / 2)) $((size - 1024)) $((size - 513)) ;;
	*) echo 0 1 $((size / 2)) $((size - 8)) $((size - 1)) ;;
	esac
}

for stage in oci-tar oci-zstd gzip pigz zstd oci-push-blob oci-fetch oci-manifest-append oci-config; do
	compress=zstd
	case $stage in
	gzip) compress=gzip ;;
	pigz) compress=pigz ;;
	zstd) compress='zstd -q' ;;
	esac
	for bytes in $(points_of "$stage"); do
		for signal in TERM KILL; do
			kill_stage "$stage" "$bytes" "$signal"
			for shell in dash bash; do
				where="$stage killed by $signal after $bytes bytes under $shell"
				status=0
				"$shell" stub/ocinoco build dist --from "$base" --tag "$new" --push --root-dir /app \
					--compress "$compress" --cmd '["node","server.js"]' >out 2>err || status=$?
				assert_equal "$(signal_status "$signal")" "$status" "$where: $(cat err)"
				assert_empty out
				assert_equal "ocinoco: $stage failed with status $status" "$(tail -n 1 err)" "$where"
				assert_no_image "$where"

				# Without the wrapper, where nothing looks at the status of a stage.
				compressor=oci-zstd
				case $stage in gzip | pigz | zstd) compressor=$stage ;; esac
				rm -f layer.json
				# shellcheck disable=SC2016 # the shell under test expands it
				"$shell" -c '
					oci-tar dist --root-dir /app | "$1" | oci-push-blob "$3" >layer.json
					oci-fetch "$2" | oci-manifest-append layer.json |
						oci-config --cmd "[\"node\",\"server.js\"]" | oci-push-manifest "$3" >out
				' pipeline "$compressor" "$base" "$new" 2>err || :
				case $stage in
				# A complete line without its newline cannot be told from a line that was cut.
				oci-tar | oci-zstd | gzip | pigz | zstd)
					[ ! -s layer.json ] || fail "$where, without the wrapper: $(cat layer.json)"
					;;
				esac
				[ ! -s out ] || fail "$where, without the wrapper: $(cat out)"
				assert_no_image "$where, without the wrapper"
			done
			heal_stage "$stage"
		done
	done
done

# A running upload: whichever process is killed, those that are left close the session.
mkfifo input
hold_upload() {
	# As if started from a terminal: a shell's background job would ignore SIGINT.
	env --default-signal=INT "$1" stub/ocinoco build - --from "$base" --tag "$new" --push \
		--compress none <input >out 2>err &
	wrapper=$!
	exec 8>input
	# More than is held in memory, of a tar with one file that never ends.
	head -c 512 huge.tar >&8
	head -c 40000000 /dev/urandom >&8
	until [ "$(upload_sessions)" -gt 0 ]; do
		kill -0 "$wrapper" || fail "no upload: $(cat err)"
		sleep 0.02
	done
	uploader=$(stage_pid oci-push-blob)
}

# Every process below one.
descendants() {
	for child in $(ps -o pid= --ppid "$1"); do
		echo "$child"
		descendants "$child"
	done
}

# The process below the wrapper with this name.
stage_pid() {
	for candidate in $(descendants "$wrapper"); do
		case $(tr '\0' ' ' <"/proc/$candidate/cmdline") in
		*"$1 "*) echo "$candidate" ;;
		esac
	done
}

python3 - <<'END'
import tarfile
entry = tarfile.TarInfo("file")
entry.size = 1 << 30
with open("huge.tar", "wb") as file:
    file.write(entry.tobuf(tarfile.USTAR_FORMAT))
END

for shell in dash bash; do
	for signal in TERM INT HUP; do
		hold_upload "$shell"
		children=$(descendants "$wrapper")
		kill "-$signal" "$wrapper"
		status=0
		wait "$wrapper" || status=$?
		exec 8>&-
		assert_equal "$(case $signal in HUP) echo 129 ;; INT) echo 130 ;; TERM) echo 143 ;; esac)" "$status" "$shell"
		assert_empty out
		for child in $children; do
			! kill -0 "$child" 2>/dev/null || fail "a stage goes on: $child"
		done
		assert_equal '' "$(find "$TMPDIR" -maxdepth 1 -name 'tmp.*')" 'temporary files'
		assert_no_image "wrapper, $signal under $shell"
	done
	hold_upload "$shell"
	kill -TERM "$uploader"
	status=0
	wait "$wrapper" || status=$?
	exec 8>&-
	assert_equal 143 "$status"
	assert_empty out
	assert_no_image "oci-push-blob, under $shell"
	# The writer ends: the tar is truncated.
	hold_upload "$shell"
	exec 8>&-
	status=0
	wait "$wrapper" || status=$?
	assert_equal 65 "$status"
	assert_empty out
	assert_message oci-push-blob
	assert_no_image "cut, under $shell"
	# SIGKILL leaves the process no chance to close the session; but nothing was tagged.
	hold_upload "$shell"
	kill -KILL "$uploader"
	status=0
	wait "$wrapper" || status=$?
	exec 8>&-
	assert_equal 137 "$status"
	assert_empty out
	assert_equal '' "$(tag_digest example/app:1)"
	rm -r "$storage/docker/registry/v2/repositories/example/app"
done

# The reader of a filter ends: the filter ends by SIGPIPE, without a message.
for command in 'oci-tar dist' 'oci-zstd <whole.tar' 'oci-digest --tee line.json <whole.tar'; do
	bash -c "$command | true; echo \${PIPESTATUS[0]}" >out 2>err
	assert_empty err
done
bash -c 'yes | oci-zstd --any | head -c 1; exit ${PIPESTATUS[1]}' >out 2>err && fail 'no SIGPIPE'
assert_empty err
