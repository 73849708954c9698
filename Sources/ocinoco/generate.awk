# Reads the table of options and the comment at the head of each command's file. Writes, depending on `mode`:
# `wrapper`, the parser's lists and the help; `bash`, `zsh` or `fish`, completions; `page`, the list of the
# manual page. The first file is the table, the others are commands.

BEGIN { Q = "'" }

# The table.
FNR == NR && /^(#|$)/ { next }
FNR == NR && /^@exclude / { exclusions = exclusions "\texclude" substr($0, 9) "\n"; next }
FNR == NR && /^@/ { list[$1] = $2; next }
FNR == NR {
	n++
	short[n] = $1 ~ /^-[a-z],/ ? substr($1, 1, 2) : ""
	long[n] = $1
	sub(/^-[a-z],/, "", long[n])
	repeats[n] = sub(/\.\.\.$/, "", $2)
	value[n] = $2 == "-" ? "" : $2
	where[n] = $3 in list ? list[$3] : $3
	tools[n] = $4 in list ? list[$4] : $4
	own[n] = sub(/^-,?/, "", tools[n])
	renamed[n] = tools[n]
	if (!sub(/.*=/, "", renamed[n])) renamed[n] = ""
	sub(/=.*/, "", tools[n])
	shared[n] = $4 in list
	help[n] = $5
	for (i = 6; i <= NF; i++) help[n] = help[n] " " $i
	next
}

# A command.
FNR == 1 { name = FILENAME; sub(/.*\//, "", name); sub(/\.sh$/, "", name); head = 1; next }
!/^#/ { head = 0 }
!head { next }
FNR == 2 { summary[name] = $0; sub(/^# [a-z]+: /, "", summary[name]); next }
/^# example:/ { part = "example" }
/^# usage:/ { part = "text" }
{ line = $0; sub(/^# ?/, "", line); text[name, part] = text[name, part] line "\n" }

END {
	count = split(list["@commands"], command, ",")
	if (mode == "wrapper") wrapper()
	if (mode == "bash") bash()
	if (mode == "zsh") zsh()
	if (mode == "fish") fish()
	if (mode == "page") page()
}

function has(names, name) { return index("," names ",", "," name ",") > 0 }

# --- The wrapper.

function wrapper(    c) {
	print "# Made of the table of options and of the heads of the commands."
	print "commands=" Q words(list["@commands"]) Q
	print "\nis_command() {\n\tcase $1 in " patterns_of(list["@commands"]) ") ;; *) return 1 ;; esac\n}"
	find_option()
	set_options()
	find_operands()
	print "\ncheck_exclusions() {\n" exclusions "}"
	for (c = 1; c <= count; c++) command_help(command[c])
	print "\noptions_() {\n\techo --dry-run --quiet --verbose --help --version\n}"
	all_help()
}

# The kind of value of each option, and the stages that get it.
function find_option(    i) {
	print "\nfind_option() {\n\toption=$1\n\tcase $command:$1 in"
	for (i = 1; i <= n; i++) if (short[i] != "")
		print "\t" patterns(i, short[i]) ") option=" long[i] " ;;"
	print "\tesac\n\tcase $command:$option in"
	for (i = 1; i <= n; i++)
		print "\t" patterns(i, long[i]) ") takes=" kind(i) " tools=" (tools[i] == "" ? Q Q : tools[i]) " as=" (renamed[i] == "" ? "$option" : renamed[i]) " ;;"
	print "\t*) unknown option \"$1\" \"$(\"options_$command\")\" ;;\n\tesac\n}"
}

# The variables of the wrapper's own options: for one that may be repeated, the first value.
function set_options(    i, name, initial, seen) {
	print "\nset_option() {\n\tcase $command:$option in"
	for (i = 1; i <= n; i++) {
		if (!own[i]) continue
		name = substr(long[i], 3)
		gsub(/-/, "_", name)
		if (!seen[name]++) initial = initial "\t" name "=" (value[i] == "" ? "no" : Q Q) "\n"
		print "\t" patterns(i, long[i]) ") " name "=" (repeats[i] ? "${" name ":-$1}" : "$1") " ;;"
	}
	print "\tesac\n}\n\n# shellcheck disable=SC2034 # of some, it does not matter whether they were given"
	print "clear_options() {\n" initial "}"
}

# The operands in each command's usage, and the message when some are missing.
function find_operands(    c, usage, i, operands) {
	print "\nfind_operands() {\n\tcase $1 in"
	for (c = 1; c <= count; c++) {
		operands = ""
		split(text[command[c], "text"], usage, "\n")
		# Of several usages, the last, which has the most operands.
		for (i = 1; usage[i] != ""; i++) if (usage[i] ~ " ocinoco ") operands = operands_of(usage[i])
		print "\t" command[c] ") operands=" Q operands " " Q " lack=" Q lack(operands) Q " ;;"
	}
	print "\tesac\n}"
}

# The operands of a usage: the words between the command and the first option.
function operands_of(usage,    word, i, count, result) {
	count = split(usage, word, " ")
	for (i = 1; word[i] != "ocinoco"; i++) ;
	for (i += 2; word[i] ~ /^--/; i++) ;
	for (; i <= count && word[i] !~ /^(\[OPTION|\[?-)/; i++) result = result (result == "" ? "" : " ") word[i]
	return result
}

function lack(operands,    word, i, count) {
	gsub(/ ?\[[^ ]*/, "", operands)
	if (operands == "") return ""
	count = split(operands, word, " ")
	if (count == 1) return (sub(/\.\.\.$/, "", operands) ? "a " : "one ") operands " is needed"
	if (word[1] == word[2]) return "two " word[1] "s are needed"
	sub(/\.\.\.$/, "", word[2])
	return word[1] " and " word[2] " are needed"
}

function words(names) { gsub(/,/, " ", names); return names }

function patterns_of(names) { gsub(/,/, " | ", names); return names }

function patterns(i, name,    c, result) {
	if (where[i] == list["@any"]) return "*:" name
	result = where[i] ":" name
	gsub(/,/, ":" name " | ", result)
	return result
}

function kind(i) {
	if (value[i] ~ /^(REF|FILE|DIR|LAYOUT)$/) return tolower(value[i])
	return value[i] == "" ? "none" : "value"
}

function command_help(c,    i, names, section) {
	for (i = 1; i <= n; i++) if (has(where[i], c)) names = names " " long[i]
	print "\noptions_" c "() {\n\techo" names "\n}\n\nhelp_" c "() {\n\tcat <<\\END"
	printf "%s", text[c, "text"]
	for (i = 1; i <= n; i++) {
		if (!has(where[i], c)) continue
		if (section != heading(i)) {
			section = heading(i)
			print (i == 1 || section == "" ? "" : "\n") section
		}
		help_line((short[i] == "" ? "" : short[i] ", ") long[i] (value[i] == "" ? "" : " " shown(i)), help[i])
	}
	printf "\n%s", text[c, "example"]
	print "END\n}"
}

# The line above the options that are for the same tools; none above the first ones.
function heading(i,    names) {
	if (tools[i] !~ /^oci-/ || i < first_shared()) return ""
	if (shared[i]) return "Options of every registry tool, see 'oci-fetch --help':"
	names = tools[i]
	sub(/,.*/, "", names)
	return "Options of " names ", see '" names " --help':"
}

function first_shared() {
	if (!first) for (first = 1; long[first] != "--help"; first++) ;
	return first
}

function shown(i) { return value[i] ~ /^entrypoint\|/ ? "FIELD" : value[i] }

function help_line(name, text) {
	if (length(name) <= 20) printf "  %-20s ", name
	else printf "  %s\n%23s", name, ""
	wrap(text, 23, 57)
}

function wrap(text, indent, width,    i, count, word, line) {
	count = split(text, word, " ")
	for (i = 1; i <= count; i++) {
		if (line != "" && length(line " " word[i]) > width) { print line; line = sprintf("%" indent "s", "") word[i]; width = indent + 57 }
		else line = line (line == "" ? "" : " ") word[i]
	}
	print line
}

function all_help(    c, usage, short_usage) {
	print "\nhelp_all() {\n\tcat <<\\END"
	print "usage: ocinoco COMMAND ARGUMENT... [OPTION...]\n"
	print "Builds OCI images without a container, by pipelines of the oci-* tools.\n"
	for (c = 1; c <= count; c++) {
		split(text[command[c], "text"], usage, "\n")
		short_usage = usage[1]
		sub(/^usage: /, "", short_usage)
		sub(/ (\[|--?[a-z]).*/, "", short_usage)
		printf "  %-28s %s\n", short_usage, summary[command[c]]
	}
	print "\n  -n, -q, -v                   may also come before the command"
	print "  -h, --help                   print this text, or after a command its help"
	print "  help [COMMAND]               do the same"
	print "  --version                    print the version\n"
	print "example:\n  ocinoco pack ./dist layer.tzst --root-dir /app\nEND\n}"
}

# --- Completions.

function made() { return "# Completion of ocinoco(1). Made of Sources/ocinoco/options by make completions." }

function literals(i,    part, j, result) {
	count_parts = split(value[i], part, "|")
	for (j = 1; j <= count_parts; j++) if (part[j] ~ /^[a-z]/) result = result (result == "" ? "" : " ") part[j]
	if (long[i] == "--platform") result = result " linux/amd64 linux/arm64 linux/arm/v7"
	if (value[i] == "REF" && long[i] == "--from" && has(where[i], "build")) result = "scratch oci:"
	return result
}

function is_file(i) { return value[i] == "FILE" }

function bash(    c, i, seen, names) {
	print made() "\n\n# shellcheck disable=SC2046,SC2086 # lists of words without spaces\n"
	print "_ocinoco_options() {\n\tcase $1 in"
	for (c = 1; c <= count; c++) {
		names = ""
		for (i = 1; i <= n; i++) if (has(where[i], command[c])) names = names " " long[i]
		print "\t" command[c] ") echo" names " ;;"
	}
	print "\t*) echo --help --version ;;\n\tesac\n}\n"
	print "_ocinoco() {\n\tlocal word=$2 previous=$3 position=1 command=''"
	print "\twhile ((position < COMP_CWORD)) && [[ ${COMP_WORDS[position]} == -* ]]; do ((position += 1)); done"
	print "\t((position == COMP_CWORD)) || command=${COMP_WORDS[position]}"
	print "\tCOMPREPLY=()\n\tcase $previous in"
	for (i = 1; i <= n; i++) {
		if (value[i] == "" || seen[long[i]]++) continue
		printf "\t%s%s) ", short[i] == "" ? "" : short[i] " | ", long[i]
		if (literals(i) != "") print "set -- " literals(i) " ;;"
		else if (is_file(i)) print "mapfile -t COMPREPLY < <(compgen -f -- \"$word\") && return ;;"
		else if (value[i] == "DIR" || value[i] == "LAYOUT")
			print "mapfile -t COMPREPLY < <(compgen -d -- \"$word\") && return ;;"
		else print "return ;;"
	}
	print "\t*)\n\t\tcase $command:$word in"
	print "\t\t:*) set -- " words(list["@commands"]) " help --help --version ;;"
	print "\t\thelp:*) set -- " words(list["@commands"]) " ;;"
	print "\t\t*:-*) set -- $(_ocinoco_options \"$command\") ;;"
	print "\t\t*) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") && return ;;"
	print "\t\tesac\n\t\t;;\n\tesac\n\tmapfile -t COMPREPLY < <(compgen -W \"$*\" -- \"$word\")\n}\n"
	print "complete -o filenames -F _ocinoco ocinoco"
}

function zsh_text(text) { gsub(Q, Q "\\" Q Q, text); gsub(/\[|\]|:/, "\\\\&", text); return text }

function zsh(    c, i, argument) {
	print "#compdef ocinoco\n" made() "\n\n_ocinoco() {\n\tlocal curcontext=$curcontext state line"
	print "\t_arguments -C '(- *)'{-h,--help}'[print a summary of the commands]' \\"
	print "\t\t'(- *)--version[print the version]' \\\n\t\t'1:command:(("
	for (c = 1; c <= count; c++) print "\t\t\t" command[c] "\\:\"" zsh_text(summary[command[c]]) "\""
	print "\t\t\thelp\\:\"print a summary\"\n\t\t))' '*::argument:->arguments' && return"
	print "\t[[ $state == arguments ]] || return\n\tcase $words[1] in"
	for (c = 1; c <= count; c++) {
		print "\t" command[c] ")\n\t\t_arguments \\"
		for (i = 1; i <= n; i++) {
			if (!has(where[i], command[c])) continue
			argument = value[i] == "" ? "" : ":" tolower(zsh_text(shown(i))) ":" zsh_action(i)
			printf "\t\t\t"
			if (short[i] != "") printf "%s(%s %s)%s{%s,%s}", Q, short[i], long[i], Q, short[i], long[i]
			printf "%s%s%s[%s]%s%s \\\n", Q, repeats[i] ? "*" : "", short[i] == "" ? long[i] : "", zsh_text(help[i]), argument, Q
		}
		print "\t\t\t'*:argument:_files'\n\t\t;;"
	}
	print "\thelp) _arguments '1:command:(" words(list["@commands"]) ")' ;;\n\tesac\n}\n\n_ocinoco \"$@\""
}

function zsh_action(i,    choices) {
	choices = literals(i)
	gsub(/:/, "\\:", choices)
	if (choices != "") return "(" choices ")"
	if (is_file(i)) return "_files"
	return value[i] == "DIR" || value[i] == "LAYOUT" ? "_files -/" : ""
}

function fish(    c, i, line) {
	print made() "\n"
	for (c = 1; c <= count; c++) {
		line = summary[command[c]]
		gsub(Q, "\\" Q, line)
		print "complete -c ocinoco -n __fish_use_subcommand -fa " command[c] " -d " Q line Q
	}
	print "complete -c ocinoco -n __fish_use_subcommand -fa help -d 'print a summary'"
	print "complete -c ocinoco -n __fish_use_subcommand -l version -d 'print the version'"
	print "complete -c ocinoco -n '__fish_seen_subcommand_from help' -fa '" words(list["@commands"]) "'"
	for (i = 1; i <= n; i++) {
		line = "complete -c ocinoco -n '__fish_seen_subcommand_from " words(where[i]) "'"
		if (short[i] != "") line = line " -s " substr(short[i], 2)
		line = line " -l " substr(long[i], 3)
		if (literals(i) != "") line = line " -xa '" literals(i) "'"
		else if (is_file(i)) line = line " -rF"
		else if (value[i] == "DIR") line = line " -xa '(__fish_complete_directories)'"
		else if (value[i] != "") line = line " -x"
		help_text = help[i]
		gsub(Q, "\\" Q, help_text)
		print line " -d " Q help_text Q
	}
}

# --- The page: each option once for each meaning, with its commands and the pages that say more.

function page(    i, j, names, part, sentence) {
	print ".Bl -tag -width Ds"
	for (i = 1; i <= n; i++) {
		printf ".It %sFl -%s%s\n", short[i] == "" ? "" : "Fl " substr(short[i], 2) " , ", substr(long[i], 3), page_value(i)
		sentence = toupper(substr(help[i], 1, 1)) substr(help[i], 2)
		gsub(/\.([A-Z])/, ".\\\\\\&\\1", sentence)
		print sentence "."
		if (where[i] == list["@any"]) continue
		if (where[i] == list["@online"]) print "For every command but\n.Cm pack ."
		else {
			names = where[i]
			gsub(/,/, " , ", names)
			print "For\n.Cm " names " ."
		}
		names = shared[i] || tools[i] == "platform" ? "oci-fetch" : tools[i]
		count_parts = split(names, part, ",")
		for (j = count_parts; j > 0 && part[j] !~ /^oci-/; j--) count_parts--
		if (count_parts > 0) printf "See"
		for (j = 1; j <= count_parts; j++) printf "\n.Xr %s 1%s", part[j], j < count_parts ? "\nand" : " .\n"
	}
	print ".El"
}

function page_value(i,    text) {
	if (value[i] == "") return ""
	text = tolower(shown(i))
	gsub(/\|/, " | ", text)
	return " Ar " text
}
