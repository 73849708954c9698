# A signal ends an upload in the middle of a request, and a wait for the other end of a FIFO: no upload session stays
# open, and no line is printed.

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

# start COMMAND...: runs it in the background with the default actions of signals.
start() {
	env --default-signal=INT "$@" <small >out 2>err &
	started=$!
}

# stop SIGNAL: ends the process $started, which ends by that.
stop() {
	kill -s "$1" "$started"
	status=0
	wait "$started" || status=$?
	assert_equal "$1" "$(kill -l "$status")" "$(cat err)"
	assert_empty out
	assert_empty err
}

# Whether the process $started is the tool and catches SIGTERM.
is_armed() {
	case $(readlink "/proc/$started/exe") in */oci-*) ;; *) return 1 ;; esac
	caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$started/status")
	[ $((0x$caught & 0x4000)) -ne 0 ]
}

mkfifo lonely
mkdir tree
for signal in TERM INT HUP; do
	for command in 'oci-digest --output lonely' 'oci-digest --output linked' \
		"oci-login --check --authfile lonely $registry" "oci-login --logout --authfile lonely $registry"; do
		ln -sf lonely linked
		# shellcheck disable=SC2086 # words
		start $command
		until is_armed; do
			kill -0 "$started" || fail "ended: $command: $(cat err)"
		done
		stop "$signal"
	done
	# The wrapper ends too, when only it gets the signal: its last stage waits.
	for command in '3 ocinoco pack tree lonely' '1 ocinoco build lonely --from scratch --output oci:layout:1'; do
		# shellcheck disable=SC2086 # words
		start ${command#* }
		until [ -n "$(cat "$TMPDIR"/tmp.*/stage."${command%% *}" 2>/dev/null)" ]; do
			kill -0 "$started" || fail "ended: $command: $(cat err)"
		done
		stop "$signal"
	done
done
assert_equal '' "$(find "$TMPDIR" -maxdepth 1 -name 'tmp.*')" 'temporary files'
assert_equal fifo "$(stat -c %F lonely)"
# With its other end, each ends as with a file.
cat lonely >received &
expect 0 oci-digest --output lonely <small
wait $!
cmp small received
