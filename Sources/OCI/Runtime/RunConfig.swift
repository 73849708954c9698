import JSON

/// The part of an image's config that a runtime reads.
///
/// - Spec: image-spec v1.1.1, config.md, `config`; Docker image specification v1.3.
public struct RunConfig: Hashable, Sendable {
    /// `USER[:GROUP]`, names or numbers; empty without one, like the other fields.
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
    /// Shell for commands in shell form; Docker's `Shell`.
    public var shell: [String] = []
    /// Instructions for images built on this one; Docker's `OnBuild`.
    public var triggers: [String] = []

    public init() {}

    /// The value of `PATH` for an image without one, as Docker has it.
    public static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Whether the config has a command.
    public var hasCommand: Bool { !entrypoint.isEmpty || !cmd.isEmpty }

    /// - Throws: `JSONError.field` for a wrong field.
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
    /// The runtime's part; empty when the config has no `config`.
    ///
    /// - Throws: never for a config that `init` accepted.
    public func runConfig() throws(JSONError) -> RunConfig {
        guard let field = try JSONField(.object(document)).member("config") else {
            return RunConfig()
        }
        return try RunConfig(field)
    }
}
