# How an image was built: what oci-provenance and ocinoco build --provenance state, and that they state nothing else.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir -p dist/bin
echo one >dist/bin/one
oci-tar dist/bin | oci-zstd | oci-push-blob oci:base >layer.json
oci-fetch scratch | oci-manifest-append layer.json | oci-push-manifest oci:base:1 >base.json
base=$(field .digest base.json)

# predicate FILTER FILE
predicate() {
	jq -c ".predicate$1" "$2"
}

# The tool: subject, base, layers, arguments.
oci-tar dist | oci-zstd | oci-push-blob oci:new >layer.json
oci-fetch oci:base:1 | oci-manifest-append layer.json >image.json
oci-push-manifest oci:new:1 <image.json >pushed.json
expect 0 oci-provenance --image image.json --layer layer.json -- ./dist --env 'A=ü "b"' <pushed.json
assert_empty err
assert_equal 1 "$(wc -l <out)"
assert_equal 'https://in-toto.io/Statement/v1 https://slsa.dev/provenance/v1' \
	"$(jq -r '._type + " " + .predicateType' out)"
assert_equal "$(field .digest pushed.json)" "$(jq -r '"sha256:" + .subject[].digest.sha256' out)"
assert_equal '{"arguments":["./dist","--env","A=ü \"b\""]}' "$(predicate .buildDefinition.externalParameters out)"
predicate '.buildDefinition.resolvedDependencies[]' out >dependencies
assert_equal "{\"uri\":\"oci:base:1@$base\",\"digest\":{\"sha256\":\"${base#*:}\"}}" "$(sed -n 1p dependencies)"
diff_id=$(jq -r '.annotations["containerd.io/uncompressed"]' layer.json)
assert_equal "sha256:$(oci-tar dist | sha256sum | cut -c-64)" "$diff_id"
assert_equal "{\"digest\":{\"sha256\":\"${diff_id#*:}\"},\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\"}" \
	"$(sed -n 2p dependencies)"
assert_equal 2 "$(wc -l <dependencies)"
assert_equal '{"id":"ocinoco:local","version":{"ocinoco":"'"$(oci-zstd --version |
	sed -n '1s/^ocinoco \([^ ]*\)\( (\([^)]*\))\)*$/\1+\3/;s/+$//;1p')"'"}}' "$(predicate .runDetails.builder out)"

# No time, machine or user that was not passed; the same input makes the same bytes.
assert_equal null "$(predicate .runDetails.metadata out)"
cp out first
(cd / && HOME=/ USER=else HOSTNAME=else TZ=Asia/Tokyo oci-provenance --image "$OLDPWD/image.json" \
	--layer "$OLDPWD/layer.json" -- ./dist --env 'A=ü "b"') <pushed.json >out
cmp first out
SOURCE_DATE_EPOCH=86400 oci-provenance <pushed.json >out
assert_equal '{"finishedOn":"1970-01-02T00:00:00Z"}' "$(predicate .runDetails.metadata out)"
assert_equal '{"arguments":[],"SOURCE_DATE_EPOCH":"86400"}' "$(predicate .buildDefinition.externalParameters out)"
assert_equal '[]' "$(predicate .buildDefinition.resolvedDependencies out)"
oci-provenance --created 2020-01-01T00:00:00Z --builder https://ci.example.com/ <pushed.json >out
assert_equal '"2020-01-01T00:00:00Z" "https://ci.example.com/"' \
	"$(predicate '.runDetails | .metadata.finishedOn, .builder.id' out | xargs -d '\n' echo)"

# The base that the image records is preferred to its source; platforms share one base.
jq -c 'del(.annotations | .["ocinoco.source"], .["ocinoco.digest"])' image.json >foreign.json
cat foreign.json foreign.json >twice.json
oci-provenance --image twice.json --layer layer.json --layer layer.json <pushed.json >out
assert_equal "{\"uri\":\"oci:base:1\",\"digest\":{\"sha256\":\"${base#*:}\"}}" \
	"$(predicate '.buildDefinition.resolvedDependencies[0]' out)"
assert_equal 2 "$(predicate '.buildDefinition.resolvedDependencies | length' out)"

