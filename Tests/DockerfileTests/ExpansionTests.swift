import Testing

@testable import Dockerfile

/// The expanded text; nil for an error.
private struct Vector: CustomTestStringConvertible, Sendable {
    let input: String
    let output: String?
    var testDescription: String { input }

    init(_ input: String, _ output: String?) {
        self.input = input
        self.output = output
    }
}

private let variables = Variables([
    (name: "DIR", value: "/srv"), (name: "EMPTY", value: ""), (name: "TOOL", value: "make"),
    (name: "PATH_", value: "a/b/c.tar.gz"), (name: "HAUS", value: "Häuser"),
    (name: "BLANKS", value: " x  y "), (name: "STAR", value: "a*b*c"), (name: "É", value: "accent"),
])

extension Expansion {
    fileprivate func expand(
        _ text: String
    ) throws(SubstitutionError) -> (text: String, unset: [String]) {
        var budget = SubstitutionBudget()
        return try expand(text, &budget)
    }

    fileprivate func words(of text: String) throws(SubstitutionError) -> [String] {
        var budget = SubstitutionBudget()
        return try words(of: text, &budget)
    }
}

private func expanded(_ text: String, escape: Unicode.Scalar = "\\") -> String? {
    do {
        return try Expansion(escape: escape, variables: variables).expand(text).text
    } catch {
        return nil
    }
}

private func words(_ text: String) -> [String]? {
    do {
        return try Expansion(escape: "\\", variables: variables).words(of: text)
    } catch {
        return nil
    }
}

