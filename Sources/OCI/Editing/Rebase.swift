import JSON

/// The change from one base of an image to another.
///
/// The image's own layers, diffIDs and history stay on top of the new base's. Values that the image
/// inherited come from the new base, and values that it changed stay. A comparison with the old
/// base decides that for:
///
/// - each variable of `Env`, and each key of `Labels`, `ExposedPorts`, `Volumes` and the manifest's
///   annotations;
/// - every other field of `config` and of the document, as a whole;
/// - `Cmd` is the image's own when its `Entrypoint` is.
///
/// A field that the image removed stays removed. `created` is always the image's. Null, an empty
/// value and a missing field are equal, and the order of keys makes no difference.
public struct Rebase: Sendable {
    private let old: Base
    private let new: Base

    private struct Base: Sendable {
        let manifest: Manifest
        let config: ImageConfig

        init(_ image: Image) throws {
            manifest = image.manifest
            config = try image.config()
            try config.checkLayers(of: manifest)
        }
    }

    /// - Throws: `EditError` and `JSONError` when one of them is not an image, or their platforms
    ///   differ.
    public init(from oldBase: Image, to newBase: Image) throws {
        old = try Base(oldBase)
        new = try Base(newBase)
        try Rebase.checkPlatforms(old.config, new.config, "the new base")
    }

    /// Moves an image from the old base to the new one.
    ///
    /// - Throws: `EditError` when the image does not begin with the layers of the old base.
    public func apply(to manifest: inout Manifest, config: inout ImageConfig) throws {
        try config.checkLayers(of: manifest)
        try Rebase.checkPlatforms(config, old.config, "the old base")
        let count = old.config.diffIDs.count
        for index in 0..<count
        where index >= config.diffIDs.count || config.diffIDs[index] != old.config.diffIDs[index] {
            throw EditError(
                JSONPath.root.key("config").key("data").key("rootfs").key("diff_ids").index(index),
                "the image does not stand on the old base")
        }
        config = try rebased(config)
        rebase(&manifest, keepingLayersFrom: count)
    }

    private static func checkPlatforms(
        _ one: ImageConfig, _ other: ImageConfig, _ name: String
    ) throws {
        let (one, other) = (try one.platform(), try other.platform())
        guard one.os == other.os, one.architecture == other.architecture else {
            throw EditError(
                .root.key("config").key("data").key("architecture"),
                "\(name) is of \(other), not \(one)")
        }
    }

    private func rebase(_ manifest: inout Manifest, keepingLayersFrom count: Int) {
        let types = [manifest.mediaType, new.manifest.mediaType]
        manifest.setLayers(new.manifest.layers + manifest.layers[count...])
        // Most readers refuse a manifest with types of both families.
        if types.contains(.manifest) { manifest.convertToOCI() }
        let annotations = merge(
            manifest.annotations, old: old.manifest.annotations, new: new.manifest.annotations,
            except: Annotation.ofLines + [Annotation.baseName, Annotation.baseDigest])
        manifest.setAnnotations(annotations)
    }

    private func rebased(_ config: ImageConfig) throws -> ImageConfig {
        let diffIDs = new.config.diffIDs + config.diffIDs.dropFirst(old.config.diffIDs.count)
        let history = rebasedHistory(config)
        let parts: [JSONString] = ["created", "config", "rootfs", "history"]
        var document = merge(
            config.document, old: old.config.document, new: new.config.document, except: parts,
            isSame: JSON.haveSameMeaning)
        let run = mergedRunConfig(config.document["config"])
        document.set("config", to: run, order: ImageConfig.keyOrder)
        var result = try ImageConfig(JSONField(.object(document)))
        result.setLayers(diffIDs: diffIDs, history: history)
        return result
    }

    /// The new base's history and the image's own part; empty when neither has a history.
    private func rebasedHistory(_ config: ImageConfig) -> [JSONObject] {
        if config.history.isEmpty && new.config.history.isEmpty { return [] }
        let own = ownHistory(config)
        return new.config.fullHistory + own
    }

    /// The entries after those of the old base.
    private func ownHistory(_ config: ImageConfig) -> [JSONObject] {
        let full = config.fullHistory
        let base = old.config.fullHistory
        if full.starts(
            with: base, by: { JSON.haveSameMeaning(.object($0), .object($1)) })
        {
            return Array(full.dropFirst(base.count))
        }
        // The history was rewritten: the entries of the base end with that of its last layer.
        var layers = 0
        let end = full.firstIndex { entry in
            if !entry.isEmptyLayer { layers += 1 }
            return layers > old.config.diffIDs.count
        }
        return Array(full[(end ?? full.endIndex)...])
    }

    private func mergedRunConfig(_ run: JSON?) -> JSON? {
        let mine = run.objectOrEmpty
        let before = old.config.document["config"].objectOrEmpty
        let after = new.config.document["config"].objectOrEmpty
        var parts: [JSONString] = ["Env", "Labels", "ExposedPorts", "Volumes"]
        if !JSON.haveSameMeaning(mine["Entrypoint"], before["Entrypoint"]) { parts.append("Cmd") }
        var result = merge(
            mine, old: before, new: after, except: parts, isSame: JSON.haveSameMeaning)
        let environment = merge(
            mine["Env"].variables, old: before["Env"].variables, new: after["Env"].variables)
        result.set(
            "Env", to: environment.isEmpty ? nil : .array(environment.members.map(\.value)),
            order: ImageConfig.runKeyOrder)
        for key: JSONString in ["Labels", "ExposedPorts", "Volumes"] {
            let merged = merge(
                mine[key].objectOrEmpty, old: before[key].objectOrEmpty,
                new: after[key].objectOrEmpty)
            result.set(
                key, to: merged.isEmpty ? nil : .object(merged), order: ImageConfig.runKeyOrder)
        }
        return result.isEmpty ? nil : .object(result)
    }
}

/// Merges members: values of the new base, but those of the image that differ from the old base.
///
/// - Parameters:
///   - except: keys whose values stay the image's.
///   - isSame: whether two values of a key are the same; in a map of names, an empty value counts
///     as a value.
private func merge(
    _ mine: JSONObject, old: JSONObject, new: JSONObject, except: [JSONString] = [],
    isSame: (JSON?, JSON?) -> Bool = { $0 == $1 }
) -> JSONObject {
    func isMine(_ key: JSONString) -> Bool {
        except.contains(key) || !isSame(mine[key], old[key])
    }
    var result = new
    for member in new.members where isMine(member.key) { result[member.key] = mine[member.key] }
    for member in mine.members where new[member.key] == nil && isMine(member.key) {
        result[member.key] = member.value
    }
    return result
}

extension JSON? {
    /// The object; an empty one for other values and null.
    fileprivate var objectOrEmpty: JSONObject { self?.object ?? JSONObject() }

    /// An environment as an object from each name to the whole `NAME=VALUE`; as in runtimes, the
    /// last value of a name counts.
    fileprivate var variables: JSONObject {
        guard let elements = self?.elements else { return JSONObject() }
        var object = JSONObject()
        for element in elements {
            guard let text = element.string else { continue }
            let name = text.utf8.prefix { $0 != UInt8(ascii: "=") }
            object[JSONString(utf8: Array(name))] = element
        }
        return object
    }
}
