# ocinoco inspect and tags, and the message for a misspelt command or option.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base
make_dist
base=$registry/example/base
app=$registry/example/app
expect 0 ocinoco build ./dist --from "$base:latest" --tag "$app:1" --tag "$app:2" --root-dir /app --push \
	--entrypoint '["node"]' --cmd '["server.js"]' --label 'a label=x y' --user 1000:1000 --created-by 'packing dist'
digest=$(field .digest out)

expect 0 ocinoco inspect "$app:1"
assert_empty err
assert_match "^Reference +$app:1\$" out
assert_match "^Digest +$digest\$" out
assert_match "^Base +$base:latest@$(tag_digest example/base:latest)\$" out
assert_match '^Platform +linux/amd64$' out
assert_match '^Entrypoint +\["node"\]$' out
assert_match '^Cmd +\["server.js"\]$' out
assert_match '^Environment +PATH=/bin$' out
assert_match '^User +1000:1000$' out
assert_match '^Labels +a label=x y$' out
assert_match '^ *2 .* zstd .* packing dist$' out
assert_equal 0 "$(grep -c "$(printf '\033')" out)" 'escapes'
assert_equal 0 "$(awk 'length > 200' out | wc -l)"

# With the base, whose layers are shown apart from the image's own.
expect 0 ocinoco inspect "$app:1" --base "$base:latest"
assert_match '^ *1 .* gzip .* base ' out
assert_match '^ *2 .* zstd .* own ' out
for shell in dash bash; do
	"$shell" "$(command -v ocinoco)" inspect -n "$app:1" --base "$base:latest" --no-trunc >script
	expect 0 "$shell" script
	assert_match "$(oci-fetch "$app:1" | jq -r '.layers[1].digest')" out
done

# Several platforms, one after another; one of them; an artifact; colour on a terminal only.
for platform in linux/amd64 linux/arm64; do oci-fetch "$app:1" | oci-config --platform "$platform"; done |
	oci-push-manifest --from "$app" "$app:multi" >/dev/null
expect 0 ocinoco inspect "$app:multi" --platform all
assert_equal 'linux/amd64 linux/arm64' "$(sed -n 's/^Platform *//p' out | paste -sd ' ' -)"
expect 0 ocinoco inspect "$app:multi"
assert_match '^PLATFORM +DIGEST +LAYERS +SIZE' out
for platform in linux/amd64 linux/arm64; do
	assert_match "^$platform +[0-9a-f]{12} +2 +[0-9.]+ [KM]iB" out
done
here=$(sed -n 's/^\(linux[^ ]*\) .*shown below$/\1/p' out)
assert_equal "$here" "$(sed -n 's/^Platform *//p' out)"
case $(uname -m) in x86_64) assert_equal linux/amd64 "$here" ;; esac
assert_match "^Index +$(ocinoco digest "$app:multi")\$" out
oci-fetch --platform all "$app:multi" | oci-inspect --index --no-trunc >full
for digest in $(oci-fetch --raw "$app:multi" | jq -r '.manifests[].digest'); do assert_match "$digest" full; done
# No image is for this machine: the table has all, and the first is shown.
for platform in plan9/386 linux/s390x; do oci-fetch "$app:1" | oci-config --platform "$platform"; done |
	oci-push-manifest --from "$app" "$app:others" >/dev/null
expect 0 ocinoco inspect "$app:others"
assert_match '^plan9/386 .*shown below$' out
assert_match '^Platform +plan9/386$' out
assert_equal 0 "$(ocinoco inspect "$app:1" | grep -c '^PLATFORM')"
expect 0 ocinoco inspect "$app:multi" --platform linux/arm64
assert_equal linux/arm64 "$(sed -n 's/^Platform *//p' out)"
expect 69 ocinoco inspect "$app:multi" --platform linux/s390x
assert_empty out
echo sbom | oci-push-blob --media-type text/x-sbom "$app" | oci-artifact --type text/x-sbom |
	oci-push-manifest "$app:sbom" >/dev/null
expect 0 ocinoco inspect "$app:sbom"
assert_match '^Artifact type +text/x-sbom$' out
oci-fetch "$app:1" | oci-push-manifest --from "$app" oci:layout:app >/dev/null
expect 0 ocinoco inspect oci:layout
assert_match '^Reference +oci:layout$' out

# Tags.
expect 0 ocinoco tags "$app"
assert_equal '1 2 multi others sbom' "$(sort out | paste -sd ' ' -)"
expect 0 ocinoco tags oci:layout
assert_equal app "$(cat out)"
ocinoco tags -n "$app" >script
assert_equal "oci-fetch --tags $app" "$(tail -n 1 script)"
expect 69 ocinoco tags "$registry/missing"
assert_empty out

# Misspelt names: the message suggests the right one, where one is close.
misspelt() {
	pattern=$1
	shift
	expect 64 ocinoco "$@"
	assert_empty out
	assert_message ocinoco
	assert_match "$pattern" err
}
misspelt "unknown command 'biuld', did you mean 'build'[?] see 'ocinoco --help'" biuld
misspelt "unknown command 'tag', did you mean 'tags'[?]" tag
misspelt "unknown command 'frobnicate'; see" frobnicate
misspelt "unknown option '--verison', did you mean '--version'[?]" --verison
misspelt "unknown option '--plat-form', did you mean '--platform'[?] see 'ocinoco build --help'" build . --plat-form x
misspelt "unknown option '--ont', did you mean '--onto'[?]" rebase x --ont y
misspelt "unknown option '--frobnicate'; see" copy a b --frobnicate
# An option of another command is not accepted.
for option in --onto --base --no-trunc --username --password-stdin; do
	misspelt "unknown option '$option'" build . "$option=x"
done
for option in --push --from --root-dir --env; do
	misspelt "unknown option '$option'" rebase x "$option=y"
	misspelt "unknown option '$option'" inspect x "$option=y"
	misspelt "unknown option '$option'" login x "$option=y"
done
misspelt "'--password-stdin' takes no value" login x -u y --password-stdin=z
misspelt "unknown option '-u'" copy a b -u c
for command in inspect tags rebase logout; do
	misspelt 'is needed' "$command"
	misspelt 'one argument too many' "$command" a b
	misspelt 'not a reference' "$command" ''
done
