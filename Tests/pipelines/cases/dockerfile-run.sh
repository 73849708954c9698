# RUN with runc, with crun where it works, and with chroot, as root and as a user: mounts, secrets, signals, exit
# statuses, and what stays out of the layers.
# shellcheck disable=SC2016,SC2086 # for the Dockerfiles and scripts, and an option or none

# shellcheck source=../lib.sh
. "$TEST_LIB"

# The tools and one runtime, readable by every user.
work=$(mktemp -d /tmp/ocinoco-run.XXXXXX)
trap 'rm -rf "$work"; clean_up' EXIT
chmod 1777 "$work"
cd "$work"
make_rootfs rootfs
for applet in sleep stat touch rm kill nc mknod; do ln -sf busybox rootfs/bin/$applet; done
echo gone >rootfs/gone
touch -d 2001-02-03 rootfs/old
ocinoco build rootfs --from scratch --output oci:base:1 --env PATH=/bin --mtime keep --quiet >descriptor
cp -a rootfs bare
rm -rf bare/etc
ocinoco build bare --from scratch --output oci:base:bare --env PATH=/bin --quiet >descriptor
mkdir -p context/sub
echo a >context/sub/a
echo hushed >secret
cat >Dockerfile <<'END'
FROM oci:base:1 AS from
RUN echo from >/from
FROM oci:base:1
ARG A=arg
ENV E=env
WORKDIR /w
RUN echo "$A $E $(pwd) $(id -u)" >said && rm /gone && echo new >/tmp/new && ln /tmp/new /tmp/link
RUN --mount=type=bind,source=sub,target=/m --mount=type=bind,from=from,source=/from,target=/f \
	--mount=type=cache,target=/c --mount=type=tmpfs,target=/t --mount=type=secret,id=s \
	--mount=type=secret,id=s,env=SECRET \
	--mount=type=secret,id=absent --mount=type=bind,source=sub,target=/rw,rw \
	cat /m/a /f /run/secrets/s >/mounted && touch /c/x /t/x /rw/x && echo "[$SECRET]" >/mounted.env && \
	! touch /m/x 2>/dev/null
RUN --network=none cat /proc/net/route >/net
RUN <<EOF
echo one >/heredoc
EOF
RUN <<PROGRAM
#!/bin/sh
echo "$0" >/program
PROGRAM
END

# check COMMAND...: builds with COMMAND, which runs the script `build.sh`.
check() {
	rm -rf made
	oci-dockerfile --context context --output oci:made:1 --secret s=secret $isolation <Dockerfile >build.sh
	"$@" >descriptor 2>err || fail "$*: $(cat err)"
	oci-validate oci:made:1 >faults
	oci-fetch oci:made:1 | oci-list --no-cache --from oci:made --from oci:base >listed
	cut -d ' ' -f 1 listed >paths
	! grep -Eq '^\./(c|t|m|f|rw)(/|$)|^\./run/secrets/|^\./(dev|proc|sys)|^\./etc/(hosts|resolv)|^\./gone' paths ||
		fail "in a layer: $(cat paths)"
	contents=$(oci-fetch oci:made:1 | oci-flatten --from oci:made --from oci:base |
		tar -xOf - w/said tmp/new heredoc program mounted net 2>/dev/null || :)
	assert_equal 'arg env /w 0' "$(echo "$contents" | head -n 1)"
	assert_match '^/dev/pipes/PROGRAM$' - <<END
$contents
END
	! grep -q "$(cat secret)" build.sh || fail 'a secret in the script'
	assert_match '^\./old .*time=981' listed
}

# triggers COMMAND...: several RUNs of a base, all with one line.
triggers() {
	printf '%s\n' 'FROM oci:base:1' 'ONBUILD RUN --mount=type=bind,source=sub,target=/m cat /m/a >/one' \
		'ONBUILD RUN --mount=type=bind,source=.,target=/m cat /m/sub/a >/two' |
		oci-dockerfile --output oci:triggers:1 | sh >descriptor
	printf 'FROM oci:triggers:1\n' | oci-dockerfile --context context --output oci:made:1 $isolation >build.sh
	"$@" >descriptor 2>err || fail "triggers: $(cat err)"
	assert_equal 'a a' "$(oci-fetch oci:made:1 | oci-flatten --from oci:made --from oci:base --from oci:triggers |
		tar -xOf - one two | xargs)"
	rm -rf made
}

