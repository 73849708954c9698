# shellcheck shell=sh
# The command line: messages, and the options and operands of a command.

# say TEXT: one line on stderr that does nothing to a terminal, as the tools write theirs.
say() {
	case $1 in
	*[!\ -~]*) printf 'ocinoco: %s\n' "$(printable "$1")" >&2 ;;
	*) printf 'ocinoco: %s\n' "$1" >&2 ;;
	esac
}

# Prints TEXT with runs of white space as one space and \ooo for each byte of what is not printable:
# control and format characters, and what is not UTF-8.
printable() {
	printf %s "$1" | od -An -v -to1 | awk '
		function octal(from, to) { while (from <= to) printf "\\%s", byte[from++] }
		function value(i) { return substr(byte[i], 1, 1) * 64 + substr(byte[i], 2, 1) * 8 + substr(byte[i], 3) }
		{ for (i = 1; i <= NF; i++) byte[++count] = $i }
		END {
			for (i = 1; i <= count; i += size) {
				b = value(i)
				size = b < 128 ? 1 : b < 194 ? 0 : b < 224 ? 2 : b < 240 ? 3 : b < 245 ? 4 : 0
				code = b < 128 ? b : size == 2 ? b - 192 : size == 3 ? b - 224 : b - 240
				for (j = 1; j < size; j++) {
					if (i + j > count || value(i + j) < 128 || value(i + j) > 191) { size = 0; break }
					code = code * 64 + value(i + j) - 128
				}
				if (size == 3 && (code < 2048 || code >= 55296 && code <= 57343)) size = 0
				if (size == 4 && (code < 65536 || code > 1114111)) size = 0
				if (b == 32 || b == 9 || b == 10 || b == 13) { if (!blank) printf " "; blank = 1; continue }
				blank = 0
				if (!size) { size = 1; octal(i, i) }
				else if (code < 32 || code >= 127 && code < 160 || code == 173 || code == 1564 \
					|| code >= 8203 && code <= 8207 || code >= 8232 && code <= 8238 \
					|| code >= 8288 && code <= 8303 || code == 65279 || code >= 65529 && code <= 65531 \
					|| code >= 917505 && code <= 917631) octal(i, i + size - 1)
				else for (j = 0; j < size; j++) printf "%c", value(i + j)
			}
		}'
}

die() {
	say "$2" || :
	exit "$1"
}

usage_error() {
	die 64 "$1; see 'ocinoco${command:+ $command} --help'"
}

# unknown KIND WORD WORDS: a usage error that names the one of WORDS which WORD is nearly.
unknown() {
	near=$(printf '%s\n' "$3" | tr ' ' '\n' | WORD=$2 awk '
		# How many characters are to be added, taken away, replaced or swapped.
		function distance(a, b,    i, j, least) {
			for (i = 0; i <= length(a); i++) d[i, 0] = i
			for (j = 0; j <= length(b); j++) d[0, j] = j
			for (i = 1; i <= length(a); i++) for (j = 1; j <= length(b); j++) {
				least = d[i - 1, j - 1] + (substr(a, i, 1) != substr(b, j, 1))
				if (d[i - 1, j] < least) least = d[i - 1, j] + 1
				if (d[i, j - 1] < least) least = d[i, j - 1] + 1
				if (i > 1 && j > 1 && substr(a, i - 1, 2) == substr(b, j, 1) substr(b, j - 1, 1) \
					&& d[i - 2, j - 2] < least) least = d[i - 2, j - 2] + 1
				d[i, j] = least
			}
			return d[length(a), length(b)]
		}
		BEGIN { word = substr(ENVIRON["WORD"], 1, 40); limit = length(word) < 6 ? 1 : 2 }
		{ n = distance(word, $0) }
		n <= limit { near = $0; limit = n - 1 }
		END { print near }')
	[ -z "$near" ] ||
		die 64 "unknown $1 '$2', did you mean '$near'? see 'ocinoco${command:+ $command} --help'"
	usage_error "unknown $1 '$2'"
}

# Checks what a tool will be given without an option's name before it.
check_reference() {
	case $1 in
	'' | -*) usage_error "not a reference: '$1'" ;;
	docker-archive:* | oci-archive:*)
		usage_error "an archive is no place, '$1': 'ocinoco load REF <ARCHIVE' and 'ocinoco save REF >ARCHIVE' read and write one"
		;;
	docker-daemon:*)
		usage_error "not a place of these tools, '$1': 'docker save NAME | ocinoco load REF' and 'ocinoco save REF | docker load' lead there"
		;;
	containers-storage:*)
		usage_error "not a place of these tools, '$1': 'podman save NAME | ocinoco load REF' and 'ocinoco save REF | podman load' lead there"
		;;
	esac
}

