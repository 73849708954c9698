import JSON

extension Descriptor {
    /// Whether an index entry is marked as an attestation or another artifact.
    public var isNoImage: Bool {
        if platform?.isUnknown ?? false || document[annotation: Annotation.referenceType] != nil {
            return true
        }
        guard let type = document["artifactType"]?.text, !type.isEmpty else { return false }
        return !(MediaType(parsing: type)?.isImageConfig ?? false)
    }

    /// The names of an entry of `index.json`, in its two annotations.
    fileprivate var names: [String?] {
        [Annotation.refName, Annotation.containerdName].map { self[annotation: $0] }
    }
}

extension Index {
    /// An index over entries of a layout's `index.json` that are one image with an entry for each
    /// platform; nil when they are not.
    ///
    /// Such entries have the same name, or no name, and different platforms.
    public init?(platformsAmong entries: [Descriptor]) {
        var seen: Set<Descriptor> = []
        let entries = entries.map(\.withoutNames).filter { seen.insert($0).inserted }
        let images = entries.filter { !$0.isNoImage }
        var platforms: Set<Platform> = []
        for image in images {
            guard image.mediaType.isManifest, let platform = image.platform, !platform.isMissing,
                platforms.insert(platform.normalized).inserted
            else { return nil }
        }
        guard images.count > 1 else { return nil }
        self.init(manifests: entries)
    }

    /// As `init(platformsAmong:)`, but all entries must have the same names.
    public init?(platformsOf entries: [Descriptor]) {
        guard Set(entries.map(\.names)).count == 1 else { return nil }
        self.init(platformsAmong: entries)
    }
}

extension Descriptor {
    /// The descriptor without its names in `index.json`.
    public var withoutNames: Descriptor {
        var copy = self
        copy[annotation: Annotation.refName] = nil
        copy[annotation: Annotation.containerdName] = nil
        return copy
    }
}
