# What a container of a bundle may do, and who may enter the bundle's directory.

# shellcheck source=../lib.sh
. "$TEST_LIB"

mkdir -p root/bin root/etc root/data
cp "$(command -v busybox)" root/bin/busybox
for link in sh ls cat id grep mount unshare date; do ln -s busybox root/bin/$link; done
printf 'root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n1000:x:0:0::/:/bin/sh\n' >root/etc/passwd
printf 'root:x:0:\napp:x:1000:\nextra:x:2000:app\n' >root/etc/group
echo content >root/data/file
chown -R 1000:1000 root/data
chmod 750 root/data
oci-tar root --keep-owner | oci-zstd | oci-push-blob oci:layout >layer.json

# run USER SCRIPT: what the container prints.
run() {
	oci-fetch scratch --platform "linux/$(dpkg --print-architecture)" | oci-manifest-append layer.json |
		oci-config --user "$1" --volume /data --cmd "$(jq -nc --arg script "$2" '["/bin/sh", "-c", $script]')" |
		oci-push-manifest oci:layout:image >/dev/null
	rm -rf bundle
	ocinoco unpack oci:layout:image bundle
	(cd bundle && runc --root "$PWD/../state" run test 2>&1)
}

umask 022
assert_equal '1000 content' "$(run app 'id -u; cat /data/file' | xargs)"
assert_equal 700 "$(stat -c %a bundle)"
assert_equal 'Groups: 1000 2000' "$(run app 'grep Groups /proc/self/status' | tr -s '\t ' ' ' | sed 's/ $//')"
assert_equal '1000' "$(run 1000 'id -u')"
assert_equal '1000:1000:750' "$(run app 'ls -lnd /data' | awk '{ print $3 ":" $4 ":" ($1 ~ /^drwxr-x---/ ? 750 : $1) }')"
assert_equal 'wrote' "$(run app 'echo x >/data/new && echo wrote')"

# The seccomp filter is there, and lets programs run.
assert_equal 'Seccomp: 2' "$(run app 'grep Seccomp: /proc/self/status' | tr -s '\t ' ' ')"
run 0 'mount -t tmpfs none /data; unshare -U true; date -s 2020-01-01; echo done' >log || :
assert_match 'done' log
assert_equal 3 "$(grep -ic 'permission denied\|not permitted' log)"
for user in 4294967295 4294967296 99999999999999999999; do
	oci-fetch oci:layout:image | oci-config --user $user >line
	assert_failed 65 oci-runtime-config oci-runtime-config --rootfs root <line
done

# A list of users or groups that is a FIFO is refused, and not waited for.
oci-fetch oci:layout:image | oci-config --user app >line
for file in etc/passwd etc/group; do
	rm -rf bad
	cp -R root bad
	rm bad/$file
	mkfifo bad/$file
	assert_failed 65 oci-runtime-config timeout -k 1 20 oci-runtime-config --rootfs bad <line
done

# A config that could not run is refused before layers are fetched and the directory is made; a user's name is looked up
# later.
# refused FILTER PATTERN: a config, changed by jq, is refused.
refused() {
	rm -rf bundle
	oci-fetch oci:layout:image |
		jq -c "(.config.data | @base64d | fromjson | $1 | tojson) as \$c | .config.data = (\$c | @base64)" >edited
	jq -r '.config.data | @base64d' edited | tr -d '\n' >config
	jq -c --arg d "$(digest_of config)" --argjson s "$(wc -c <config)" \
		--arg c "$(base64 -w 0 config)" '.config.digest = $d | .config.size = $s | .config.data = $c' edited |
		oci-push-manifest --from oci:layout oci:layout:odd >/dev/null
	assert_failed 65 oci-runtime-config ocinoco unpack oci:layout:odd bundle
	assert_match "$2" err
	[ ! -e bundle ] || fail "'bundle' is there"
}
refused '.os = "windows"' 'not linux'
refused 'del(.os, .architecture)' 'without a platform'
refused '.config.Env = ["word"]' 'not NAME=VALUE'
refused '.config.User = "4294967295"' 'no user or group can have'
refused '.config.Volumes = {"v": {}}' 'not an absolute path'
oci-fetch oci:layout:image | oci-config --user nobody-knows | oci-push-manifest oci:layout:name >/dev/null
assert_failed 65 oci-runtime-config ocinoco unpack oci:layout:name bundle
assert_match 'no user of this name' err
rm -rf bundle
oci-fetch oci:layout:name >line
expect 0 oci-runtime-config --check <line
assert_empty out
