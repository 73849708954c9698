import ByteStream
import Hashing
import ImageLayout
import OCI

extension ImageStore {
    /// Makes sure that a repository has every one of `blobs`, several at a time.
    func transfer(_ blobs: [Inventory.Blob], to target: Reference) throws {
        _ = try concurrently(blobs) { (blob: Inventory.Blob, cancellation) in
            try self.transfer(blob, to: target, cancellation)
        }
    }

    private func transfer(
        _ blob: Inventory.Blob, to target: Reference, _ cancellation: Cancellation
    ) throws {
        let repository = try repository(for: target)
        let descriptor = blob.descriptor
        if let bytes = blob.bytes {
            let source = MemoryBlob(bytes, algorithm: descriptor.digest.algorithm)
            _ = try repository.writeBlob(source, mountFrom: [])
            return
        }
        let name = "\(blob.subject) '\(descriptor.digest)'"
        if try repository.hasBlob(descriptor.digest) {
            trace("\(name) is in \(quote(repository.name))")
            return
        }
        let sources = blob.sources.filter { $0.place != target.place && $0 != .scratch }
        for source in sources {
            if try mount(descriptor, from: source, to: target, repository) {
                trace("\(name) is taken from \(quote(source.place.description))")
                return
            }
        }
        for source in sources {
            guard try self.repository(for: source).hasBlob(descriptor.digest) else { continue }
            trace("\(name) is copied from \(quote(source.place.description))")
            try copy(descriptor, from: source, to: repository, cancellation)
            return
        }
        throw StoreError.missing(
            subject: blob.subject, digest: descriptor.digest, target: repository.name,
            sources: sources.map { $0.place.description })
    }

    private func mount(
        _ descriptor: Descriptor, from source: Reference, to target: Reference,
        _ repository: any Repository
    ) throws -> Bool {
        switch (source, target) {
        case (.registry(let from), .registry(let to)) where from.host == to.host:
            return try repository.mountBlob(descriptor.digest, from: from.repository)
        case (.layout(let from), .layout(let to)):
            let from = layout(from)
            guard try from.hasBlob(descriptor.digest) else { return false }
            return try layout(to).linkBlob(descriptor, from: from)
        case (.registry, _), (.layout, _), (.scratch, _): return false
        }
    }

    /// Streams a blob from one place to another, on no disk but a layout's.
    private func copy(
        _ descriptor: Descriptor, from source: Reference, to target: any Repository,
        _ cancellation: Cancellation
    ) throws {
        let blob: any BlobSource
        if case .layout(let layout) = source {
            blob = try self.layout(layout).openBlob(descriptor)
        } else {
            let repository = try repository(for: source)
            blob = PipedBlob(
                BlobIdentity(digest: descriptor.digest, size: descriptor.size), cancellation
            ) { sink in
                try repository.readBlob(descriptor, into: sink)
            }
        }
        _ = try target.writeBlob(blob, mountFrom: [])
    }
}
