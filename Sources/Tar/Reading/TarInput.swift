import ByteStream

/// The bytes of a tar, buffered and counted, for `TarReader`.
///
/// Returned bytes are valid until the next call.
struct TarInput: ~Copyable {
    private let source: any ByteSource
    /// Name of the tar in messages.
    let path: Path
    /// Receives every byte that is not data of an entry, in order.
    private let passMetadata: ((UnsafeRawBufferPointer) throws(TarError) -> Void)?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: bufferByteCount, alignment: 4096)
    /// The range of `buffer` that was read and not yet consumed.
    private var available = 0..<0
    /// The number of bytes consumed since the beginning.
    private(set) var offset: Int64 = 0

    init(
        _ source: any ByteSource, path: Path,
        passMetadata: ((UnsafeRawBufferPointer) throws(TarError) -> Void)?
    ) {
        self.source = source
        self.path = path
        self.passMetadata = passMetadata
    }

    deinit {
        buffer.deallocate()
    }

    /// Whether all bytes read so far are consumed.
    var isEmpty: Bool { available.isEmpty }

    /// The next bytes of an entry's data: at least one and at most `limit`.
    ///
    /// - Throws: `TarError.cut`, `.empty`, and what the source throws.
    mutating func readPart(limit: UInt64) throws(TarError) -> UnsafeRawBufferPointer {
        guard try fill(atLeast: 1) else { throw cut() }
        return consume(Int(min(limit, UInt64(available.count))))
    }

    /// The next bytes of a header: at least one and at most `limit`.
    ///
    /// - Throws: as `readPart`.
    mutating func readMetadata(limit: UInt64) throws(TarError) -> UnsafeRawBufferPointer {
        let bytes = try readPart(limit: limit)
        try passMetadata?(bytes)
        return bytes
    }

    /// The next `count` bytes of a header, of padding or of the end.
    ///
    /// - Throws: as `readPart`.
    mutating func readExactly(_ count: Int) throws(TarError) -> UnsafeRawBufferPointer {
        guard try fill(atLeast: count) else { throw cut() }
        let bytes = consume(count)
        try passMetadata?(bytes)
        return bytes
    }

    /// All buffered bytes after the end of the archive.
    mutating func readAvailable() throws(TarError) -> UnsafeRawBufferPointer {
        let bytes = consume(available.count)
        try passMetadata?(bytes)
        return bytes
    }

    private mutating func consume(_ count: Int) -> UnsafeRawBufferPointer {
        let bytes = buffer[available.lowerBound..<(available.lowerBound + count)]
        available = (available.lowerBound + count)..<available.upperBound
        offset += Int64(count)
        return UnsafeRawBufferPointer(rebasing: bytes)
    }

    /// Reads until `count` bytes are available; false when the input ends before.
    mutating func fill(atLeast count: Int) throws(TarError) -> Bool {
        while available.count < count {
            if available.lowerBound > 0,
                buffer.count - available.lowerBound < max(count, 64 << 10)
                    || available.isEmpty
            {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[available])
                buffer.copyMemory(from: rest)
                available = 0..<rest.count
            }
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[available.upperBound...])
            do {
                let read = try source.read(into: room)
                if read == 0 { return false }
                available = available.lowerBound..<(available.upperBound + read)
            } catch let error as StreamError {
                throw .stream(error)
            } catch let error as any Failure {
                throw .source(error)
            } catch {
                throw .source(InternalError(error))
            }
        }
        return true
    }

    /// The error for an input that ends here.
    func cut() -> TarError {
        if offset == 0, let error = TarError.wrongFormat(buffer[available], path: path) {
            return error
        }
        let end = offset + Int64(available.count)
        return end == 0 ? .empty(path: path) : .cut(path: path, offset: end)
    }
}
