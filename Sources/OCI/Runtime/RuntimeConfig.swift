import JSON

/// The `config.json` of a bundle: what a runtime needs to know beside a root file system.
///
/// - Spec: image-spec v1.1.1, conversion.md; runtime-spec v1.0.2, config.md and config-linux.md.
public struct RuntimeConfig: Sendable {
    public struct Options: Sendable {
        /// In place of the image's command.
        public var arguments: [String]?
        public var hasTerminal = false
        public var isReadOnly = false
        public var hostname = "ocinoco"
        /// Where the root file system is, relative to the bundle.
        public var rootPath = "rootfs"
        /// Who runs the runtime when that is not the superuser: root in the container.
        public var rootlessOwner: ProcessUser?

        public init() {}
    }

    private let image: ImageConfig
    private let user: ProcessUser
    private let options: Options

    /// - Parameters:
    ///   - image: for Linux.
    ///   - user: who the image's `User` is.
    /// - Throws: `EditError` for an image that no Linux runtime can run.
    public init(
        _ image: ImageConfig, user: ProcessUser, options: Options
    ) throws(EditError) {
        let path = JSONPath.root.key("config").key("data")
        if let os = image.document["os"], os != .string("linux") {
            throw EditError(path.key("os"), "not linux")
        }
        self.image = image
        self.user = user
        self.options = options
        guard !arguments.isEmpty else {
            throw EditError(
                path.key("config"), "neither Entrypoint nor Cmd; say with --args what is to run")
        }
        for volume in volumes where !volume.hasPrefix("/") {
            throw EditError(
                path.key("config").key("Volumes").key(JSONString(volume)), "not an absolute path")
        }
    }

    private var isRootless: Bool { options.rootlessOwner != nil }

    private var arguments: [String] {
        options.arguments ?? image.strings("Entrypoint") + image.strings("Cmd")
    }

    private var volumes: [String] {
        guard case .object(let volumes) = image.runMember("Volumes") else { return [] }
        return volumes.members.map(\.key.text)
    }

    public var document: JSONObject {
        var document = JSONObject()
        document["ociVersion"] = .string("1.0.2")
        document["root"] = object(
            ("path", .string(options.rootPath)), ("readonly", .bool(options.isReadOnly)))
        document["mounts"] = .array(DefaultMounts.mounts(isRootless: isRootless) + volumeMounts)
        document["process"] = process
        document["hostname"] = .string(options.hostname)
        document["linux"] = linux
        let annotations = self.annotations
        if !annotations.isEmpty { document["annotations"] = .object(annotations) }
        return document
    }

    private var process: JSON {
        var members: [(JSONString, JSON)] = [
            ("terminal", .bool(options.hasTerminal)), ("user", userValue),
            ("args", strings(arguments)), ("env", strings(environment)),
            ("cwd", .string(workingDirectory)), ("capabilities", capabilities),
        ]
        members.append(
            (
                "rlimits",
                .array([
                    object(
                        ("type", .string("RLIMIT_NOFILE")), ("hard", .integer(1024)),
                        ("soft", .integer(1024)))
                ])
            ))
        members.append(("noNewPrivileges", .bool(true)))
        return object(members)
    }

    private var userValue: JSON {
        var members: [(JSONString, JSON)] = [
            ("uid", .integer(user.uid)), ("gid", .integer(user.gid)),
        ]
        if !user.additionalGIDs.isEmpty {
            members.append(("additionalGids", .array(user.additionalGIDs.map { .integer($0) })))
        }
        return object(members)
    }

