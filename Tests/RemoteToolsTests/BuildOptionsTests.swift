import ArgumentParser
import ByteStream
import Dockerfile
import OCI
import TestSupport
import Testing
import ToolSupport

@testable import RemoteTools

@Suite struct BuildOptionsTests {
    private func request(_ arguments: String...) throws -> BuildRequest {
        try BuildOptions.parse(arguments).request(name: "Dockerfile")
    }

    private func refused(_ arguments: String...) -> Bool {
        do {
            _ = try BuildOptions.parse(arguments).request(name: "Dockerfile")
            return false
        } catch {
            return true
        }
    }

    @Test func platforms() throws {
        #expect(try request().platforms == [.current])
        let several = try request("--platform", "linux/amd64,linux/arm64", "--platform=linux/amd64")
        #expect(several.platforms.map(\.description) == ["linux/amd64", "linux/arm64"])
        #expect(refused("--platform", "linux"))
        #expect(refused("--platform", ""))
        #expect(refused("--platform", "linux/amd64,"))
        #expect(try !request().setsPlatform)
        #expect(several.setsPlatform)
        let spellings = try request(
            "--platform", "linux/arm64/v8,linux/aarch64,linux/arm,linux/arm/7")
        #expect(spellings.platforms.map(\.description) == ["linux/arm64", "linux/arm/v7"])
    }

    /// An argument without a value has that of the environment; an unset one is not passed.
    @Test func buildArguments() throws {
        let made = try request(
            "--build-arg", "A=b=c", "--build-arg", "E=", "--build-arg", "PATH", "--build-arg",
            "OCINOCO_TESTS_UNSET")
        #expect(made.buildArguments.map(\.key) == ["A", "E", "PATH"])
        #expect(made.buildArguments.prefix(2).map(\.value) == ["b=c", ""])
        #expect(made.buildArguments.last?.value.isEmpty == false)
        #expect(refused("--build-arg", "=value"))
        #expect(refused("--build-arg", ""))
    }

    @Test func destinations() throws {
        let made = try request("--output", "oci:made:1", "--tag", "app:1", "--tag", "app:2")
        #expect(made.destinations == ["app:1", "app:2", "oci:made:1"])
        #expect(refused("--tag", "Not/A reference"))
        #expect(refused("--output", ""))
    }

    /// The image to reuse layers of: the first destination, a named one, or none.
    @Test func reuse() throws {
        #expect(try request().knownImage == nil)
        #expect(try request("--tag", "app:1").knownImage == "app:1")
        #expect(try request("--tag", "app:1", "--reuse", "other:1").knownImage == "other:1")
        #expect(try request("--reuse", "other:1").knownImage == nil)
        #expect(try request("--tag", "app:1", "--reuse", "no").knownImage == nil)
        #expect(try request("--tag", "app:1", "--squash").knownImage == nil)
        #expect(refused("--tag", "app:1", "--reuse", "Not/A reference"))
    }

    /// The local cache is asked first. A cache is a whole repository, so it has no tag.
    @Test func caches() throws {
        let made = try request("--cache-repo", "host/steps", "--cache", "dir", "--cache-repo=oci:d")
        #expect(made.stepCaches == ["oci:dir/steps", "host/steps", "oci:d"])
        #expect(made.mountCache == "dir/mounts")
        for text in ["host/steps:1", "host/steps@\(Digest.zero)", "oci:d:1", "scratch"] {
            #expect(refused("--cache-repo", text), "\(text)")
        }
        #expect(try request("--cache-repo", "host:5000/steps").stepCaches == ["host:5000/steps"])
    }

    /// The ignore file beside the Dockerfile replaces that of the context.
    @Test func ignoreFiles() throws {
        let directory = try TemporaryDirectory()
        let context = directory.path.description
        func ignored(_ file: String? = nil) throws -> String? {
            var arguments = ["--context", context]
            if let file { arguments += ["--file", "\(context)/\(file)"] }
            return try BuildOptions.parse(arguments).request(name: "x").ignoreFile
        }
        #expect(try ignored() == nil)
        try directory.write("a\n", to: ".dockerignore")
        #expect(try ignored() == "\(context)/.dockerignore")
        try directory.write("b\n", to: "Dockerfile.dockerignore")
        #expect(try ignored() == "\(context)/Dockerfile.dockerignore")
        #expect(try ignored("other") == "\(context)/.dockerignore")
        try directory.write("c\n", to: "other.dockerignore")
        #expect(try ignored("other") == "\(context)/other.dockerignore")
    }
}

extension Digest {
    /// A digest of no known content.
    fileprivate static var zero: String { "sha256:" + String(repeating: "0", count: 64) }
}
