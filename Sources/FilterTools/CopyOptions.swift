import ArgumentParser
import ByteStream
import Glibc
import JSON
import OCI
import Tar
import ToolSupport

/// Options of `oci-tar --copy`, which follows the rules of a Dockerfile's COPY.
struct CopyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Copy as COPY in a Dockerfile does; SOURCEs may have wildcards.",
            valueName: "destination"),
        transform: CopyOptions.destination)
    var copy: Path?

    @Option(help: ArgumentHelp("Where --copy looks for SOURCEs (default: .).", valueName: "dir"))
    var context: Path?

    @Option(
        help: ArgumentHelp(
            "Owner of the copies: numbers, or names that --base knows.", valueName: "user[:group]"),
        transform: ArgumentText.nonemptyText)
    var chown: String?

    @Flag(help: "Do not follow links of --base; use it only for the names in --chown.")
    var link = false

    @Option(
        help: ArgumentHelp(
            "Copy the files of DIR too, after N SOURCEs (default: all). May be repeated.",
            valueName: "[n:]dir"),
        transform: CopyOptions.inlineDirectory)
    var inline: [CopyRequest.InlineDirectory] = []

    @Flag(help: "Unpack SOURCEs that are archives, as ADD does.")
    var unpack = false

    @Flag(help: "Unpack files of --inline that are archives.")
    var unpackInline = false

    func validate() throws {
        if copy == nil,
            context != nil || chown != nil || link || !inline.isEmpty || unpack || unpackInline
        {
            throw ValidationError(
                "--context, --chown, --link, --inline, --unpack and --unpack-inline need --copy")
        }
    }

    @Sendable private static func destination(_ text: String) throws -> Path {
        let path = Path(ArgumentText.encode(text))
        guard path.bytes.first == UInt8(ascii: "/") else {
            throw ValidationError("not absolute: \(path.quoted)")
        }
        return path
    }

    @Sendable private static func inlineDirectory(
        _ text: String
    ) -> CopyRequest.InlineDirectory {
        let bytes = ArgumentText.encode(text)
        let digits = bytes.prefix(while: \.isDigit)
        guard bytes.dropFirst(digits.count).first == UInt8(ascii: ":"),
            let place = Int(String(decoding: digits, as: UTF8.self))
        else { return CopyRequest.InlineDirectory(Path(bytes), place: nil) }
        return CopyRequest.InlineDirectory(
            Path(bytes.dropFirst(digits.count + 1)), place: place)
    }

    /// The base image of the copy, when it is unpacked in a directory; nil for a listing.
    func directoryBase(_ path: Path) throws -> DirectoryBase? {
        guard copy != nil, path.fileType() == S_IFDIR else { return nil }
        return try DirectoryBase(path)
    }

    /// The owner of the copies; nil when `--chown` is not given.
    ///
    /// - Parameter isWorkingDirectory: whether only the destination is made, for a WORKDIR. Then an
    ///   unknown user means root, as in BuildKit.
    func owner(in base: any LayerBase, isWorkingDirectory: Bool) throws -> ProcessUser? {
        guard let chown else { return nil }
        let passwd = try base.contents(of: "etc/passwd") ?? []
        let group = try base.contents(of: "etc/group") ?? []
        do {
            return try UserDatabase(passwd: passwd, group: group).resolveOwner(chown)
        } catch {
            if isWorkingDirectory { return ProcessUser(uid: 0, gid: 0) }
            throw InputError.refused("unknown owner \(quote(chown)): \(error.problem)")
        }
    }

    func request(_ options: TarOptions, to destination: Path) throws -> CopyRequest {
        var request = CopyRequest(
            context: context ?? ".", sources: options.sources.map(\.bytes),
            destination: destination.bytes)
        request.contextExcludes = try options.filePatterns()
        request.excludes = try options.argumentPatterns()
        request.outputs = options.outputs
        request.keepsParents = options.parents
        request.inlineDirectories = inline
        request.unpacks = unpack
        request.unpacksInline = unpackInline
        return request
    }
}
