import ByteStream
import Glibc

/// Leaves out files that are written while a tree is packed, as tar(1) leaves out its own archive.
struct OutputFilter {
    /// Paths in the form of the walk: the path of a source and the path below it.
    private var paths: [Path] = []

    /// Leaves out nothing.
    init() {}

    /// - Parameters:
    ///   - outputs: files and directories, which need not exist yet.
    ///   - directories: sources that may contain outputs.
    ///   - warn: called with a message for each output in a source.
    /// - Throws: `TarError.outputIsSource`.
    init(
        _ outputs: [Path], in directories: [OpenDirectory], warn: (String) -> Void
    ) throws(TarError) {
        for output in outputs {
            let place = OutputFilter.place(of: output)
            for directory in directories {
                guard let top = directory.path.realPath else { continue }
                if top == place { throw .outputIsSource(path: output) }
                let prefix = top.appending("").bytes
                guard place.bytes.starts(with: prefix) else { continue }
                let relative = Path(place.bytes.dropFirst(prefix.count))
                paths.append(directory.path.appending(relative))
                warn(OutputFilter.warning(output, in: directory.path))
            }
        }
    }

    /// Checks that no source is a file that is written meanwhile, by whichever name.
    ///
    /// - Throws: `TarError.outputIsSource`.
    static func check(_ outputs: [Path], areNotIn sources: [Path]) throws(TarError) {
        for output in outputs {
            guard let written = try? output.status() else { continue }
            for source in sources {
                guard let status = try? source.status(followingLink: false) else { continue }
                if FileIdentity(status) == FileIdentity(written) {
                    throw .outputIsSource(path: output)
                }
            }
        }
    }

    static func warning(_ output: Path, in directory: Path) -> String {
        "\(output.quoted) is inside \(directory.quoted) and left out of the layer"
    }

    var isEmpty: Bool { paths.isEmpty }

    /// Whether a path is an output, is below one, or is a temporary file that becomes one.
    func excludes(_ path: Path) -> Bool {
        paths.contains { output in
            path == output || path.bytes.starts(with: output.bytes + [UInt8(ascii: "/")])
                || isUnfinished(path, output)
        }
    }

    /// Whether a file is the temporary file of `output`.
    private func isUnfinished(_ path: Path, _ output: Path) -> Bool {
        AtomicFile.isTemporary(path.name) && path.directory == output.directory
            && path.name.bytes.starts(with: ".\(output.name).".utf8)
    }

    /// The absolute path of an output without symbolic links; for an output that does not exist
    /// yet, that of the uppermost directory or file to be created.
    private static func place(of output: Path) -> Path {
        var name: Path = ""
        var above = output
        while above.fileType() != S_IFDIR, above != "/", above != "." {
            name = Path(above.bytes.split(separator: UInt8(ascii: "/")).last ?? [])
            above = above.directory
        }
        let directory = above.realPath ?? above
        return name.isEmpty ? directory : directory.appending(name)
    }
}
