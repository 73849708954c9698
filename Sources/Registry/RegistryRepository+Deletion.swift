import ByteStream
import Hashing
import JSON
import OCI

extension RegistryRepository {
    /// Removes a manifest with all its tags.
    ///
    /// - Returns: false when there was none.
    /// - Throws: `RegistryError.deletionRefused` when the registry does not allow deletion.
    /// - Spec: distribution-spec v1.1, Deleting Manifests.
    public func deleteManifest(_ digest: Digest) throws -> Bool {
        let (call, response) = try sendDeletion(.digest(digest))
        switch response.status {
        case 404: return false
        case 400, 405, 501: throw deletionRefused(call, response)
        default:
            guard response.isSuccess else { throw client.refusal(call, response) }
            return true
        }
    }

    /// Removes tags, one after another up to the first that does not exist; their manifests and the
    /// other tags of those stay.
    ///
    /// Few registries can delete a tag alone. For the others the tag is moved to a new manifest,
    /// and that manifest is deleted together with the tag. A test before makes sure that this will
    /// work.
    ///
    /// - Returns: the number of removed tags.
    /// - Throws: `RegistryError.deletionRefused` when the registry does not allow deletion; then
    ///   the tag keeps its digest.
    /// - Spec: distribution-spec v1.1, Deleting Tags.
    public func deleteTags(_ tags: [String]) throws -> Int {
        try tags.prefix { try deleteTag($0) }.count
    }

    private func deleteTag(_ tag: String) throws -> Bool {
        guard let digest = try manifestDigest(.tag(tag)) else { return false }
        let (call, response) = try sendDeletion(.tag(tag))
        if response.isSuccess {
            if try manifestDigest(.tag(tag)) == nil { return true }
            // A registry that can delete only manifests may report success without effect.
        } else if ![400, 404, 405, 501].contains(response.status) {
            throw client.refusal(call, response)
        }
        try deleteWithThrowaway(tag, standingFor: digest)
        return true
    }

    /// Moves a tag to a new manifest without other tags, and deletes that manifest.
    private func deleteWithThrowaway(_ tag: String, standingFor digest: Digest) throws {
        _ = try writeBlob(MemoryBlob(Artifact.emptyBytes), mountFrom: [])
        let trial = RegistryRepository.throwaway()
        try putManifest(trial, tag: nil)
        guard try deleteManifest(trial.digest), try manifestDigest(.digest(trial.digest)) == nil
        else { throw try withoutEffect(trial.digest) }
        guard let original = try manifest(.digest(digest)) else { return }
        let throwaway = RegistryRepository.throwaway()
        try putManifest(throwaway, tag: tag)
        do {
            guard try deleteManifest(throwaway.digest),
                try manifestDigest(.tag(tag)) != throwaway.digest
            else { throw try withoutEffect(throwaway.digest) }
        } catch {
            // The tag must not keep a manifest that no user pushed.
            try putManifest(original, tag: tag)
            throw error
        }
    }

    /// The error for a registry that did not delete the new manifest.
    private func withoutEffect(_ digest: Digest) throws -> RegistryError {
        client.violation(
            try call("DELETE", "manifests/\(digest)").request,
            "nothing was deleted, though it is said to be")
    }

    /// A unique manifest.
    private static func throwaway() -> RawManifest {
        let type = MediaType("application/vnd.ocinoco.deleted")
        var manifest = Artifact(artifactType: type).manifest()
        manifest[annotation: "ocinoco.unique"] = String(UInt64.random(in: .min ... .max), radix: 36)
        let bytes = manifest.storedBytes
        return RawManifest(bytes: bytes, mediaType: manifest.mediaType)
    }

    private func sendDeletion(
        _ selector: ManifestSelector
    ) throws -> (RegistryCall, HTTPResponse) {
        let base = try client.baseURL(of: host)
        let url = base.replacingTarget("/v2/\(path)/manifests/\(selector.pathComponent)")
        let call = RegistryCall(
            request: HTTPRequest("DELETE", url), host: host, scopes: [.delete(path)])
        return (call, try client.send(call))
    }

    private func deletionRefused(_ call: RegistryCall, _ response: HTTPResponse) -> RegistryError {
        .deletionRefused(client.answer(call.request, response), host: host.name)
    }
}
