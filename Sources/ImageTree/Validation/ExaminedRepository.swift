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
            layer: layer, diffID: diffID, hashesContent: location != nil, checksType: true
        ).listing(tapped ?? blob)
        guard let location, let tapped else { return listing }
        let table = try TableScan(layer: layer, location: location).listing(tapped.bytes).listing
        guard table.items == listing.items else { throw TableMismatch() }
        return listing
    }
}

/// The table of a zstd:chunked layer does not match its tar.
private struct TableMismatch: Failure {
    var exitStatus: ExitStatus { .dataError }
    var message: String { "its table is not that of its tar" }
}
