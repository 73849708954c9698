import JSON

extension Descriptor {
    /// Whether an entry of an index says that it is no image: an attestation, or another artifact.
    public var isNoImage: Bool {
        if platform?.isUnknown ?? false || document[annotation: Annotation.referenceType] != nil {
            return true
        }
        guard let type = document["artifactType"]?.text, !type.isEmpty else { return false }
        return !(MediaType(parsing: type)?.isImageConfig ?? false)
    }

    /// Names of an entry of `index.json`, from its two annotations.
    fileprivate var names: [String?] {
        [Annotation.refName, Annotation.containerdName].map { self[annotation: $0] }
    }
}

extension Index {
    /// The index that entries of a layout's `index.json` stand for when they are one image, an entry
    /// for each platform; nil when they are not.
    ///
    /// Such entries have the same name, or none, and different platforms.
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

    /// As `init(platformsAmong:)`, for entries that must all have the same names.
    public init?(platformsOf entries: [Descriptor]) {
        guard Set(entries.map(\.names)).count == 1 else { return nil }
        self.init(platformsAmong: entries)
    }
}

extension Descriptor {
    /// The descriptor without what an `index.json` calls it.
    public var withoutNames: Descriptor {
        var copy = self
        copy[annotation: Annotation.refName] = nil
        copy[annotation: Annotation.containerdName] = nil
        return copy
    }
}
