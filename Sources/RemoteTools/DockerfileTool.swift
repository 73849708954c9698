import ArgumentParser
import ByteStream
import Dockerfile
import ImageStore
import OCI
import ToolSupport

/// `oci-dockerfile`: translates a Dockerfile into a script of the other tools.
public struct DockerfileTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-dockerfile",
        abstract: "Translate a Dockerfile into a pipeline, as a script.",
        usage: "oci-dockerfile [<options>]",
        discussion: """
            Reads a Dockerfile from stdin and writes a script for sh to stdout, which builds the \
            image with the other tools. The config of each base is read, and the script names the \
            base by digest. An instruction that is not supported is an error with its line.

            Example:
              oci-dockerfile --tag ghcr.io/example/app:1 <Dockerfile | sh
            """,
        version: Version.text)

    @Flag(help: "Print the parsed Dockerfile as JSON lines, and read nothing else.")
    var ast = false

    @OptionGroup(title: "Build options") var options: BuildOptions
    @OptionGroup(title: "Config options") var config: ConfigArguments
    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let (bytes, name) = try options.dockerfile(console)
        do {
            let file = try Dockerfile(bytes)
            if ast {
                let lines = file.documents.map { $0.serialized() + [UInt8(ascii: "\n")] }
                return try OutputStream().write(lines.flatMap { $0 })
            }
            var request = try options.request(name: name)
            request.registryArguments = registry.words
            request.configArguments = config.words
            request.isQuiet = common.quiet
            let script = try registry.withStore(console) { store in
                try DockerfileCompiler.compile(file, request) { reference, platform in
                    try store.base(reference, platform)
                }
            }
            for warning in script.warnings { console.warn("\(name):\(warning)") }
            try OutputStream().write(ArgumentText.encode(script.text))
        } catch let error as DockerfileError {
            throw InputError.refused("\(name):\(error.text)")
        } catch let error as BaseError {
            let position = "\(name):\(error.position.line):\(error.position.column)"
            throw LocatedFailure(position, error.reason)
        }
    }
}

extension ImageStore {
    /// The image of a reference and platform, by its digest.
    fileprivate func base(_ text: String, _ platform: Platform) throws -> BaseImage {
        let reference = try Reference(text)
        if case .scratch = reference { throw StoreError.scratch }
        let manifest = try manifest(of: reference)
        let pinned = reference.withDigest(manifest.digest)
        let isOfIndex = manifest.mediaType.isIndex
        let images = try images(of: pinned, platform: isOfIndex ? .one(platform) : .all)
        guard let image = images.first else { throw StoreError.scratch }
        return BaseImage(
            reference: pinned.description, config: try image.config(), isOfIndex: isOfIndex)
    }
}
