# Dockerfiles with shell code in every place; the scripts are run by dash, bash and busybox's shell.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# shellcheck disable=SC2086,SC2046 # numbers
python3 "$ROOT/Tests/pipelines/hostile_dockerfile.py" ${SEEDS:-$(seq 1 20)} || fail 'a text is code, or another text'
