import Testing

@testable import Tar

private func excludes(_ lines: String, _ path: String) throws -> Bool {
    var patterns = ExcludePatterns()
    try patterns.add(lines: ascii(lines))
    return patterns.excludes(ascii(path))
}

/// Lines of an exclude file, paths that they exclude and paths that they keep.
struct ExcludeCase: Sendable, CustomTestStringConvertible {
    let lines: String
    let out: [String]
    let kept: [String]

    init(_ lines: String, out: [String] = [], kept: [String] = []) {
        self.lines = lines
        self.out = out
        self.kept = kept
    }

    var testDescription: String { lines }
}

@Suite struct ExcludePatternsTests {
    @Test(arguments: [
        // At the top level, and below a directory.
        ExcludeCase(
            "name", out: ["name", "name/a", "name/a/b"], kept: ["a/name", "names", "nam"]),
        ExcludeCase("a/b", out: ["a/b", "a/b/c"], kept: ["a", "a/bc", "b", "x/a/b"]),
        ExcludeCase("/a", out: ["a", "a/b"], kept: ["b/a"]),
        ExcludeCase("a/", out: ["a", "a/b"], kept: ["b/a"]),
        ExcludeCase("./a//b/../c", out: ["a/c"], kept: ["a/b"]),
        ExcludeCase("../a", kept: ["a"]),
        ExcludeCase("/../a", out: ["a"]),
        ExcludeCase(".", kept: ["a"]),
        ExcludeCase("/", kept: ["a"]),
        // One star and the question mark stay in their directory.
        ExcludeCase("*", out: ["a", ".a", "a/b"]),
        ExcludeCase("*.md", out: ["a.md", ".md"], kept: ["a/b.md", "a.mdx", "md"]),
        ExcludeCase("*/temp*", out: ["a/temp", "a/temporary.txt"], kept: ["temp", "a/b/temp"]),
        ExcludeCase("*/*/temp*", out: ["a/b/temp"], kept: ["a/temp", "a/b/c/temp"]),
        ExcludeCase("temp?", out: ["tempa", "tempb/c"], kept: ["temp", "tempab", "temp/a"]),
        ExcludeCase(
            "a*b*c", out: ["abc", "aXbYc", "abbcc", "a-bc-c"], kept: ["ab", "abcd", "a/bc"]),
        ExcludeCase("t?", out: ["té", "t\u{1F600}"], kept: ["t"]),
        // Two stars do not.
        ExcludeCase("**", out: ["a", "a/b"]),
        ExcludeCase("**/", out: ["a", "a/b"]),
        ExcludeCase(
            "**/foo", out: ["foo", "a/foo", "a/b/foo", "a/foo/b"], kept: ["afoo", "fooa"]),
        ExcludeCase("foo/**", out: ["foo/a", "foo/a/b"], kept: ["foo", "a/foo/b"]),
        ExcludeCase(
            "a/**/b", out: ["a/b", "a/x/b", "a/x/y/b", "a/b/c"], kept: ["a/xb", "b", "ab"]),
        ExcludeCase("**/*.go", out: ["a.go", "a/b.go", "a/b/c.go"], kept: ["a.gox", "go"]),
        ExcludeCase("**/a/**/b", out: ["a/b", "x/a/y/b", "x/a/a/b"], kept: ["a", "b", "x/ab"]),
        ExcludeCase("**/**/x", out: ["x", "a/x", "a/b/x"]),
        ExcludeCase("a/**/*", out: ["a/b", "a/b/c"], kept: ["a"]),
        ExcludeCase("**/*/x", out: ["a/x", "a/b/x"], kept: ["x"]),
        // Two stars as part of a name match any directories, and the text up to a slash or nothing.
        ExcludeCase("**file", out: ["file", "a/file", "a/b/file", "afile", "a/bfile/c"]),
        ExcludeCase("**.log", out: ["x.log", "a/secret.log", ".log"], kept: ["log", "a.logs"]),
        ExcludeCase("**file*", out: ["file", "a/file.txt"], kept: ["afile", "a/bfile"]),
        ExcludeCase("a**/*.txt", out: ["a/x.txt", "a/b/x.txt", "a/b/c/x.txt"], kept: ["b/x.txt"]),
        ExcludeCase("a/*.txt**", out: ["a/x.txt", "a/x.txt2"], kept: ["a/x.tx"]),
        ExcludeCase("foo**", out: ["foo", "foobar", "foo/a", "foobar/b"], kept: ["a/foo", "fo"]),
        // Classes, and escaped characters.
        ExcludeCase("a[b-d]e", out: ["ace"], kept: ["ae", "aae", "aee", "acde"]),
        ExcludeCase("a[^b-d]e", out: ["aze", "a/e"], kept: ["ace", "ae"]),
        ExcludeCase("[!a]", out: ["!", "a"], kept: ["b"]),
        ExcludeCase("[ä-ö]", out: ["ä", "ö", "é"], kept: ["a"]),
        ExcludeCase("[\\]x]", out: ["]", "x"], kept: ["\\"]),
        ExcludeCase("a\\*b", out: ["a*b"], kept: ["axb"]),
        ExcludeCase("\\!a", out: ["!a"], kept: ["a"]),
        ExcludeCase("\\#a", out: ["#a"]),
        ExcludeCase("a\\\\", out: ["a\\"]),
        ExcludeCase("a.|)$(}+{b^c", out: ["a.|)$(}+{b^c"]),
        ExcludeCase("a.c", out: ["a.c"], kept: ["abc"]),
        // Lines.
        ExcludeCase("# a\n#b\nc", out: ["c"], kept: ["# a", "#b", "b"]),
        ExcludeCase(" #a", out: ["#a"]),
        ExcludeCase("a#b", out: ["a#b"]),
        ExcludeCase("\u{FEFF}a\nb", out: ["a", "b"]),
        ExcludeCase("a\r\nb/\r\n\r\n", out: ["a", "b/c"]),
        ExcludeCase("\n  a  \n\t\n", out: ["a"], kept: [" ", "b"]),
        ExcludeCase("a b", out: ["a b"], kept: ["a", "b"]),
        ExcludeCase("", kept: ["a"]),
        // The last match decides.
        ExcludeCase("*.md\n!README.md", out: ["a.md"], kept: ["README.md", "a/b.md"]),
        ExcludeCase(
            "*.md\n!README*.md\nREADME-secret.md", out: ["a.md", "README-secret.md"],
            kept: ["README.md", "README-a.md"]),
        ExcludeCase(
            "*.md\nREADME-secret.md\n!README*.md", out: ["a.md"],
            kept: ["README-secret.md", "README.md"]),
        ExcludeCase("!a\na", out: ["a"]),
        ExcludeCase("*\n!a/b", out: ["a", "a/c", "b"], kept: ["a/b", "a/b/c"]),
        ExcludeCase("a\n!a/b\na/b/c", out: ["a", "a/x", "a/b/c"], kept: ["a/b", "a/b/d"]),
        ExcludeCase("**/*.pyc\n!keep/**", out: ["a.pyc", "a/b.pyc"], kept: ["keep/a.pyc"]),
        ExcludeCase("a\n! a", kept: ["a"]),
        ExcludeCase("a\n!/a", kept: ["a"]),
        ExcludeCase("a\n!./a/", kept: ["a"]),
    ])
    func rules(_ rule: ExcludeCase) throws {
        for path in rule.out { #expect(try excludes(rule.lines, path), "\(path)") }
        for path in rule.kept { #expect(try !excludes(rule.lines, path), "\(path)") }
    }

    @Test(arguments: [
        "[", "a[", "[a", "[]", "[]a]", "[^]", "[a-]", "[-a]", "a\\", "!", "! ", "a/[", "[z-a]",
    ])
    func malformed(_ pattern: String) {
        #expect(throws: PatternError(pattern: ascii(pattern))) {
            try excludes("b\n" + pattern + "\n", "b")
        }
    }

    /// More parts than a word has bits.
    @Test func longPatterns() throws {
        let long = (0..<40).map { "dir-\($0)" }.joined(separator: "/")
        #expect(try excludes(long + "/*.c", long + "/x.c"))
        #expect(try !excludes(long + "/*.c", long + "/x.h"))
        #expect(try excludes("**/" + long + "/*", "a/b/" + long + "/x/y"))
        #expect(try excludes("d*/" + long.dropFirst(6), long))
    }

    @Test func bytesThatAreNotText() throws {
        var patterns = ExcludePatterns()
        try patterns.add([0x63, 0xE9, 0x2A])
        try patterns.add(ascii("x?y"))
        #expect(patterns.excludes([0x63, 0xE9]))
        #expect(patterns.excludes([0x63, 0xE9, 0xFF]))
        #expect(!patterns.excludes([0x63, 0xC3, 0xA9]))
        #expect(patterns.excludes([0x78, 0xE9, 0x79]))
    }

    @Test func aPatternOfTheCommandLineIsNoComment() throws {
        var patterns = ExcludePatterns()
        try patterns.add(ascii("#a"))
        #expect(patterns.excludes(ascii("#a")))
        #expect(!patterns.hasExceptions)
        try patterns.add(ascii("!#a"))
        #expect(patterns.hasExceptions)
        #expect(!patterns.excludes(ascii("#a")))
    }

    /// The time for many stars is not exponential in their number.
    @Test(.timeLimit(.minutes(1)))
    func manyStars() throws {
        let name = String(repeating: "a", count: 250)
        #expect(try !excludes(String(repeating: "*a", count: 60) + "b", name))
        let deep = String(repeating: "a/", count: 60) + "a"
        #expect(try !excludes(String(repeating: "**/a/", count: 12) + "b", deep))
        #expect(try !excludes(String(repeating: "**/*a", count: 12) + "b", deep))
    }
}
