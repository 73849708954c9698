import ByteStream
import Glibc

/// Writes a layer tar to an output, entry by entry.
///
/// Only `finish()` writes the end-of-archive marker. So a failed run leaves a tar without an end,
/// which no reader of layers accepts.
///
/// - Spec: image-spec v1.1.1, layer.md; POSIX.1-2017, pax.
public final class TarWriter {
    let output: OutputBuffer
    let encoder: EntryEncoder
    /// The hard-linked files that were written, and the path of each.
    private var links: [FileIdentity: [UInt8]] = [:]
    /// Called with each entry, before its bytes; nil for none.
    let list: ((TarEntry) -> Void)?
    let warn: (String) -> Void
    /// Resolves paths through the base; nil when the base is not known.
    let guide: BaseGuide?
    /// Receives the entries instead of the output; nil to write bytes.
    let recorder: (any EntryRecorder)?

    /// - Parameters:
    ///   - base: the files of the image below; nil does not resolve paths.
    ///   - list: called with every entry in order.
    ///   - warn: called with a message for each thing that is left out.
    public init(
        _ output: OutputBuffer, policy: EntryPolicy, base: (any LayerBase)? = nil,
        list: ((TarEntry) -> Void)? = nil, warn: @escaping (String) -> Void
    ) {
        self.output = output
        encoder = EntryEncoder(policy: policy)
        self.list = list
        self.warn = warn
        guide = base.map { BaseGuide($0) }
        recorder = nil
    }

    /// Passes the entries of trees, files and lists of paths to a recorder, and reads no contents.
    package init(
        recorder: any EntryRecorder, policy: EntryPolicy, base: (any LayerBase)?,
        warn: @escaping (String) -> Void
    ) {
        output = OutputBuffer(capacity: tarBlockByteCount)
        encoder = EntryEncoder(policy: policy)
        list = nil
        self.warn = warn
        guide = base.map { BaseGuide($0) }
        self.recorder = recorder
    }

    /// Whether every entry is reported before it is written.
    var isListing: Bool { list != nil }

    /// Writes the end-of-archive marker and flushes the buffer.
    public func finish() throws(TarError) {
        do {
            try output.appendZeros(2 * tarBlockByteCount)
            try output.flush()
        } catch {
            throw .stream(error)
        }
    }

    /// Writes an entry without data, unchanged.
    public func write(_ entry: TarEntry) throws(TarError) {
        precondition(entry.size == 0)
        if let recorder { return try recorder.record(entry) }
        list?(entry)
        try encoder.encodeEmpty(entry, to: output)
    }

    /// Writes the header of an entry; the caller writes its `size` bytes of data.
    package func writeHeader(_ entry: TarEntry) throws(TarError) {
        list?(entry)
        try output.put(HeaderEncoder.encode(entry))
    }

    /// Writes an empty file with the policy's owner and time.
    func writeMarker(_ path: some Sequence<UInt8>) throws(TarError) {
        var entry = TarEntry(kind: .file, path: Array(path), mode: 0o644)
        encoder.policy.apply(toMade: &entry)
        entry.mode = 0o644
        try write(entry)
    }

    /// Writes a directory with the attributes of the open one.
    func writeDirectory(_ directory: OpenDirectory, path: [UInt8]) throws(TarError) {
        if let recorder { return try recorder.visit(directory, path: path) }
        try write(try encoder.directoryEntry(directory, path: path))
    }

    /// Writes a file, link or device of an open directory under `path`.
    ///
    /// - Parameter type: the `DT_` constant of the listing.
    func write(
        _ name: UnsafePointer<CChar>, type: UInt8, in directory: OpenDirectory,
        path: UnsafeRawBufferPointer
    ) throws(TarError) {
        if let recorder {
            return try recorder.visit(name, type: type, in: directory, path: path)
        }
        if let list, let entry = try listedEntry(name, in: directory, path: path) { list(entry) }
        let isFile = type == UInt8(DT_REG)
        func encode(claimingLinks: Bool = false) throws(TarError) {
            let outcome =
                isFile
                ? try encoder.encodeFile(
                    name, in: directory, path: path, to: output, claimingLinks: claimingLinks)
                : try encoder.encodeSpecial(
                    name, in: directory, path: path, to: output, claimingLinks: claimingLinks)
            switch outcome {
            case .written: break
            case .large: try stream(name, in: directory, path: path)
            case .linked(let identity):
                if let first = links[identity] {
                    try link(name, in: directory, path: path, to: first)
                } else {
                    links[identity] = Array(path)
                    try encode(claimingLinks: true)
                }
            case .socket:
                let file = directory.path.appending(Path(cString: name))
                warn("\(file.quoted) is a socket, which a layer cannot hold; left out")
            }
        }
        try encode()
    }

    /// Writes another name of the file that was written as `first`.
    private func link(
        _ name: UnsafePointer<CChar>, in directory: OpenDirectory, path: UnsafeRawBufferPointer,
        to first: [UInt8]
    ) throws(TarError) {
        let status = try OpenDirectory.status(name, in: directory)
        var entry = encoder.entry(status, kind: .hardLink, path: path)
        entry.linkTarget = first
        try encoder.encodeEmpty(entry, to: output)
    }

    /// Writes a large file piece by piece.
    private func stream(
        _ name: UnsafePointer<CChar>, in directory: OpenDirectory, path: UnsafeRawBufferPointer
    ) throws(TarError) {
        let file = try OpenFile(name, in: directory)
        let entry = try encoder.fileEntry(file, path: path)
        try output.put(HeaderEncoder.encode(entry))
        try FileStream(file).copy(to: output)
    }

    /// The entry that `list` shows before it is written; nil for a socket, which is skipped.
    private func listedEntry(
        _ name: UnsafePointer<CChar>, in directory: OpenDirectory, path: UnsafeRawBufferPointer
    ) throws(TarError) -> TarEntry? {
        let status = try OpenDirectory.status(name, in: directory)
        guard let kind = TarEntry.Kind(mode: status.st_mode) else { return nil }
        var entry = encoder.entry(status, kind: kind, path: path)
        if kind == .symbolicLink {
            entry.mode = 0o777
            entry.linkTarget = try directory.linkTarget(of: name)
        }
        if status.st_nlink > 1, let first = links[FileIdentity(status)] {
            entry.kind = .hardLink
            entry.linkTarget = first
            entry.size = 0
        }
        return entry
    }
}
