import Testing

@testable import Tar

private func excludes(_ lines: String, _ path: String) throws -> Bool {
    var patterns = ExcludePatterns()
    try patterns.add(lines: ascii(lines))
    return patterns.excludes(ascii(path))
}

/// The questions that the tables of moby/patternmatcher answer, and those of Go's filepath.Match
/// and regexp, on which it is built, with rows of our own.
@Suite struct PatternCorpusTests {
    @Test(arguments: [
        // Two stars alone, and with slashes.
        ("**", "name", true), ("**/", "name", true), ("**", "d/name", true),
        ("**/", "d/name", true), ("**/**", "d/name", true), ("**/**", "name", true),
        ("top/**", "top/name", true), ("top/**", "top/d/name", true), ("top/**", "top", false),
        ("top/**", "top/d/e/name", true), ("top/**/", "top/name", true),
        ("**/d", "d", true), ("**/d", "d/name", true), ("**/e/*", "d/e/name", true),
        ("**/e/**", "d/e/f/name", true), ("**/e/**", "e", false), ("**/e/**", "e/f", true),
        // Two stars before a name.
        ("**name", "name", true), ("**name", "d/name", true), ("**name", "d/e/name", true),
        ("**/name", "d/name", true), ("**/name", "d/e/name", true), ("**/name", "d/my-name", false),
        ("**name", "my-name", true), ("**/d/name", "d/name", true),
        ("**/d/name", "c/d/name", true), ("**/d/name", "b/c/d/name", true),
        ("**/.name", ".name", true), ("**/.name", "d.name", false), ("**/.name", "d/.name", true),
        // With other wildcards.
        ("**/na*", "d/e/name", true), ("**/na*", "d/e/name.log", true),
        ("**/na*log", "d/e/name.log", true), ("**/na*.log", "d/e/name.log", true),
        ("**/na*.log*", "d/e/name.log", true), ("**/**/*.log", "d/e/name.log", true),
        ("**/**/*.log2", "d/e/name.log", false), ("**/*.log", "name.log", true),
        ("**/**/*.log", "name.log", true), ("d**/*.log", "d/name.log", true),
        ("d**/*.log", "d/e/name.log", true), ("d**/*.log", "d/e/f/name.log", true),
        ("d/*.log", "d/e/name.log", false), ("d/*.log", "d/name.log", true),
        ("d/*.log**", "d/name.log", true), ("***", "d/name", true), ("***", "name", true),
        ("****", "d/name", true), ("d/***", "d/e/f", true), ("**d**", "c/de", true),
        ("**d**", "c/ade", false),
        ("**d**", "de/f", true), ("**/d**e", "c/d/f/e", true),
        // Characters and classes.
        ("x[k-m]z", "xz", false), ("x[k-m]z", "xlz", true), ("x[k-m]z", "xxz", false),
        ("x[^k-m]z", "xoz", true), (".*", ".name", true), (".*", "name", false),
        ("one.two", "onetwo", false), ("one.two", "one.two", true), ("one.two", "one-two", false),
        ("one?two", "one-two", true), ("one?two", "onetwo", false), ("x\\\\", "x\\", true),
        ("f(x)/y", "f(x)/y", true), ("f(x)/y", "f(x)/z", false), ("x\\*y", "x*y", true),
        (".|)$(}+{x", ".|)$(}+{x", true),
        ("pkg/n-1.0.dev3+g0a-any.whl", "pkg/n-1.0.dev3+g0a-any.whl", true),
        ("pkg/*.whl", "pkg/n-1.0.dev3+g0a-any.whl", true),
        // filepath.Match.
        ("xyz", "xyz", true), ("*", "xyz", true), ("*z", "xyz", true), ("x*", "x", true),
        ("x*", "xyz", true), ("x*", "xy/z", true), ("x*/y", "xyz/y", true),
        ("x*/y", "x/z/y", false),
        ("k*l*m*n*o*/p", "k-l-m-n-o/p", true), ("k*l*m*n*o*/p", "k-l-m-n-o--/p", true),
        ("k*l*m*n*o*/p", "k-l-m-n-o/--/p", false), ("k*l*m*n*o*/p", "k-l-m-n-o--/ppp", false),
        ("k*l?m*n", "kl-ll-o-lm--nn", false), ("k*l?m*n", "kl-llom-nn", true),
        ("xy[z]", "xyz", true), ("xy[y-z]", "xyz", true), ("xy[a-c]", "xyz", false),
        ("xy[^z]", "xyz", false), ("xy[^y-z]", "xyz", false), ("xy[^a-c]", "xyz", true),
        ("x\\*y", "xy", false), ("x?y", "x\u{2764}y", true), ("x[^x]y", "x\u{2764}y", true),
        ("x???y", "x\u{2764}y", false), ("x[^x][^x][^x]y", "x\u{2764}y", false),
        ("[a-\u{3C9}]*", "\u{3B2}", true), ("*[a-\u{3C9}]", "Z", false), ("x?y", "x/y", false),
        ("x*y", "x/y", false), ("[\\]x]", "]", true), ("[\\-]", "-", true), ("[z\\-]", "z", true),
        ("[z\\-]", "-", true), ("[z\\-]", "y", false), ("[\\-z]", "z", true),
        ("[\\-z]", "-", true), ("[\\-z]", "y", false), ("*z", "zzz", true),
    ])
    func onePattern(_ pattern: String, _ path: String, _ expected: Bool) throws {
        #expect(try excludes(pattern, path) == expected)
    }

