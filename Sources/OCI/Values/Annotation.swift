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
    /// `1/2`: which of several image lines this one is. Never pushed.
    public static let position: JSONString = "ocinoco.position"
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
