import ByteStream

/// What the options of every registry tool say.
public struct RegistryOptions: Sendable {
    /// Plain HTTP for every host. Loopback hosts are tried over it in any case.
    public var plainHTTP = false
    /// False only when the user spelled it out.
    public var verifyTLS = true
    /// Certificates (PEM) that are trusted beside those of the system.
    public var caFile: Path?
    /// The client's certificate (PEM).
    public var certificate: Path?
    /// The key of `certificate`; nil when it is in the same file.
    public var key: Path?
    /// The only file in which credentials are looked up.
    public var authFile: Path?
    /// How often a request that failed for a passing reason is repeated.
    public var retries = 5
    public var connectTimeout = Duration.seconds(15)
    /// How long no byte may move before a transfer counts as broken.
    public var stallTimeout = Duration.seconds(120)
    /// Bytes of one chunk of an upload; nil lets the registry's answers choose the way.
    public var chunkSize: Int?
    /// Takes what is done, line by line. Never contains a secret.
    public var trace: (@Sendable (String) -> Void)?
    /// Takes what registries warn about, each text once.
    public var warn: (@Sendable (String) -> Void)?
    /// Takes the course of blob transfers; called from whichever thread transfers.
    public var progress: (@Sendable (TransferEvent) -> Void)?

    public init() {}
}

/// How far the transfer of a blob has come.
public struct TransferEvent: Sendable, Hashable {
    public enum Direction: Sendable {
        case download
        case upload
    }

    public enum State: Sendable {
        case running
        case finished
        case failed
    }

    /// Equal for all events of one transfer, and unique in this process.
    public let identifier: Int
    public let direction: Direction
    /// `host/repository`, and the digest where it is known.
    public let subject: String
    /// Bytes so far; less than in an earlier event when a transfer began again.
    public let byteCount: Int64
    /// nil when it is not known.
    public let totalByteCount: Int64?
    public let state: State
}
