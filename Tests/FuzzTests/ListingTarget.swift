import ByteStream
import Glibc
import Hashing
import OCI
import Snapshot
import Tar

@testable import ImageTree

/// Two layers as the listing of an image: stored and read again, and as text that `oci-tar --base`
/// reads. The bytes also serve as a damaged listing of a layer.
@Sendable func checkListing(_ input: [UInt8]) throws {
    try checkDamagedListing(input)
    let half = input.count / 2 / 512 * 512
    var tree = ImageTree()
    for part in [input[..<half], input[half...]] {
        let tar = repaired(Array(part)) + [UInt8](repeating: 0, count: 1024)
        guard let listing = try outcome({ Listed(try listing(of: tar)) }).value else { return }
        let bytes = ListingCache.encode(listing.listing, .layer(diffID: .of(tar)))
        let kept = ListingCache.decode(bytes, .layer(diffID: .of(tar))).map { Listed($0) }
        try expect(kept == listing, "kept and read")
        try expect(
            ListingCache.decode(bytes, .layer(diffID: .of([]))) == nil,
            "the listing of another layer")
        let isApplied = try outcome {
            try tree.apply(listing.listing)
            return true
        }
        if isApplied.isRefused { return }
    }
    try checkText(of: tree)
}

/// Whether the text is complete, and agrees with the tree on each path.
private func checkText(of tree: ImageTree) throws {
    try withFile(of: []) { file in
        let output = OutputBuffer(file.descriptor, path: file.path, capacity: 1 << 20)
        try MtreeWriter(tree, UserFiles(of: tree), to: output, hasDigests: false).write([])
        lseek(file.descriptor.rawValue, 0, SEEK_SET)
        let snapshot = try Snapshot(complete: file)
        try TreeWalk(tree, []).visit { node, path in
            if path.isEmpty { return }
            let entry = snapshot.entry(at: path)
            try expect(entry != nil, "a path that is not found: \(path)")
            if let kind = try tree.item(of: node)?.entry.kind, kind != .hardLink {
                try expect(entry?.kind == kind, "\(path) is \(kind), read as \(entry as Any)")
            }
            // Links of the image lead to a file, to nothing, or are refused.
            _ = try outcome { try BasePath(path, in: snapshot, rootParent: .root).bytes }
            _ = try outcome { try snapshot.contents(of: Path(path)) ?? [] }
        }
    }
}

/// A damaged listing must be refused as such; an error in our own bytes would be a bug.
private func checkDamagedListing(_ input: [UInt8]) throws {
    try read(LayerListing(items: input, count: input.count, hasContentDigests: false))
    var bytes = Array("OCILIST2".utf8) + input
    let digest = StreamingDigest()
    digest.update(bytes)
    bytes += Array(digest.finalize().encoded.utf8)
    if let listing = ListingCache.decode(bytes, .layer(diffID: .of([]))) { try read(listing) }
}

private func read(_ listing: LayerListing) throws {
    var tree = ImageTree()
    do throws(ImageTreeError) {
        try listing.visit { _, _ in }
        try tree.apply(listing)
    } catch {
        return
    }
}

private func listing(of tar: [UInt8]) throws -> LayerListing {
    let layer = Descriptor(mediaType: .layer, digest: .of(tar), size: Int64(tar.count))
    return try LayerScan(layer: layer, diffID: .of(tar), hashesContent: false)
        .listing(MemoryBlob(tar))
}

/// A listing by what is in it.
private struct Listed: Equatable {
    let listing: LayerListing

    init(_ listing: LayerListing) {
        self.listing = listing
    }

    static func == (left: Listed, right: Listed) -> Bool {
        left.listing.items == right.listing.items && left.listing.count == right.listing.count
            && left.listing.userFiles == right.listing.userFiles
    }
}