    @Test(arguments: [
        ("!x.c\n*.c", "x.c", true), ("doc\n!doc/a.md", "doc/a.md", false),
        ("doc/\n!doc/a.md", "doc/a.md", false), ("doc/*\n!doc/a.md", "doc/a.md", false),
        ("*.c\n!x.c", "x.c", false), ("**\n!a/b/c", "a/b/c/d", false),
        ("**\n!a/b/c\na/b/c/d", "a/b/c/d", true), ("**\n!pkg/n-1+g0.whl", "pkg/n-1+g0.whl", false),
        ("**\n!pkg/*.whl", "pkg/n-1+g0.whl", false), ("a/b\n!a", "a/b", false),
    ])
    func severalPatterns(_ lines: String, _ path: String, _ expected: Bool) throws {
        #expect(try excludes(lines, path) == expected)
    }

    @Test(arguments: [
        "[]x]", "[-]", "[z-]", "[-z]", "\\", "[a-c-e]", "[", "[^", "[^xy", "x[", "!", "! ",
        // Well-formed for filepath.Match, but not as an expression.
        "[Local-Only]/", "[b-a]",
    ])
    func malformed(_ pattern: String) {
        #expect(throws: PatternError.self) { try excludes(pattern, "x") }
    }
}

/// A pattern with wildcards is a Go regular expression, in which more characters are special.
@Suite struct PatternExpressionTests {
    @Test(arguments: [
        // Stars and question marks in a class become classes of their own.
        ExcludeCase("[*]", out: ["[^/]", "]", "[]", "^]"], kept: ["*", "a"]),
        ExcludeCase("[?]", out: ["[]", "^]", "/]"], kept: ["?", "a", "]"]),
        ExcludeCase("a[*]b", out: ["a]b", "a[]b", "a[/]b"], kept: ["a*b"]),
        ExcludeCase("[^*]", out: ["]", "aa]"], kept: ["a", "^]"]),
        ExcludeCase("x[**]", out: ["x.", "x*", "x(", "x)", "x?", "x/"], kept: ["x", "xa"]),
        ExcludeCase("x[a*b]", out: ["xb]", "xa^b]"], kept: ["xa", "x*"]),
        ExcludeCase("x[\\*]", out: ["x*"], kept: ["x", "xa"]),
        // The beginning matches nowhere else.
        ExcludeCase("^*", out: ["a", "^a"]),
        ExcludeCase("*^a", out: ["a"], kept: ["x^a", "^a"]),
        ExcludeCase("**/^a*", out: ["a", "ab"], kept: ["^a", "d/a", "d/^a"]),
        ExcludeCase("a^", out: ["a^"]),
        ExcludeCase("a?^", kept: ["ab^", "ab"]),
        ExcludeCase("x[a^]", out: ["xa", "x^"], kept: ["xb"]),
        ExcludeCase("x[^^]", out: ["xa"], kept: ["x^"]),
        // A closing bracket alone.
        ExcludeCase("a]", out: ["a]"], kept: ["a"]),
        ExcludeCase("[a]]", out: ["a]"], kept: ["a", "]"]),
        // Letters and digits that are escaped.
        ExcludeCase("\\d", out: ["1"], kept: ["d", "\u{661}"]),
        ExcludeCase("x\\D", out: ["xa"], kept: ["x1"]),
        ExcludeCase("\\w*", out: ["_a"], kept: ["-a"]),
        ExcludeCase("x\\W", out: ["x-", "x\u{E9}"], kept: ["xa"]),
        ExcludeCase("x\\sy", out: ["x y", "x\ty"], kept: ["xsy", "x\u{B}y"]),
        ExcludeCase("x\\S", out: ["xs"], kept: ["x y"]),
        ExcludeCase("[\\d]x", out: ["1x"], kept: ["dx"]),
        ExcludeCase("[\\w.]x", out: ["ax", ".x"], kept: ["-x"]),
        ExcludeCase("\\x61\\142", out: ["ab"]),
        ExcludeCase("\\x{3b1}?", out: ["\u{3B1}x"]),
        ExcludeCase("x\\ty", out: ["x\ty"], kept: ["xty"]),
        ExcludeCase("x\\_", out: ["x_"]),
        ExcludeCase("\\pL", out: ["a", "\u{3B1}"], kept: ["1", "-"]),
        ExcludeCase("\\PL", out: ["1", "-"], kept: ["a"]),
        ExcludeCase("\\p{Lu}", out: ["A"], kept: ["a"]),
        ExcludeCase("\\p{^Lu}", out: ["a"], kept: ["A"]),
        ExcludeCase("[\\pN_]", out: ["1", "\u{661}", "_"], kept: ["a"]),
        // Assertions.
        ExcludeCase("a*\\b", out: ["a", "a-b"], kept: ["a-"]),
        ExcludeCase("a\\b*", out: ["a", "a-b"], kept: ["ab"]),
        ExcludeCase("a\\B*", out: ["ab"], kept: ["a", "a-b"]),
        ExcludeCase("\\Aa*\\z", out: ["a", "ab"], kept: ["ba"]),
        ExcludeCase("a*\\Ab", kept: ["ab", "a"]),
        ExcludeCase("a\\zb*", kept: ["ab", "a"]),
        ExcludeCase("d/a\\b/*", out: ["d/a/x"], kept: ["d/ab/x"]),
        // Quoted text may have no end, and then the pattern has no anchor at its end.
        ExcludeCase("\\Qa.b\\E?", out: ["a\\.bx"], kept: ["a.bx"]),
        ExcludeCase("\\Qab\\E", out: ["ab"], kept: ["abc"]),
        ExcludeCase("\\Qab", out: ["ab$", "ab$c"], kept: ["ab"]),
        // Classes by name.
        ExcludeCase("[[:alpha:]]*", out: ["a", "Z1"], kept: ["1", "\u{E9}"]),
        ExcludeCase("[[:^alpha:]]", out: ["1", "\u{E9}"], kept: ["a"]),
        ExcludeCase("[[:digit:]x]y", out: ["1y", "xy"], kept: ["dy"]),
        ExcludeCase("[:alpha:]", out: [":", "a", "l"], kept: ["b"]),
        // Bars, braces.
        ExcludeCase("x|y*", out: ["x", "xz", "ay"], kept: ["a"]),
        ExcludeCase("*.js|*.ts", out: ["a.js", "b.ts", "d/a.ts"], kept: ["d/a.md"]),
        ExcludeCase("a\\|*", out: ["a|b"], kept: ["a", "b"]),
        ExcludeCase("*.{js,ts}", out: ["a.{js,ts}"], kept: ["a.js"]),
        ExcludeCase("a{2}?", out: ["aab"], kept: ["ab", "a{2}b"]),
        ExcludeCase("?{2,}", out: ["aa", "aaa"], kept: ["a"]),
        ExcludeCase("a{0,1}?", out: ["ab", "b"], kept: ["aab"]),
        ExcludeCase("a{,2}?", out: ["a{,2}b"]),
        ExcludeCase("a{02}?", out: ["a{02}b"]),
        // A newline.
        ExcludeCase("\u{E9}*\\n", out: ["\u{E9}x\n"]),
    ])
    func meaning(_ rule: ExcludeCase) throws {
        for path in rule.out { #expect(try excludes(rule.lines, path), "\(path)") }
        for path in rule.kept { #expect(try !excludes(rule.lines, path), "\(path)") }
    }

    @Test(arguments: [
        "\\a\\q", "\\1", "\\8", "\\xg0", "\\x{}*", "\\x{110000}*", "\\\u{E9}", "\\C", "\\E",
        "[\\b]", "[\\A]", "[\\Q]", "[a-?]", "[a-*]", "[[:no:]]", "\\p{No such}",
        "\\pq", "\\p", "*{2}", "a?**{2}", "?{2}{3}", "a|{2}*", "?{1001}", "?{3,2}", "!../[",
        "!/", "! /", "/[", "?{1000}" + String(repeating: "?{1000}", count: 20),
    ])
    func malformed(_ pattern: String) {
        #expect(throws: PatternError.self) { try excludes(pattern, "x") }
    }

    /// A line is cleaned as a path; then its space and its `!` are interpreted again.
    @Test(arguments: [
        ExcludeCase("\u{A0}a\u{2003}\u{B}", out: ["a"]),
        ExcludeCase("/ a", out: ["a"], kept: [" a"]),
        ExcludeCase("./ a", out: ["a"], kept: [" a"]),
        ExcludeCase("! / a\n**", out: ["a"]),
        ExcludeCase("**\n! / a", out: ["a"], kept: [" a"]),
        ExcludeCase("**\n/!a", out: ["b"], kept: ["a"]),
        ExcludeCase("**\n./!a", out: ["b"], kept: ["a"]),
        ExcludeCase("!!a\n", kept: ["a", "!a"]),
        ExcludeCase("**\n!!a", out: ["a"], kept: ["!a"]),
        ExcludeCase("../a\na/../../b\n..\n!..\n!.", kept: ["a", "b"]),
        ExcludeCase("[/../a", out: ["a"]),
        ExcludeCase("a[x//y]b", out: ["a/b", "axb"]),
    ])
    func lines(_ rule: ExcludeCase) throws {
        for path in rule.out { #expect(try excludes(rule.lines, path), "\(path)") }
        for path in rule.kept { #expect(try !excludes(rule.lines, path), "\(path)") }
    }

    /// In an expression, a byte that is not UTF-8 matches any other; as plain text, only itself.
    @Test func bytesThatAreNotText() throws {
        var patterns = ExcludePatterns()
        try patterns.add(ascii("x") + [0xE9] + ascii("*"))
        try patterns.add(ascii("y") + [0xE9])
        #expect(patterns.excludes(ascii("x") + [0xFF, 0x61]))
        #expect(patterns.excludes(ascii("x\u{FFFD}")))
        #expect(!patterns.excludes(ascii("x\u{E9}")))
        #expect(patterns.excludes(ascii("y") + [0xE9]))
        #expect(!patterns.excludes(ascii("y") + [0xFF]))
        #expect(throws: PatternError.self) { try patterns.add(ascii("[") + [0xE9] + ascii("]")) }
    }
}
