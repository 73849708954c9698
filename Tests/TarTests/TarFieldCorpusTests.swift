import Testing

@testable import Tar

/// The tables of Go's archive/tar for numbers, times and records.
@Suite struct TarFieldCorpusTests {
    private func number(_ field: [UInt8]) -> Int64? {
        field.withUnsafeBytes { HeaderBlock.number($0[...]) }
    }

    static let base256Fields: [([UInt8], Int64?)] = [
        ([0x80], 0), ([0x80, 0], 0), ([0xBF], 63), ([0xBF, 0xFF], 16383),
        ([0xBF, 0xFF, 0xFF], 4_194_303),
        ([0xFF], -1), ([0xFF, 0xFF, 0xFF], -1), ([0xC0], -64), ([0xC0, 0], -16384),
        ([0xC0, 0, 0], -4_194_304),
        ([0x80, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], Int64.max),
        ([0x80, 0x80, 0, 0, 0, 0, 0, 0, 0], nil),
        ([0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], Int64.min),
        ([0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], nil),
        ([0xF5, 0xEC, 0xD1, 0xC7, 0x7E, 0x5F, 0x26, 0x48, 0x81, 0x9F, 0x8F, 0x9B], nil),
    ]

    @Test(arguments: base256Fields)
    func base256(_ field: [UInt8], _ expected: Int64?) { #expect(number(field) == expected) }

    static let octalFields: [(String, Int64?)] = [
        ("0000000\0", 0), (" \u{0}00000\0", 0), (" \u{0}00007\0", 7), ("00000000227\0", 0o227),
        ("032033\0 ", 0o32033), ("320330\0 ", 0o320330), ("0000660\0 ", 0o660),
        ("\0 0000660\0 ", 0o660), ("0123456789ab", nil), ("0123456789\0ab", nil),
        ("01234567\089abc", 0o1234567), ("0123~_&4123", nil), ("", nil), ("\0\0\0", 0), ("   ", 0),
        ("-0000017", nil), ("+0000017", nil), ("0x000017", nil),
    ]

    @Test(arguments: octalFields)
    func octalDigits(_ field: String, _ expected: Int64?) {
        #expect(number(ascii(field)) == expected)
    }

    static let timesThatAre: [(String, Int64, UInt32)] = [
        ("1350244992.023960108", 1_350_244_992, 23_960_108), ("1.02396010", 1, 23_960_100),
        ("1.0239601089", 1, 23_960_108), ("1.3", 1, 300_000_000), ("7", 7, 0), ("0", 0, 0),
        ("-1.000000001", -2, 999_999_999), ("-1.001000", -2, 999_000_000), ("-1", -1, 0),
        ("-1.999999999", -2, 1), ("0.000000001", 0, 1), ("0.999999999", 0, 999_999_999),
        ("1.", 1, 0), ("0.0", 0, 0), ("-1.3", -2, 700_000_000), ("-1.0", -1, 0), ("-0.0", 0, 0),
        ("-0.1", -1, 900_000_000), ("-0.99", -1, 10_000_000), ("-5.98", -6, 20_000_000),
        // As in newer versions, and in GNU tar.
        (".5", 0, 500_000_000),
    ]

    @Test(arguments: timesThatAre)
    func times(_ text: String, _ seconds: Int64, _ nanoseconds: UInt32) throws {
        let time = try #require(PaxRecords.time(ascii(text)))
        #expect(time.seconds == seconds && time.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "-", "+", ".", "-1.-1", String(repeating: "9", count: 47), "0.123456789abcdef", "word",
        "\0", "\u{1D7F5}.\u{1D7F4}", "98765\u{FE52}43210", "1 ", " 1",
    ])
    func noTimes(_ text: String) { #expect(PaxRecords.time(ascii(text)) == nil) }

    @Test(arguments: [
        ("", []), ("6 k=v\n", ["k=v"]), ("19 path=/etc/hosts\n", ["path=/etc/hosts"]),
        ("9 foo=ba\n", ["foo=ba"]), ("18 foo=b=\nar=\n==\0\n", ["foo=b=\nar=\n==\0"]),
        ("27 foo=hello9 foo=ba\nworld\n", ["foo=hello9 foo=ba\nworld"]),
        ("13 key1=haha\n13 key2=nana\n", ["key1=haha", "key2=nana"]),
        ("13 key1=val1\n8 key1=\n", ["key1=val1", "key1="]),
    ])
    func records(_ text: String, _ expected: [String]) throws {
        let records = try #require(PaxRecords.parse(ascii(text)))
        #expect(
            records.map { String(decoding: $0.key + [0x3D] + $0.value, as: UTF8.self) } == expected)
    }

    @Test(arguments: [
        "1 k=1\n", "6 k~1\n", "6_k=1\n", "6 k=1 ", "632 k=1\n", "16 longkeyname=hahaha\n",
        "3 somelongkey=\n", "50 tooshort=\n", "06 k=v\n", "00006 k=v\n", "000000 k=v\n", "0 k=v\n",
        "+0000005 x=\n", "0000000000000000000000000000000030 mtime=1432668921.098285006\n",
        "5 =v\n",
    ])
    func noRecords(_ text: String) { #expect(PaxRecords.parse(ascii(text)) == nil) }
}
