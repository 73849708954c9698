import JSON

/// The config of an image: platform, `rootfs`, history and run parameters.
///
/// Keeps the document it was read from; fields that are not edited are written unchanged.
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

    /// - Throws: `JSONError.field` with the path of a missing or wrong field.
    public init(_ field: JSONField) throws(JSONError) {
        document = try field.object()
        _ = try Platform(field)
        try field.checkTime("created")
        try field.checkString("author")
        let rootfs = try field.required("rootfs")
        // Docker, containerd and podman read a config without it.
        if let type = try rootfs.member("type"), !["", "layers"].contains(try type.string()) {
            throw type.failure("not 'layers'")
        }
        var diffIDs: [Digest] = []
        // Docker omits an empty list.
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

    /// Checks the fields that a runtime reads: image-spec's and Docker's.
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

    /// - Throws: never for a config that `init` accepted.
    public func platform() throws(JSONError) -> Platform {
        try Platform(JSONField(.object(document)))
    }

    /// The number of history entries with a layer.
    public var layerHistoryCount: Int {
        history.count { !$0.isEmptyLayer }
    }

    /// The history with an entry for every layer.
    ///
    /// The spec allows a config without history, or with too few entries: missing entries are added
    /// as empty ones.
    var fullHistory: [JSONObject] {
        let missing = max(0, diffIDs.count - layerHistoryCount)
        return history + Array(repeating: JSONObject(), count: missing)
    }

    /// Replaces diffIDs and history.
    mutating func setLayers(diffIDs: [Digest], history: [JSONObject]) {
        self.diffIDs = diffIDs
        self.history = history
        setRootfs()
        if !history.isEmpty || document["history"] != nil { setHistory() }
    }

    /// Adds layers on top, the lowest first: the diffID and the history entry of each.
    ///
    /// Missing history entries of the layers below are added first, because containerd refuses an
    /// image in which the numbers differ.
    public mutating func append(layers: [(diffID: Digest, history: JSONObject)]) {
        setLayers(
            diffIDs: diffIDs + layers.map(\.diffID), history: fullHistory + layers.map(\.history))
    }

    /// Adds history entries without a layer.
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

    /// The creation time, as RFC 3339; nil without one.
    public var created: String? {
        get { document.text("created") }
        set {
            document.set(
                "created", to: newValue.map { JSON.string($0) }, order: ImageConfig.keyOrder)
        }
    }

    /// The author of the image; nil without one.
    public var author: String? { document.text("author") }

    public var bytes: [UInt8] { document.serialized() }
}

extension JSONObject {
    /// Whether it is a history entry without a layer.
    public var isEmptyLayer: Bool { self["empty_layer"] == .bool(true) }
}
