import ByteStream
import Hashing
import Layer
import OCI
import Snapshot
import Tar

/// Makes the listing of a layer while the layer streams through.
struct LayerScan {
    /// The layer's descriptor in the image.
    let layer: Descriptor
    let diffID: Digest
    /// Whether the content of every file is hashed.
    let hashesContent: Bool
    /// Whether the compression must be that of the layer's type.
    var checksType = false
    /// Whether the diffID is checked.
    var checksDiffID = true
    /// Whether the scan goes on after an entry that unpacking refuses, and the listing has its error.
    var keepsRefused = false
    /// The shared memory budget; nil means the limit of one layer.
    var budget: ListingBudget?

    /// The number of bytes that are spent of the budget at a time.
    private static let budgetStep = 64 << 10

    /// Reads the layer to its end.
    ///
    /// - Returns: the listing, after digest, size and diffID of the layer were verified.
    /// - Throws: `LayerError`, `TarError`, `ImageTreeError`, and what `blob` throws.
    func listing(_ blob: any BlobSource) throws -> LayerListing {
        var unpacker = layer.unpacker(diffID: diffID)
        unpacker.hashesContent = checksDiffID
        if checksType, layer.mediaType.layerCompression != nil {
            unpacker.mediaType = layer.mediaType
        }
        return try listing(ofTar: unpacker.open(blob: blob, path: layer.layerPath))
    }

    /// The same for a tar that is verified elsewhere.
    func listing(ofTar tar: any ByteSource) throws -> LayerListing {
        var reader = TarReader(tar, path: layer.layerPath, isEndProved: true)
        var listing = LayerListing(hasContentDigests: hashesContent)
        var spent = 0
        while let entry = try reader.next() {
            guard var item = try item(entry, in: &listing) else {
                try reader.skipData()
                continue
            }
            listing.dropUserFile(at: item.entry.path)
            if item.action == .entry, entry.kind == .file {
                try readData(&reader, of: &item, into: &listing)
            } else {
                try reader.skipData()
            }
            try listing.append(item, layer: layer.digest)
            if listing.items.count > spent {
                try budget?.spend(LayerScan.budgetStep)
                spent += LayerScan.budgetStep
            }
        }
        return listing
    }

    private func item(
        _ entry: TarEntry, in listing: inout LayerListing
    ) throws(TarError) -> LayerItem? {
        do {
            return try LayerItem(entry)
        } catch {
            guard keepsRefused else { throw error }
            listing.keep(refused: error)
            return nil
        }
    }

    private func readData(
        _ reader: inout TarReader, of item: inout LayerItem, into listing: inout LayerListing
    ) throws {
        let kept = UserFile(path: item.entry.path)
        guard hashesContent || kept != nil else { return try reader.skipData() }
        let digest = StreamingDigest()
        let limit = kept == nil ? -1 : UserFile.byteLimit
        var content: [UInt8] = []
        try reader.readData { (bytes) throws(TarError) in
            if hashesContent { digest.update(bytes) }
            if content.count <= limit { content.append(contentsOf: bytes) }
        }
        if hashesContent { item.content = ContentDigest(digest.finalize()) }
        guard let kept else { return }
        listing.userFiles[kept] = content.count <= limit ? content : nil
    }
}

extension Descriptor {
    /// The name of a layer in messages.
    var layerPath: Path { ExpectedLayer(self, diffID: nil).path }

    /// An unpacker that reads and verifies this layer.
    func unpacker(diffID: Digest) -> LayerUnpacker {
        var unpacker = LayerUnpacker()
        unpacker.expect(ExpectedLayer(self, diffID: diffID))
        return unpacker
    }
}

extension LayerItem {
    /// Interprets an entry of a layer's tar.
    ///
    /// - Returns: nil for metadata of union file systems, which old tools have packed.
    /// - Throws: `TarError.refused` for an entry that unpacking refuses too.
    init?(_ entry: TarEntry) throws(TarError) {
        let path = try EntryPath(entry.path)
        self.entry = entry
        self.entry.path = Array(path.bytes)
        action = .entry
        switch try path.meaning() {
        case .file: try entry.checkIsPossible(at: path)
        case .unionMetadata: return nil
        case .whiteout(.opaque):
            action = .opaqueWhiteout
            self.entry.path = Array(path.parent)
        case .whiteout(.sibling(let name)):
            action = .whiteout
            let separator: [UInt8] = path.parent.isEmpty ? [] : [UInt8(ascii: "/")]
            self.entry.path = Array(path.parent) + separator + name
        }
    }
}
