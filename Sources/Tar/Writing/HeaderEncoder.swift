import ByteStream

/// Writes header blocks in ustar; a pax extended header precedes fields that ustar cannot express.
///
/// The bytes depend only on the entry: no user or group names, no process id, records in byte order
/// of their keys.
///
/// - Spec: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header".
enum HeaderEncoder {
    private enum Field {
        static let name = 0..<100
        static let mode = 100..<108
        static let uid = 108..<116
        static let gid = 116..<124
        static let size = 124..<136
        static let modificationTime = 136..<148
        static let checksum = 148..<156
        static let kind = 156
        static let linkTarget = 157..<257
        static let magic = 257..<265
        static let deviceMajor = 329..<337
        static let deviceMinor = 337..<345
        static let prefix = 345..<500
    }

    /// The largest id that ustar has digits for.
    private static let idLimit: UInt64 = 0o7777777
    /// The largest size and time that ustar has digits for.
    private static let wideLimit: UInt64 = 0o77777777777

    /// Writes the header of the plain case into one block, if it is plain.
    ///
    /// - Parameter block: at least 512 bytes.
    /// - Returns: false, with `block` undefined, when a pax header is needed.
    static func encodePlain(
        _ entry: borrowing TarEntry, into block: UnsafeMutableRawBufferPointer
    ) -> Bool {
        entry.path.withUnsafeBytes { path in
            encodePlain(entry, path: path, into: block)
        }
    }

    /// The same with a separate path, so that the walker's need not be copied.
    static func encodePlain(
        _ entry: borrowing TarEntry, path: UnsafeRawBufferPointer,
        into block: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard entry.uid <= idLimit, entry.gid <= idLimit, entry.size <= wideLimit,
            entry.modificationTime >= 0, UInt64(entry.modificationTime) <= wideLimit,
            entry.extendedAttributes.isEmpty, entry.linkTarget.count <= 100,
            isUstarText(path), entry.linkTarget.withUnsafeBytes(isUstarText),
            let split = splitName(path)
        else { return false }
        fill(block, entry, name: split.name, prefix: split.prefix)
        return true
    }

