/// The body of a request. One thread reads it, from the first byte to the last.
protocol RequestBody: AnyObject {
    /// nil when it is unknown before the end.
    var byteCount: Int64? { get }

    /// Fills part of `buffer`; 0 means the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int

    /// Goes back to the first byte; false when that is no longer available.
    func rewind() -> Bool

    /// Whether it may be sent again when the outcome of the first attempt is unknown.
    var mayBeSentTwice: Bool { get }

    /// Makes the body end soon, because of a signal.
    ///
    /// - Returns: false when that is impossible, and the exchange must be aborted.
    func abandon() -> Bool
}

extension RequestBody {
    func abandon() -> Bool { false }
}

/// A request body in memory.
final class BytesBody: RequestBody {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var byteCount: Int64? { Int64(bytes.count) }
    var mayBeSentTwice: Bool { true }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<(position + count)])
        position += count
        return count
    }

    func rewind() -> Bool {
        position = 0
        return true
    }
}
