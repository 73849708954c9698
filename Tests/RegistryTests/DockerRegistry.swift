import ByteStream
import Glibc
import OCI
import Testing

@testable import Registry

/// A real registry on a free port of this machine; it ends with its owner.
final class DockerRegistry: Sendable {
    let authority: String
    let directory: TemporaryDirectory
    private let process: pid_t

    /// - Parameter extra: lines that are added to its configuration.
    init(extra: String = "", http: String = "", directory: TemporaryDirectory? = nil) throws {
        let directory = try directory ?? TemporaryDirectory()
        self.directory = directory
        let port = try freePort()
        authority = "127.0.0.1:\(port)"
        let configuration = """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage:
              filesystem: {rootdirectory: \(directory.path)/data}
              delete: {enabled: true}
            http:
              addr: 127.0.0.1:\(port)
              secret: not-a-secret
            \(http)
            \(extra)
            """
        try directory.write("config.yml", configuration)
        process = try start(
            ["docker-registry", "serve", "\(directory.path)/config.yml"],
            log: "\(directory.path)/log")
        try waitForPort(port)
    }

    deinit {
        kill(process, SIGKILL)
        var status: CInt = 0
        waitpid(process, &status, 0)
    }

    func client(
        retries: Int = 2, _ edit: (inout RegistryOptions) -> Void = { _ in }
    ) throws -> RegistryClient {
        try testClient(retries: retries, edit)
    }

    func repository(_ path: String, _ client: RegistryClient? = nil) throws -> RegistryRepository {
        try (client ?? self.client()).repository(
            RegistryReference("\(authority)/\(path)"))
    }
}

/// A client that does not use the credentials of the user who runs the tests, and never waits.
func testClient(
    retries: Int = 3, environment: Environment = Environment([:]),
    _ edit: (inout RegistryOptions) -> Void = { _ in },
    sleep: @escaping @Sendable (Duration) throws(TransportFailure) -> Void = { _ in }
) throws -> RegistryClient {
    var options = RegistryOptions()
    edit(&options)
    var policy = RetryPolicy(limit: retries)
    policy.sleep = sleep
    policy.jitter = { 0 }
    return try RegistryClient(options, policy: policy, environment: environment)
}

final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/registry-tests.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno.current }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        _ = try? run(["rm", "-rf", path])
    }

    func write(_ name: String, _ text: String, mode: UInt32 = 0o644) throws {
        let file = try OwnedDescriptor(
            Path("\(path)/\(name)"), flags: O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode: mode)
        try withExtendedLifetime(file) { try file.descriptor.writeAll(Array(text.utf8)) }
    }

    func read(_ name: String) throws -> [UInt8] {
        let file = Path("\(path)/\(name)")
        return try InputStream(OwnedDescriptor(reading: file), path: file).readAll(limit: 1 << 30)
            ?? []
    }
}

/// Starts a program found by PATH; its output goes to `log`.
func start(_ arguments: [String], log: String) throws -> pid_t {
    var strings = arguments.map { strdup($0) }
    defer { for string in strings { free(string) } }
    strings.append(nil)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var process: pid_t = 0
    var environment: [UnsafeMutablePointer<CChar>?] = [
        strdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), nil,
    ]
    defer { free(environment[0]) }
    let error = posix_spawnp(&process, arguments[0], &actions, nil, strings, &environment)
    guard error == 0 else { throw Errno(rawValue: error) }
    return process
}

/// Runs a program to its end; it must succeed.
@discardableResult
func run(_ arguments: [String]) throws -> [UInt8] {
    let result = try ChildProcess.run(
        Path(arguments[0]), arguments: arguments.dropFirst().map { Path($0) }, input: [],
        outputLimit: 1 << 24)
    try #require(result.status == 0, "\(arguments)")
    return result.output
}

/// A port that nothing listens on, and that the kernel does not assign.
func freePort() throws -> UInt16 {
    for _ in 0..<100 {
        let port = UInt16.random(in: 10_000..<32_000)
        if let (descriptor, _) = try? listen(backlog: nil, port: port) {
            close(descriptor)
            return port
        }
    }
    throw Errno(rawValue: EADDRINUSE)
}

/// A socket bound to a port of the loopback address, or to any free port for 0.
func listen(backlog: CInt?, port: UInt16 = 0) throws -> (CInt, UInt16) {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var one: CInt = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
    var address = loopback(port)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            let bound = bind(descriptor, $0, size)
            if bound == 0, let backlog { _ = Glibc.listen(descriptor, backlog) }
            return bound == 0 ? getsockname(descriptor, $0, &size) : bound
        }
    }
    guard status == 0 else {
        let error = Errno.current
        close(descriptor)
        throw error
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
}

func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}

func waitForPort(_ port: UInt16) throws {
    for _ in 0..<500 {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = loopback(port)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if status == 0 { return }
        usleep(20_000)
    }
    throw Errno(rawValue: ETIMEDOUT)
}
