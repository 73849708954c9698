import ByteStream
import Hashing
import OCI
import Testing

@testable import ImageStore

private struct Broken: Error {}

private func read(_ blob: any BlobSource, by count: Int) throws -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { buffer.deallocate() }
    var result: [UInt8] = []
    while true {
        let count = try blob.read(into: buffer)
        if count == 0 { return result }
        result.append(contentsOf: buffer[..<count])
    }
}

@Suite struct PipedBlobTests {
    static let bytes = (0..<(PipedBlob.byteLimit * 2 + 12345)).map {
        UInt8(truncatingIfNeeded: $0 &* 31 >> 5)
    }
    static let identity = BlobIdentity(digest: .of(bytes), size: Int64(bytes.count))

    /// Pushes the bytes in pieces of `size`.
    static func produce(_ size: Int) -> @Sendable (any ByteSink) throws -> Void {
        { sink in
            try bytes.withRawBytes { (bytes) throws in
                for start in stride(from: 0, to: bytes.count, by: size) {
                    let end = min(start + size, bytes.count)
                    try sink.write(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                }
            }
        }
    }

    @Test(arguments: [(1000, 777), (1 << 20, 1 << 16), (5 << 20, 3 << 20), (65_537, 1 << 20)])
    func anySplitGivesTheSameBytes(_ written: Int, _ readSize: Int) throws {
        let blob = PipedBlob(Self.identity, produce: Self.produce(written))
        #expect(blob.announced == Self.identity)
        #expect(try read(blob, by: readSize) == Self.bytes)
    }

    @Test func emptyBlobEnds() throws {
        let blob = PipedBlob(BlobIdentity(digest: .of([]), size: 0)) { _ in }
        #expect(try read(blob, by: 10).isEmpty)
    }

    @Test func errorComesWhereTheEndWouldBe() throws {
        let blob = PipedBlob(Self.identity) { sink in
            try [1, 2, 3].withRawBytes { (bytes) throws in try sink.write(bytes) }
            throw Broken()
        }
        var received = 0
        #expect(throws: Broken.self) {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2, alignment: 16)
            defer { buffer.deallocate() }
            while true {
                let count = try blob.read(into: buffer)
                try #require(count > 0, "a failed blob has no end")
                received += count
            }
        }
        #expect(received == 3)
    }

    @Test func rewoundBlobBeginsAgain() throws {
        let runs = Guarded(0)
        let produce = Self.produce(100_000)
        let blob = PipedBlob(Self.identity) { sink in
            runs.withLock { $0 += 1 }
            try produce(sink)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1000, alignment: 16)
        defer { buffer.deallocate() }
        #expect(try blob.read(into: buffer) > 0)
        #expect(blob.rewind())
        #expect(try read(blob, by: 1 << 20) == Self.bytes)
        #expect(runs.withLock { $0 } == 2)
    }

    @Test func nothingIsReadBeforeItIsAskedFor() {
        let runs = Guarded(0)
        do {
            _ = PipedBlob(Self.identity) { _ in runs.withLock { $0 += 1 } }
        }
        #expect(runs.withLock { $0 } == 0)
    }

    /// Dropping a blob before its end ends its reader, and waits for it.
    @Test func abandonedReaderEnds() throws {
        let ended = Guarded(false)
        let produce = Self.produce(1 << 20)
        do {
            let blob = PipedBlob(Self.identity) { sink in
                defer { ended.withLock { $0 = true } }
                try produce(sink)
            }
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1000, alignment: 16)
            defer { buffer.deallocate() }
            #expect(try blob.read(into: buffer) > 0)
        }
        #expect(ended.withLock { $0 })
    }
}

@Suite struct ConcurrentlyTests {
    @Test func resultsComeInOrder() throws {
        #expect(
            try concurrently(Array(0..<100)) { (item: Int, _) in item * 2 }
                == (0..<100).map { $0 * 2 })
        #expect(try concurrently([Int]()) { (item: Int, _) in item }.isEmpty)
    }

    @Test func noMoreThanTheLimitAtOnce() throws {
        let state = Guarded((now: 0, most: 0))
        _ = try concurrently(Array(0..<50), limit: 3) { (_: Int, _) in
            state.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            state.withLock { $0.now -= 1 }
        }
        #expect((1...3).contains(state.withLock { $0.most }))
    }

    @Test func errorStopsTheRest() throws {
        let begun = Guarded(0)
        #expect(throws: Broken.self) {
            _ = try concurrently(Array(0..<1000), limit: 2) { (item: Int, cancellation) in
                begun.withLock { $0 += 1 }
                if item == 3 { throw Broken() }
                if item > 3 { while true { try cancellation.check() } }
            }
        }
        #expect(begun.withLock { $0 } < 1000)
    }
}
