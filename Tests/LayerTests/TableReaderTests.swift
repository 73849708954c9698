import ByteStream
import Glibc
import Hashing
import JSON
import OCI
import Tar
import TestSupport
import Testing

@testable import Layer

/// A table in a layer with room for frames only, and its position.
private func table(
    _ text: String, layerByteCount: Int64 = 10_000, uncompressedByteCount: Int64? = nil
) throws -> (stored: [UInt8], location: TableLocation) {
    let stored = zstdFrame(Array(text.utf8))
    let count = uncompressedByteCount ?? Int64(text.utf8.count)
    let location = try #require(
        try TableLocation(
            descriptor(
                digest: Digest.of(stored).description,
                position: "\(layerByteCount):\(stored.count):\(count):1",
                size: layerByteCount + Int64(stored.count))))
    return (stored, location)
}

private func descriptor(
    digest: String?, position: String?, size: Int64 = 100_000, type: MediaType = .layerZstd
) -> Descriptor {
    var descriptor = Descriptor(mediaType: type, digest: .of([7]), size: size)
    descriptor[annotation: Annotation.chunkedTableDigest] = digest
    descriptor[annotation: Annotation.chunkedTablePosition] = position
    return descriptor
}

private func tableFiles(_ text: String) throws -> [TableFile] {
    let (stored, location) = try table(text)
    return try tableFiles(stored, location)
}

/// The files of a stored table.
func tableFiles(_ stored: [UInt8], _ location: TableLocation) throws -> [TableFile] {
    var files: [TableFile] = []
    try TableReader(location, layer: "the layer").read(stored) { files.append($0) }
    return files
}

private let someDigest = "sha256:" + String(repeating: "a", count: 64)

@Suite struct TableLocationTests {
    @Test func ofADescriptor() throws {
        let location = try #require(
            try TableLocation(descriptor(digest: someDigest, position: "8:20:300:1")))
        #expect(location.range == 8..<28)
        #expect(location.digest.description == someDigest)
        #expect(location.uncompressedByteCount == 300)
    }

    @Test func layersWithoutATable() throws {
        #expect(try TableLocation(descriptor(digest: nil, position: nil)) == nil)
        #expect(try TableLocation(descriptor(digest: nil, position: "8:20:300:1")) == nil)
        for type in [MediaType.layer, .layerGzip, .octetStream] {
            let layer = descriptor(digest: someDigest, position: "8:20:300:1", type: type)
            #expect(try TableLocation(layer) == nil)
        }
    }

    @Test(arguments: [
        nil, "", "8:20:300", "8:20:300:1:1", ":20:300:1", "8:20:300:2", "8:20:300:-1",
        "+8:20:300:1",
        "7:20:300:1", "8:0:300:1", "8:20:0:1", "8:99993:300:1", "8: 20:300:1", "8:20:300:1:",
        "9223372036854775807:9223372036854775807:1:1", "99999999999999999999:20:300:1",
    ])
    func positionsOfNoTable(position: String?) {
        #expect(throws: TableError.self) {
            try TableLocation(descriptor(digest: someDigest, position: position))
        }
    }

    @Test func limits() {
        for position in ["8:134217729:1:1", "8:20:1073741825:1"] {
            let error = #expect(throws: TableError.self) {
                try TableLocation(
                    descriptor(digest: someDigest, position: position, size: 1 << 40))
            }
            guard case .tooLarge = error else { return #expect(Bool(false), "\(position)") }
        }
        #expect(throws: TableError.self) {
            try TableLocation(descriptor(digest: "sha256:0", position: "8:20:300:1"))
        }
    }
}

@Suite struct TableReaderTests {
    private func whole(_ entries: String...) -> String {
        "{\"version\":1,\"entries\":[\(entries.joined(separator: ","))]}"
    }

