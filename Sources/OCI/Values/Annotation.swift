import JSON

/// Annotation keys that this toolkit reads or writes.
///
/// - Spec: image-spec v1.1.1, annotations.md.
public enum Annotation {
    public static let created: JSONString = "org.opencontainers.image.created"
    public static let refName: JSONString = "org.opencontainers.image.ref.name"
    public static let baseName: JSONString = "org.opencontainers.image.base.name"
    public static let baseDigest: JSONString = "org.opencontainers.image.base.digest"
    /// An image's whole name, on its entry in an archive's index; the key containerd and Docker use.
    public static let containerdName: JSONString = "io.containerd.image.name"
    /// The diffID of a layer, on its descriptor; the key containerd and BuildKit use.
    public static let uncompressed: JSONString = "containerd.io/uncompressed"
    /// The digest of a zstd:chunked layer's table of contents as it is stored.
    public static let chunkedTableDigest: JSONString =
        "io.github.containers.zstd-chunked.manifest-checksum"
    /// `offset:bytes:uncompressed bytes:1`: where the table is in the layer.
    public static let chunkedTablePosition: JSONString =
        "io.github.containers.zstd-chunked.manifest-position"
    /// `offset:bytes:uncompressed bytes`: where its tar-split is.
    public static let chunkedTarSplitPosition: JSONString =
        "io.github.containers.zstd-chunked.tarsplit-position"
    /// What says of a layer that it is zstd:chunked; of another compression of it, it is false.
    static let chunked = [chunkedTableDigest, chunkedTablePosition, chunkedTarSplitPosition]
    /// On the entry of an index: whether layers of the image are compressed by zstd; the key of
    /// containers/image.
    public static let zstdCompression: JSONString = "io.github.containers.compression.zstd"
    /// BuildKit's mark of an entry that is no image, such as `attestation-manifest`.
    static let referenceType: JSONString = "vnd.docker.reference.type"

    /// `1/2`: which of several image lines this one is. Never pushed.
    public static let position: JSONString = "ocinoco.position"
    /// What an image line was fetched from: its name, with the digest of what the name stood for.
    public static let source: JSONString = "ocinoco.source"
    /// The digest of the manifest as it is stored.
    public static let digest: JSONString = "ocinoco.digest"
    /// The digest of the stored manifest without white space, where that is another.
    package static let compact: JSONString = "ocinoco.compact"
    /// The entry of an index by which the image was reached, as JSON.
    public static let entry: JSONString = "ocinoco.entry"
    /// The platforms of that index, with commas.
    public static let platforms: JSONString = "ocinoco.platforms"
    /// The base of the source, `NAME@DIGEST` or nothing, once the source itself is the base.
    public static let sourceBase: JSONString = "ocinoco.base"

    /// Annotations of image lines, which are never pushed.
    package static let ofLines = [
        position, source, digest, compact, entry, platforms, sourceBase,
    ]

    /// What describes one image and no other that is made of it.
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

    /// Sets annotations that a user gave, the last of a key last; all of them in one pass.
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
    /// Checks that `annotations`, when there, is an object of strings.
    func checkAnnotations() throws(JSONError) {
        _ = try member("annotations")?.strings()
    }

    func checkString(_ key: JSONString) throws(JSONError) {
        _ = try member(key)?.string()
    }

    /// Checks that the member `key`, when there, is a time of RFC 3339.
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
