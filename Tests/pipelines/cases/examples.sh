# Every example of the manual pages runs: in its order on the page, in one directory for each page, with
# a registry of this machine in the place of the one that is named.

# shellcheck source=../lib.sh
. "$TEST_LIB"

start_registry plain
push_base

# The base for two platforms, as published ones are: what runs does not matter here.
oci-fetch "$registry/example/base:latest" >amd64.json
oci-config --platform linux/arm64 <amd64.json >arm64.json
cat amd64.json arm64.json | oci-push-manifest "$registry/example/base:latest" >base.json

# examples PAGE: each block of the section as a file example.N.
examples() {
	awk '
	/^\.Sh / { section = $2 }
	section != "EXAMPLES" { next }
	/^\.Bd -literal/ { file = sprintf("example.%02d", ++count); next }
	/^\.Ed/ { file = ""; next }
	file { sub(/^\\&/, ""); gsub(/\\e/, "\\"); print >file }' "$1"
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
	for example in example.*; do
		[ -f "$example" ] || fail "$name has no examples"
		sed -i "s|ghcr\.io|$registry|g" "$example"
		# Every stage must succeed, not the last alone; less shows nothing without a terminal.
		bash -eu -o pipefail "$example" >printed 2>errors </dev/null || {
			status=$?
			cat errors
			fail "$name: status $status of: $(cat "$example")"
		}
		# What is said on success is an error that nobody sees.
		assert_empty errors
		total=$((total + 1))
	done
	cd ..
done
[ "$total" -ge 40 ] || fail "only $total examples"
assert_equal 0 "$(upload_sessions)"
