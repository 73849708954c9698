import ByteStream
import Hashing
import JSON
import OCI
import Signing

extension ImageStore {
    /// Signs a stored manifest in cosign's current format: the signature is an artifact whose
    /// subject is the manifest.
    ///
    /// - Parameters:
    ///   - descriptor: of the manifest or index, which must be in the place of `reference`.
    ///   - created: the creation time in the artifact; nil for none.
    /// - Returns: the descriptor of the manifest, after the place has stored the signature.
    /// - Throws: `StoreError`, `SigningError`, and what the place throws.
    public func sign(
        _ descriptor: Descriptor, at reference: Reference, _ claim: Claim, created: Timestamp?,
        by signer: Signer
    ) throws -> Descriptor {
        let repository = try repository(for: reference)
        let subject = try storedManifest(descriptor, of: reference, in: repository).descriptor
        let payload = try claim.statement(about: subject.digest)
        let signature = try signer.sign(
            Envelope.signedBytes(payloadType: Statement.mediaType, payload: payload))
        let bundle = Bundle.bytes(
            Envelope(payloadType: Statement.mediaType, payload: payload, signature: signature),
            hint: signer.hint)
        var artifact = Artifact(artifactType: Bundle.mediaType)
        artifact.blobs = [try write(bundle, Bundle.mediaType, to: repository)]
        try artifact.setSubject(subject)
        var manifest = artifact.manifest()
        if let created { manifest[annotation: Annotation.created] = created.description }
        manifest[annotation: Bundle.contentAnnotation] = "dsse-envelope"
        manifest[annotation: Bundle.predicateTypeAnnotation] = claim.predicateType
        let content = try PushContent(
            images: [Image(manifest: manifest, configBytes: Artifact.emptyBytes)], asIndex: false,
            annotations: [])
        _ = try push(content, to: [reference.place])
        return subject
    }

    /// Signs a stored manifest in cosign's older format: a tag beside it lists its signatures.
    ///
    /// Registries have no lock: signatures that another process added meanwhile are kept.
    ///
    /// - Parameter identity: the repository that the signature is for, as `HOST/REPOSITORY`.
    /// - Returns: as `sign`.
    public func signByTag(
        _ descriptor: Descriptor, at reference: Reference, identity: RegistryReference,
        annotations: [KeyValue], by signer: Signer
    ) throws -> Descriptor {
        let repository = try repository(for: reference)
        let subject = try storedManifest(descriptor, of: reference, in: repository).descriptor
        guard let tag = subject.digest.attachmentTag(.signature) else {
            throw SigningError.unsupportedDigest(subject.digest, format: "the .sig tag")
        }
        let payload = SimpleSigning.bytes(
            about: subject.digest, identity: identity.repositoryName, annotations: annotations)
        var layer = try write(payload, SimpleSigning.mediaType, to: repository)
        layer[annotation: SimpleSigning.signatureAnnotation] = String(
            decoding: Base64.encode(try signer.sign(payload)), as: UTF8.self)
        try add([layer], toTag: tag, of: repository)
        return subject
    }

    /// Adds layers to the list of signatures or attestations of a tag.
    ///
    /// - Parameter layers: layers whose blobs are stored; those that the list already has are
    ///   skipped.
    /// - Throws: `StoreError.signaturesContended` when other processes keep replacing the list.
    func add(_ layers: [Descriptor], toTag tag: String, of repository: any Repository) throws {
        for _ in 0..<ImageStore.attemptLimit {
            if try tryToAdd(layers, toTag: tag, of: repository) { return }
        }
        throw StoreError.signaturesContended(place: repository.name, tag: tag)
    }

    /// Retries of writing a list of signatures that another process replaced meanwhile.
    private static let attemptLimit = 5

    /// - Returns: false when another process moved the tag meanwhile.
    private func tryToAdd(
        _ new: [Descriptor], toTag tag: String, of repository: any Repository
    ) throws -> Bool {
        struct Moved: Error {}
        let present = try repository.manifest(.tag(tag))
        var manifest = try present.map { raw in
            try parsing("signatures '\(tag)' of \(quote(repository.name))") {
                () throws(JSONError) in try raw.manifest()
            }
        }
        let old = manifest?.layers ?? []
        let layers = old + new.filter { !old.contains($0) }
        if layers == old { return true }
        let config = try write(
            ImageStore.attachmentConfig(layers), .config, to: repository)
        if manifest == nil {
            manifest = Manifest(config: config)
        } else {
            manifest?.setConfig(config)
        }
        manifest?.setLayers(layers)
        guard let bytes = manifest?.storedBytes else { return false }
        let raw = RawManifest(bytes: bytes, mediaType: .manifest)
        do {
            let publication = Publication(raw, tag: tag) { actual in
                if actual != present?.digest { throw Moved() }
            }
            _ = try repository.publish([publication])
        } catch is Moved {
            return false
        }
        return try repository.manifestDigest(.tag(tag)) == raw.digest
    }

    /// The config of a list of signatures, as cosign writes it.
    private static func attachmentConfig(_ layers: [Descriptor]) -> [UInt8] {
        let zeroTime = JSON.string("0001-01-01T00:00:00Z")
        var history = JSONObject()
        history["created"] = zeroTime
        var files = JSONObject()
        files["type"] = .string("layers")
        files["diff_ids"] = .array(layers.map { .string($0.digest.description) })
        var config = JSONObject()
        config["architecture"] = .string("")
        config["created"] = zeroTime
        config["history"] = .array(layers.map { _ in .object(history) })
        config["os"] = .string("")
        config["rootfs"] = .object(files)
        config["config"] = .object(JSONObject())
        return config.serialized()
    }

    private func write(
        _ bytes: [UInt8], _ mediaType: MediaType, to repository: any Repository
    ) throws -> Descriptor {
        let identity = try repository.writeBlob(MemoryBlob(bytes), mountFrom: [])
        return Descriptor(mediaType: mediaType, digest: identity.digest, size: identity.size)
    }

    /// The manifest that a descriptor line names, from the place of `reference`.
    ///
    /// - Throws: `StoreError.noSuchManifest`, and `.sizeMismatch` when the line has another size.
    public func storedManifest(
        _ descriptor: Descriptor, of reference: Reference
    ) throws -> RawManifest {
        try storedManifest(descriptor, of: reference, in: repository(for: reference))
    }

    private func storedManifest(
        _ descriptor: Descriptor, of reference: Reference, in repository: any Repository
    ) throws -> RawManifest {
        guard let raw = try repository.manifest(.digest(descriptor.digest)) else {
            if let error = openError(of: reference) { throw error }
            throw StoreError.noSuchManifest(
                reference.selecting(tag: nil, digest: descriptor.digest), tags: [])
        }
        guard Int64(raw.bytes.count) == descriptor.size else {
            throw StoreError.sizeMismatch(
                subject: "'\(descriptor.digest)'", expected: descriptor.size,
                actual: Int64(raw.bytes.count))
        }
        return raw
    }
}
