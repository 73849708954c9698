import JSON
import OCI
import Testing

@testable import Dockerfile

/// A script of a Dockerfile whose bases have no layers, and what they defer.
private func compile(_ text: String, triggers: [String: String] = [:]) throws -> BuildScript {
    var request = BuildRequest(platform: Platform(os: "linux", architecture: "amd64"))
    request.destinations = ["r.example/app:1"]
    return try DockerfileCompiler.compile(Dockerfile(Array(text.utf8)), request) {
        reference, platform in
        var config = ImageConfig(platform: platform)
        var edit = ConfigEdit()
        edit.triggers = triggers[reference].map { [$0] } ?? []
        try config.apply(edit)
        return BaseImage(reference: reference, config: config)
    }
}

/// The error of a Dockerfile, with its position.
private func problem(_ text: String, triggers: [String: String] = [:]) throws -> String? {
    do {
        _ = try compile(text, triggers: triggers)
        return nil
    } catch let error as DockerfileError {
        return error.text
    }
}

private func repeated(_ text: String, _ count: Int) -> String {
    String(repeating: text, count: count)
}

@Suite struct LimitTests {
    @Test func aChainOfStagesIsNoChainOfCalls() throws {
        let count = 2000
        var text = "FROM scratch AS s0\n"
        for index in 1..<count {
            text += "FROM s\(index - 1) AS s\(index)\n"
        }
        #expect(try compile(text).text.contains("# Dockerfile:\(count): FROM"))
        // Stages that copy from one another.
        text = "FROM scratch AS s0\nCOPY a /\n"
        for index in 1..<count {
            let mount = "RUN --mount=from=\(index - 1),target=/m x\n"
            text += "FROM scratch AS s\(index)\n"
            text += index % 2 == 0 ? "COPY --from=s\(index - 1) /a /\n" : mount
        }
        #expect(try compile(text).text.contains("COPY --from=s\(count - 3)"))
    }

    @Test func aChainOfTriggersIsBounded() throws {
        var text = "FROM scratch AS s0\n"
        var triggers: [String: String] = [:]
        for index in 1..<1000 {
            text += "FROM b\(index) AS s\(index)\n"
            triggers["b\(index)"] = "COPY --from=s\(index - 1) /a /"
        }
        #expect(try problem(text, triggers: triggers)?.contains("through ONBUILD") == true)
    }

    @Test func doubledValues() throws {
        let doubled = repeated("ENV a=$a$a\n", 40)
        #expect(
            try problem("FROM scratch\nENV a=\(repeated("x", 1000))\n\(doubled)")
                == "10:1: 256016 bytes for one argument of a command, which takes at most 131071")
        let global = repeated("ARG a=$a$a\n", 40) + "FROM scratch\n"
        #expect(
            try problem("ARG a=\(repeated("x", 1000))\n" + global)?.contains("16777216") == true)
        let uses = repeated("ARG a\n", 40_000)
        #expect(
            try problem("ARG a=\(repeated("x", 60_000))\nFROM scratch\n" + uses)?
                .contains("16777216") == true)
    }

    @Test func theScriptIsBounded() throws {
        let large = "ARG a=\(repeated("x", 60_000))\n"
        let text = "FROM scratch\n" + large + repeated("RUN x\n", 2000)
        #expect(
            try problem(text)?.hasSuffix("the script would have more than 67108864 bytes") == true)
    }

    @Test(arguments: ["ENV", "LABEL"])
    func commandsAreOnesThatLinuxRuns(keyword: String) throws {
        let value = repeated("x", 60_000)
        var text = "FROM scratch\n"
        for index in 0..<40 { text += "\(keyword) k\(index)=\(value)\n" }
        let script = try compile(text).text
        #expect(script.ranges(of: "--history=").count == 40)
        for command in script.split(separator: "oci-config").dropFirst() {
            #expect(command.utf8.count < CommandSize.limit)
        }
        // One value in several lines.
        let continued = "FROM scratch\n\(keyword) k=\(value)\\\n\(value)\\\n\(value)\n"
        #expect(
            try problem(continued)?.contains("bytes for one argument") == true)
        #expect(try problem(continued)?.hasPrefix("2:1: ") == true)
    }

    @Test func argumentsOfProgramsAreBounded() throws {
        let line = repeated("x", 60_000)
        #expect(
            try problem("FROM scratch\nRUN <<E\n\(line)\n\(line)\n\(line)\nE\n")?
                .hasPrefix("2:1: ") == true)
        let names = repeated("\(repeated("x", 200)) \\\n", 1000)
        #expect(try problem("FROM scratch\nCOPY \(names) /\n")?.hasPrefix("2:1: ") == true)
    }

    @Test(arguments: [
        ("FROM Scratch", "1:6: "), ("FROM a:b:c", "1:6: "), ("ARG V\nFROM oci:base:$V", "2:6: "),
        ("FROM scratch\nCOPY --from=Bad/Image / /", "2:6: "),
        ("FROM scratch\nRUN --mount=type=bind,from=Bad,target=/m x", "2:5: "),
    ])
    func aReferenceHasAPosition(text: String, position: String) throws {
        let problem = try problem(text)
        #expect(problem?.hasPrefix(position) == true)
        #expect(problem?.contains("not a reference: '") == true)
    }

    @Test func whatTheReaderOfImagesThrowsHasAPosition() throws {
        struct Missing: Error {}
        let file = try Dockerfile(Array("FROM scratch\nCOPY --from=img / /\n".utf8))
        let request = BuildRequest(platform: Platform(os: "linux", architecture: "amd64"))
        let error = #expect(throws: BaseError.self) {
            try DockerfileCompiler.compile(file, request) { _, _ in throw Missing() }
        }
        #expect(error?.position == SourcePosition(line: 2, column: 6))
        #expect(error?.reason is Missing)
    }

    @Test func noPathIsThePresentDirectory() throws {
        let script = try compile("FROM scratch\nWORKDIR /w\nWORKDIR $NO\n")
        #expect(script.text.ranges(of: "--created-by='WORKDIR /w'").count == 2)
        #expect(script.warnings.contains("3:9: variable 'NO' is not set"))
    }
}