    private var environment: [String] {
        var environment = image.strings("Env")
        func has(_ name: String) -> Bool {
            environment.contains { $0.utf8.starts(with: "\(name)=".utf8) }
        }
        if !has("PATH") {
            environment.insert(
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", at: 0)
        }
        if options.hasTerminal, !has("TERM") { environment.append("TERM=xterm") }
        return environment
    }

    private var workingDirectory: String {
        guard case .string(let text) = image.runMember("WorkingDir"), !text.utf8.isEmpty else {
            return "/"
        }
        return text.text.hasPrefix("/") ? text.text : "/" + text.text
    }

    /// What programs of images expect of root; others get it when they become root.
    private var capabilities: JSON {
        let names = strings(
            [
                "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP",
                "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
            ].map { "CAP_\($0)" })
        if user.uid != 0 { return object(("bounding", names)) }
        return object(("bounding", names), ("effective", names), ("permitted", names))
    }

    /// A directory in memory for each volume, with what the image has there.
    private var volumeMounts: [JSON] {
        // A volume in another is mounted after it.
        volumes.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map {
            mount($0, "tmpfs", "tmpfs", ["nosuid", "nodev", "tmpcopyup"])
        }
    }

    private var linux: JSON {
        var members: [(JSONString, JSON)] = []
        var namespaces = ["pid", "network", "ipc", "uts", "mount"]
        if let owner = options.rootlessOwner {
            // A network of its own could reach nothing, since nobody may connect it to another.
            namespaces = ["pid", "ipc", "uts", "mount", "user"]
            members.append(("uidMappings", mapping(owner.uid)))
            members.append(("gidMappings", mapping(owner.gid)))
        } else {
            let deny = object(("allow", .bool(false)), ("access", .string("rwm")))
            members.append(("resources", object(("devices", .array([deny])))))
        }
        members.append(
            ("namespaces", .array(namespaces.map { object(("type", .string($0))) })))
        members.append(("maskedPaths", strings(DefaultMounts.maskedPaths)))
        members.append(("readonlyPaths", strings(DefaultMounts.readonlyPaths)))
        return object(members)
    }

    private func mapping(_ hostID: UInt32) -> JSON {
        .array([
            object(
                ("containerID", .integer(0)), ("hostID", .integer(hostID)), ("size", .integer(1)))
        ])
    }

    /// The image's labels, and what else it says of itself where no label says it.
    private var annotations: JSONObject {
        var annotations = JSONObject()
        func imply(_ key: String, _ value: JSON?) {
            guard case .string(let text) = value, !text.utf8.isEmpty else { return }
            annotations[JSONString("org.opencontainers.image.\(key)")] = .string(text)
        }
        for key in ["os", "architecture", "variant", "os.version", "author", "created"] {
            imply(key, image.document[JSONString(key)])
        }
        if case .array(let features) = image.document["os.features"] {
            imply("os.features", .string(features.compactMap(\.stringText).joined(separator: ",")))
        }
        imply("stopSignal", image.runMember("StopSignal"))
        if case .object(let ports) = image.runMember("ExposedPorts") {
            let names = ports.members.map(\.key.text).sorted {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }
            imply("exposedPorts", .string(names.joined(separator: ",")))
        }
        if case .object(let labels) = image.runMember("Labels") {
            for label in labels.members { annotations[label.key] = label.value }
        }
        return annotations
    }
}

extension ImageConfig {
    /// Who the image's program runs as, as the config has it.
    public var user: String {
        guard case .string(let user) = runMember("User") else { return "" }
        return user.text
    }

    fileprivate func runMember(_ key: JSONString) -> JSON? {
        guard case .object(let run) = document["config"] else { return nil }
        return run[key]
    }

    fileprivate func strings(_ key: JSONString) -> [String] {
        guard case .array(let elements) = runMember(key) else { return [] }
        return elements.compactMap(\.stringText)
    }
}

extension JSON {
    fileprivate var stringText: String? {
        guard case .string(let text) = self else { return nil }
        return text.text
    }
}

/// What every container has mounted, and what of it is hidden.
private enum DefaultMounts {
    static func mounts(isRootless: Bool) -> [JSON] {
        // A user who is alone in their name space has no group `tty`.
        let terminals = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
        var mounts = [
            mount("/proc", "proc", "proc", []),
            mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            mount("/dev/pts", "devpts", "devpts", terminals + (isRootless ? [] : ["gid=5"])),
            mount(
                "/dev/shm", "tmpfs", "shm",
                ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
            mount("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
        ]
        if isRootless {
            // sysfs belongs to the network, which is the host's.
            mounts.append(
                mount("/sys", "none", "/sys", ["rbind", "nosuid", "noexec", "nodev", "ro"]))
        } else {
            mounts.append(mount("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"]))
            mounts.append(
                mount(
                    "/sys/fs/cgroup", "cgroup", "cgroup",
                    ["nosuid", "noexec", "nodev", "relatime", "ro"]))
        }
        return mounts
    }

    static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
        "/sys/firmware",
    ]

    static let readonlyPaths = [
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    ]
}

private func mount(
    _ destination: String, _ type: String, _ source: String, _ options: [String]
) -> JSON {
    var members: [(JSONString, JSON)] = [
        ("destination", .string(destination)), ("type", .string(type)),
        ("source", .string(source)),
    ]
    if !options.isEmpty { members.append(("options", strings(options))) }
    return object(members)
}

private func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }

private func object(_ members: (JSONString, JSON)...) -> JSON { object(members) }

private func object(_ members: [(JSONString, JSON)]) -> JSON {
    var object = JSONObject()
    for (key, value) in members { object[key] = value }
    return .object(object)
}
