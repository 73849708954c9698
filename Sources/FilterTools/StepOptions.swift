import ArgumentParser
import ByteStream
import OCI
import ToolSupport

/// Options of `oci-runtime-config` for a program that changes the image, as RUN of a Dockerfile
/// does.
struct StepOptions: ParsableArguments {
    @Flag(help: "Configure a build step: volumes are plain directories, sudo works.")
    var step = false

    @Option(help: ArgumentHelp("Use the host's network, or none.", valueName: "host|none"))
    var network: Network?

    @Option(
        help: ArgumentHelp(
            "Mount a path of the bundle, read-only.", valueName: "source:target"),
        transform: BundleMount.init)
    var mount: [BundleMount] = []

    @Option(
        help: ArgumentHelp("Mount a path of the bundle, writable.", valueName: "source:target"),
        transform: BundleMount.init)
    var writableMount: [BundleMount] = []

    @Option(
        help: ArgumentHelp("Mount a tmpfs.", valueName: "[bytes]:target"),
        transform: BundleMount.init)
    var tmpfs: [BundleMount] = []

    @Option(
        help: ArgumentHelp(
            "Set a variable to the content of a file, which has a secret.",
            valueName: "name=file"),
        transform: ArgumentText.parsing(KeyValue.init))
    var envFrom: [KeyValue] = []

    enum Network: String, CaseIterable, ExpressibleByArgument {
        case host
        case none
    }

    /// What Linux allows one argument or variable to have.
    private static let variableByteLimit = 128 << 10

    init() {}

    /// - Throws: what `readWholeFile` throws, `InputError.refused` for what no variable can have.
    func apply(to options: inout RuntimeConfig.Options) throws {
        options.environment = try envFrom.map { variable in
            let path = Path(variable.value)
            let bytes = try readWholeFile(path, limit: StepOptions.variableByteLimit)
            guard !bytes.contains(0), let value = String(validating: bytes, as: UTF8.self) else {
                throw InputError.refused("\(path.quoted) is not text, for \(variable.key)")
            }
            return "\(variable.key)=\(value)"
        }
        options.mountsVolumes = !step
        options.isStep = step
        options.sharesNetwork = network == .host
        options.isolatesNetwork = network == Network.none
        let mounts =
            mount.map { ($0, ["ro"]) } + writableMount.map { ($0, ["rw"]) }
        options.mounts = mounts.map { mount, flags in
            RuntimeConfig.Mount(source: mount.source, target: mount.target, options: flags)
        }
        options.mounts += tmpfs.map { mount in
            RuntimeConfig.Mount(
                source: nil, target: mount.target,
                options: ["nosuid", "nodev"]
                    + (mount.source.isEmpty ? [] : ["size=\(mount.source)"]))
        }
        // A mount inside another must come after it.
        options.mounts.sort { $0.target.utf8.lexicographicallyPrecedes($1.target.utf8) }
    }
}

/// `SOURCE:TARGET`, the target absolute.
struct BundleMount: Sendable {
    let source: String
    let target: String

    init(_ text: String) throws {
        let text = try ArgumentText.text(text)
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw ValidationError("not SOURCE:TARGET")
        }
        source = String(text[..<colon])
        target = String(text[text.utf8.index(after: colon)...])
        guard target.hasPrefix("/") else { throw ValidationError("the target is not absolute") }
    }
}
