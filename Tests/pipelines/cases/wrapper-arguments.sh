# Every argument reaches its tool as it was typed, from the wrapper and from the script of -n.

# shellcheck source=../lib.sh
. "$TEST_LIB"

newline='
'
# shellcheck disable=SC2016 # nothing of it must ever be expanded
hostile='a b	c$(touch injected)`touch injected`;touch injected|&*?[x]{1,2}~'\''"'
hostile="$hostile$newline-n --push #\$HOME %s\\n\\$(printf '\377')$newline"

# Tools that only record their arguments.
mkdir fake
cat >fake/oci-tar <<'END'
#!/bin/sh
printf '%s\0' "$@" >"$NOTES/${0##*/}"
case ${0##*/} in
oci-tar | oci-fetch) ;;
oci-digest) cat >"${1#--output=}" ;;
*) cat >/dev/null ;;
esac
echo line
END
chmod +x fake/oci-tar
for tool in oci-zstd oci-digest oci-push-blob oci-fetch oci-manifest-append oci-config \
	oci-push-manifest; do
	ln -s oci-tar "fake/$tool"
done
ln -s "$(readlink -f "$(command -v ocinoco)")" fake/ocinoco

# build COMMAND...: runs the wrapper by COMMAND, with options of every group.
build() {
	"$@" "--exclude=$hostile" --root-dir=/a=b --env "K=$hostile" --exclude '' \
		--cmd "[\"$hostile\"]" --from "docker://$hostile" --platform "$hostile" \
		--created-by "$hostile" --created 2024 --env= --annotation "$hostile" --keep-owner \
		--tag localhost:5000/app:1 --ca-file=-- --label '*' --plain-http --tag "$hostile" --push \
		-- "-$hostile"
}

# noted TOOL WORD...: TOOL got exactly these arguments.
noted() {
	tool=$1
	shift
	printf '%s\0' "$@" >expected
	cmp expected "$NOTES/$tool" || fail "$tool got: $(tr '\0' '|' <"$NOTES/$tool")"
}

# check_notes DIR: checks every tool's arguments; DIR is where intermediate files were kept.
check_notes() {
	noted oci-tar "--exclude=$hostile" --root-dir=/a=b --exclude= --keep-owner "--exclude-output=$1" -- "-$hostile"
	noted oci-push-blob localhost:5000/app:1 --ca-file=-- --plain-http "$hostile"
	noted oci-fetch "--platform=$hostile" --ca-file=-- --plain-http "docker://$hostile"
	noted oci-manifest-append "--created-by=$hostile" --created=2024 "$1/layer.json"
	noted oci-config "--env=K=$hostile" "--cmd=[\"$hostile\"]" --created=2024 --env= '--label=*'
	noted oci-push-manifest "--annotation=$hostile" localhost:5000/app:1 --ca-file=-- \
		--plain-http "$hostile"
}

# Files that a glob would match.
mkdir cwd
touch cwd/a cwd/b
cd cwd || exit
keep=../-kept\ $hostile
for shell in dash bash; do
	NOTES=$PWD/../notes.$shell
	export NOTES
	mkdir "$NOTES"
	build "$shell" ../fake/ocinoco build --keep "$keep"
	check_notes "$keep"

	build "$shell" ../fake/ocinoco build --keep "$keep" -n >../script
	for reader in dash bash; do
		rm -rf "$NOTES" "$keep"
		mkdir "$NOTES"
		"$reader" ../script
		check_notes "$keep"
		for file in layer.json base.json image.json layer.tar.zst; do
			[ -s "$keep/$file" ] || fail "no $file"
		done
	done
	rm -rf "$keep"

	# A directory that looks like an option.
	build "$shell" ../fake/ocinoco build --keep -k
	[ -s ./-k/image.json ] || fail 'nothing in -k'
	rm -r ./-k

	"$shell" ../fake/ocinoco pack --uid=1 --compress="tr '\\n' \"\$((1 + 1))\"" -- "-$hostile" "-$hostile"
	noted oci-tar "--exclude-output=-$hostile" --uid=1 -- "-$hostile"
	assert_equal line2 "$(cat -- "./-$hostile")"
	rm -- "./-$hostile"
	"$shell" ../fake/ocinoco pack -n --uid=1 -- "-$hostile" "-$hostile" >../script
	"$shell" ../script
	assert_equal line "$(cat -- "./-$hostile")"
	rm -- "./-$hostile"
done

# Options before the command's name.
ocinoco -n build dist --from scratch --tag app:1 >first
ocinoco build dist --from scratch --tag app:1 --dry-run | cmp - first
expect 64 ocinoco -q --verbose build dist --from scratch --tag app:1
assert_failed 64 ocinoco ocinoco -n
assert_failed 64 ocinoco ocinoco -n --push build dist --from scratch --tag app:1

# A value may look like an option; a reference may not.
for option in --from --tag; do
	assert_failed 64 ocinoco ../fake/ocinoco build dist --from scratch --tag app:1 "$option" --dry-run
	assert_failed 64 ocinoco ../fake/ocinoco build dist --from scratch --tag app:1 "$option="
done
assert_failed 64 ocinoco ../fake/ocinoco copy -- --dry-run a
assert_failed 64 ocinoco ../fake/ocinoco copy -- a --dry-run
assert_equal '' "$(find .. -name 'injected*')" 'something was expanded'
