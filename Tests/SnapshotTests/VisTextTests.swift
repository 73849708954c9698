import Testing

@testable import Snapshot

@Suite struct VisTextTests {
    @Test func everyByteSurvives() {
        let bytes = Array(UInt8.min...UInt8.max)
        var text: [UInt8] = []
        VisText.append(bytes, to: &text)
        #expect(text.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") })
        #expect(VisText.decode(text[...]) == bytes)
    }

    @Test(arguments: [
        (#"a\040b"#, "a b"), (#"a\sb"#, "a b"), (#"a\\b"#, #"a\b"#), (#"\^A\^?"#, "\u{1}\u{7F}"),
        (#"\1012"#, "A2"), (#"\n\t\r\E"#, "\n\t\r\u{1B}"), ("plain=#", "plain=#"),
    ])
    func decodes(_ text: String, _ expected: String) {
        #expect(VisText.decode(Array(text.utf8)[...]) == Array(expected.utf8))
    }

    @Test func decodesMeta() {
        #expect(VisText.decode(Array(#"\M-a\M^A"#.utf8)[...]) == [0xE1, 0x81])
    }

    @Test(arguments: [#"a\"#, #"\q"#, #"\777"#, #"\M"#, #"\Mx"#, #"\M-"#, #"\^"#])
    func refuses(_ text: String) {
        #expect(VisText.decode(Array(text.utf8)[...]) == nil)
    }
}
