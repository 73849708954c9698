import JSON

/// What the layer of a step depends on: what the program finds, and how it is run.
///
/// What runs the program is no part of it, nor are times, labels and whatever else of a config no program
/// sees.
public struct StepKey: Hashable, Sendable {
    /// The words that run.
    public var arguments: [String] = []
    /// Variables beside those of the config, `NAME=VALUE`.
    public var environment: [String] = []
    /// How what is mounted is mounted; any text.
    public var mounts: [String] = []
    /// Digests of what is mounted.
    public var contents: [Digest] = []
    /// Another network than the usual one.
    public var network: String?

    public init() {}

    /// The key's text. Texts are the same only when everything in them is.
    ///
    /// - Parameter config: of the image before the step.
    /// - Throws: `JSONError` for a config with other fields than the spec has.
    public func document(_ config: ImageConfig) throws(JSONError) -> JSONObject {
        let run = try config.runConfig()
        let platform = try config.platform()
        var document = JSONObject()
        document["version"] = .integer(1)
        document["platform"] = .string(platform.description)
        document["layers"] = .array(config.diffIDs.map { .string($0.description) })
        document["env"] = .strings(run.environment)
        document["user"] = .string(run.user)
        document["workdir"] = .string(run.workingDirectory.isEmpty ? "/" : run.workingDirectory)
        document["args"] = .strings(arguments)
        document["variables"] = .strings(environment)
        document["mounts"] = .strings(mounts)
        document["contents"] = .strings(contents.map(\.description))
        if let network { document["network"] = .string(network) }
        return document
    }
}

extension JSON {
    fileprivate static func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
}
