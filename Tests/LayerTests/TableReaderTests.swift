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

private func files(_ text: String) throws -> [TableFile] {
    let (stored, location) = try table(text)
    return try files(stored, location)
}

private func files(_ stored: [UInt8], _ location: TableLocation) throws -> [TableFile] {
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
        let files = try files(
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
        #expect(throws: TableError.self, "\(entry)") { try files(text) }
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
        let file = try #require(try files(whole(Self.cut, zeros)).first)
        let frames = try #require(file.frames)
        #expect(frames.range == 5..<50 && frames.chunks.count == 2)
        #expect(frames.chunks[1].position == 4 && frames.chunks[1].offset == 9)
    }

    @Test(arguments: [
        chunk(of: "g"), chunk(at: 5), chunk(at: 50), chunk(position: 5, size: 5), chunk(size: 5),
        chunk(size: 7), chunk(size: nil), chunk(size: .max), chunk(digest: nil), chunk(size: 0),
    ])
    func chunksThatAreNotTheFile(chunk: String) {
        #expect(throws: TableError.self) { try files(whole(Self.cut, chunk)) }
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
        #expect(throws: TableError.self) { try files(text.isEmpty ? " " : text) }
    }

    /// The frames of all files together fit into the layer.
    @Test func framesThatAreUsedOverAndOver() {
        let entry = Self.file(from: 5, to: 9000) + "}"
        #expect(throws: Never.self) { try files(whole(entry)) }
        #expect(throws: TableError.self) { try files(whole(entry, entry)) }
    }

    @Test func sizesThatLie() throws {
        let text = whole()
        for count in [Int64(text.utf8.count) - 1, Int64(text.utf8.count) + 1, 1] {
            let (stored, location) = try table(text, uncompressedByteCount: count)
            #expect(throws: TableError.self) { try files(stored, location) }
        }
        let (stored, location) = try table(whole(String(repeating: " ", count: 50 << 20)))
        #expect(stored.count < 10_000)
        #expect(throws: Never.self) { try files(stored, location) }
        let name = String(repeating: "n", count: 5 << 20)
        #expect(throws: TableError.self) {
            try files(whole("{\"type\":\"dir\",\"name\":\"\(name)\"}"))
        }
        #expect(throws: TableError.self) {
            try files("{\"x\":\"\(name)\",\"version\":1,\"entries\":[]}")
        }
    }

    @Test func whatIsNotTheTable() throws {
        let (stored, location) = try table(whole())
        for other in [[], stored + [0], Array(stored.dropLast()), Array(stored.reversed())] {
            #expect(throws: VerificationError.self) { try files(other, location) }
        }
        // Bytes with the right digest that are not zstd.
        let text = Array(whole().utf8)
        let plain = try #require(
            try TableLocation(
                descriptor(
                    digest: Digest.of(text).description,
                    position: "8:\(text.count):\(text.count):1")))
        #expect(throws: TableError.self) { try files(text, plain) }
    }
}

/// Random trees: the table has the tar's entries, the frames their contents, and tar-split the
/// rest.
@Suite struct ChunkedPropertyTests {
    @Test(arguments: 1...12) func theTableIsTheTar(seed: UInt64) throws {
        let tree = RandomTar(seed: seed)
        let tar = try tree.bytes()
        let settings = ChunkedCompressor.Settings(
            chunkByteCount: seed.isMultiple(of: 3) ? 64 << 10 : nil)
        let layer = try ociZstdChunked(tar, settings: settings)
        for threads in [1, 2, 7] {
            var other = settings
            other.threads = threads
            #expect(try ociZstdChunked(tar, settings: other) == layer)
        }
        #expect(try compressedInPieces(tar, settings, seed: seed) == layer)

        let described = try describe(layer, verifies: true)
        let location = try #require(try TableLocation(described))
        let stored = Array(layer[Int(location.range.lowerBound)..<Int(location.range.upperBound)])
        let files = try files(stored, location)
        #expect(files.map(\.entry) == tree.entries.map(\.entry))
        for (file, (_, content)) in zip(files, tree.entries) {
            #expect(try payload(of: file, in: layer) == content)
        }
        #expect(try rebuilt(described, layer, tree.entries.map(\.content)) == tar)
    }