# secrets COMMAND...: a secret that can be read only once, for several RUNs, and one that is missing.
secrets() {
	printf '%s\n' 'FROM oci:base:1' 'RUN --mount=type=secret,id=s cat /run/secrets/s >/one' \
		'RUN --mount=type=secret,id=s cat /run/secrets/s >/two' >Dockerfile.secrets
	mkfifo -m 644 once
	oci-dockerfile --output oci:made:1 --secret s=once $isolation <Dockerfile.secrets >build.sh
	cat secret >once &
	"$@" >descriptor 2>err || fail "secrets: $(cat err)"
	assert_equal 'hushed hushed' "$(oci-fetch oci:made:1 | oci-flatten --from oci:made --from oci:base |
		tar -xOf - one two | xargs)"
	rm -rf made once
	oci-dockerfile --output oci:made:1 --secret s=missing $isolation <Dockerfile.secrets >build.sh
	result=0
	"$@" >descriptor 2>err || result=$?
	assert_equal 66 "$result"
	assert_match missing err
}

# users COMMAND...: as root, a program's user, groups, home, directory and host name are those of the image and of the
# container, and a cache begins with the files that it names.
mkdir -p context/users
printf '%s\n' 'root:x:0:0::/rt:/bin/sh' 'app:x:1000:2000::/home/app:/bin/sh' 'bad:x:y:1::/:' >context/users/passwd
printf '%s\n' 'app:x:2000:app' 'www:x:33:other,app' 'file:x:34:apple,ap' 'bad:x:z:app' >context/users/group
ocinoco build rootfs --from scratch --output oci:base:away --env PATH=/bin --workdir /not/there --quiet >descriptor
cat >Dockerfile.users <<'END'
FROM oci:base:1 AS seed
COPY sub /seed/
FROM oci:base:away
RUN pwd >/said; stat -c '%a %u' . >>/said
COPY users /etc/
WORKDIR /
RUN echo "$(id -u) $(id -g) $HOME" >>/said; mknod /made c 1 3; [ "$(ulimit -n)" -gt 1024 ]
RUN --mount=type=cache,from=seed,source=/seed,target=/c cat /c/* >>/said; echo b >/c/b
RUN --mount=type=cache,from=seed,source=/seed,target=/c cat /c/* >>/said; cat /etc/hosts >/hosts
USER app
RUN echo "$(id -u) $(id -G) $HOME" >/tmp/1
USER app:file
RUN echo "$(id -u) $(id -G) $HOME" >/tmp/2
USER 1000
RUN echo "$(id -u) $(id -G) $HOME" >/tmp/3
USER 77
RUN echo "$(id -u) $(id -G) $HOME" >/tmp/4
USER 77:5
ENV HOME=/own
RUN echo "$(id -u) $(id -G) $HOME" >/tmp/5
ENV HOME=
USER root
RUN echo "$(id -u) $(id -g) $HOME" >/tmp/6
END
users() {
	rm -rf made
	oci-dockerfile --file Dockerfile.users --context context --output oci:made:1 $isolation >build.sh
	(
		# shellcheck disable=SC3045 # dash and bash have it
		ulimit -n 2048
		"$@"
	) >descriptor 2>err || fail "users: $(cat err)"
	assert_match '^\./made type=char ' - <<END
$(oci-fetch oci:made:1 | oci-list --no-cache --from oci:made --from oci:base)
END
	assert_equal '/not/there 755 0 0 0 /rt a a b 1000 2000 33 /home/app 1000 34 /home/app 1000 2000 33 /home/app 77 0 / 77 5 /own 0 0 /rt' \
		"$(ocinoco export oci:made:1 | tar -xO said tmp/1 tmp/2 tmp/3 tmp/4 tmp/5 tmp/6 | xargs)"
	name=ocinoco
	[ -z "$isolation" ] || name=$(uname -n)
	assert_equal "127.0.0.1 localhost $name" "$(ocinoco export oci:made:1 | tar -xO hosts | head -n 1 | xargs)"
	for user in games:user app:games:group; do
		printf 'FROM oci:base:1\nUSER %s\nRUN true\n' "${user%:*}" | oci-dockerfile --output oci:made:1 $isolation >build.sh
		expect 65 "$@"
		assert_match "cannot find user '${user%:*}'.*: no ${user##*:} of this name in etc/" err
	done
	rm -rf made
}

# siblings COMMAND...: stages that are built on one stage see nothing of one another.
siblings() {
	printf '%s\n' 'FROM oci:base:1 AS a' 'RUN echo a >/a' 'FROM a AS b' 'RUN echo b >/b; rm /old' \
		'FROM a' 'RUN echo c /? /old >/list' 'COPY --from=b /? /from/' |
		oci-dockerfile --output oci:made:1 $isolation >build.sh
	"$@" >descriptor 2>err || fail "siblings: $(cat err)"
	assert_equal 'c /a /old b' "$(oci-fetch oci:made:1 | oci-flatten --from oci:made --from oci:base | tar -xOf - list from/b | xargs)"
	rm -rf made
}

# status LINE COMMAND...: the exit status of a script with this RUN.
status() {
	line=$1
	shift
	printf 'FROM oci:base:1\nRUN %s\n' "$line" | oci-dockerfile --output oci:made:1 $isolation >build.sh
	result=0
	"$@" >descriptor 2>err || result=$?
	assert_empty descriptor
}

statuses() {
	status 'echo told >&2; exit 7' "$@"
	assert_equal 7 "$result" "$*"
	assert_match '^2: told$' err
	assert_match '^RUN in line 2 failed with status 7$' err
	# The first program of a container cannot kill itself.
	status "sh -c 'kill -9 \$\$' || exit \$?" "$@"
	assert_equal 137 "$result" "$*"
	status 'no-such-program' "$@"
	assert_equal 127 "$result" "$*"
	# A failed run leaves nothing behind.
	assert_equal '' "$(find "$tmp" -mindepth 1 -maxdepth 1)"
}

# Signals end the program and the script, which leaves nothing behind.
signal() {
	printf 'FROM oci:base:1\nRUN echo begun; sleep 1000\n' | oci-dockerfile --output oci:made:1 $isolation >build.sh
	: >err
	(
		exec='exec'
		"$@"
	) >descriptor 2>err &
	script=$!
	until grep -q begun err; do
		kill -0 "$script" || fail "$*: $(cat err)"
		sleep 0.1
	done
	# One signal after the other, as a stage of a pipeline gets them.
	while kill -TERM "$script" 2>/dev/null; do sleep 0.02; done
	result=0
	wait "$script" || result=$?
	assert_equal 143 "$result" "$*"
	assert_equal '' "$(find "$tmp" -mindepth 1 -maxdepth 1)"
}

mkdir tmp
chmod 1777 tmp
tmp=$PWD/tmp
# with RUNTIME COMMAND...: with this runtime only; with `moved`, root may mount nothing. `as_user` is a possible
# command then.
exec=
with() {
	mkdir -p bin
	rm -f bin/*
	for tool in "$(dirname "$(command -v oci-tar)")"/*; do ln -s "$(readlink -f "$tool")" "bin/${tool##*/}"; done
	for name in setpriv sh env id cat sed head mkdir chmod mktemp rm mv ln rmdir touch mkfifo unshare mount mknod chroot chown readlink grep setsid uname; do
		ln -s "$(command -v $name)" bin/$name
	done
	case $1 in
	none) ;;
	moved)
		shift
		set -- moved setpriv --inh-caps=-sys_admin --bounding-set=-sys_admin "$@"
		;;
	*) ln -s "$(command -v "$1")" "bin/$1" ;;
	esac
	printf '#!/bin/sh\nexec setpriv --reuid 65534 --regid 65534 --clear-groups -- env "HOME=%s" "$@"\n' "$work" >bin/as_user
	chmod 755 bin/as_user
	shift
	TMPDIR=$tmp PATH=$PWD/bin $exec "$@"
}

