import JSON

/// What a runtime reads of an image's config.
///
/// - Spec: image-spec v1.1.1, config.md, `config`; Docker image specification v1.3.
public struct RunConfig: Hashable, Sendable {
    /// `USER[:GROUP]`, names or numbers; empty when the config names none, as are the others.
    public var user = ""
    public var exposedPorts: [String] = []
    /// `NAME=VALUE`, in order.
    public var environment: [String] = []
    public var entrypoint: [String] = []
    public var cmd: [String] = []
    public var volumes: [String] = []
    public var workingDirectory = ""
    public var labels: [KeyValue] = []
    public var stopSignal = ""
    /// The words of Docker's health check.
    public var healthcheck: [String] = []
    /// What runs lines for a shell; Docker's `Shell`.
    public var shell: [String] = []
    /// Instructions for images on top; Docker's `OnBuild`.
    public var triggers: [String] = []

    public init() {}

    /// Whether the config says what runs.
    public var hasCommand: Bool { !entrypoint.isEmpty || !cmd.isEmpty }

    /// - Throws: `JSONError.field` where a field is not what it should be.
    public init(_ field: JSONField) throws(JSONError) {
        user = try field.member("User")?.string() ?? ""
        exposedPorts = try field.keys("ExposedPorts")
        environment = try field.words("Env")
        entrypoint = try field.words("Entrypoint")
        cmd = try field.words("Cmd")
        volumes = try field.keys("Volumes")
        workingDirectory = try field.member("WorkingDir")?.string() ?? ""
        labels = try field.member("Labels")?.strings().map(KeyValue.init(key:value:)) ?? []
        stopSignal = try field.member("StopSignal")?.string() ?? ""
        healthcheck = try field.member("Healthcheck")?.words("Test") ?? []
        shell = try field.words("Shell")
        triggers = try field.words("OnBuild")
    }
}

extension JSONField {
    fileprivate func words(_ key: JSONString) throws(JSONError) -> [String] {
        var words: [String] = []
        for element in try member(key)?.elements() ?? [] { words.append(try element.string()) }
        return words
    }

    fileprivate func keys(_ key: JSONString) throws(JSONError) -> [String] {
        try member(key)?.object().members.map(\.key.text) ?? []
    }
}

extension ImageConfig {
    /// What a runtime reads; nothing set when the config has no `config`.
    ///
    /// - Throws: nothing that `init` would not have thrown.
    public func runConfig() throws(JSONError) -> RunConfig {
        guard let field = try JSONField(.object(document)).member("config") else {
            return RunConfig()
        }
        return try RunConfig(field)
    }
}
