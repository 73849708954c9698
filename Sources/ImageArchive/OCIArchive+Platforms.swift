import Hashing
import JSON
import OCI

extension OCIArchive {
    /// An index without the entries whose manifests are missing from the archive.
    ///
    /// Docker saves the index of an image unchanged, with platforms that it never pulled.
    /// - Returns: the unchanged index when no manifest is missing, or all are.
    func withoutMissing(_ raw: RawManifest) throws -> RawManifest {
        guard raw.mediaType.isIndex else { return raw }
        var index = try parsing("manifest '\(raw.digest)'") { () throws(JSONError) in
            try raw.index()
        }
        let present = index.manifests.filter { entry in
            !(entry.mediaType.isManifest || entry.mediaType.isIndex) || isPresent(entry.digest)
        }
        let missing = index.manifests.count - present.count
        guard missing > 0, present.contains(where: { !$0.isNoImage }) else { return raw }
        warn(
            "\(missing) of \(index.manifests.count) manifests of the index '\(raw.digest)' are not in "
                + "the archive and left out")
        index.setManifests(present)
        return RawManifest(bytes: index.storedBytes, mediaType: raw.mediaType)
    }

    func isPresent(_ digest: Digest) -> Bool {
        contents.document(Array("blobs/\(digest.algorithm.rawValue)/\(digest.encoded)".utf8)) != nil
    }

    /// The part of an image for the requested platforms: a manifest, or an index of several.
    ///
    /// - Parameters:
    ///   - platforms: the requested platforms; empty selects everything.
    ///   - available: receives the existing platforms.
    /// - Returns: nil when one of the platforms is missing.
    func choose(
        _ platforms: [Platform], of raw: RawManifest, available: inout [Platform]
    ) throws -> RawManifest? {
        if platforms.isEmpty { return raw }
        guard raw.mediaType.isIndex else {
            guard let platform = try platform(of: raw) else { return nil }
            available.append(platform)
            return platforms.allSatisfy { platform.satisfies($0) } ? raw : nil
        }
        var index = try parsing("manifest '\(raw.digest)'") { () throws(JSONError) in
            try raw.index()
        }
        var images: [(entry: Descriptor, platform: Platform)] = []
        for entry in index.manifests where entry.mediaType.isManifest && !entry.isNoImage {
            let stated = entry.platform.flatMap { $0.isMissing ? nil : $0 }
            guard let platform = try stated ?? platform(of: manifest(entry)) else { continue }
            images.append((entry, platform))
        }
        available += images.map(\.platform)
        var chosen: [Descriptor] = []
        for wanted in platforms {
            let ranked = images.compactMap { image in
                image.platform.rank(for: wanted).map { (rank: $0, entry: image.entry) }
            }
            guard let best = ranked.min(by: { $0.rank < $1.rank }) else { return nil }
            if !chosen.contains(best.entry) { chosen.append(best.entry) }
        }
        if chosen.count == 1 { return try manifest(chosen[0]) }
        index.setManifests(chosen)
        return RawManifest(bytes: index.storedBytes, mediaType: raw.mediaType)
    }

    /// The platform in the config; nil for an artifact.
    private func platform(of raw: RawManifest) throws -> Platform? {
        let name = "manifest '\(raw.digest)'"
        let manifest = try parsing(name) { () throws(JSONError) in try raw.manifest() }
        guard manifest.config.mediaType.isImageConfig else { return nil }
        let bytes = try contents.requiredDocument(manifest.config, "config of \(name)")
        return try parsing("config of \(name)") { () throws(JSONError) in
            try ImageConfig(JSONField(JSON.parse(bytes))).platform()
        }
    }
}

extension Descriptor {
    /// The name of an entry of an archive's `index.json`.
    var archiveName: ArchivedName? {
        (self[annotation: Annotation.containerdName] ?? self[annotation: Annotation.refName])
            .map { ArchivedName(text: $0) }
    }
}