# all COMMAND...: every check with the runtime that is there.
all() {
	check "$@"
	assert_equal 'a from hushed' "$(oci-fetch oci:made:1 | oci-flatten --from oci:made --from oci:base | tar -xOf - mounted | xargs)"
	assert_equal '[hushed ]' "$(oci-fetch oci:made:1 | oci-flatten --from oci:made --from oci:base | tar -xOf - mounted.env | xargs)"
	if grep -q '^RUN --network=none' Dockerfile; then
		# At most a headline: no routes.
		[ "$(oci-fetch oci:made:1 | oci-flatten --from oci:made --from oci:base | tar -xOf - net | wc -l)" -le 1 ] || fail 'routes'
	fi
	rm -rf made
	unchanged true "$@"
	unchanged '--mount=type=tmpfs,target=/q/r true' "$@"
	# What a program leaves behind ends with it.
	unchanged 'sleep 1000 & true' "$@"
	unchanged '--mount=type=tmpfs,target=/etc/q --mount=type=cache,target=/bin/q/r true' "$@"
	triggers "$@"
	secrets "$@"
	siblings "$@"
	statuses "$@"
	signal "$@"
}

# unchanged LINE COMMAND...: a RUN that changes nothing gives a layer without files, whatever the base has of /etc.
unchanged() {
	line=$1
	shift
	for base in 1 bare; do
		printf 'FROM oci:base:%s\nRUN %s\n' "$base" "$line" | oci-dockerfile --output oci:made:1 $isolation >build.sh
		"$@" >descriptor 2>err || fail "$line: $(cat err)"
		oci-fetch "oci:base:$base" >base.json
		oci-fetch oci:made:1 | oci-flatten --from oci:made --from oci:base --above base.json | tar -tf - >added
		assert_empty added
		rm -rf made
	done
}

