import ByteStream
import Glibc
import Hashing
import JSON
import OCI
import Tar
import TestSupport
import Testing

@testable import Layer

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
        let files = try tableFiles(stored, location)
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
        let file = try #require(try tableFiles(stored, location).first)
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
