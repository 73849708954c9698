/// Shell functions of scripts with a RUN.
enum RunFunctions {
    static let common = #"""
        running='' container='' session=''
        clean_up() {
        	trap '' HUP INT TERM
        	if [ -n "$container" ]; then
        		"$runtime" --root "$work"/runtime delete --force "$container" 2>/dev/null || :
        	fi
        	if [ -n "$running" ]; then
        		kill -- "-$running" 2>/dev/null || kill "$running" 2>/dev/null || :
        		wait "$running" 2>/dev/null || :
        		end_session "$running"
        	fi
        	rm -rf "$work"
        }
        trap clean_up EXIT

        # end_session PROCESS: ends what a program without a container leaves behind.
        end_session() {
        	[ -z "$session" ] || kill -KILL "-$1" 2>/dev/null || :
        }

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

        # resolve ROOTFS PATH: sets `resolved` to the path as a program in ROOTFS sees it, without links.
        resolve() {
        	resolved='' rest=$2 links=0
        	while [ -n "$rest" ]; do
        		rest=${rest#/}
        		part=${rest%%/*}
        		case $rest in */*) rest=/${rest#*/} ;; *) rest='' ;; esac
        		if [ "$part" = .. ]; then
        			resolved=${resolved%/*}
        		elif [ -h "$1$resolved/$part" ]; then
        			links=$((links + 1))
        			[ "$links" -le 40 ] || {
        				echo "the links of '$2' lead in a circle" >&2
        				exit 65
        			}
        			target=$(readlink "$1$resolved/$part" && echo .)
        			target=${target%??}
        			case $target in /*) resolved='' ;; esac
        			rest=/$target$rest
        		elif [ -n "$part" ] && [ "$part" != . ]; then
        			resolved=$resolved/$part
        		fi
        	done
        }

        # begin_run BUNDLE PLACE:TARGET...: creates missing mount points before the snapshot is taken, and
        # sets `stubs` to their paths. The times of their directories stay.
        begin_run() {
        	bundle=$1 root=$1/rootfs stubs=''
        	shift
        	for mount in "$@" :/dev :/proc :/sys hosts:/etc/hosts resolv.conf:/etc/resolv.conf; do
        		resolve "$root" "${mount#*:}"
        		parent=$resolved made=''
        		while [ -n "$parent" ] && [ ! -e "$root$parent" ]; do
        			made="$made$parent
        "
        			parent=${parent%/*}
        		done
        		[ -n "$made" ] || continue
        		touch -r "$root$parent" "$work"/time
        		mkdir -p "$root${resolved%/*}"
        		place=$bundle/${mount%%:*}
        		if [ -d "$place" ]; then mkdir "$root$resolved"; else : >"$root$resolved"; fi
        		touch -r "$work"/time "$root$parent"
        		stubs=$made$stubs
        	done
        }

        # remove_places ROOTFS STUBS: removes the mount points that begin_run created, if they are empty, so
        # that they are in no layer. The times of their directories stay.
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

        # label_lines LABEL: puts the label before each line, without delay. Not every sed has -u.
        label_lines() {
        	if sed -u -n '' </dev/null 2>/dev/null; then exec sed -u "s/^/$1: /"; fi
        	while IFS= read -r line || [ -n "$line" ]; do printf '%s: %s\n' "$1" "$line"; done
        }

        # run_step LABEL COMMAND...: runs the command with its output on stderr, each line behind the label
        # unless stderr is a terminal. A failure ends the script with the status of the command.
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
        	end_session "$running"
        	running='' container=''
        	[ -z "$logger" ] || wait "$logger" || :
        	if [ "$status" -ne 0 ]; then
        		echo "RUN in line $label failed with status $status" >&2
        		exit "$status"
        	fi
        }

        # as_directory DIR: creates the directory that a pipe unpacks to, with mode 0755.
        as_directory() {
        	mkdir -p "$1"
        	chmod 755 "$1"
        }

        # host_files DIR: writes `hosts` and `resolv.conf`, the program's files in /etc.
        host_files() {
        	cat /etc/resolv.conf >"$1/resolv.conf" 2>/dev/null || : >"$1/resolv.conf"
        	printf '127.0.0.1\tlocalhost %s\n::1\tlocalhost ip6-localhost ip6-loopback\n' "$host_name" >"$1/hosts"
        }
        """#

    static let container = #"""
        host_name=ocinoco
        runtimes='runc crun'
        [ "$(id -u)" -eq 0 ] || runtimes='crun runc'
        # crun does not run where control groups of both versions have controllers.
        controllers='' unified=/sys/fs/cgroup/unified/cgroup.controllers
        [ ! -r "$unified" ] || read -r controllers <"$unified" || :
        [ -z "$controllers" ] || runtimes=runc
        runtime=
        for name in $runtimes; do
        	[ -n "$runtime" ] || runtime=$(command -v "$name") || runtime=
        done
        [ -n "$runtime" ] || {
        	echo 'neither runc nor a crun that works is installed, and RUN needs one' >&2
        	exit 69
        }
        # crun can run without control groups, where none can be created.
        case $runtime in */crun) cgroups=--cgroup-manager=disabled ;; *) cgroups= ;; esac

        # run_container BUNDLE
        run_container() {
        	exec "$runtime" --root "$work"/runtime ${cgroups:+"$cgroups"} run --bundle "$1" "$container"
        }
        """#

    static let secret = #"""
        # NUMBER FILE: the content of a secret. FILE may be a pipe, so it is read once.
        secret() {
        	[ -e "$work/secret.$1" ] || (umask 077 && cat -- "$2" >"$work/secret.$1") || exit 66
        	cat "$work/secret.$1"
        }
        """#
}
