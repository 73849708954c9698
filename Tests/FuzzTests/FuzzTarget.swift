import ByteStream
import Glibc

/// A parser of untrusted bytes, and the properties that must hold for all of them.
struct FuzzTarget: Sendable {
    let name: String
    /// Reads the bytes. Refusing them is no failure; `Broken` is, and so is a trap.
    let check: @Sendable ([UInt8]) throws -> Void
}

/// Every parser of untrusted bytes, in the order of the modules.
let fuzzTargets: [FuzzTarget] = [
    FuzzTarget(name: "tar", check: checkTar),
    FuzzTarget(name: "unpack", check: checkUnpacking),
    FuzzTarget(name: "dockerignore", check: checkExcludePatterns),
    FuzzTarget(name: "layer", check: checkLayer),
    FuzzTarget(name: "chunked", check: checkChunked),
    FuzzTarget(name: "table", check: checkTable),
    FuzzTarget(name: "mtree", check: checkSnapshot),
    FuzzTarget(name: "json", check: checkJSON),
    FuzzTarget(name: "documents", check: checkDocuments),
    FuzzTarget(name: "dockerfile", check: checkDockerfile),
    FuzzTarget(name: "script", check: checkScript),
    FuzzTarget(name: "image", check: checkImage),
    FuzzTarget(name: "runtime-config", check: checkRuntimeConfig),
    FuzzTarget(name: "reference", check: checkReference),
    FuzzTarget(name: "challenge", check: checkChallenge),
    FuzzTarget(name: "headers", check: checkHeaders),
    FuzzTarget(name: "archive", check: checkArchive),
    FuzzTarget(name: "listing", check: checkListing),
    FuzzTarget(name: "signatures", check: checkSignatures),
    FuzzTarget(name: "keys", check: checkKeys),
]

/// A property that does not hold.
struct Broken: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

func expect(_ condition: Bool, _ property: @autoclosure () -> String) throws(Broken) {
    if !condition { throw Broken(property()) }
}

/// The result of a reader.
enum Outcome<Value: Equatable>: Equatable {
    case accepted(Value)
    case refused(ExitStatus, String)

    var value: Value? {
        switch self {
        case .accepted(let value): value
        case .refused: nil
        }
    }

    var isRefused: Bool { value == nil }
}

/// Runs a reader. It may refuse bad data; no bytes may cause an internal or a system error.
func outcome<Value>(_ body: () throws -> Value) throws -> Outcome<Value> {
    do {
        return .accepted(try body())
    } catch let broken as Broken {
        throw broken
    } catch let failure as any Failure {
        let allowed: [ExitStatus] = [.dataError, .unavailable, .usage]
        try expect(
            allowed.contains(failure.exitStatus),
            "refused with status \(failure.exitStatus): \(failure.message)")
        return .refused(failure.exitStatus, failure.message)
    } catch {
        return .refused(.dataError, "\(error)")
    }
}

/// A source that returns a few bytes at a time.
final class ChunkedSource: ByteSource {
    private let bytes: [UInt8]
    private let sizes: [Int]
    private var offset = 0
    private var count = 0

    /// - Parameter sizes: of the pieces, repeated; empty for all bytes at once.
    init(_ bytes: [UInt8], sizes: [Int]) {
        self.bytes = bytes
        self.sizes = sizes
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let size = sizes.isEmpty ? Int.max : sizes[count % sizes.count]
        let part = bytes[offset..<min(bytes.count, offset + min(size, buffer.count))]
        buffer.copyBytes(from: part)
        offset += part.count
        count += 1
        return part.count
    }

    /// Sizes of pieces; the result must not depend on them.
    static func cuts(of bytes: [UInt8]) -> [[Int]] {
        let some = Int(bytes.first ?? 0) + 1
        return [[], [bytes.count < 4096 ? 1 : 61], [some, 512, 3]]
    }
}

/// Calls `body` with each piece of the bytes.
func forEachPiece(
    of bytes: [UInt8], sizes: [Int], _ body: (UnsafeRawBufferPointer) throws -> Void
) throws {
    let source = ChunkedSource(bytes, sizes: sizes)
    let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: max(1, bytes.count), alignment: 1)
    defer { buffer.deallocate() }
    while true {
        let count = source.read(into: buffer)
        if count == 0 { return }
        // Of the exact length, so that a sanitizer finds reads beyond the end.
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { piece.deallocate() }
        piece.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        try body(UnsafeRawBufferPointer(piece))
    }
}

/// Calls `body` with the bytes as an open file.
func withFile<Result>(of bytes: [UInt8], _ body: (InputStream) throws -> Result) throws -> Result {
    var template = Array("/tmp/ocinoco-fuzz.XXXXXX".utf8CString)
    let number = mkstemp(&template)
    guard number >= 0 else { throw Errno.current }
    unlink(template)
    let descriptor = FileDescriptor(rawValue: number)
    defer { close(number) }
    try descriptor.writeAll(bytes)
    lseek(number, 0, SEEK_SET)
    return try body(InputStream(descriptor, path: "fuzz"))
}

/// Splits at zero bytes into `count` parts; those that are missing are empty.
func parts(of bytes: [UInt8], _ count: Int) -> [[UInt8]] {
    var parts = bytes.split(separator: 0, maxSplits: count - 1, omittingEmptySubsequences: false)
        .map(Array.init)
    while parts.count < count { parts.append([]) }
    return parts
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
