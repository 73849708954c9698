import ByteStream
import Tar

extension Snapshot: LayerBase {
    /// The entry of a path; nil when the listing has no such path.
    public func entry(at path: [UInt8]) -> TarEntry? {
        guard let index = index(of: path) else { return nil }
        let recorded = records[index].entry
        let kind: TarEntry.Kind =
            switch recorded.kind {
            case .file: .file
            case .directory: .directory
            case .symbolicLink: .symbolicLink
            case .characterDevice: .characterDevice
            case .blockDevice: .blockDevice
            case .fifo: .fifo
            }
        var entry = TarEntry(kind: kind, path: path, mode: recorded.mode ?? 0o755)
        entry.uid = recorded.uid ?? 0
        entry.gid = recorded.gid ?? 0
        entry.modificationTime = recorded.time?.seconds ?? 0
        entry.linkTarget = recorded.linkTarget ?? []
        entry.extendedAttributes = recorded.extendedAttributes
        return entry
    }
    public func contents(of path: Path) throws(TarError) -> [UInt8]? {
        contents[try BasePath(path.bytes, in: self, rootParent: .root).bytes]
    }
}
