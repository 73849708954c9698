import ByteStream

/// Why a source of a copy is missing.
public enum MissingReason: Sendable {
    case absent
    /// A pattern of the ignore file excludes it.
    case excluded
    /// It is a symbolic link to a path that does not exist.
    case danglingLink
}

/// Reasons why a tar cannot be written or read.
public enum TarError: Failure {
    case stream(StreamError)
    /// The source of the tar failed.
    case source(any Failure)
    /// A file of the tree cannot be opened, or was removed.
    case open(path: Path, Errno)
    case list(path: Path, Errno)
    case read(path: Path, Errno)
    case attributes(path: Path, Errno)
    /// A file's size differs from that in its header.
    case changed(path: Path, expected: UInt64, isLonger: Bool)
    /// A file was written to while it was read.
    case modified(path: Path)
    /// A file of the tree is named like a whiteout.
    case whiteoutName(path: Path)
    /// Two sources have the same path, of different types.
    case clash(path: Path)
    /// A source of a copy does not exist.
    case missing(path: Path, MissingReason)
    /// A path is a directory in the layer and another type in the base, or the reverse;
    /// `isDirectory` is that of the layer.
    case overBase(path: Path, base: Path, isDirectory: Bool)
    /// The output would overwrite a source.
    case outputIsSource(path: Path)
    case empty(path: Path)
    /// The input has another format.
    case wrongFormat(path: Path, InputFormat)
    /// The input ended before the two zero blocks.
    case cut(path: Path, offset: Int64)
    /// A list of paths is truncated.
    case cutList(path: Path, String)
    case malformed(path: Path, offset: Int64, String)
    /// A valid entry that a layer cannot have.
    case unsupported(path: Path, String)
    /// An entry that cannot be created, because of its name or type or because another file is in
    /// its way.
    case refused(path: Path, String)
    /// The target directory cannot be used.
    case target(path: Path, Errno)
    /// The system refused to create an entry.
    case unpack(path: Path, Errno)
    /// The system refused to set an extended attribute.
    case attribute(path: Path, name: Path, Errno)
    /// The system refused to create a device, which only root can do.
    case device(path: Path, Errno)

    public var exitStatus: ExitStatus {
        switch self {
        case .stream(let error): error.exitStatus
        case .source(let error): error.exitStatus
        case .outputIsSource: .usage
        case .open, .list, .missing: .cannotOpenInput
        case .read, .attributes, .changed, .modified: .inputOutput
        case .whiteoutName, .clash, .overBase, .empty, .wrongFormat, .cut, .cutList, .malformed,
            .unsupported, .refused:
            .dataError
        case .target, .unpack, .attribute, .device: .cannotCreateOutput
        }
    }

    public var message: String {
        switch self {
        case .stream(let error): error.message
        case .source(let error): error.message
        case .open(let path, let errno): "cannot open \(path.quoted): \(errno)"
        case .list(let path, let errno): "cannot list \(path.quoted): \(errno)"
        case .read(let path, let errno): "cannot read \(path.quoted): \(errno)"
        case .attributes(let path, let errno):
            "cannot read the attributes of \(path.quoted): \(errno)"
        case .changed(let path, let expected, let isLonger):
            "\(path.quoted) became \(isLonger ? "longer" : "shorter") than \(expected) bytes "
                + "while it was read"
        case .modified(let path): "\(path.quoted) was modified while it was read"
        case .whiteoutName(let path):
            "\(path.quoted) is named like a whiteout, which would delete a file of the base"
        case .clash(let path):
            "\(path.quoted) is a directory in one source and something else in another"
        case .missing(let path, let reason):
            switch reason {
            case .absent: "no \(path.quoted) in the context"
            case .excluded:
                "no \(path.quoted) in the context: a pattern of the ignore file excludes it"
            case .danglingLink:
                "no \(path.quoted) in the context: it is a link to a path that is not there"
            }
        case .overBase(let path, let base, let isDirectory):
            "\(path.quoted) is \(isDirectory ? "a directory" : "no directory"), but in the base "
                + "\(base.quoted) is \(isDirectory ? "something else" : "one")"
        case .outputIsSource(let path):
            "the output \(path.quoted) is SOURCE itself"
        case .empty(let path): "no tar on \(path.quoted): it is empty"
        case .wrongFormat(let path, let format):
            "\(format.name) on \(path.quoted), where a tar is expected"
        case .cut(let path, let offset):
            "cut tar on \(path.quoted): it ends at byte \(offset) without the end-of-archive marker"
        case .cutList(let path, let problem):
            "cut list of paths on \(path.quoted): \(problem)"
        case .malformed(let path, let offset, let problem):
            "malformed tar on \(path.quoted) at byte \(offset): \(problem)"
        case .unsupported(let path, let problem): "\(path.quoted): \(problem)"
        case .refused(let path, let problem): "cannot unpack \(path.quoted): \(problem)"
        case .target(let path, let errno): "cannot unpack into \(path.quoted): \(errno)"
        case .unpack(let path, let errno): "cannot unpack \(path.quoted): \(errno)"
        case .attribute(let path, let name, let errno):
            "cannot set the attribute \(name.quoted) of \(path.quoted): \(errno)"
        case .device(let path, let errno):
            "cannot make the device \(path.quoted): \(errno)"
        }
    }
}

extension TarError {
    /// The error for a tar whose first block is not a header, or incomplete.
    ///
    /// - Returns: nil when the block has no known format.
    static func wrongFormat(
        _ firstBlock: some Collection<UInt8>, path: Path
    ) -> TarError? {
        guard let format = InputFormat(firstBytes: firstBlock), format != .tar else { return nil }
        return .wrongFormat(path: path, format)
    }
}