users_allowed() { setpriv --reuid 65534 --regid 65534 --clear-groups -- unshare -Ur true 2>/dev/null; }

isolation=
if namespaces_allowed; then
	all with runc sh build.sh
	users with runc sh build.sh
	if users_allowed; then
		all with runc as_user sh build.sh
		rm -rf made
	else
		echo 'NOT RUN: a user may have no namespaces here'
	fi
	# The agent's socket, where there is an agent.
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("agent")'
	chmod 777 agent
	printf 'FROM oci:base:1\nRUN %s [ -S "$SSH_AUTH_SOCK" ]; echo "$? $SSH_AUTH_SOCK"\n' \
		'--mount=type=bind,source=sub,target=/m --mount=type=ssh' |
		oci-dockerfile --context context --output oci:made:1 >build.sh
	for who in '' as_user; do
		[ -z "$who" ] || users_allowed || continue
		SSH_AUTH_SOCK=$PWD/agent with runc $who sh build.sh >descriptor 2>err || fail "ssh: $(cat err)"
		assert_match '^2: 0 /run/buildkit/ssh_agent.0$' err
		# Without an agent the mount is left out, unless it is required.
		with runc env -u SSH_AUTH_SOCK $who sh build.sh >descriptor 2>err || fail "no agent: $(cat err)"
		assert_match '^2: 1 /run/buildkit/ssh_agent.0$' err
		rm -rf made
	done
	status '--mount=type=ssh,required true' env -u SSH_AUTH_SOCK sh build.sh
	assert_equal 69 "$result"
	assert_match 'no SSH_AUTH_SOCK' err
	printf 'FROM oci:base:1\nRUN --mount=type=ssh,id=other [ ! -e "$SSH_AUTH_SOCK" ]\n' |
		oci-dockerfile --output oci:made:1 >build.sh
	SSH_AUTH_SOCK=$PWD/agent sh build.sh >descriptor 2>err || fail "another agent: $(cat err)"
	rm -rf made
	printf 'FROM oci:base:1\nRUN --mount=type=ssh,id=other,required true\n' >required
	expect 65 oci-dockerfile --file required
	assert_match "required:2:1: RUN: there is no agent 'other'; that of SSH_AUTH_SOCK is 'default'" err
	printf 'FROM oci:base:1\nRUN --mount=type=ssh,uid=5 true\n' >required
	expect 65 oci-dockerfile --file required
	assert_match "required:2:5: .*'uid' and 'gid' of ssh are not supported" err
	printf 'FROM oci:base:1\nRUN --mount=type=secret,id=none,required=true true\n' >required
	expect 65 oci-dockerfile --file required
	assert_match "required:2:1: RUN: there is no secret 'none'; give it with --secret none=FILE" err
	expect 64 oci-dockerfile --secret none= --file - <required
	status true with none sh build.sh
	assert_equal 69 "$result"
	assert_match 'neither runc nor a crun' err
	if grep -q . /sys/fs/cgroup/unified/cgroup.controllers 2>/dev/null; then
		echo 'NOT RUN: crun refuses the control groups of this machine'
		status true with crun sh build.sh
		assert_equal 69 "$result"
	else
		all with crun sh build.sh
		all with crun as_user sh build.sh
		rm -rf made
	fi
