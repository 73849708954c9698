import ByteStream
import Hashing
import Testing

@testable import ImageStore

@Suite struct SharedBlobTests {
    /// Several times the size of the ring, and not a multiple of it.
    static let bytes = (0..<(20 << 20) + 17).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

    /// Reads everything that a place receives, with buffers of one size.
    static func readAll(_ blob: any BlobSource, bufferByteCount: Int) throws -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: bufferByteCount, alignment: 1)
        defer { buffer.deallocate() }
        var result: [UInt8] = []
        while true {
            let count = try blob.read(into: buffer)
            if count == 0 { return result }
            result += buffer[..<count]
        }
    }

    @Test func eachPlaceGetsAllBytes() throws {
        let shared = SharedBlob(HashingSource(MemorySource(Self.bytes)), readerCount: 3)
        let results = try concurrently([0, 1, 2], limit: 3) { (reader: Int, _) in
            defer { shared.leave(reader) }
            let blob = shared.blob(for: reader)
            let bytes = try Self.readAll(blob, bufferByteCount: [1 << 20, 65_537, 4093][reader])
            #expect(blob.identity.digest == .of(Self.bytes))
            return bytes
        }
        for result in results { #expect(result == Self.bytes) }
        #expect(shared.failure == nil)
    }

    /// Nothing waits for a place that stopped in the middle.
    @Test func whoLeavesStopsNoOne() throws {
        let shared = SharedBlob(HashingSource(MemorySource(Self.bytes)), readerCount: 2)
        let results = try concurrently([0, 1], limit: 2) { (reader: Int, _) in
            defer { shared.leave(reader) }
            if reader == 0 {
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 10, alignment: 1)
                defer { buffer.deallocate() }
                return [UInt8](buffer[..<(try shared.blob(for: 0).read(into: buffer))])
            }
            return try Self.readAll(shared.blob(for: 1), bufferByteCount: 1 << 16)
        }
        #expect(results[0].count == 10)
        #expect(results[1] == Self.bytes)
    }

    /// Each place receives the source's error in place of the end.
    @Test func failuresReachAll() throws {
        let shared = SharedBlob(CutSource(Self.bytes), readerCount: 2)
        let ends = try concurrently([0, 1], limit: 2) { (reader: Int, _) in
            defer { shared.leave(reader) }
            do {
                _ = try Self.readAll(shared.blob(for: reader), bufferByteCount: 1 << 18)
                return "end"
            } catch is CutSource.Cut {
                return "cut"
            }
        }
        #expect(ends == ["cut", "cut"])
        #expect(shared.failure is CutSource.Cut)
    }
}

/// Bytes that end with an error.
private final class CutSource: BlobSource {
    struct Cut: Error {}

    private let source: HashingSource

    init(_ bytes: [UInt8]) {
        source = HashingSource(MemorySource(bytes))
    }

    var announced: BlobIdentity? { nil }
    var identity: BlobIdentity { source.identity }
    func rewind() -> Bool { false }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try source.read(into: buffer)
        if count == 0 { throw Cut() }
        return count
    }
}
