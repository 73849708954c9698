import ArgumentParser
import ByteStream
import Snapshot
import Tar
import ToolSupport

/// `oci-tar`: makes a layer tar.
public struct TarTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-tar",
        abstract: "Write a layer tar of directories and files to stdout.",
        discussion: """
            The tar depends only on names, contents, modes, links and options: the same tree gives \
            the same bytes. On any error the tar has no end, so that no later stage accepts it.

            Example:
              oci-tar ./dist --root-dir /app --uid 1000 --gid 1000 |
                oci-zstd >layer.tar.zst
            """,
        version: Version.text)

    @Flag(
        help: """
            Write no tar but its fingerprint: a line that is the same while nothing in the sources \
            changes. No file is read.
            """)
    var fingerprint = false

    @OptionGroup(title: "Tar options") var options: TarOptions
    @OptionGroup(title: "Copy options") var copying: CopyOptions
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if fingerprint, copying.copy != nil || options.fromTar != nil {
            throw ValidationError("--fingerprint excludes --copy and --from-tar")
        }
        if copying.copy != nil, !options.isPlain {
            throw ValidationError(
                "--copy excludes --root-dir, --files-from, --from-tar, --whiteout, --opaque")
        }
    }

    public func execute(_ console: Console) throws {
        if fingerprint { return try writeFingerprint(console) }
        try console.refuseTerminal(for: "tar")
        if let destination = copying.copy { return try copy(to: destination, console) }
        let request = try options.request()
        let output = OutputBuffer()
        let writer = TarWriter(
            output, policy: try options.policy(), base: try openBase(console),
            list: console.level == .verbose ? { console.print($0.listing) } : nil,
            warn: console.warn)
        if let tar = options.fromTar {
            try writer.rewrite(try open(tar, console, expecting: "a tar"), request)
        } else if let list = try pathList(console) {
            try writer.write(list, request)
        } else {
            try writer.write(request)
        }
        try writer.finish()
    }

    private func writeFingerprint(_ console: Console) throws {
        let request = try options.request()
        let list = try pathList(console)
        func write(to writer: TarWriter) throws(TarError) {
            if let list { try writer.write(list, request) } else { try writer.write(request) }
        }
        let fingerprint = try TreeFingerprint(
            write, policy: try options.policy(), base: try openBase(console),
            salt: Array(Version.text.utf8), warn: console.warn)
        if let path = fingerprint.unsettled {
            console.trace("\(path.quoted) changed just now, or is on another file system")
        }
        try OutputStream().write(fingerprint.line)
    }

    /// The paths of `--files-from`.
    private func pathList(_ console: Console) throws -> PathList? {
        try options.filesFrom.map {
            try PathList(
                open($0, console, expecting: "a list of paths"),
                isNullSeparated: options.isNullSeparated)
        }
    }

    private func copy(to destination: Path, _ console: Console) throws {
        let base = try openBase(console) ?? EmptyBase()
        var policy = try options.policy()
        let copiesNothing = options.sources.isEmpty && copying.inline.isEmpty
        if let owner = try copying.owner(in: base, isWorkingDirectory: copiesNothing) {
            policy.uid = UInt64(owner.uid)
            policy.gid = UInt64(owner.gid)
        }
        let output = OutputBuffer()
        let writer = TarWriter(
            output, policy: policy,
            list: console.level == .verbose ? { console.print($0.listing) } : nil,
            warn: console.warn)
        var request = try copying.request(options, to: destination)
        request.archivePolicy = policy
        request.archivePolicy.modeChange = nil
        // Without --chown the owners in an archive stay.
        if copying.chown == nil { request.archivePolicy.keepsOwner = true }
        try writer.write(request, over: copying.link ? EmptyBase() : base)
        try writer.finish()
    }

    /// The base below the layer; nil when none is known.
    private func openBase(_ console: Console) throws -> (any LayerBase)? {
        guard let path = options.base else { return nil }
        if let directory = try copying.directoryBase(path) { return directory }
        return try Snapshot(complete: open(path, console, expecting: "a list"))
    }

    /// The file, or stdin when it is called `-`.
    private func open(
        _ path: Path, _ console: Console, expecting expected: String
    ) throws -> InputStream {
        path == "-"
            ? try console.standardInput(expecting: expected) : try InputStream(opening: path)
    }
}
