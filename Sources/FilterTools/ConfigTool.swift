import ArgumentParser
import ByteStream
import Hashing
import OCI
import ToolSupport

/// `oci-config`: edits the config of images.
public struct ConfigTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-config",
        abstract: "Edit the config of images: command, environment, user, labels.",
        usage: "oci-config [<options>]",
        discussion: """
            Reads image lines from stdin and writes them to stdout with the changed config. \
            Changes are made in this order: --patch, --clear, --unset-env, the options that set a \
            field, --history. A config that does not change keeps its digest. A COMMAND is a JSON \
            array of strings, or else a line for the image's shell, as in a Dockerfile.

            Example:
              oci-config --cmd '["node","server.js"]' --env NODE_ENV=production \\
                --user 1000:1000 <image.json >app.json
            """,
        version: Version.text)

    @OptionGroup(title: "Config options") var options: ConfigOptions
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        let edit = try options.edit(console)
        try ImageLines.map(console) { image, _ in
            let original = try image.config()
            var config = original
            try config.apply(edit)
            if config == original { return }
            image.setConfig(config)
            if try config.platform() != original.platform() { image.manifest.forgetEntryPlatform() }
        }
    }
}
