import ByteStream
import Hashing
import ImageStore
import Layer
import OCI

/// A registry's repository, or a layout.
struct ExaminedRepository: ExaminedPlace {
    let store: ImageStore
    let repository: any Repository

    func manifest(_ digest: Digest) throws -> RawManifest? {
        try repository.manifest(.digest(digest))
    }

    func blobSize(_ digest: Digest) throws -> Int64? { try repository.blobSize(digest) }

    func readBlob(_ descriptor: Descriptor, into sink: any ByteSink) throws {
        try repository.readBlob(descriptor, into: sink)
    }

    func listing(of layer: Descriptor, diffID: Digest, path: String) throws -> LayerListing {
        let blob = store.openBlob(layer, subject: path, in: repository)
        let location = try TableLocation(layer)
        let tapped = location.map { TappedBlob(blob, $0.range) }
        let listing = try LayerScan(
            layer: layer, diffID: diffID, hashesContent: location != nil, checksType: true,
            keepsRefused: true
        ).listing(tapped ?? blob)
        // The table, which has the same entries, would be refused as well.
        if listing.refused.count > 0 { return listing }
        let scan = location.map { TableScan(layer: layer, location: $0) }
        if let scan, let tapped, try scan.listing(tapped.bytes).listing.items != listing.items {
            throw TableMismatch()
        }
        var contents = ChunkedContents(
            layer: layer.layerPath, tarSplit: try TarSplitLocation(layer))
        if let scan, let tapped { try contents.add(tapped.bytes, scan.reader) }
        // The table comes after the files, so they are read a second time.
        if !contents.isEmpty {
            try contents.check(store.openBlob(layer, subject: path, in: repository))
        }
        return listing
    }
}

/// The table of a zstd:chunked layer does not match its tar.
private struct TableMismatch: Failure {
    var exitStatus: ExitStatus { .dataError }
    var message: String { "its table is not that of its tar" }
}
