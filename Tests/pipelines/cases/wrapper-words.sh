# Every option and operand of every command of the wrapper reaches a tool as one argument, whatever it contains.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# Tools that only record their arguments.
mkdir fake cwd
cat >fake/note <<'END'
#!/bin/sh
[ $# -eq 0 ] || printf '%s\0' "$@" >>"$NOTES"
case ${0##*/} in
oci-fetch) case " $* " in *' --descriptor '*) cat >/dev/null ;; esac ;;
# No layer is known, so each is made.
oci-push-blob)
	cat >/dev/null
	case " $* " in *' --reuse '*) exit 1 ;; esac
	;;
oci-tar | oci-diff | oci-snapshot) ;;
oci-digest)
	for word; do [ ! -d "${word%/*}" ] || echo line >"$word"; done
	cat
	;;
*) cat >/dev/null ;;
esac
echo line
END
chmod +x fake/note
for tool in $(make -C "$ROOT" -s list-tools); do
	ln -s note "fake/$tool"
done
ln -sf "$(readlink -f "$(command -v ocinoco)")" fake/ocinoco

# The path of the directory of intermediate files is as hostile as the rest.
# shellcheck disable=SC2016 # nothing of it must ever be expanded
TMPDIR=$PWD/'tmp $(touch injected) "'\''*;
-n'
mkdir "$TMPDIR"
cd cwd || exit
NOTES=$PWD/../notes TMPDIR=$TMPDIR python3 "$ROOT/Tests/pipelines/wrapper_words.py" ../fake/ocinoco "$PWD/../notes" ||
	fail 'a word'
assert_equal '' "$(ls -A "$TMPDIR")" 'temporary files'
assert_equal '' "$(find .. -name 'injected*')" 'something was expanded'
