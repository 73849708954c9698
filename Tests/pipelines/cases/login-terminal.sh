# On a terminal, oci-login asks for the password and does not show it.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry htpasswd
cat >typist.py <<'END'
"""typist.py COMMAND...: runs COMMAND on a terminal, types a line when it is asked, shows what came back."""
import os, pty, sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen, typed = b"", False
while True:
    try:
        data = os.read(terminal, 1000)
    except OSError:
        break
    if not data:
        break
    seen += data
    if b":" in seen and not typed:
        typed = True
        os.write(terminal, os.environ["TYPED"].encode() + b"\n")
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
status=0
TYPED='open sesame' timeout 60 python3 typist.py oci-login --username alice "$registry" >shown || status=$?
assert_equal 0 "$status" "$(cat shown)"
! grep -q sesame shown || fail 'the password is shown'
assert_equal "$registry" "$(jq -r '.auths | keys[]' "$HOME/.docker/config.json" "$HOME/.config/containers/auth.json" 2>/dev/null | head -n 1)"
status=0
TYPED='other word' timeout 60 python3 typist.py oci-login --username alice "$registry" >shown || status=$?
assert_equal 77 "$status" "$(cat shown)"
! grep -q 'other word' shown || fail 'the password is shown'
