import JSON

/// The config of an image: platform, `rootfs`, history and what runs in it.
///
/// The document it was read from is kept; what is not edited is written as it was read.
///
/// - Spec: image-spec v1.1.1, config.md.
public struct ImageConfig: Hashable, Sendable {
    public internal(set) var document: JSONObject
    public private(set) var diffIDs: [Digest]
    public private(set) var history: [JSONObject]

    /// The config of the empty image.
    public init(platform: Platform) {
        document = platform.document
        diffIDs = []
        history = []
        setRootfs()
    }

    /// - Throws: `JSONError.field` with the path of what is missing or wrong.
    public init(_ field: JSONField) throws(JSONError) {
        document = try field.object()
        _ = try Platform(field)
        let rootfs = try field.required("rootfs")
        let type = try rootfs.required("type")
        guard try type.string() == "layers" else { throw type.failure("not 'layers'") }
        var diffIDs: [Digest] = []
        if let field = try rootfs.member("diff_ids") {
            for diffID in try field.elements() { diffIDs.append(try Digest(diffID)) }
        }
        self.diffIDs = diffIDs
        var history: [JSONObject] = []
        if let field = try field.member("history") {
            for entry in try field.elements() {
                _ = try entry.member("empty_layer").map { (field) throws(JSONError) in
                    try field.bool()
                }
                history.append(try entry.object())
            }
        }
        self.history = history
        if let config = try field.member("config") { try ImageConfig.check(config) }
    }

    /// Checks the fields of `config` that are read or edited here.
    private static func check(_ config: JSONField) throws(JSONError) {
        _ = try config.object()
        for key: JSONString in ["Entrypoint", "Cmd", "Env"] {
            guard let field = try config.member(key) else { continue }
            for element in try field.elements() { _ = try element.string() }
        }
        for key: JSONString in ["User", "WorkingDir", "StopSignal"] {
            _ = try config.member(key).map { (field) throws(JSONError) in try field.string() }
        }
        _ = try config.member("Labels").map { (field) throws(JSONError) in try field.strings() }
        for key: JSONString in ["ExposedPorts", "Volumes"] {
            _ = try config.member(key).map { (field) throws(JSONError) in try field.object() }
        }
    }

    /// - Throws: nothing that `init` would not have thrown.
    public func platform() throws(JSONError) -> Platform {
        try Platform(JSONField(.object(document)))
    }

    /// History entries that stand for a layer.
    public var layerHistoryCount: Int {
        history.count { $0["empty_layer"] != .bool(true) }
    }

    /// Adds a layer at the top: its diffID and its history entry.
    ///
    /// A config whose history does not cover its layers (the spec allows none at all) is first
    /// filled up with empty entries: containerd refuses an image in which the two disagree.
    public mutating func append(diffID: Digest, history entry: JSONObject) {
        while layerHistoryCount < diffIDs.count { history.append(JSONObject()) }
        diffIDs.append(diffID)
        history.append(entry)
        setRootfs()
        document.set(
            "history", to: .array(history.map { .object($0) }), after: ["rootfs"])
    }

    /// Adds a history entry that stands for no layer.
    public mutating func append(emptyHistory entry: JSONObject) {
        var entry = entry
        entry["empty_layer"] = .bool(true)
        history.append(entry)
        document.set("history", to: .array(history.map { .object($0) }), after: ["rootfs"])
    }

    private mutating func setRootfs() {
        var rootfs = JSONObject()
        if case .object(let present) = document["rootfs"] { rootfs = present }
        rootfs["type"] = .string("layers")
        rootfs["diff_ids"] = .array(diffIDs.map { .string($0.description) })
        document["rootfs"] = .object(rootfs)
    }

    /// The time the image was made, RFC 3339; nil when it says none.
    public var created: String? {
        get {
            guard case .string(let text) = document["created"] else { return nil }
            return text.text
        }
        set { document["created"] = newValue.map { JSON.string($0) } }
    }

    public var bytes: [UInt8] { document.serialized() }
}