# What is refused.
for input in /dev/null layer.tar; do
	[ -e "$input" ] || oci-tar dist >"$input"
	assert_failed 65 oci-provenance oci-provenance <"$input"
done
head -c 20 pushed.json >cut.json
assert_failed 65 oci-provenance oci-provenance <cut.json
assert_failed 65 oci-provenance oci-provenance --layer base.json <pushed.json
assert_failed 65 oci-provenance oci-provenance --image base.json <pushed.json
assert_failed 66 oci-provenance oci-provenance --image none <pushed.json
assert_failed 64 oci-provenance oci-provenance --builder me <pushed.json
assert_failed 64 oci-provenance oci-provenance "$(printf '\377')" <pushed.json
assert_failed 74 oci-provenance oci-provenance <.
status=0
oci-provenance <pushed.json >/dev/full 2>err || status=$?
assert_equal 74 "$status"

# With --output the line passes on, and the file appears when it is whole.
oci-provenance --output to.json <pushed.json >out
cmp pushed.json out
oci-provenance <pushed.json | cmp - to.json
assert_failed 65 oci-provenance oci-provenance --output new.json <cut.json
[ ! -e new.json ] || fail 'a file of a statement that was not made'
assert_failed 73 oci-provenance oci-provenance --output none/to.json <pushed.json

# The wrapper: the file is about the pushed image, and has every option that changes it.
build() {
	ocinoco build ./dist --from oci:base:1 --output oci:app:1 --root-dir /app --layer dist/bin:/low \
		--env A=b --annotation c=d --retries 2 --expect absent "$@"
}
expect 0 build --provenance provenance.json
assert_empty err
assert_equal "$(field .digest out)" "$(jq -r '"sha256:" + .subject[].digest.sha256' provenance.json)"
assert_equal '["--from=oci:base:1","--root-dir=/app","--layer=dist/bin:/low","--env=A=b","--annotation=c=d","./dist"]' \
	"$(predicate .buildDefinition.externalParameters.arguments provenance.json)"
oci-fetch oci:app:1 | oci-layers | jq -r '.annotations["containerd.io/uncompressed"]' >diff_ids
predicate '.buildDefinition.resolvedDependencies[] | "sha256:" + .digest.sha256' provenance.json | tr -d '"' |
	sed "1s/.*/$(sed -n 1p diff_ids)/" | diff diff_ids -
cp out pushed

# An unchanged image makes the same statement, printed or run. An existing file is replaced at the end of the build.
expect 0 build --provenance again.json --expect "$(field .digest pushed)"
cmp provenance.json again.json
build -n --provenance again.json --expect "$(field .digest pushed)" >script
rm again.json
sh script >out
cmp provenance.json again.json
expect 76 build --provenance again.json --expect absent
cmp provenance.json again.json
# Signed, it is an attestation.
openssl ecparam -genkey -name prime256v1 -noout -out key.pem
openssl ec -in key.pem -pubout -out key.pub 2>openssl.log
ocinoco sign oci:app:1 --sign-key key.pem --predicate provenance.json >out
ocinoco verify oci:app:1 --verify-key key.pub --type slsaprovenance1 >out
cmp pushed out

# No layers except the base's; nothing stored; with every file kept.
ocinoco build --from oci:base:1 --tag example.com/app:1 --env A=b --provenance small.json --keep kept -q >out
assert_equal "$(field .digest out)" "$(jq -r '"sha256:" + .subject[].digest.sha256' small.json)"
assert_equal 1 "$(predicate '.buildDefinition.resolvedDependencies | length' small.json)"
ocinoco build ./dist --from scratch --output oci:app:scratch --created 2020-01-01T00:00:00Z --compress gzip \
	--provenance small.json >out
assert_equal '"2020-01-01T00:00:00Z" 1' "$(predicate '
	| .runDetails.metadata.finishedOn, (.buildDefinition.resolvedDependencies | length)' small.json | xargs -d '\n' echo)"
echo 'FROM scratch' >Dockerfile
for option in '--provenance=' '--provenance=x --plan' '--provenance=x --file=Dockerfile'; do
	# shellcheck disable=SC2086
	expect 64 ocinoco build ./dist --from oci:base:1 --output oci:app:1 $option
done
expect 73 build --provenance none/provenance.json --expect "$(ocinoco digest oci:app:1)"
