# Every example of the manual pages runs, in its order on the page, in one directory for each page. A registry of this
# machine replaces the one that is named.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base_for_two_platforms

# examples PAGE: writes each block of the section to a file example.N.
examples() {
	awk '
	/^\.Sh / { section = $2 }
	section != "EXAMPLES" { next }
	/^\.Bd -literal/ { file = sprintf("example.%02d", ++count); next }
	/^\.Ed/ { file = ""; next }
	file { sub(/^\\&/, ""); gsub(/\\e/, "\\"); print >file }' "$1"
}

# image TAG...: pushes an image of dist under each tag of example/app.
image() {
	for tag do
		ocinoco build dist --from "$registry/example/base:latest" --platform linux/amd64 --push --quiet \
			--tag "$registry/example/app:$tag" --label "tag=$tag" --created 2024-01-02T03:04:05Z >pushed.json
	done
}

# prepare PAGE: creates what the examples of some pages expect to exist.
prepare() {
	case $1 in
	oci-compare.1)
		image 1
		ocinoco copy "$registry/example/app:1" "$registry/example/app:2" >copied.json
		;;
	oci-flatten.1) mkdir rootfs ;;
	oci-rebase.1)
		image 1
		ocinoco copy "$registry/example/app:1" "$registry/example/job:1" >copied.json
		;;
	oci-validate.1) ocinoco build dist --from scratch --output oci:site:1 --quiet >built.json ;;
	oci-delete.1) image old older new ;;
	oci-provenance.1)
		oci-fetch "$registry/example/base:latest" --platform linux/amd64 >image.json
		oci-tar dist --root-dir=/app | oci-zstd | oci-push-blob "$registry/example/app" >layer.json
		oci-manifest-append layer.json <image.json >appended.json
		mv appended.json image.json
		cp "$ROOT/Tests/fixtures/signing/ec.pem" key.pem
		;;
	oci-step.1)
		key=$(oci-fetch "$registry/example/base:latest" --platform linux/amd64 | oci-step --args 'make install')
		oci-tar dist | oci-zstd | oci-push-blob "$registry/example/steps" >step.json
		oci-fetch scratch | oci-manifest-append step.json |
			oci-push-manifest "$registry/example/steps:$key" >pushed.json
		rm step.json
		;;
	oci-gc.1)
		image old
		ocinoco copy "$registry/example/app:old" oci:store:old >copied.json
		ocinoco build dist --from scratch --output oci:store:new --quiet >built.json
		;;
	oci-sign.1 | oci-verify.1)
		image 1
		oci-fetch "$registry/example/app:1" >image.json
		cp "$ROOT/Tests/fixtures/signing/cosign-no-password.key" cosign.key
		cp "$ROOT/Tests/fixtures/signing/ec.pem" key.pem
		: >password
		echo '{"buildDefinition":{}}' >provenance.json
		COSIGN_PASSWORD='' oci-sign --sign-key cosign.key --legacy "$registry/example/app" <pushed.json >signed.json
		COSIGN_PASSWORD='' oci-sign --sign-key cosign.key "$registry/example/app" <pushed.json >signed.json
		ocinoco copy --referrers "$registry/example/app:1" "$registry/mirror/app:1" >copied.json
		cp "$ROOT/Tests/fixtures/signing/ec.pub" cosign.pub
		;;
	esac
}

total=0
for page in "$ROOT"/man/*.[17]; do
	name=${page##*/}
	mkdir -p "$name"
	cd "$name"
	make_dist
	git -c init.defaultBranch=main init -q .
	git add dist
	echo '**/*.log' >.dockerignore
	echo secret >token
	echo '{"spdxVersion":"SPDX-2.3"}' >sbom.json
	examples "$page"
	prepare "$name"
	for example in example.*; do
		[ -f "$example" ] || fail "$name has no examples"
		sed -i "s#ghcr\.io\|registry\.example\.com#$registry#g" "$example"
		# Every stage must succeed, not just the last; without a terminal, less shows nothing.
		bash -eu -o pipefail "$example" >printed 2>errors </dev/null || {
			status=$?
			cat errors
			fail "$name: status $status of: $(cat "$example")"
		}
		# A message of a successful command is a warning, or an error that went unnoticed.
		grep -v ': warning: ' errors >said || :
		assert_empty said
		total=$((total + 1))
	done
	cd ..
done
[ "$total" -ge 40 ] || fail "only $total examples"
assert_equal 0 "$(upload_sessions)"
