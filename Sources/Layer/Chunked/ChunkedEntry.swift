import ByteStream
import OCI
import Tar

/// An entry of a tar for the table and tar-split.
struct ChunkedEntry {
    let entry: TarEntry
    let header: HeaderFields
    /// The tar's bytes between the payload of the previous entry and that of this one.
    let segment: [UInt8]

    /// - Throws: `TarError.unsupported` for an entry that the table cannot express.
    init(_ entry: TarEntry, _ header: HeaderFields, segment: [UInt8]) throws(TarError) {
        self.entry = entry
        self.header = header
        self.segment = segment
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
        let texts = [entry.path, entry.linkTarget] + header.extendedAttributes.map(\.name)
        guard texts.allSatisfy({ String(validating: $0, as: UTF8.self) != nil }) else {
            throw .unsupported(
                path: path, "a name that is not UTF-8, which zstd:chunked cannot hold")
        }
        let times = [
            HeaderFields.Time(
                seconds: entry.modificationTime, nanoseconds: entry.modificationNanoseconds),
            header.accessTime, header.changeTime,
        ]
        for case let time? in times
        where Timestamp(seconds: time.seconds, nanoseconds: time.nanoseconds) == nil {
            throw .unsupported(
                path: path, "a time outside the years 0 to 9999, which zstd:chunked cannot hold")
        }
    }

    /// The cleaned path, for comparing: the same for two spellings of one path.
    var cleanPath: [UInt8] {
        var components: [ArraySlice<UInt8>] = []
        let isRooted = entry.path.first == UInt8(ascii: "/")
        for component in entry.path.split(separator: UInt8(ascii: "/")) {
            if component.elementsEqual(".".utf8) { continue }
            guard component.elementsEqual("..".utf8) else {
                components.append(component)
                continue
            }
            if let last = components.last, !last.elementsEqual("..".utf8) {
                components.removeLast()
            } else if !isRooted {
                components.append(component)
            }
        }
        return (isRooted ? [UInt8(ascii: "/")] : [])
            + Array(components.joined(separator: [UInt8(ascii: "/")]))
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
