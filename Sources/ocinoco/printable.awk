# Converts the bytes of stdin, in octal by `od -An -v -to1`, to text that has no effect on a terminal: a run
# of white space becomes one space, and each byte that is not printable becomes \ooo. Control and format
# characters and bytes that are not UTF-8 are not printable.

function octal(from, to) { while (from <= to) printf "\\%s", byte[from++] }

function value(i) { return substr(byte[i], 1, 1) * 64 + substr(byte[i], 2, 1) * 8 + substr(byte[i], 3) }

# The length of the character at byte i, and its code point in `code`; 0 when the bytes are not valid.
function length_of_character(i,    first, size, j) {
	first = value(i)
	size = first < 128 ? 1 : first < 194 ? 0 : first < 224 ? 2 : first < 240 ? 3 : first < 245 ? 4 : 0
	code = first < 128 ? first : size == 2 ? first - 192 : size == 3 ? first - 224 : first - 240
	for (j = 1; j < size; j++) {
		if (i + j > count || value(i + j) < 128 || value(i + j) > 191) return 0
		code = code * 64 + value(i + j) - 128
	}
	if (size == 3 && (code < 2048 || code >= 55296 && code <= 57343)) return 0
	if (size == 4 && (code < 65536 || code > 1114111)) return 0
	return size
}

function is_control_or_format(code) {
	return code < 32 || code >= 127 && code < 160 || code == 173 || code == 1564 ||
		code >= 8203 && code <= 8207 || code >= 8232 && code <= 8238 ||
		code >= 8288 && code <= 8303 || code == 65279 || code >= 65529 && code <= 65531 ||
		code >= 917505 && code <= 917631
}

{ for (i = 1; i <= NF; i++) byte[++count] = $i }

END {
	for (i = 1; i <= count; i += size > 0 ? size : 1) {
		size = length_of_character(i)
		if (size == 1 && (code == 32 || code == 9 || code == 10 || code == 13)) {
			if (!blank) printf " "
			blank = 1
			continue
		}
		blank = 0
		if (size == 0) octal(i, i)
		else if (is_control_or_format(code)) octal(i, i + size - 1)
		else for (j = 0; j < size; j++) printf "%c", value(i + j)
	}
}
