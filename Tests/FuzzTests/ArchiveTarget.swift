import ByteStream
import Hashing
import ImageStore
import OCI
import Registry
import Tar

@testable import ImageArchive

/// The archive is loaded into memory: everything with a name must be complete.
@Sendable func checkArchive(_ input: [UInt8]) throws {
    for bytes in asTars(input) {
        let memory = MemoryRepository()
        let loaded = try outcome {
            try withFile(of: bytes) {
                try ArchiveLoader(
                    to: memory, of: ImageStore(RegistryOptions()), tag: nil, imageName: nil
                ) { _ in }.load($0)
            }
        }
        let published = memory.contents.withLock { memory.contents.published }
        guard let roots = loaded.value else {
            try expect(published.isEmpty, "refused, but published: \(loaded)")
            continue
        }
        // Referrers of an image are published beside it.
        try expect(
            Set(published.map(\.digest)).isSuperset(of: roots.map(\.digest)),
            "an image is not published")
        var checked: Set<Digest> = []
        for root in published { try checkWhole(root, memory, &checked) }
    }
}

private func checkWhole(
    _ raw: RawManifest, _ memory: MemoryRepository, _ checked: inout Set<Digest>
) throws {
    guard checked.insert(raw.digest).inserted else { return }
    try expect(
        Digest.of(raw.bytes, algorithm: raw.digest.algorithm) == raw.digest,
        "published as \(raw.digest)")
    if raw.mediaType.isIndex {
        for entry in try raw.index().manifests {
            guard let child = try memory.manifest(.digest(entry.digest)) else {
                throw Broken("\(entry.digest) is missing")
            }
            try checkWhole(child, memory, &checked)
        }
        return
    }
    let manifest = try raw.manifest()
    for blob in [manifest.config] + manifest.layers where !blob.mediaType.isNondistributable {
        try expect(try memory.hasBlob(blob.digest), "\(blob.digest) is missing")
    }
}

/// A repository that stores only digests of blobs, and manifests.
private final class MemoryRepository: Repository, @unchecked Sendable {
    /// Guarded by its own lock.
    final class Contents: @unchecked Sendable {
        private let lock = Lock()
        var blobs: [Digest: Int64] = [:]
        var manifests: [Digest: RawManifest] = [:]
        var published: [RawManifest] = []

        func withLock<Result>(_ body: () -> Result) -> Result { lock.withLock(body) }
    }

    let contents = Contents()
    let name = "memory"

    func manifest(_ selector: ManifestSelector) throws -> RawManifest? {
        guard case .digest(let digest) = selector else { return nil }
        return contents.withLock { contents.manifests[digest] }
    }

    func manifestDigest(_ selector: ManifestSelector) throws -> Digest? {
        try manifest(selector)?.digest
    }

    func hasBlob(_ digest: Digest) throws -> Bool { try blobSize(digest) != nil }

    func blobSize(_ digest: Digest) throws -> Int64? {
        contents.withLock { contents.blobs[digest] }
    }

    func readBlob(_ descriptor: Descriptor, into sink: any ByteSink) throws {}

    func writeBlob(
        _ source: any BlobSource, mountFrom repositories: [String]
    ) throws -> BlobIdentity {
        if let announced = source.announced, try hasBlob(announced.digest) { return announced }
        var digests: [Digest.Algorithm: StreamingDigest] = [:]
        for algorithm in Digest.Algorithm.allCases {
            digests[algorithm] = StreamingDigest(algorithm)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
        defer { buffer.deallocate() }
        while true {
            let count = try source.read(into: buffer)
            if count == 0 { break }
            for digest in digests.values {
                digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        let identity = source.identity
        guard let digest = digests[identity.digest.algorithm] else { throw Broken("no digest") }
        try expect(digest.byteCount == identity.size, "a blob of another size")
        try expect(digest.finalize() == identity.digest, "a blob of another digest")
        contents.withLock { contents.blobs[identity.digest] = identity.size }
        return identity
    }

    func putManifest(_ manifest: RawManifest, tag: String?) throws -> Digest? {
        contents.withLock { contents.manifests[manifest.digest] = manifest }
        return nil
    }

    func publish(_ publications: [Publication]) throws -> [Digest?] {
        contents.withLock { contents.published += publications.map(\.manifest) }
        return publications.map { _ in nil }
    }

    func deleteTags(_ tags: [String]) -> Int { 0 }
    func deleteManifest(_ digest: Digest) -> Bool { false }
    func tags() throws -> [String] { [] }

    func referrers(of digest: Digest, artifactType: String?) throws -> Index? { nil }
}