fi

# With chroot, where mounts are allowed and where they are not.
if [ "$(id -u)" -eq 0 ]; then
	isolation=--isolation=chroot
	if namespaces_allowed; then
		all with none sh build.sh
		users with none sh build.sh
	fi
	status '--network=none true' with moved sh build.sh
	assert_equal 69 "$result"
	assert_match 'RUN --network=none needs a network of its own' err
	cp Dockerfile whole
	sed -i '/^RUN --network/d; /echo "\[/s/ && .$/\n/; /! touch/d' Dockerfile
	all with moved sh build.sh
	users with moved sh build.sh
	# A cache stays, and what is in its place comes back.
	mkdir -p stays
	cat >Dockerfile.cache <<'END'
FROM oci:base:1
RUN mkdir /c /lib && echo under >/c/under && ln -s ../c /lib/c
RUN --mount=type=cache,target=/lib/c [ ! -e /c/under ] && cat /c/count && echo more >>/c/count || echo first >/c/count
END
	for times in 1 2 3; do
		oci-dockerfile --file Dockerfile.cache --output oci:made:1 --cache stays $isolation >build.sh
		with moved sh build.sh >descriptor 2>err || fail "cache: $(cat err)"
		rm -rf made/blobs stays/steps
		assert_equal "$times" "$(cat stays/mounts/*/count | wc -l)"
	done
	rm -rf made
	oci-dockerfile --file Dockerfile.cache --output oci:made:1 $isolation >build.sh
	with moved sh build.sh >descriptor 2>err || fail "cache: $(cat err)"
	assert_equal under "$(oci-fetch oci:made:1 | oci-flatten --from oci:made --from oci:base | tar -xOf - c/under)"
	# A link of the image leads nowhere else.
	mkdir outside
	printf 'FROM oci:base:1\nRUN ln -s %s /out\nRUN --mount=type=tmpfs,target=/out/t touch /out/t/x\n' "$PWD/outside" |
		oci-dockerfile --output oci:made:1 $isolation >build.sh
	for mode in none moved; do
		[ $mode = moved ] || namespaces_allowed || continue
		with $mode sh build.sh >descriptor 2>err || fail "link: $(cat err)"
		assert_equal '' "$(ls outside)" "$mode"
	done
	rm -rf made
	mv whole Dockerfile

	# The group of a user is that of the image, and of no file of this machine, where a link leads.
	echo 'app:x:4242:4243::/:/bin/sh' >outside.passwd
	echo 'app:x:4242:4244::/:/bin/sh' >context/inside.passwd
	for link in inside.passwd:../inside.passwd:4244 outside.passwd:"$PWD/outside.passwd":0; do
		group=${link##*:} target=${link#*:} target=${target%:*}
		rm -rf linked made
		mkdir -p linked/etc
		ln -s "$target" linked/etc/passwd
		{
			echo 'FROM oci:base:1'
			echo 'COPY --from=oci:links:1 / /'
			echo 'COPY inside.passwd /'
			echo 'RUN mkdir /made && chmod 777 /made'
			echo 'USER 4242'
			echo 'RUN id -g >/made/group'
		} >Dockerfile.links
		oci-tar linked | oci-zstd | oci-push-blob oci:links >links.json
		oci-fetch scratch | oci-manifest-append links.json | oci-push-manifest oci:links:1 >pushed
		oci-dockerfile --context context --output oci:made:1 $isolation --file Dockerfile.links >build.sh
		expect 0 sh build.sh
		assert_equal "$group" "$(ocinoco export oci:made:1 | tar -xO made/group)" "$link"
	done
fi