@Suite struct ExpansionTests {
    @Test(arguments: [
        Vector("plain", "plain"), Vector("p'la'in", "plain"), Vector("p'lain", nil),
        Vector(#"p\'lain"#, "p'lain"), Vector(#"p\\'lain"#, nil), Vector(#"a\tb"#, "atb"),
        Vector(#""a\tb""#, #"a\tb"#), Vector(#""a\\tb""#, #"a\tb"#), Vector(#"'a\tb'"#, #"a\tb"#),
        Vector(#"end\"#, "end"), Vector(#"end\\"#, #"end\"#), Vector(#""open"#, nil),
        Vector(#""open\""#, nil), Vector(#""it's""#, "it's"), Vector(#"'ends\'"#, #"ends\"#),
        Vector(#"'two\\kept'"#, #"two\\kept"#), Vector(#"'"'"#, "\""), Vector(#""''""#, "''"),
        Vector("Größe'n'", "Größen"), Vector("", ""),
    ])
    fileprivate func quotesAndEscapes(_ vector: Vector) {
        #expect(expanded(vector.input) == vector.output)
    }

    @Test(arguments: [
        Vector("$DIR", "/srv"), Vector("a$DIR.", "a/srv."), Vector("${DIR}x", "/srvx"),
        Vector("$dir", ""), Vector("$DIRx", ""), Vector(#"\$DIR"#, "$DIR"),
        Vector(#"\\$DIR"#, #"\/srv"#), Vector(#""\$DIR""#, "$DIR"), Vector(#""\\$DIR""#, #"\/srv"#),
        Vector("'$DIR'", "$DIR"), Vector("\"'$DIR'\"", "'/srv'"), Vector("$.", "$."),
        Vector("$", "$"), Vector("a$ b", "a$ b"), Vector(#"\${}"#, "${}"), Vector("$É", "accent"),
        Vector("$E\u{301}", "\u{301}"), Vector("${HAUS}", "Häuser"),
        // Positional and special parameters are names that are never set.
        Vector("a$1b", "ab"), Vector("$123b", "b"), Vector("${1:-d}", "d"), Vector("$@@", "@"),
        Vector("$$$", "$"), Vector("${$:-d}", "d"), Vector("$?$!$#$*$-x", "x"), Vector("$0x", "x"),
    ])
    fileprivate func names(_ vector: Vector) {
        #expect(expanded(vector.input) == vector.output)
    }

    @Test(arguments: [
        Vector("${DIR-x}${EMPTY-x}${NONE-x}", "/srvx"),
        Vector("${DIR:-x}${EMPTY:-x}${NONE:-x}", "/srvxx"),
        Vector("${DIR+x}${EMPTY+x}${NONE+x}", "xx"),
        Vector("${DIR:+x}${EMPTY:+x}${NONE:+x}", "x"),
        Vector("${DIR?m}${EMPTY?m}", "/srv"), Vector("${EMPTY:?}", nil), Vector("${NONE?}", nil),
        Vector("${NONE:-$DIR}", "/srv"), Vector("${NONE:-${ALSO:-y}}", "y"),
        Vector("${DIR:+${TOOL}:}", "make:"), Vector(#"${NONE:-\$DIR}"#, "$DIR"),
        Vector("${NONE:-'}'}", "}"), Vector("${NONE:-a {b}", "a {b"), Vector("${NONE:-a}}", "a}"),
        Vector("${NONE:-}", ""), Vector("${NONE:-a ${DIR}", nil),
        Vector("${}", nil), Vector("${:-x}", nil), Vector("${{DIR}", nil), Vector("${.}", nil),
        Vector("${DIR", nil), Vector("${DIR:=x}", nil), Vector("${DIR=x}", nil),
        Vector("${DIR:x}", nil), Vector("${DIR@Q}", nil), Vector("${DIR:#x}", nil),
        Vector("${DIR:%x}", nil), Vector("${", nil),
    ])
    fileprivate func modifiers(_ vector: Vector) {
        #expect(expanded(vector.input) == vector.output)
    }

    @Test(arguments: [
        Vector("${PATH_#*/}", "b/c.tar.gz"), Vector("${PATH_##*/}", "c.tar.gz"),
        Vector("${PATH_%.*}", "a/b/c.tar"), Vector("${PATH_%%.*}", "a/b/c"),
        Vector("${PATH_#}", "a/b/c.tar.gz"), Vector("${PATH_##}", "a/b/c.tar.gz"),
        Vector("${PATH_#x}", "a/b/c.tar.gz"), Vector("${PATH_#?}", "/b/c.tar.gz"),
        Vector("${PATH_%??}", "a/b/c.tar."), Vector("${PATH_##*}", ""),
        Vector("${PATH_#*}", "a/b/c.tar.gz"),
        Vector(#"${STAR#a\*}"#, "b*c"), Vector(#"${STAR%\**}"#, "a*b"),
        Vector(#"${STAR%%\**}"#, "a"), Vector(#"${STAR#a\?}"#, "a*b*c"),
        Vector(#"${STAR#\a}"#, nil),
        Vector("${PATH_/b/B}", "a/B/c.tar.gz"), Vector(#"${PATH_//\//-}"#, "a-b-c.tar.gz"),
        Vector(#"${PATH_/\//-}"#, "a-b/c.tar.gz"), Vector("${PATH_//./}", "a/b/ctargz"),
        Vector("${PATH_//?.*/X}", "a/b/X"), Vector(#"${STAR//\*/$TOOL}"#, "amakebmakec"),
        Vector("${PATH_//x}", nil), Vector("${PATH_/x/y", nil), Vector("${NONE/a/b}", ""),
        Vector("${TOOL///-}", "-m-a-k-e-"), Vector("${HAUS/ä/au}", "Hauuser"),
        Vector("${PATH_#[a]}", "a/b/c.tar.gz"), Vector("${PATH_/$NONE/x}", "xa/b/c.tar.gz"),
    ])
    fileprivate func patterns(_ vector: Vector) {
        #expect(expanded(vector.input) == vector.output)
    }

    @Test func wordsAreSplitAfterReplacing() {
        #expect(words("a${NONE}b") == ["ab"])
        #expect(words("a${BLANKS}b") == ["a", "x", "y", "b"])
        #expect(words("a\"${BLANKS}\"b") == ["a x  y b"])
        #expect(words("a \"$BLANKS\" b") == ["a", " x  y ", "b"])
        #expect(words("${BLANKS}") == ["x", "y"])
        #expect(words(#"a\ b c"#) == ["a b", "c"])
        #expect(words(#"a\" b"#) == ["a\"", "b"])
        #expect(words("a' b'c") == ["a bc"])
        #expect(words("a \"\" ''") == ["a"])
        #expect(words("a\" b") == nil)
        #expect(words("") == [])
        #expect(words("x${NONE:-y}z") == ["xyz"])
    }

    @Test func anotherEscapeCharacter() {
        #expect(expanded(#"c:\dir`$DIR"#, escape: "`") == #"c:\dir$DIR"#)
        #expect(expanded(#""`"\""#, escape: "`") == #""\"#)
    }

    @Test func namesOfWhatIsNotSet() throws {
        let result = try Expansion(escape: "\\", variables: variables)
            .expand("$NONE ${OTHER:-x} '$QUOTED' $DIR $NONE")
        #expect(result.unset == ["NONE"])
    }

    @Test func theMessageOfWhatMustBeSet() {
        let expansion = Expansion(escape: "\\", variables: variables)
        #expect(throws: SubstitutionError.notSet(name: "NONE", message: "say /srv")) {
            try expansion.expand("${NONE:?say $DIR}")
        }
    }

    @Test func depthIsBounded() {
        let deep = String(repeating: "${A:-", count: 100_000)
        let expansion = Expansion(escape: "\\", variables: variables)
        #expect(throws: SubstitutionError.tooDeep) { try expansion.expand(deep) }
    }

    @Test func matchingTakesNoExponentialTime() throws {
        let many = Variables([
            (name: "A", value: String(repeating: "a", count: 20_000)),
            (name: "P", value: String(repeating: "*a", count: 40) + "b"),
        ])
        let expansion = Expansion(escape: "\\", variables: many)
        #expect(try expansion.expand("${A//$P/x}").text.utf8.count == 20_000)
        #expect(try expansion.expand("${A##$P}").text.utf8.count == 20_000)
    }

    @Test(arguments: [
        "$A$A", "${A:-$A}$A", "${A//a/$A}", "${A#$A}", "${A//*/x}", #""$A$A""#, "${A+$A}$A",
    ])
    func whatIsReadIsBounded(text: String) {
        let large = Variables([
            (name: "A", value: String(repeating: "a", count: 20_000))
        ])
        var budget = SubstitutionBudget(rest: 30_000)
        #expect(throws: SubstitutionError.tooMuch) {
            try Expansion(escape: "\\", variables: large).expand(text, &budget)
        }
    }

    @Test func theBoundIsThatOfAllTexts() throws {
        let half = Variables([
            (name: "A", value: String(repeating: "a", count: 20_000))
        ])
        let expansion = Expansion(escape: "\\", variables: half)
        var budget = SubstitutionBudget(rest: 40_000)
        _ = try expansion.expand("$A", &budget)
        _ = try expansion.expand("$A", &budget)
        #expect(budget.rest == 0)
        #expect(throws: SubstitutionError.tooMuch) { try expansion.expand("$A", &budget) }
    }

    @Test func variablesKeepTheirPlace() {
        var list = Variables([(name: "A", value: "1"), (name: "B", value: "2")])
        list["A"] = "3"
        list["C"] = "4"
        #expect(list.entries.map { "\($0.name)=\($0.value)" } == ["A=3", "B=2", "C=4"])
        // They look the same, but are two names.
        list["\u{E9}"] = "one"
        #expect(list["e\u{301}"] == nil)
    }
}
