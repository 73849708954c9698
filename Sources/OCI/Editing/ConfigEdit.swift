import JSON

/// Changes to an image's config, in the terms of a Dockerfile.
///
/// They are applied in this order, whatever the order of the options: patches, clearing, unsetting,
/// setting, history. So the most specific change is applied last.
public struct ConfigEdit: Sendable {
    /// Merge patches for the whole config document, applied in order.
    public var patches: [JSONObject] = []
    public var cleared: [ConfigField] = []
    public var entrypoint: CommandForm?
    public var cmd: CommandForm?
    public var unsetEnvironment: [String] = []
    public var environment: [KeyValue] = []
    /// Relative to the directory in the config, like `WORKDIR`.
    public var workingDirectory: String?
    public var user: String?
    public var labels: [KeyValue] = []
    public var exposedPorts: [ExposedPorts] = []
    public var volumes: [VolumePath] = []
    public var stopSignal: StopSignal?
    public var healthcheck: Healthcheck?
    /// The shell that runs commands in shell form.
    public var shell: [String]?
    /// Instructions to add to `OnBuild`.
    public var triggers: [String] = []
    public var platform: Platform?
    public var author: String?
    public var created: Timestamp?
    /// Texts of history entries without a layer.
    public var history: [String] = []
    /// The comment of these entries.
    public var historyComment: String?
    /// The time of the sources: the `created` of a config that another change modifies.
    public var sourceDate: Timestamp?

    public init() {}
}

/// Fields of a config that can be cleared.
public enum ConfigField: String, CaseIterable, Sendable {
    case entrypoint
    case cmd
    case env
    case workdir
    case user
    case labels
    case ports
    case volumes
    case stopSignal = "stop-signal"
    case healthcheck
    case onbuild
    case shell
    case author
    case created

    /// The key inside `config`; nil for a field of the document itself.
    fileprivate var runKey: JSONString? {
        switch self {
        case .entrypoint: "Entrypoint"
        case .cmd: "Cmd"
        case .env: "Env"
        case .workdir: "WorkingDir"
        case .user: "User"
        case .labels: "Labels"
        case .ports: "ExposedPorts"
        case .volumes: "Volumes"
        case .stopSignal: "StopSignal"
        case .healthcheck: "Healthcheck"
        case .onbuild: "OnBuild"
        case .shell: "Shell"
        case .author, .created: nil
        }
    }
}

extension ImageConfig {
    /// Applies the changes. A config that has these values already stays equal.
    ///
    /// - Throws: `EditError` for a patch of the layers, `JSONError` for a patch after which the
    ///   document is not a config.
    public mutating func apply(_ edit: ConfigEdit) throws {
        let original = self
        for patch in edit.patches { try merge(patch) }
        clear(edit.cleared)
        if let platform = edit.platform { setPlatform(platform) }
        if let author = edit.author {
            document.set("author", to: .string(author), order: Self.keyOrder)
        }
        let isWindows = document["os"] == .string("windows")
        editRunConfig { edit.apply(to: &$0, isWindows: isWindows) }
        append(
            emptyHistory: edit.history.map {
                Self.historyEntry(
                    created: edit.stamp, createdBy: $0, comment: edit.historyComment)
            })
        if let created = edit.created {
            setCreated(created)
        } else if let sourceDate = edit.sourceDate, self != original {
            setCreated(sourceDate)
        }
    }

    /// A history entry in the order of the specification.
    public static func historyEntry(
        created: Timestamp?, createdBy: String, comment: String? = nil
    ) -> JSONObject {
        var entry = JSONObject()
        entry["created"] = created.map { .string($0.description) }
        entry["created_by"] = .string(createdBy)
        entry["comment"] = comment.map { .string($0) }
        return entry
    }

    /// Sets the creation time of the image.
    public mutating func setCreated(_ time: Timestamp) {
        document.set("created", to: .string(time.description), order: Self.keyOrder)
    }

    private mutating func merge(_ patch: JSONObject) throws {
        if let rootfs = patch["rootfs"], !JSON.haveSameMeaning(rootfs, document["rootfs"]) {
            throw EditError(
                .root.key("rootfs"), "a patch cannot change it: it names the layers there are")
        }
        let layerCount = layerHistoryCount
        var patched = document
        patched.merge(patch)
        let result = try ImageConfig(JSONField(.object(patched)))
        for key: JSONString in ["os", "architecture"]
        where (patched[key]?.saysNothing ?? true) && !(document[key]?.saysNothing ?? true) {
            throw EditError(.root.key(key), "a patch cannot remove it")
        }
        guard result.history.isEmpty || result.layerHistoryCount == layerCount else {
            throw EditError(
                .root.key("history"),
                "the patch leaves \(result.layerHistoryCount) entries of layers, "
                    + "where \(layerCount) were")
        }
        try PatchedValues(old: document, new: patched).check()
        patched.keepForms(of: document, inside: ["config"])
        self = try ImageConfig(JSONField(.object(patched)))
    }

