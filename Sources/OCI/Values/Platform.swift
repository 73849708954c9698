import JSON

/// A platform that an image runs on.
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
    ///
    /// The spec requires `os` and `architecture`. Docker and containerd accept documents without
    /// them, so a missing field is an empty text here.
    public init(_ field: JSONField) throws(JSONError) {
        os = try field.member("os")?.string() ?? ""
        architecture = try field.member("architecture")?.string() ?? ""
        variant = try field.member("variant")?.string()
        if variant == "" { variant = nil }
        osVersion = try field.member("os.version")?.string()
        osFeatures = []
        if let features = try field.member("os.features") {
            for feature in try features.elements() { osFeatures.append(try feature.string()) }
        }
    }

    /// Reads `OS/ARCH[/VARIANT]`, or `OS(VERSION)/ARCH[/VARIANT]` for a version of Windows.
    ///
    /// Names become lower case, and other spellings of an architecture become Go's: `x86_64` is
    /// `amd64`, `aarch64` is `arm64`, `armhf` is `arm/v7`.
    /// - Returns: nil when it is not of that form.
    public init?(_ text: String) {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count) else { return nil }
        var version: String?
        if let open = parts[0].firstIndex(of: "("), parts[0].hasSuffix(")") {
            let inner = parts[0][parts[0].index(after: open)...].dropLast()
            version = String(inner)
            parts[0] = String(parts[0][..<open])
            guard Platform.isComponent(inner) else { return nil }
        }
        guard parts.allSatisfy({ Platform.isComponent($0) }) else { return nil }
        self.init(
            os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil)
        osVersion = version
        respell()
    }

    /// A component of a platform: letters, digits, `_`, `-` and `.`.
    private static func isComponent(_ text: some StringProtocol) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0.isAlphanumeric || "_-.".utf8.contains($0)
            }
    }

    /// The text that is read as this platform: `OS[(VERSION)]/ARCH[/VARIANT]`; `no platform` when
    /// OS and ARCH are empty.
    public var description: String {
        if isMissing { return "no platform" }
        let version = (osVersion ?? "").isEmpty ? "" : "(\(osVersion ?? ""))"
        return (os.isEmpty ? "?" : os) + version + "/"
            + (architecture.isEmpty ? "?" : architecture) + (variant.map { "/\($0)" } ?? "")
    }

    /// Whether it has neither an operating system nor an architecture.
    public var isMissing: Bool { os.isEmpty && architecture.isEmpty }

    /// The platform of this machine, by Go's names, as the spec requires.
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
