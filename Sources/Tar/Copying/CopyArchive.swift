import ByteStream
import Glibc

/// A file that ADD unpacks: a tar, compressed or not.
struct CopyArchive {
    private let file: TreeFile
    private let program: Path?

    /// A file of the context, which is opened each time it is read.
    struct TreeFile {
        let name: Path
        let directory: OpenDirectory

        var path: Path { directory.path.appending(name) }

        func open() throws(TarError) -> OwnedDescriptor {
            do {
                return try name.withCString { (name) throws(Errno) in
                    try OwnedDescriptor(
                        name, in: directory.descriptor,
                        flags: O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK)
                }
            } catch {
                throw .open(path: path, error)
            }
        }
    }

    /// The first bytes of compressed files, and the programs that decompress them.
    private static let programs: [(magic: [UInt8], program: Path)] = [
        ([0x1F, 0x8B], "gzip"), (Array("BZh".utf8), "bzip2"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
    ]

    /// - Returns: nil for a file that is not an archive: its first header is invalid, or it has no
    ///   entry.
    /// - Throws: `TarError` when it cannot be read.
    init?(_ source: TreeSource) throws(TarError) {
        let file: TreeFile
        switch source {
        case .directory: return nil
        case .file(let name, let directory), .renamed(let name, _, let directory):
            file = TreeFile(name: name, directory: directory)
        }
        self.file = file
        let status = try file.name.withCString { (name) throws(TarError) in
            try OpenDirectory.status(name, in: file.directory)
        }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return nil }
        let opened = try file.open()
        var head = [UInt8](repeating: 0, count: 8)
        let count = head.withUnsafeMutableBytes { buffer in
            pread(opened.rawValue, buffer.baseAddress, buffer.count, 0)
        }
        withExtendedLifetime(opened) {}
        let start = head.prefix(max(0, count))
        program = CopyArchive.programs.first { start.starts(with: $0.magic) }?.program
        guard try hasEntry() else { return nil }
    }

    /// Whether the first header is valid.
    private func hasEntry() throws(TarError) -> Bool {
        do {
            return try read { (input) throws(TarError) in
                var reader = TarReader(input)
                reader.takesNamelessAsRoot = true
                return try reader.next() != nil
            }
        } catch {
            switch error {
            case .malformed, .cut, .empty, .unsupported: return false
            default: throw error
            }
        }
    }

    /// Calls `body` with the tar.
    private func read<Result>(
        _ body: (InputStream) throws(TarError) -> Result
    ) throws(TarError) -> Result {
        let opened = try file.open()
        guard let program else {
            return try body(InputStream(opened, path: file.path))
        }
        let filtered: FilteredFile
        do {
            filtered = try FilteredFile(
                opened, path: file.path, program: program, arguments: ["-dc"])
        } catch {
            throw .unsupported(
                path: file.path, "it needs \(program.quoted) to be unpacked: \(error)")
        }
        let result = try body(filtered.output)
        _ = filtered.finish()
        return result
    }

    /// The numbers of entries that a later entry of the same path replaces: both are no directories,
    /// and no hard link is to the earlier one.
    private func replacedEntries() throws(TarError) -> Set<Int> {
        try read { (input) throws(TarError) in
            var reader = TarReader(input)
            reader.takesNamelessAsRoot = true
            var last: [[UInt8]: Int] = [:]
            var kept: Set<[UInt8]> = []
            var replaced: Set<Int> = []
            var number = 0
            while let entry = try reader.next() {
                let path = try TarWriter.relative(entry.path, of: Path(entry.path))
                if entry.kind == .directory {
                    kept.insert(path)
                } else if let earlier = last.updateValue(number, forKey: path),
                    !kept.contains(path)
                {
                    replaced.insert(earlier)
                }
                if entry.kind == .hardLink {
                    kept.insert(try TarWriter.relative(entry.linkTarget, of: Path(entry.path)))
                }
                number += 1
                try reader.skipData()
            }
            return replaced
        }
    }

    /// Writes its entries below a directory of the tar. No link in them or in the base leads out of
    /// it.
    ///
    /// - Parameter tree: the files below the directory, over which the archive is unpacked.
    /// - Throws: `TarError`; also for an archive that is truncated or whose compression is damaged.
    func write(
        to writer: TarWriter, below directory: [[UInt8]], in tree: UnpackedTree
    ) throws(TarError) {
        var request = ArchiveRequest()
        request.rootDirectory = directory
        // An archive that was appended to is not compressed.
        if program == nil { request.replacedEntries = try replacedEntries() }
        try read { (input) throws(TarError) in try writer.rewrite(input, request, in: tree) }
    }
}
