import JSON
import Testing

@testable import OCI

@Suite struct UserDatabaseTests {
    private static let passwd = """
        root:x:0:0:root:/root:/bin/sh
        broken
        half:x:7
        app:x:1000:1001::/home/app:/bin/sh
        123:x:5:6::/:/bin/sh
        4294967296:x:0:0::/:/bin/sh
        other:x:1000:9::/:/bin/sh
        """
    private static let group = """
        root:x:0:
        tty:x:5:app,root
        none
        video:x:44:root,app
        video2:x:44:app
        app:x:1001:app
        44:x:0:
        4294967296:x:0:
        """
    private let database = UserDatabase(
        passwd: Array(Self.passwd.utf8), group: Array(Self.group.utf8))

    @Test(arguments: [
        ("", 0, 0, [0, 5, 44]), ("root", 0, 0, [0, 5, 44]), ("0", 0, 0, [0, 5, 44]),
        ("app", 1000, 1001, [1001, 5, 44]), ("1000", 1000, 1001, [1001, 5, 44]),
        ("app:tty", 1000, 5, [5]), ("app:77", 1000, 77, [77]), ("4711", 4711, 0, [0]),
        ("4711:video", 4711, 44, [44]), ("app:", 1000, 1001, [1001, 5, 44]), (":tty", 0, 5, [5]),
        // Numbers are never looked up as names.
        ("123", 123, 0, [0]), ("app:44", 1000, 44, [44]), ("5", 5, 6, [6]),
        ("4294967294", 4_294_967_294, 0, [0]),
    ])
    func users(text: String, uid: UInt32, gid: UInt32, groups: [UInt32]) throws {
        let user = try database.resolve(text)
        #expect(user == ProcessUser(uid: uid, gid: gid, additionalGIDs: groups))
    }

    @Test(arguments: [
        "nobody", "half", "broken", "app:nobody", "-1", "4294967295", "4294967296", "app:-1", "+5",
        "app:4294967295", "app:4294967296", "99999999999999999999",
    ])
    func strangers(text: String) {
        #expect(throws: ValueError.self) { try database.resolve(text) }
    }
}

@Suite struct RuntimeConfigTests {
    private func config(_ run: String, os: String = "linux") throws -> ImageConfig {
        let text = """
            {"architecture":"arm64","os":"\(os)","variant":"v8","author":"me",\
            "config":\(run),"rootfs":{"type":"layers","diff_ids":[]}}
            """
        return try ImageConfig(JSONField(JSON.parse(Array(text.utf8))))
    }

    private func document(
        _ run: String, user: ProcessUser = ProcessUser(uid: 0, gid: 0),
        _ edit: (inout RuntimeConfig.Options) -> Void = { _ in }
    ) throws -> JSONField {
        var options = RuntimeConfig.Options()
        edit(&options)
        return JSONField(
            .object(try RuntimeConfig(config(run), user: user, options: options).document))
    }

    private func text(_ field: JSONField?) -> String {
        field.map { String(decoding: $0.value.serialized(), as: UTF8.self) } ?? "nil"
    }

    @Test func theProgramIsTheImages() throws {
        let process = try document(
            #"{"Entrypoint":["/a"],"Cmd":["b","c"],"Env":["X=1","PATH=/bin"],"WorkingDir":"w"}"#
        ).required("process")
        #expect(text(try process.member("args")) == #"["/a","b","c"]"#)
        #expect(text(try process.member("env")) == #"["X=1","PATH=/bin"]"#)
        #expect(text(try process.member("cwd")) == #""/w""#)
        let other = try document(#"{"Cmd":["b"]}"#) {
            $0.arguments = ["x"]
            $0.hasTerminal = true
        }.required("process")
        #expect(text(try other.member("args")) == #"["x"]"#)
        #expect(text(try other.member("cwd")) == #""/""#)
        #expect(text(try other.member("env")).contains("PATH=/usr/local/sbin:"))
        #expect(text(try other.member("env")).hasSuffix(#","TERM=xterm"]"#))
    }

