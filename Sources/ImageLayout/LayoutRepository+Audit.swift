import ByteStream
import JSON
import OCI

/// Access to a whole layout, for checking it.
extension LayoutRepository {
    /// Every entry of `index.json`, in order.
    ///
    /// - Throws: `LayoutError`, `StreamError`.
    public func entries() throws -> [Descriptor] {
        let index = try readIndex()
        return try parsing(indexPath) { () throws(JSONError) in try index.manifests() }
    }

    /// Files among the blobs that are not blobs: files that a killed process has left, and names
    /// that are not digests. Relative to the layout, in byte order.
    ///
    /// - Throws: `StreamError.open`.
    public func strayFiles() throws(StreamError) -> [Path] {
        var stray: [Path] = []
        for name in try list(".") where name.isTemporary { stray.append(name) }
        let blobs: Path = "blobs"
        for algorithm in try list(blobs) {
            let directory = blobs.appending(algorithm)
            for name in try list(directory)
            where Digest("\(algorithm):\(name)") == nil {
                stray.append(directory.appending(name))
            }
        }
        return stray.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    private func list(_ path: Path) throws(StreamError) -> [Path] {
        let path = path == "." ? directory : directory.appending(path)
        do {
            return try Directory.names(in: path)
        } catch {
            // A layout without blobs may lack the directory, or have a file in its place.
            if error == .noEntry || error == .notDirectory { return [] }
            throw .open(path: path, error)
        }
    }
}

extension Path {
    /// Whether it is the name of a temporary file.
    fileprivate var isTemporary: Bool {
        bytes.first == UInt8(ascii: ".") && bytes.suffix(4).elementsEqual(".tmp".utf8)
    }
}
