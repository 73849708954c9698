import ArgumentParser
import ByteStream
import Dockerfile
import Glibc
import OCI
import ToolSupport

/// Options of `oci-dockerfile`: the input and the destination of a build.
struct BuildOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The Dockerfile; '-' is stdin, the default.", valueName: "file"))
    var file: Path?

    @Option(help: ArgumentHelp("Directory that COPY copies from.", valueName: "dir"))
    var context: Path = "."

    @Option(
        help: ArgumentHelp(
            "Build this stage, by name or number (default: the last one).", valueName: "stage"),
        transform: ArgumentText.nonemptyText)
    var target: String?

    @Option(
        help: ArgumentHelp(
            "Value of an ARG; without '=', from the environment.", valueName: "key[=value]"),
        transform: Values.each(ArgumentText.nonemptyText))
    var buildArg: [Values<String>] = []

    @Option(
        help: ArgumentHelp(
            "Platforms of the image, with commas (default: this machine's).",
            valueName: "os/arch[/variant]"))
    var platform: [String] = []

    @Option(
        name: .customLong("tag"), help: ArgumentHelp("Push the image here.", valueName: "ref"),
        transform: ArgumentText.nonemptyText)
    var tags: [String] = []

    @Option(
        name: .customLong("output"),
        help: ArgumentHelp("Write it to a layout, oci:DIR[:TAG].", valueName: "ref"),
        transform: ArgumentText.nonemptyText)
    var outputs: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            How RUN runs programs: by runc or crun, or by chroot.
            """, valueName: "oci|chroot"))
    var isolation = BuildRequest.Isolation.oci

    @Option(
        name: .customLong("secret"),
        help: ArgumentHelp("Secret for RUN --mount.", valueName: "id=file"),
        transform: ArgumentText.nonemptyText)
    var secrets: [String] = []

    @Option(
        help: ArgumentHelp(
            "Keep the layers of RUN here, and the directories of its cache mounts.",
            valueName: "dir"))
    var cache: Path?

    @Option(
        help: ArgumentHelp(
            "Keep the layers of RUN as tags of this repository. May be repeated.",
            valueName: "ref"),
        transform: ArgumentText.nonemptyText)
    var cacheRepo: [String] = []

    @Option(
        help: ArgumentHelp(
            "Image whose layers are reused; 'auto' is the image that has the new tag now.",
            valueName: "auto|no|ref"),
        transform: ArgumentText.nonemptyText)
    var reuse = "auto"

    @Flag(
        name: .customLong("no-base-listing"),
        help: "Copy without listing the base image, as COPY --link does.")
    var noBaseListing = false

    @Flag(help: "Join all layers that the Dockerfile adds into one.")
    var squash = false

    @Option(
        help: ArgumentHelp(
            "Time of copied files, as --mtime of oci-tar.", valueName: "seconds|keep"),
        transform: ArgumentText.nonemptyText)
    var mtime: String?

    init() {}

    /// The Dockerfile's bytes, and its name in messages.
    func dockerfile(_ console: Console) throws -> ([UInt8], name: String) {
        guard let file, file != "-" else {
            let input = try console.standardInput(expecting: "a Dockerfile")
            guard let bytes = try input.readAll(limit: BuildOptions.byteLimit) else {
                throw InputError.tooLarge(input.path, limit: BuildOptions.byteLimit)
            }
            return (bytes, "Dockerfile")
        }
        // Like docker, try the other spelling when this one does not exist.
        let other = file.directory.appending("dockerfile")
        let isOther = file.name == "Dockerfile" && !exists(file) && exists(other)
        return (
            try readWholeFile(isOther ? other : file, limit: BuildOptions.byteLimit),
            file.description
        )
    }

    /// The maximum number of bytes of a Dockerfile.
    private static let byteLimit = 16 << 20

    func request(name: String) throws -> BuildRequest {
        var request = BuildRequest(platform: .current)
        if !platform.isEmpty {
            request.platforms = try platforms()
            request.setsPlatform = true
        }
        request.fileName = name
        request.target = target
        request.buildArguments = try buildArg.flattened().compactMap { try argument($0) }
        request.context = ArgumentText.decode(context.bytes)
        request.ignoreFile = ignoreFile().map { ArgumentText.decode($0.bytes) }
        for destination in tags + outputs { _ = try Reference(destination) }
        request.destinations = tags + outputs
        request.listsBase = !noBaseListing
        request.isolation = isolation
        request.modificationTime = mtime
        request.mountCache = cache.map { ArgumentText.decode($0.bytes) + "/mounts" }
        request.stepCaches = try stepCaches()
        request.squashes = squash
        switch reuse {
        case _ where squash: break
        case "auto": request.knownImage = request.destinations.first
        case "no": break
        default:
            _ = try Reference(reuse)
            request.knownImage = request.destinations.isEmpty ? nil : reuse
        }
        request.secrets = try secrets.map { (text) throws(UsageError) in
            let secret = try pair(text, "secret")
            if secret.value.isEmpty { throw UsageError("not a secret: \(quote(text)): no file") }
            return secret
        }
        return request
    }

    /// The caches in the order of lookup: the local one first.
    private func stepCaches() throws -> [String] {
        let directory = cache.map { "oci:" + ArgumentText.decode($0.bytes) + "/steps" }
        for text in cacheRepo {
            let reference = try Reference(text)
            // A registry reference without a tag has the default tag.
            let isNamed =
                if case .layout = reference {
                    reference.tag != nil || reference.digest != nil
                } else {
                    text.split(separator: "/").last?.contains { ":@".contains($0) } ?? false
                }
            if reference == .scratch || isNamed {
                throw UsageError("not a repository or a layout without a tag: \(quote(text))")
            }
        }
        return (directory.map { [$0] } ?? []) + cacheRepo
    }

    private func platforms() throws(UsageError) -> [Platform] {
        var result: [Platform] = []
        let texts = platform.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        for text in texts {
            guard let platform = Platform(String(text))?.normalized else {
                throw UsageError(
                    "not a platform: \(quote(String(text))); write OS/ARCH[/VARIANT]")
            }
            if !result.contains(platform) { result.append(platform) }
        }
        return result
    }

    /// `KEY=VALUE`, or `KEY` with its value in the environment, if it is set there.
    private func argument(_ text: String) throws -> KeyValue? {
        if text.utf8.contains(UInt8(ascii: "=")) { return try pair(text, "build argument") }
        guard let value = getenv(text) else { return nil }
        return try KeyValue("\(text)=\(String(cString: value))")
    }

    private func pair(_ text: String, _ kind: String) throws(UsageError) -> KeyValue {
        do {
            return try KeyValue(text)
        } catch {
            throw UsageError("not a \(kind): \(quote(text)): \(error.problem)")
        }
    }

    /// The ignore file of the context: beside the Dockerfile, or else in the context.
    private func ignoreFile() -> Path? {
        let own = file.flatMap { file in
            file == "-" ? nil : Path(file.bytes + Array(".dockerignore".utf8))
        }
        let candidates = [
            own ?? context.appending("Dockerfile.dockerignore"),
            context.appending(".dockerignore"),
        ]
        return candidates.first { exists($0) }
    }

    private func exists(_ path: Path) -> Bool {
        path.withCString { access($0, F_OK) } == 0
    }
}

extension BuildRequest.Isolation: ExpressibleByArgument {}
