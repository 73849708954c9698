import JSON

/// Everything that the layer of a step depends on: the files and parameters of its program.
///
/// The runtime is not part of it, nor are times, labels and other fields of a config that a program
/// cannot see.
public struct StepKey: Hashable, Sendable {
    /// The command.
    public var arguments: [String] = []
    /// Variables in addition to those of the config, `NAME=VALUE`.
    public var environment: [String] = []
    /// Texts that identify the mounts.
    public var mounts: [String] = []
    /// The digests of mounted layers.
    public var contents: [Digest] = []
    /// A text that identifies a network other than the default.
    public var network: String?

    public init() {}

    /// The text of the key, which differs whenever a part differs.
    ///
    /// - Parameter config: the config of the image before the step.
    /// - Throws: `JSONError` for a config that violates the specification.
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