    /// Headers that cross two jobs of the writer are one segment of tar-split.
    @Test func segmentsOfSeveralJobs() throws {
        let tree = RandomTar(seed: 21, count: 8000, byteLimit: 3)
        let tar = try tree.bytes()
        #expect(tar.count > 6 << 20)
        let layer = try ociZstdChunked(tar)
        let descriptor = try describe(layer, verifies: true)
        #expect(try rebuilt(descriptor, layer, tree.entries.map(\.content)) == tar)
    }

    /// A truncated stream is not a layer, wherever it is cut.
    @Test func everyCutIsRefused() throws {
        let layer = try ociZstdChunked(RandomTar(seed: 5, count: 6, byteLimit: 300).bytes())
        for count in 0..<layer.count {
            #expect(throws: LayerError.self, "\(count)") { try describe(Array(layer[..<count])) }
        }
    }

    /// After a change of any byte of its frames, the file does not match the table.
    @Test func damagedFramesAreFound() throws {
        let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 5) }
        let layer = try ociZstdChunked(tarFile("f", content) + tarEnd)
        let location = try #require(try TableLocation(describe(layer)))
        let stored = Array(layer[Int(location.range.lowerBound)..<Int(location.range.upperBound)])
        let file = try #require(try files(stored, location).first)
        let frames = try #require(file.frames)
        var random = SeededGenerator(1)
        for _ in 0..<200 {
            var damaged = layer
            let place = Int64.random(in: frames.range, using: &random)
            damaged[Int(place)] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
            // Some bits of a header have no meaning.
            do {
                #expect(try payload(of: file, in: damaged) == content)
            } catch is LayerError {}
        }
        #expect(throws: LayerError.self) {
            try payload(of: file, in: layer, count: frames.range.count - 1)
        }
    }

    private func payload(
        of file: TableFile, in layer: [UInt8], count: Int? = nil
    ) throws -> [UInt8] {
        guard let frames = file.frames else { return [] }
        var bytes = layer[Int(frames.range.lowerBound)..<Int(frames.range.upperBound)]
        if let count { bytes = bytes.prefix(count) }
        var random = SeededGenerator(file.entry.size)
        var content: [UInt8] = []
        let payload = try FilePayload(frames, file: "the file", layer: "the layer")
        for piece in random.pieces(of: Array(bytes), limit: 20_000) {
            try piece.withRawBytes { (piece) throws(LayerError) in
                try payload.update(piece) { content.append(contentsOf: $0) }
            }
        }
        try payload.finish()
        return content
    }

    /// The tar, made from tar-split and the contents.
    private func rebuilt(
        _ layer: Descriptor, _ bytes: [UInt8], _ contents: [[UInt8]]
    ) throws -> [UInt8] {
        let position = try #require(layer[annotation: Annotation.chunkedTarSplitPosition])
        let numbers = position.split(separator: ":").compactMap { Int($0) }
        let decoder = try ZstdDecoder(path: "tar-split")
        var text: [UInt8] = []
        try bytes[numbers[0]..<(numbers[0] + numbers[1])].withUnsafeBytes { bytes in
            try decoder.decode(bytes) { text.append(contentsOf: $0) }
        }
        #expect(text.count == numbers[2])
        var tar: [UInt8] = []
        var rest = contents[...]
        for (number, line) in text.split(separator: UInt8(ascii: "\n")).enumerated() {
            let item = JSONField(try JSON.parse(Array(line)))
            #expect(try item.required("position").integer() == Int64(number))
            if try item.required("type").integer() == 2 {
                let payload = try item.required("payload").string()
                tar += try #require(Base64.decode(Array(payload.utf8)))
                continue
            }
            let next = rest.popFirst()
            let content = try #require(next)
            #expect(try item.member("size")?.integer() ?? 0 == Int64(content.count))
            var checksum = CRC64()
            content.withUnsafeBytes { checksum.update($0) }
            let payload = try item.member("payload")?.string()
            #expect(
                payload
                    == (content.isEmpty
                        ? nil : String(decoding: Base64.encode(checksum.bytes), as: UTF8.self)))
            tar += content
        }
        #expect(rest.isEmpty)
        return tar
    }

    /// The same with the tar arriving through a pipe in pieces of any size.
    private func compressedInPieces(
        _ tar: [UInt8], _ settings: ChunkedCompressor.Settings, seed: UInt64
    ) throws -> [UInt8] {
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0 else { throw Errno.current }
        let (reading, writing) = (ends[0], ends[1])
        let thread = try #require(
            WorkerThread {
                var random = SeededGenerator(seed)
                for piece in random.pieces(of: tar, limit: 3000) {
                    try? FileDescriptor(rawValue: writing).writeAll(piece)
                }
                close(writing)
            })
        defer {
            thread.join()
            close(reading)
        }
        return try bytesWritten { output in
            try ChunkedCompressor(settings).compress(
                InputStream(FileDescriptor(rawValue: reading), path: "the input"), to: output)
        }
    }
}

