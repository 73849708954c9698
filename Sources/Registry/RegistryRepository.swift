import ByteStream
import Hashing
import JSON
import OCI

/// A repository of a registry. Usable from several threads at once.
///
/// Bytes are verified before a call returns: manifests and blobs that do not match their digest are
/// errors, whatever the headers say.
///
/// - Spec: distribution-spec v1.1, Endpoints.
public struct RegistryRepository: Sendable {
    let client: RegistryClient
    let host: RegistryHost
    /// Without the host.
    public let path: String

    /// `host/repository`.
    public var name: String { "\(host.name)/\(path)" }

    /// A request below `/v2/<name>/`, which may be the first to the registry.
    ///
    /// - Parameter pushing: whether the token must allow pushing.
    func call(
        _ method: String, _ suffix: String, pushing: Bool = false
    ) throws -> RegistryCall {
        let base = try client.likelyBaseURL(of: host)
        let url = base.replacingTarget("/v2/\(path)/\(suffix)")
        var call = call(method, url, pushing: pushing)
        call.request.findsBaseURL = true
        return call
    }

    private func manifestCall(
        _ method: String, _ selector: ManifestSelector, pushing: Bool = false
    ) throws -> RegistryCall {
        var call = try call(
            method, "manifests/\(selector.pathComponent)", pushing: pushing)
        call.request.acceptManifests()
        return call
    }

    func call(_ method: String, _ url: HTTPURL, pushing: Bool = false) -> RegistryCall {
        RegistryCall(
            request: HTTPRequest(method, url), host: host,
            scopes: [pushing ? .push(path) : .pull(path)])
    }

    /// The manifest or index that `selector` names, with the digest of its bytes.
    ///
    /// - Returns: nil when there is none.
    /// - Throws: `RegistryError`; `VerificationError` for bytes that do not match the digest.
    /// - Spec: distribution-spec v1.1, Pulling manifests.
    public func manifest(_ selector: ManifestSelector) throws -> RawManifest? {
        var call = try manifestCall("GET", selector)
        call.request.bodyLimit = DocumentLimit.manifestByteCount
        let response = try client.send(call)
        if response.status == 404 { return nil }
        guard response.status == 200 else { throw client.refusal(call, response) }
        if response.bodyIsCut {
            throw client.violation(
                call.request, "a manifest of more than \(call.request.bodyLimit) bytes")
        }
        return try rawManifest(selector, response, call.request)
    }

    private func rawManifest(
        _ selector: ManifestSelector, _ response: HTTPResponse, _ request: HTTPRequest
    ) throws -> RawManifest {
        // The bytes of a manifest decide, not its content type.
        if response.isWebPage, !ManifestType.isJSON(response.body) {
            throw client.violation(request, "a web page, not a manifest")
        }
        let announced = response.headers["Docker-Content-Digest"].flatMap { Digest($0) }
        let expected: Digest? =
            switch selector {
            case .tag: announced
            case .digest(let digest): digest
            }
        if expected == nil { try checkIsWhole(response.body, selector) }
        let digest = Digest.of(response.body, algorithm: expected?.algorithm ?? .sha256)
        if let expected, expected != digest {
            throw VerificationError.digest(
                subject: selector.name(in: name), expected: expected, actual: digest)
        }
        guard let type = ManifestType.of(response) else {
            throw client.violation(request, "no manifest, by its media type")
        }
        if type.isSchema1 {
            throw RegistryError.obsoleteManifest(
                repository: name, reference: selector.description)
        }
        return RawManifest(verifiedBytes: response.body, mediaType: type, digest: digest)
    }

    /// Checks a manifest that has no digest to be compared with: a connection that is closed early
    /// may look like its end, and a proxy may have compressed it.
    private func checkIsWhole(
        _ bytes: [UInt8], _ selector: ManifestSelector
    ) throws(RegistryError) {
        do {
            _ = try JSON.parse(bytes)
        } catch {
            throw .malformedManifest(
                repository: name, reference: selector.description, problem: error.text)
        }
    }

    /// The digest of the manifest that `selector` names. The manifest is read only when the
    /// registry does not state the digest.
    ///
    /// - Returns: nil when there is no such manifest.
    public func manifestDigest(_ selector: ManifestSelector) throws -> Digest? {
        try head(selector)?.digest
    }

    /// As `manifestDigest`, for a caller who is about to push: with the token for pushing, and nil
    /// when the registry refuses to answer or contradicts itself.
    public func digestBeforePush(_ selector: ManifestSelector) throws -> Digest? {
        do {
            return try head(selector, pushing: true)?.digest
        } catch is VerificationError {
            return nil
        } catch let error as RegistryError {
            switch error {
            case .denied, .refused, .violation, .obsoleteManifest: return nil
            default: throw error
            }
        }
    }

    func head(_ selector: ManifestSelector, pushing: Bool = false) throws -> ManifestHead? {
        let call = try manifestCall("HEAD", selector, pushing: pushing)
        let response = try client.send(call)
        switch response.status {
        case 404: return nil
        case 200:
            let announced = response.headers["Docker-Content-Digest"].flatMap { Digest($0) }
            let entityTag = response.headers["ETag"]
            guard let announced else {
                return try manifest(selector).map {
                    ManifestHead(digest: $0.digest, entityTag: entityTag)
                }
            }
            if case .digest(let expected) = selector, expected != announced {
                throw VerificationError.digest(
                    subject: selector.name(in: name), expected: expected, actual: announced)
            }
            return ManifestHead(digest: announced, entityTag: entityTag)
        case 405, 501:
            return try manifest(selector).map { ManifestHead(digest: $0.digest, entityTag: nil) }
        default: throw client.refusal(call, response)
        }
    }

