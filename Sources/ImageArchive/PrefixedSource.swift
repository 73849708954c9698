import ByteStream

/// A source that begins with bytes that were already read.
final class PrefixedSource: ByteSource {
    private let head: MemorySource
    private let rest: any ByteSource

    init(_ head: [UInt8], _ rest: any ByteSource) {
        self.head = MemorySource(head)
        self.rest = rest
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = head.read(into: buffer)
        return count > 0 ? count : try rest.read(into: buffer)
    }
}
