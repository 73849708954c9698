import ByteStream
import Layer
import OCI

extension ImageLister {
    /// A layer that can be read in parts; nil when its descriptor has no usable table.
    func chunked(_ layer: ImageLayer, in places: [Reference]) -> ChunkedLayer? {
        do throws(TableError) {
            guard let location = try TableLocation(layer.descriptor) else { return nil }
            return ChunkedLayer(layer: layer, location: location, store: store, places: places)
        } catch {
            warn(error, of: layer)
            return nil
        }
    }

    /// The listing of a layer by its table.
    ///
    /// - Returns: nil when the layer must be read whole: the table is malformed, or its place
    ///   serves only whole blobs.
    /// - Throws: `VerificationError` when the bytes do not match the digest in the manifest; what
    ///   the place throws.
    func listing(of chunked: ChunkedLayer) throws -> LayerListing? {
        do {
            guard let table = try chunked.table() else { return nil }
            let listing = try chunked.listing(table)
            if listing != nil { keep(table, of: chunked.key) }
            return listing
        } catch let error as TableError {
            warn(error, of: chunked.layer)
            return nil
        }
    }

    /// The selected files of a layer, to be read in parts.
    ///
    /// - Parameter listing: the layer's listing, from the layer or its table.
    /// - Returns: nil when the layer must be read whole.
    func parts(
        of layer: ImageLayer, _ listing: LayerListing, wanted: [ExportPlan.Item], of image: Image
    ) throws -> LayerParts? {
        guard let chunked = chunked(layer, in: places(of: image)) else { return nil }
        do {
            guard let table = try keptTable(of: chunked.key) ?? chunked.table() else { return nil }
            guard let files = try files(of: chunked, table, listing, Set(wanted.map(\.offset)))
            else {
                warn(.malformed("it is not that of the layer's tar"), of: layer)
                return nil
            }
            return LayerParts(files, order: wanted.map(\.offset), chunked)
        } catch let error as TableError {
            warn(error, of: layer)
            return nil
        }
    }

    /// - Returns: files by the offset of their attributes in the listing; nil when table and
    ///   listing differ.
    private func files(
        of chunked: ChunkedLayer, _ table: [UInt8], _ listing: LayerListing, _ wanted: Set<UInt32>
    ) throws -> [UInt32: FileFrames]? {
        struct Difference: Error {}
        var files: [UInt32: FileFrames] = [:]
        do {
            try listing.items.withUnsafeBytes { bytes in
                var reader = LayerListing.Reader(bytes)
                try chunked.scan.visit(table) { file, item in
                    guard let listed = try reader.next(), listed.item.isSame(as: item) else {
                        throw Difference()
                    }
                    let offset = UInt32(listed.attributes)
                    if wanted.contains(offset) { files[offset] = file.frames }
                }
                if try reader.next() != nil { throw Difference() }
            }
        } catch is Difference {
            return nil
        }
        return files
    }

    private func warn(_ error: TableError, of layer: ImageLayer) {
        let isNew = warned.withLock { $0.insert(layer.descriptor.digest).inserted }
        guard isNew else { return }
        store.warn("the table of \(layer.subject) is not used: \(error.message)")
    }
}