    /// Stores a manifest under its digest, and under `tag` when there is one.
    ///
    /// - Returns: the digest of the `subject` when the registry lists the manifest as its referrer;
    ///   nil when it does not confirm that, and the caller must maintain a list by a tag.
    /// - Throws: `RegistryError.manifestTooLarge` or `.notAManifest` before anything is sent.
    /// - Spec: distribution-spec v1.1, Pushing Manifests.
    @discardableResult
    public func putManifest(_ manifest: RawManifest, tag: String?) throws -> Digest? {
        try put(manifest, tag: tag, condition: nil)
    }

    /// The maximum size of a manifest that is sent before the registry has said whether it demands a
    /// token, and again when it does.
    private static let resentByteCount = 64 << 10

    /// - Parameter condition: a header that makes the registry refuse with 412.
    func put(
        _ manifest: RawManifest, tag: String?, condition: HTTPHeaders.Field?
    ) throws -> Digest? {
        guard manifest.bytes.count <= DocumentLimit.manifestByteCount else {
            throw RegistryError.manifestTooLarge(
                repository: name, byteCount: manifest.bytes.count)
        }
        guard manifest.mediaType.isManifest || manifest.mediaType.isIndex else {
            throw RegistryError.notAManifest(
                repository: name, mediaType: manifest.mediaType.rawValue)
        }
        if !host.authenticator.mayNeedNothing
            || manifest.bytes.count > RegistryRepository.resentByteCount
        {
            try client.discoverAuthentication(of: host)
        }
        let selector = tag.map { ManifestSelector.tag($0) } ?? .digest(manifest.digest)
        var call = try call("PUT", "manifests/\(selector.pathComponent)", pushing: true)
        call.request.headers.add("Content-Type", manifest.mediaType.rawValue)
        if let condition { call.request.headers.add(condition.name, condition.value) }
        call.request.body = BytesBody(manifest.bytes)
        let response = try client.send(call, unless: \.lacksContent)
        guard response.isSuccess else {
            // An immutable tag that already has this digest is no error.
            if let tag, response.mayBeOfImmutableTag, try holds(manifest, .tag(tag)) {
                return subject(of: manifest)
            }
            throw client.refusal(call, response)
        }
        switch ContentProof(ofStoring: response, manifest.digest) {
        case .proved: break
        case .contradicted(let problem): throw client.violation(call.request, problem)
        case .open:
            guard try holds(manifest, selector) else {
                throw client.violation(
                    call.request, "status \(response.status), and the manifest is not there")
            }
        }
        return response.headers["OCI-Subject"].flatMap { Digest($0) }
    }

    /// Reads a manifest back, and compares it.
    private func holds(_ manifest: RawManifest, _ selector: ManifestSelector) throws -> Bool {
        do {
            return try self.manifest(selector)?.bytes == manifest.bytes
        } catch is VerificationError {
            return false
        } catch RegistryError.denied {
            return false
        }
    }

    /// The subject of a manifest that is stored already, and so was listed as a referrer then.
    private func subject(of manifest: RawManifest) -> Digest? {
        do {
            return try manifest.subject()?.digest
        } catch {
            return nil
        }
    }
}

extension ManifestSelector {
    /// The tag or digest, percent-encoded for a URL path.
    var pathComponent: String {
        switch self {
        case .tag(let tag): percentEncoded(tag)
        case .digest(let digest): digest.description
        }
    }
}

extension HTTPRequest {
    mutating func acceptManifests() {
        let types: [MediaType] = [.manifest, .index, .dockerManifest, .dockerManifestList]
        headers.add("Accept", types.map(\.rawValue).joined(separator: ", "))
        headers.add("Accept-Encoding", "identity")
    }
}

extension HTTPResponse {
    /// Whether it may come from a registry with immutable tags; such registries use different
    /// statuses.
    fileprivate var mayBeOfImmutableTag: Bool { [400, 403, 405, 409, 412, 422].contains(status) }

    /// Whether a manifest was refused because of a missing blob, although the registry has
    /// confirmed that blob: in some registries a blob is visible everywhere only after a moment, or
    /// while no other client pushes the same blob.
    fileprivate var lacksContent: Bool {
        guard status == 400 || status == 404 else { return false }
        let codes: Set = ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"]
        return ErrorBody.codes(body).contains { codes.contains($0) }
    }
}

/// The media type of a manifest in a response.
enum ManifestType {
    /// The type in the header, which may have parameters, be wrong or be missing; or else that in
    /// the content.
    ///
    /// - Returns: nil without a well-formed media type.
    static func of(_ response: HTTPResponse) -> MediaType? {
        let bare = response.headers["Content-Type"]?.prefix { $0 != ";" && $0 != "," }
        let trimmed = Array((bare ?? "").utf8)[...].trimmingWhiteSpace()
        let announced = MediaType(parsing: String(decoding: trimmed, as: UTF8.self).lowercased())
        if let announced, announced.isManifest || announced.isIndex || announced.isSchema1 {
            return announced
        }
        guard let object = try? JSON.parse(response.body).object
        else { return announced }
        if object["schemaVersion"] == .integer(1) { return .dockerSchema1 }
        if let type = object.text("mediaType"), !type.isEmpty { return MediaType(parsing: type) }
        if object["manifests"] != nil { return .index }
        return object["layers"] != nil || object["config"] != nil ? .manifest : announced
    }

    static func isJSON(_ bytes: [UInt8]) -> Bool {
        do {
            _ = try JSON.parse(bytes)
            return true
        } catch {
            return false
        }
    }
}
