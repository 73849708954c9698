import ByteStream
import Glibc

/// A directory that is removed at the end of the test.
public final class TemporaryDirectory: Sendable {
    public let path: Path

    public init() throws {
        var template = Array("/tmp/ocinoco-tests.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno.current }
        path = Path(template.dropLast().map { UInt8(bitPattern: $0) })
    }

    deinit {
        remove(path)
    }

    private func remove(_ path: Path) {
        if path.withCString({ unlink($0) }) == 0 { return }
        for name in (try? Directory.names(in: path)) ?? [] { remove(path.appending(name)) }
        _ = path.withCString { rmdir($0) }
    }

    public func read(_ name: Path) throws -> [UInt8] {
        try InputStream.readFile(path.appending(name), limit: 1 << 30)
    }

    public func write(_ text: String, to name: Path) throws {
        let file = try AtomicFile(path.appending(name))
        try file.write(Array(text.utf8))
        try file.commit()
    }

    /// The paths of all files below, sorted.
    public func files(below name: Path = "") throws -> [String] {
        var result: [String] = []
        for entry in try Directory.names(in: path.appending(name)) {
            let inner = name.appending(entry)
            do {
                result += try files(below: inner)
            } catch let error as Errno where error == .notDirectory {
                result.append(inner.description)
            }
        }
        return result.sorted()
    }
}
