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
        try field.checkTime("created")
        try field.checkString("author")
        let rootfs = try field.required("rootfs")
        let type = try rootfs.required("type")
        guard try type.string() == "layers" else { throw type.failure("not 'layers'") }
        var diffIDs: [Digest] = []
        // Docker leaves the list out when it is empty.
        for diffID in try rootfs.member("diff_ids")?.elements() ?? [] {
            diffIDs.append(try Digest(diffID))
        }
        self.diffIDs = diffIDs
        var history: [JSONObject] = []
        for entry in try field.member("history")?.elements() ?? [] {
            history.append(try ImageConfig.historyEntry(entry))
        }
        self.history = history
        if let config = try field.member("config") { try ImageConfig.check(config) }
    }

    private static func historyEntry(_ entry: JSONField) throws(JSONError) -> JSONObject {
        try entry.checkTime("created")
        for key: JSONString in ["author", "created_by", "comment"] { try entry.checkString(key) }
        _ = try entry.member("empty_layer")?.bool()
        return try entry.object()
    }

    /// Checks what a runtime reads: image-spec's fields and Docker's.
    private static func check(_ config: JSONField) throws(JSONError) {
        for key: JSONString in ["Entrypoint", "Cmd", "Env", "OnBuild", "Shell"] {
            for element in try config.member(key)?.elements() ?? [] { _ = try element.string() }
        }
        for key: JSONString in ["User", "WorkingDir", "StopSignal"] { try config.checkString(key) }
        _ = try config.member("Labels")?.strings()
        for key: JSONString in ["ExposedPorts", "Volumes"] {
            guard let set = try config.member(key) else { continue }
            for member in try set.object().members where member.value != .null {
                _ = try JSONField(member.value, at: set.path.key(member.key)).object()
            }
        }
        for key: JSONString in ["Memory", "MemorySwap", "CpuShares"] {
            _ = try config.member(key)?.integer()
        }
        _ = try config.member("ArgsEscaped")?.bool()
        if let healthcheck = try config.member("Healthcheck") {
            try Healthcheck.check(healthcheck, asDaemon: false)
        }
    }

    /// - Throws: nothing that `init` would not have thrown.
    public func platform() throws(JSONError) -> Platform {
        try Platform(JSONField(.object(document)))
    }

    /// History entries that stand for a layer.
    public var layerHistoryCount: Int {
        history.count { !$0.isEmptyLayer }
    }

    /// The history with an entry for every layer.
    ///
    /// The spec allows a config to have none at all, or not one for each layer: it is then filled up
    /// with empty entries.
    var fullHistory: [JSONObject] {
        let missing = max(0, diffIDs.count - layerHistoryCount)
        return history + Array(repeating: JSONObject(), count: missing)
    }

    /// Replaces what there is of layers.
    mutating func setLayers(diffIDs: [Digest], history: [JSONObject]) {
        self.diffIDs = diffIDs
        self.history = history
        setRootfs()
        if !history.isEmpty || document["history"] != nil { setHistory() }
    }

    /// Adds layers at the top, the lowest first: the diffID of each and its history entry.
    ///
    /// A history that does not cover the layers below is filled up first: containerd refuses an
    /// image in which the two disagree.
    public mutating func append(layers: [(diffID: Digest, history: JSONObject)]) {
        setLayers(
            diffIDs: diffIDs + layers.map(\.diffID), history: fullHistory + layers.map(\.history))
    }

    /// Adds history entries that stand for no layer.
    public mutating func append(emptyHistory entries: [JSONObject]) {
        guard !entries.isEmpty else { return }
        history =
            fullHistory
            + entries.map { entry in
                var entry = entry
                entry["empty_layer"] = .bool(true)
                return entry
            }
        setHistory()
    }

    private mutating func setHistory() {
        document.set(
            "history", to: .array(history.map { .object($0) }), order: ImageConfig.keyOrder)
    }

    private mutating func setRootfs() {
        var rootfs = document.object("rootfs")
        rootfs["type"] = .string("layers")
        rootfs["diff_ids"] = .array(diffIDs.map { .string($0.description) })
        document.set("rootfs", to: .object(rootfs), order: ImageConfig.keyOrder)
    }

    /// The time the image was made, RFC 3339; nil when it says none.
    public var created: String? {
        get { document.text("created") }
        set {
            document.set(
                "created", to: newValue.map { JSON.string($0) }, order: ImageConfig.keyOrder)
        }
    }

    /// Author of the image; nil when the config has none.
    public var author: String? { document.text("author") }

    public var bytes: [UInt8] { document.serialized() }
}

extension JSONObject {
    /// A history entry that stands for no layer.
    public var isEmptyLayer: Bool { self["empty_layer"] == .bool(true) }
}
