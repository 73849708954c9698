# shellcheck shell=sh
# The command line: messages, and the options and operands of a command.

# say TEXT: writes one line to stderr, escaped for a terminal like the messages of the tools.
say() {
	case $1 in
	*[!\ -~]*) printf 'ocinoco: %s\n' "$(printf %s "$1" | od -An -v -to1 | printable)" >&2 ;;
	*) printf 'ocinoco: %s\n' "$1" >&2 ;;
	esac
}

die() {
	say "$2" || :
	exit "$1"
}

usage_error() {
	die 64 "$1; see 'ocinoco${command:+ $command} --help'"
}

# unknown KIND WORD WORDS: a usage error that names the one of WORDS which WORD nearly is.
unknown() {
	near=$(printf '%s\n' "$3" | tr ' ' '\n' | WORD=$2 nearest)
	[ -z "$near" ] ||
		die 64 "unknown $1 '$2', did you mean '$near'? see 'ocinoco${command:+ $command} --help'"
	usage_error "unknown $1 '$2'"
}

# Refuses a word that a tool would read as an option. The tool checks whether it is a reference.
check_reference() {
	case $1 in '' | -*) usage_error "not a reference: '$1'" ;; esac
}

# Whether the comma-separated list TAGS has one of GROUPS.
is_selected() {
	for group in $2; do
		case ,$1, in *",$group,"*) return 0 ;; esac
	done
	return 1
}

# has_word NAME WORD...: whether one of the words is for NAME. Sets `found` to its option.
has_word() {
	wanted=$1
	shift
	for word do
		is_selected "${word%%:*}" "$wanted" || continue
		found=${word#*:} found=${found%%=*}
		return 0
	done
	return 1
}

# compose ARGUMENT...: rewrites the arguments after the command, in place, as words TAGS:WORD, and has the
# command write its script. The tags of an option are the names in its column TOOLS; the tag of an operand is
# its name in the usage.
compose() {
	clear_options
	clear_script
	left=$# literal=no given='' count=0 first='' last=''
	while [ "$left" -gt 0 ]; do
		word=$1 left=$((left - 1))
		shift
		case $literal:$word in
		no:--) literal=yes; continue ;;
		no:-?*) ;;
		*)
			take_operand
			[ -z "$operand" ] || set -- "$@" "$operand:$word"
			continue
			;;
		esac
		find_option "${word%%=*}"
		case $takes:$word in
		none:*=*) usage_error "'$option' takes no value" ;;
		none:*) value=yes ;;
		*=*) value=${word#*=} ;;
		*)
			[ "$left" -gt 0 ] || usage_error "'$option' needs a value"
			value=$1 left=$((left - 1))
			shift
			;;
		esac
		take_option
		[ -z "$tools" ] || set -- "$@" "$tools:$word"
	done
	compose_command "$@"
}

# Checks the operand `word`. Sets `operand` to its name in the usage; the first operand is the command.
take_operand() {
	operand=
	if [ -z "$command" ]; then
		is_command "$word" || unknown command "$word" "$commands"
		command=$word
		find_operands "$command"
		return
	fi
	operand=${operands%% *}
	case $operand in
	'') usage_error "one argument too many: '$word'" ;;
	\[*...\]) ;;
	*...) operands="[$operand]" ;;
	*) operands=${operands#* } ;;
	esac
	operand=${operand#\[} operand=${operand%...*}
	case $operand in
	REF | NEW-REF | REPOSITORY | REGISTRY) check_reference "$word" ;;
	SOURCE | BUNDLE | DIR | OUT) [ -n "$word" ] || usage_error "an empty $operand" ;;
	esac
	case $operand:$word in BUNDLE:-* | PATH:-* | OUT:oci:*) word=./$word ;; esac
	count=$((count + 1)) last=$word
	[ "$count" -ne 1 ] || first=$word
}

# Checks the `value` of `option`. Sets `word` to the word for the stages `tools`, and the option's variable.
take_option() {
	given="$given $option"
	[ "$option" != --help ] || {
		"help_${command:-all}" || exit 74
		exit
	}
	case $tools:$value in : | top: | added: | provenance:) usage_error "'$option' needs a value" ;; esac
	case $takes in
	ref) check_reference "$value" ;;
	layout) case $value in oci:?*) ;; *) usage_error "not a layout: '$value'" ;; esac ;;
	dir) case $tools:$value in :-* | :oci:*) value=./$value ;; esac ;;
	file) [ -z "$tools" ] || { read_once; tools=$tools,input; } ;;
	esac
	case $takes:$tools in
	none:*) word=$as ;;
	*:*[A-Z]*) word=$value ;;
	*) word=$as=$value ;;
	esac
	set_option "$value"
}

# exclude OPTION OTHER...: ends when the option is given together with one of the others.
exclude() {
	case "$given " in *" $1 "*) ;; *) return 0 ;; esac
	option=$1
	shift
	for word do
		case "$given " in *" $word "*) usage_error "$option and $word exclude each other" ;; esac
	done
}

# Refuses an output that is an input too, by whichever name, since it would be lost.
check_outputs() {
	for path do
		case $path in
		SOURCE:*) path=${path#*:} ;;
		BUNDLE:*) path=${path#*:}/image.json ;;
		LAYER:*) path=${path#*:} path=${path%:*} ;;
		*) is_selected "${path%%:*}" input || continue; path=${path#*=} ;;
		esac
		[ "$path" != - ] || path=/dev/stdin
		kept=${keep:+"OUT:$keep/${path##*/}"}
		case ${path##*/} in layer.* | base.* | appended.json | image.json) ;; *) kept= ;; esac
		for out in "$@" ${kept:+"$kept"}; do
			case $out in
			OUT:-) continue ;;
			OUT:* | provenance:*) out=${out#OUT:} out=${out#provenance:--output=} ;;
			*) continue ;;
			esac
			# shellcheck disable=SC3013 # every shell has it
			[ ! "$path" -ef "$out" ] || usage_error "'$out' is read, and would be written over"
		done
	done
}

# Writes the script of the command, whose words are in order.
compose_command() {
	[ -n "$command" ] || usage_error 'no command'
	check_tools
	check_exclusions
	check_outputs "$@"
	case $operands in [!\[]*) usage_error "$lack" ;; esac
	"compose_$command" "$@"
	[ -z "$pipeline" ] || into -
	write_script
}
