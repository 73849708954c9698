import ByteStream
import Tar

extension ImageLayer {
    /// Reads the tar of a layer beside its listing.
    ///
    /// - Parameter body: is called with each entry that the listing has, and the offset of its
    ///   attributes there; it must read or skip the entry's data.
    /// - Throws: `ImageTreeError.damaged` or `.tableMismatch` when the listing is that of another
    ///   tar; `TarError`; what the layer's place and `body` throw.
    func visit(
        _ tar: any ByteSource, as listing: LayerListing,
        _ body: (inout TarReader, TarEntry, _ attributes: Int) throws -> Void
    ) throws {
        var reader = TarReader(tar, path: descriptor.layerPath, isEndProved: true)
        // Only a listing from a table can differ from the layer.
        let mismatch: ImageTreeError =
            listing.table == nil ? .damaged : .tableMismatch(layer: index + 1)
        try listing.visitAll { listed, attributes in
            guard let item = try ImageLayer.nextItem(&reader), item.isSame(as: listed) else {
                throw mismatch
            }
            try body(&reader, item.entry, attributes)
        }
        guard try ImageLayer.nextItem(&reader) == nil else { throw mismatch }
    }

    /// The next entry of a layer that is also in a listing.
    private static func nextItem(_ reader: inout TarReader) throws -> LayerItem? {
        while let entry = try reader.next() {
            if let item = try LayerItem(entry) { return item }
            try reader.skipData()
        }
        return nil
    }
}
