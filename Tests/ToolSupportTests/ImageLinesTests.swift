import ByteStream
import Hashing
import JSON
import OCI
import Testing

@testable import ToolSupport

private func image(_ architecture: String = "amd64", position: String? = nil) -> Image {
    let config = ImageConfig(platform: Platform(os: "linux", architecture: architecture))
    let descriptor = Descriptor(
        mediaType: .config, digest: .of(config.bytes), size: Int64(config.bytes.count))
    var image = Image(manifest: Manifest(config: descriptor), configBytes: config.bytes)
    image.manifest[annotation: Annotation.position] = position
    return image
}

private func split(_ text: String) throws -> [String] {
    try ImageLines.lines(of: Array(text.utf8), path: "x").map {
        String(decoding: $0.line, as: UTF8.self)
    }
}

/// The image line with `config.data` replaced.
private func line(data: JSON?, size: Int64? = nil) throws -> [UInt8] {
    var document = try JSONField(JSON.parse(image().line)).object()
    var config = try JSONField(.object(document)).required("config").object()
    config["data"] = data
    if let size { config["size"] = .integer(size) }
    document["config"] = .object(config)
    return document.serialized()
}

private func failure(_ line: [UInt8]) -> (any Failure)? {
    do {
        _ = try ImageLines.image(from: line, subject: "line")
        return nil
    } catch {
        return Console.failure(for: error)
    }
}

@Suite struct LineTests {
    @Test func everyLineEndsWithANewline() throws {
        #expect(try split("a\n") == ["a"])
        #expect(try split("a\nb\n") == ["a", "b"])
        #expect(try split("\n\n") == ["", ""])
    }

    @Test(arguments: [("a", 1), ("a\nb", 2), ("\n{", 2), ("a\r", 1)])
    func aLineWithoutItsNewlineIsCut(_ text: String, _ number: Int) {
        let error = #expect(throws: InputError.self) { try split(text) }
        guard case .cutLine(_, number) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func aLineHasALimit() {
        let bytes = [UInt8](repeating: 0x20, count: ImageLines.lineByteLimit + 1)
        #expect(throws: InputError.self) {
            try ImageLines.lines(of: [0x0A] + bytes + [0x0A], path: "x")
        }
    }

    @Test func linesHaveALimit() throws {
        let newlines = [UInt8](repeating: 0x0A, count: ImageLines.lineCountLimit)
        #expect(try ImageLines.lines(of: newlines, path: "x").count == newlines.count)
        #expect(throws: InputError.self) { try ImageLines.lines(of: newlines + [0x0A], path: "x") }
    }

    @Test func aLineIsReadAsItWasWritten() throws {
        let read = try ImageLines.image(from: image().line, subject: "line")
        #expect(read.line == image().line)
        #expect(read.manifest.storedBytes == image().manifest.storedBytes)
    }

    @Test func configDataIsVerified() throws {
        let other = JSON.string(String(decoding: Base64.encode([0x7B, 0x7D]), as: UTF8.self))
        let cases: [([UInt8], String)] = [
            (try line(data: nil), "config.data: missing"),
            (try line(data: other), "size mismatch for 'config.data'"),
            (try line(data: other, size: 2), "digest mismatch for 'config.data'"),
            (try line(data: .string("e30")), "config.data: not base64"),
            (try line(data: .string("e30\n")), "config.data: not base64"),
            (try line(data: .integer(1)), "config.data: a number, not a string"),
            (try line(data: .null), "config.data: missing"),
        ]
        for (line, expected) in cases {
            let failure = failure(line)
            #expect(failure?.message.contains(expected) == true)
            #expect(failure?.exitStatus == .dataError)
        }
    }

