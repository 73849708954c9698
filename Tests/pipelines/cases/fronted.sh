# A registry behind a proxy that ends TLS, asks for a client certificate, limits bodies and keeps blobs on another host.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_certificates
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=alice \
	-keyout client.key -out client.csr 2>openssl.log
openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out client.pem 2>openssl.log
cat client.pem client.key >both.pem
front_port=$(free_port) storage_port=$(free_port) link_port=$(free_port)
start_registry htpasswd "https://127.0.0.1:$storage_port/"
front=127.0.0.1:$front_port
start_nginx "$front_port" <<END
	log_format test '\$server_port \$server_protocol \$request_method \$uri \$status \$request_length '
		'auth=\$http_authorization client=\$ssl_client_s_dn';
	access_log $PWD/access.log test;
	ssl_certificate $PWD/server.pem; ssl_certificate_key $PWD/server.key;
	ssl_client_certificate $PWD/ca.pem;
	server {
		listen 127.0.0.1:$front_port ssl http2;
		ssl_verify_client on;
		client_max_body_size 8m; proxy_request_buffering off; proxy_http_version 1.1;
		location / { proxy_pass http://$registry; proxy_set_header Host \$http_host; }
	}
	server {
		listen 127.0.0.1:$link_port ssl;
		location = /v2/list/tags/list {
			default_type application/json;
			add_header Link '<http://other.test/v2/list/tags/list?n=1>; rel="next"';
			return 200 '{"name":"list","tags":["a"]}';
		}
	}
	server {
		listen 127.0.0.1:$storage_port ssl;
		root $storage;
	}
END
jq -n --arg host "$front" '{auths: {($host): {auth: ("alice:open sesame" | @base64)}}}' >auth.json
export REGISTRY_AUTH_FILE="$PWD/auth.json"

# at_front COMMAND ARGUMENT...: with the options that the proxy needs.
at_front() {
	tool=$1
	shift
	"$tool" --ca-file ca.pem --cert client.pem --key client.key "$@"
}

# logged PATTERN: waits for the log line, which the proxy may write after our program has ended.
logged() {
	tries=0
	until grep -Eq "$1" access.log; do
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || fail "no '$1': $(cat access.log)"
		sleep 0.05
	done
}

# An https registry that redirects to plain http is not followed. Nobody listens at that address.
assert_failed 76 oci-fetch env http_proxy=http://127.0.0.1:9 oci-fetch --ca-file ca.pem --tags \
	"127.0.0.1:$link_port/list"
assert_match 'a link from TLS to plain HTTP' err

# A streamed upload is refused, and is sent in parts small enough.
head -c 30000000 /dev/urandom >random
stream() {
	cat random
}
: >access.log
stream | at_front oci-push-blob "$front/a/b" >blob.json
assert_equal "$(digest_of random)" "$(field .digest blob.json)"
assert_equal "$(digest_of random)" "$(digest_of "$(blob_file "$(field .digest blob.json)")")"
logged ' PATCH /v2/a/b/blobs/uploads/[^ ]* 413 '
logged ' PUT /v2/a/b/blobs/uploads/[^ ]* 201 '
awk '$3 == "PATCH" && $5 == 202 { if ($6 > 8500000) print; n++ } END { if (n < 4) print n }' access.log >problems
assert_empty problems
! grep -v -e HTTP/2.0 -e ' 400 [0-9]* auth=- client=-$' access.log || fail 'not by HTTP/2'
# Bytes that arrived before the refusal moved the upload on. This registry cancels an upload only by its newest address,
# which was never received.
before=$(upload_sessions)
[ "$before" -le 1 ] || fail "$before uploads are open"
# The size that was found counts for this run only; the option sets it from the start.
: >access.log
stream | at_front oci-push-blob --chunk-size 5 "$front/other" >out
diff out blob.json
logged ' PUT /v2/other/blobs/uploads/[^ ]* 201 '
! grep '/v2/other/.* 413 ' access.log || fail 'a part was refused'
assert_equal "$before" "$(upload_sessions)"

# The blob comes from the other host, which does not get the password.
: >access.log
at_front oci-fetch --blob "$front/a/b" <blob.json | cmp - random
logged "^$front_port .* GET /v2/a/b/blobs/sha256:[0-9a-f]* 307 .* auth=Basic [^ ]* client=CN=alice"
logged "^$storage_port .* GET /docker/registry/v2/blobs/.*/data 200 .* auth=- "

# Images pass through it, and skopeo reads the same with the same certificates.
push_line() {
	oci-fetch scratch --platform linux/amd64 | oci-config --created 2024-01-02T03:04:05Z |
		oci-manifest-append layer.json
}
make_dist
oci-tar ./dist | oci-zstd | at_front oci-push-blob "$front/app" >layer.json
push_line | at_front oci-push-manifest "$front/app:1" >pushed
mkdir certs
cp ca.pem certs/ca.crt
cp client.pem certs/client.cert
cp client.key certs/client.key
skopeo --insecure-policy copy --quiet --src-cert-dir certs --src-creds 'alice:open sesame' --preserve-digests \
	"docker://$front/app:1" oci:pulled:1
assert_equal "$(field .digest pushed)" "$(field '.manifests[0].digest' pulled/index.json)"

# The same files in the directory of containers(5) need no options; a certificate with its key, too.
mkdir -p "$HOME/.config/containers/certs.d"
cp -r certs "$HOME/.config/containers/certs.d/$front"
at_front oci-fetch --raw "$front/app:1" >raw
oci-fetch --raw "$front/app:1" | cmp - raw
# The host of the blobs has no directory of its own.
assert_failed 69 oci-fetch oci-fetch --blob "$front/a/b" <blob.json
oci-fetch --ca-file ca.pem --blob "$front/a/b" <blob.json | cmp - random
rm -r "$HOME/.config"
oci-fetch --ca-file ca.pem --cert both.pem --raw "$front/app:1" | cmp - raw

# Without the certificate, or without trust, nothing is sent.
assert_failed 69 oci-fetch oci-fetch --ca-file ca.pem "$front/none:1"
logged '/v2/none/manifests/1 400 '
assert_failed 69 oci-fetch oci-fetch --cert both.pem "$front/none:1"
! grep '/v2/none.*\(auth=Basic\|client=CN\)' access.log || fail 'it was told'
assert_failed 64 oci-fetch oci-fetch --key client.key "$front/app:1"
assert_failed 66 oci-fetch oci-fetch --cert missing.pem "$front/app:1"
assert_failed 78 oci-fetch oci-fetch --ca-file ca.pem --cert client.pem --key ca.key "$front/app:1"
# An encrypted key is refused, and its password is asked for neither on a terminal nor on stdin.
openssl pkey -in client.key -aes-256-cbc -passout pass:x -out locked.key
{
	assert_failed 78 oci-fetch setsid -w oci-fetch --ca-file ca.pem --cert client.pem --key locked.key \
		"$front/app:1"
	assert_equal input "$(cat)"
} <<-'EOF'
	input
EOF
assert_match "'locked.key'.*not encrypted\$" err
expect 0 oci-fetch --tls-verify=false --cert both.pem "$front/app:1"
