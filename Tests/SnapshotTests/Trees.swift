import ByteStream
import Glibc
import TestSupport
import Testing

@testable import Snapshot

extension TemporaryDirectory {
    func callAsFunction(_ name: String) -> Path { path.appending(Path(name)) }

    func write(_ name: String, _ text: String, time: Int = 1_600_000_000) throws {
        let file = try OwnedDescriptor(
            self(name), flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try withExtendedLifetime(file) { try file.descriptor.writeAll(Array(text.utf8)) }
        setTime(name, time)
    }

    func setTime(_ name: String, _ time: Int) {
        let times = [timespec(tv_sec: time, tv_nsec: 0), timespec(tv_sec: time, tv_nsec: 0)]
        self(name).withCString { path in
            _ = utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW)
        }
    }

    func directory(_ name: String) { self(name).withCString { _ = mkdir($0, 0o755) } }

    func link(_ old: String, _ new: String) {
        self(old).withCString { old in self(new).withCString { _ = Glibc.link(old, $0) } }
    }

    func remove(_ name: String) { self(name).withCString { _ = Glibc.remove($0) } }

    func rename(_ old: String, _ new: String) {
        self(old).withCString { old in self(new).withCString { _ = Glibc.rename(old, $0) } }
    }

    /// The snapshot of `name` as text.
    func snapshot(_ name: String, threads: Int? = nil) throws -> [UInt8] {
        let path = self("snapshot.\(UInt32.random(in: .min ... .max))")
        let file = try OwnedDescriptor(path, flags: O_RDWR | O_CREAT, mode: 0o600)
        try withExtendedLifetime(file) {
            try SnapshotWriter(self(name), threads: threads, warn: { _ in })
                .write(to: OutputBuffer(file.descriptor, path: path))
        }
        return try InputStream.readFile(path, limit: 1 << 20)
    }

    func changes(_ name: String, from snapshot: [UInt8], isFast: Bool = false) throws -> [String] {
        var comparison = TreeComparison()
        comparison.isFast = isFast
        return try comparison.changes(
            from: parse(snapshot), to: self(name), warn: { Issue.record("\($0)") }
        ).map(\.description)
    }

    func parse(_ text: [UInt8]) throws -> Snapshot {
        let file = try OwnedDescriptor(
            self("text.\(UInt32.random(in: .min ... .max))"), flags: O_RDWR | O_CREAT, mode: 0o600)
        return try withExtendedLifetime(file) {
            try file.descriptor.writeAll(text)
            lseek(file.rawValue, 0, SEEK_SET)
            return try Snapshot(InputStream(file.descriptor, path: "text"))
        }
    }
}
