import JSON

/// The `config.json` of a bundle, which a runtime needs in addition to a root file system.
///
/// - Spec: image-spec v1.1.1, conversion.md; runtime-spec v1.0.2, config.md and config-linux.md.
public struct RuntimeConfig: Sendable {
    /// What the image's config does not say, or what replaces it.
    public struct Options: Sendable {
        /// Arguments instead of the image's command.
        public var arguments: [String]?
        public var hasTerminal = false
        public var isReadOnly = false
        public var hostname = "ocinoco"
        /// Path of the root file system, relative to the bundle.
        public var rootPath = "rootfs"
        /// The unprivileged user who runs the runtime, and is root in the container.
        public var rootlessOwner: ProcessUser?
        /// Owner and mode of volume directories in the image, by path.
        public var volumeAttributes: [String: DirectoryAttributes] = [:]
        /// Whether volumes become directories in memory; otherwise they are ordinary directories.
        public var mountsVolumes = true
        /// Whether the program uses the network of the host.
        public var sharesNetwork = false
        /// Whether it has a network namespace without connections, even in a rootless container.
        public var isolatesNetwork = false
        /// Whether the program changes the image, as RUN of a Dockerfile does: set-user-ID programs
        /// may gain privileges, root may make devices and use raw sockets, and the limits are those
        /// of the caller.
        public var isStep = false
        /// Variables in place of the image's, as `NAME=value`.
        public var environment: [String] = []
        /// In order, after the mounts of every container.
        public var mounts: [Mount] = []

        public init() {}
    }

    /// A path of the host, or a directory in memory, mounted at a path of the container.
    public struct Mount: Sendable {
        /// Relative to the bundle; nil for a directory in memory.
        public let source: String?
        public let target: String
        /// Options of mount(8).
        public let options: [String]

        public init(source: String?, target: String, options: [String]) {
            self.source = source
            self.target = target
            self.options = options
        }
    }

    /// Owner and mode of a directory.
    public struct DirectoryAttributes: Sendable {
        public let uid: UInt32
        public let gid: UInt32
        /// Permission bits, as chmod(2) has them.
        public let mode: UInt32

        public init(uid: UInt32, gid: UInt32, mode: UInt32) {
            self.uid = uid
            self.gid = gid
            self.mode = mode
        }
    }

    private let image: ImageConfig
    private let user: ProcessUser
    private let options: Options

    /// - Parameters:
    ///   - image: for Linux.
    ///   - user: the resolved `User` of the image.
    /// - Throws: `EditError` for an image that no Linux runtime can run.
    public init(
        _ image: ImageConfig, user: ProcessUser, options: Options
    ) throws(EditError) {
        self.image = image
        self.user = user
        self.options = options
        try image.checkRuns(arguments: arguments, mountsVolumes: options.mountsVolumes)
    }

    private var isRootless: Bool { options.rootlessOwner != nil }

    private var arguments: [String] {
        options.arguments ?? image.strings("Entrypoint") + image.strings("Cmd")
    }

    public var document: JSONObject {
        var document = JSONObject()
        document["ociVersion"] = .string("1.0.2")
        document["root"] = object(
            ("path", .string(options.rootPath)), ("readonly", .bool(options.isReadOnly)))
        document["mounts"] = .array(
            DefaultMounts.mounts(isRootless: isRootless, sharesNetwork: options.sharesNetwork)
                + volumeMounts + givenMounts)
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
        if !options.isStep {
            let limit = object(
                ("type", .string("RLIMIT_NOFILE")), ("hard", .integer(1024)),
                ("soft", .integer(1024)))
            members.append(("rlimits", .array([limit])))
        }
        members.append(("noNewPrivileges", .bool(!options.isStep)))
        return object(members)
    }

    private var userValue: JSON {
        var members: [(JSONString, JSON)] = [
            ("uid", .integer(user.uid)), ("gid", .integer(user.gid)),
        ]
        // The kernel refuses to set groups in a user namespace with one group.
        if !user.additionalGIDs.isEmpty, !isRootless {
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
            environment.insert("PATH=\(RunConfig.defaultPath)", at: 0)
        }
        if options.hasTerminal, !has("TERM") { environment.append("TERM=xterm") }
        for variable in options.environment {
            let name = variable.utf8.prefix { $0 != UInt8(ascii: "=") }
            environment.removeAll { $0.utf8.starts(with: Array(name) + [UInt8(ascii: "=")]) }
            environment.append(variable)
        }
        return environment
    }

    private var workingDirectory: String {
        guard let text = image.runDocument.nonemptyText("WorkingDir") else { return "/" }
        return text.hasPrefix("/") ? text : "/" + text
    }

    /// Capabilities that programs in images expect for root. Other users get them when they become
    /// root.
    private var capabilityNames: [String] {
        let names = [
            "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP",
            "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
        ]
        return options.isStep ? names + ["MKNOD", "NET_RAW"] : names
    }

