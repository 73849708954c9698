import JSON

/// What an image runs on.
///
/// - Spec: image-spec v1.1.1, image-index.md, `platform`.
public struct Platform: Hashable, Sendable, CustomStringConvertible {
    public var os: String
    public var architecture: String
    public var variant: String?
    public var osVersion: String?
    public var osFeatures: [String]

    public init(os: String, architecture: String, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
        osVersion = nil
        osFeatures = []
    }

    /// Reads the platform fields of a platform object or of an image config.
    public init(_ field: JSONField) throws(JSONError) {
        os = try field.required("os").string()
        architecture = try field.required("architecture").string()
        variant = try field.member("variant").map { (field) throws(JSONError) in
            try field.string()
        }
        if variant == "" { variant = nil }
        osVersion = try field.member("os.version").map { (field) throws(JSONError) in
            try field.string()
        }
        osFeatures = []
        if let features = try field.member("os.features") {
            for feature in try features.elements() { osFeatures.append(try feature.string()) }
        }
    }

    /// Reads `OS/ARCH[/VARIANT]`.
    ///
    /// - Returns: nil when it is not of that form.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), !parts.contains(where: \.isEmpty) else { return nil }
        let architecture: String
        switch parts[1] {
        case "x86_64", "x86-64": architecture = "amd64"
        case "aarch64": architecture = "arm64"
        default: architecture = String(parts[1])
        }
        self.init(
            os: String(parts[0]), architecture: architecture,
            variant: parts.count == 3 ? String(parts[2]) : nil)
    }

    public var description: String {
        [os, architecture, variant].compactMap { $0 }.joined(separator: "/")
    }

    /// The platform of this machine, in the words of the Go language as the spec wants them.
    public static var current: Platform {
        #if arch(x86_64)
            Platform(os: "linux", architecture: "amd64")
        #elseif arch(arm64)
            Platform(os: "linux", architecture: "arm64")
        #elseif arch(arm)
            Platform(os: "linux", architecture: "arm", variant: "v7")
        #elseif arch(riscv64)
            Platform(os: "linux", architecture: "riscv64")
        #elseif arch(powerpc64le)
            Platform(os: "linux", architecture: "ppc64le")
        #elseif arch(s390x)
            Platform(os: "linux", architecture: "s390x")
        #else
            #error("name this architecture as the image spec does")
        #endif
    }

    /// Whether an image of this platform is what a request for `wanted` asks for.
    ///
    /// A request without a variant takes any; arm64 without a variant is v8.
    public func satisfies(_ wanted: Platform) -> Bool {
        guard os == wanted.os, architecture == wanted.architecture else { return false }
        guard let variant = wanted.variant else { return true }
        return variant == (self.variant ?? (architecture == "arm64" ? "v8" : nil))
    }

    /// An attestation of an index, which is not an image: `unknown/unknown`.
    public var isUnknown: Bool { os == "unknown" && architecture == "unknown" }

    /// The platform object of an index entry.
    public var document: JSONObject {
        var object = JSONObject()
        object["architecture"] = .string(architecture)
        object["os"] = .string(os)
        if let osVersion { object["os.version"] = .string(osVersion) }
        if !osFeatures.isEmpty {
            object["os.features"] = .array(osFeatures.map { JSON.string($0) })
        }
        if let variant { object["variant"] = .string(variant) }
        return object
    }
}
