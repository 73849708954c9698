import JSON
import OCI
import Testing

@testable import Dockerfile

private let amd64 = Platform(os: "linux", architecture: "amd64")
private let arm64 = Platform(os: "linux", architecture: "arm64")

/// Compiles on linux/amd64. Images have the requested platform and one layer; those whose names
/// begin with a platform and `-` are without an index and have that one.
private func compile(
    _ text: String, _ change: (inout BuildRequest) throws -> Void = { _ in }
) throws -> BuildScript {
    var request = BuildRequest(platform: amd64)
    try change(&request)
    return try DockerfileCompiler.compile(Dockerfile(Array(text.utf8)), request) {
        reference, wanted in
        var parts = reference.split(separator: "-").map(String.init)
        let own = parts.count > 1 ? parts.removeFirst() : ""
        var document = ImageConfig(
            platform: own.isEmpty ? wanted : Platform(os: "linux", architecture: own)
        ).document
        if own == "none" { (document["os"], document["architecture"]) = (nil, nil) }
        if own == "v8" {
            document["architecture"] = .string("arm64")
            document["variant"] = .string("v8")
        }
        if parts[0] != "empty" {
            var files = JSONObject()
            files["type"] = .string("layers")
            files["diff_ids"] = .array([
                .string("sha256:" + String(repeating: "a", count: 64))
            ])
            document["rootfs"] = .object(files)
        }
        return BaseImage(
            reference: reference, config: try ImageConfig(JSONField(.object(document))),
            isOfIndex: own.isEmpty)
    }
}

private func compile(_ text: String, for platforms: Platform...) throws -> BuildScript {
    try compile(text) {
        $0.platforms = platforms
        $0.setsPlatform = true
    }
}

private func error(_ text: String) -> String? {
    do {
        _ = try compile(text)
        return nil
    } catch {
        return (error as? DockerfileError)?.text
    }
}

@Suite struct PlatformTests {
    /// `--platform` of FROM has no effect on scratch.
    @Test func scratch() throws {
        let text = "FROM --platform=linux/arm64 scratch\nENV X=1\n"
        for script in [try compile(text), try compile(text, for: amd64)] {
            #expect(script.text.contains("oci-fetch --platform=linux/amd64 scratch"))
            #expect(!script.text.contains("oci-config --platform"))
        }
        let script = try compile("FROM --platform=$BUILDPLATFORM scratch\n", for: arm64).text
        #expect(script.contains("oci-fetch --platform=linux/arm64 scratch"))
    }

    /// The image gets the platform that was requested, whatever its base is for.
    @Test func requested() throws {
        let text = "FROM --platform=$BUILDPLATFORM b\nENV X=1\n"
        let both = try compile(text, for: arm64, amd64)
        #expect(both.text.ranges(of: "oci-fetch --platform=linux/amd64 b").count == 2)
        #expect(both.text.ranges(of: "oci-config --platform=linux/arm64 ").count == 1)
        #expect(both.text.ranges(of: "oci-config --platform=").count == 1)
        #expect(both.warnings.isEmpty)
        let byDefault = try compile("FROM --platform=linux/arm64 b\nENV X=1\n").text
        #expect(byDefault.contains("oci-fetch --platform=linux/arm64 b"))
        #expect(!byDefault.contains("oci-config --platform"))
    }