    /// All the header blocks of an entry, the pax ones first.
    static func encode(_ entry: TarEntry) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: tarBlockByteCount)
        if block.withUnsafeMutableBytes({ encodePlain(entry, into: $0) }) { return block }

        let records = paxRecords(for: entry)
        var bytes: [UInt8] = []
        if !records.isEmpty {
            var extended = TarEntry(kind: .file, path: paxHeaderName(for: entry), mode: 0o644)
            extended.size = UInt64(records.count)
            extended.path.withUnsafeBytes { name in
                block.withUnsafeMutableBytes {
                    fill($0, extended, name: name, prefix: nil, kind: UInt8(ascii: "x"))
                }
            }
            bytes += block
            bytes += records
            bytes += [UInt8](repeating: 0, count: tarPadding(after: extended.size))
        }

        var plain = entry
        if plain.uid > idLimit { plain.uid = 0 }
        if plain.gid > idLimit { plain.gid = 0 }
        if plain.size > wideLimit { plain.size = 0 }
        plain.modificationTime = max(0, min(entry.modificationTime, Int64(wideLimit)))
        plain.linkTarget = Array(entry.linkTarget.prefix(100))
        entry.path.withUnsafeBytes { path in
            let split =
                splitName(path)
                ?? (name: UnsafeRawBufferPointer(rebasing: path.prefix(100)), prefix: nil)
            block.withUnsafeMutableBytes {
                fill($0, plain, name: split.name, prefix: split.prefix)
            }
        }
        return bytes + block
    }

    /// Records for a pax header that ustar cannot express, in byte order of the keys.
    private static func paxRecords(for entry: TarEntry) -> [UInt8] {
        var records: [(key: [UInt8], value: [UInt8])] = []
        func add(_ key: String, _ value: [UInt8]) { records.append((Array(key.utf8), value)) }
        func add(_ key: String, _ value: some BinaryInteger) {
            add(key, Array(String(value).utf8))
        }

        // A name that is not UTF-8 goes into the ustar fields when it fits: pax records are UTF-8
        // unless `hdrcharset` says otherwise, which not every reader supports.
        let pathFits = entry.path.withUnsafeBytes { splitName($0) != nil }
        let linkFits = entry.linkTarget.count <= 100
        let isText = (path: isUTF8(entry.path), link: isUTF8(entry.linkTarget))
        let needsPath = !pathFits || (isText.path && !isASCII(entry.path))
        let needsLink = !linkFits || (isText.link && !isASCII(entry.linkTarget))
        if (needsPath && !isText.path) || (needsLink && !isText.link) {
            add("hdrcharset", Array("BINARY".utf8))
        }
        if needsPath { add("path", entry.path) }
        if needsLink { add("linkpath", entry.linkTarget) }
        if entry.uid > idLimit { add("uid", entry.uid) }
        if entry.gid > idLimit { add("gid", entry.gid) }
        if entry.size > wideLimit { add("size", entry.size) }
        if entry.modificationTime < 0 || UInt64(entry.modificationTime) > wideLimit {
            add("mtime", entry.modificationTime)
        }
        for attribute in entry.extendedAttributes {
            records.append((XattrKey.encode(attribute.name), attribute.value))
        }
        records.sort { $0.key.lexicographicallyPrecedes($1.key) }
        return records.flatMap { paxRecord(key: $0.key, value: $0.value) }
    }

    /// `LENGTH KEY=VALUE\n`, where LENGTH counts itself.
    private static func paxRecord(key: [UInt8], value: [UInt8]) -> [UInt8] {
        let rest = key.count + value.count + 3
        var length = rest + String(rest).utf8.count
        if String(length).utf8.count > String(rest).utf8.count {
            length = rest + String(length).utf8.count
        }
        return Array("\(length) ".utf8) + key + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
    }

    /// The name of the pax header's own entry, for readers that do not support pax.
    private static func paxHeaderName(for entry: TarEntry) -> [UInt8] {
        let components = entry.path.split(separator: UInt8(ascii: "/"))
        let name = (components.last ?? []).filter { $0 > 0x20 && $0 < 0x7F }
        return Array("PaxHeaders.0/".utf8) + name.prefix(80)
    }

    private static func fill(
        _ block: UnsafeMutableRawBufferPointer, _ entry: borrowing TarEntry,
        name: UnsafeRawBufferPointer, prefix: UnsafeRawBufferPointer?, kind: UInt8? = nil
    ) {
        _ = block[..<tarBlockByteCount].initializeMemory(as: UInt8.self, repeating: 0)
        put(name, at: Field.name.lowerBound, in: block)
        if let prefix { put(prefix, at: Field.prefix.lowerBound, in: block) }
        octal(UInt64(entry.mode), Field.mode, in: block)
        octal(entry.uid, Field.uid, in: block)
        octal(entry.gid, Field.gid, in: block)
        octal(entry.size, Field.size, in: block)
        octal(UInt64(entry.modificationTime), Field.modificationTime, in: block)
        block[Field.kind] = kind ?? entry.kind.rawValue
        entry.linkTarget.withUnsafeBytes { put($0, at: Field.linkTarget.lowerBound, in: block) }
        let magic: StaticString = "ustar\u{0}00"
        put(
            UnsafeRawBufferPointer(start: magic.utf8Start, count: magic.utf8CodeUnitCount),
            at: Field.magic.lowerBound, in: block)
        octal(UInt64(entry.deviceMajor), Field.deviceMajor, in: block)
        octal(UInt64(entry.deviceMinor), Field.deviceMinor, in: block)
        checksum(block)
    }

    private static func put(
        _ bytes: UnsafeRawBufferPointer, at offset: Int, in block: UnsafeMutableRawBufferPointer
    ) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        UnsafeMutableRawBufferPointer(rebasing: block[offset...])
            .baseAddress?.copyMemory(from: source, byteCount: bytes.count)
    }

    /// Octal digits with leading zeros up to the field's last byte, which stays zero.
    private static func octal(
        _ value: UInt64, _ field: Range<Int>, in block: UnsafeMutableRawBufferPointer
    ) {
        var rest = value
        var index = field.upperBound - 2
        while index >= field.lowerBound {
            block[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest & 7)
            rest >>= 3
            index -= 1
        }
    }

    /// The sum of all bytes, with spaces in the checksum field.
    private static func checksum(_ block: UnsafeMutableRawBufferPointer) {
        for index in Field.checksum { block[index] = UInt8(ascii: " ") }
        let digits = Field.checksum.lowerBound..<(Field.checksum.upperBound - 1)
        octal(byteSum(UnsafeRawBufferPointer(block)), digits, in: block)
        block[Field.checksum.upperBound - 2] = 0
    }

    /// Splits a path into the two ustar fields; nil when it does not fit.
    private static func splitName(
        _ path: UnsafeRawBufferPointer
    ) -> (name: UnsafeRawBufferPointer, prefix: UnsafeRawBufferPointer?)? {
        if path.count <= 100 { return (path, nil) }
        guard path.count <= 256 else { return nil }
        // The leftmost slash that leaves at most 100 bytes; a trailing slash belongs to the name.
        for index in (path.count - 101)..<min(156, path.count - 1)
        where path[index] == UInt8(ascii: "/") {
            guard index > 0 else { continue }
            return (
                UnsafeRawBufferPointer(rebasing: path[(index + 1)...]),
                UnsafeRawBufferPointer(rebasing: path[..<index])
            )
        }
        return nil
    }

    /// Whether every reader interprets the bytes of a ustar field in the same way: ASCII, or not
    /// UTF-8.
    private static func isUstarText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if isASCII(bytes) { return true }
        return !isUTF8(Array(bytes))
    }

    private static func isASCII(_ bytes: some Sequence<UInt8>) -> Bool {
        bytes.allSatisfy { $0 < 0x80 }
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        Array(String(decoding: bytes, as: UTF8.self).utf8) == bytes
    }
}
