import Testing

@testable import ToolSupport

@Suite struct PrintableTests {
    @Test(arguments: [
        (0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (1536, "1.5 KiB"),
        (102_400, "100 KiB"), (1_048_576, "1.0 MiB"), (5_000_000_000, "4.7 GiB"),
        (.max, "8.0 EiB"),
    ])
    func sizes(_ byteCount: Int64, _ text: String) {
        #expect(humanReadable(byteCount) == text)
    }

    @Test func exactTextShowsWhiteSpaceOfOtherKinds() {
        #expect(Printable.exact("a  b\tc\n") == #"a  b\011c\012"#)
        #expect(Printable.exact("\u{1B}]0;x\u{7}") == #"\033]0;x\007"#)
    }

    @Test func whatIsTooLongEndsInAnEllipsis() {
        #expect(Printable.truncated("abcd", to: 4) == "abcd")
        #expect(Printable.truncated("abcde", to: 4) == "abc…")
        #expect(Printable.truncated("abc", to: 0) == "…")
    }
}

@Suite struct TextTableTests {
    @Test func columnsAreAligned() {
        var table = TextTable([.right, .left, .left])
        table.append(["#", "NAME", "TEXT"])
        table.append(["10", "a", "x y"])
        table.append(["9", "", ""])
        #expect(table.lines() == [" #  NAME  TEXT", "10  a     x y", " 9"])
    }

    @Test func emptyColumnsAreLeftOut() {
        var table = TextTable([.left, .left, .left])
        table.append(["a", "", "b"])
        table.append(["cc", "", ""])
        #expect(table.lines() == ["a   b", "cc"])
        #expect(TextTable([.left]).lines() == [])
    }

    @Test func onlyTheLastColumnIsCut() {
        var table = TextTable([.left, .left])
        table.append(["abcdef", "0123456789"])
        #expect(table.lines(width: 16) == ["abcdef  0123456…"])
        #expect(table.lines(width: 18) == ["abcdef  0123456789"])
        #expect(table.lines(width: 3) == ["abcdef  0123456…"])
    }
}
