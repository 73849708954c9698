import ByteStream
import Hashing
import ImageLayout
import OCI
import Registry

extension ImageStore {
    /// Makes sure that a repository has every one of `blobs`, several at a time.
    func transfer(_ blobs: [Inventory.Blob], to target: Reference) throws {
        let repository = try repository(for: target)
        // Blobs that the target's registry may have mostly take only a short request.
        let areNear = blobs.contains { !neighbours(of: target, in: $0.sources).isEmpty }
        let limit = areNear ? questionLimit : concurrencyLimit
        _ = try concurrently(blobs, limit: limit) { (blob: Inventory.Blob, cancellation) in
            try self.transfer(blob, to: target, repository, cancellation)
        }
    }

    private func transfer(
        _ blob: Inventory.Blob, to target: Reference, _ repository: any Repository,
        _ cancellation: Cancellation
    ) throws {
        let digest = blob.descriptor.digest
        if let bytes = blob.bytes {
            let source = MemoryBlob(bytes, algorithm: digest.algorithm)
            _ = try repository.writeBlob(source, mountFrom: [])
            return
        }
        if try link(blob, to: target) { return }
        if blob.isLikelyThere, try repository.hasBlobBeforePush(blob.descriptor) { return }
        let sources = blob.sources.filter { $0.place != target.place && $0 != .scratch }
        let copy = CopiedBlob(
            BlobIdentity(digest: digest, size: blob.descriptor.size), cancellation
        ) {
            try self.open(blob, in: sources, for: repository, cancellation)
        }
        _ = try repository.writeBlob(copy, mountFrom: neighbours(of: target, in: sources))
    }

    /// The repositories of the target's own registry, from which blobs can be mounted.
    func neighbours(of target: Reference, in sources: [Reference]) -> [String] {
        guard case .registry(let target) = target else { return [] }
        var repositories: [String] = []
        for case .registry(let source) in sources
        where source.host == target.host && !repositories.contains(source.repository) {
            repositories.append(source.repository)
        }
        return repositories
    }

    /// Links a blob of a layout into another layout without copying it.
    private func link(_ blob: Inventory.Blob, to target: Reference) throws -> Bool {
        guard case .layout(let target) = target else { return false }
        for case .layout(let source) in blob.sources {
            let source = layout(source)
            guard try source.hasBlob(blob.descriptor.digest) else { continue }
            if try layout(target).linkBlob(blob.descriptor, from: source) { return true }
        }
        return false
    }

    /// Opens a blob in the first place that has it, to be sent to another.
    private func open(
        _ blob: Inventory.Blob, in sources: [Reference], for target: any Repository,
        _ cancellation: Cancellation
    ) throws -> any BlobSource {
        let absence: Absence = { [self, name = target.name] in
            missing(blob.subject, blob.descriptor.digest, in: sources, target: name)
        }
        let repository = try place(of: blob.descriptor, in: sources, absence)
        trace(
            "\(blob.subject) '\(blob.descriptor.digest)' is copied from \(quote(repository.name))")
        if let layout = repository as? LayoutRepository {
            return try layout.openBlob(blob.descriptor)
        }
        return pipedBlob(blob.descriptor, in: repository, absence)
    }

    /// Opens a blob in the first place that has it. Another thread reads and verifies it, so its
    /// end proves its content.
    ///
    /// - Parameter subject: the name of the blob in messages.
    /// - Throws: `StoreError.missing`, now or while the blob is read, and what the places throw.
    public func openBlob(
        _ descriptor: Descriptor, subject: String, in sources: [Reference]
    ) throws -> any BlobSource {
        let absence: Absence = { [self] in missing(subject, descriptor.digest, in: sources) }
        let repository = try place(of: descriptor, in: sources, absence)
        trace("\(subject) '\(descriptor.digest)' is read from \(quote(repository.name))")
        return pipedBlob(descriptor, in: repository, absence)
    }

    /// Opens a blob that a place has, as `openBlob(_:subject:in:)` does.
    public func openBlob(
        _ descriptor: Descriptor, subject: String, in repository: any Repository
    ) -> any BlobSource {
        trace("\(subject) '\(descriptor.digest)' is read from \(quote(repository.name))")
        return pipedBlob(descriptor, in: repository)
    }

    /// - Parameter absence: the error for a registry without the blob; nil means the registry's own
    ///   error.
    private func pipedBlob(
        _ descriptor: Descriptor, in repository: any Repository, _ absence: Absence? = nil
    ) -> PipedBlob {
        PipedBlob(BlobIdentity(digest: descriptor.digest, size: descriptor.size)) { sink in
            do {
                try repository.readBlob(descriptor, into: sink)
            } catch let error as RegistryError {
                if case .noBlob = error, let absence { throw absence() }
                throw error
            }
        }
    }

    /// Makes the error for a blob that no place has, which looks at the places once more.
    typealias Absence = @Sendable () -> StoreError

    /// The error for a blob or manifest that no place has.
    ///
    /// - Parameter target: the place where it is needed; nil when it is only to be read.
    func missing(
        _ subject: String, _ digest: Digest, in sources: [Reference], target: String? = nil
    ) -> StoreError {
        // The target may be a layout that is made only now.
        let others = sources.filter { $0.place.description != target }
        return .missing(
            subject: subject, digest: digest, target: target,
            sources: sources.map { $0.place.description },
            unopened: firstOpenError(of: others))
    }

    private func firstOpenError(of references: [Reference]) -> StreamError? {
        for reference in references {
            if let error = openError(of: reference) { return error }
        }
        return nil
    }

    /// Why nothing can be read from the layout of a reference; nil for a registry.
    func openError(of reference: Reference) -> StreamError? {
        guard case .layout(let reference) = reference else { return nil }
        return layout(reference).openError
    }

    /// The first place that has a blob. The last place is not asked when it is a registry: reading
    /// the blob tells.
    func place(
        of descriptor: Descriptor, in sources: [Reference], _ absence: Absence
    ) throws -> any Repository {
        let places = sources.filter { $0 != .scratch }
        for (offset, place) in places.enumerated() {
            let repository = try repository(for: place)
            let isLast = offset == places.count - 1 && !(repository is LayoutRepository)
            if try isLast || repository.hasBlob(descriptor.digest) { return repository }
        }
        throw absence()
    }
}

/// A blob of another place, opened only when its bytes are needed.
private final class CopiedBlob: BlobSource {
    let identity: BlobIdentity
    private let cancellation: Cancellation
    private let open: () throws -> any BlobSource
    private var source: (any BlobSource)?

    init(
        _ identity: BlobIdentity, _ cancellation: Cancellation,
        open: @escaping () throws -> any BlobSource
    ) {
        self.identity = identity
        self.cancellation = cancellation
        self.open = open
    }

    var announced: BlobIdentity? { identity }
    var canRewind: Bool { true }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try cancellation.check()
        let source = try self.source ?? open()
        self.source = source
        return try source.read(into: buffer)
    }

    func rewind() throws -> Bool { try source?.rewind() ?? true }
}