    private mutating func clear(_ fields: [ConfigField]) {
        for field in fields where field.runKey == nil {
            document[JSONString(field.rawValue)] = nil
        }
        editRunConfig { run in
            for field in fields {
                // For Go, null is the same as a missing field.
                if let key = field.runKey, run[key] != .null { run[key] = nil }
            }
        }
    }

    private mutating func setPlatform(_ platform: Platform) {
        if document["os"] != .string(platform.os) {
            document["os.version"] = nil
            document["os.features"] = nil
        }
        document.set(
            "architecture", to: .string(platform.architecture), order: Self.keyOrder)
        document.set("os", to: .string(platform.os), order: Self.keyOrder)
        if let version = platform.osVersion {
            document.set("os.version", to: .string(version), order: Self.keyOrder)
        }
        document.set(
            "variant", to: platform.variant.map { .string($0) }, order: Self.keyOrder)
    }

    private mutating func editRunConfig(_ edit: (inout JSONObject) -> Void) {
        var run = JSONObject()
        if let present = document["config"]?.object { run = present }
        let original = run
        edit(&run)
        if run != original { document.set("config", to: .object(run), order: Self.keyOrder) }
    }

    /// The keys of the document, in the order of config.md.
    static let keyOrder: [JSONString] = [
        "created", "author", "architecture", "os", "os.version", "os.features", "variant", "config",
        "rootfs", "history",
    ]

    /// The keys of `config`, in the order of config.md.
    static let runKeyOrder: [JSONString] = [
        "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels",
        "StopSignal", "ArgsEscaped", "Memory", "MemorySwap", "CpuShares", "Healthcheck",
    ]
}

extension ConfigEdit {
    /// The time of new history entries.
    fileprivate var stamp: Timestamp? { created ?? sourceDate }

    /// Applies the changes to `config`, the runtime's part.
    fileprivate func apply(to run: inout JSONObject, isWindows: Bool) {
        setCommands(&run, isWindows: isWindows)
        setEnvironment(&run)
        if let workingDirectory {
            let path = isWindows ? .string(workingDirectory) : resolved(workingDirectory, in: run)
            set("WorkingDir", path, in: &run)
        }
        if let user { set("User", .string(user), in: &run) }
        setMembers(
            labels.map { (JSONString($0.key), JSON.string($0.value)) }, of: "Labels", in: &run)
        let ports = exposedPorts.flatMap(\.keys).filter { !isExposed($0, in: run) }
        setMembers(ports.map { ($0, .object(JSONObject())) }, of: "ExposedPorts", in: &run)
        let volumes = self.volumes.map { JSONString($0.path) }.filter {
            !has($0, of: "Volumes", in: run)
        }
        setMembers(volumes.map { ($0, .object(JSONObject())) }, of: "Volumes", in: &run)
        if let stopSignal { set("StopSignal", .string(stopSignal.name), in: &run) }
        if let healthcheck { set("Healthcheck", .object(healthcheck.document), in: &run) }
        if !triggers.isEmpty {
            let present = strings("OnBuild", of: run) ?? []
            run["OnBuild"] = .array((present + triggers).map { .string($0) })
        }
        if let shell { run["Shell"] = .array(shell.map { .string($0) }) }
    }

    private func set(_ key: JSONString, _ value: JSON?, in run: inout JSONObject) {
        run.set(key, to: value, order: ImageConfig.runKeyOrder)
    }

    private func setCommands(_ run: inout JSONObject, isWindows: Bool) {
        let present = strings("Shell", of: run).map { $0.isEmpty ? nil : $0 } ?? nil
        let defaultShell = isWindows ? ["cmd", "/S", "/C"] : ["/bin/sh", "-c"]
        func value(_ command: CommandForm) -> JSON? {
            let words = command.words(shell: shell ?? present ?? defaultShell)
            return words.isEmpty ? nil : .array(words.map { .string($0) })
        }
        if let entrypoint {
            set("Entrypoint", value(entrypoint), in: &run)
            // The old arguments belonged to the old program.
            if cmd == nil { set("Cmd", nil, in: &run) }
        }
        if let cmd { set("Cmd", value(cmd), in: &run) }
    }

