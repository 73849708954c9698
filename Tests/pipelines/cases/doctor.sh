# What oci-doctor reports about this machine and about registries; it prints no secret.

# shellcheck source=../lib.sh
. "$TEST_LIB"

expect 0 oci-doctor
assert_empty err
assert_match '^ok: temporary directory: ' out
assert_match '^(ok|warning): runtime for RUN: ' out
expect 1 env TMPDIR=/nowhere oci-doctor
assert_match "^problem: temporary directory: cannot write to '/nowhere'" out
expect 1 env SOURCE_DATE_EPOCH=yesterday oci-doctor
assert_match '^problem: SOURCE_DATE_EPOCH: ' out
expect 0 env https_proxy=http://user:hidden@127.0.0.1:1 oci-doctor
assert_match '^ok: proxy: that of https_proxy' out
! grep -q hidden out || fail 'a password of a proxy is shown'

start_registry htpasswd
expect 1 oci-doctor "$registry/a"
assert_match "^problem: $registry/a.*log in" out
printf 'open sesame' | oci-login --username alice "$registry"
expect 0 oci-doctor "$registry/a" oci:layout:tag
assert_empty err
assert_match "^ok: $registry/a:latest: answers over plain HTTP" out
assert_match "^ok: $registry/a:latest: credentials of '$registry' in '.*config.json', which it takes" out
assert_match '^ok: oci:layout:tag: needs no registry' out
expect 0 oci-doctor "oci:$(printf 'two\nlines\033[31m')"
assert_match '^ok: oci:two lines\\033\[31m: needs no registry$' out
! grep -Eq 'sesame|YWxpY2U6' out || fail 'credentials are shown'
expect 1 oci-doctor --retries 0 "127.0.0.1:$(free_port)/a"
assert_match '^problem: .*cannot reach' out
expect 0 ocinoco doctor "$registry/a"
assert_match '^ok: .*which it takes' out
assert_failed 64 oci-doctor oci-doctor 'not a reference'
status=0
oci-doctor >/dev/full 2>err || status=$?
assert_equal 74 "$status"
