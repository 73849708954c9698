import ArgumentParser
import ByteStream
import JSON
import OCI
import Testing

@testable import ToolSupport

private func printable(_ text: String) -> String { Printable.line(text) }

@Suite struct ConsoleTests {
    @Test func aMessageIsOneHarmlessLine() {
        #expect(printable("a\nb\r\n\tc  d") == "a b c d")
        #expect(printable("\u{1B}[31mred\u{7}") == #"\033[31mred\007"#)
        #expect(printable("a\u{202E}b") == #"a\342\200\256b"#)
        #expect(printable("a\u{85}b\u{2028}c") == #"a\302\205b\342\200\250c"#)
        #expect(printable("é 日本") == "é 日本")
        #expect(printable(ArgumentText.decode([0x61, 0xFF])) == #"a\377"#)
    }

    @Test func everyErrorHasItsStatus() throws {
        let path: Path = "p"
        let cases: [(any Error, ByteStream.ExitStatus)] = [
            (UsageError("x"), .usage),
            (InputError.terminal(toolName: "t", expected: "lines"), .usage),
            (InputError.empty(path), .dataError),
            (InputError.cutLine(path, line: 1), .dataError),
            (InputError.tooLarge(path, limit: 1), .dataError),
            (InputError.longLine(path, line: 1, limit: 1), .dataError),
            (InputError.tooManyLines(path, limit: 1), .dataError),
            (InputError.missingLine(LinePosition(1, of: 2)), .dataError),
            (InputError.refused("x"), .dataError),
            (JSONError.syntax(offset: 1, "x"), .dataError),
            (EditError(.root, "x"), .dataError),
            (StreamError.open(path: path, .noEntry), .cannotOpenInput),
            (StreamError.create(path: path, .exists), .cannotCreateOutput),
            (StreamError.read(path: path, .isDirectory), .inputOutput),
            (StreamError.write(path: path, .noData), .inputOutput),
            (StreamError.write(path: path, .brokenPipe), .brokenPipe),
            (StreamError.system(call: "fork", .noEntry), .systemError),
            (ValueError("an error no one maps"), .internalError),
        ]
        for (error, status) in cases {
            let failure = Console.failure(for: error)
            #expect(failure.exitStatus == status)
            #expect(!failure.message.hasSuffix("."))
            #expect(!failure.message.contains("\n"))
        }
        do {
            _ = try Reference("A\nB")
        } catch {
            let failure = Console.failure(for: error)
            #expect(failure.exitStatus == .usage)
            #expect(failure.message.hasPrefix(#"not a reference: 'A\nB'"#))
        }
    }

    @Test func messagesOfTheParserLookLikeOurs() {
        #expect(
            UsageError(parsing: "Unknown option '--x'.", of: "oci-x").message
                == "unknown option '--x'; see 'oci-x --help'")
        #expect(
            UsageError(parsing: "--a and --b", of: "t").message == "--a and --b; see 't --help'")
        #expect(
            UsageError(parsing: "Unknown option '--uidd'. Did you mean '--uid'?", of: "t").message
                == "unknown option '--uidd', did you mean '--uid'? see 't --help'")
        let problem = "The value 'x' is invalid for '--a <b>'"
        #expect(
            UsageError(
                parsing: "\(problem). Please provide one of the following:\n  - c\n  - d", of: "t"
            ).message == "the value 'x' is invalid for '--a <b>'; write one of c, d; see 't --help'"
        )
        #expect(
            UsageError(parsing: "\(problem). Please provide one of 'c' and 'd'.", of: "t").message
                == "the value 'x' is invalid for '--a <b>'; write one of 'c' and 'd'; see 't --help'"
        )
    }
}

@Suite struct ArgumentTextTests {
    @Test(arguments: [
        [], [0x61], Array("é日😀".utf8), [0xFF], [0x61, 0xC3], [0xC3, 0xA9, 0xFE, 0x62],
        [0xED, 0xA0, 0x80], [0xF4, 0x8F, 0xB8, 0x80], [0xF4, 0x8F, 0xBB, 0xBF],
        [0xF0, 0x9F, 0x98], [0xC0, 0x80], Array("e\u{301}\u{e9}".utf8),
    ])
    func bytesComeBack(_ bytes: [UInt8]) {
        #expect(ArgumentText.encode(ArgumentText.decode(bytes)) == bytes)
        #expect(Path(argument: ArgumentText.decode(bytes))?.bytes == bytes)
    }

    @Test func everyByteAloneComesBack() {
        for byte in UInt8.min ... .max {
            #expect(ArgumentText.encode(ArgumentText.decode([byte])) == [byte])
        }
    }

    @Test func noCharacterIsEncodedAsASCII() {
        for value in UInt32(0x10_FE00)...0x10_FE7F {
            let text = Unicode.Scalar(value).map { String($0) } ?? ""
            #expect(ArgumentText.encode(text) == Array(text.utf8))
        }
    }

    @Test func textMustBeUTF8() throws {
        #expect(try ArgumentText.text("é") == "é")
        #expect(throws: ValidationError.self) {
            try ArgumentText.text(ArgumentText.decode([0x41, 0xFF]))
        }
        #expect(throws: ValidationError.self) { try ArgumentText.nonemptyText("") }
        #expect(throws: ValidationError.self) { try ArgumentText.parsing(KeyValue.init)("a") }
        #expect(try ArgumentText.parsing(KeyValue.init)("a=b").value == "b")
    }
}

@Suite struct SourceDateTests {
    @Test func onlyANumberOfSeconds() throws {
        #expect(try SourceDate.parse("0".utf8).seconds == 0)
        #expect(try SourceDate.parse("1700000000".utf8).description == "2023-11-14T22:13:20Z")
        for text in ["-1", "+1", "1.5", "x", " 1", "253402300800", "99999999999999999999"] {
            #expect(throws: UsageError.self) { try SourceDate.parse(text.utf8) }
        }
    }
}
