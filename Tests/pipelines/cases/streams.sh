# A registry that speaks HTTP/2: independent requests go out together, as streams of few connections.

# shellcheck source=../lib.sh
. "$TEST_LIB"

make_certificates
start_registry plain
front_port=$(free_port) old_port=$(free_port) weary_port=$(free_port) mute_port=$(free_port)
python3 -c 'import socket, sys, time
server = socket.create_server(("127.0.0.1", 0), backlog=64)
open(sys.argv[1], "w").write(str(server.getsockname()[1]))
time.sleep(1000)' silent.port 2>silent.err &
await_port silent.port silent.err
start_nginx "$front_port" <<END
	log_format test '\$server_protocol \$connection \$request_method \$request_uri \$status';
	access_log $PWD/access.log test;
	ssl_certificate $PWD/server.pem; ssl_certificate_key $PWD/server.key;
	client_max_body_size 0; proxy_request_buffering off; proxy_http_version 1.1;
	server {
		listen 127.0.0.1:$front_port ssl http2;
		location / { proxy_pass http://$registry; proxy_set_header Host \$http_host; }
	}
	server {
		listen 127.0.0.1:$weary_port ssl http2;
		keepalive_requests 5; http2_max_concurrent_streams 3;
		location / { proxy_pass http://$registry; proxy_set_header Host \$http_host; }
	}
	server {
		listen 127.0.0.1:$mute_port ssl http2;
		location / { proxy_pass http://$registry; proxy_set_header Host \$http_host; }
		location /v2/mute/blobs/ { proxy_pass http://127.0.0.1:$(cat silent.port); }
	}
	server {
		listen 127.0.0.1:$old_port ssl;
		location / { proxy_pass http://$registry; proxy_set_header Host \$http_host; }
	}
END
front=127.0.0.1:$front_port old=127.0.0.1:$old_port weary=127.0.0.1:$weary_port mute=127.0.0.1:$mute_port

push_index "$registry/source"
oci-fetch --raw "$registry/source:1" >raw

# connections COMMAND...: sets `connections`, how many the proxy got by TLS, and `protocols`, by which protocols.
connections() {
	: >access.log
	expect 0 "$@" --ca-file ca.pem --retries 0
	# A request is logged when it is over.
	until grep -q "PUT /v2/.*/manifests/1 201" access.log; do sleep 0.02; done
	# A loopback registry is asked in the clear first.
	grep -v ' 400$' access.log >tls.log
	connections=$(cut -d ' ' -f 2 tls.log | sort -u | wc -l)
	protocols=$(cut -d ' ' -f 1 tls.log | sort -u | xargs)
}

# The manifests, 20 layers and 2 configs are asked for, mounted and put: all over one connection.
connections oci-push-manifest --raw --from "$front/source" "$front/target:1" <raw
cmp out pushed.json
assert_equal HTTP/2.0 "$protocols"
assert_equal 22 "$(grep -c 'POST .*mount=' tls.log)" mounts
assert_equal 1 "$connections" connections
assert_equal "$(field .digest pushed.json)" "$(tag_digest target:1)"
assert_equal 0 "$(upload_sessions)"

# The image lines, with configs that are sent: a connection more for each body that is on its way.
connections oci-push-manifest --from "$front/source" "$front/lines:1" <images.json
cmp out pushed.json
assert_equal HTTP/2.0 "$protocols"
[ "$connections" -le 5 ] || fail "$connections connections"
assert_equal "$(field .digest pushed.json)" "$(tag_digest lines:1)"
assert_equal 0 "$(upload_sessions)"

# A server that closes a connection after five requests, and takes three at a time.
connections oci-push-manifest --raw --from "$weary/source" "$weary/weary:1" <raw
cmp out pushed.json
assert_equal HTTP/2.0 "$protocols"
assert_equal "$(field .digest pushed.json)" "$(tag_digest weary:1)"
assert_equal 0 "$(upload_sessions)"

# A signal ends all that wait for the same connection.
: >access.log
oci-push-manifest --ca-file ca.pem --raw --from "$mute/source" "$mute/mute:1" <raw >out 2>err &
pid=$!
until grep -q 'GET /v2/source/manifests/.* 200' access.log; do sleep 0.02; done
sleep 0.2
kill -TERM $pid
status=0
wait $pid || status=$?
assert_equal 143 "$status"
assert_empty out
assert_equal '' "$(tag_digest mute:1)"

# By HTTP/1.1, each request that waits at the same time has a connection of its own.
connections oci-push-manifest --raw --from "$old/source" "$old/older:1" <raw
cmp out pushed.json
assert_equal HTTP/1.1 "$protocols"
[ "$connections" -gt 1 ] || fail "$connections connections"
assert_equal "$(field .digest pushed.json)" "$(tag_digest older:1)"
