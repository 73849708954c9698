import ByteStream

/// The options of every registry tool.
public struct RegistryOptions: Sendable {
    /// Whether to use plain HTTP for every host. Loopback hosts are tried over it anyway.
    public var plainHTTP = false
    /// Whether to verify certificates; false only when the user says so.
    public var verifyTLS = true
    /// Certificates (PEM) that are trusted in addition to the system's.
    public var caFile: Path?
    /// The client's certificate (PEM).
    public var certificate: Path?
    /// The key of `certificate`; nil when it is in the same file.
    public var key: Path?
    /// The only file in which credentials are looked up.
    public var authFile: Path?
    /// The maximum number of retries of a request that failed temporarily.
    public var retries = 5
    public var connectTimeout = Duration.seconds(15)
    /// The time without progress after which a transfer counts as broken.
    public var stallTimeout = Duration.seconds(120)
    /// The size of a chunk of an upload in bytes; nil uses chunks only when the registry needs
    /// them.
    public var chunkSize: Int?
    /// Receives each step as a line, which never contains a secret.
    public var trace: (@Sendable (String) -> Void)?
    /// Receives warnings of registries, each text once.
    public var warn: (@Sendable (String) -> Void)?
    /// Receives the progress of blob transfers; called from the thread of the transfer.
    public var progress: (@Sendable (TransferEvent) -> Void)?

    public init() {}
}

/// The progress of the transfer of a blob.
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
    /// `host/repository`, and the digest when it is known.
    public let subject: String
    /// The number of bytes so far; less than in an earlier event after a restart.
    public let byteCount: Int64
    /// nil when it is unknown.
    public let totalByteCount: Int64?
    public let state: State
}
