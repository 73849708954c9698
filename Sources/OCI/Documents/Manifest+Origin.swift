import JSON

/// The origin of an image line. A recorded origin is used as long as it still matches the image.
extension Manifest {
    /// The reference that the image was fetched by, with its digest then; nil when it is not
    /// recorded, as for `scratch`.
    public var source: Reference? { reference(Annotation.source) }

    /// The base in its annotations.
    public var base: Reference? { reference(Annotation.baseName) }

    /// Places that may have the image's blobs, the most likely first.
    ///
    /// When the source is known, a base that only the image's author wrote is not used: a request
    /// would go there, possibly with credentials.
    public var blobSources: [Reference] {
        guard let source else { return [base].compactMap { $0 } }
        let isOurs = self[annotation: Annotation.sourceBase] != nil
        return [source] + (isOurs ? [base].compactMap { $0 } : [])
    }

    /// The digest of the stored manifest, before any change.
    public var recordedDigest: Digest? {
        self[annotation: Annotation.digest].flatMap { Digest($0) }
    }

    /// The index entry through which the image was fetched; nil without an index.
    public var entry: Descriptor? {
        guard let text = self[annotation: Annotation.entry] else { return nil }
        do {
            let entry = try Descriptor(JSONField(JSON.parse(Array(text.utf8))))
            return entry.digest == recordedDigest ? entry : nil
        } catch {
            // Another program wrote it.
            return nil
        }
    }

    /// Removes the platform of the recorded entry, after that of the config was changed.
    public mutating func forgetEntryPlatform() {
        guard var entry = entry?.document else { return }
        entry["platform"] = nil
        setEntry(entry)
    }

    /// Makes the source of the image its base, once, and drops annotations that describe the base.
    ///
    /// - Spec: image-spec v1.1.1, annotations.md, `base.name` and `base.digest`.
    package mutating func standOnSource(keepsAnnotations: Bool) {
        guard let source, let digest = recordedDigest,
            self[annotation: Annotation.sourceBase] == nil
        else { return }
        let former = formerBase
        if !keepsAnnotations {
            removeDescriptions()
            if var entry = entry?.document {
                entry.removeDescriptions()
                setEntry(entry)
            }
        }
        self[annotation: Annotation.baseName] = source.baseName
        self[annotation: Annotation.baseDigest] = digest.description
        self[annotation: Annotation.sourceBase] = former
    }

    /// The recorded base, `NAME@DIGEST`; empty when there is none.
    private var formerBase: String {
        (self[annotation: Annotation.baseName] ?? "")
            + (self[annotation: Annotation.baseDigest].map { "@\($0)" } ?? "")
    }

    /// Records the new base of a rebased image.
    ///
    /// - Parameter digest: the digest of the base's manifest; nil for `scratch`.
    public mutating func standOn(_ base: Reference, digest: Digest?) {
        if self[annotation: Annotation.sourceBase] == nil {
            self[annotation: Annotation.sourceBase] = formerBase
        }
        self[annotation: Annotation.baseName] = base.baseName
        self[annotation: Annotation.baseDigest] = digest?.description
    }

    /// Keeps the base of the source when this image replaces its source.
    ///
    /// An image cannot be its own base: the name of the source will be its own name.
    ///
    /// - Parameter targets: the names that the image will get.
    public mutating func keepTrueBase(at targets: [Reference]) {
        guard let former = self[annotation: Annotation.sourceBase], let base,
            targets.contains(where: { $0.withDigest(nil) == base.withDigest(nil) })
        else { return }
        let at = former.lastIndex(of: "@")
        let digest = at.map { String(former[former.index(after: $0)...]) }
        let name = at.map { String(former[..<$0]) } ?? former
        self[annotation: Annotation.baseName] = name.isEmpty ? nil : name
        self[annotation: Annotation.baseDigest] = digest.flatMap { Digest($0) }?.description
    }

    private mutating func removeDescriptions() {
        var annotations = annotations
        for member in annotations.members where Annotation.describesImage(member.key) {
            annotations[member.key] = nil
        }
        setAnnotations(annotations)
    }

    private mutating func setEntry(_ entry: JSONObject) {
        self[annotation: Annotation.entry] = String(decoding: entry.serialized(), as: UTF8.self)
    }

    private func reference(_ key: JSONString) -> Reference? {
        guard let text = self[annotation: key] else { return nil }
        do throws(ReferenceError) {
            return try Reference(text)
        } catch {
            // Another program wrote it.
            return nil
        }
    }
}

extension JSONObject {
    fileprivate mutating func removeDescriptions() {
        guard let annotations = self["annotations"]?.object else { return }
        for member in annotations.members where Annotation.describesImage(member.key) {
            self[annotation: member.key] = nil
        }
    }
}

extension Reference {
    /// Its name in the annotation of a base: with its tag, or with its digest when it has no tag;
    /// nil for `scratch`.
    public var baseName: String? {
        if case .scratch = self { return nil }
        return (tag == nil ? self : withDigest(nil)).description
    }
}