    @Test func onlyRootHasCapabilitiesAtOnce() throws {
        func capabilities(_ uid: UInt32) throws -> [String] {
            try document(#"{"Cmd":["a"]}"#, user: ProcessUser(uid: uid, gid: 0))
                .required("process").required("capabilities").object().members.map(\.key.text)
        }
        #expect(try capabilities(0) == ["bounding", "effective", "permitted"])
        #expect(try capabilities(1) == ["bounding"])
    }

    @Test func stepsMayMakeDevicesAndHaveTheLimitsOfTheCaller() throws {
        for isStep in [false, true] {
            let whole = try document(#"{"Cmd":["a"]}"#) { $0.isStep = isStep }
            let devices = text(try whole.required("linux").required("resources").member("devices"))
            let make = #",{"allow":true,"type":"c","access":"m"},"#
            #expect(devices.contains(make) == isStep)
            #expect(devices.hasPrefix(#"[{"allow":false,"access":"rwm"}"#))
            let process = try whole.required("process")
            let bounding = text(try process.required("capabilities").member("bounding"))
            #expect(bounding.contains(#""CAP_MKNOD","CAP_NET_RAW""#) == isStep)
            #expect(text(try process.member("noNewPrivileges")) == "\(!isStep)")
            let hasLimits = try process.object().members.contains { $0.key.text == "rlimits" }
            #expect(hasLimits == !isStep)
        }
    }

    /// Labels take precedence over other fields of the config.
    @Test func annotations() throws {
        let document = try document(
            """
            {"Cmd":["a"],"StopSignal":"SIGINT","ExposedPorts":{"80/tcp":{},"53/udp":{}},\
            "Labels":{"k":"v","org.opencontainers.image.author":"you"}}
            """)
        #expect(
            text(try document.member("annotations")) == """
                {"org.opencontainers.image.os":"linux",\
                "org.opencontainers.image.architecture":"arm64",\
                "org.opencontainers.image.variant":"v8","org.opencontainers.image.author":"you",\
                "org.opencontainers.image.stopSignal":"SIGINT",\
                "org.opencontainers.image.exposedPorts":"53/udp,80/tcp","k":"v"}
                """)
    }

    @Test func volumesInVolumesComeLater() throws {
        let document = try document(#"{"Cmd":["a"],"Volumes":{"/a/b":{},"/a":{}}}"#)
        let destinations = try document.required("mounts").elements().map {
            try $0.required("destination").string()
        }
        #expect(destinations.suffix(2) == ["/a", "/a/b"])
        #expect(throws: EditError.self) {
            _ = try self.document(#"{"Cmd":["a"],"Volumes":{"a":{}}}"#)
        }
    }

    @Test func volumesAreTheirUsers() throws {
        func options(_ edit: @escaping (inout RuntimeConfig.Options) -> Void) throws -> String? {
            let document = try document(#"{"Cmd":["a"],"Volumes":{"/a":{}}}"#) {
                $0.volumeAttributes["/a"] = .init(uid: 7, gid: 8, mode: 0o1750)
                edit(&$0)
            }
            return text(try document.required("mounts").elements().last?.required("options"))
        }
        let shared = #"["nosuid","nodev","tmpcopyup","mode=1750""#
        #expect(try options { _ in } == shared + #","uid=7","gid=8"]"#)
        #expect(try options { $0.rootlessOwner = ProcessUser(uid: 7, gid: 8) } == shared + "]")
    }

    /// The primary group is one of the additional groups, except where the kernel sets none.
    @Test func groups() throws {
        let user = ProcessUser(uid: 7, gid: 8, additionalGIDs: [8, 9])
        let own = try document(#"{"Cmd":["a"]}"#, user: user).required("process")
        #expect(text(try own.member("user")) == #"{"uid":7,"gid":8,"additionalGids":[8,9]}"#)
        let rootless = try document(#"{"Cmd":["a"]}"#, user: user) {
            $0.rootlessOwner = ProcessUser(uid: 1, gid: 1)
        }.required("process")
        #expect(text(try rootless.member("user")) == #"{"uid":7,"gid":8}"#)
    }

    @Test func systemCallsAreFiltered() throws {
        let seccomp = try document(#"{"Cmd":["a"]}"#).required("linux").required("seccomp")
        #expect(try seccomp.required("defaultAction").string() == "SCMP_ACT_ERRNO")
        #expect(try seccomp.required("defaultErrnoRet").integer() == 38)
        #expect(
            text(try seccomp.member("architectures")) == #"["SCMP_ARCH_AARCH64","SCMP_ARCH_ARM"]"#)
        var outcomes: [String: Set<String>] = [:]
        for rule in try seccomp.required("syscalls").elements() {
            let action = try rule.required("action").string()
            let errno = try rule.member("errnoRet")?.integer()
            let condition = try rule.member("args") == nil ? "" : " sometimes"
            for name in try rule.required("names").elements() {
                outcomes[try name.string(), default: []].insert(
                    (errno.map { "\($0)" } ?? action) + condition)
            }
        }
        for name in ["read", "openat2", "execve", "chroot", "ptrace", "futex_waitv", "mseal"] {
            #expect(outcomes[name] == ["SCMP_ACT_ALLOW"], "\(name)")
        }
        for name in [
            "mount", "unshare", "setns", "bpf", "keyctl", "kexec_load", "init_module", "reboot",
            "open_by_handle_at", "io_uring_setup", "userfaultfd", "perf_event_open", "syslog",
        ] {
            #expect(outcomes[name] == ["1"], "\(name)")
        }
        #expect(outcomes["clone3"] == ["38"])
        #expect(outcomes["clone"] == ["SCMP_ACT_ALLOW sometimes"])
        #expect(outcomes["personality"] == ["SCMP_ACT_ALLOW sometimes"])
        #expect(outcomes["socket"] == ["SCMP_ACT_ALLOW sometimes", "22 sometimes"])
        #expect(outcomes.values.allSatisfy { $0.count == 1 || $0.count == 2 })
    }

    @Test func noSystemCallIsInTwoLists() {
        let names =
            SystemCalls.allowed + SystemCalls.refused
            + SystemCalls.byCapability.flatMap(\.calls) + [
                "clone", "clone3", "socket", "personality",
            ]
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.utf8.allSatisfy { $0 == 0x5F || $0 >= 0x30 } })
    }

    @Test func withoutTheSuperuser() throws {
        let linux = try document(#"{"Cmd":["a"]}"#) {
            $0.rootlessOwner = ProcessUser(uid: 1000, gid: 100)
        }.required("linux")
        #expect(
            text(try linux.member("uidMappings"))
                == #"[{"containerID":0,"hostID":1000,"size":1}]"#)
        #expect(
            text(try linux.member("gidMappings"))
                == #"[{"containerID":0,"hostID":100,"size":1}]"#)
        #expect(try linux.member("resources") == nil)
        #expect(!text(try linux.member("namespaces")).contains("network"))
        let isolated = try document(#"{"Cmd":["a"]}"#) {
            $0.rootlessOwner = ProcessUser(uid: 1000, gid: 100)
            $0.isolatesNetwork = true
        }.required("linux")
        #expect(text(try isolated.member("namespaces")).contains("network"))
    }

    @Test func whatCannotRunIsRefused() throws {
        #expect(throws: EditError.self) { _ = try document("{}") }
        #expect(throws: EditError.self) {
            _ = try RuntimeConfig(
                config(#"{"Cmd":["a"]}"#, os: "windows"), user: ProcessUser(uid: 0, gid: 0),
                options: RuntimeConfig.Options())
        }
    }
}

/// What is known about an image before its files are unpacked.
@Suite struct RunCheckTests {
    @Test func everyUnusableValueIsFound() throws {
        let run = #"""
            {"Env":["A=","B","=x","C\u0000=1"],"WorkingDir":"relative","User":"a:b:c",
             "Cmd":["a\u0000","b","c\u0000"],"ExposedPorts":{"80/tcp":{},"0x50":{}},
             "Volumes":{"/":{},"/data":{},"data":{}},"StopSignal":"TERMINATE"}
            """#
        #expect(
            try config(image(run)).valueErrors().map(\.text) == [
                "config.data.config.Cmd[0]: has a zero byte",
                "config.data.config.Cmd[2]: has a zero byte",
                "config.data.config.Env[3]: has a zero byte",
                "config.data.config.Env[1]: not NAME=VALUE: 'B'",
                "config.data.config.Env[2]: not NAME=VALUE: '=x'",
                "config.data.config.User: not USER[:GROUP]",
                "config.data.config.WorkingDir: not an absolute path: 'relative'",
                "config.data.config.ExposedPorts.0x50: "
                    + "not PORT[-LAST][/PROTO] with ports up to 65535",
                #"config.data.config.Volumes["/"]: the root directory cannot be a volume"#,
                "config.data.config.Volumes.data: not an absolute path",
                "config.data.config.StopSignal: "
                    + "not a signal: it should be like SIGTERM, SIGRTMIN+3 or 15",
            ])
        let usable = #"""
            {"Env":["A=","B=c=d"],"WorkingDir":"/","User":"1000:0","ExposedPorts":{"80":{},"53/udp":{}},
             "Volumes":{"/data":null},"StopSignal":"SIGRTMIN+3"}
            """#
        #expect(try config(image(usable)).valueErrors().isEmpty)
        #expect(try config(image("null")).valueErrors().isEmpty)
    }

    private func problem(_ document: String, arguments: [String]? = nil) throws -> String? {
        var options = RuntimeConfig.Options()
        options.arguments = arguments
        let image = try config(document)
        do throws(EditError) {
            try image.checkRuns(options)
            return nil
        } catch {
            return error.text
        }
    }

    private func image(_ run: String) -> String {
        #"{"architecture":"amd64","os":"linux","config":\#(run),"rootfs":{"type":"layers","diff_ids":[]}}"#
    }

    @Test(arguments: [
        #"{"Cmd":["sh"]}"#, #"{"Entrypoint":["sh"],"User":"name:group"}"#,
        #"{"Cmd":["sh"],"Env":["A=","B=c=d"],"WorkingDir":"relative","Volumes":{"/v":{}}}"#,
        #"{"Cmd":["sh"],"User":"1000:4294967294","Env":null,"Volumes":null}"#,
    ])
    func whatCouldRun(_ run: String) throws { #expect(try problem(image(run)) == nil) }

    @Test(arguments: [
        (#"{}"#, "config: neither Entrypoint nor Cmd; say with --args what is to run"),
        (#"{"Cmd":["a","b\u0000"]}"#, "config.Cmd[1]: has a zero byte"),
        (#"{"Cmd":["a"],"Env":["A=1","B"]}"#, "config.Env[1]: not NAME=VALUE: 'B'"),
        (#"{"Cmd":["a"],"Env":["=1"]}"#, "config.Env[0]: not NAME=VALUE: '=1'"),
        (#"{"Cmd":["a"],"WorkingDir":"/\u0000"}"#, "config.WorkingDir: has a zero byte"),
        (#"{"Cmd":["a"],"User":"0:0:0"}"#, "config.User: not USER[:GROUP]"),
        (#"{"Cmd":["a"],"User":"a\nb"}"#, "config.User: not USER[:GROUP]"),
        (#"{"Cmd":["a"],"Volumes":{"v":{}}}"#, "config.Volumes.v: not an absolute path"),
        (
            #"{"Cmd":["a"],"User":"4294967295"}"#,
            "config.User: a number that no user or group can have"
        ),
        (
            #"{"Cmd":["a"],"User":"0:99999999999"}"#,
            "config.User: a number that no user or group can have"
        ),
    ])
    func whatCouldNot(_ run: String, _ expected: String) throws {
        #expect(try problem(image(run)) == "config.data." + expected)
    }

    @Test(arguments: [
        (#""os":"windows","architecture":"amd64""#, ".os: not linux"),
        (#""architecture":"amd64""#, ".os: missing"),
        (#""os":"","architecture":"""#, ": an image without a platform"),
        (#""author":"me""#, ": an image without a platform"),
    ])
    func platforms(_ members: String, _ expected: String) throws {
        let document = #"{\#(members),"rootfs":{"type":"layers","diff_ids":[]}}"#
        #expect(try problem(document, arguments: ["sh"]) == "config.data" + expected)
    }
}
