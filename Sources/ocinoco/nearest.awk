# Prints the line of stdin that is nearest to the environment variable WORD; nothing when none is near.

# The edit distance of a and b: additions, removals, replacements and swaps of neighbours.
function distance(a, b,    i, j, least) {
	for (i = 0; i <= length(a); i++) d[i, 0] = i
	for (j = 0; j <= length(b); j++) d[0, j] = j
	for (i = 1; i <= length(a); i++) for (j = 1; j <= length(b); j++) {
		least = d[i - 1, j - 1] + (substr(a, i, 1) != substr(b, j, 1))
		if (d[i - 1, j] < least) least = d[i - 1, j] + 1
		if (d[i, j - 1] < least) least = d[i, j - 1] + 1
		if (i > 1 && j > 1 && substr(a, i - 1, 2) == substr(b, j, 1) substr(b, j - 1, 1) &&
			d[i - 2, j - 2] < least) least = d[i - 2, j - 2] + 1
		d[i, j] = least
	}
	return d[length(a), length(b)]
}

BEGIN {
	word = substr(ENVIRON["WORD"], 1, 40)
	limit = length(word) < 6 ? 1 : 2
}

{ changes = distance(word, $0) }
changes <= limit {
	near = $0
	limit = changes - 1
}

END { print near }
