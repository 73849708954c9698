import JSON

/// Annotation keys that this toolkit reads or writes.
///
/// - Spec: image-spec v1.1.1, annotations.md.
public enum Annotation {
    public static let created: JSONString = "org.opencontainers.image.created"
    public static let refName: JSONString = "org.opencontainers.image.ref.name"
    public static let baseName: JSONString = "org.opencontainers.image.base.name"
    public static let baseDigest: JSONString = "org.opencontainers.image.base.digest"
    /// An image's full name, on its entry in an archive's index; the key of containerd and Docker.
    public static let containerdName: JSONString = "io.containerd.image.name"
    /// The diffID of a layer, on its descriptor; the key of containerd and BuildKit.
    public static let uncompressed: JSONString = "containerd.io/uncompressed"
    /// The digest of a zstd:chunked layer's stored table of contents.
    public static let chunkedTableDigest: JSONString =
        "io.github.containers.zstd-chunked.manifest-checksum"
    /// `offset:bytes:uncompressed bytes:1`: the position of the table in the layer.
    public static let chunkedTablePosition: JSONString =
        "io.github.containers.zstd-chunked.manifest-position"
    /// `offset:bytes:uncompressed bytes`: the position of its tar-split.
    public static let chunkedTarSplitPosition: JSONString =
        "io.github.containers.zstd-chunked.tarsplit-position"
    /// The annotations that mark a layer as zstd:chunked; they are wrong after recompression.
    static let chunked = [chunkedTableDigest, chunkedTablePosition, chunkedTarSplitPosition]
    /// The annotations of a layer that follow from its bytes.
    package static let ofLayerBytes = chunked + [uncompressed]
    /// On an index entry: whether the image has zstd layers; the key of containers/image.
    public static let zstdCompression: JSONString = "io.github.containers.compression.zstd"
    /// BuildKit's mark of an entry that is not an image, such as `attestation-manifest`.
    static let referenceType: JSONString = "vnd.docker.reference.type"

    /// `1/2`: the number of an image line and of all lines. Never pushed.
    public static let position: JSONString = "ocinoco.position"
    /// The reference that an image line was fetched by, with its digest then.
    public static let source: JSONString = "ocinoco.source"
    /// The digest of the stored manifest.
    public static let digest: JSONString = "ocinoco.digest"
    /// The digest of the stored manifest without white space, when that differs.
    package static let compact: JSONString = "ocinoco.compact"
    /// The index entry through which the image was fetched, as JSON.
    public static let entry: JSONString = "ocinoco.entry"
    /// The platforms of that index, separated by commas; `...` stands for those beyond 4 KiB.
    public static let platforms: JSONString = "ocinoco.platforms"
    /// The base of the source, `NAME@DIGEST` or empty, after the source became the base.
    public static let sourceBase: JSONString = "ocinoco.base"

    /// Annotations of image lines, which are never pushed.
    package static let ofLines = [
        position, source, digest, compact, entry, platforms, sourceBase,
    ]

    private static let listByteLimit = 4096

    /// The value of `platforms`. Every image of an index has it, so all of them would take memory
    /// that grows with the square of their number.
    public static func list(of platforms: [Platform]) -> String {
        var text = ""
        for platform in platforms {
            let description = platform.description
            guard text.utf8.count + description.utf8.count < listByteLimit else {
                return text + (text.isEmpty ? "..." : ",...")
            }
            text += (text.isEmpty ? "" : ",") + description
        }
        return text
    }

    /// Whether an annotation describes only this image, not images built on it.
    static func describesImage(_ key: JSONString) -> Bool {
        let prefixes = [
            "org.opencontainers.image.", "org.label-schema.", "com.docker.official-images.",
        ]
        return prefixes.contains { key.utf8.starts(with: $0.utf8) }
    }
}

extension JSONObject {
    /// An annotation of a descriptor, manifest or index.
    public subscript(annotation key: JSONString) -> String? {
        get { object("annotations").text(key) }
        set {
            var annotations = object("annotations")
            if newValue == nil, annotations[key] == nil { return }
            annotations[key] = newValue.map { JSON.string($0) }
            self["annotations"] = annotations.isEmpty ? nil : .object(annotations)
        }
    }

    /// Sets annotations by the user in one pass; the last value of a key counts.
    public mutating func annotate(_ added: [KeyValue]) {
        guard !added.isEmpty else { return }
        var annotations = object("annotations")
        for annotation in added {
            annotations[JSONString(annotation.key)] = .string(annotation.value)
        }
        self["annotations"] = .object(annotations)
    }
}

extension JSONField {
    /// Checks that `annotations`, if present, is an object of strings.
    func checkAnnotations() throws(JSONError) {
        _ = try member("annotations")?.strings()
    }

    func checkString(_ key: JSONString) throws(JSONError) {
        _ = try member(key)?.string()
    }

    /// Checks that the member `key`, if present, is a time of RFC 3339.
    func checkTime(_ key: JSONString) throws(JSONError) {
        guard let field = try member(key) else { return }
        let text = try field.string()
        do {
            _ = try Timestamp(text)
        } catch {
            throw field.failure(error.problem)
        }
    }
}
