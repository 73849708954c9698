import Testing

@testable import JSON

/// The questions of JSONTestSuite, with texts of our own. RFC 8259 answers nearly all of them;
/// where it leaves a choice, the test states the choice.
@Suite struct JSONCorpusTests {
    @Test(arguments: [
        // Arrays and objects.
        "[[]  ]", "[\"\"]", "[]", "[\"x\"]", "[false]", "[null, 2, \"3\", {}]", "[null]", "[2\n]",
        " [2]", "[2,null,null,null,3]", "[3] ", " [] ", "[true]", "[\"x\"]\n", "{}",
        #"{"k":"v","l":"w"}"#, #"{"k":"v"}"#, #"{"":1}"#, #"{"a\u0000b":7}"#,
        #"{"low":-2.0e+30,"high":2.0e+30}"#,
        #"{"k":[{"l":"\#(String(repeating: "w", count: 50))"}]}"#,
        #"{"k":[]}"#, "{\n\"k\": \"v\"\n}", #"{"k":"\u041f\u043e"}"#,
        // Values alone.
        "false", "42", "-0.1", "null", "\"x\"", "true", "\"\"", "\"x\"\r\n", "\t1",
        // Numbers.
        "[12e34]", "[0e+1]", "[0e1]", "[ 5]", "[-0.00000000000000000000000000000000000001]",
        "[30e2]",
        "[-0]", "[-345]", "[-2]", "[2E33]", "[2E-3]", "[2E+3]", "[345e67]", "[345.678e90]",
        "[2e-3]", "[2e+3]", "[345]", "[345.678]",
        // Strings.
        #"["\u0061\u00E9\u20ac"]"#, #"["\ud834\udd1e"]"#, #"["\ud83d\ude00\uD83D\uDE01"]"#,
        #"["\"\\\/\b\f\n\r\t"]"#, #"["\\u0000"]"#, #"["\""]"#, #"["a/*b*/c"]"#, #"["\\a"]"#,
        #"["\\n"]"#, #"["\u0012"]"#, #"["\uFFFF"]"#, #"["\uDBFF\uDFFF"]"#, #"["\u00A0x"]"#,
        #"["\u0000"]"#, #"["\u002c"]"#, #"["\u2028\u2029"]"#, #"["\u000A"]"#, #"["\u005C"]"#,
        #"["\u0022"]"#, #"["\uDBFF\uDFFE"]"#, #"["\uD83F\uDFFE"]"#,
        #"["\u200B\u2064\uFDD0\uFFFE"]"#,
        "[\"\u{10FFFF}\u{FFFF}\u{1BFFF}\"]", "[\"\u{3C0}\"]", "[\"\u{20AC}\u{E9}\"]",
        "[\"\u{2028}\u{2029}\"]",
        "[\"\u{7F}\"]", "[\" \"]", "[\"a\u{7F}b\"]", "[\"\u{2342}\u{3A8}\"]",
    ])
    func isRead(_ text: String) throws {
        #expect(throws: Never.self) { try JSON.parse(Array(text.utf8)) }
    }

