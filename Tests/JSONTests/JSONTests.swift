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

    @Test func escapesAreDecodedBesideTheirText() throws {
        let text = #""a\u0041\n\\\/é\ud83d\ude00\"z""#
        let value = try JSON.parse(Array(text.utf8))
        guard case .string(let string) = value else {
            Issue.record("\(value.kind)")
            return
        }
        #expect(string.text == "aA\n\\/é😀\"z")
        #expect(value == .string("aA\n\\/é😀\"z"))
        #expect(value.serialized() == Array(text.utf8))
    }

    @Test func whatIsMadeIsEscapedAsLittleAsMayBe() throws {
        let text = "\u{0}\u{1F}\u{8}\t\n\u{C}\r\"\\/\u{7F}é"
        let written = JSON.string(text).serialized()
        #expect(
            String(decoding: written, as: UTF8.self)
                == #""\u0000\u001f\b\t\n\f\r\"\\/"# + "\u{7F}é\"")
        #expect(try JSON.parse(written) == .string(text))
        #expect(JSONString(utf8: [0x61, 0xFF]).text == "a\u{FFFD}")
    }

    @Test func decimalNumbers() {
        func text(_ value: Int64, _ billionths: UInt32) -> String {
            String(decoding: JSONNumber(value, billionths: billionths).text, as: UTF8.self)
        }
        #expect(text(1, 0) == "1")
        #expect(text(1, 500_000_000) == "1.5")
        #expect(text(0, 1) == "0.000000001")
        #expect(text(-1, 0) == "-1")
        #expect(text(-1, 400_000_000) == "-0.6")
        #expect(text(-2, 999_999_999) == "-1.000000001")
        #expect(text(.max, 10_000_000) == "9223372036854775807.01")
        #expect(text(.min, 1) == "-9223372036854775807.999999999")
    }

    @Test func nestingHasALimit() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array(repeating: 0x5B, count: depth) + Array(repeating: 0x5D, count: depth)
        }
        _ = try JSON.parse(nested(JSON.depthLimit))
        #expect(throws: JSONError.self) { try JSON.parse(nested(JSON.depthLimit + 1)) }
        let objects = String(repeating: #"{"a":"#, count: 200) + "1"
        #expect(throws: JSONError.self) { try JSON.parse(Array(objects.utf8)) }
        // Only depth counts, not size.
        let wide = "[" + Array(repeating: "[[]]", count: 1000).joined(separator: ",") + "]"
        _ = try JSON.parse(Array(wide.utf8))
    }

    @Test func duplicatesAreFoundInLargeObjects() throws {
        let keys = (0..<100).map { #""k\#($0)":1"# }.joined(separator: ",")
        _ = try JSON.parse(Array("{\(keys)}".utf8))
        #expect(throws: JSONError.self) { try JSON.parse(Array(#"{\#(keys),"k\u0035":2}"#.utf8)) }
    }

    @Test(arguments: [
        ("0", Int64(0)), ("-0", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
        ("9223372036854775808", nil), ("1.0", nil), ("1e2", nil), ("-1E+2", nil),
    ])
    func integers(_ text: String, _ expected: Int64?) throws {
        guard case .number(let number) = try JSON.parse(Array(text.utf8)) else {
            Issue.record("\(text) is no number")
            return
        }
        #expect(number.int64 == expected)
    }
}

@Suite struct JSONErrorTests {
    @Test(arguments: [
        ("{\"a\":1,}", "byte 7: a key should be here"),
        ("[1 2]", "byte 3: a comma or a closing bracket should be here"),
        ("", "byte 0: the text ends where a value should be"),
        ("1 1", "byte 2: more after the value"),
        ("{\"a\":1,\"a\":2}", "byte 0: an object has the same key twice"),
    ])
    func syntaxErrorsNameTheByte(_ text: String, _ expected: String) {
        let error = #expect(throws: JSONError.self) { try JSON.parse(Array(text.utf8)) }
        #expect(error?.text == expected)
    }

    @Test func pathsNameTheField() throws {
        let path = JSONPath.root.key("a_1").index(2).key("b c").key("").key("d").index(0)
        #expect(path.text == #"a_1[2]["b c"][""].d[0]"#)
        #expect(JSONPath.root.index(3).key("x").text == "[3].x")
        #expect(JSONPath.root.text.isEmpty)
        let inner = JSONError.field(path: JSONPath.root.index(1).key("y"), "wrong")
        #expect(inner.inside(.root.key("x")).text == "x[1].y: wrong")
        #expect(
            JSONError.syntax(offset: 4, "bad").inside(.root.key("x")).text
                == "x: not JSON, byte 4: bad")
        #expect(JSONPath.root.key("a").index(1) == JSONPath.root.key("a").index(1))
        #expect(JSONPath.root.key("a") != JSONPath.root.key("b"))
    }

    @Test func hostileKeysStayShortAndHarmless() {
        let key = JSONString(String(repeating: "x", count: 5000) + "\n")
        #expect(JSONPath.root.key(key).text.utf8.count < 100)
        #expect(JSONPath.root.key("a\nb").text == #"["a\nb"]"#)
    }
}

@Suite struct JSONObjectTests {
    private func object(_ text: String) throws -> JSONObject {
        try JSONField(JSON.parse(Array(text.utf8))).object()
    }

    private func text(_ object: JSONObject) -> String {
        String(decoding: object.serialized(), as: UTF8.self)
    }

