import ByteStream
import Hashing
import OCI
import Tar

/// An entry of a tar for the table and tar-split.
final class ChunkedEntry {
    let entry: TarEntry
    let header: HeaderFields

    /// - Throws: `TarError.unsupported` for an entry that the table cannot express.
    init(_ entry: TarEntry, _ header: HeaderFields) throws(TarError) {
        self.entry = entry
        self.header = header
        let path = Path(entry.path)
        if header.hasOthers {
            throw .unsupported(
                path: path,
                "a global header or label stands before it, which zstd:chunked cannot "
                    + "hold; 'oci-tar --from-tar -' leaves it out")
        }
        if header.type == UInt8(ascii: "7") {
            throw .unsupported(path: path, "a contiguous file, which zstd:chunked cannot hold")
        }
        if entry.kind != .file, header.size > 0 {
            throw .unsupported(path: path, "no file but has a size, which zstd:chunked cannot hold")
        }
        guard isUTF8(entry.path), isUTF8(entry.linkTarget),
            header.extendedAttributes.allSatisfy({ isUTF8($0.name) })
        else {
            throw .unsupported(
                path: path, "a name that is not UTF-8, which zstd:chunked cannot hold")
        }
        let time = HeaderFields.Time(
            seconds: entry.modificationTime, nanoseconds: entry.modificationNanoseconds)
        guard isWritable(time), isWritable(header.accessTime), isWritable(header.changeTime) else {
            throw .unsupported(
                path: path, "a time outside the years 0 to 9999, which zstd:chunked cannot hold")
        }
    }

    /// The hash of the cleaned path, for comparing: the same for two spellings of one path.
    ///
    /// - Parameter digest: a digest that the caller does not need, to reuse its memory.
    func pathKey(_ digest: StreamingDigest) -> UInt128 {
        digest.restart()
        if let path = plainPath {
            path.withUnsafeBytes { digest.update($0) }
        } else {
            digest.update(cleanPath)
        }
        return withUnsafeTemporaryAllocation(byteCount: 32, alignment: 16) { bytes in
            digest.finalize(into: bytes)
            return bytes.load(as: UInt128.self)
        }
    }

    /// The cleaned path when it is a slice of the path, as almost always; nil otherwise.
    private var plainPath: ArraySlice<UInt8>? {
        let slash = UInt8(ascii: "/")
        var path = entry.path[...]
        if path.starts(with: [UInt8(ascii: "."), slash]) { path = path.dropFirst(2) }
        if path.first == slash, path.startIndex > 0 { return nil }
        if path.last == slash { path = path.dropLast() }
        let names = path.first == slash ? path.dropFirst() : path
        var previous = slash
        for byte in names {
            if previous == slash, byte == slash || byte == UInt8(ascii: ".") { return nil }
            previous = byte
        }
        return previous == slash ? nil : path
    }

    /// The path without empty and `.` components, and with `..` resolved.
    private var cleanPath: [UInt8] {
        let clean = Path(entry.path).cleaned
        return clean == "." ? [] : clean.bytes
    }

    var type: StaticString {
        switch entry.kind {
        case .file: "reg"
        case .hardLink: "hardlink"
        case .symbolicLink: "symlink"
        case .characterDevice: "char"
        case .blockDevice: "block"
        case .directory: "dir"
        case .fifo: "fifo"
        }
    }
}

private func isUTF8(_ text: [UInt8]) -> Bool {
    text.reduce(0, |) < 0x80 || String(validating: text, as: UTF8.self) != nil
}

private func isWritable(_ time: HeaderFields.Time?) -> Bool {
    guard let time else { return true }
    return Timestamp(seconds: time.seconds, nanoseconds: time.nanoseconds) != nil
}
