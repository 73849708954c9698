/// Shell functions of scripts with a RUN.
///
/// A runtime creates missing mount points. `remove_places` removes those that did not exist before
/// and are empty, so that they are in no layer.
enum RunFunctions {
    static let common = #"""
        running='' container=''
        clean_up() {
        	trap '' HUP INT TERM
        	if [ -n "$container" ]; then
        		"$runtime" --root "$work"/runtime delete --force "$container" 2>/dev/null || :
        	fi
        	if [ -n "$running" ]; then
        		kill "$running" 2>/dev/null || :
        		wait "$running" 2>/dev/null || :
        	fi
        	rm -rf "$work"
        }
        trap clean_up EXIT

        # has_link ROOTFS PATH: whether a component of the path is a link, which may lead anywhere.
        has_link() {
        	part=$1 rest=$2
        	while [ -n "$rest" ]; do
        		rest=${rest#/}
        		part=$part/${rest%%/*}
        		case $rest in */*) rest=/${rest#*/} ;; *) rest= ;; esac
        		[ ! -h "$part" ] || return 0
        	done
        	return 1
        }

        # begin_run ROOTFS PATH...: notes what is not there of what is mounted on. What every program has
        # is made before the files are compared, and leaves no trace in the time of its directory.
        begin_run() {
        	root=$1 missing='' stubs=''
        	shift
        	for place in "$@"; do
        		place=${place%/}
        		while [ -n "$place" ] && [ ! -e "$root$place" ]; do
        			missing="$missing$place
        "
        			place=${place%/*}
        		done
        	done
        	for place in /dev /proc /sys /etc /etc/hosts /etc/resolv.conf; do
        		if [ -e "$root$place" ] || has_link "$root" "$place"; then continue; fi
        		case $place in
        		/etc/*)
        			touch -r "$root"/etc "$work"/time
        			: >"$root$place"
        			touch -r "$work"/time "$root"/etc
        			;;
        		*)
        			mkdir "$root$place"
        			touch -t 197001020000 "$root$place"
        			;;
        		esac
        		stubs="$place
        $stubs"
        	done
        }

        # remove_places ROOTFS PLACES: removes what was made to mount on, and is empty. The time of
        # its directory stays.
        remove_places() {
        	while IFS= read -r place; do
        		if [ -z "$place" ] || [ ! -e "$1$place" ] || has_link "$1" "$place"; then continue; fi
        		touch -r "$1${place%/*}" "$work"/time
        		if [ -d "$1$place" ]; then
        			rmdir "$1$place" 2>/dev/null || :
        		elif [ -f "$1$place" ] && [ ! -s "$1$place" ]; then
        			rm -f "$1$place"
        		fi
        		touch -r "$work"/time "$1${place%/*}"
        	done <<END
        $2
        END
        }

        # label_lines LABEL: passes lines on as they come, with the label before each. Not every sed has -u.
        label_lines() {
        	if sed -u -n '' </dev/null 2>/dev/null; then exec sed -u "s/^/$1: /"; fi
        	while IFS= read -r line || [ -n "$line" ]; do printf '%s: %s\n' "$1" "$line"; done
        }

        # run_step LABEL COMMAND...: shows what the command says on stderr, behind the label where
        # that is no terminal, and ends the script with its status when it fails.
        run_step() {
        	label=$1 logger='' status=0
        	shift
        	if [ -t 2 ]; then
        		"$@" </dev/null >&2 &
        		running=$!
        	else
        		[ -p "$work"/log ] || mkfifo "$work"/log
        		label_lines "$label" <"$work"/log >&2 &
        		logger=$!
        		"$@" </dev/null >"$work"/log 2>&1 &
        		running=$!
        	fi
        	wait "$running" || status=$?
        	running='' container=''
        	[ -z "$logger" ] || wait "$logger" || :
        	if [ "$status" -ne 0 ]; then
        		echo "RUN in line $label failed with status $status" >&2
        		exit "$status"
        	fi
        }

        # as_directory DIR: a directory for what a pipe unpacks there, 0755.
        as_directory() {
        	mkdir -p "$1"
        	chmod 755 "$1"
        }

        # host_files DIR: what tells programs of the network.
        host_files() {
        	cat /etc/resolv.conf >"$1/resolv.conf" 2>/dev/null || : >"$1/resolv.conf"
        	printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n' >"$1/hosts"
        }
        """#

    static let container = #"""
        runtimes='runc crun'
        [ "$(id -u)" -eq 0 ] || runtimes='crun runc'
        # crun refuses machines where control groups of both versions have controllers.
        controllers='' unified=/sys/fs/cgroup/unified/cgroup.controllers
        [ ! -r "$unified" ] || read -r controllers <"$unified" || :
        [ -z "$controllers" ] || runtimes=runc
        runtime=
        for name in $runtimes; do
        	[ -n "$runtime" ] || runtime=$(command -v "$name") || runtime=
        done
        [ -n "$runtime" ] || {
        	echo 'neither runc nor a crun that works is here, which run programs' >&2
        	exit 69
        }
        # crun runs without control groups too, where none can be made.
        case $runtime in */crun) cgroups=--cgroup-manager=disabled ;; *) cgroups= ;; esac

        # run_container BUNDLE
        run_container() {
        	exec "$runtime" --root "$work"/runtime ${cgroups:+"$cgroups"} run --bundle "$1" "$container"
        }
        """#

    static let chroot = #"""
        chroot=$(command -v chroot) || {
        	echo 'no chroot here, which runs programs' >&2
        	exit 69
        }
        runtime=
        [ "$(id -u)" -eq 0 ] || {
        	echo 'RUN by chroot needs root; --isolation oci does not' >&2
        	exit 77
        }

        # needs_userspec: ends the script where chroot cannot change the user, as that of busybox.
        needs_userspec() {
        	if "$chroot" --help 2>&1 | grep -q userspec; then return; fi
        	echo "'$chroot' has no --userspec, which a RUN behind USER needs" >&2
        	exit 69
        }

        # user_in ROOTFS NUMBER: the user with its group, 0 when no line of etc/passwd has it. A link out of
        # ROOTFS leads to a file of this machine, which says nothing about the image.
        user_in() {
        	passwd=$(readlink -f -- "$1/etc/passwd") || passwd=
        	case $passwd in
        	"$(readlink -f -- "$1")"/*) group=$(sed -n "s/^[^:]*:[^:]*:$2:\([0-9][0-9]*\):.*/\1/p" "$passwd" 2>/dev/null | head -n 1) ;;
        	*) group= ;;
        	esac
        	echo "$2:${group:-0}"
        }

        # in_chroot BUNDLE COMMAND...: with devices, processes and the network's files where mounts
        # are allowed, else with devices alone.
        in_chroot() {
        	if unshare --mount true 2>/dev/null; then
        		# shellcheck disable=SC2016
        		exec unshare --mount --propagation private sh -euc '
        			bundle=$1 root=$1/rootfs
        			shift
        			for place in dev proc sys etc; do mkdir -p "$root/$place"; done
        			mount --rbind /dev "$root/dev"
        			mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
        			mount --rbind /sys "$root/sys"
        			for place in hosts resolv.conf; do
        				[ -e "$root/etc/$place" ] || : >"$root/etc/$place"
        				mount --bind "$bundle/$place" "$root/etc/$place"
        			done
        			if [ -e "$bundle/mounts.sh" ]; then . "$bundle/mounts.sh"; fi
        			exec "$@"' sh "$@"
        	fi
        	if [ -e "$1/mounts.sh" ]; then
        		echo 'RUN --mount needs mounts, which are not allowed here' >&2
        		exit 69
        	fi
        	root=$1/rootfs time=$1/time made=''
        	shift
        	mkdir -p "$root/dev"
        	touch -r "$root/dev" "$time"
        	for device in 'null c 1 3' 'zero c 1 5' 'full c 1 7' 'random c 1 8' 'urandom c 1 9' 'tty c 5 0'; do
        		# shellcheck disable=SC2086
        		set_device "$root/dev" $device
        	done
        	result=0
        	"$@" || result=$?
        	for device in $made; do rm -f "$root/dev/$device"; done
        	touch -r "$time" "$root/dev"
        	exit "$result"
        }

        # set_device DIR NAME KIND MAJOR MINOR
        set_device() {
        	[ -e "$1/$2" ] || ! mknod -m 666 "$1/$2" "$3" "$4" "$5" 2>/dev/null || made="$made $2"
        }
        """#
}