    /// Its names are the canonical ones, with and without a request.
    @Test func canonical() throws {
        for script in [try compile("FROM v8-b"), try compile("FROM v8-b", for: arm64)] {
            #expect(script.text.contains("oci-config --platform=linux/arm64 "))
        }
        let newer = Platform(os: "linux", architecture: "arm64", variant: "v9")
        #expect(
            try compile("FROM v8-b", for: newer).text
                .contains("oci-config --platform=linux/arm64/v9 "))
    }

    @Test func anImageWithoutAPlatform() throws {
        let script = try compile("FROM none-b\nENV X=1\n")
        #expect(!script.text.contains("oci-config --platform"))
        #expect(script.text.contains("oci-fetch --platform=all none-b"))
        #expect(script.warnings == ["1:6: 'none-b' does not say what platform it is for"])
        #expect(
            try compile("FROM none-b", for: arm64).text
                .contains("oci-config --platform=linux/arm64 "))
    }

    /// An image without an index is taken, with a warning, also for COPY.
    @Test func withoutAnIndex() throws {
        let warning = "'amd64-b' is for 'linux/amd64', not for 'linux/arm64'"
        let base = try compile("FROM amd64-b\nRUN x\n", for: arm64)
        #expect(base.text.contains("oci-fetch --platform=all amd64-b"))
        #expect(base.text.contains("oci-config --platform=linux/arm64 "))
        #expect(base.warnings == ["1:6: " + warning], "the program is this machine's")
        let copied = try compile("FROM scratch\nCOPY --from=amd64-b /a /\n", for: arm64)
        #expect(copied.text.contains("oci-fetch --platform=all amd64-b"))
        #expect(copied.warnings == ["2:6: " + warning])
        #expect(try compile("FROM amd64-b\n", for: amd64).warnings.isEmpty)
        // i386 runs on amd64.
        let older = try compile("FROM 386-b\n")
        #expect(older.text.contains("oci-fetch --platform=linux/amd64 386-b"))
        #expect(older.warnings.isEmpty)
    }

    @Test(arguments: [
        ("FROM --platform=arm64 b", "--platform=linux/arm64 b"),
        ("FROM --platform=windows b", "--platform=windows/amd64 b"),
        ("FROM --platform=linux/x86_64 b", "--platform=linux/amd64 b"),
        ("FROM --platform= b", "--platform=linux/amd64 b"),
        ("FROM --platform='windows(10.0.1)/amd64' b", "--platform='windows(10.0.1)/amd64' b"),
    ])
    func written(_ line: String, _ expected: String) throws {
        #expect(try compile(line).text.contains("oci-fetch " + expected))
    }

    /// Those of every stage are read, even where they have no effect.
    @Test func misspelled() {
        let problem = "FROM: 'linux/' is no platform: it should be like linux/amd64"
        for line in ["FROM --platform=linux/ scratch\nFROM b", "FROM --platform=linux/ b"] {
            #expect(error(line)?.hasPrefix("1:") == true)
            #expect(error(line)?.hasSuffix(problem) == true)
        }
        #expect(error("FROM b AS a\nFROM --platform=$NO a\n")?.hasPrefix("2:") == true)
    }

    @Test func arguments() throws {
        let text = """
            FROM scratch AS one
            FROM scratch AS Two
            ARG TARGETPLATFORM
            ARG TARGETOSVERSION
            ARG TARGETVARIANT
            ARG TARGETSTAGE
            LABEL l=$TARGETPLATFORM,$TARGETOSVERSION,$TARGETVARIANT,$TARGETSTAGE
            """
        let arm = Platform(os: "linux", architecture: "arm", variant: "v7")
        #expect(try compile(text, for: arm).text.contains("--label=l=linux/arm/v7,,v7,two "))
        var windows = Platform(os: "windows", architecture: "amd64")
        windows.osVersion = "10.0.1"
        #expect(
            try compile(text, for: windows).text
                .contains("--label='l=windows(10.0.1)/amd64,10.0.1,,two' "))
        #expect(try compile(text) { $0.target = "TWO" }.text.contains("linux/amd64,,,TWO"))
        let unnamed = "FROM scratch AS a\nFROM a\nARG TARGETSTAGE\nLABEL l=$TARGETSTAGE\n"
        #expect(try compile(unnamed).text.contains("--label=l=default "))
        let base = "FROM scratch AS v-two\nFROM v-$TARGETSTAGE AS two\n"
        #expect(!(try compile(base).text.contains("oci-fetch --platform=linux/amd64 v-two")))
    }

    /// `--build-arg` overrides what the platforms set, without an ARG.
    @Test func overridden() throws {
        let script = try compile("FROM --platform=$BUILDPLATFORM b\nLABEL l=$BUILDARCH\n") {
            $0.buildArguments = try ["BUILDPLATFORM=linux/arm64", "TARGETSTAGE=x"].map(
                KeyValue.init)
        }
        #expect(script.text.contains("oci-fetch --platform=linux/arm64 b"))
        #expect(script.warnings == ["2:9: variable 'BUILDARCH' is not set"])
    }

    /// Versions of Windows are part of a platform, in the names of files too.
    @Test func versions() throws {
        let platforms = ["1", "2"].map { version in
            var platform = Platform(os: "windows", architecture: "amd64")
            platform.osVersion = "10.0.\(version)"
            return platform
        }
        let script = try compile("FROM scratch") { $0.platforms = platforms }.text
        #expect(script.contains("oci-fetch --platform='windows(10.0.2)/amd64' scratch |"))
        #expect(script.contains("\"$work\"/windows-10.0.1-amd64.stage0.json"))
        #expect(script.contains("\"$work\"/windows-10.0.2-amd64.stage0.json"))
        #expect(!script.contains("PATH="))
    }

    // MARK: programs

    private let warning = "RUN for linux/arm64 on linux/amd64 needs an interpreter in binfmt_misc"

    @Test func nativePrograms() throws {
        let cross =
            "FROM --platform=$BUILDPLATFORM b AS b\nRUN x\nFROM scratch\nCOPY --from=b /o /\n"
        #expect(try compile(cross, for: arm64, amd64).warnings.isEmpty)
        let old = Platform(os: "linux", architecture: "386")
        #expect(try compile("FROM b\nRUN x\n", for: old).warnings.isEmpty)
    }

    @Test func foreignPrograms() throws {
        let stages = "FROM b AS n\nRUN x\nFROM --platform=linux/arm64 b AS b\nRUN x\nRUN y\n"
        #expect(try compile(stages + "COPY --from=n /o /\n").warnings == ["4:1: " + warning])
        #expect(try compile("FROM b\nRUN x\n", for: amd64, arm64).warnings == ["2:1: " + warning])
        #expect(
            try compile("FROM arm64-b\nRUN x\n").warnings == [
                "1:6: 'arm64-b' is for 'linux/arm64', not for 'linux/amd64'", "2:1: " + warning,
            ])
    }
}
