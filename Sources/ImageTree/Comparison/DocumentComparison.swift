import JSON
import OCI

/// Compares manifests and configs field by field.
struct DocumentComparison {
    let ignored: Set<ImageAspect>
    private(set) var differences: [ImageDifference] = []

    init(ignoring ignored: Set<ImageAspect>) {
        self.ignored = ignored
    }

    /// - Throws: `JSONError` for a malformed config.
    mutating func compare(_ first: Image, _ second: Image) throws(JSONError) {
        compareManifests(first.manifest, second.manifest)
        let count = differences.count
        if first.configBytes != second.configBytes {
            var (one, other) = (
                try JSON.parse(first.configBytes), try JSON.parse(second.configBytes)
            )
            let hasOtherLayers = DocumentComparison.layers(one) != DocumentComparison.layers(other)
            DocumentComparison.prepare(&one, ignored)
            DocumentComparison.prepare(&other, ignored)
            compare(one, other, at: []) { .config($0) }
            if differences.count == count, ignored.isEmpty, !hasOtherLayers {
                differences.append(ImageDifference(subject: .config(""), change: .bytes))
            }
        }
        let bytes = (first.manifest.storedBytes, second.manifest.storedBytes)
        if bytes.0 != bytes.1, differences.isEmpty, ignored.isEmpty,
            first.manifest.layers == second.manifest.layers
        {
            differences.append(ImageDifference(subject: .manifest(""), change: .bytes))
        }
    }

    private mutating func compareManifests(_ first: Manifest, _ second: Manifest) {
        compare(
            .string(first.mediaType.rawValue), .string(second.mediaType.rawValue),
            at: ["mediaType"]
        ) { .manifest($0) }
        compare(
            .string(first.config.mediaType.rawValue), .string(second.config.mediaType.rawValue),
            at: ["config", "mediaType"]
        ) { .manifest($0) }
        compare(first.document["artifactType"], second.document["artifactType"], ["artifactType"]) {
            .manifest($0)
        }
        compare(
            first.subject.map { .object($0.document) },
            second.subject.map { .object($0.document) }, ["subject"]
        ) { .manifest($0) }
        let keys = DocumentComparison.keys(first.annotations, second.annotations)
        for key in keys where !isIgnored(annotation: key) {
            compare(first.annotations[key], second.annotations[key], [key.text]) {
                .annotation($0)
            }
        }
    }

    /// Annotations that only image lines have are ignored.
    private func isIgnored(annotation key: JSONString) -> Bool {
        key.text.hasPrefix("ocinoco.")
            || ignored.contains(.time) && key == "org.opencontainers.image.created"
    }

    private static func layers(_ config: JSON) -> JSON? {
        guard let config = config.object else { return nil }
        return config["rootfs"]
    }

    /// Layers are compared by themselves; variables are compared by name.
    private static func prepare(_ document: inout JSON, _ ignored: Set<ImageAspect>) {
        guard case .object(var config) = document else { return }
        config["rootfs"] = nil
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
            for key: JSONString in ["Env"] {
                guard let values = run[key]?.elements else { continue }
                run[key] = .array(
                    values.sorted { $0.serialized().lexicographicallyPrecedes($1.serialized()) })
            }
            config["config"] = .object(run)
        }
        document = .object(config)
    }

    private static func keys(_ first: JSONObject, _ second: JSONObject) -> [JSONString] {
        var seen: Set<JSONString> = []
        return (first.members + second.members).map(\.key).filter { seen.insert($0).inserted }
    }

    private mutating func compare(
        _ first: JSON?, _ second: JSON?, _ path: [String],
        _ subject: (String) -> ImageDifference.Subject
    ) {
        switch (first, second) {
        case (nil, nil): break
        case (let first?, let second?): compare(first, second, at: path, subject)
        case (nil, let second?): add(nil, second, path, subject)
        case (let first?, nil): add(first, nil, path, subject)
        }
    }

    private mutating func compare(
        _ first: JSON, _ second: JSON, at path: [String],
        _ subject: (String) -> ImageDifference.Subject
    ) {
        if first == second { return }
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

    private mutating func compareVariables(
        _ first: [JSON], _ second: [JSON], _ path: [String],
        _ subject: (String) -> ImageDifference.Subject
    ) {
        func variables(_ values: [JSON]) -> JSONObject {
            var variables = JSONObject()
            for case .string(let text) in values {
                let parts = text.utf8.split(
                    separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                variables[JSONString(utf8: Array(parts[0]))] = .string(
                    JSONString(utf8: parts.count == 2 ? Array(parts[1]) : []))
            }
            return variables
        }
        let count = differences.count
        compare(.object(variables(first)), .object(variables(second)), at: path, subject)
        // The same variables in another order, or with duplicates.
        if differences.count == count { add(.array(first), .array(second), path, subject) }
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