    @Test func membersKeepTheirPlaces() throws {
        var value = try object(#"{"b":1,"a":2,"c":3}"#)
        value["a"] = .null
        value["b"] = nil
        value["d"] = .bool(true)
        #expect(text(value) == #"{"a":null,"c":3,"d":true}"#)
    }

    @Test(arguments: [
        ("{}", #"{"c":0}"#), (#"{"a":1}"#, #"{"a":1,"c":0}"#), (#"{"e":1}"#, #"{"c":0,"e":1}"#),
        (#"{"x":1,"b":1,"a":1,"e":1}"#, #"{"x":1,"b":1,"c":0,"a":1,"e":1}"#),
        (#"{"x":1}"#, #"{"x":1,"c":0}"#), (#"{"c":9,"a":1}"#, #"{"c":0,"a":1}"#),
    ])
    func newMembersStandInOrder(_ before: String, _ after: String) throws {
        var value = try object(before)
        value.set("c", to: .integer(0), order: ["a", "b", "c", "d", "e"])
        #expect(text(value) == after)
        value.set("c", to: nil, order: ["a", "b", "c"])
        #expect(value["c"] == nil)
    }

    @Test(arguments: [
        // The cases of RFC 7396, appendix A, in which patch and target are objects.
        (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
        (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
        (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
        (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
        (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
        (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
        (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
        (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
        (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
        (#"{"a":"foo"}"#, #"{"a":{"b":1}}"#, #"{"a":{"b":1}}"#),
        ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    ])
    func mergePatches(_ target: String, _ patch: String, _ result: String) throws {
        var value = try object(target)
        value.merge(try object(patch))
        #expect(text(value) == result)
    }
}

@Suite struct JSONKeyTests {
    /// The same, whether keys are searched or found by their hashes.
    @Test func manyMembersAreAsFew() throws {
        var object = JSONObject()
        var expected: [(String, Int)] = []
        for number in 0..<40 {
            object[JSONString("k\(number)")] = .integer(number)
            expected.append(("k\(number)", number))
        }
        object["k7"] = nil
        object["k39"] = nil
        object["k3"] = .integer(-3)
        object.set("new", to: .null, after: ["k1"])
        object.set("last", to: .null, after: ["none"])
        #expect(object["k8"] == .integer(8) && object["k7"] == nil && object["k39"] == nil)
        #expect(object["new"] == .null && object.members[2].key == "new")
        object["new"] = nil
        object["last"] = nil
        #expect(object["new"] == nil && object["last"] == nil && object["k38"] == .integer(38))
        expected.remove(at: 39)
        expected.remove(at: 7)
        expected[3].1 = -3
        #expect(object.members.map(\.key.text) == expected.map(\.0))
        #expect(try JSON.parse(object.serialized()) == .object(object))
        for member in object.members where member.key != "k8" { object[member.key] = nil }
        #expect(object["k8"] == .integer(8) && object["k9"] == nil)
        object["k8"] = nil
        #expect(object == JSONObject())
    }

    @Test(arguments: [
        ("layers", "layers", false), ("Layers", "layers", true), ("layer\u{17F}", "layers", true),
        ("LAYER\u{17F}", "layers", true), ("layer", "layers", false), ("layerss", "layers", false),
        ("\u{212A}", "k", true), ("\u{212A}ey", "Key", true), ("\u{17F}", "s", true),
        ("\u{17E}", "s", false), ("k\u{FFFD}", "ks", false), ("", "", false), ("", "a", false),
        ("os_version", "os.version", false), ("[", "{", false), ("@", "`", false),
    ])
    func spellings(_ key: String, _ known: String, _ isOther: Bool) {
        #expect(JSONString(key).isOtherSpelling(of: JSONString(known)) == isOther)
    }

    @Test func otherSpellingsAreRefusedWhereTheyAreRead() throws {
        let field = JSONField(try JSON.parse(Array(#"{"A":{"b":1,"B":2},"c":null}"#.utf8)))
        #expect(throws: JSONError.self) { try field.member("a") }
        #expect(throws: JSONError.self) { try field.has("a") }
        #expect(throws: JSONError.self) { try field.checkSpelling(of: ["c", "a"]) }
        let inner = try field.required("A")
        #expect(throws: JSONError.self) { try inner.required("b") }
        #expect(try field.requiredElements("c").isEmpty)
        #expect(throws: JSONError.self) { try field.requiredElements("d") }
    }

    @Test func membersAreRemovedByTheirPaths() throws {
        let document = try JSON.parse(Array(#"{"a":{"b":[1,{"c":2,"d":3}],"e":4},"f":[5]}"#.utf8))
        func rest(_ path: JSONPath) -> String? {
            document.removing(path).map { String(decoding: $0.serialized(), as: UTF8.self) }
        }
        let inner = JSONPath.root.key("a")
        #expect(rest(inner.key("e")) == #"{"a":{"b":[1,{"c":2,"d":3}]},"f":[5]}"#)
        #expect(rest(inner.key("b").index(1).key("c")) == #"{"a":{"b":[1,{"d":3}],"e":4},"f":[5]}"#)
        // An element is removed with its array.
        #expect(rest(inner.key("b").index(0)) == #"{"a":{"e":4},"f":[5]}"#)
        #expect(rest(.root.key("f").index(0)) == #"{"a":{"b":[1,{"c":2,"d":3}],"e":4}}"#)
        for path in [
            .root, .root.index(0), .root.key("z"), inner.key("b").key("c"),
            inner.key("b").index(2).key("c"), inner.index(0).key("b"),
        ] as [JSONPath] {
            #expect(rest(path) == nil)
        }
        #expect(inner.key("b").index(1).index(2).member == inner.key("b"))
        #expect(inner.key("b").topMember == "a" && JSONPath.root.topMember == nil)
    }
}
