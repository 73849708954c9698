import ArgumentParser
import ImageStore
import OCI
import Testing
import ToolSupport

@testable import RemoteTools

@Suite struct ConfigArgumentsTests {
    /// Options are passed on in the order in which `oci-config` applies them, with any value.
    @Test func words() throws {
        let arguments = [
            "--history=x", "--author=me", "--env=A=b=c", "--env=E=", "--no-healthcheck", "--cmd",
            "[\"--x\"]", "--clear=env", "--label=k=-v", "--patch=file",
        ]
        #expect(
            try ConfigArguments.parse(arguments).words == [
                "--patch=file", "--clear=env", "--cmd=[\"--x\"]", "--env=A=b=c", "--env=E=",
                "--label=k=-v", "--no-healthcheck", "--author=me", "--history=x",
            ])
        #expect(try ConfigArguments.parse([]).words.isEmpty)
    }
}

@Suite struct PlatformListTests {
    private func list(_ text: String) throws -> PlatformList { try PlatformList(text) }

    @Test func choices() throws {
        let amd64 = try #require(Platform("linux/amd64"))
        let arm64 = try #require(Platform("linux/arm64"))
        #expect(PlatformList.choice(of: []) == .implied(.current))
        #expect(
            try PlatformList.choice(of: [list("linux/amd64,linux/arm64")])
                == .listed([amd64, arm64]))
        #expect(try PlatformList.choice(of: [list("linux/amd64"), list("all")]) == .all)
        #expect(try PlatformList.named([list("linux/arm64"), list("all")]) == [arm64])
    }

    @Test(arguments: ["", "linux", "linux/amd64,", "linux/amd64,all", "ALL"])
    func malformedLists(_ text: String) {
        #expect(throws: ValueError.self) { try list(text) }
    }
}

@Suite struct FetchOptionsTests {
    private static let digest = "sha256:" + String(repeating: "0", count: 64)

    @Test(arguments: [
        ["--digest"], ["--digest", "--is", digest], ["--descriptor"],
    ])
    func selections(_ arguments: [String]) throws {
        _ = try FetchSelection.parse(arguments)
    }

    @Test(arguments: [
        ["--is", digest], ["--digest", "--is", "sha256:0"], ["--digest", "--descriptor"],
    ])
    func contradictorySelections(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try FetchSelection.parse(arguments) }
    }

    @Test(arguments: [
        ["--json"], ["--exclude-digest-tags"], ["--recursive"], ["--artifact-type=a/b"],
    ])
    func listsNeedTheirOption(_ arguments: [String]) throws {
        #expect(throws: (any Error).self) { try FetchLists.parse(arguments) }
        let list = arguments[0].hasPrefix("--json") || arguments[0].hasPrefix("--exclude")
        _ = try FetchLists.parse(arguments + [list ? "--tags" : "--referrers"])
    }
}
