import JSON
import Testing

@testable import OCI

/// The value of `config` after `edit`.
private func edited(_ run: String, _ change: (inout ConfigEdit) throws -> Void) throws -> String {
    var value = try config(run: run)
    var edit = ConfigEdit()
    try change(&edit)
    try value.apply(edit)
    guard case .object(let object) = value.document["config"] else { return "none" }
    // The result must be readable again.
    _ = try ImageConfig(JSONField(.object(value.document)))
    return text(object)
}

private func document(_ change: (inout ConfigEdit) throws -> Void) throws -> String {
    var value = try config(run: #"{"Cmd":["sh"]}"#)
    var edit = ConfigEdit()
    try change(&edit)
    try value.apply(edit)
    return text(value.document)
}

@Suite struct ConfigEditTests {
    @Test func aNewEntrypointClearsAnInheritedCmd() throws {
        let base = #"{"Entrypoint":["/a"],"Cmd":["b"]}"#
        #expect(
            try edited(base) { $0.entrypoint = try CommandForm(#"["/x","y"]"#) }
                == #"{"Entrypoint":["/x","y"]}"#)
        #expect(
            try edited(base) {
                $0.entrypoint = try CommandForm(#"["/x"]"#)
                $0.cmd = try CommandForm(#"["z"]"#)
            } == #"{"Entrypoint":["/x"],"Cmd":["z"]}"#)
        #expect(try edited(base) { $0.cmd = try CommandForm("[]") } == #"{"Entrypoint":["/a"]}"#)
        #expect(try edited(base) { $0.entrypoint = try CommandForm("[]") } == "{}")
    }

    @Test func theShellFormUsesTheImagesShell() throws {
        #expect(
            try edited("{}") { $0.cmd = try CommandForm("echo $HOME") }
                == #"{"Cmd":["/bin/sh","-c","echo $HOME"]}"#)
        #expect(
            try edited(#"{"Shell":["/bin/bash","-c"]}"#) { $0.cmd = try CommandForm("[ -f x ]") }
                == #"{"Shell":["/bin/bash","-c"],"Cmd":["/bin/bash","-c","[ -f x ]"]}"#)
    }

    @Test func theShellFormUsesTheShellThatIsSetWithIt() throws {
        let result = try edited(#"{"Shell":["/bin/bash","-c"]}"#) {
            $0.shell = ["/bin/dash", "-ec"]
            $0.entrypoint = try CommandForm("a b")
            $0.cmd = try CommandForm("c d")
        }
        #expect(
            result
                == #"{"Shell":["/bin/dash","-ec"],"Entrypoint":["/bin/dash","-ec","a b"],"Cmd":["/bin/dash","-ec","c d"]}"#
        )
    }

    @Test func variablesAreReplacedWhereTheyStand() throws {
        let base = #"{"Env":["A=1","B=2","A=3","C"]}"#
        #expect(
            try edited(base) { $0.environment = [try KeyValue("A=x=y"), try KeyValue("D=")] }
                == #"{"Env":["A=x=y","B=2","C","D="]}"#)
        #expect(try edited(base) { $0.unsetEnvironment = ["A", "C"] } == #"{"Env":["B=2"]}"#)
        #expect(try edited(base) { $0.unsetEnvironment = ["A", "B", "C"] } == "{}")
        #expect(
            try edited(base) {
                $0.unsetEnvironment = ["A"]
                $0.environment = [try KeyValue("A=new"), try KeyValue("A=last")]
            } == #"{"Env":["B=2","C","A=last"]}"#)
        // Names are compared as bytes: these two look the same and differ.
        #expect(
            try edited("{\"Env\":[\"\u{e9}=1\"]}") {
                $0.environment = [try KeyValue("e\u{301}=2")]
            } == "{\"Env\":[\"\u{e9}=1\",\"e\u{301}=2\"]}")
    }

    @Test func theWorkingDirectoryIsRelativeToTheOneThereIs() throws {
        #expect(try edited("{}") { $0.workingDirectory = "a" } == #"{"WorkingDir":"/a"}"#)
        let base = #"{"WorkingDir":"/srv"}"#
        #expect(try edited(base) { $0.workingDirectory = "a/b" } == #"{"WorkingDir":"/srv/a/b"}"#)
        #expect(try edited(base) { $0.workingDirectory = "/x" } == #"{"WorkingDir":"/x"}"#)
        #expect(
            try edited(#"{"WorkingDir":"/"}"#) { $0.workingDirectory = "x" }
                == #"{"WorkingDir":"/x"}"#)
    }

    @Test(arguments: [
        ("/srv", "../x", "/x"), ("/srv", ".", "/srv"), ("/srv", "./a//b/", "/srv/a/b"),
        ("/srv", "../../..", "/"), ("/srv", "/home/user/", "/home/user"), ("", "..", "/"),
        ("/srv/", "a/../b", "/srv/b"), ("/srv", "/a/./b/../c", "/a/c"),
    ])
    func workingDirectoriesAreCleaned(_ base: String, _ given: String, _ expected: String) throws {
        let result = try edited(#"{"WorkingDir":"\#(base)"}"#) { $0.workingDirectory = given }
        #expect(result == #"{"WorkingDir":"\#(expected)"}"#)
    }

    @Test(arguments: [
        #"{"config":{"Labels":null,"Volumes":{},"Entrypoint":[],"User":""}}"#,
        #"{"config":{"Cmd":["sh"]},"author":""}"#, #"{"variant":null,"os.features":[]}"#,
    ])
    func aPatchThatSaysNothingNewChangesNothing(_ patch: String) throws {
        let original = try config(run: #"{"Cmd":["sh"],"Entrypoint":null}"#)
        var value = original
        var edit = ConfigEdit()
        edit.patches = [try field(patch).object()]
        try value.apply(edit)
        #expect(value.bytes == original.bytes)
    }

    @Test func whatIsAddedStandsWhereTheSpecificationHasIt() throws {
        let base = #"{"X":1,"Cmd":["sh"],"WorkingDir":"/"}"#
        let result = try edited(base) {
            $0.user = "1000:1000"
            $0.exposedPorts = [try ExposedPorts("80"), try ExposedPorts("9-10/udp")]
            $0.environment = [try KeyValue("A=1")]
            $0.volumes = [try VolumePath("/v")]
            $0.labels = [try KeyValue("l=1")]
            $0.stopSignal = try StopSignal("SIGRTMIN+3")
            $0.healthcheck = try Healthcheck("curl localhost")
        }
        #expect(
            result
                == #"{"X":1,"User":"1000:1000","ExposedPorts":{"80/tcp":{},"9/udp":{},"10/udp":{}},"Env":["A=1"],"Cmd":["sh"],"Volumes":{"/v":{}},"WorkingDir":"/","Labels":{"l":"1"},"StopSignal":"SIGRTMIN+3","Healthcheck":{"Test":["CMD-SHELL","curl localhost"]}}"#
        )
    }

    @Test func documentFieldsStandInOrder() throws {
        let result = try document {
            $0.author = "A"
            $0.created = try Timestamp("2024-01-01T00:00:00Z")
            $0.platform = Platform(os: "linux", architecture: "arm", variant: "v7")
            $0.history = ["one", "two"]
        }
        #expect(
            result
                == #"{"created":"2024-01-01T00:00:00Z","author":"A","architecture":"arm","os":"linux","variant":"v7","config":{"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":["\#(digestText("1"))"]},"history":[{"created_by":"base"},{"created":"2024-01-01T00:00:00Z","created_by":"one","empty_layer":true},{"created":"2024-01-01T00:00:00Z","created_by":"two","empty_layer":true}]}"#
        )
    }

    /// A version is set, stays when none is given, and goes with its operating system.
    @Test func versionsOfThePlatform() throws {
        var value = try config(run: "{}")
        for (text, expected) in [
            ("windows(10.0.1)/amd64", "10.0.1"), ("windows/arm64", "10.0.1"),
            ("windows(10.0.2)/amd64", "10.0.2"), ("linux/amd64", nil),
        ] {
            var edit = ConfigEdit()
            edit.platform = Platform(text)
            try value.apply(edit)
            #expect(try value.platform().osVersion == expected)
        }
    }

    @Test func whatIsAlreadySoStaysEqual() throws {
        let base =
            #"{"User":"u","ExposedPorts":{"80":{}},"Env":["A=1"],"Entrypoint":["/x"],"Cmd":["y"],"Volumes":{"/v":{"z":1}},"WorkingDir":"/w","Labels":{"l":"\u00e9"},"StopSignal":"SIGTERM","Healthcheck":null}"#
        let original = try config(run: base)
        var value = original
        var edit = ConfigEdit()
        edit.user = "u"
        edit.exposedPorts = [try ExposedPorts("80/tcp")]
        edit.environment = [try KeyValue("A=1")]
        edit.unsetEnvironment = ["B"]
        edit.entrypoint = try CommandForm(#"["/x"]"#)
        edit.cmd = try CommandForm(#"["y"]"#)
        edit.volumes = [try VolumePath("/v")]
        edit.workingDirectory = "/w"
        edit.labels = [try KeyValue("l=é")]
        edit.stopSignal = try StopSignal("SIGTERM")
        edit.cleared = [.healthcheck, .onbuild, .author]
        edit.platform = Platform(os: "linux", architecture: "amd64")
        edit.sourceDate = Timestamp(secondsSinceEpoch: 1)
        try value.apply(edit)
        #expect(value == original)
        #expect(value.bytes == original.bytes)
    }

    @Test func theSourceDateStampsOnlyWhatChanges() throws {
        let result = try document {
            $0.user = "u"
            $0.sourceDate = Timestamp(secondsSinceEpoch: 1)
        }
        #expect(result.hasPrefix(#"{"created":"1970-01-01T00:00:01Z","architecture""#))
    }

    @Test(arguments: [
        (ConfigField.entrypoint, "Entrypoint"), (.cmd, "Cmd"), (.env, "Env"),
        (.workdir, "WorkingDir"), (.user, "User"), (.labels, "Labels"), (.ports, "ExposedPorts"),
        (.volumes, "Volumes"), (.stopSignal, "StopSignal"), (.healthcheck, "Healthcheck"),
        (.onbuild, "OnBuild"), (.shell, "Shell"),
    ])
    func clearing(_ field: ConfigField, _ name: String) throws {
        let full =
            #"{"User":"u","ExposedPorts":{"80":{}},"Env":["A=1"],"Entrypoint":["/x"],"Cmd":["y"],"Volumes":{"/v":{}},"WorkingDir":"/w","Labels":{"l":"1"},"StopSignal":"1","Healthcheck":{"Test":["NONE"]},"OnBuild":["RUN x"],"Shell":["/s"]}"#
        var expected = try JSONField(JSON.parse(Array(full.utf8))).object()
        let key = JSONString(name)
        #expect(expected[key] != nil)
        expected[key] = nil
        #expect(try edited(full) { $0.cleared = [field] } == text(expected))
    }

    @Test func clearingComesBeforeSetting() throws {
        #expect(
            try edited(#"{"Env":["A=1","B=2"]}"#) {
                $0.cleared = [.env]
                $0.environment = [try KeyValue("B=3")]
            } == #"{"Env":["B=3"]}"#)
    }

    @Test func anotherSystemLosesTheVersionOfTheOld() throws {
        var value = try config(
            #"{"architecture":"amd64","os":"windows","os.version":"10","os.features":["f"],"rootfs":{"type":"layers"}}"#
        )
        var edit = ConfigEdit()
        edit.platform = Platform(os: "linux", architecture: "amd64")
        try value.apply(edit)
        #expect(
            text(value.document)
                == #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}"#)
    }
}

@Suite struct ConfigPatchTests {
    private func patch(_ text: String) throws -> JSONObject { try field(text).object() }

    @Test func patchesComeFirst() throws {
        let result = try edited(#"{"User":"a","Env":["A=1"]}"#) {
            $0.patches = [
                try patch(#"{"config":{"User":null,"Shell":["/bin/bash"],"Env":["B=1"]}}"#),
                try patch(#"{"config":{"X":{"y":{"z":null,"n":1}}}}"#),
            ]
            $0.environment = [try KeyValue("B=2")]
        }
        #expect(result == #"{"Env":["B=2"],"Shell":["/bin/bash"],"X":{"y":{"n":1}}}"#)
    }

    @Test(arguments: [
        #"{"rootfs":{"diff_ids":[]}}"#, #"{"rootfs":null}"#, #"{"history":[{},{}]}"#,
        #"{"config":{"Env":{"A":"1"}}}"#, #"{"config":[]}"#, #"{"os":null}"#, #"{"created":"now"}"#,
    ])
    func whatWouldBreakTheImageIsRefused(_ text: String) throws {
        var value = try config(run: "{}")
        var edit = ConfigEdit()
        edit.patches = [try patch(text)]
        #expect(throws: (any Error).self) { try value.apply(edit) }
    }

    @Test(arguments: [
        #""ExposedPorts":{"x":{}}"#, #""ExposedPorts":{"70000/tcp":{}}"#, #""Volumes":{"data":{}}"#,
        #""Volumes":{"/":{}}"#, #""StopSignal":"SIGNOPE""#, #""WorkingDir":"app""#,
        #""Env":["=x"]"#,
        #""Env":[""]"#, #""Healthcheck":{"Test":["X"]}"#, #""Healthcheck":{"Interval":5}"#,
        #""Healthcheck":{"interval":1}"#,
    ])
    func whatDockerWouldRefuseIsRefused(_ member: String) throws {
        #expect(throws: (any Error).self) {
            try edited("{}") { $0.patches = [try patch("{\"config\":{\(member)}}")] }
        }
        // What the image has already is no reason to refuse another change.
        let result = try? edited("{\(member)}") {
            $0.patches = [try patch("{\"config\":{\(member),\"User\":\"u\"}}")]
        }
        #expect(result?.contains(#""User":"u""#) ?? member.contains("interval"))
    }

    @Test(arguments: [#"{"os":"my os"}"#, #"{"architecture":"a/b"}"#, #"{"variant":"v 7"}"#])
    func namesOfPlatformsAreChecked(_ text: String) throws {
        var value = try config(run: "{}")
        var edit = ConfigEdit()
        edit.patches = [try patch(text)]
        #expect(throws: EditError.self) { try value.apply(edit) }
    }

    @Test(arguments: [("Volumes", "/b"), ("ExposedPorts", "1/tcp"), ("Labels", "b")])
    func aKeyWithoutAValueIsAdded(member: String, key: String) throws {
        let value = member == "Labels" ? #""""# : "{}"
        for base in ["{}", #"{"\#(member)":{"a":\#(value)}}"#] {
            let result = try edited(base) {
                $0.patches = [try patch(#"{"config":{"\#(member)":{"\#(key)":\#(value)}}}"#)]
            }
            #expect(result.contains(#""\#(key)":\#(value)}"#))
        }
    }

    @Test func historyMayBeRewrittenOrRemoved() throws {
        for text in [
            #"{"history":null}"#, #"{"history":[{"created_by":"x"},{"empty_layer":true}]}"#,
        ] {
            var value = try config(run: "{}")
            var edit = ConfigEdit()
            edit.patches = [try patch(text)]
            try value.apply(edit)
            #expect(value.history.isEmpty || value.layerHistoryCount == 1)
        }
    }
}

@Suite struct ConfigValueTests {
    @Test func keyAndValueAreSplitAtTheFirstEqualsSign() throws {
        #expect(try KeyValue("a=b=c").value == "b=c")
        #expect(try KeyValue("a=").value == "")
        #expect(try KeyValue("=a=b".dropFirst().description).key == "a")
        for text in ["", "a", "=", "=b"] {
            #expect(throws: ValueError.self) { try KeyValue(text) }
        }
        // A combining character after the sign does not hide it.
        #expect(try KeyValue("a=\u{301}x").key == "a")
    }

    @Test(arguments: ["", " ", "[1]", #"["a",null]"#, "[[]]"])
    func commandsThatAreNone(_ text: String) {
        #expect(throws: ValueError.self) { try CommandForm(text) }
    }

    @Test func whatIsNotJSONIsForTheShell() throws {
        #expect(try CommandForm("[ -f x ] && y") == .shell("[ -f x ] && y"))
        #expect(try CommandForm("['a']") == .shell("['a']"))
        for doubtful in ["['a']", "[ 'a' ]", #"["a""#, " [a,b]", #"["a",]"#] {
            #expect(try CommandForm(doubtful).isDoubtful)
        }
        for plain in ["[ -f x ]", "[ 'a' ] && b", "[", "a[1]"] {
            #expect(try !CommandForm(plain).isDoubtful)
        }
        #expect(try CommandForm(#"{"a":1}"#) == .shell(#"{"a":1}"#))
        #expect(try CommandForm(#" ["a", "b\n"] "#) == .arguments(["a", "b\n"]))
    }

    @Test(arguments: [
        "", "x", "65536", "-1", "+1", "80/icmp", "80/tcp/x", "2-1", "1-2-3", "1-",
    ])
    func portsThatAreNone(_ text: String) {
        #expect(throws: ValueError.self) { try ExposedPorts(text) }
    }

    @Test func portsAndRanges() throws {
        #expect(try ExposedPorts("80").keys == ["80/tcp"])
        #expect(try ExposedPorts("53/UDP").keys == ["53/udp"])
        #expect(try ExposedPorts("80/").keys == ["80/tcp"])
        #expect(try ExposedPorts("0").keys == ["0/tcp"])
        #expect(try ExposedPorts("1-3/sctp").keys == ["1/sctp", "2/sctp", "3/sctp"])
        #expect(try ExposedPorts("65535").keys == ["65535/tcp"])
    }

    @Test func signals() throws {
        for text in [
            "SIGTERM", "TERM", "9", "64", "SIGRTMIN", "SIGRTMIN+3", "RTMAX-1", "sigterm", "Term",
            "rtmin+15",
        ] {
            #expect(try StopSignal(text).name == text)
        }
        for text in [
            "", "SIG", "SIGFOO", "0", "65", "-1", "+9", "SIGRTMIN-1", "SIGRTMIN+99", "SIGRTMIN+16",
            "SIGRTMIN++3", "RTMAX-15",
        ] {
            #expect(throws: ValueError.self) { try StopSignal(text) }
        }
    }

    @Test func healthchecks() throws {
        #expect(text(try Healthcheck(#"["/c","x"]"#).document) == #"{"Test":["CMD","/c","x"]}"#)
        #expect(text(Healthcheck.none.document) == #"{"Test":["NONE"]}"#)
        let full =
            #"{"Test":["CMD","x"],"Interval":1000000,"Timeout":0,"StartPeriod":3000000,"StartInterval":4000000,"Retries":5}"#
        #expect(text(try Healthcheck(" " + full).document) == full)
        for text in [
            #"{"Test":"x"}"#, #"{"Test":["x"]}"#, #"{"Interval":"30"}"#, #"{"Retries":-1}"#,
            #"{"test":[]}"#, "{", "", "[]", #"["CMD"]"#, #"{"Test":["CMD"]}"#,
            #"{"Test":["CMD-SHELL"]}"#, #"{"Test":["CMD-SHELL",""]}"#, #"{"Test":["NONE","x"]}"#,
            #"{"Interval":999999}"#, #"{"Timeout":"1us"}"#,
        ] {
            #expect(throws: ValueError.self) { try Healthcheck(text) }
        }
    }

    /// The words of a compose file are a health check, not a command called CMD.
    @Test(arguments: [
        #"["CMD","curl","-f","localhost"]"#, #"["CMD-SHELL","exit 1"]"#, #"["NONE"]"#,
    ])
    func theWordsOfACheckAreTakenAsTheyAre(_ test: String) throws {
        #expect(text(try Healthcheck(test).document) == #"{"Test":\#(test)}"#)
        #expect(text(try Healthcheck(#"{"Test":\#(test)}"#).document) == #"{"Test":\#(test)}"#)
    }

    @Test(arguments: ["/v", "/a/b/", "C:\\data", "c:/data"])
    func volumes(_ path: String) throws { #expect(try VolumePath(path).path == path) }

    @Test(arguments: ["", "v", "./v", "/", "//", "/.", "/a/../b", "C:", "C:\\", "name:/v"])
    func noVolumes(_ path: String) { #expect(throws: ValueError.self) { try VolumePath(path) } }
}
