import ArgumentParser
import ByteStream
import Glibc
import Tar
import ToolSupport

/// Options of `oci-tar`: sources, attributes, and paths in the image.
struct TarOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            """
            Directories and files; a directory's contents go under the root directory (default: \
            .).
            """,
            valueName: "sources"))
    private var sourceArguments: [Values<Path>] = []
    var sources: [Path] { sourceArguments.flattened() }

    @Option(
        help: ArgumentHelp("Directory of the image that the sources go under.", valueName: "dir"),
        transform: ImagePath.init)
    var rootDir = ImagePath.root

    @Option(help: ArgumentHelp("Owner of every entry.", valueName: "n"))
    var uid: UInt64 = 0

    @Option(help: ArgumentHelp("Group of every entry.", valueName: "n"))
    var gid: UInt64 = 0

    @Flag(help: "Keep the numeric owner and group of every file.")
    var keepOwner = false

    @Flag(help: "Use the owners that oci-untar --rootless recorded; implies --xattrs.")
    var rootless = false

    @Option(
        help: ArgumentHelp(
            "Change every mode as chmod does: octal, or as in 'u=rwX,go=rX'.", valueName: "mode"),
        transform: { (argument) throws in
            guard let change = ModeChange(argument) else {
                throw ValidationError("--chmod is no mode: \(quote(argument))")
            }
            return change
        })
    var chmod: ModeChange?

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "Store the one file SOURCE under this name, below the root directory.",
            valueName: "path"),
        transform: ImagePath.init)
    var name: ImagePath?

    @Option(
        help: ArgumentHelp(
            """
            Time of every entry, or 'keep' for each file's own (default: $SOURCE_DATE_EPOCH, else \
            0). Kept times are at most $SOURCE_DATE_EPOCH.
            """, valueName: "seconds|keep"), transform: ModificationTime.init)
    var mtime: ModificationTime?

    @Option(
        help: ArgumentHelp("Exclude matching paths, by .dockerignore rules.", valueName: "pattern"),
        transform: Values.each { $0 })
    var exclude: [Values<String>] = []

    @Option(help: ArgumentHelp("Exclude paths that match a line of FILE.", valueName: "file"))
    var excludeFrom: [Values<Path>] = []

    @Flag(help: "Leave out what the .dockerignore of SOURCE matches, when it has one.")
    var dockerignore = false

    @Option(
        help: ArgumentHelp(
            """
            Leave out, with a warning, a file, directory or oci:DIR that is written at the same \
            time.
            """,
            valueName: "output"),
        transform: Values.each(OutputPath.init))
    var excludeOutput: [Values<OutputPath>] = []

    @Option(
        help: ArgumentHelp(
            "Pack only the paths listed in FILE, relative to SOURCE; '-' is stdin.",
            valueName: "file"))
    var filesFrom: Path?

    @Flag(name: .customLong("null"), help: "Listed paths end with a zero byte, not a newline.")
    var isNullSeparated = false

    @Option(
        help: ArgumentHelp(
            "Rewrite a tar instead of reading files; '-' is stdin.", valueName: "file"))
    var fromTar: Path?

    @Option(
        help: ArgumentHelp("Delete this path from the layers below.", valueName: "path"),
        transform: Values.each(ImagePath.init))
    var whiteout: [Values<ImagePath>] = []

    @Option(
        help: ArgumentHelp("Hide what the layers below have in this directory.", valueName: "dir"),
        transform: Values.each(ImagePath.init))
    var opaque: [Values<ImagePath>] = []

    @Option(
        help: ArgumentHelp(
            "Listing of the image below, by oci-list; paths follow its symbolic links.",
            valueName: "list"))
    var base: Path?

    @Flag(help: "Write the directories above the root directory too.")
    var parents = false

    @Flag(help: "Keep all extended attributes, not only security.capability.")
    var xattrs = false

    func validate() throws {
        if keepOwner && (isOwnerGiven || rootless) {
            throw ValidationError("--keep-owner excludes --uid, --gid and --rootless")
        }
        // The largest 32-bit number is not an id: for chown(2) it means "do not change".
        if uid > 0xFFFF_FFFE || gid > 0xFFFF_FFFE {
            throw ValidationError("--uid and --gid are at most \(0xFFFF_FFFE as UInt64)")
        }
        if fromTar != nil && (filesFrom != nil || !sources.isEmpty || rootless) {
            throw ValidationError("--from-tar excludes SOURCE, --files-from and --rootless")
        }
        if dockerignore && (sources.count > 1 || fromTar != nil) {
            throw ValidationError("--dockerignore takes one SOURCE, and no --from-tar")
        }
        if filesFrom != nil && sources.count > 1 {
            throw ValidationError("--files-from takes one SOURCE, not \(sources.count)")
        }
        if isNullSeparated && filesFrom == nil {
            throw ValidationError("--null says how --files-from is read")
        }
        if name != nil && (sources.count != 1 || filesFrom != nil || fromTar != nil) {
            throw ValidationError("--as takes one SOURCE, and neither --files-from nor --from-tar")
        }
        if name == .root { throw ValidationError("--as is the name of a file, not '/'") }
        if whiteout.flattened().contains(.root) {
            throw ValidationError("--whiteout cannot delete '/'")
        }
    }

    /// Whether no option sets a root directory, a list of paths, a tar to rewrite or deletions.
    var isPlain: Bool {
        rootDir == .root && filesFrom == nil && fromTar == nil && whiteout.isEmpty
            && opaque.isEmpty
    }

    /// The paths that `--exclude-output` names.
    var outputs: [Path] { excludeOutput.flattened().map(\.path) }

    private var isOwnerGiven: Bool { uid != 0 || gid != 0 }

    func policy() throws -> EntryPolicy {
        var policy = EntryPolicy()
        policy.uid = uid
        policy.gid = gid
        policy.keepsOwner = keepOwner
        policy.keepsExtendedAttributes = xattrs || rootless
        policy.takesRecordedOwner = rootless
        policy.modeChange = chmod
        let sourceDate = try SourceDate.current()?.seconds
        policy.time =
            switch mtime {
            case .seconds(let seconds): .fixed(seconds)
            case .keep: .keep(latest: sourceDate)
            case nil: .fixed(sourceDate ?? 0)
            }
        return policy
    }

    func request() throws -> ArchiveRequest {
        var request = ArchiveRequest()
        if !sources.isEmpty { request.sources = sources }
        request.rootDirectory = rootDir.components
        request.writesParents = parents
        request.name = name?.components
        request.excludes = try excludes()
        request.outputs = outputs
        request.whiteouts = whiteout.flattened().map(\.components)
        request.opaqueDirectories = opaque.flattened().map(\.components)
        return request
    }

    /// The patterns of the files, then those of the command line.
    private func excludes() throws -> ExcludePatterns {
        var patterns = try filePatterns()
        patterns.add(contentsOf: try argumentPatterns())
        return patterns
    }

    func filePatterns() throws -> ExcludePatterns {
        var patterns = ExcludePatterns()
        for path in excludeFrom.flattened() + ignoreFiles {
            let lines = try readWholeFile(path)
            do {
                try patterns.add(lines: lines)
            } catch {
                throw InputError.refused(
                    "malformed pattern \(quote(error.pattern)) in \(path.quoted)")
            }
        }
        return patterns
    }

    /// The .dockerignore of the source, if it has one.
    private var ignoreFiles: [Path] {
        let file = (sources.first ?? ".").appending(".dockerignore")
        return dockerignore && file.withCString { access($0, F_OK) } == 0 ? [file] : []
    }

    func argumentPatterns() throws -> ExcludePatterns {
        var patterns = ExcludePatterns()
        for pattern in exclude.flattened() {
            do {
                try patterns.add(ArgumentText.encode(pattern))
            } catch {
                throw UsageError("malformed pattern \(quote(error.pattern))")
            }
        }
        return patterns
    }
}

/// An absolute path in the image, as components.
struct ImagePath: Hashable, Sendable {
    let components: [[UInt8]]

    static let root = ImagePath(components: [])

    private init(components: [[UInt8]]) {
        self.components = components
    }

    init(_ argument: String) throws {
        let bytes = ArgumentText.encode(argument)
        components = bytes.split(separator: UInt8(ascii: "/")).map(Array.init)
            .filter { !$0.elementsEqual(".".utf8) }
        if bytes.isEmpty { throw ValidationError("a path in the image is empty") }
        if components.contains(where: { $0.elementsEqual("..".utf8) }) {
            throw ValidationError("'..' has no place in a path of the image: \(quote(bytes))")
        }
        if components.contains(where: { Whiteout.isName($0) }) {
            throw ValidationError("named like a whiteout: \(quote(bytes))")
        }
    }
}

/// Value of `--mtime`.
enum ModificationTime: Sendable {
    case seconds(Int64)
    case keep

    init(_ argument: String) throws {
        if argument == "keep" {
            self = .keep
        } else if let seconds = Int64(argument) {
            self = .seconds(seconds)
        } else {
            throw ValidationError("--mtime is neither seconds nor 'keep': \(quote(argument))")
        }
    }
}
