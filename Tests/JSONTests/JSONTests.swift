import Testing

@testable import JSON

private func roundTrip(_ text: String) throws -> String {
    String(decoding: try JSON.parse(Array(text.utf8)).serialized(), as: UTF8.self)
}

@Suite struct JSONTests {
    @Test(arguments: [
        #"{"b":1,"a":2}"#, "18446744073709551616", "[1.0,1e3,1.10,-0,1e400]",
        #""\/\u0041\u003c\ud83d\ude00""#, "[]", "{}", #""""#, "null",
    ])
    func whatIsNotEditedStays(_ text: String) throws {
        #expect(try roundTrip(text) == text)
    }

    @Test(arguments: [
        #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, "[1,]", "{,}", "01", "1.", "+1", ".5", "[1 2]",
        "nul", #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, #""\x""#, "\"\u{1}\"", "", " ",
        "1 1",
        "\u{FEFF}1", String(repeating: "[", count: 600), #"{"a"}"#, #"{1:1}"#, "NaN", "\"",
    ])
    func malformedIsRefused(_ text: String) {
        #expect(throws: JSONError.self) { try roundTrip(text) }
    }

    @Test func invalidUTF8IsRefused() {
        for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] {
            #expect(throws: JSONError.self) { try JSON.parse([0x22] + bytes + [0x22]) }
        }
    }

    @Test func keysThatLookTheSameAreDifferent() throws {
        let value = try JSON.parse(Array("{\"\u{e9}\":1,\"e\u{301}\":2}".utf8))
        let object = try JSONField(value).object()
        #expect(object["\u{e9}"] == .integer(1))
        #expect(object["e\u{301}"] == .integer(2))
    }
}
