import ArgumentParser
import ByteStream
import Glibc
import OCI
import ToolSupport

/// `oci-runtime-config`: what a runtime needs beside a root file system.
public struct RuntimeConfigTool: Tool {
    public static let configuration = CommandConfiguration(
        commandName: "oci-runtime-config",
        abstract: "Turn an image's config into the config.json of a runtime.",
        usage: "oci-runtime-config [<options>]",
        discussion: """
            Reads one image line from stdin and writes the config.json of a bundle to stdout, in \
            which the root file system is rootfs. Volumes become directories in memory.

            Example:
              oci-fetch ghcr.io/example/app:latest |
                oci-runtime-config --rootfs bundle/rootfs >bundle/config.json
            """,
        version: Version.text)

    @Option(
        help: ArgumentHelp(
            "Look for the names of users and groups in this root file system.", valueName: "dir"))
    var rootfs: Path?

    @Option(
        help: ArgumentHelp(
            "Run this in place of the image's command: a JSON array, else a line for /bin/sh.",
            valueName: "command"),
        transform: ArgumentText.parsing(CommandForm.init))
    var args: CommandForm?

    @Flag(inversion: .prefixedNo, help: "Give the program a terminal of its own.")
    var terminal = false

    @Flag(help: "Let the program change nothing in its root file system.")
    var readOnly = false

    @Option(help: "Name of the host in the container.", transform: ArgumentText.nonemptyText)
    var hostname = RuntimeConfig.Options().hostname

    @Flag(help: "For this user without the superuser: in a user namespace, where they are root.")
    var rootless = false

    @OptionGroup public var common: CommonOptions

    public init() {}

    public func execute(_ console: Console) throws {
        var options = RuntimeConfig.Options()
        options.arguments = args?.words(shell: ["/bin/sh", "-c"])
        options.hasTerminal = terminal
        options.isReadOnly = readOnly
        options.hostname = hostname
        if rootless { options.rootlessOwner = ProcessUser(uid: geteuid(), gid: getegid()) }
        let document = try ImageLines.readOne(console) { image in
            let config = try image.config()
            var user = try RootFileSystem(rootfs).user(config.user)
            if rootless, user != ProcessUser(uid: 0, gid: 0) {
                console.warn("user \(quote(config.user)) becomes root, the only one there is")
                user = ProcessUser(uid: 0, gid: 0)
            }
            return try RuntimeConfig(config, user: user, options: options).document
        }
        try OutputStream().write(document.serialized() + [UInt8(ascii: "\n")])
    }
}

/// The root file system whose users an image's config names.
private struct RootFileSystem {
    private static let fileLimit = 16 << 20

    private let path: Path?
    private let root: ConfinedRoot?

    /// - Throws: `StreamError.open`.
    init(_ path: Path?) throws(StreamError) {
        self.path = path
        do throws(Errno) {
            root = try path.map { (path) throws(Errno) in try ConfinedRoot(path) }
        } catch {
            throw .open(path: path ?? "/", error)
        }
    }

    /// - Throws: `InputError.refused` for a user who is not there; `StreamError`.
    func user(_ text: String) throws -> ProcessUser {
        let database = UserDatabase(
            passwd: try read("etc/passwd"), group: try read("etc/group"))
        do throws(ValueError) {
            return try database.resolve(text)
        } catch {
            let place = path.map { " of \($0.quoted)" } ?? "; --rootfs says where one is"
            throw InputError.refused("cannot find user \(quote(text)): \(error.problem)\(place)")
        }
    }

    /// A file of the root file system, wherever links in it lead to; empty when it is not there.
    private func read(_ name: Path) throws -> [UInt8] {
        guard let root, let path else { return [] }
        let subject = path.appending(name)
        let file: OwnedDescriptor
        do throws(Errno) {
            // Non-blocking: it may be a FIFO.
            file = try root.open(name, flags: O_RDONLY | O_NONBLOCK)
        } catch .noEntry {
            return []
        } catch {
            throw StreamError.open(path: subject, error)
        }
        let input = InputStream(file, path: subject)
        guard let bytes = try input.readAll(limit: Self.fileLimit) else {
            throw InputError.tooLarge(subject, limit: Self.fileLimit)
        }
        return bytes
    }
}
