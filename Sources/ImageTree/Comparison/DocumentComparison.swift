import Hashing
import JSON
import OCI

/// Compares manifests and configs field by field.
struct DocumentComparison {
    let ignored: Set<ImageAspect>
    private(set) var differences: [ImageDifference] = []

    init(ignoring ignored: Set<ImageAspect>) {
        self.ignored = ignored
    }

    /// Compares everything but the layers.
    ///
    /// - Throws: `JSONError` for a malformed config.
    mutating func compare(_ first: Image, _ second: Image) throws(JSONError) {
        compareManifests(first, second)
        if first.configBytes == second.configBytes { return }
        let isImage = [first, second].allSatisfy { $0.manifest.config.mediaType.isImageConfig }
        do throws(JSONError) {
            var (one, other) = (
                try JSON.parse(first.configBytes), try JSON.parse(second.configBytes)
            )
            DocumentComparison.prepare(&one, ignored, isImage)
            DocumentComparison.prepare(&other, ignored, isImage)
            compare(one, other, at: []) { .config($0) }
        } catch {
            if isImage { throw error }
            // The config of an artifact need not be JSON.
            compare(
                .string(first.manifest.config.digest.description),
                .string(second.manifest.config.digest.description), at: ["config", "digest"]
            ) { .manifest($0) }
        }
    }

    /// Adds a difference when the documents differ in nothing that was compared: order of keys,
    /// white space, or escapes.
    mutating func compareBytes(_ first: Image, _ second: Image) {
        guard ignored.isEmpty else { return }
        if first.configBytes != second.configBytes {
            differences.append(ImageDifference(subject: .config(""), change: .bytes))
        } else if first.manifest.storedBytes != second.manifest.storedBytes
            || DocumentComparison.haveOtherDigests(first, second)
        {
            differences.append(ImageDifference(subject: .manifest(""), change: .bytes))
        }
    }

    /// Whether the manifests are stored with different bytes, as far as the lines tell.
    private static func haveOtherDigests(_ first: Image, _ second: Image) -> Bool {
        let digests = (first.storedDigest, second.storedDigest)
        guard let one = digests.0 ?? digests.1?.of(first.manifest),
            let other = digests.1 ?? digests.0?.of(second.manifest)
        else { return false }
        return one.algorithm == other.algorithm && one != other
    }

    /// Compares every field of the manifests but the layers, and the content of the configs.
    private mutating func compareManifests(_ first: Image, _ second: Image) {
        let hasOtherConfig = first.configBytes != second.configBytes
        func document(_ image: Image) -> (fields: JSON, annotations: JSONObject) {
            var document = image.manifest.storedDocument
            let annotations = document.object("annotations")
            document["annotations"] = nil
            document["layers"] = nil
            if hasOtherConfig, case .object(var config) = document["config"] {
                config["digest"] = nil
                config["size"] = nil
                document["config"] = .object(config)
            }
            return (.object(document), annotations)
        }
        let (one, other) = (document(first), document(second))
        compare(one.fields, other.fields, at: []) { .manifest($0) }
        for key in DocumentComparison.keys(one.annotations, other.annotations)
        where !isIgnored(annotation: key) {
            compare(one.annotations[key], other.annotations[key], [key.text]) { .annotation($0) }
        }
    }

    /// Compares the fields of two descriptors of layers. Of different blobs, only the fields that
    /// do not follow from the bytes are compared.
    mutating func compareLayers(_ first: Descriptor, _ second: Descriptor, at index: Int) {
        func document(_ layer: Descriptor, beside other: Descriptor) -> JSON {
            var document = layer.document
            var annotations = document.object("annotations")
            for member in annotations.members where isIgnored(annotation: member.key) {
                annotations[member.key] = nil
            }
            if layer.digest != other.digest {
                for key: JSONString in ["digest", "size", "data"] { document[key] = nil }
                for key in Annotation.ofLayerBytes { annotations[key] = nil }
                if let compression = layer.mediaType.layerCompression,
                    let second = other.mediaType.layerCompression, compression != second
                {
                    document["mediaType"] = nil
                }
            }
            let isSame = annotations == document.object("annotations")
            if !isSame {
                document["annotations"] = annotations.isEmpty ? nil : .object(annotations)
            }
            return .object(document)
        }
        compare(
            document(first, beside: second), document(second, beside: first),
            at: ["layers[\(index)]"]
        ) { .manifest($0) }
    }

    /// Compares the diffIDs that configs state for the same blob.
    mutating func compareDiffIDs(_ first: Digest, _ second: Digest, at index: Int) {
        compare(
            .string(first.description), .string(second.description),
            at: ["rootfs", "diff_ids[\(index)]"]
        ) { .config($0) }
    }

    mutating func add(_ difference: ImageDifference) { differences.append(difference) }

    private func isIgnored(annotation key: JSONString) -> Bool {
        ignored.contains(.time) && key == Annotation.created
    }

