import ArgumentParser
import ByteStream
import Layer
import ToolSupport

/// `oci-zstd`: compresses a layer tar.
public struct ZstdTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-zstd",
        abstract: "Compress a layer tar from stdin to stdout, with proof that it is whole.",
        usage: "oci-zstd [<options>]",
        discussion: """
            The input must be a complete tar. The output ends with a layer trailer, which has the \
            diffID and which every zstd decoder skips. The output is the same for any number of \
            threads.

            Example:
              oci-tar ./dist | oci-zstd --level 9 >layer.tar.zst
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "Compression level, 1 to 19 (default: 3; with --chunked 2).", valueName: "n"))
    var level: Int?

    @Option(help: ArgumentHelp("Worker threads (default: all cores).", valueName: "n"))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "Find repetitions up to 2^N bytes apart, 10 to 27; decoders need as much memory.",
            valueName: "n"))
    var long: Int?

    @Flag(help: "Compress bytes that are not a tar, without a trailer.")
    var any = false

    @Flag(name: .customLong("no-trailer"), help: "Leave the layer trailer out.")
    var leavesOutTrailer = false

    @Flag(help: "Write zstd:chunked, so that clients can fetch single files.")
    var chunked = false

    @Option(
        help: ArgumentHelp(
            "With --chunked, cut files every N bytes (default: by their content).", valueName: "n"))
    var chunkSize: Int?

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        guard level.map({ (1...19).contains($0) }) ?? true else {
            throw ValidationError("--level is 1 to 19")
        }
        guard threads.map({ (1...200).contains($0) }) ?? true else {
            throw ValidationError("--threads is 1 to 200")
        }
        guard long.map({ (10...27).contains($0) }) ?? true else {
            throw ValidationError("--long is 10 to 27")
        }
        if chunked, any || leavesOutTrailer || long != nil {
            throw ValidationError("--chunked excludes --any, --long and --no-trailer")
        }
        if let chunkSize {
            let sizes = ChunkedCompressor.chunkByteCounts
            guard chunked else { throw ValidationError("--chunk-size is for --chunked") }
            guard sizes.contains(chunkSize) else {
                throw ValidationError(
                    "--chunk-size is \(sizes.lowerBound) to \(sizes.upperBound)")
            }
        }
    }

    public func execute(_ console: Console) throws {
        let input = try console.standardInput(expecting: any ? "bytes" : "a tar")
        try console.refuseTerminal(for: "compressed bytes")
        let output = OutputBuffer()
        if chunked {
            var settings = ChunkedCompressor.Settings(threads: threads, chunkByteCount: chunkSize)
            if let level { settings.level = level }
            trace(settings.level, console)
            return try ChunkedCompressor(settings).compress(input, to: output)
        }
        var settings = ZstdCompressor.Settings()
        if let level { settings.level = level }
        trace(settings.level, console)
        settings.threads = threads
        settings.longWindowLog = long
        let compressor = LayerCompressor(
            settings, content: any ? .any : leavesOutTrailer ? .tar : .layer)
        try compressor.compress(input, to: output)
    }

    private func trace(_ level: Int, _ console: Console) {
        console.trace("libzstd \(ZstdCompressor.libraryVersion), level \(level)")
    }
}
