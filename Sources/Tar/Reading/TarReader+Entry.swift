import ByteStream

extension TarReader {
    func entry(
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
            guard let major = number(major, bits: 12), let minor = number(minor, bits: 20) else {
                throw malformed("a device number that Linux does not have, of \(Path(path).quoted)")
            }
            entry.deviceMajor = major
            entry.deviceMinor = minor
        }
        try apply(prefix.records, to: &entry, hasData: HeaderBlock.hasData(header.type))
        // GNU's long names take precedence over pax records, as in Go.
        if let path = prefix.path { entry.path = path }
        if let target = prefix.linkTarget { entry.linkTarget = target }
        if entry.path.isEmpty, takesNamelessAsRoot { entry.path = Array("./".utf8) }
        guard !entry.path.isEmpty, !entry.path.contains(0), !entry.linkTarget.contains(0) else {
            throw malformed("an entry has no name, or a zero byte in it")
        }
        guard entry.kind == .file || entry.size == 0 else {
            // In the oldest format, some readers skip the data of a directory and others do not.
            throw malformed("a directory with data, \(Path(path).quoted)")
        }
        return entry
    }

    /// Part of a device number, of which mknod(2) takes 12 and 20 bits.
    private func number(_ value: Int64, bits: Int) -> UInt32? {
        value < 1 << bits ? UInt32(exactly: value) : nil
    }

    private func kind(_ header: HeaderBlock, path: [UInt8]) -> TarEntry.Kind? {
        switch header.type {
        case 0, UInt8(ascii: "7"):
            // In the oldest format, a trailing slash marks a directory.
            header.type == 0 && path.last == UInt8(ascii: "/") ? .directory : .file
        // A sparse file of GNU's old format.
        case UInt8(ascii: "S"): .file
        default: TarEntry.Kind(rawValue: header.type)
        }
    }

    private func unsupportedReason(_ type: UInt8) -> String {
        switch type {
        case UInt8(ascii: "M"): "part of an archive of several volumes"
        default: "an entry of the unknown type \(quote([type]))"
        }
    }

    /// Skips a volume label or the list of a dump, with a warning.
    mutating func skipMetadata(
        _ header: HeaderBlock, size: UInt64, _ prefix: Extension
    ) throws(TarError) {
        let isLabel = header.type == UInt8(ascii: "V")
        let name = Path(prefix.path ?? header.name).quoted
        warn("\(name) is \(isLabel ? "a volume's label" : "a dump's list"); left out")
        let sizes = prefix.records.filter { $0.key.elementsEqual("size".utf8) }
        begin(sizes.compactMap { PaxRecords.number($0.value) }.last ?? size)
        try skipData()
    }

    private func apply(
        _ records: [(key: [UInt8], value: [UInt8])], to entry: inout TarEntry, hasData: Bool
    ) throws(TarError) {
        var attributes: [[UInt8]: [UInt8]] = [:]
        for (key, value) in records {
            let name = String(decoding: key, as: UTF8.self)
            if let attribute = XattrKey.decode(key) {
                attributes[attribute] = value
                continue
            }
            // An empty value removes the record.
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
            case "SUN.holesdata":
                warn(
                    "\(Path(entry.path).quoted) is a sparse file as Solaris's tar writes it; "
                        + "its holes are left out")
            default: break
            }
        }
        for name in attributes.keys where !XattrKey.isPossible(name) {
            attributes[name] = nil
            warn(
                "\(Path(entry.path).quoted) has an attribute whose name cannot be one, "
                    + "\(quote(name.prefix(100))); left out")
        }
        entry.extendedAttributes =
            attributes
            .map { TarEntry.ExtendedAttribute(name: $0.key, value: $0.value) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private func required<Value>(_ value: Value?, _ key: String) throws(TarError) -> Value {
        guard let value else { throw malformed("the \(key) of a pax header is not a number") }
        return value
    }
}