    @Test func everyKind() throws {
        let files = try tableFiles(
            """
             { "tarSplitDigest" : "\(someDigest)", "entries" : [
             {"type":"dir","name":"./","mode":16877,"uid":7,
              "modtime":"2024-01-02T03:04:05.25+02:00"} ,
             {"type":"symlink","name":"l","linkName":"a \\u00e9","mode":511},
             {"type":"hardlink","name":"h","linkName":"./l","size":9},
             {"type":"char","name":"c","devMajor":5,"devMinor":1}, {"type":"fifo","name":"p"},
             {"type":"reg","name":"e","digest":null,"xattrs":{"user.b":"AA==","user.a%3D":""}},
             {"type":"reg","name":"f","size":3,"digest":"\(someDigest)","offset":1,"endOffset":9,
              "chunkSize":1,"modtime":"0001-01-01T00:00:00Z","later":[{"x":"]}"}]}
             ] , "version" : 1 }
            """)
        #expect(
            files.map { String(decoding: $0.entry.path, as: UTF8.self) } == [
                "./", "l", "h", "c", "p", "e", "f",
            ])
        let entries = files.map(\.entry)
        #expect(entries[0].mode == 0o755 && entries[0].uid == 7)
        #expect(entries[0].modificationTime == 1_704_157_445)
        #expect(entries[0].modificationNanoseconds == 250_000_000)
        #expect(entries[1].linkTarget == Array("a é".utf8))
        #expect(entries[2].linkTarget == Array("./l".utf8) && entries[2].size == 0)
        #expect(entries[3].deviceMajor == 5 && entries[3].deviceMinor == 1)
        #expect(
            entries[5].extendedAttributes.map(\.name) == [
                Array("user.a=".utf8), Array("user.b".utf8),
            ])
        #expect(files[5].digest == StreamingDigest().finalizeBytes() && files[5].frames == nil)
        #expect(files[6].frames?.range == 1..<9 && entries[6].modificationTime == 0)
        #expect(files[4].digest == nil)
    }

    /// A file of ten bytes without the closing brace, for more members.
    private static func file(
        _ members: String = "", size: Int = 10, digest: String = someDigest,
        from offset: Int64 = 5, to endOffset: Int64 = 50
    ) -> String {
        #"{"type":"reg","name":"f","size":\#(size),"digest":"\#(digest)","offset":\#(offset),"#
            + #""endOffset":\#(endOffset)"# + (members.isEmpty ? "" : ",\(members)")
    }

    @Test(arguments: [
        #"{"type":"reg","name":"f","size":10,"offset":5,"endOffset":50}"#,
        file(#""size":-1}"#), file(#""uid":-1}"#), file(#""uid":1.5}"#), file(#""uid":"1"}"#),
        file(#""Size":11}"#), file(#""ſize":11}"#), file(#""mode":9223372036854775808}"#),
        file(#""modtime":"now"}"#), file(#""modtime":7}"#), file(#""xattrs":[]}"#),
        file(#""xattrs":{"user.x":"A"}}"#), file(#""xattrs":{"user.x":1}}"#),
        file(#""chunkType":"holes"}"#), file() + "}x", file() + "}]", file(),
        file(from: 5, to: 5) + "}", file(from: 9, to: 5) + "}", file(from: 9, to: 9993) + "}",
        file(size: -10) + "}",
        file(digest: "sha512:00") + "}", file(digest: "") + "}", file(size: 0) + "}",
        #"{"type":"reg","name":"","size":0}"#, #"{"type":"reg","name":"a\u0000b"}"#,
        #"{"type":"reg","name":7}"#, #"{"type":"reg"}"#, #"{"name":"x"}"#,
        #"{"type":"socket","name":"x"}"#, "[]", "7", "", "{},", ",{}",
        #"{"type":"char","name":"c","devMajor":1048576}"#,
        #"{"type":"dir","type":"reg","name":"x"}"#, chunk(),
        "{\"type\":\"reg\",\"name\":\"\u{7}\"}", #"{"type":"reg","name":"\ud800"}"#,
    ])
    func malformed(entry: String) throws {
        let text = whole(entry.isEmpty ? "," : entry)
        #expect(throws: TableError.self, "\(entry)") { try tableFiles(text) }
    }

    private static func chunk(
        of name: String = "f", at offset: Int64 = 9, position: Int64 = 4, size: Int64? = 6,
        digest: String? = someDigest, _ members: String = ""
    ) -> String {
        #"{"type":"chunk","name":"\#(name)","offset":\#(offset),"chunkOffset":\#(position)"#
            + (size.map { ",\"chunkSize\":\($0)" } ?? "")
            + (digest.map { ",\"chunkDigest\":\"\($0)\"" } ?? "") + members + "}"
    }

    /// A file whose first chunk has four bytes.
    private static let cut = file(#""chunkSize":4,"chunkDigest":"\#(someDigest)"}"#)

    @Test func chunks() throws {
        let zeros = Self.chunk(#","chunkType":"zeros""#)
        let file = try #require(try tableFiles(whole(Self.cut, zeros)).first)
        let frames = try #require(file.frames)
        #expect(frames.range == 5..<50 && frames.chunks.count == 2)
        #expect(frames.chunks[1].position == 4 && frames.chunks[1].offset == 9)
    }

    @Test(arguments: [
        chunk(of: "g"), chunk(at: 5), chunk(at: 50), chunk(position: 5, size: 5), chunk(size: 5),
        chunk(size: 7), chunk(size: nil), chunk(size: .max), chunk(digest: nil), chunk(size: 0),
    ])
    func chunksThatAreNotTheFile(chunk: String) {
        #expect(throws: TableError.self) { try tableFiles(whole(Self.cut, chunk)) }
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"version":1}"#, #"{"version":1,"entries":{}}"#,
        #"{"version":1,"entries":null}"#,
        #"{"version":2,"entries":[]}"#, #"{"version":1.0,"entries":[]}"#, #"{"entries":[]}"#,
        #"{"version":1,"entries":[]"#, #"{"version":1,"entries":[}"#,
        #"{"version":1,"entries":[]}x"#,
        #"{"version":1,"entries":[],"entries":[]}"#, #"{"version":1,"entries":[],"version":1}"#,
        #"{"version":1,"x":"\"entries\":[","entries":[{}"#, #"{"version":1,"\u0065ntries":[{}]}"#,
        #"["entries":[]]"#, #"{"x":{"entries":[]},"version":1}"#, #"{"version":1,"\"entries":[]}"#,
    ])
    func noTable(text: String) {
        #expect(throws: TableError.self) { try tableFiles(text.isEmpty ? " " : text) }
    }

    /// The frames of all files together fit into the layer.
    @Test func framesThatAreUsedOverAndOver() {
        let entry = Self.file(from: 5, to: 9000) + "}"
        #expect(throws: Never.self) { try tableFiles(whole(entry)) }
        #expect(throws: TableError.self) { try tableFiles(whole(entry, entry)) }
    }

    @Test func sizesThatLie() throws {
        let text = whole()
        for count in [Int64(text.utf8.count) - 1, Int64(text.utf8.count) + 1, 1] {
            let (stored, location) = try table(text, uncompressedByteCount: count)
            #expect(throws: TableError.self) { try tableFiles(stored, location) }
        }
        let (stored, location) = try table(whole(String(repeating: " ", count: 50 << 20)))
        #expect(stored.count < 10_000)
        #expect(throws: Never.self) { try tableFiles(stored, location) }
        let name = String(repeating: "n", count: 5 << 20)
        #expect(throws: TableError.self) {
            try tableFiles(whole("{\"type\":\"dir\",\"name\":\"\(name)\"}"))
        }
        #expect(throws: TableError.self) {
            try tableFiles("{\"x\":\"\(name)\",\"version\":1,\"entries\":[]}")
        }
    }

    @Test func whatIsNotTheTable() throws {
        let (stored, location) = try table(whole())
        for other in [[], stored + [0], Array(stored.dropLast()), Array(stored.reversed())] {
            #expect(throws: VerificationError.self) { try tableFiles(other, location) }
        }
        // Bytes with the right digest that are not zstd.
        let text = Array(whole().utf8)
        let plain = try #require(
            try TableLocation(
                descriptor(
                    digest: Digest.of(text).description,
                    position: "8:\(text.count):\(text.count):1")))
        #expect(throws: TableError.self) { try tableFiles(text, plain) }
    }
}
