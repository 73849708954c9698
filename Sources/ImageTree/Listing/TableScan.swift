import ByteStream
import Layer
import OCI
import Snapshot
import Tar

/// Makes the listing of a zstd:chunked layer from its table.
struct TableScan {
    let layer: Descriptor
    let location: TableLocation

    var reader: TableReader { TableReader(location, layer: layer.layerPath) }

    /// Calls `body` with each entry that belongs into a listing.
    ///
    /// - Parameter table: the stored table.
    /// - Throws: `VerificationError` for other bytes than the table's, `TableError`, `TarError` for
    ///   an entry that unpacking refuses, what `body` throws.
    func visit(_ table: [UInt8], _ body: (TableFile, LayerItem) throws -> Void) throws {
        try reader.read(table) { file in
            guard var item = try LayerItem(file.entry) else { return }
            if item.action == .entry, let digest = file.digest {
                item.content = digest.withUnsafeBytes { ContentDigest(bytes: $0) }
            }
            try body(file, item)
        }
    }

    /// The listing, and the user files whose contents must still be read.
    ///
    /// - Throws: as `visit`, and `ImageTreeError.tooLarge`.
    func listing(
        _ table: [UInt8]
    ) throws -> (listing: LayerListing, userFiles: [UserFile: TableFile]) {
        var listing = LayerListing(hasContentDigests: true)
        listing.table = location.digest
        var userFiles: [UserFile: TableFile] = [:]
        try visit(table) { file, item in
            // Of entries with the same path the last counts.
            if let other = UserFile(path: item.entry.path) { userFiles[other] = nil }
            if item.action == .entry, item.entry.kind == .file,
                let kept = UserFile(path: item.entry.path)
            {
                userFiles[kept] = file
            }
            try listing.append(item, layer: layer.digest)
        }
        return (listing, userFiles)
    }
}
