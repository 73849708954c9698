# ocinoco unpack and umoci unpack make the same tree of an image, whichever tool made it.

# shellcheck source=../lib.sh
. "$TEST_LIB"

# Every kind of file, in three layers made by umoci: created, then removed, replaced and changed.
make_kinds() {
	mkdir -p etc var/lib/state usr/bin 'a dir' gone/deeper
	echo 'app:x:1000:1000::/:/bin/sh' >etc/passwd
	echo 'tty:x:5:root,app' >etc/group
	cp "$(command -v busybox)" usr/bin/busybox
	ln usr/bin/busybox usr/bin/sh
	ln -s usr/bin bin
	mknod null c 1 3
	mknod block b 7 200
	mkfifo fifo
	chmod 666 null
	setfattr -n user.note -v value etc
	setfattr -n security.capability -v 0x0100000200000000000000000000000000000000 usr/bin/sh
	mkdir -m 1777 tmp
	mkdir -m 500 read-only
	echo text >read-only/file
	echo file >gone/deeper/file
	ln -s nowhere dangling
	chown 5:7 var/lib/state
	chown 8:9 etc/group
	chown -h 3:4 dangling
	chmod 4755 usr/bin/busybox
	touch -d '2001-02-03 04:05:06.789 UTC' etc/group
	printf 'not UTF-8' >"$(printf 'caf\351')"
	printf 'long' >"a dir/$(head -c 200 /dev/zero | tr '\0' n)"
}

change_kinds() {
	rm -r gone fifo var/lib/state dangling
	echo 'not a fifo' >fifo
	echo 'not a directory' >var/lib/state
	mkdir dangling
	echo more >read-only/more
	setfattr -x user.note etc
	chmod 711 tmp
}

umoci init --layout image
umoci new --image image:a
umoci unpack --image image:a work 2>umoci.log
(cd work/rootfs && make_kinds)
umoci repack --refresh-bundle --image image:a work 2>umoci.log
(cd work/rootfs && change_kinds)
umoci repack --refresh-bundle --image image:a work 2>umoci.log
rm -r work/rootfs/dangling work/rootfs/fifo
ln -s etc work/rootfs/fifo
umoci repack --image image:a work 2>umoci.log
# shellcheck disable=SC2016 # for the program
umoci config --image image:a --config.cmd /bin/sh --config.cmd -c \
	--config.cmd 'id; pwd; cat /data/file; touch /data/new && ls /data; echo "$GREETING"' \
	--config.user app --config.volume /data --config.workingdir /tmp --config.env 'GREETING=good day' \
	--config.label key=value --config.exposedports 80/tcp --config.stopsignal SIGINT

umoci unpack --image image:a judge 2>umoci.log
expect 0 ocinoco unpack oci:image:a bundle
assert_empty err
assert_empty out
tree_listing judge/rootfs >expected
tree_listing bundle/rootfs | diff expected -
[ "$(wc -l <expected)" -ge 20 ] || fail 'the tree is too small to say anything'
assert_equal '[ 3 ]' "[ $(field '.layers | length' bundle/image.json) ]"

# Twice, in another time zone, with another umask: the same tree.
(umask 077 && TZ=Asia/Tokyo ocinoco unpack oci:image:a again)
tree_listing again/rootfs | diff expected -

# Applying a layer twice changes nothing.
oci-layers <bundle/image.json >layers
while IFS= read -r layer; do
	printf '%s\n' "$layer" >layer.json
	oci-fetch --blob oci:image:a <layer.json >blob
	oci-untar --descriptor layer.json again/rootfs <blob
done <layers
tree_listing again/rootfs | diff expected -
oci-untar --descriptor layer.json again/rootfs <blob
tree_listing again/rootfs | diff expected -

# The script of -n does the same.
ocinoco unpack oci:image:a scripted -n >script
sh script
tree_listing scripted/rootfs | diff expected -
cmp scripted/config.json bundle/config.json

# Without root's privileges: owners in the attribute, devices as files.
umoci unpack --rootless --image image:a judge-rootless 2>umoci.log
expect 0 ocinoco unpack --rootless oci:image:a bundle-rootless
assert_match 'devices become empty files' err
tree_listing judge-rootless/rootfs >expected-rootless
tree_listing bundle-rootless/rootfs | diff expected-rootless -

# As another user: the same, except that the user owns the files.
mkdir user
chown 1234:1234 user
cp -r image layers user
chown -R 1234:1234 user
as_user() {
	setpriv --reuid 1234 --regid 1234 --clear-groups env HOME="$PWD/user" TMPDIR="$PWD/user" "$@"
}
chmod 755 . .. ../..
expect 0 as_user ocinoco unpack --rootless oci:user/image:a user/bundle
assert_match "attribute 'security.capability' is left out" err
tree_listing user/bundle/rootfs without-owners >unprivileged
tree_listing bundle-rootless/rootfs without-owners |
	sed "s/('security.capability', '[0-9a-f]*')//" | diff - unprivileged
assert_equal 1234:1234 "$(stat -c %u:%g user/bundle/rootfs/var/lib/state)"