/// A tar of entries of every kind, with contents of every size.
private struct RandomTar {
    private(set) var entries: [(entry: TarEntry, content: [UInt8])] = []

    init(seed: UInt64, count: Int = 40, byteLimit: Int = 1 << 20) {
        var random = SeededGenerator(seed)
        for number in 0..<count {
            let kinds: [TarEntry.Kind] = [
                .file, .file, .file, .file, .directory, .symbolicLink, .hardLink, .fifo,
                .characterDevice,
            ]
            let kind = kinds.randomElement(using: &random) ?? .file
            var entry = TarEntry(
                kind: kind, path: RandomTar.name(number, &random),
                mode: UInt32.random(in: 0...0o7777, using: &random))
            entry.uid = UInt64.random(in: 0...(1 << 22), using: &random)
            entry.gid = UInt64.random(in: 0...70_000, using: &random)
            entry.modificationTime = Int64.random(in: -100...4_000_000_000, using: &random)
            if kind == .directory { entry.path.append(UInt8(ascii: "/")) }
            if kind == .symbolicLink { entry.linkTarget = RandomTar.name(number, &random) }
            if kind == .hardLink { entry.linkTarget = entries.first?.entry.path ?? Array("x".utf8) }
            if kind == .characterDevice {
                entry.deviceMajor = UInt32.random(in: 0..<512, using: &random)
                entry.deviceMinor = UInt32.random(in: 0..<(1 << 20), using: &random)
            }
            if Bool.random(using: &random) {
                entry.extendedAttributes = [
                    TarEntry.ExtendedAttribute(
                        name: Array("user.a=\(number)%".utf8),
                        value: (0..<20).map { _ in UInt8.random(in: 0...255, using: &random) })
                ]
            }
            let content = kind == .file ? RandomTar.content(byteLimit, &random) : []
            entry.size = UInt64(content.count)
            entries.append((entry, content))
        }
    }

    private static func name(_ number: Int, _ random: inout SeededGenerator) -> [UInt8] {
        let words = [
            "a", "b c", "é", "\"q\"", "\\", "\u{1}", "日本", String(repeating: "n", count: 90),
        ]
        let parts = (0..<Int.random(in: 0...3, using: &random)).map { _ in
            words.randomElement(using: &random) ?? "a"
        }
        return Array((parts + ["\(number)"]).joined(separator: "/").utf8)
    }

    private static func content(_ limit: Int, _ random: inout SeededGenerator) -> [UInt8] {
        let sizes = [0, 1, 511, 512, 513, 5000, 1 << 20, 1 << 20 + 1, 5 << 19]
        let size = min(limit, sizes.randomElement(using: &random) ?? 0)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return [UInt8](repeating: 0, count: size)
        case 1: return (0..<size).map { UInt8(truncatingIfNeeded: $0 % 251) }
        default: return (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
    }

    func bytes() throws -> [UInt8] {
        try bytesWritten { output in
            let writer = TarWriter(output, policy: EntryPolicy(), warn: { _ in })
            for (entry, content) in entries {
                if content.isEmpty {
                    try writer.write(entry)
                    continue
                }
                try writer.writeHeader(entry)
                try output.append(content)
                try output.appendZeros(tarPadding(after: entry.size))
            }
            try writer.finish()
        }
    }
}
