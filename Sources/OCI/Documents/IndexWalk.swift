import JSON

/// A walk over an index and its nested indexes that visits each index once, and each manifest once
/// for each different entry.
///
/// A few kilobytes of indexes that refer to each other repeatedly can have any number of entries.
/// The walk visits only different entries, and limits their number.
public struct IndexWalk: Sendable {
    private var met: Set<Descriptor> = []
    private var byteCount: Int64 = 0

    public init() {}

    /// The entries of `index` that the walk has not visited before, in order.
    ///
    /// - Parameter depth: the nesting level of `index`.
    /// - Throws: `JSONError.field` when the indexes are nested too deeply, or have too many entries or
    ///   bytes in them.
    public mutating func newEntries(
        of index: Index, depth: Int
    ) throws(JSONError) -> [Descriptor] {
        guard depth < DocumentLimit.indexDepth else {
            throw .field(path: .root, "indexes nested too deeply")
        }
        let entries = index.manifests.filter { entry in
            let isIndex = entry.mediaType.isIndex
            let key = Descriptor(mediaType: .index, digest: entry.digest, size: 0)
            return met.insert(isIndex ? key : entry).inserted
        }
        guard met.count <= DocumentLimit.indexEntryCount else {
            throw .field(
                path: .root.key("manifests"),
                "more than \(DocumentLimit.indexEntryCount) manifests in an index and those in it")
        }
        for entry in entries where entry.mediaType.isManifest || entry.mediaType.isIndex {
            let (sum, overflow) = byteCount.addingReportingOverflow(entry.size)
            byteCount = overflow ? .max : sum
        }
        guard byteCount <= Int64(DocumentLimit.indexByteCount) else {
            throw .field(
                path: .root.key("manifests"),
                "more than \(DocumentLimit.indexByteCount) bytes of manifests")
        }
        return entries
    }
}
