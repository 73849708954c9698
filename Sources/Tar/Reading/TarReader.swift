import ByteStream

/// Reads a tar entry by entry: ustar, GNU, pax, and the older format.
///
/// Extended headers are folded into the entries they belong to; global ones are dropped. What a
/// layer cannot hold (sparse files, parts of other archives) is refused by name.
///
/// - Spec: POSIX.1-2017, pax; tar(5) for GNU's types.
package struct TarReader: ~Copyable {
    private let input: any ByteSource
    /// As messages call the tar.
    private let path: Path
    private let isEndProved: Bool
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: bufferByteCount, alignment: 4096)
    /// What of `buffer` was read and not yet taken.
    private var available = 0..<0
    /// Bytes taken since the beginning.
    private var offset: Int64 = 0
    /// Data and padding of the current entry that is still to come.
    private var remaining: UInt64 = 0
    private var padding = 0

    package init(_ input: InputStream) {
        self.init(input, path: input.path)
    }

    /// - Parameter isEndProved: whether the input ends only where it should; its tar may then lack
    ///   the end-of-archive marker, and the padding before it.
    package init(_ input: any ByteSource, path: Path, isEndProved: Bool = false) {
        self.input = input
        self.path = path
        self.isEndProved = isEndProved
    }

    deinit {
        buffer.deallocate()
    }

    /// What extended headers say of the entry that follows them.
    private struct Extension {
        var path: [UInt8]?
        var linkTarget: [UInt8]?
        var records: [(key: [UInt8], value: [UInt8])] = []

        /// Whether an entry must follow.
        var isBegun: Bool { path != nil || linkTarget != nil || !records.isEmpty }
    }

    /// The next entry; nil after the end of the archive, when nothing but zeros followed it.
    ///
    /// The data of the entry before must have been copied.
    /// - Throws: `TarError.cut`, `.malformed`, `.unsupported`, `.empty`, `.stream`.
    package mutating func next() throws(TarError) -> TarEntry? {
        precondition(remaining == 0)
        var prefix = Extension()
        while true {
            if isEndProved, offset > 0, !prefix.isBegun {
                guard try fill(atLeast: 1) else { return nil }
            }
            let block = try take(tarBlockByteCount)
            let header = HeaderBlock(block)
            if header.isZero {
                try readEnd()
                return nil
            }
            guard header.isValid else { throw malformed("not a tar header: its checksum is wrong") }
            guard let size = header.dataSize else { throw malformed("the size is not a number") }
            switch header.type {
            case UInt8(ascii: "x"):
                prefix.records = try records(size)
            case UInt8(ascii: "g"):
                _ = try text(size)
            case UInt8(ascii: "L"):
                prefix.path = try text(size)
            case UInt8(ascii: "K"):
                prefix.linkTarget = try text(size)
            default:
                // The block is in the buffer, which nothing has moved yet.
                let entry = try entry(header, size: size, prefix)
                remaining = entry.size
                padding = tarPadding(after: entry.size)
                return entry
            }
        }
    }

    /// Copies the data of the current entry, and its padding.
    mutating func copyData(to output: some EntrySpace) throws(TarError) {
        let paddingCount = padding
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

    /// Hands over the data of the current entry, in pieces, and passes over its padding.
    package mutating func readData(
        _ body: (UnsafeRawBufferPointer) throws(TarError) -> Void
    ) throws(TarError) {
        while remaining > 0 {
            let bytes = try some(limit: remaining)
            try body(bytes)
            remaining -= UInt64(bytes.count)
        }
        let isThere = isEndProved ? try fill(atLeast: 1) : true
        if isThere { _ = try take(padding) }
        padding = 0
    }

    /// Fills part of `space` with data of the current entry and returns how much; 0 means its end.
    package mutating func read(
        into space: UnsafeMutableRawBufferPointer
    ) throws(TarError) -> Int {
        guard remaining > 0 else {
            try skipData()
            return 0
        }
        let bytes = try some(limit: min(remaining, UInt64(space.count)))
        space.copyMemory(from: bytes)
        remaining -= UInt64(bytes.count)
        return bytes.count
    }

    /// Passes over the data of the current entry.
    package mutating func skipData() throws(TarError) {
        try readData { (_) throws(TarError) in }
    }

    private func entry(
        _ header: HeaderBlock, size: UInt64, _ prefix: Extension
    ) throws(TarError) -> TarEntry {
        let path = prefix.path ?? header.name
        guard let kind = kind(header, path: path) else {
            throw .unsupported(path: Path(path), unsupportedReason(header.type))
        }
        guard let mode = header.mode, let uid = header.uid, let gid = header.gid,
            let time = header.modificationTime, let major = header.deviceMajor,
            let minor = header.deviceMinor
        else { throw malformed("a field is not a number, of \(Path(path).quoted)") }
        var entry = TarEntry(
            kind: kind, path: path, mode: UInt32(truncatingIfNeeded: mode) & 0o7777,
            size: size)
        entry.linkTarget = prefix.linkTarget ?? header.linkTarget
        guard let uid = UInt64(exactly: uid), let gid = UInt64(exactly: gid) else {
            throw malformed("a negative owner, of \(Path(path).quoted)")
        }
        entry.uid = uid
        entry.gid = gid
        entry.modificationTime = time
        if kind == .characterDevice || kind == .blockDevice {
            guard let major = deviceNumber(major), let minor = deviceNumber(minor) else {
                throw malformed("a device number that Linux does not have, of \(Path(path).quoted)")
            }
            entry.deviceMajor = major
            entry.deviceMinor = minor
        }
        try apply(prefix.records, to: &entry, hasData: HeaderBlock.hasData(header.type))
        guard entry.kind == .file || entry.size == 0 else {
            // In the oldest format, of which some readers pass over the data and others do not.
            throw malformed("a directory with data, \(Path(path).quoted)")
        }
        return entry
    }

    /// Numbers of devices have 12 and 20 bits.
    private func deviceNumber(_ value: Int64) -> UInt32? {
        value < 1 << 20 ? UInt32(exactly: value) : nil
    }

    private func kind(_ header: HeaderBlock, path: [UInt8]) -> TarEntry.Kind? {
        switch header.type {
        case 0, UInt8(ascii: "7"):
            // The oldest format has no type for directories but a slash.
            header.type == 0 && path.last == UInt8(ascii: "/") ? .directory : .file
        default: TarEntry.Kind(rawValue: header.type)
        }
    }

    private func unsupportedReason(_ type: UInt8) -> String {
        switch type {
        case UInt8(ascii: "S"): "a sparse file of GNU's format, which no layer can hold"
        case UInt8(ascii: "M"): "part of an archive of several volumes"
        case UInt8(ascii: "V"): "the label of a volume, not a file"
        default: "an entry of the unknown type \(quote([type]))"
        }
    }

    private func apply(
        _ records: [(key: [UInt8], value: [UInt8])], to entry: inout TarEntry, hasData: Bool
    ) throws(TarError) {
        var attributes: [[UInt8]: [UInt8]] = [:]
        for (key, value) in records {
            let name = String(decoding: key, as: UTF8.self)
            if key.starts(with: "SCHILY.xattr.".utf8) {
                attributes[Array(key.dropFirst("SCHILY.xattr.".utf8.count))] = value
                continue
            }
            // An empty value is as if the record were not there.
            if value.isEmpty { continue }
            let number = PaxRecords.number(value)
            switch name {
            case "path": entry.path = value
            case "linkpath": entry.linkTarget = value
            case "size": if hasData { entry.size = try required(number, name) }
            case "uid": entry.uid = try required(number, name)
            case "gid": entry.gid = try required(number, name)
            case "mtime":
                let time = try required(PaxRecords.time(value), name)
                entry.modificationTime = time.seconds
                entry.modificationNanoseconds = time.nanoseconds
            case _ where name.hasPrefix("GNU.sparse."):
                // The archive may have it under a name that the user does not know.
                let known = records.last { $0.key.elementsEqual("GNU.sparse.name".utf8) }?.value
                throw .unsupported(
                    path: Path(known ?? entry.path), "a sparse file, which no layer can hold")
            default: break
            }
        }
        entry.extendedAttributes =
            attributes
            .map { TarEntry.ExtendedAttribute(name: $0.key, value: $0.value) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
        guard !entry.path.isEmpty, !entry.path.contains(0), !entry.linkTarget.contains(0) else {
            throw malformed("an entry has no name, or a zero byte in it")
        }
    }

    private func required<Value>(_ value: Value?, _ key: String) throws(TarError) -> Value {
        guard let value else { throw malformed("the \(key) of a pax header is not a number") }
        return value
    }

    /// The second zero block, and nothing but zeros after it.
    private mutating func readEnd() throws(TarError) {
        guard HeaderBlock(try take(tarBlockByteCount)).isZero else {
            throw malformed("a single zero block in the middle of the archive")
        }
        while try fill(atLeast: 1) {
            let rest = UnsafeRawBufferPointer(rebasing: buffer[available])
            if let index = rest.firstIndex(where: { $0 != 0 }) {
                throw .malformed(
                    path: path, offset: offset + Int64(index), "more after the end of the archive")
            }
            offset += Int64(rest.count)
            available = 0..<0
        }
    }

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
        var rest = size
        while rest > 0 {
            let part = try some(limit: rest)
            bytes.append(contentsOf: part)
            rest -= UInt64(part.count)
        }
        _ = try take(tarPadding(after: size))
        return bytes
    }

    /// At least one byte and at most `limit`; valid until the next call.
    private mutating func some(limit: UInt64) throws(TarError) -> UnsafeRawBufferPointer {
        guard try fill(atLeast: 1) else { throw cut() }
        let count = Int(min(limit, UInt64(available.count)))
        return consume(count)
    }

    /// Exactly `count` bytes; valid until the next call.
    private mutating func take(_ count: Int) throws(TarError) -> UnsafeRawBufferPointer {
        guard try fill(atLeast: count) else { throw cut() }
        return consume(count)
    }

    private mutating func consume(_ count: Int) -> UnsafeRawBufferPointer {
        let bytes = buffer[available.lowerBound..<(available.lowerBound + count)]
        available = (available.lowerBound + count)..<available.upperBound
        offset += Int64(count)
        return UnsafeRawBufferPointer(rebasing: bytes)
    }

    /// Reads until `count` bytes are available; false when the input ends before.
    private mutating func fill(atLeast count: Int) throws(TarError) -> Bool {
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
                let read = try input.read(into: room)
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

    private func cut() -> TarError {
        let end = offset + Int64(available.count)
        return end == 0 ? .empty(path: path) : .cut(path: path, offset: end)
    }

    private func malformed(_ problem: String) -> TarError {
        .malformed(path: path, offset: max(0, offset - 512), problem)
    }
}
