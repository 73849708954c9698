import JSON
import OCI

/// How an image was built, as the predicate of a statement: only known facts.
///
/// - Spec: SLSA v1.0, provenance.md; in-toto attestation framework v1, resource_descriptor.md.
public struct Provenance: Sendable {
    public static let predicateType = "https://slsa.dev/provenance/v1"
    /// The type that defines the parameters; oci-provenance(1) describes it.
    public static let buildType = "ocinoco:build:v1"
    /// The default builder: the user who ran the tools.
    public static let ownBuilder = "ocinoco:local"

    /// The arguments of the build.
    public var arguments: [String] = []
    /// The value of SOURCE_DATE_EPOCH, which changes the image.
    public var sourceDate: Int64?
    /// When it was built; nil when that is not stated.
    public var created: Timestamp?
    public var builder = Provenance.ownBuilder
    /// The version of the tools, such as `0.1.0`.
    public var version: String
    private var dependencies: [JSON] = []

    public init(version: String) {
        self.version = version
    }

    /// Adds the base of an image: its source, or else the base in its annotations.
    ///
    /// - Parameter manifest: the manifest of an image line.
    public mutating func addBase(of manifest: Manifest) {
        let digest: Digest?
        let base: Reference?
        if let recorded = manifest.recordedDigest {
            (base, digest) = (manifest.source, recorded)
        } else {
            base = manifest.base
            digest = manifest[annotation: Annotation.baseDigest].flatMap { Digest($0) }
        }
        guard let digest else { return }
        add(digest, of: nil, uri: base?.uri)
    }

    /// Adds a layer that was made from a source: its uncompressed tar.
    public mutating func addLayer(_ diffID: Digest) {
        add(diffID, of: .layer, uri: nil)
    }

    private mutating func add(_ digest: Digest, of mediaType: MediaType?, uri: String?) {
        var resource = JSONObject()
        if let uri { resource["uri"] = .string(uri) }
        resource["digest"] = .digestSet(digest)
        if let mediaType { resource["mediaType"] = .string(mediaType.rawValue) }
        // Images for several platforms may share layers and base.
        if !dependencies.contains(.object(resource)) { dependencies.append(.object(resource)) }
    }

    /// The document, with its members in the order of the specification.
    public var predicate: JSON {
        var parameters = JSONObject()
        parameters["arguments"] = .array(arguments.map { .string($0) })
        if let sourceDate { parameters["SOURCE_DATE_EPOCH"] = .string("\(sourceDate)") }
        var definition = JSONObject()
        definition["buildType"] = .string(Provenance.buildType)
        definition["externalParameters"] = .object(parameters)
        definition["resolvedDependencies"] = .array(dependencies)
        var versions = JSONObject()
        versions["ocinoco"] = .string(version)
        var builder = JSONObject()
        builder["id"] = .string(self.builder)
        builder["version"] = .object(versions)
        var details = JSONObject()
        details["builder"] = .object(builder)
        if let created {
            var metadata = JSONObject()
            metadata["finishedOn"] = .string(created.description)
            details["metadata"] = .object(metadata)
        }
        var predicate = JSONObject()
        predicate["buildDefinition"] = .object(definition)
        predicate["runDetails"] = .object(details)
        return .object(predicate)
    }
}

extension JSON {
    /// A digest in the form of statements: by the name of its algorithm.
    static func digestSet(_ digest: Digest) -> JSON {
        var digests = JSONObject()
        digests[JSONString(digest.algorithm.rawValue)] = .string(digest.encoded)
        return .object(digests)
    }
}

extension Reference {
    /// The reference as a URI; nil for `scratch`.
    fileprivate var uri: String? {
        switch self {
        case .registry: "docker://\(self)"
        case .layout: description
        case .scratch: nil
        }
    }
}