# operands NUMBER|NUMBER+ TEXT: how many there must be.
operands() {
	[ "$count" -ge "${1%+}" ] || usage_error "$2"
	[ "$count" -eq "${1%+}" ] || [ "$1" != "${1%+}" ] || usage_error "one argument too many: '$last'"
}

# An option of the wrapper's own: OPTION VALUE. What a stage gets of it is `word`, for the stages `tools`.
own_option() {
	case $1 in
	--dry-run) printing=yes ;;
	--push) push=yes ;;
	--follow-base) follow_base=yes ;;
	--check) checking=yes ;;
	--list) listing=yes ;;
	--compress) compress=$2 compress_given=yes ;;
	--level) level=$2 tools=level word=$1=$2 ;;
	--source-type) source_type=$2 ;;
	--file)
		[ -n "$2" ] || usage_error "no file for '--file'"
		dockerfile=$2
		;;
	--layer) tools=layer word=$2 ;;
	--reuse) reuse=$2 ;;
	--plan) plan=yes ;;
	--provenance)
		[ -n "$2" ] || usage_error "no file for '--provenance'"
		provenance=$2
		;;
	--dockerignore) dockerignore=yes ;;
	--from | --base) base=$2 ;;
	--tag) first_tag=${first_tag:-$2} tools=tag word=$2 ;;
	--rootless) owners=--rootless ;;
	--keep)
		case $2 in
		'') usage_error "no directory for '--keep'" ;;
		-*) keep=./$2 ;;
		*) keep=$2 ;;
		esac
		;;
	--output)
		case $2 in
		oci:?*) output=$2 ;;
		*) usage_error "not a layout: '$2'" ;;
		esac
		;;
	--help)
		"help_$command"
		exit
		;;
	esac
}

# Sets `value`, and `word` to OPTION=VALUE where an option has a value; `takes` says what kind.
check_value() {
	case $takes in
	reference) check_reference "$value" ;;
	file)
		# Several stages may read it. A pipe has its bytes once.
		if [ -n "$value" ] && [ -e "$value" ] && [ ! -f "$value" ] && [ ! -d "$value" ]; then
			read_once "$value"
			tools=$tools,once word=${word%%=*}=$copy
		fi
		;;
	esac
	case $word in
	--tag=*) [ "$command" != save ] || first_tag=$value ;;
	--quiet) quiet=yes ;;
	--verbose) verbose=yes ;;
	esac
}

# Whether the command line has a word for GROUP.
has_group() {
	group=$1
	shift
	for word do
		! is_selected "${word%%:*}" "$group" || return 0
	done
	return 1
}

# Whether a word is one of a list.
is_one_of() {
	case $1 in *\ *) return 1 ;; esac
	case " $2 " in *" $1 "*) ;; *) return 1 ;; esac
}

# compose COMMAND ARGUMENT...: rewrites the arguments, in place, as one word for each option and further
# operand, TAGS:WORD, and has the command write its script.
compose() {
	command=$1
	shift
	defaults
	left=$# literal=no
	while [ "$left" -gt 0 ]; do
		word=$1
		shift
		left=$((left - 1))
		case $literal:$word in
		no:--)
			literal=yes
			continue
			;;
		no:-?*) ;;
		*)
			count=$((count + 1)) last=$word
			[ "$count" -ne 1 ] || first=$word
			[ "$count" -eq 1 ] || set -- "$@" "operand:$word"
			continue
			;;
		esac
		find_option "${word%%=*}"
		case $takes:$word in
		none:*=*) usage_error "'$option' takes no value" ;;
		none:*) word=$option ;;
		*=*) value=${word#*=} word=$option=${word#*=} ;;
		*)
			[ "$left" -gt 0 ] || usage_error "'$option' needs a value"
			value=$1 word=$option=$1
			shift
			left=$((left - 1))
			;;
		esac
		check_value
		[ "$tools" != - ] || own_option "$option" "$value"
		[ "$tools" = - ] || set -- "$@" "$tools:$word"
	done
	compose_command "$@"
}

# Writes the script of the command, whose options are known and whose words are in order.
compose_command() {
	[ "$verbose:$quiet" != yes:yes ] || usage_error '--quiet and --verbose exclude each other'
	"compose_$command" "$@"
	write_script
}

# What a command line without options says.
defaults() {
	value='' printing=no push=no quiet=no verbose=no compress=zstd compress_given=no level='' keep=''
	output='' base='' first_tag='' owners='' count=0 first='' last=''
	pipeline='' traces='' removals='' input='' number=0 once=0 copies='' printed_copies=''
	script='' part='' is_layer=no source_type='' reuse=auto plan=no known='' name=layer unheard='' follow_base=no
	checking=no listing=no dockerignore=no index=0 appended=0 dockerfile='' provenance=''
}
