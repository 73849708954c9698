import ByteStream

/// Checks while a tar passes whether it is complete: headers are parsed, data is skipped.
///
/// Bytes may arrive in pieces of any size. Only part of a header and the records of a pax header
/// are buffered, so memory is constant for a tar of any size.
///
/// When a digest proves that the tar is complete, one zero block is enough as the end, and bytes
/// after the end are ignored, as in unpacking.
///
/// - Spec: POSIX.1-2017, pax, "ustar Interchange Format": two zero blocks end an archive.
public struct TarFollower: ~Copyable {
    private enum State {
        case header
        case data(UInt64)
        case sparseMap(dataSize: UInt64)
        case pax(UInt64, padding: UInt64)
        /// One zero block was read.
        case firstEnd
        /// The end of the archive was read.
        case ended
    }

    private let path: Path
    private let isEndProved: Bool
    private var state = State.header
    private var offset: Int64 = 0
    /// The offset of the current block or records, for messages.
    private var start: Int64 = 0
    private var partial: [UInt8] = []
    private var records: [UInt8] = []
    /// The size of the next entry in a pax header.
    private var nextSize: UInt64?

    /// - Parameters:
    ///   - path: the name of the tar in messages.
    ///   - isEndProved: whether something else, such as a digest, proves that the input is
    ///     complete.
    public init(path: Path = .standardInput, isEndProved: Bool = false) {
        self.path = path
        self.isEndProved = isEndProved
        partial.reserveCapacity(tarBlockByteCount)
    }

    /// Whether the end-of-archive marker was read.
    public var hasEnded: Bool {
        switch state {
        case .firstEnd: isEndProved
        case .ended: true
        case .header, .data, .sparseMap, .pax: false
        }
    }

    /// - Throws: `TarError.malformed` when the bytes are not a tar.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) throws(TarError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try step(UnsafeRawBufferPointer(rebasing: rest))
            offset += Int64(count)
            rest = rest.dropFirst(count)
        }
    }

    /// States that no more bytes will come.
    ///
    /// - Throws: `TarError.empty`, `.cut`.
    public func finish() throws(TarError) {
        if offset == 0 { throw .empty(path: path) }
        guard hasEnded else {
            if offset == partial.count, let error = TarError.wrongFormat(partial, path: path) {
                throw error
            }
            throw .cut(path: path, offset: offset)
        }
    }

    /// Consumes at least one byte from the start of `bytes`.
    private mutating func step(_ bytes: UnsafeRawBufferPointer) throws(TarError) -> Int {
        switch state {
        case .data(let remaining):
            let count = Int(min(remaining, UInt64(bytes.count)))
            let rest = remaining - UInt64(count)
            state = rest == 0 ? .header : .data(rest)
            return count
        case .pax(let remaining, let padding):
            let count = Int(min(remaining, UInt64(bytes.count)))
            if records.isEmpty { start = offset }
            records.append(contentsOf: bytes[..<count])
            if remaining > UInt64(count) {
                state = .pax(remaining - UInt64(count), padding: padding)
            } else {
                try readRecords()
                state = padding == 0 ? .header : .data(padding)
            }
            return count
        case .ended:
            if !isEndProved, let rest = bytes.firstIndex(where: { $0 != 0 }) {
                start = offset + Int64(rest)
                throw malformed("more after the end of the archive")
            }
            return bytes.count
        case .header, .sparseMap, .firstEnd:
            return try block(bytes)
        }
    }

    /// Collects one block, and handles it when it is complete.
    private mutating func block(_ bytes: UnsafeRawBufferPointer) throws(TarError) -> Int {
        if partial.isEmpty { start = offset }
        if partial.isEmpty, bytes.count >= tarBlockByteCount {
            try handle(UnsafeRawBufferPointer(rebasing: bytes[..<tarBlockByteCount]))
            return tarBlockByteCount
        }
        let count = min(tarBlockByteCount - partial.count, bytes.count)
        partial.append(contentsOf: bytes[..<count])
        if partial.count == tarBlockByteCount {
            let whole = partial
            partial.removeAll(keepingCapacity: true)
            try whole.withRawBytes { (block) throws(TarError) in try handle(block) }
        }
        return count
    }

    private mutating func handle(_ bytes: UnsafeRawBufferPointer) throws(TarError) {
        let block = HeaderBlock(bytes)
        switch state {
        case .sparseMap(let dataSize):
            state = bytes[504] != 0 ? .sparseMap(dataSize: dataSize) : skip(dataSize)
        case .firstEnd:
            guard block.isZero || (isEndProved && !block.isValid) else {
                throw malformed("a single zero block in the middle of the archive")
            }
            state = .ended
        case .header, .data, .pax, .ended:
            if block.isZero {
                state = .firstEnd
            } else if !block.isValid, start == 0,
                let error = TarError.wrongFormat(bytes, path: path)
            {
                throw error
            } else {
                try header(block)
            }
        }
    }

    private mutating func header(_ block: HeaderBlock) throws(TarError) {
        guard block.isValid else { throw malformed("not a tar header: its checksum is wrong") }
        guard var size = block.dataSize else { throw malformed("the size is not a number") }
        if block.isExtension, size > UInt64(PaxRecords.byteLimit) {
            throw malformed(PaxRecords.tooLarge)
        }
        switch block.type {
        case UInt8(ascii: "x"):
            records.removeAll(keepingCapacity: true)
            // Of two extended headers for an entry, the second counts, as in unpacking.
            nextSize = nil
            let padding = UInt64(tarPadding(after: size))
            state = size == 0 ? .header : .pax(size, padding: padding)
            return
        case UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"):
            state = skip(size)
            return
        default:
            break
        }
        if let nextSize, HeaderBlock.hasData(block.type) { size = nextSize }
        nextSize = nil
        state = block.hasSparseExtension ? .sparseMap(dataSize: size) : skip(size)
    }

    private func skip(_ size: UInt64) -> State {
        let (padded, overflow) = size.addingReportingOverflow(UInt64(tarPadding(after: size)))
        if overflow { return .data(.max) }
        return padded == 0 ? .header : .data(padded)
    }

    private mutating func readRecords() throws(TarError) {
        guard let parsed = PaxRecords.parse(records) else {
            throw malformed("a pax header's records are malformed")
        }
        for record in parsed where record.key.elementsEqual("size".utf8) && !record.value.isEmpty {
            guard let size = PaxRecords.number(record.value) else {
                throw malformed("a pax header's size is not a number")
            }
            nextSize = size
        }
    }

    private func malformed(_ problem: String) -> TarError {
        .malformed(path: path, offset: start, problem)
    }
}
