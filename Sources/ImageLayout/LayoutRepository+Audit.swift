import ByteStream
import OCI

/// The files of a layout, for checking it.
extension LayoutRepository {
    /// Files among the blobs that are not blobs: files that a killed process has left, and names
    /// that are not digests. Relative to the layout, in byte order.
    ///
    /// - Throws: `StreamError.open`.
    public func strayFiles() throws(StreamError) -> [Path] {
        try unsortedStrayFiles().sorted()
    }

    private func unsortedStrayFiles() throws(StreamError) -> [Path] {
        let blobs: Path = "blobs"
        let top = try list(".") ?? []
        var stray = top.filter(AtomicFile.isTemporary)
        guard top.contains(blobs) else { return stray }
        guard let algorithms = try list(blobs) else { return stray + [blobs] }
        for algorithm in algorithms {
            let directory = blobs.appending(algorithm)
            guard let names = try list(directory) else {
                stray.append(directory)
                continue
            }
            for name in names where Digest("\(algorithm):\(name)") == nil {
                stray.append(directory.appending(name))
            }
        }
        return stray
    }

    /// The names in a directory of the layout; nil for a file or a link to nothing.
    private func list(_ path: Path) throws(StreamError) -> [Path]? {
        let path = path == "." ? directory : directory.appending(path)
        do {
            return try Directory.names(in: path)
        } catch {
            if error == .noEntry || error == .notDirectory { return nil }
            throw .open(path: path, error)
        }
    }
}
