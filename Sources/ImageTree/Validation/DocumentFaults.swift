import Hashing
import JSON
import OCI

/// Faults in the fields of documents that can be read all the same.
///
/// - Spec: image-spec v1.1.1: descriptor.md, manifest.md, config.md, annotations.md and
///   image-index.md.
struct DocumentFaults {
    private(set) var faults: [ImageFault] = []
    private let subject: String

    /// - Parameter subject: the digest or name of the document.
    init(of subject: String) {
        self.subject = subject
    }

    private mutating func add(_ path: String, _ problem: String) {
        faults.append(ImageFault(subject, path, problem))
    }

    // MARK: Manifests and indexes

    /// Checks the manifest's own fields and its descriptors.
    ///
    /// - Parameter diffIDs: those of the config; nil when it could not be read.
    mutating func check(_ manifest: Manifest, diffIDs: [Digest]?) {
        checkAnnotations(manifest.annotations)
        if manifest.mediaType == .manifest, manifest.config.mediaType == .empty,
            manifest.document.text("artifactType")?.isEmpty ?? true
        {
            add("artifactType", "missing, but the config is empty")
        }
        check(manifest.config, at: "config")
        if let subject = manifest.subject { check(subject, at: "subject") }
        for (index, layer) in manifest.layers.enumerated() {
            let path = "layers[\(index)]"
            check(layer, at: path)
            guard let diffIDs, index < diffIDs.count else { continue }
            check(layer, is: diffIDs[index], at: path)
        }
    }

    mutating func check(_ index: Index) {
        checkAnnotations(index.document.object("annotations"))
        if let subject = index.subject { check(subject, at: "subject") }
    }

    /// Checks an entry of an index.
    mutating func check(entry: Descriptor, at path: String) {
        check(entry, at: path)
        guard let platform = entry.platform else { return }
        for (key, value) in [("architecture", platform.architecture), ("os", platform.os)]
        where value.isEmpty {
            add("\(path).platform.\(key)", "missing")
        }
    }

    /// Checks that embedded data is the content.
    private mutating func check(_ descriptor: Descriptor, at path: String) {
        let bytes: [UInt8]
        do throws(JSONError) {
            guard let data = try descriptor.embeddedData() else { return }
            bytes = data
        } catch {
            return add("\(path).data", "not base64")
        }
        if Int64(bytes.count) != descriptor.size {
            add("\(path).data", "\(bytes.count) bytes, but its size is \(descriptor.size)")
        } else if Digest.of(bytes, algorithm: descriptor.digest.algorithm) != descriptor.digest {
            add("\(path).data", "its digest is not \(descriptor.digest)")
        }
    }

    /// Checks the diffID that other programs have written on a layer.
    private mutating func check(_ layer: Descriptor, is diffID: Digest, at path: String) {
        guard let text = layer[annotation: Annotation.uncompressed] else { return }
        let stated = Digest(text)
        if stated?.algorithm == diffID.algorithm || stated == nil, stated != diffID {
            add(
                "\(path).annotations",
                "\(Annotation.uncompressed.text) is \(text), but the diffID is \(diffID)")
        }
    }

    private mutating func checkAnnotations(_ annotations: JSONObject) {
        guard let created = annotations.text(Annotation.created) else { return }
        do throws(ValueError) {
            _ = try Timestamp(created)
        } catch {
            add("annotations", "\(Annotation.created.text): \(error.problem)")
        }
    }

    // MARK: Configs

    /// Checks what a program that runs the image needs.
    mutating func check(_ config: ImageConfig, of manifest: Manifest) {
        for key: JSONString in ["architecture", "os"]
        where config.document.text(key)?.isEmpty ?? true {
            add(key.text, "missing")
        }
        if config.document.object("rootfs").nonemptyText("type") == nil {
            add("rootfs.type", "missing")
        }
        let count = config.layerHistoryCount
        // A config may have no history at all.
        if !config.history.isEmpty, count < manifest.layers.count {
            add("history", "\(count) entries of layers for \(manifest.layers.count) layers")
        }
        for error in config.valueErrors() {
            guard let fault = ImageFault(subject, error) else { continue }
            faults.append(fault)
        }
    }
}
