import JSON
import OCI
import Testing

@testable import Dockerfile

let linux = Platform(os: "linux", architecture: "amd64")

/// The script of a Dockerfile: `body` from its first instruction on, without the push, and all of it.
func render(
    _ text: String, _ change: (inout BuildRequest) throws -> Void = { _ in }
) throws -> (body: String, whole: String, warnings: [String]) {
    var request = BuildRequest(platform: linux)
    request.destinations = ["r.example/app:1"]
    request.knownImage = "r.example/app:1"
    try change(&request)
    let config =
        #"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["sh"]},"#
        + #""rootfs":{"type":"layers","diff_ids":["sha256:\#(String(repeating: "a", count: 64))"]}}"#
    let script = try DockerfileCompiler.compile(Dockerfile(Array(text.utf8)), request) {
        reference, _ in
        BaseImage(
            reference: "\(reference)@sha256:b",
            config: try ImageConfig(JSONField(JSON.parse(Array(config.utf8)))))
    }
    let lines = joined(script.text).split(separator: "\n", omittingEmptySubsequences: false)
    let start = lines.firstIndex { $0.hasPrefix("# Dockerfile:") } ?? lines.startIndex
    let end = lines.lastIndex { $0.hasPrefix("oci-push-manifest ") } ?? lines.endIndex
    return (
        lines[start..<end].filter { !$0.isEmpty }.joined(separator: "\n"), joined(script.text),
        script.warnings
    )
}

/// Lines that are continued as one.
private func joined(_ script: String) -> String {
    var parts = script.split(separator: " \\\n", omittingEmptySubsequences: false).map(String.init)
    for index in parts.indices.dropFirst() {
        parts[index] = String(parts[index].drop { $0 == "\t" })
    }
    return parts.joined(separator: " ")
}

/// The result of the instruction in the last line, in a stage from scratch.
func step(
    _ text: String, _ change: (inout BuildRequest) throws -> Void = { _ in }
) throws -> String {
    let text = "FROM scratch\n" + text
    let line = text.split(separator: "\n").count
    let body = try render(text, change).body
    guard let range = body.range(of: "# Dockerfile:\(line): ") else { return body }
    return String(body[range.lowerBound...].drop { $0 != "\n" }.dropFirst())
        .replacing(" --comment=buildkit.dockerfile.v0", with: "")
}

extension String {
    func range(of part: String) -> Range<Index>? { ranges(of: part).last }
}
