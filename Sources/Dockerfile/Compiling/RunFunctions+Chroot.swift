extension RunFunctions {
    /// Functions that run a program by chroot.
    static let chroot = #"""
        host_name=$(uname -n)
        chroot=$(command -v chroot) || {
        	echo 'RUN by chroot needs chroot, which is not installed' >&2
        	exit 69
        }
        runtime=
        session=$(command -v setsid) || session=''
        [ "$(id -u)" -eq 0 ] || {
        	echo 'RUN by chroot needs root; --isolation oci does not' >&2
        	exit 77
        }

        # needs_userspec: ends the script when chroot cannot change the user, as in busybox.
        needs_userspec() {
        	if "$chroot" --help 2>&1 | grep -q userspec; then return; fi
        	echo "'$chroot' has no --userspec, which a RUN behind USER needs" >&2
        	exit 69
        }

        # is_number TEXT: whether it can be the number of a user or a group.
        is_number() {
        	case $1 in '' | *[!0-9]* | ???????????*) return 1 ;; esac
        }

        # user_file ROOTFS PATH: sets `file` to a file of ROOTFS, or to an empty one.
        user_file() {
        	resolve "$1" "$2"
        	file=$1$resolved
        	[ -f "$file" ] || file=/dev/null
        }

        # unknown USER KIND FILE: ends the script because no line of the file has the name.
        unknown() {
        	echo "cannot find user '$1': no $2 of this name in $3" >&2
        	exit 65
        }

        # find_user ROOTFS [USER][:GROUP]: sets `ids`, `groups` and `home` by the files in ROOTFS. A number
        # is not looked up as a name, and no line need have it.
        find_user() {
        	user=${2%%:*} group='' name='' uid='' gid=0 groups='' home=/
        	case $2 in *:*) group=${2#*:} ;; esac
        	user=${user:-0}
        	if is_number "$user"; then uid=$user; fi
        	user_file "$1" /etc/passwd
        	while IFS=: read -r entry _ number primary _ directory _ || [ -n "$entry" ]; do
        		if ! is_number "$number" || ! is_number "$primary"; then continue; fi
        		if [ -n "$uid" ]; then [ "$number" -eq "$uid" ] || continue; else [ "$entry" = "$user" ] || continue; fi
        		name=$entry uid=$number gid=$primary home=${directory:-/}
        		break
        	done <"$file"
        	[ -n "$uid" ] || unknown "$2" user etc/passwd
        	if is_number "$group"; then
        		gid=$group
        	elif [ -n "$group" ] || [ -n "$name" ]; then
        		user_file "$1" /etc/group
        		found=''
        		while IFS=: read -r entry _ number members || [ -n "$entry" ]; do
        			is_number "$number" || continue
        			if [ -n "$group" ]; then
        				[ "$entry" = "$group" ] || continue
        				found=yes gid=$number
        				break
        			fi
        			case ,$gid$groups, in *,"$number",*) continue ;; esac
        			case ,$members, in *,"$name",*) groups=$groups,$number ;; esac
        		done <"$file"
        		[ -z "$group" ] || [ -n "$found" ] || unknown "$2" group etc/group
        	fi
        	ids=$uid:$gid groups=$gid$groups
        }

        # make_directory ROOTFS PATH: the directory that a program starts in is made when it is not there.
        make_directory() {
        	resolve "$1" "$2"
        	mkdir -p "$1$resolved"
        }

        # mount_at BUNDLE STEP KIND PLACE TARGET: records for in_chroot that PLACE, a path in the bundle, is
        # mounted at TARGET. PLACE of a tmpfs is its size.
        mount_at() {
        	resolve "$1"/rootfs "$5"
        	printf '%s:%s:%s\n' "$3" "$4" "$resolved" >>"$1/mounts.$2"
        }

        # in_chroot BUNDLE STEP NETWORK COMMAND...: runs the command with the files of host_files and those
        # that mount_at recorded. Where mounts are allowed they are mounted, with devices and /proc.
        # Elsewhere they are moved to their targets and back.
        in_chroot() {
        	bundle=$1 mounts=$1/mounts.$2 network=''
        	[ "$3" = host ] || network=--net
        	mount_at "$1" "$2" rw hosts /etc/hosts
        	mount_at "$1" "$2" rw resolv.conf /etc/resolv.conf
        	shift 3
        	# shellcheck disable=SC2016
        	if unshare --mount --propagation private sh -c 'mount -t tmpfs tmpfs "$1"' sh "$bundle" 2>/dev/null; then
        		exec ${session:+"$session"} unshare --mount --propagation private ${network:+"$network"} \
        			sh -euc "$in_namespace" sh "$bundle" "$mounts" "$@"
        	fi
        	if [ -n "$network" ]; then
        		echo 'RUN --network=none needs a network of its own, which is not allowed here' >&2
        		exit 69
        	fi
        	with_moved_files "$@"
        }

        # Code for sh in a mount namespace: BUNDLE MOUNTS COMMAND...
        # shellcheck disable=SC2016
        in_namespace='
        	bundle=$1 mounts=$2 root=$1/rootfs
        	shift 2
        	ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || :
        	for place in dev proc sys; do
        		[ -h "$root/$place" ] || mkdir -p "$root/$place"
        	done
        	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
        	for device in null zero full random urandom tty; do
        		[ -c "/dev/$device" ] || continue
        		: >"$root/dev/$device"
        		mount -o bind "/dev/$device" "$root/dev/$device"
        	done
        	for link in fd:/proc/self/fd stdin:fd/0 stdout:fd/1 stderr:fd/2 ptmx:pts/ptmx; do
        		ln -s "${link#*:}" "$root/dev/${link%%:*}"
        	done
        	mkdir -m 1777 "$root/dev/shm"
        	mkdir "$root/dev/pts"
        	[ ! -d /dev/pts ] || mount -o rbind /dev/pts "$root/dev/pts"
        	mount -t proc proc "$root/proc" 2>/dev/null || mount -o rbind /proc "$root/proc"
        	mount -o rbind /sys "$root/sys"
        	while IFS= read -r line; do
        		kind=${line%%:*} line=${line#*:}
        		place=${line%%:*} at=$root${line#*:}
        		if [ "$kind" = tmpfs ]; then
        			mkdir -p "$at"
        			mount -t tmpfs -o "nosuid,nodev${place:+,size=$place}" tmpfs "$at"
        			continue
        		fi
        		if [ -d "$bundle/$place" ]; then
        			mkdir -p "$at"
        		else
        			mkdir -p "${at%/*}"
        			[ -e "$at" ] || : >"$at"
        		fi
        		mount -o bind "$bundle/$place" "$at"
        		[ "$kind" != ro ] || mount -o remount,bind,ro "$at"
        	done <"$mounts"
        	exec "$@"
        '

        # with_moved_files COMMAND...: moves the files that mount_at recorded to their targets, runs the
        # command, and moves them back. What is at a target is moved aside meanwhile.
        with_moved_files() {
        	root=$bundle/rootfs child='' moved='' devices='' number=0 result=0
        	if grep -q '^agent:' "$mounts"; then
        		echo 'RUN --mount=type=ssh needs mounts, which are not allowed here' >&2
        		exit 69
        	fi
        	trap '[ -z "$child" ] || kill -- "-$child" 2>/dev/null || kill "$child" 2>/dev/null' HUP INT TERM
        	mkdir -p "$root/dev"
        	touch -r "$root/dev" "$bundle/time.dev"
        	for device in 'null c 1 3' 'zero c 1 5' 'full c 1 7' 'random c 1 8' 'urandom c 1 9' 'tty c 5 0'; do
        		# shellcheck disable=SC2086
        		set_device "$root/dev" $device
        	done
        	while IFS= read -r line; do move_in "$line"; done <"$mounts"
        	${session:+"$session"} "$@" &
        	child=$!
        	wait "$child" || result=$?
        	while kill -0 "$child" 2>/dev/null; do
        		result=0
        		wait "$child" || result=$?
        	done
        	trap '' HUP INT TERM
        	end_session "$child"
        	while IFS= read -r line; do
        		[ -z "$line" ] || move_out "$line"
        	done <<END
        $moved
        END
        	for device in $devices; do rm -f "$root/dev/$device"; done
        	touch -r "$bundle/time.dev" "$root/dev"
        	exit "$result"
        }

        # set_device DIR NAME KIND MAJOR MINOR
        set_device() {
        	[ -e "$1/$2" ] || ! mknod -m 666 "$1/$2" "$3" "$4" "$5" 2>/dev/null || devices="$devices $2"
        }

        # move_in KIND:PLACE:TARGET
        move_in() {
        	kind=${1%%:*} line=${1#*:}
        	place=${line%%:*} at=$root${line#*:}
        	mkdir -p "${at%/*}"
        	touch -r "${at%/*}" "$bundle/time"
        	number=$((number + 1))
        	[ ! -e "$at" ] || mv "$at" "$bundle/aside.$number"
        	case $kind in
        	tmpfs) mkdir "$at" ;;
        	cache)
        		place=$(readlink "$bundle/$place")
        		# Another build may be using the directory; it moves it back.
        		if [ -d "$place" ]; then mv "$place" "$at"; else mkdir "$at"; fi
        		;;
        	*) mv "$bundle/$place" "$at" ;;
        	esac
        	touch -r "$bundle/time" "${at%/*}"
        	moved="$number:$1
        $moved"
        }

        # move_out NUMBER:KIND:PLACE:TARGET: undoes move_in, unless the program removed the directory.
        move_out() {
        	number=${1%%:*} line=${1#*:}
        	kind=${line%%:*} line=${line#*:}
        	place=${line%%:*} target=${line#*:}
        	at=$root$target
        	if [ ! -d "${at%/*}" ] || has_link "$root" "$target"; then return; fi
        	touch -r "${at%/*}" "$bundle/time"
        	case $kind in
        	cache)
        		place=$(readlink "$bundle/$place")
        		[ -e "$place" ] || [ ! -d "$at" ] || mv "$at" "$place"
        		;;
        	esac
        	rm -rf "$at"
        	[ ! -e "$bundle/aside.$number" ] || mv "$bundle/aside.$number" "$at"
        	touch -r "$bundle/time" "${at%/*}"
        }
        """#

    /// Code that makes a secret a variable inside the chroot.
    static let secretVariable = #"""
        # Code for sh: NAME FILE COMMAND... exports the content of the file as NAME and runs the command.
        # shellcheck disable=SC2016
        with_secret='
        	value= line= end="
        "
        	while IFS= read -r line; do value=$value$line$end; done <"$2"
        	[ -z "$line" ] || value=$value$line
        	export "$1=$value"
        	shift 2
        	exec "$@"
        '
        """#
}
