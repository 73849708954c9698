# What oci-fetch says about a repository: a digest by HEAD, tags with digests and times, referrers of referrers.
# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
repository=$registry/example/app
echo content >file
oci-tar file | oci-zstd | oci-push-blob "$repository" >layer.json
for tag in 1 2; do
	oci-fetch scratch --platform "linux/$([ $tag = 1 ] && echo amd64 || echo arm64)" |
		oci-manifest-append layer.json | oci-config --created "202$tag-01-02T03:04:05Z" |
		oci-push-manifest "$repository:$tag" >"$tag.json"
done

# One HEAD; the manifest is not fetched.
: >"$registry_log"
oci-fetch --digest "$repository:1" >digest
assert_equal "$(field .digest 1.json)" "$(cat digest)"
assert_equal 0 "$(grep -c '"GET /v2/example/app/manifests' "$registry_log")" GET
assert_equal 1 "$(grep -c '"HEAD /v2/example/app/manifests' "$registry_log")" HEAD
oci-fetch --digest --is "$(cat digest)" "$repository:1" >same
cmp digest same
expect 1 oci-fetch --digest --is "$(field .digest 2.json)" "$repository:1"
cmp digest out
assert_empty err
assert_failed 69 oci-fetch oci-fetch --digest "$repository:3"
assert_failed 64 oci-fetch oci-fetch --is "$(cat digest)" "$repository:1"
assert_failed 64 oci-fetch oci-fetch --digest --is sha256:short "$repository:1"
oci-fetch "$repository:1" | oci-push-manifest oci:layout:1 --from "$repository" >copy.json
assert_equal "$(field .digest copy.json)" "$(oci-fetch --digest oci:layout:1)"
assert_equal "$(field .digest copy.json)" "$(oci-fetch --digest oci:layout)"

# With --platform it is the image's digest, not the index's.
{ oci-fetch "$repository:1" --platform linux/amd64 && oci-fetch "$repository:2" --platform linux/arm64; } |
	oci-push-manifest "$repository:both" >both.json
oci-fetch --raw "$repository:both" >index.json
assert_equal "$(field '.manifests[1].digest' index.json)" \
	"$(oci-fetch --digest --platform linux/arm64 "$repository:both")"
assert_equal "$(field .digest both.json)" "$(oci-fetch --digest --platform all "$repository:both")"

# The manifest of a descriptor line, whatever the tag names by then.
oci-fetch --raw "$repository:1" >first.json
oci-fetch --descriptor --raw "$repository:2" <1.json >out
cmp first.json out
oci-fetch --descriptor "$repository:2" <1.json >image.json
assert_equal "$(field .digest 1.json)" "$(field '.annotations["ocinoco.source"] | split("@")[1]' image.json)"
assert_failed 65 oci-fetch oci-fetch --descriptor "$repository:2" </dev/null

# Tags that stand for digests can be left out.
digest=sha256:$(printf %064d 7)
for ending in '' .sig .att .sbom; do
	oci-fetch --raw "$repository:1" |
		oci-push-manifest "$repository:$(echo "$digest" | tr : -)$ending" >out
done
for tag in sha256-short sha256-short.sig "release-sha256-${digest#sha256:}" "sha256-${digest#sha256:}.sigs"; do
	oci-fetch --raw "$repository:1" | oci-push-manifest "$repository:$tag" >out
done
assert_equal 11 "$(oci-fetch --tags "$repository" | wc -l)"
oci-fetch --tags --exclude-digest-tags "$repository" >tags
assert_equal "1 2 both release-sha256-${digest#sha256:} sha256-short sha256-short.sig sha256-${digest#sha256:}.sigs" \
	"$(LC_ALL=C sort tags | tr '\n' ' ' | sed 's/ $//' |
		awk '{ print $1, $2, $3, $4, $6, $7, $5 }')"
oci-fetch --tags --json --exclude-digest-tags "$repository" >tags.json
assert_equal "$(cat tags)" "$(field .tag tags.json)"
assert_equal "$(field .digest 2.json) 2022-01-02T03:04:05Z" \
	"$(field 'select(.tag == "2") | .digest + " " + .created' tags.json)"
assert_equal 2021-01-02T03:04:05Z "$(field 'select(.tag == "both") | .created' tags.json)"
assert_failed 64 oci-fetch oci-fetch --json "$repository:1"

# Referrers of an index, of its images, and of referrers; each once.
attach() {
	echo "$1" | oci-push-blob --media-type text/plain "$repository" |
		oci-artifact --type "text/$1" --subject "$2" | oci-push-manifest "$repository"
}
attach note "$repository:both" >note.json
attach image "$repository@$(field '.manifests[0].digest' index.json)" >out
attach deep "$repository@$(field .digest note.json)" >out
assert_equal 1 "$(oci-fetch --referrers "$repository:both" | wc -l)"
oci-fetch --referrers --recursive "$repository:both" >referrers
assert_equal 'text/note text/image text/deep' "$(field .artifactType referrers | tr '\n' ' ' | sed 's/ $//')"
assert_equal text/deep \
	"$(oci-fetch --referrers --recursive --artifact-type text/deep "$repository:both" | jq -r .artifactType)"
