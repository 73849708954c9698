import ByteStream
import Tar

/// What an image holds, as a listing says it.
public struct SnapshotBase: CopyBase {
    private let snapshot: Snapshot

    public init(_ snapshot: Snapshot) {
        self.snapshot = snapshot
    }

    public func node(at path: [UInt8]) -> BaseNode? {
        guard let index = snapshot.index(of: path) else { return nil }
        let entry = snapshot.records[index].entry
        switch entry.kind {
        case .directory: return .directory
        case .symbolicLink: return .symbolicLink(target: entry.linkTarget ?? [])
        case .file, .characterDevice, .blockDevice, .fifo: return .other
        }
    }

    public func contents(of path: Path) throws(TarError) -> [UInt8]? {
        snapshot.contents[try resolved(path.bytes)]
    }
}
