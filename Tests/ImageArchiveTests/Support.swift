import ByteStream
import Glibc
import Hashing
import ImageStore
import OCI
import TestSupport

@testable import Tar

/// An entry of a tar, and its data.
struct Member {
    var entry: TarEntry
    var data: [UInt8] = []

    static func file(_ path: String, _ data: [UInt8]) -> Member {
        Member(
            entry: TarEntry(
                kind: .file, path: Array(path.utf8), mode: 0o644, size: UInt64(data.count)),
            data: data)
    }

    static func file(_ path: String, _ text: String) -> Member { file(path, Array(text.utf8)) }

    static func link(
        _ path: String, to target: String, kind: TarEntry.Kind = .symbolicLink
    ) -> Member {
        var entry = TarEntry(kind: kind, path: Array(path.utf8), mode: 0o777)
        entry.linkTarget = Array(target.utf8)
        return Member(entry: entry)
    }
}

/// A tar of the members, with its end.
func tar(_ members: [Member]) -> [UInt8] {
    members.flatMap { member in
        let padding = (512 - member.data.count % 512) % 512
        return HeaderEncoder.encode(member.entry) + member.data
            + [UInt8](repeating: 0, count: padding)
    } + [UInt8](repeating: 0, count: 1024)
}

/// Keeps the digests of its blobs, in the order in which they arrived.
final class MemoryWriter: BlobWriter, @unchecked Sendable {
    private let lock = Lock()
    // Guarded by the lock.
    private var stored: [Digest] = []

    var digests: [Digest] { lock.withLock { stored } }

    func writeBlob(
        _ source: any BlobSource, mountFrom repositories: [String]
    ) throws -> BlobIdentity {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 1)
        defer { buffer.deallocate() }
        while try source.read(into: buffer) > 0 {}
        lock.withLock { stored.append(source.identity.digest) }
        return source.identity
    }
}
