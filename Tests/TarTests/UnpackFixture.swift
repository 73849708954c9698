import ByteStream
import Glibc
import Testing

@testable import Tar

/// A directory that layers are unpacked into; removed at the end of the test.
final class UnpackFixture {
    let path: Path

    init() throws {
        var template = Array("/tmp/ocinoco-tests.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno.current }
        path = Path(template.dropLast().map { UInt8(bitPattern: $0) })
    }

    deinit {
        Self.remove(path)
    }

    private static func remove(_ path: Path) {
        if path.withCString({ unlink($0) }) == 0 { return }
        _ = path.withCString { chmod($0, 0o700) }
        for name in (try? Directory.names(in: path)) ?? [] { remove(path.appending(name)) }
        _ = path.withCString { rmdir($0) }
    }

    /// Applies one layer.
    ///
    /// - Returns: the warnings.
    @discardableResult
    func apply(
        _ entries: [Entry], ownership: TreeExtractor.Ownership = .recorded,
        resolvesByKernel: Bool = true
    ) throws -> [String] {
        try apply(
            archive: entries.flatMap(\.bytes) + [UInt8](repeating: 0, count: 1024),
            ownership: ownership, resolvesByKernel: resolvesByKernel)
    }

    /// Applies one layer.
    ///
    /// - Returns: the warnings.
    @discardableResult
    func apply(
        archive: [UInt8], ownership: TreeExtractor.Ownership = .recorded,
        resolvesByKernel: Bool = true, nameLimit: Int = UnpackedNames.countLimit
    ) throws -> [String] {
        var warnings: [String] = []
        let extractor = try TreeExtractor(
            path, ownership: ownership, resolvesByKernel: resolvesByKernel,
            nameLimit: nameLimit, warn: { warnings.append($0) })
        try extractor.apply(MemorySource(archive), path: "test")
        return warnings
    }

    /// Every file below: `d/`, `f=TEXT`, `l>TARGET`, in byte order.
    var listing: [String] {
        get throws { try list("").sorted() }
    }

    private func list(_ directory: Path) throws -> [String] {
        var result: [String] = []
        for name in try Directory.names(in: path.appending(directory)) {
            let inner = directory.appending(name)
            let status = try status(inner)
            switch status.st_mode & S_IFMT {
            case S_IFDIR: result += ["\(inner)/"] + (try list(inner))
            case S_IFLNK: result.append("\(inner)>\(try target(inner))")
            case S_IFREG:
                let bytes = try InputStream.readFile(path.appending(inner), limit: 1 << 20)
                result.append("\(inner)=\(String(decoding: bytes, as: UTF8.self))")
            default: result.append("\(inner)?")
            }
        }
        return result
    }

    func status(_ name: Path) throws -> stat {
        var status = stat()
        guard path.appending(name).withCString({ lstat($0, &status) }) == 0 else {
            throw Errno.current
        }
        return status
    }

    private func target(_ name: Path) throws -> Path {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = path.appending(name).withCString { readlink($0, &bytes, bytes.count) }
        guard count >= 0 else { throw Errno.current }
        return Path(bytes[..<count].map { UInt8(bitPattern: $0) })
    }

    /// An entry and its data.
    struct Entry {
        var header: TarEntry
        var data: [UInt8]

        var bytes: [UInt8] {
            HeaderEncoder.encode(header) + data
                + [UInt8](repeating: 0, count: tarPadding(after: UInt64(data.count)))
        }

        static func file(_ path: String, _ text: String = "", mode: UInt32 = 0o644) -> Entry {
            var header = TarEntry(
                kind: .file, path: Array(path.utf8), mode: mode, size: UInt64(text.utf8.count))
            header.modificationTime = 1000
            return Entry(header: header, data: Array(text.utf8))
        }

        static func directory(_ path: String, mode: UInt32 = 0o755) -> Entry {
            var header = TarEntry(kind: .directory, path: Array(path.utf8), mode: mode)
            header.modificationTime = 2000
            return Entry(header: header, data: [])
        }

        static func link(
            _ path: String, _ target: String, kind: TarEntry.Kind = .symbolicLink
        ) -> Entry {
            var header = TarEntry(kind: kind, path: Array(path.utf8), mode: 0o777)
            header.linkTarget = Array(target.utf8)
            header.modificationTime = 3000
            return Entry(header: header, data: [])
        }
    }
}

extension UnpackFixture {
    /// What the expectations unpack first.
    static let lower: [Entry] = [
        .directory("d"), .file("d/old", "1"), .directory("d/sub"), .file("d/sub/old", "2"),
        .file("f", "3"), .link("l", "d"),
    ]

    /// Applies `upper` over `lower`, with both resolvers, and twice.
    static func expect(
        _ upper: [Entry], makes expected: [String], location: SourceLocation = #_sourceLocation
    ) throws {
        for resolvesByKernel in [true, false] {
            let fixture = try UnpackFixture()
            try fixture.apply(lower, resolvesByKernel: resolvesByKernel)
            try fixture.apply(upper, resolvesByKernel: resolvesByKernel)
            #expect(try fixture.listing == expected.sorted(), sourceLocation: location)
            try fixture.apply(lower, resolvesByKernel: resolvesByKernel)
            try fixture.apply(upper, resolvesByKernel: resolvesByKernel)
            #expect(try fixture.listing == expected.sorted(), sourceLocation: location)
        }
    }

    /// Applies `upper` over `lower`, which must fail with a message that contains `problem`.
    static func expectRefusal(
        _ upper: [Entry], _ problem: String, location: SourceLocation = #_sourceLocation
    ) throws {
        for resolvesByKernel in [true, false] {
            let fixture = try UnpackFixture()
            try fixture.apply(lower)
            do {
                try fixture.apply(upper, resolvesByKernel: resolvesByKernel)
                Issue.record("not refused", sourceLocation: location)
            } catch let error as TarError {
                #expect(error.exitStatus == .dataError, sourceLocation: location)
                #expect(
                    error.message.contains(problem), "\(error.message)", sourceLocation: location)
            }
        }
    }
}
