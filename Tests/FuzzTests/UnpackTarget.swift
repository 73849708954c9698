import ByteStream
import Glibc

@testable import Tar

/// Two layers are unpacked into one directory and change nothing beside it.
@Sendable func checkUnpacking(_ input: [UInt8]) throws {
    let bytes = repaired(input)
    let half = bytes.count / 1024 * 512
    let place = try Playground()
    defer { place.remove() }
    for layer in [Array(bytes[..<half]), Array(bytes[half...]), bytes] {
        do throws(TarError) {
            let extractor = try TreeExtractor(place.inside, ownership: .recorded) { _ in }
            try extractor.apply(ChunkedSource(layer, sizes: []), path: "fuzz", isEndProved: true)
        } catch {
            try expect(
                [.dataError, .cannotCreateOutput].contains(error.exitStatus), error.message)
        }
        try expect(try place.isUntouched, "something beside the directory changed")
    }
}

/// A directory to unpack into, with files beside it that entries may try to reach.
private struct Playground {
    let path: Path
    var inside: Path { path.appending("inside") }
    private var canary: Path { path.appending("canary") }

    init() throws {
        // The names occur in the seeds and the dictionary.
        var template = Array("/tmp/ocinoco-fuzz.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno.current }
        path = Path(template.dropLast().map { UInt8(bitPattern: $0) })
        _ = inside.withCString { mkdir($0, 0o755) }
        _ = Path("../canary").withCString { target in
            inside.appending("out").withCString { symlink(target, $0) }
        }
        _ = Path("..").withCString { target in
            inside.appending("up").withCString { symlink(target, $0) }
        }
        let file = try OwnedDescriptor(canary, flags: O_WRONLY | O_CREAT, mode: 0o600)
        try withExtendedLifetime(file) { try file.descriptor.writeAll(Array("canary".utf8)) }
    }

    var isUntouched: Bool {
        get throws {
            var status = stat()
            guard canary.withCString({ lstat($0, &status) }) == 0 else { return false }
            return try status.st_mode == S_IFREG | 0o600 && status.st_nlink == 1
                && status.st_uid == geteuid()
                && Set(Directory.names(in: path)) == ["canary", "inside"]
                && InputStream.readFile(canary, limit: 100) == Array("canary".utf8)
        }
    }

    func remove() { remove(path) }

    private func remove(_ path: Path) {
        if path.withCString({ unlink($0) }) == 0 { return }
        _ = path.withCString { chmod($0, 0o700) }
        for name in (try? Directory.names(in: path)) ?? [] { remove(path.appending(name)) }
        _ = path.withCString { rmdir($0) }
    }
}
