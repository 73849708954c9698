import ArgumentParser
import ByteStream
import ImageStore
import ToolSupport

/// `oci-login`: credentials of a registry, for every tool that reads containers' or Docker's files.
public struct LoginTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-login",
        abstract: "Store the credentials of a registry, or remove them.",
        usage: "oci-login [<options>] <registry>",
        discussion: """
            Reads the password from stdin and stores it when the registry has accepted it: in the \
            file that has credentials of the registry, else in the first that is there, or with \
            the helper that the file names. Nothing is written to stdout.

            REGISTRY is HOST[:PORT], or HOST[:PORT]/PATH for the repositories below PATH.

            Example:
              oci-login ghcr.io --username alice <token
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("The registry.", valueName: "registry"))
    var server: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The user.", valueName: "name"))
    var username: String?

    @Flag(help: "Remove the credentials, from every file that has some.")
    var logout = false

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if logout == (username != nil) {
            throw ValidationError(
                logout ? "--username and --logout exclude each other" : "no --username")
        }
    }

    public func execute(_ console: Console) throws {
        if let username {
            let password = try Password(
                from: console.standardInput(expecting: "the password"))
            let file = try registry.withStore(console) { store in
                try store.login(server, user: username, password: password.text)
            }
            console.trace("stored by \(file.quoted)")
        } else {
            let files = try registry.withStore(console) { try $0.logout(server) }
            for file in files { console.trace("removed from \(file.quoted)") }
            if files.isEmpty { console.warn("no credentials of '\(server)'") }
        }
    }
}

/// A password as it is piped: one line, whose newline is not part of it.
struct Password {
    private static let byteLimit = 64 << 10

    let text: String

    /// - Throws: `InputError`, none of which says anything of the password; `StreamError.read`.
    init(from input: InputStream) throws {
        guard var bytes = try input.readAll(limit: Password.byteLimit) else {
            throw InputError.tooLarge(input.path, limit: Password.byteLimit)
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        if bytes.isEmpty { throw InputError.empty(input.path) }
        guard let text = String(validating: bytes, as: UTF8.self),
            !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { throw InputError.refused("what came on \(input.path.quoted) is no password") }
        self.text = text
    }
}
