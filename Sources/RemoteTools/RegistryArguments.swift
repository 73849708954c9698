import ArgumentParser
import ByteStream
import ImageStore
import OCI
import Registry
import ToolSupport

/// The options of every tool that talks to registries.
public struct RegistryArguments: ParsableArguments {
    @Flag(
        help: """
            Use HTTP, not HTTPS, for every registry. Registries on loopback are tried over HTTP \
            anyway.
            """)
    public var plainHttp = false

    @Option(
        help: ArgumentHelp("Verify the certificates of registries.", valueName: "true|false"))
    public var tlsVerify = true

    @Option(help: ArgumentHelp("Trust the certificates (PEM) in FILE too.", valueName: "file"))
    public var caFile: Path?

    @Option(help: ArgumentHelp("The client's certificate (PEM).", valueName: "file"))
    public var cert: Path?

    @Option(
        help: ArgumentHelp(
            "The key (PEM) of --cert, when it is in a separate file.", valueName: "file"))
    public var key: Path?

    @Option(
        help: ArgumentHelp(
            "Look for credentials in FILE only. Default: containers' and Docker's files.",
            valueName: "file"))
    public var authfile: Path?

    @Option(
        help: ArgumentHelp(
            "Repeat a request that failed temporarily up to N times.", valueName: "n"))
    public var retries = RegistryOptions().retries

    @Option(
        help: ArgumentHelp(
            "Give up a connection or transfer after this time without progress.",
            valueName: "seconds"))
    public var timeout: Int?

    @Option(
        help: ArgumentHelp(
            """
            Upload blobs in parts of N MiB, 1 to 64. Default: parts only where a registry needs \
            them.
            """,
            valueName: "n"))
    public var chunkSize: Int?

    @Option(
        help: ArgumentHelp(
            "Show transfers on stderr: one line on a terminal, plain lines, or nothing.",
            valueName: "auto|plain|none"))
    public var progress = ProgressMode.auto

    public init() {}

    public func validate() throws {
        if retries < 0 { throw ValidationError("--retries is negative: '\(retries)'") }
        if let timeout, timeout <= 0 || timeout > 1 << 30 {
            throw ValidationError("--timeout is not a number of seconds: '\(timeout)'")
        }
        if let chunkSize, !(1...64).contains(chunkSize) {
            throw ValidationError("--chunk-size is 1 to 64 MiB, not '\(chunkSize)'")
        }
        for (name, path) in files where path?.bytes.isEmpty ?? false {
            throw ValidationError("--\(name) is empty")
        }
        if key != nil && cert == nil { throw ValidationError("--key needs --cert") }
    }

    private var files: [(name: String, path: Path?)] {
        [("ca-file", caFile), ("cert", cert), ("key", key), ("authfile", authfile)]
    }

    /// The options that differ from their defaults, as arguments.
    var words: [String] {
        var words: [String] = []
        if plainHttp { words.append("--plain-http") }
        if !tlsVerify { words.append("--tls-verify=false") }
        for (name, path) in files {
            if let path { words.append("--\(name)=\(ArgumentText.decode(path.bytes))") }
        }
        if retries != RegistryOptions().retries { words.append("--retries=\(retries)") }
        if let timeout { words.append("--timeout=\(timeout)") }
        if let chunkSize { words.append("--chunk-size=\(chunkSize)") }
        if progress != .auto { words.append("--progress=\(progress.rawValue)") }
        return words
    }

    /// Runs `body` with a store for these options; signals end it with cleanup.
    func withStore<Result>(
        _ console: Console, _ body: (ImageStore) throws -> Result
    ) throws -> Result {
        Interruption.arm()
        let progress = Progress(progress, console)
        defer { progress.finish() }
        return try body(
            ImageStore(options(console, progress)) { Path(argument: $0) ?? Path($0) })
    }

    private func options(_ console: Console, _ progress: Progress) -> RegistryOptions {
        var options = RegistryOptions()
        options.plainHTTP = plainHttp
        options.verifyTLS = tlsVerify
        options.caFile = caFile
        options.certificate = cert
        options.key = key
        options.authFile = authfile
        options.retries = retries
        if let timeout {
            options.connectTimeout = .seconds(timeout)
            options.stallTimeout = .seconds(timeout)
        }
        options.chunkSize = chunkSize.map { $0 << 20 }
        options.trace = { message in progress.interrupt { console.trace(message) } }
        options.warn = { message in progress.interrupt { console.warn(message) } }
        options.progress = { event in
            progress.update(
                event.identifier,
                event.state == .running
                    ? Progress.Transfer(
                        event.direction == .upload ? .push : .fetch, subject: event.subject,
                        byteCount: event.byteCount,
                        totalByteCount: event.totalByteCount)
                    : nil)
        }
        return options
    }
}

/// Parses a reference of the command line.
///
/// When the text of a layout is ambiguous, the directory that exists decides.
/// - Throws: `ReferenceError`.
func parseReference(_ text: String) throws(ReferenceError) -> Reference {
    let reference = try Reference(text)
    // With "/:" the text is unambiguous.
    guard case .layout(let layout) = reference, !text.contains("/:") else { return reference }
    return .layout(layout.resolved { ImageStore.isLayout(Path(argument: $0) ?? Path($0)) })
}

/// A reference, and whether the user wrote a tag.
struct NamedReference {
    let reference: Reference
    /// False for a `latest` that is only Docker's default.
    let hasTag: Bool

    /// - Throws: `ReferenceError`.
    init(_ text: String) throws(ReferenceError) {
        reference = try parseReference(text)
        // The default tag is added only when nothing follows the repository's name.
        hasTag = reference.tag != nil && (reference.tag != "latest" || text.contains(":latest"))
    }
}
