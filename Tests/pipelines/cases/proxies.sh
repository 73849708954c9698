# Proxies by the usual variables, and certificates by the usual directories.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# start_proxy [USER:PASSWORD]: a proxy to `registry`; sets `proxy`, logs into proxy.log.
start_proxy() {
	rm -f proxy.port
	python3 "$ROOT/Tests/pipelines/proxy.py" "${registry##*:}" proxy.port "$@" >proxy.log 2>&1 &
	await_port proxy.port proxy.log
	proxy=127.0.0.1:$(cat proxy.port)
}

# through VARIABLE=VALUE... -- COMMAND...: the first line that the proxy received is in `seen`.
through() {
	: >proxy.log
	expect 0 env "$@"
	head -n 1 proxy.log >seen
}

make_certificates
start_registry plain
start_proxy
port=${registry##*:}
name=registry.test:$port
head -c 20000000 /dev/urandom >random
oci-push-blob "oci:local" <random >random.json

# Plain HTTP: a blob goes there and back; the proxy looks up the host's name.
through http_proxy="http://$proxy" oci-push-blob --plain-http "$name/a/b" <random
diff out random.json
assert_match "^passed HEAD http://$name/v2/" seen
through all_proxy="$proxy" oci-fetch --plain-http --blob "$name/a/b" <random.json
cmp out random
assert_match "^passed GET http://$name/v2/" seen
through ALL_PROXY="$proxy" oci-fetch --plain-http --blob "$name/a/b" <random.json

# Not for excluded hosts, and for loopback only if there is no exclusion at all.
: >proxy.log
for variable in no_proxy=registry.test NO_PROXY=.test 'no_proxy=*'; do
	status=0
	env http_proxy="$proxy" "$variable" oci-fetch --plain-http --retries 0 --timeout 5 \
		--blob "$name/a/b" <random.json >out 2>err || status=$?
	[ "$status" -eq 69 ] || [ "$status" -eq 75 ] || fail "status $status: $variable"
	assert_empty out
done
for variable in no_proxy=other.test x=; do
	expect 0 env http_proxy="$proxy" all_proxy="$proxy" "$variable" oci-fetch --blob "$registry/a/b" <random.json
done
assert_empty proxy.log
through http_proxy="$proxy" no_proxy= oci-fetch --blob "$registry/a/b" <random.json
assert_match "^passed GET http://$registry/v2/" seen

# A proxy that asks for credentials gets those in its URL; they are not printed.
start_proxy 'alice:open-sesame'
through http_proxy="http://alice:open-sesame@$proxy" oci-fetch -v --plain-http --blob "$name/a/b" <random.json
cp err said
assert_failed 69 oci-fetch env http_proxy="http://alice:wrong-horse@$proxy" \
	oci-fetch --plain-http --blob "$name/a/b" <random.json
assert_match 'status 407' err
cat err >>said

# TLS through a tunnel: the certificate is for the registry's name.
start_registry tls
name=registry.test:${registry##*:}
start_proxy 'alice:open-sesame'
through https_proxy="http://alice:open-sesame@$proxy" oci-push-blob -v --ca-file ca.pem "$name/a/b" <random
diff out random.json
cat err >>said
assert_match "^passed CONNECT $name HTTP" seen
through HTTPS_PROXY="http://alice:open-sesame@$proxy" oci-fetch --ca-file ca.pem --blob "$name/a/b" <random.json
cmp out random
: >proxy.log
assert_failed 78 oci-fetch env https_proxy="http://alice:wrong-horse@$proxy" \
	oci-fetch --ca-file ca.pem --blob "$name/a/b" <random.json
assert_match "the proxy does not connect to '$name': .*407" err
assert_equal 1 "$(wc -l <proxy.log)" 'a proxy that refuses was asked again'
cat err >>said
for secret in open-sesame wrong-horse "$(printf alice:open-sesame | base64)"; do
	! grep -qF "$secret" said || fail "a secret was said: $secret"
done

# In a directory of certificates by hash, the needed one is looked up, and a file of them is not read as a whole;
# --ca-file is trusted too.
mkdir hashed other
cp ca.pem hashed/ca.pem
openssl rehash hashed 2>openssl.log
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=other \
	-keyout other.key -out other/other.pem 2>openssl.log
openssl rehash other 2>openssl.log
expect 0 env SSL_CERT_DIR="$PWD/hashed" strace -f -e trace=openat,open -o opened \
	oci-fetch --blob "$registry/a/b" <random.json
cmp out random
grep -q "$PWD/hashed/[0-9a-f]\{8\}\.0" opened || fail "the directory is not used: $(grep cert opened)"
! grep -q 'ca-certificates\.crt\|ca-bundle\|cert\.pem' opened || fail "$(grep 'crt\|pem' opened)"
assert_failed 69 oci-fetch env SSL_CERT_DIR="$PWD/other" oci-fetch --blob "$registry/a/b" <random.json
expect 0 env SSL_CERT_DIR="$PWD/other" oci-fetch --ca-file ca.pem --blob "$registry/a/b" <random.json
expect 0 env SSL_CERT_DIR="$PWD/hashed" oci-fetch --ca-file other/other.pem --blob "$registry/a/b" <random.json

# Several directories; one without such names is read as a whole. An empty variable counts as unset. Where there is no
# certificate, no other is trusted.
mkdir unhashed empty
cp ca.pem unhashed/authority
expect 0 env SSL_CERT_DIR="$PWD/other:$PWD/hashed" oci-fetch --blob "$registry/a/b" <random.json
expect 0 env SSL_CERT_DIR="$PWD/other:$PWD/unhashed" oci-fetch --blob "$registry/a/b" <random.json
expect 0 env SSL_CERT_FILE="$PWD/other/other.pem" SSL_CERT_DIR="$PWD/unhashed" \
	oci-fetch --blob "$registry/a/b" <random.json
expect 0 env SSL_CERT_FILE= SSL_CERT_DIR= oci-fetch --ca-file ca.pem --blob "$registry/a/b" <random.json
assert_failed 78 oci-fetch env SSL_CERT_DIR="$PWD/empty:$PWD/none" oci-fetch --blob "$registry/a/b" <random.json
assert_failed 78 oci-fetch env SSL_CERT_FILE="$PWD/none" oci-fetch --blob "$registry/a/b" <random.json

# A file of certificates in place of the system's, and one in addition to it.
expect 0 env SSL_CERT_FILE="$PWD/ca.pem" oci-fetch --blob "$registry/a/b" <random.json
assert_failed 69 oci-fetch env SSL_CERT_FILE="$PWD/other/other.pem" oci-fetch --blob "$registry/a/b" <random.json
expect 0 env SSL_CERT_FILE="$PWD/other/other.pem" oci-fetch --ca-file ca.pem --blob "$registry/a/b" <random.json
expect 0 env SSL_CERT_FILE="$PWD/ca.pem" oci-fetch --ca-file other/other.pem --blob "$registry/a/b" <random.json
