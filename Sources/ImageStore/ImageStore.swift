import ByteStream
import ImageLayout
import OCI
import Registry

/// The common interface to registries and image layouts.
public final class ImageStore: Sendable {
    private let options: RegistryOptions
    private let client = Guarded<RegistryClient?>(nil)
    /// Receives each step as a line.
    public let trace: @Sendable (String) -> Void
    /// Receives warnings for the user.
    public let warn: @Sendable (String) -> Void

    private let path: @Sendable (String) -> Path

    /// The HTTP library, as in `libcurl 7.88.1`.
    public static var libraryVersion: String { RegistryClient.libraryVersion }

    /// Reads no file and opens no connection before a registry is used.
    ///
    /// - Parameter path: converts the directory in a layout's reference to a path.
    public init(
        _ options: RegistryOptions, path: @escaping @Sendable (String) -> Path = { Path($0) }
    ) {
        self.options = options
        self.path = path
        trace = options.trace ?? { _ in }
        warn = options.warn ?? { _ in }
    }

    /// The place of a reference; its tag and digest are ignored.
    ///
    /// - Throws: `StoreError.scratch`, and what setting up the registry's client throws.
    public func repository(for reference: Reference) throws -> any Repository {
        switch reference {
        case .registry(let reference): try registryClient().repository(reference)
        case .layout(let reference): layout(reference)
        case .scratch: throw StoreError.scratch
        }
    }

    func registryClient() throws -> RegistryClient {
        try client.withLock { client in
            if let client { return client }
            let new = try RegistryClient(options)
            client = new
            return new
        }
    }

    func layout(_ reference: LayoutReference) -> LayoutRepository {
        LayoutRepository(directory: path(reference.directory))
    }

    /// Whether a directory is a layout.
    public static func isLayout(_ directory: Path) -> Bool {
        LayoutRepository(directory: directory).exists
    }

    /// Stores credentials for a registry that accepts them.
    ///
    /// - Returns: the file that was written, or that names the helper which stores them.
    /// - Throws: `RegistryError`; then nothing was written.
    public func login(_ registry: String, user: String, password: String) throws -> Path {
        try registryClient().login(registry, user: user, password: password)
    }

    /// Asks a registry whether it accepts its stored credentials.
    ///
    /// - Throws: `RegistryError.noCredentials`, `.denied`.
    public func checkLogin(_ registry: String) throws {
        try registryClient().checkLogin(registry)
    }

    /// Removes the credentials of a registry.
    ///
    /// - Returns: the files that were changed.
    public func logout(_ registry: String) throws -> [Path] {
        try registryClient().logout(registry)
    }

    /// The manifest or index that a reference names.
    ///
    /// - Throws: `StoreError.noSuchManifest`, `.schema1`, and what reading throws.
    public func manifest(of reference: Reference) throws -> RawManifest {
        let repository = try repository(for: reference)
        let manifest: RawManifest?
        if let digest = reference.digest {
            manifest = try repository.manifest(.digest(digest))
        } else if let tag = reference.tag {
            manifest = try repository.manifest(.tag(tag))
        } else if case .layout(let layout) = reference {
            manifest = try self.layout(layout).onlyManifest()
        } else {
            manifest = nil
        }
        guard let manifest else {
            throw StoreError.noSuchManifest(
                reference, tags: try tags(of: reference, repository))
        }
        if manifest.mediaType.isSchema1 { throw StoreError.schema1(reference) }
        return manifest
    }

    /// The manifest or index of a reference, for choosing platforms.
    struct Root {
        let raw: RawManifest
        /// False for an index that was made of a layout's `index.json`.
        let isStored: Bool
    }

    /// As `manifest(of:)`; entries of a layout that are one image on several platforms are an index.
    func root(of reference: Reference) throws -> Root {
        if let index = try platformIndex(of: reference) {
            return Root(raw: index, isStored: false)
        }
        return Root(raw: try manifest(of: reference), isStored: true)
    }

    /// The index over the platforms that a layout lists one by one under one name; else nil.
    func platformIndex(of reference: Reference) throws -> RawManifest? {
        guard case .layout(let layout) = reference, layout.digest == nil else { return nil }
        return try self.layout(layout).platformIndex(tag: layout.tag)
    }

    /// Streams a blob of which only the digest is known into `sink`, checked.
    ///
    /// - Throws: `StoreError.noSuchBlob`, and what reading and `sink` throw.
    public func readBlob(
        _ digest: Digest, of reference: Reference, into sink: any ByteSink
    ) throws {
        let repository = try repository(for: reference)
        guard let size = try repository.blobSize(digest) else {
            if let error = openError(of: reference) { throw error }
            throw StoreError.noSuchBlob(digest, place: repository.name)
        }
        let descriptor = Descriptor(mediaType: .octetStream, digest: digest, size: size)
        try repository.readBlob(descriptor, into: sink)
    }

    /// Existing tags, to suggest instead of a missing one; empty for registries, which may have too
    /// many.
    private func tags(of reference: Reference, _ repository: any Repository) throws -> [String] {
        guard case .layout = reference else { return [] }
        return try repository.tags()
    }
}

extension Reference {
    /// The place without tag and digest: equal for references into the same repository.
    public var place: Reference { selecting(tag: nil, digest: nil) }

    /// The places of several references, each once, in order.
    static func places(of references: [Reference]) -> [Reference] {
        var places: [Reference] = []
        for reference in references where !places.contains(reference.place) {
            places.append(reference.place)
        }
        return places
    }
}
