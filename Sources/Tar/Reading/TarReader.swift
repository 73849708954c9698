import ByteStream

/// Reads a tar entry by entry: ustar, GNU, pax, and the older format.
///
/// Extended headers become part of their entries; global ones are dropped. The data of sparse files
/// is that of the whole file. Volume labels and the lists of GNU's incremental dumps are skipped;
/// entries that a layer cannot have (parts of multi-volume archives) are refused by name.
///
/// An archive ends at a zero block. A second one should follow, but without it no entry is missing.
/// As in GNU tar, data after the end is ignored.
///
/// - Spec: POSIX.1-2017, pax; tar(5) for GNU's types.
package struct TarReader: ~Copyable {
    private var input: TarInput
    private let isEndProved: Bool
    /// Fields of the current header that `TarEntry` does not have.
    package private(set) var header = HeaderFields()
    let warn: (String) -> Void
    /// Whether an entry with an empty name is the archive's root directory, as in Go, instead of an
    /// error.
    var takesNamelessAsRoot = false
    /// The number of bytes of data and padding of the current entry that are still to be read.
    private(set) var remaining: UInt64 = 0
    private var padding = 0
    /// Sparse map of the current entry; nil for other files.
    private var sparse: SparseProgress?
    /// The size of the current entry's data, including holes.
    private var dataSize: UInt64 = 0

    /// Progress in the data of a sparse file.
    private struct SparseProgress {
        let map: SparseMap
        var index = 0
        var position: UInt64 = 0
    }

    /// A part of an entry's data.
    private enum Piece {
        /// Valid until the next call.
        case bytes(UnsafeRawBufferPointer)
        /// This many zeros.
        case hole(UInt64)
        case end
    }

    package init(_ input: InputStream, warn: @escaping (String) -> Void = { _ in }) {
        self.init(input, path: input.path, warn: warn)
    }

    /// - Parameters:
    ///   - isEndProved: whether something else, such as a digest, proves that the input is
    ///     complete; then the tar may lack the end-of-archive marker and the padding before it, or
    ///     be empty.
    ///   - warn: called with a message for each skipped entry.
    ///   - passMetadata: receives headers, padding and the end, everything but the data of entries,
    ///     as it is read.
    package init(
        _ input: any ByteSource, path: Path, isEndProved: Bool = false,
        warn: @escaping (String) -> Void = { _ in },
        passMetadata: ((UnsafeRawBufferPointer) throws(TarError) -> Void)? = nil
    ) {
        self.input = TarInput(input, path: path, passMetadata: passMetadata)
        self.isEndProved = isEndProved
        self.warn = warn
    }

    /// Name of the tar in messages.
    var path: Path { input.path }

    /// Values of extended headers for the next entry.
    struct Extension {
        var path: [UInt8]?
        var linkTarget: [UInt8]?
        var records: [(key: [UInt8], value: [UInt8])] = []

        /// Whether an entry must follow.
        var isBegun: Bool { path != nil || linkTarget != nil || !records.isEmpty }
    }

    /// The next entry; nil after the end of the archive.
    ///
    /// The data of the entry before must have been read.
    /// - Throws: `TarError.cut`, `.malformed`, `.unsupported`, `.empty`, `.stream`.
    package mutating func next() throws(TarError) -> TarEntry? {
        precondition(remaining == 0 && sparse == nil)
        var prefix = Extension()
        while true {
            if isEndProved, !prefix.isBegun {
                guard try input.fill(atLeast: 1) else { return nil }
            }
            let isFirst = input.offset == 0
            let block = try input.readExactly(tarBlockByteCount)
            let header = HeaderBlock(block)
            if header.isZero {
                try readEnd()
                return nil
            }
            guard header.isValid else {
                if isFirst, let error = TarError.wrongFormat(block, path: path) { throw error }
                throw malformed("not a tar header: its checksum is wrong")
            }
            guard let size = header.dataSize else { throw malformed("the size is not a number") }
            switch header.type {
            case UInt8(ascii: "x"):
                prefix.records = try records(size)
            case UInt8(ascii: "g"):
                _ = try text(size)
                self.header.hasOthers = true
            case UInt8(ascii: "L"):
                prefix.path = try text(size)
            case UInt8(ascii: "K"):
                prefix.linkTarget = try text(size)
            case UInt8(ascii: "V"), UInt8(ascii: "D"):
                self.header.hasOthers = true
                try skipMetadata(header, size: size, prefix)
                prefix = Extension()
            default:
                // The block is in the buffer, which nothing has moved yet.
                var entry = try entry(header, size: size, prefix)
                self.header.read(header, prefix.records)
                if header.type == UInt8(ascii: "S") {
                    try beginSparse(&entry, header)
                } else {
                    try beginSparse(&entry, prefix.records)
                }
                dataSize = entry.size
                return entry
            }
        }
    }

    /// Whether the current entry's data has holes.
    package var isSparse: Bool { sparse != nil }

    // MARK: Data

    /// Copies the data of the current entry, and its padding.
    mutating func copyData(to output: some EntrySpace) throws(TarError) {
        let paddingCount = tarPadding(after: dataSize)
        try readData { (bytes) throws(TarError) in
            var rest = bytes[...]
            while !rest.isEmpty {
                let room = try output.room(atLeast: 1)
                let part = rest.prefix(room.count)
                room.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
                output.accept(part.count)
                rest = rest.dropFirst(part.count)
            }
        }
        if paddingCount > 0 { try output.put([UInt8](repeating: 0, count: paddingCount)) }
    }

    /// Passes the data of the current entry to `body`, in pieces, and skips its padding.
    ///
    /// - Parameter hole: called with the length of each hole; nil means that holes are passed as
    ///   zeros.
    package mutating func readData(
        hole: ((UInt64) throws(TarError) -> Void)? = nil,
        _ body: (UnsafeRawBufferPointer) throws(TarError) -> Void
    ) throws(TarError) {
        while true {
            switch try piece(limit: .max) {
            case .bytes(let bytes): try body(bytes)
            case .hole(let count):
                if let hole { try hole(count) } else { try zeros(count, to: body) }
            case .end: return
            }
        }
    }

    private func zeros(
        _ count: UInt64, to body: (UnsafeRawBufferPointer) throws(TarError) -> Void
    ) throws(TarError) {
        let zeros = [UInt8](repeating: 0, count: Int(min(count, UInt64(readByteCount))))
        var rest = count
        while rest > 0 {
            let part = min(rest, UInt64(zeros.count))
            try zeros.withRawBytes { (bytes) throws(TarError) in
                try body(UnsafeRawBufferPointer(rebasing: bytes[..<Int(part)]))
            }
            rest -= part
        }
    }

    /// Passes the data of the current entry to `body`, in pieces. `skipData` skips its padding.
    ///
    /// - Precondition: the entry is not sparse.
    package mutating func readPayload(
        _ body: (UnsafeRawBufferPointer) throws(TarError) -> Void
    ) throws(TarError) {
        precondition(!isSparse)
        while remaining > 0 {
            let bytes = try input.readPart(limit: remaining)
            try body(bytes)
            remaining -= UInt64(bytes.count)
        }
    }

    /// Fills part of `space` with data of the current entry and returns the number of bytes; 0
    /// means its end.
    package mutating func read(
        into space: UnsafeMutableRawBufferPointer
    ) throws(TarError) -> Int {
        switch try piece(limit: UInt64(space.count)) {
        case .bytes(let bytes):
            space.copyMemory(from: bytes)
            return bytes.count
        case .hole(let count):
            let part = UnsafeMutableRawBufferPointer(rebasing: space[..<Int(count)])
            part.initializeMemory(as: UInt8.self, repeating: 0)
            return part.count
        case .end: return 0
        }
    }

    /// Skips the data of the current entry.
    package mutating func skipData() throws(TarError) {
        try readData(hole: { (_) throws(TarError) in }, { (_) throws(TarError) in })
    }

    /// The next part of the data; at its end, its padding is skipped.
    private mutating func piece(limit: UInt64) throws(TarError) -> Piece {
        if limit == 0 { return .hole(0) }
        if let piece = try sparsePiece(limit: limit) { return piece }
        if remaining > 0 {
            let bytes = try input.readPart(limit: min(remaining, limit))
            remaining -= UInt64(bytes.count)
            return .bytes(bytes)
        }
        let isThere = isEndProved ? try input.fill(atLeast: 1) : true
        if isThere { _ = try input.readExactly(padding) }
        padding = 0
        return .end
    }

    /// The next part of a sparse file; nil for other files, and at its end.
    private mutating func sparsePiece(limit: UInt64) throws(TarError) -> Piece? {
        guard var progress = sparse else { return nil }
        let regions = progress.map.regions
        let region =
            progress.index < regions.count
            ? regions[progress.index] : progress.map.size..<progress.map.size
        if progress.position < region.lowerBound {
            let count = min(region.lowerBound - progress.position, limit)
            progress.position += count
            sparse = progress
            return .hole(count)
        }
        guard progress.index < regions.count else {
            sparse = nil
            return nil
        }
        let bytes = try input.readPart(limit: min(region.upperBound - progress.position, limit))
        remaining -= UInt64(bytes.count)
        progress.position += UInt64(bytes.count)
        if progress.position == region.upperBound { progress.index += 1 }
        sparse = progress
        return .bytes(bytes)
    }

    /// States that data of this size follows in the archive.
    mutating func begin(_ size: UInt64) {
        remaining = size
        padding = tarPadding(after: size)
    }

    // MARK: Sparse files

    /// Begins an entry of the old GNU format: blocks of its map may follow the header.
    private mutating func beginSparse(
        _ entry: inout TarEntry, _ header: HeaderBlock
    ) throws(TarError) {
        let subject = Path(entry.path).quoted
        let fields = header.sparseMap
        guard header.isGNU, let size = fields.size, var numbers = SparseMap.numbers(fields.entries)
        else { throw malformed("a sparse file's map is malformed, of \(subject)") }
        var isContinued = header.hasSparseExtension
        while isContinued {
            let block = try input.readExactly(tarBlockByteCount)
            isContinued = block[504] != 0
            guard
                let more = SparseMap.numbers(UnsafeRawBufferPointer(rebasing: block[..<504])),
                numbers.count * 12 <= SparseMap.byteLimit
            else { throw malformed("a sparse file's map is malformed, of \(subject)") }
            numbers += more
        }
        begin(entry.size)
        try beginSparse(&entry, SparseMap(numbers, size: size))
    }

    /// Begins an entry that may be sparse by the records of its pax header.
    private mutating func beginSparse(
        _ entry: inout TarEntry, _ records: [(key: [UInt8], value: [UInt8])]
    ) throws(TarError) {
        begin(entry.size)
        do {
            guard let records = try SparseRecords(records), let size = records.size else { return }
            if let name = records.name { entry.path = name }
            guard entry.kind == .file, !entry.path.isEmpty, !entry.path.contains(0) else {
                throw SparseError()
            }
            var numbers = records.numbers
            if records.hasMapInData {
                var text = SparseMapText()
                var count = 0
                while text.result == nil {
                    guard remaining >= UInt64(tarBlockByteCount), count < SparseMap.byteLimit else {
                        throw SparseError()
                    }
                    try text.read(try input.readExactly(tarBlockByteCount))
                    remaining -= UInt64(tarBlockByteCount)
                    count += tarBlockByteCount
                }
                numbers = text.result ?? []
            }
            try beginSparse(&entry, SparseMap(numbers, size: size))
        } catch let error as TarError {
            throw error
        } catch {
            throw malformed("a sparse file's map is malformed, of \(Path(entry.path).quoted)")
        }
    }

    private mutating func beginSparse(
        _ entry: inout TarEntry, _ map: SparseMap?
    ) throws(TarError) {
        guard let map, map.dataSize == remaining else {
            throw malformed("a sparse file's map is malformed, of \(Path(entry.path).quoted)")
        }
        entry.size = map.size
        sparse = SparseProgress(map: map)
    }

    // MARK: The end

    /// Reads the input after the first zero block to its end.
    ///
    /// - Throws: `TarError.malformed` when entries follow a single zero block; `.cut` when the
    ///   input ends within the second one, unless something else proves that it is complete.
    private mutating func readEnd() throws(TarError) {
        if try input.fill(atLeast: tarBlockByteCount) {
            let block = HeaderBlock(try input.readExactly(tarBlockByteCount))
            if !block.isZero {
                if block.isValid {
                    throw malformed("a single zero block in the middle of the archive")
                }
                warn(trailing)
            }
        } else if !input.isEmpty, !isEndProved {
            throw input.cut()
        }
        var isWarned = false
        while try input.fill(atLeast: 1) {
            let rest = try input.readAvailable()
            if !isWarned, rest.contains(where: { $0 != 0 }) {
                warn(trailing)
                isWarned = true
            }
        }
    }

    private var trailing: String { "what follows the end of \(path.quoted) is left out" }

    // MARK: Bytes

    private mutating func records(_ size: UInt64) throws(TarError) -> [(
        key: [UInt8], value: [UInt8]
    )] {
        let bytes = try data(size)
        guard let records = PaxRecords.parse(bytes) else {
            throw malformed("a pax header's records are malformed")
        }
        return records
    }

    /// The data of a GNU long name, up to its first zero byte.
    private mutating func text(_ size: UInt64) throws(TarError) -> [UInt8] {
        Array(try data(size).prefix { $0 != 0 })
    }

    /// The data of an extended header.
    private mutating func data(_ size: UInt64) throws(TarError) -> [UInt8] {
        guard size <= UInt64(PaxRecords.byteLimit) else { throw malformed(PaxRecords.tooLarge) }
        var bytes: [UInt8] = []
        while bytes.count < size {
            let part = try input.readMetadata(limit: size - UInt64(bytes.count))
            bytes.append(contentsOf: part)
        }
        _ = try input.readExactly(tarPadding(after: size))
        return bytes
    }

    func malformed(_ problem: String) -> TarError {
        .malformed(path: path, offset: max(0, input.offset - 512), problem)
    }
}