    /// Layers are compared by themselves; variables are compared by name.
    private static func prepare(
        _ document: inout JSON, _ ignored: Set<ImageAspect>, _ isImage: Bool
    ) {
        guard isImage, case .object(var config) = document else { return }
        if case .object(var rootfs) = config["rootfs"] {
            rootfs["diff_ids"] = nil
            config["rootfs"] = .object(rootfs)
        }
        if ignored.contains(.history) { config["history"] = nil }
        if ignored.contains(.time) {
            config["created"] = nil
            if let entries = config["history"]?.elements {
                config["history"] = .array(
                    entries.map { entry in
                        guard case .object(var entry) = entry else { return entry }
                        entry["created"] = nil
                        return .object(entry)
                    })
            }
        }
        if ignored.contains(.order), case .object(var run) = config["config"] {
            if let values = run["Env"]?.elements {
                // Of variables with the same name, the order decides which one a program finds.
                run["Env"] = .array(values.stablySorted { variable($0)?.name.utf8 ?? [] })
                config["config"] = .object(run)
            }
        }
        document = .object(config)
    }

    /// The name of a variable and its value, null without `=`; nil for anything but a string.
    private static func variable(_ value: JSON) -> (name: JSONString, value: JSON)? {
        guard let text = value.string else { return nil }
        let parts = text.utf8.split(
            separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        return (
            JSONString(utf8: Array(parts[0])),
            parts.count == 2 ? .string(JSONString(utf8: Array(parts[1]))) : .null
        )
    }

    private static func keys(_ first: JSONObject, _ second: JSONObject) -> [JSONString] {
        var seen: Set<JSONString> = []
        return (first.members + second.members).map(\.key).filter { seen.insert($0).inserted }
    }

    private mutating func compare(
        _ first: JSON?, _ second: JSON?, _ path: [String],
        _ subject: (String) -> ImageDifference.Subject
    ) {
        // What only one image has is compared with an empty list, so that each member has its line.
        let none = (first ?? second).flatMap { DocumentComparison.emptyList(like: $0, at: path) }
        switch (first ?? none, second ?? none) {
        case (nil, nil): break
        case (let first?, let second?): compare(first, second, at: path, subject)
        case (nil, let second?): add(nil, second, path, subject)
        case (let first?, nil): add(first, nil, path, subject)
        }
    }

    /// An empty list in place of a missing one; nil for fields that are compared as a whole.
    private static func emptyList(like value: JSON, at path: [String]) -> JSON? {
        switch (path.last, value) {
        case ("Labels", .object(let members)) where !members.isEmpty,
            ("config", .object(let members)) where !members.isEmpty:
            .object(JSONObject())
        case ("Env", .array(let elements)) where !elements.isEmpty: .array([])
        case ("history", .array(let elements)) where !elements.isEmpty: .array([])
        default: nil
        }
    }

    private mutating func compare(
        _ first: JSON, _ second: JSON, at path: [String],
        _ subject: (String) -> ImageDifference.Subject
    ) {
        if first == second || DocumentComparison.haveSameValues(first, second) { return }
        switch (first, second) {
        case (.object(let first), .object(let second)):
            for key in DocumentComparison.keys(first, second) {
                compare(first[key], second[key], path + [key.text], subject)
            }
        case (.array(let first), .array(let second)) where path.last == "Env":
            compareVariables(first, second, path, subject)
        case (.array(let first), .array(let second)) where path.last == "history":
            for index in 0..<max(first.count, second.count) {
                compare(
                    index < first.count ? first[index] : nil,
                    index < second.count ? second[index] : nil,
                    path.dropLast() + ["history[\(index)]"], subject)
            }
        default: add(first, second, path, subject)
        }
    }

    /// Whether two values differ only in the order of keys.
    private static func haveSameValues(_ first: JSON, _ second: JSON) -> Bool {
        switch (first, second) {
        case (.object(let first), .object(let second)):
            first.members.count == second.members.count
                && first.members.allSatisfy { member in
                    second[member.key].map { haveSameValues(member.value, $0) } ?? false
                }
        case (.array(let first), .array(let second)):
            first.count == second.count && zip(first, second).allSatisfy(haveSameValues)
        default: first == second
        }
    }

    private mutating func compareVariables(
        _ first: [JSON], _ second: [JSON], _ path: [String],
        _ subject: (String) -> ImageDifference.Subject
    ) {
        guard let one = DocumentComparison.variables(first),
            let other = DocumentComparison.variables(second)
        else { return add(.array(first), .array(second), path, subject) }
        let count = differences.count
        compare(.object(one), .object(other), at: path, subject)
        // The same variables in another order.
        if differences.count == count { add(.array(first), .array(second), path, subject) }
    }

    /// The values of variables by name, an array for several of one name; nil when there is
    /// anything but strings.
    private static func variables(_ values: [JSON]) -> JSONObject? {
        var names: [JSONString] = []
        var all: [JSONString: [JSON]] = [:]
        for value in values {
            guard let (name, value) = variable(value) else { return nil }
            if all[name] == nil { names.append(name) }
            all[name, default: []].append(value)
        }
        var variables = JSONObject()
        for name in names {
            variables[name] = all[name].map { $0.count == 1 ? $0[0] : .array($0) }
        }
        return variables
    }

    private mutating func add(
        _ first: JSON?, _ second: JSON?, _ path: [String],
        _ subject: (String) -> ImageDifference.Subject
    ) {
        differences.append(
            ImageDifference(
                subject: subject(path.joined(separator: ".")),
                change: first == nil ? .added : second == nil ? .removed : .changed,
                first: first, second: second))
    }
}

extension Digest {
    /// The digest of a manifest's stored bytes, of this algorithm.
    fileprivate func of(_ manifest: Manifest) -> Digest {
        .of(manifest.storedBytes, algorithm: algorithm)
    }
}