    @Test(arguments: [
        // Arrays.
        "[2 true]", "[\"\": 2]", "[\"\"],", "[,2]", "[2,,3]", "[\"x\",,]", "[\"x\"]]", "[\"\",]",
        "[\"\"",
        "[x", "[4[5]]", "[2;3]", "[,]", "[-]", "[   , \"\"]", "[\"x\",\n5\n,2,", "[2,]", "[2,,]",
        "[\"\u{B}x\"\\f]", "[*]", "[2,", "[2,\n2\n,2", "[{}", "[\"\"x]", "[", "[\"x", "[2]]", "]",
        "[][]",
        "[{", "['x'", "[\"x\"", "[\"", "[ fals", "[ nul", "[ tru", "[fals]", "[nul]", "[tru]",
        "[1}",
        // Numbers.
        "234 00", "[++2]", "[+2]", "[+Inf]", "[-02]", "[-2.0.]", "[-3.]", "[-NaN]", "[.-2]",
        "[.3e-4]",
        "[0.2.3]", "[0.4e+]", "[0.4e]", "[0.e2]", "[0E+]", "[0E]", "[0e+]", "[0e]", "[2.0e+]",
        "[2.0e-]",
        "[2.0e]", "[2 000.0]", "[2eE3]", "[3.e+4]", "[3.e-4]", "[3.e4]", "[8.e+]", "[Inf]", "[NaN]",
        "[\u{FF12}]", "[2+3]", "[0x2]", "[0x43]", "[Infinity]", "[0e+-2]", "[-234.56foo]",
        "[-Infinity]",
        "[-x]", "[- 2]", "[-013]", "[-.234]", "[-2x]", "[2ea]", "[2.]", "[.234]", "[2.3a-]",
        "[2.8011670034376513527f]", "[013]", "2x",
        // Objects.
        "[\"k\", truth]", "{[: \"k\"}", "{\"k\", null}", "{\"k\"::\"v\"}", "{\u{1F1E8}}",
        "{\"k\":\"v\" 1}",
        "{k: 'v'}", "{\"k\" v}", "{:\"v\"}", "{\"k\" \"v\"}", "{\"k\":", "{\"k\"", "{2:2}",
        "{9999E9999:2}",
        "{null:null,null:null}", "{\"k\":0,,,,,}", "{'k':0}", "{\"k\":0,}", "{\"k\":\"v\"}/**/",
        "{\"k\":\"v\"}/**//", "{\"k\":\"v\"}//", "{\"k\":\"v\"}/", "{\"k\":\"v\",,\"l\":\"w\"}",
        "{k: \"v\"}",
        "{\"k\":\"v", "{ \"k\" : \"v\", \"l\" }", "{\"k\":\"v\"}#", "{", "{]", "{,", "{[", "{\"k",
        "{'k'", "{}}",
        "{\"k\":/*v*/\"v\"}", "{\"k\": true} \"x\"", "{\"k\":\"v\"", "{\"k\":\"v\",\"l\":",
        // Strings.
        #"["\uD800\"]"#, #"["\uD800\u"]"#, #"["\uD800\u2"]"#, #"["\uD800\u2x"]"#, "[\u{E9}]",
        "[\"\\\u{0}\"]", #"["\x00"]"#, #"["\\\"]"#, "[\"\\\t\"]", "[\"\\\u{1F300}\"]", #"["\"]"#,
        #"["\u00B"]"#,
        #"["\uD834\uDd"]"#, #"["\uD800\uD800\x"]"#, #"["\b\q"]"#, #"["\uqqqq"]"#, #"[\u0020"x"]"#,
        #"[\n]"#,
        "\"", "['x']", "word", "[\"\\", "[\"x\u{0}y\"]", "[\"new\nline\"]", "[\"\t\"]",
        #""\UB16F""#, "\"\"x",
        // Documents.
        " ", "", "[\u{2060}]", "\u{FEFF}", "<.>", "[<null>]", "[2]x", "\u{E5}", "[True]", "2]",
        "{\"k\":true,",
        "\u{0}", "[\u{0}]", "{}#", "*", "#{\"k\":1}", "[\\u000A\"\"]", "[\"x\", 2", "\u{2060}[]",
        "[\u{C}]",
    ])
    func isRefused(_ text: String) {
        #expect(throws: JSONError.self) { try JSON.parse(Array(text.utf8)) }
    }

    static let brokenBytes: [[UInt8]] = [
        [0x5B, 0xFF, 0x5D], [0x5B, 0x61, 0xE5, 0x5D], [0x5B, 0x31, 0x65, 0x31, 0xE5, 0x5D],
        [0x5B, 0x30, 0xE5, 0x5D], [0x7B, 0x22, 0x6B, 0x22, 0x3A, 0x30, 0xB9, 0x7D],
        [0xE5], [0xEF, 0xBB], [0x5B, 0x22, 0x5C, 0x75, 0xE5, 0x22, 0x5D],
        [0x5B, 0x22, 0x5C, 0xE5, 0x22, 0x5D],
    ]