    /// Also when the document has several lines.
    @Test(arguments: [
        ("{ \"layers\": [],\n \"config\": {} }\n", "a manifest without its config"),
        ("{ \"manifests\": [] }\n", "an index"),
        ("{\n\"a\": 1 }\n", "a JSON document of several lines"),
        ("<html>\n", "an HTML page"),
    ])
    func anotherDocumentIsNamed(_ text: String, _ name: String) {
        #expect {
            try ImageLines.read(Array(text.utf8), path: .standardInput)
        } throws: { error in
            (error as? InputError)?.message
                == "\(name) on 'standard input', where image lines are expected"
        }
    }

    @Test(arguments: ["", "{}", "[]", "null", "{", #"{"schemaVersion":2,"schemaVersion":2}"#])
    func whatIsNoImageIsRefused(_ text: String) {
        #expect(failure(Array(text.utf8))?.exitStatus == .dataError)
    }
}

@Suite struct LineSetTests {
    /// The numbers of the lines that belong to each set.
    @Test(arguments: [
        ([nil], ["0"]), ([nil, nil], ["0 1"]), (["1/1"], ["0"]), (["1/2", "2/2"], ["0 1"]),
        (["1/2", nil, "2/2"], ["0 2", "1"]), ([nil, "1/2", "2/2", nil], ["0", "1 2", "3"]),
        (["1/2", "2/2", "1/2", "2/2"], ["0 1", "2 3"]),
        (["1/2", "1/2", "2/2", "2/2"], ["0 2", "1 3"]),
        (["1/3", "1/2", "2/3", "2/2", "3/3"], ["0 2 4", "1 3"]),
    ])
    func linesThatBelongTogether(_ positions: [String?], _ expected: [String]) {
        let images = positions.enumerated().map { image("a\($0)", position: $1) }
        let sets = ImageLines.sets(of: images)
        let numbers = sets.map { set in
            set.images.map { image in
                String(images.firstIndex { $0.configBytes == image.configBytes } ?? -1)
            }.joined(separator: " ")
        }
        #expect(numbers == expected)
        for set in sets {
            for image in set.images {
                #expect(image.manifest[annotation: Annotation.position] == nil)
            }
        }
    }
}

@Suite struct PositionTests {
    private func check(_ positions: [String?]) throws -> [Image] {
        var images = positions.map { image(position: $0) }
        try ImageLines.checkPositions(&images)
        return images
    }

    @Test func onlySeveralLinesCountThemselves() {
        #expect(ImageLines.numbered([image()])[0].manifest[annotation: Annotation.position] == nil)
        let several = ImageLines.numbered([image(), image("arm64"), image("arm")])
        #expect(
            several.map { $0.manifest[annotation: Annotation.position] } == ["1/3", "2/3", "3/3"])
        // A position in a stored manifest is ignored.
        let foreign = ImageLines.numbered([image(position: "1/9")])
        #expect(foreign[0].manifest[annotation: Annotation.position] == nil)
    }

    @Test(arguments: [
        [nil], [nil, nil], ["1/1"], ["1/2", "2/2"], ["2/2", "1/2"], ["1/2", nil, "2/2"],
        ["1/2", "2/2", "1/2", "2/2"], ["1/3", "2/3", "3/3", "1/2", "2/2"],
    ])
    func completeSetsPassAndLoseTheirPositions(_ positions: [String?]) throws {
        let images = try check(positions)
        #expect(images.count == positions.count)
        #expect(images.allSatisfy { $0.line == image().line })
    }

    @Test(arguments: [
        (["1/2"], "2/2"), (["2/2"], "1/2"), (["1/3", "3/3"], "2/3"),
        (["1/2", "2/2", "1/2"], "2/2"), ([nil, "1/2"], "2/2"), (["1/2", "2/2", "1/3"], "2/3"),
        (["9223372036854775807/9223372036854775807"], "1/9223372036854775807"),
        (["1/9223372036854775807"], "2/9223372036854775807"),
    ])
    func gapsAreRefused(_ positions: [String?], _ missing: String) {
        let error = #expect(throws: InputError.self) { try check(positions) }
        #expect(error?.message.hasPrefix("image line \(missing) is missing") == true)
        #expect(error?.exitStatus == .dataError)
    }

    @Test(arguments: ["", "1", "0/1", "2/1", "1/0", "-1/2", "+1/2", "01/2", "1/2/3", "a/b", "1/ 2"])
    func whatIsNoPositionIsRefused(_ text: String) {
        #expect(LinePosition(text) == nil)
        #expect(throws: InputError.self) { try check([text]) }
    }

    @Test func positionsAreNeverStored() {
        #expect(image(position: "1/2").manifest.storedBytes == image().manifest.storedBytes)
        #expect(image(position: "1/2").line != image().line)
    }
}
