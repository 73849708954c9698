import ByteStream
import Glibc
import Hashing
import ImageArchive
import ImageStore
import Layer
import OCI

/// An archive that was read once: its documents, and the check results of all other blobs. Nothing
/// is stored.
struct ExaminedArchive: ExaminedPlace {
    let contents: ArchiveContents
    private let scanner: BlobScanner

    /// - Throws: `ArchiveError` for input that is not an archive or is truncated; `StreamError`.
    init(_ input: InputStream) throws {
        scanner = BlobScanner()
        contents = try ArchiveContents(input, to: scanner, keepsFaults: true)
    }

    /// The writer for documents of Docker's archives, which have no digests there.
    var writer: any BlobWriter { scanner }

    func manifest(_ digest: Digest) throws -> RawManifest? {
        try checkFault(of: digest)
        guard let bytes = contents.document(ArchiveContents.path(of: digest)) else { return nil }
        return RawManifest(
            verifiedBytes: bytes, mediaType: try RawManifest.mediaType(of: bytes), digest: digest)
    }

    func blobSize(_ digest: Digest) throws -> Int64? {
        try checkFault(of: digest)
        if let bytes = contents.document(ArchiveContents.path(of: digest)) {
            return Int64(bytes.count)
        }
        return scanner.scan(of: digest)?.size ?? contents.blobSize(digest)
    }

    func readBlob(_ descriptor: Descriptor, into sink: any ByteSink) throws {
        try checkFault(of: descriptor.digest)
        let bytes =
            try contents.document(descriptor) ?? scanner.scan(of: descriptor.digest)?.document
        try bytes?.withUnsafeBytes { try sink.write($0) }
    }

    func listing(of layer: Descriptor, diffID: Digest, path: String) throws -> LayerListing {
        try checkFault(of: layer.digest)
        let name = layer.layerPath
        guard let scan = scanner.scan(of: layer.digest) else {
            throw LayerError.notLayer(path: name)
        }
        let (found, listing) = try scan.layer.get()
        if let type = layer.mediaType.layerCompression, type != found.mediaType.layerCompression {
            throw LayerError.contradiction(
                path: name, declared: layer.mediaType, found: found.mediaType.rawValue)
        }
        let actual = found[annotation: Annotation.uncompressed].flatMap { Digest($0) }
        if let actual, actual.algorithm == diffID.algorithm, actual != diffID {
            throw LayerError.diffID(path: name, expected: diffID, actual: actual)
        }
        return listing
    }

    /// - Throws: the fault that was found when the blob was read.
    private func checkFault(of digest: Digest) throws {
        let path = Path(ArchiveContents.path(of: digest))
        if let fault = contents.faults.first(where: { $0.path == path }) { throw fault.error }
    }
}

/// Receives blobs, and records the results of their checks.
private final class BlobScanner: BlobWriter {
    struct Scan: Sendable {
        let size: Int64
        let layer: Result<(Descriptor, LayerListing), any Error>
        /// The bytes of a document; nil for other blobs.
        let document: [UInt8]?
    }

    private let scans = Guarded<[Digest: Scan]>([:])

    func scan(of digest: Digest) -> Scan? { scans.withLock { $0[digest] } }

    func writeBlob(
        _ source: any BlobSource, mountFrom repositories: [String]
    ) throws -> BlobIdentity {
        var document: [UInt8]?
        var layer: Result<(Descriptor, LayerListing), any Error>
        if let memory = source as? MemoryBlob {
            document = memory.bytes
            layer = .failure(LayerError.notLayer(path: "document"))
            try drain(memory)
        } else {
            do {
                layer = .success(try BlobScanner.listing(source))
            } catch {
                layer = .failure(error)
                // The rest must still be hashed, because a wrong digest takes precedence.
                try drain(source)
            }
        }
        let identity = source.identity
        scans.withLock {
            $0[identity.digest] = Scan(size: identity.size, layer: layer, document: document)
        }
        return identity
    }

    /// Reads a layer while another thread lists its entries.
    private static func listing(_ source: any BlobSource) throws -> (Descriptor, LayerListing) {
        let name = source.announced.map { Path("layer \($0.digest)") } ?? "layer"
        let pipe = MemoryPipe(capacity: 4 << 20)
        let result = Guarded<Result<LayerListing, any Error>?>(nil)
        let digest = source.announced?.digest ?? Digest.of([])
        let scan = LayerScan(
            layer: Descriptor(mediaType: .layer, digest: digest, size: 0), diffID: digest,
            hashesContent: false, keepsRefused: true)
        guard
            let thread = WorkerThread({
                let listing = Result { try scan.listing(ofTar: pipe) }
                result.withLock { $0 = listing }
                pipe.abandon()
            })
        else { throw StreamError.system(call: "pthread_create", Errno(rawValue: EAGAIN)) }
        let layer = LayerSource(
            blob: source, path: name, algorithm: digest.algorithm, verifiesLayer: true,
            isEndProved: true
        ) { (bytes) throws(LayerError) in
            do {
                try pipe.write(bytes)
            } catch {
                // The tar is invalid, which is reported after the bytes were hashed.
            }
        }
        var failure: (any Error)?
        do {
            try drain(layer)
        } catch {
            failure = error
        }
        pipe.finish(failure)
        thread.join()
        if let failure { throw failure }
        guard let listing = try result.withLock({ $0 })?.get() else {
            throw LayerError.notLayer(path: name)
        }
        return (layer.descriptor, listing)
    }
}