    @Test(arguments: brokenBytes)
    func bytesThatAreNoText(_ bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON.parse(bytes) }
    }

    /// Numbers keep their text, so none is too large or too small.
    @Test(arguments: [
        "[234.5e-78999]", "[0.4e00669999999999999999999999999999999999999]", "[-2e+9999]",
        "[2e+9999]",
        "[-234567e89999]", "[234567e89999]", "[234e-10000000]", "[-2345678901234567890123]",
        "[1000000000000000000000]", "[1.000000000000000005]", "[1e-999]", "[9223372036854775808]",
    ])
    func numbersOfAnySize(_ text: String) throws {
        #expect(try JSON.parse(Array(text.utf8)).serialized() == Array(text.utf8))
    }

    /// A surrogate must be half of a pair; parsers disagree on others.
    @Test(arguments: [
        #"{"\uDFAA":0}"#, #"["\uDADA"]"#, #"["\uD888\u2234"]"#, #"["\uD800\n"]"#, #"["\uDd1ea"]"#,
        #"["\uD800\uD800\n"]"#, #"["\ud800"]"#, #"["\ud800abc"]"#, #"["\uDd1e\uD834"]"#,
        #"["\uDFAA"]"#,
    ])
    func halvesOfPairsAreRefused(_ text: String) {
        #expect(throws: JSONError.self) { try JSON.parse(Array(text.utf8)) }
    }

    /// Text is UTF-8 and nothing else, without a byte order mark.
    static let otherEncodings: [[UInt8]] = [
        [0xFF, 0xFE, 0x5B, 0, 0x5D, 0], [0, 0x5B, 0, 0x5D], [0x5B, 0, 0x5D, 0],
        [0xEF, 0xBB, 0xBF, 0x7B, 0x7D],
        [0x5B, 0x22, 0xE6, 0x97, 0xA5, 0xD1, 0x88, 0xFA, 0x22, 0x5D],
        [0x5B, 0x22, 0xED, 0xA0, 0x80, 0x22, 0x5D],
        [0x5B, 0x22, 0xFF, 0x22, 0x5D], [0x5B, 0x22, 0xE9, 0x22, 0x5D],
        [0x5B, 0x22, 0x81, 0x22, 0x5D],
        [0x5B, 0x22, 0xF4, 0xBF, 0xBF, 0xBF, 0x22, 0x5D], [0x5B, 0x22, 0xC0, 0xAF, 0x22, 0x5D],
        [0x5B, 0x22, 0xFC, 0x83, 0xBF, 0xBF, 0xBF, 0xBF, 0x22, 0x5D],
        [0x5B, 0x22, 0xFC, 0x80, 0x80, 0x80, 0x80, 0x80, 0x22, 0x5D],
        [0x5B, 0x22, 0xE0, 0xFF, 0x22, 0x5D],
    ]

    @Test(arguments: otherEncodings)
    func otherEncodingsAreRefused(_ bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON.parse(bytes) }
    }

    /// Parsers disagree on which of two equal members counts, and digests depend on it.
    @Test(arguments: [
        #"{"k":1,"k":2}"#, #"{"k":1,"k":1}"#, #"{"k":0,"k":-0}"#, #"{"k":1,"\u006b":1}"#,
        #"{"a":{"k":1,"l":2,"k":3}}"#,
    ])
    func keysThatCameBeforeAreRefused(_ text: String) {
        #expect(throws: JSONError.self) { try JSON.parse(Array(text.utf8)) }
    }

    @Test func keysAreComparedAsTheyStand() throws {
        for text in [
            "{\"\u{E9}\":\"c\",\"e\u{301}\":\"d\"}", "{\"e\u{301}\":\"d\",\"\u{E9}\":\"c\"}",
        ] {
            #expect(try JSON.parse(Array(text.utf8)).serialized() == Array(text.utf8))
        }
    }

    @Test(arguments: ["[", "[{\"\":", "{\"k\":[", "[\"x\",{\"k\":"])
    func depthIsRefusedInTime(_ part: String) {
        let text = String(repeating: part, count: 100_000)
        #expect(throws: JSONError.self) { try JSON.parse(Array(text.utf8)) }
    }

    @Test func fiveHundredLevelsAreTooMany() {
        let text = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        #expect(throws: JSONError.self) { try JSON.parse(Array(text.utf8)) }
    }
}
