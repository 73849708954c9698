import ArgumentParser
import ByteStream
import ImageStore
import ToolSupport

/// `oci-login`: stores the credentials of a registry, in containers' or Docker's files.
public struct LoginTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-login",
        abstract: "Store the credentials of a registry, or remove them.",
        usage: "oci-login [<options>] <registry>",
        discussion: """
            Reads the password from stdin, or prompts for it on a terminal without showing it, and \
            stores it when the registry accepts it. The file that has credentials of this registry \
            gets it, else the first file that exists, or the credential helper that this file \
            names. Nothing is written to stdout.

            REGISTRY is HOST[:PORT], or HOST[:PORT]/PATH for repositories below PATH only.

            Example:
              oci-login --username robot ghcr.io <token
            """,
        version: Version.text)

    @Argument(help: ArgumentHelp("The registry.", valueName: "registry"))
    var server: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("User name.", valueName: "name"),
        transform: ArgumentText.text)
    var username: String?

    @Flag(help: "Remove the credentials from every file that has them.")
    var logout = false

    @Flag(help: "Ask the registry whether it accepts the stored credentials; store nothing.")
    var check = false

    @OptionGroup(title: "Registry options") var registry: RegistryArguments
    @OptionGroup public var common: CommonOptions

    public init() {}

    public func validate() throws {
        if [logout, check, username != nil].count(where: { $0 }) > 1 {
            throw ValidationError("--username, --logout and --check exclude each other")
        }
        if !logout && !check && username == nil { throw ValidationError("no --username") }
    }

    public func execute(_ console: Console) throws {
        if check {
            try registry.withStore(console) { try $0.checkLogin(server) }
        } else if let username {
            Interruption.arm()
            let password = try Password.read(for: "\(username) at \(server)", console)
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

/// A password from one line, without its newline.
struct Password {
    private static let byteLimit = 64 << 10

    let text: String

    /// Reads it from stdin, or prompts for it when stdin is a terminal.
    ///
    /// - Throws: as `init(from:)`.
    static func read(for whom: String, _ console: Console) throws -> Password {
        guard FileDescriptor.standardInput.isTerminal else {
            return try Password(from: InputStream())
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { buffer.deallocate() }
        let count: Int?
        do throws(Errno) {
            count = try Terminal.readSecretLine(prompt: "password of \(whom): ", into: buffer)
        } catch {
            throw StreamError.read(path: "/dev/tty", error)
        }
        guard let count else {
            throw InputError.terminal(toolName: console.toolName, expected: "the password")
        }
        if count > buffer.count { throw InputError.tooLarge("/dev/tty", limit: buffer.count) }
        return try Password(Array(buffer[..<count]), path: "/dev/tty")
    }

    /// - Throws: `InputError`, without any part of the password; `StreamError.read`.
    init(from input: InputStream) throws {
        guard let bytes = try input.readAll(limit: Password.byteLimit) else {
            throw InputError.tooLarge(input.path, limit: Password.byteLimit)
        }
        try self.init(bytes, path: input.path)
    }

    private init(_ line: [UInt8], path: Path) throws(InputError) {
        var bytes = line
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        if bytes.isEmpty { throw .empty(path) }
        guard let text = String(validating: bytes, as: UTF8.self),
            !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { throw .refused("what came on \(path.quoted) is no password") }
        self.text = text
    }
}