    private var capabilities: JSON {
        let names = strings(capabilityNames.map { "CAP_\($0)" })
        if user.uid != 0 { return object(("bounding", names)) }
        return object(("bounding", names), ("effective", names), ("permitted", names))
    }

    /// A directory in memory for each volume, with the contents and owner in the image.
    private var volumeMounts: [JSON] {
        if !options.mountsVolumes { return [] }
        // A volume in another must be mounted after it.
        return image.volumes.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map {
            var mountOptions = ["nosuid", "nodev", "tmpcopyup"]
            if let attributes = options.volumeAttributes[$0] {
                mountOptions.append("mode=\(String(attributes.mode & 0o7777, radix: 8))")
                // All files of a rootless container belong to the one user, who is root in it.
                if !isRootless {
                    mountOptions += ["uid=\(attributes.uid)", "gid=\(attributes.gid)"]
                }
            }
            return mount($0, "tmpfs", "tmpfs", mountOptions)
        }
    }

    private var givenMounts: [JSON] {
        options.mounts.map { given in
            guard let source = given.source else {
                return mount(given.target, "tmpfs", "tmpfs", given.options)
            }
            return mount(given.target, "bind", source, ["rbind"] + given.options)
        }
    }

    private var linux: JSON {
        var members: [(JSONString, JSON)] = []
        var namespaces = ["pid", "network", "ipc", "uts", "mount"]
        if options.sharesNetwork { namespaces.removeAll { $0 == "network" } }
        if let owner = options.rootlessOwner {
            // A network namespace of a rootless container cannot be connected, so it gets one only
            // on request.
            if !options.isolatesNetwork { namespaces.removeAll { $0 == "network" } }
            namespaces.append("user")
            members.append(("uidMappings", mapping(owner.uid)))
            members.append(("gidMappings", mapping(owner.gid)))
        } else {
            members.append(("resources", object(("devices", .array(deviceRules)))))
        }
        members.append(
            ("namespaces", .array(namespaces.map { object(("type", .string($0))) })))
        let profile = SeccompProfile(
            capabilities: Set(capabilityNames),
            architecture: image.document.text("architecture"))
        members.append(("seccomp", .object(profile.document)))
        members.append(("maskedPaths", strings(DefaultMounts.maskedPaths)))
        members.append(("readonlyPaths", strings(DefaultMounts.readonlyPaths)))
        return object(members)
    }

    /// No device may be used but those that a runtime makes. A step may make others.
    private var deviceRules: [JSON] {
        let deny = object(("allow", .bool(false)), ("access", .string("rwm")))
        let make = ["c", "b"].map {
            object(("allow", .bool(true)), ("type", .string($0)), ("access", .string("m")))
        }
        return options.isStep ? [deny] + make : [deny]
    }

    private func mapping(_ hostID: UInt32) -> JSON {
        .array([
            object(
                ("containerID", .integer(0)), ("hostID", .integer(hostID)), ("size", .integer(1)))
        ])
    }

    /// The image's labels, and other fields of the config that no label sets.
    private var annotations: JSONObject {
        var annotations = JSONObject()
        func imply(_ key: String, _ text: String?) {
            guard let text, !text.isEmpty else { return }
            annotations[JSONString("org.opencontainers.image.\(key)")] = .string(text)
        }
        for key in ["os", "architecture", "variant", "os.version", "author", "created"] {
            imply(key, image.document.text(JSONString(key)))
        }
        imply("os.features", image.document["os.features"]?.texts.joined(separator: ","))
        imply("stopSignal", image.runDocument.text("StopSignal"))
        let ports = image.runDocument.object("ExposedPorts").members.map(\.key.text).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        imply("exposedPorts", ports.joined(separator: ","))
        for label in image.runDocument.object("Labels").members {
            annotations[label.key] = label.value
        }
        return annotations
    }
}

extension ImageConfig {
    /// The user of the image's program, as in the config.
    public var user: String { runDocument.text("User") ?? "" }

    /// The directories of volumes, in the order of the config.
    public var volumes: [String] { runDocument.object("Volumes").members.map(\.key.text) }

    var runDocument: JSONObject { document.object("config") }

    func strings(_ key: JSONString) -> [String] { runDocument[key]?.texts ?? [] }
}

/// Mounts of every container, and the paths in them that are hidden.
private enum DefaultMounts {
    static func mounts(isRootless: Bool, sharesNetwork: Bool) -> [JSON] {
        // A user namespace with one user has no group `tty`.
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
            // sysfs belongs to the network namespace, which is the host's.
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

    /// Files with information about the machine, or by which programs can observe others. Runtimes
    /// ignore missing files.
    static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
        "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
        "/proc/timer_stats", "/sys/dev/block", "/sys/devices/virtual/powercap", "/sys/firmware",
        "/sys/fs/selinux",
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
