# A signal ends an upload in the middle of a request: no upload session stays open, and no line is printed.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
python3 "$ROOT/Tests/pipelines/stalling_proxy.py" "$port" 300000 proxy.port stalled 2>proxy.log &
await_port proxy.port proxy.log
proxy=127.0.0.1:$(cat proxy.port)

head -c 1000000 /dev/urandom >small
head -c 15000000 /dev/urandom >middle
head -c 40000000 /dev/urandom >large
uploads=0
# next_upload FILE: bytes that were never sent before, for stdin.
next_upload() {
	uploads=$((uploads + 1))
	{
		echo "$uploads"
		cat "$1"
	} >bytes
}
push() {
	# As if started from a terminal: a shell's background job would ignore SIGINT.
	exec env --default-signal=INT oci-push-blob --media-type application/octet-stream "$proxy/app"
}
requests() {
	grep -c "\"$1 /v2/app" "$registry_log" || :
}

# interrupt SIGNAL: ends the process $upload while its request waits for the network.
interrupt() {
	until [ -e stalled ]; do
		kill -0 "$upload" || fail "no upload: $(cat err)"
		sleep 0.02
	done
	assert_equal 1 "$(upload_sessions)" "sessions before SIG$1"
	kill -s "$1" "$upload"
	rm stalled
	status=0
	wait "$upload" || status=$?
	assert_equal "$(kill -l "$status")" "$1" "$(cat err)"
	assert_empty out
	assert_empty err
	assert_equal 0 "$(upload_sessions)" "sessions after SIG$1"
}

mkfifo pipe
for signal in TERM INT HUP; do
	for file in small middle large; do
		# A file: its digest is known before, and a small one is a single PUT.
		next_upload "$file"
		push <bytes >out 2>err &
		upload=$!
		interrupt "$signal"
		# A pipe: the same for what fits into memory, and a PATCH for more.
		next_upload "$file"
		cat bytes >pipe 2>/dev/null &
		push <pipe >out 2>err &
		upload=$!
		interrupt "$signal"
	done
done
assert_equal "$uploads" "$(requests POST)" 'sessions that were opened'
# Both ways of sending occurred.
grep -q '"PATCH /v2/app' "$registry_log" || fail 'no PATCH'
grep -q '"PUT /v2/app' "$registry_log" || fail 'no PUT'