# Files that such a user changes keep their recorded owner, and new files belong to root; the same for root, who must
# say that the tree is such a one.
as_user cp -a user/bundle user/changed
as_user sh -c 'echo changed >user/changed/rootfs/etc/group; echo new >user/changed/rootfs/new'
as_user ocinoco repack user/changed --output oci:user/repacked:one >repacked.json
ocinoco repack user/changed --rootless --output oci:user/repacked:one | cmp - repacked.json
oci-fetch oci:user/repacked:one | oci-layers | tail -n 1 | oci-fetch --blob oci:user/repacked |
	zstd -dcq >top.tar
tar --numeric-owner -tvf top.tar >listing.txt
assert_match '^-[rwx-]* 8/9 .* etc/group$' listing.txt
assert_match '^-[rwx-]* 0/0 .* new$' listing.txt
! grep -aq rootlesscontainers top.tar || fail 'the record is in the layer'
while IFS= read -r layer; do
	printf '%s\n' "$layer" >layer.json
	as_user oci-fetch --blob oci:user/image:a <layer.json >blob
	expect 0 as_user oci-untar --rootless --descriptor layer.json user/bundle/rootfs <blob
done <layers
tree_listing user/bundle/rootfs without-owners | diff unprivileged -
mkdir user/plain
chown 1234 user/plain
oci-fetch --blob oci:image:a <layer.json >blob
head -n 1 layers >first.json
oci-fetch --blob oci:image:a <first.json >first
assert_failed 73 oci-untar as_user oci-untar -q user/plain <first
assert_match "cannot make the device '(null|block)': Operation not permitted" err
tar -cf owned.tar --owner 5 --group 7 script
expect 0 as_user oci-untar user/plain <owned.tar
assert_message oci-untar
assert_match 'warning: not the superuser' err

# umoci unpacks what we pack with gzip to the same tree as we do; zstd and a plain tar make no difference.
(cd bundle/rootfs && rm null block)
for compress in gzip zstd none; do
	ocinoco build bundle/rootfs --from scratch --tag x:1 --output "oci:packed:$compress" \
		--keep-owner --mtime keep --xattrs --compress "$compress" --cmd '["/bin/sh"]' >pushed
	ocinoco unpack "oci:packed:$compress" "bundle-$compress"
	tree_listing "bundle-$compress/rootfs" >"listing-$compress"
	diff listing-gzip "listing-$compress"
done
umoci unpack --image packed:gzip judge-packed 2>umoci.log
# oci-tar writes no entry for the root; with umoci its time is that of unpacking.
tree_listing_below judge-packed/rootfs >expected
grep -v "^b'\.' " listing-gzip | diff expected -

# config.json with a runtime, and its contents.
config=bundle/config.json
assert_equal 1 "$(wc -l <"$config")"
assert_equal '{"uid":1000,"gid":1000,"additionalGids":[1000,5]}' "$(jq -c .process.user "$config")"
assert_equal /tmp "$(field .process.cwd "$config")"
assert_equal tmpfs "$(field '.mounts[] | select(.destination == "/data").type' "$config")"
assert_equal 80/tcp "$(field '.annotations["org.opencontainers.image.exposedPorts"]' "$config")"
assert_equal SIGINT "$(field '.annotations["org.opencontainers.image.stopSignal"]' "$config")"
assert_equal value "$(field .annotations.key "$config")"
mkdir bundle/rootfs/data
chmod 777 bundle/rootfs/data
echo 'of the image' >bundle/rootfs/data/file
printf '%s\n' 'uid=1000(app) gid=1000 groups=5(tty),1000' /tmp 'of the image' file new 'good day' >expected
chmod 755 bundle/rootfs/tmp
if namespaces_allowed; then
	runc --root "$PWD/runc" run --bundle bundle "unpack-$$" >printed
	diff expected printed
	[ ! -e bundle/rootfs/data/new ] || fail 'the volume is the root file system'
	chown -R 1234:1234 user/bundle
	sed -i 's/"args":\[[^]]*\]/"args":["\/bin\/sh","-c","echo here; ls -ld \/etc"]/' user/bundle/config.json
	if as_user runc --root "$PWD/user/runc" run --bundle user/bundle "rootless-$$" >printed 2>rootless.log; then
		assert_equal here "$(head -n 1 printed)"
	else
		echo "NOT RUN: no rootless container on this machine: $(tail -n 1 rootless.log)" >&2
	fi
	# crun 1.8 supports either version of cgroups, but not both mounted at once.
	if crun --root "$PWD/crun" run --bundle bundle "crun-$$" >printed 2>crun.log; then
		diff expected printed
	elif unshare -m sh -c 'umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup &&
		exec "$@"' sh crun --cgroup-manager=disabled --root "$PWD/crun" run --bundle bundle \
		"crun-$$" >printed 2>crun.log; then
		diff expected printed
	else
		echo "NOT RUN: no container of crun on this machine: $(tail -n 1 crun.log)" >&2
	fi
else
	assert_equal '/' "$(chroot bundle/rootfs /bin/sh -c pwd)"
fi
