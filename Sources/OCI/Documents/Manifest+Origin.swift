import JSON

/// Where an image line was fetched from. What is recorded of it counts while it still matches.
extension Manifest {
    /// What the image was fetched as, with the digest of what that name stood for; nil when the line
    /// does not say, as that of `scratch`.
    public var source: Reference? { reference(Annotation.source) }

    /// The base that its annotations name.
    public var base: Reference? { reference(Annotation.baseName) }

    /// Places that may have the image's blobs, the likeliest first.
    ///
    /// A base that only the image's author wrote down is no place to look in once it is known where
    /// the image is from: a request goes there, perhaps with credentials, and bytes come back.
    public var blobSources: [Reference] {
        guard let source else { return [base].compactMap { $0 } }
        let isOurs = self[annotation: Annotation.sourceBase] != nil
        return [source] + (isOurs ? [base].compactMap { $0 } : [])
    }

    /// The digest that the manifest had where it was fetched from, before any change.
    public var recordedDigest: Digest? {
        self[annotation: Annotation.digest].flatMap { Digest($0) }
    }

    /// The entry of an index by which the image was reached; nil when it was reached by none.
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

    /// Makes the platform that the entry states that of the config, which was changed.
    public mutating func forgetEntryPlatform() {
        guard var entry = entry?.document else { return }
        entry["platform"] = nil
        setEntry(entry)
    }

    /// Makes what the image was fetched from its base, once, and drops annotations that describe the
    /// base.
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

    /// Records the base that the image was moved to.
    ///
    /// - Parameter digest: of the base's manifest; nil for `scratch`.
    public mutating func standOn(_ base: Reference, digest: Digest?) {
        if self[annotation: Annotation.sourceBase] == nil {
            self[annotation: Annotation.sourceBase] = formerBase
        }
        self[annotation: Annotation.baseName] = base.baseName
        self[annotation: Annotation.baseDigest] = digest?.description
    }

    /// Takes over the base of the image that this one was made of and replaces.
    ///
    /// An image cannot be its own base: its name will stand for itself.
    ///
    /// - Parameter targets: what the image will be called.
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
    /// What annotations call it as a base: with its tag, or with its digest when it has no tag; nil
    /// for `scratch`.
    public var baseName: String? {
        if case .scratch = self { return nil }
        return (tag == nil ? self : withDigest(nil)).description
    }
}