    /// Replaces a variable in place and removes later duplicates; a new one is added at the end.
    private func setEnvironment(_ run: inout JSONObject) {
        guard !environment.isEmpty || !unsetEnvironment.isEmpty else { return }
        let present = run["Env"]?.elements ?? []
        let unset = Set(unsetEnvironment.map { Array($0.utf8) })
        // The last assignment of a name counts, at the position of the first one when the name is
        // new.
        var assigned: [[UInt8]: JSON] = [:]
        for assignment in environment {
            assigned[Array(assignment.key.utf8)] =
                .string("\(assignment.key)=\(assignment.value)")
        }
        var placed: Set<[UInt8]> = []
        var values: [JSON] = []
        for variable in present {
            let name = environmentName(variable)
            if unset.contains(name) { continue }
            guard let value = assigned[name] else {
                values.append(variable)
                continue
            }
            if placed.insert(name).inserted { values.append(value) }
        }
        for assignment in environment {
            let name = Array(assignment.key.utf8)
            if let value = assigned[name], placed.insert(name).inserted { values.append(value) }
        }
        if values != present { set("Env", values.isEmpty ? nil : .array(values), in: &run) }
    }

    private func environmentName(_ variable: JSON) -> [UInt8] {
        guard let text = variable.string else { return [] }
        return Array(text.utf8.prefix { $0 != UInt8(ascii: "=") })
    }

    /// The directory as `WORKDIR` sets it: joined to the existing one, and cleaned of `.`, `..` and
    /// redundant slashes.
    private func resolved(_ directory: String, in run: JSONObject) -> JSON {
        var base = ""
        if !directory.hasPrefix("/"), let present = run["WorkingDir"]?.string {
            base = present.text
        }
        var components: [Substring] = []
        for component in "\(base)/\(directory)".split(separator: "/") where component != "." {
            if component == ".." {
                _ = components.popLast()
            } else {
                components.append(component)
            }
        }
        return .string("/" + components.joined(separator: "/"))
    }

    private func setMembers(
        _ members: [(JSONString, JSON)], of key: JSONString, in run: inout JSONObject
    ) {
        guard !members.isEmpty else { return }
        var object = JSONObject()
        if let present = run[key]?.object { object = present }
        for (key, value) in members { object[key] = value }
        set(key, .object(object), in: &run)
    }

    private func has(_ member: JSONString, of key: JSONString, in run: JSONObject) -> Bool {
        guard let object = run[key]?.object else { return false }
        return object[member] != nil
    }

    /// Whether a port is exposed; one without a protocol is a TCP port.
    private func isExposed(_ port: JSONString, in run: JSONObject) -> Bool {
        if has(port, of: "ExposedPorts", in: run) { return true }
        guard port.text.hasSuffix("/tcp") else { return false }
        return has(JSONString(String(port.text.dropLast(4))), of: "ExposedPorts", in: run)
    }

    private func strings(_ key: JSONString, of run: JSONObject) -> [String]? {
        guard let elements = run[key]?.elements else { return nil }
        return elements.compactMap {
            guard case .string(let text) = $0 else { return nil }
            return text.text
        }
    }
}

extension JSONObject {
    /// Restores the form of members in `original` when they have the same meaning.
    ///
    /// - Parameter inner: keys of objects whose members are compared one by one.
    fileprivate mutating func keepForms(of original: JSONObject, inside inner: [JSONString] = []) {
        for member in original.members + members {
            let (old, new) = (original[member.key], self[member.key])
            if inner.contains(member.key), let old = old?.object,
                case .object(var object) = new
            {
                object.keepForms(of: old)
                if new != .object(object) { self[member.key] = .object(object) }
            } else if old != new, JSONObject.haveSameMeaning(old, new, of: member.key) {
                self[member.key] = old
            }
        }
    }

    /// Members of which a key has a meaning, whatever its value is.
    private static let keyed: [JSONString] = ["Labels", "ExposedPorts", "Volumes"]

    private static func haveSameMeaning(_ one: JSON?, _ other: JSON?, of key: JSONString) -> Bool {
        guard keyed.contains(key) else { return JSON.haveSameMeaning(one, other) }
        return [one, other].allSatisfy { value in
            value == nil || value == .null || value?.object?.members.isEmpty ?? false
        }
    }
}
