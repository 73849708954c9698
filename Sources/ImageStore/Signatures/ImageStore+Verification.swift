import ByteStream
import Hashing
import JSON
import OCI
import Signing

/// The conditions under which a signature of a manifest is accepted.
public struct VerificationPolicy: Sendable {
    /// The accepted keys; a signature by one of them is enough.
    public var keys: [PublicKey]
    public var predicateType = Statement.signaturePredicateType
    /// Annotations that the signed statement must have.
    public var annotations: [KeyValue] = []
    /// The repository that a signature of the older format must name; nil means that of the
    /// reference.
    public var identity: RegistryReference?

    public init(keys: [PublicKey]) {
        self.keys = keys
    }
}

extension ImageStore {
    /// The maximum number of signatures of one manifest that are tried.
    private static let candidateLimit = 1000

    /// Checks that the manifest of a reference has a signature that meets `policy`.
    ///
    /// Other signatures are ignored, whatever their number and content.
    ///
    /// - Returns: type, digest and size of the verified manifest. No part of it comes from a
    ///   signature.
    /// - Throws: `StoreError.notVerified`, and what the place throws.
    public func verify(
        _ reference: Reference, _ policy: VerificationPolicy
    ) throws -> Descriptor {
        let repository = try repository(for: reference)
        let root = try manifest(of: reference)
        var refused: [String] = []
        let subject = reference.withDigest(root.digest)
        for referrer in try referrers(of: subject, artifactType: Bundle.mediaType.rawValue)
            .prefix(ImageStore.candidateLimit)
        {
            do {
                let bytes = try bundle(referrer.digest, in: repository)
                _ = try Bundle.verify(
                    bytes, digest: root.digest, predicateType: policy.predicateType,
                    annotations: policy.annotations, keys: policy.keys)
                trace("the signature '\(referrer.digest)' is valid")
                return root.descriptor
            } catch let error as Rejection {
                refuse("\(referrer.digest)", error, &refused)
            }
        }
        if policy.predicateType == Statement.signaturePredicateType,
            try isSignedByTag(root.digest, of: reference, policy, in: repository, &refused)
        {
            return root.descriptor
        }
        throw StoreError.notVerified(subject, refused: refused)
    }

    private func refuse(_ name: String, _ rejection: Rejection, _ refused: inout [String]) {
        trace("the signature '\(name)' is refused: \(rejection.text)")
        refused.append(rejection.text)
    }

    /// The bundle of an artifact.
    ///
    /// - Throws: `Rejection` when it is not a bundle or is missing; what the place throws
    ///   otherwise.
    private func bundle(
        _ digest: Digest, in repository: any Repository
    ) throws -> [UInt8] {
        guard let raw = try repository.manifest(.digest(digest)) else {
            throw Rejection.malformed("no such manifest")
        }
        let manifest: Manifest
        do {
            manifest = try raw.manifest()
        } catch {
            throw Rejection.malformed(error.text)
        }
        guard manifest.layers.count == 1, let layer = manifest.layers.first,
            layer.mediaType == Bundle.mediaType
        else { throw Rejection.malformed("no artifact of one bundle") }
        return try document(layer, limit: Bundle.byteLimit, in: repository)
    }

    /// Checks the signatures of the older format.
    private func isSignedByTag(
        _ digest: Digest, of reference: Reference, _ policy: VerificationPolicy,
        in repository: any Repository, _ refused: inout [String]
    ) throws -> Bool {
        guard let identity = policy.identity ?? reference.registry,
            let tag = digest.attachmentTag(.signature),
            let raw = try repository.manifest(.tag(tag))
        else { return false }
        let manifest: Manifest
        do {
            manifest = try raw.manifest()
        } catch {
            refuse(tag, .malformed(error.text), &refused)
            return false
        }
        for layer in manifest.layers.prefix(ImageStore.candidateLimit)
        where layer.mediaType == SimpleSigning.mediaType {
            do {
                let payload = try document(layer, limit: SimpleSigning.byteLimit, in: repository)
                try SimpleSigning.verify(
                    payload,
                    signature: layer[annotation: SimpleSigning.signatureAnnotation] ?? "",
                    digest: digest, identity: identity, annotations: policy.annotations,
                    keys: policy.keys)
                trace("the signature '\(layer.digest)' of '\(tag)' is valid")
                return true
            } catch let error as Rejection {
                refuse("\(layer.digest)", error, &refused)
            }
        }
        return false
    }

    /// A small blob, checked against its descriptor.
    private func document(
        _ descriptor: Descriptor, limit: Int, in repository: any Repository
    ) throws -> [UInt8] {
        guard descriptor.size <= Int64(limit) else {
            throw Rejection.malformed("\(descriptor.size) bytes, where \(limit) is the most")
        }
        guard try repository.hasBlob(descriptor.digest) else {
            throw Rejection.malformed("no such blob")
        }
        let sink = MemorySink(limit: limit, subject: Path("\(descriptor.digest)"))
        do {
            try repository.readBlob(descriptor, into: sink)
        } catch let error as VerificationError {
            throw Rejection.malformed(error.message)
        }
        return sink.bytes
    }
}

extension Reference {
    /// The reference when it names a registry.
    var registry: RegistryReference? {
        if case .registry(let reference) = self { reference } else { nil }
    }
}
