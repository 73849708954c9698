import Hashing
import JSON
import OCI
import ToolSupport

/// One image as text: facts, then a table of its history and layers.
struct ImageReport {
    private let image: Image
    private let bases: [Image]?
    private let style: ReportStyle
    private let config: ImageConfig?
    private var facts: [(name: String, values: [String])] = []
    private var table: [String] = []

    /// - Parameter reference: the name of the image; nil means the recorded name, if the image was
    ///   not changed since it was fetched.
    init(
        _ image: Image, reference: String? = nil, bases: [Image]?, style: ReportStyle
    ) throws(JSONError) {
        self.image = image
        self.bases = bases
        self.style = style
        if image.manifest.config.mediaType.isImageConfig {
            config = try ImageReport.config(of: image)
        } else {
            config = nil
        }
        addManifestFacts(reference: reference)
        if let config {
            try addConfigFacts(config)
            table = historyTable(config)
        } else {
            table = blobTable()
        }
    }

    private static func config(of image: Image) throws(JSONError) -> ImageConfig {
        do throws(JSONError) {
            return try ImageConfig(JSONField(JSON.parse(image.configBytes)))
        } catch {
            throw error.inside(.root.key("config").key("data"))
        }
    }

    /// The lines, each with its newline.
    var text: String {
        let width = (facts.map(\.name.count).max() ?? 0) + 2
        var lines: [String] = []
        for fact in facts {
            for (index, value) in fact.values.enumerated() {
                let name = index == 0 ? fact.name : ""
                let padding = String(repeating: " ", count: width - name.count)
                lines.append(style.bold(name) + padding + Printable.exact(value))
            }
        }
        if let header = table.first {
            lines += ["", style.bold(header)] + table.dropFirst()
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private mutating func add(_ name: String, _ values: [String]) {
        let values = values.filter { !$0.isEmpty }
        if !values.isEmpty { facts.append((name, values)) }
    }

    private mutating func addManifestFacts(reference: String?) {
        let manifest = image.manifest
        let source = manifest.source
        let stored = image.storedDigest
        add("Reference", [reference ?? (stored == nil ? nil : source?.baseName) ?? ""])
        add("Digest", [(stored ?? Digest.of(manifest.storedBytes)).description])
        if let index = source?.digest, manifest.entry != nil, stored != nil {
            add("Index", [index.description])
        }
        if stored == nil { add("Made of", [source?.description ?? ""]) }
        let base = manifest[annotation: Annotation.baseName] ?? ""
        let baseDigest = manifest[annotation: Annotation.baseDigest].map { "@\($0)" } ?? ""
        add("Base", [base + baseDigest])
        add("Manifest", [manifest.mediaType == .dockerManifest ? "Docker v2 schema 2" : "OCI"])
        if config == nil {
            add("Artifact type", [manifest.artifactType])
            add("Config type", [manifest.config.mediaType.description])
        }
        if let subject = manifest.subject {
            add("Subject", ["\(subject.digest) (\(subject.mediaType))"])
        }
        let hidden = Annotation.ofLines + [Annotation.baseName, Annotation.baseDigest]
        add(
            "Annotations",
            manifest.annotations.members.filter { !hidden.contains($0.key) }.map { member in
                "\(member.key.text)=\(member.value.text ?? "")"
            })
    }

    private mutating func addConfigFacts(_ config: ImageConfig) throws(JSONError) {
        let run = try config.runConfig()
        try addPlatforms(config.platform())
        add("Created", [config.created ?? ""])
        add("Author", [config.author ?? ""])
        add("Entrypoint", [words(run.entrypoint)])
        add("Cmd", [words(run.cmd)])
        add("Environment", run.environment)
        add("Directory", [run.workingDirectory])
        add("User", [run.user])
        add("Ports", [run.exposedPorts.joined(separator: ", ")])
        add("Volumes", run.volumes)
        add("Labels", run.labels.map { "\($0.key)=\($0.value)" })
        add("Stop signal", [run.stopSignal])
        add("Healthcheck", [words(run.healthcheck)])
        add("Layers", [layerSummary])
    }

    /// Adds the platform in the index entry, and the platform in the config when that differs.
    private mutating func addPlatforms(_ own: Platform) {
        let entry = image.manifest.entry?.platform.flatMap { $0.isMissing ? nil : $0 }
        let shown = entry ?? own
        var (stated, configured) = (shown.normalized, own.normalized)
        // An entry and a config may state the version or not.
        if shown.osVersion == nil || own.osVersion == nil {
            (stated.osVersion, configured.osVersion) = (nil, nil)
        }
        let difference =
            stated.description == configured.description ? "" : " (its config says \(own))"
        add("Platform", ["\(shown)\(difference)"])
        let all = manifest(Annotation.platforms).split(separator: ",").map { String($0) }
        add("Available", [all.joined(separator: ", ")])
    }

    private func manifest(_ key: JSONString) -> String { image.manifest[annotation: key] ?? "" }

    /// Words as a JSON array, which shows their boundaries; empty for none.
    private func words(_ words: [String]) -> String {
        if words.isEmpty { return "" }
        let array = JSON.array(words.map { .string($0) })
        return String(decoding: array.serialized(), as: UTF8.self)
    }

    private var layerSummary: String {
        let layers = image.manifest.layers
        return "\(layers.count), \(humanReadable(layers.byteCount))"
    }

    private func historyTable(_ config: ImageConfig) -> [String] {
        let layers = image.manifest.layers
        let baseCount = baseLayerCount(config)
        var table = TextTable([.right, .right, .left, .left, .left, .left])
        table.append(["#", "SIZE", "TYPE", "DIGEST", baseCount == nil ? "" : "FROM", "CREATED BY"])
        var next = 0
        func addLayer(_ command: String) {
            let layer = layers[next]
            let origin = baseCount.map { next < $0 ? "base" : "own" } ?? ""
            next += 1
            table.append([
                String(next), humanReadable(layer.size), compression(layer), digest(layer), origin,
                command,
            ])
        }
        for entry in config.history {
            let command = ImageReport.command(entry)
            if !entry.isEmptyLayer, next < layers.count {
                addLayer(command)
            } else {
                table.append(["", "", "", "", "", command])
            }
        }
        while next < layers.count { addLayer("") }
        return layers.isEmpty && config.history.isEmpty ? [] : table.lines(width: style.tableWidth)
    }

    private func blobTable() -> [String] {
        var table = TextTable([.right, .right, .left, .left])
        table.append(["#", "SIZE", "DIGEST", "TYPE"])
        for (index, blob) in image.manifest.layers.enumerated() {
            table.append([
                String(index + 1), humanReadable(blob.size), digest(blob),
                Printable.line(blob.mediaType.description),
            ])
        }
        return image.manifest.layers.isEmpty ? [] : table.lines(width: style.tableWidth)
    }

    private func compression(_ layer: Descriptor) -> String {
        switch layer.mediaType.layerCompression {
        case LayerCompression.none?: "tar"
        case .gzip: "gzip"
        case .zstd: "zstd"
        case nil: "other"
        }
    }

    private func digest(_ descriptor: Descriptor) -> String {
        style.isFull ? descriptor.digest.description : String(descriptor.digest.encoded.prefix(12))
    }

    private static func command(_ entry: JSONObject) -> String {
        guard let text = (entry["created_by"] ?? entry["comment"])?.string else { return "" }
        return Printable.line(text.text)
    }

    /// The number of layers of the base; nil when it is unknown.
    private func baseLayerCount(_ config: ImageConfig) -> Int? {
        for base in bases ?? [] {
            let layers = base.manifest.layers.map(\.digest)
            guard image.manifest.layers.map(\.digest).starts(with: layers) else { continue }
            return layers.count
        }
        return nil
    }
}
