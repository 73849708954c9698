# oci-artifact, referrers, and the tag that replaces the registry's list of referrers.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
base=$registry/example/base
subject=$(tag_digest example/base:latest)
spdx=application/spdx+json
printf '{"spdxVersion": "SPDX-2.3"}\n' >sbom.json

# Attached as the README says; the only new tag is that of the list.
oci-push-blob --media-type "$spdx" "$base" <sbom.json |
	oci-artifact --type "$spdx" --subject "$base:latest" --annotation a=b | oci-push-manifest "$base" >pushed
oci-fetch --raw "$base@$(field .digest pushed)" >artifact
assert_equal "$subject $spdx $spdx" "$(field '[.subject.digest, .artifactType, .layers[0].mediaType] | join(" ")' artifact)"
assert_equal application/vnd.oci.empty.v1+json "$(field .config.mediaType artifact)"
oci-fetch --tags "$base" | sort | paste -sd ' ' - >tags
assert_equal "latest sha256-${subject#sha256:}" "$(cat tags)"

oci-fetch --referrers "$base:latest" >referrers
jq -c --arg type "$spdx" '. + {artifactType: $type, annotations: {a: "b"}}' pushed | diff - referrers
oci-fetch --referrers "$base@$subject" | cmp - referrers
oci-fetch "$base@$(field .digest referrers)" | jq -c '.layers[0]' | oci-fetch --blob "$base" | cmp - sbom.json
skopeo inspect --raw --tls-verify=false "docker://$base:sha256-${subject#sha256:}" |
	jq -e '.mediaType == "application/vnd.oci.image.index.v1+json"' >/dev/null

# Attaching again changes nothing; other artifacts are added, and are found by their type.
oci-push-manifest --from "$base" "$base" <artifact | cmp - pushed
oci-fetch --referrers "$base:latest" | cmp - referrers
echo signature | oci-push-blob "$base" >signature.json
jq -c '{mediaType, digest, size}' pushed >subject.json
for number in 1 2 3; do
	oci-artifact --type application/x.sig --subject "$base:latest" --annotation "n=$number" <signature.json |
		oci-push-manifest "$base" >/dev/null
done
assert_equal 4 "$(oci-fetch --referrers "$base:latest" | wc -l)"
oci-fetch --referrers --artifact-type application/x.sig "$base:latest" >signatures
assert_equal 1,2,3 "$(jq -r .annotations.n signatures | sort | paste -sd , -)"
assert_equal '' "$(oci-fetch --referrers --artifact-type a/b "$base:latest")"

# An artifact about an artifact, by a file; an artifact without a subject does not change a tag either.
oci-artifact --type a/b --subject-file subject.json <signature.json | oci-push-manifest "$base" >nested
assert_equal "$(field .digest nested)" "$(oci-fetch --referrers "$base@$(field .digest pushed)" | jq -r .digest)"
before=$(tag_digest example/base:latest)
oci-artifact --type application/vnd.example.chart <signature.json >chart.line
oci-push-manifest "$base" <chart.line >chart
assert_equal "$before" "$(tag_digest example/base:latest)"
oci-fetch --raw "$base@$(field .digest chart)" | jq -e .artifactType >/dev/null
oci-push-manifest "$base:chart" <chart.line | cmp - chart
assert_equal "$(field .digest chart)" "$(tag_digest example/base:chart)"

# In a layout, and with an index as subject.
oci-fetch "$base:latest" | oci-push-manifest --index oci:layout:multi >multi
oci-push-blob --media-type "$spdx" oci:layout <sbom.json |
	oci-artifact --type "$spdx" --subject oci:layout:multi | oci-push-manifest oci:layout >pushed
assert_equal "$(field .digest pushed)" "$(oci-fetch --referrers oci:layout:multi | jq -r .digest)"
assert_equal multi "$(oci-fetch --tags oci:layout)"
# Referrers do not turn a layout with one image into a layout with several.
oci-fetch --raw oci:layout | cmp - "layout/blobs/sha256/$(field '.digest | split(":")[1]' multi)"
oci-fetch --referrers oci:layout | jq -r .digest | cmp - <<END
$(field .digest pushed)
END

# A registry with a referrers API: its answer is used, and no tag is written.
port=$(free_port)
start_nginx "$port" <<END
	access_log off; client_max_body_size 0;
	server {
		listen 127.0.0.1:$port;
		location ~ ^/v2/.*/manifests/ {
			proxy_pass http://$registry; proxy_set_header Host \$http_host;
			add_header OCI-Subject $subject always;
		}
		location ~ ^/v2/.*/referrers/$subject {
			default_type application/vnd.oci.image.index.v1+json;
			return 200 '{"schemaVersion":2,"manifests":[{"mediaType":"a/m","digest":"$subject","size":7,"artifactType":"x/y"}]}';
		}
		location / { proxy_pass http://$registry; proxy_set_header Host \$http_host; }
	}
END
list=127.0.0.1:$port/other/list
oci-fetch --raw "$base:latest" | oci-push-manifest --from "$base" "$list:latest" >/dev/null
oci-push-blob --media-type "$spdx" "$list" <sbom.json |
	oci-artifact --type "$spdx" --subject "$list:latest" | oci-push-manifest "$list" >/dev/null
assert_equal latest "$(oci-fetch --tags "$list")"
assert_equal x/y "$(oci-fetch --referrers "$list:latest" | jq -r .artifactType)"

# Refused.
cp signature.json blob.json
assert_failed 69 oci-artifact oci-artifact --type a/b --subject "$base:missing" <signature.json
assert_failed 69 oci-fetch oci-fetch --referrers "$base:missing"
assert_failed 64 oci-artifact oci-artifact --type a/b --subject "$base" --subject-file x <signature.json
assert_failed 64 oci-artifact oci-artifact --subject "$base" <signature.json
assert_failed 65 oci-artifact oci-artifact --type a/b --subject-file blob.json <signature.json
assert_failed 65 oci-artifact oci-artifact --type a/b --subject "$base:latest" </dev/null
assert_failed 64 oci-fetch oci-fetch --artifact-type a/b "$base"
assert_failed 64 oci-fetch oci-fetch --referrers --tags "$base"
