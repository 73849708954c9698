import ByteStream
import Glibc
import Hashing
import OCI

@testable import Tar

/// An entry with the digest of its data.
struct DigestedEntry: Equatable {
    let entry: TarEntry
    let data: Digest
}

/// The tar with correct header checksums, which a fuzzer cannot guess.
func repaired(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for start in stride(from: 0, to: bytes.count - tarBlockByteCount + 1, by: tarBlockByteCount) {
        let block = bytes[start..<(start + tarBlockByteCount)]
        // Digits or a magic in the fields make it a header. Data that looks like a header may
        // change.
        guard block[(start + 257)...].starts(with: "ustar".utf8) || block[start + 148] == 0x30
        else { continue }
        for index in (start + 148)..<(start + 156) { bytes[index] = 0x20 }
        let sum = bytes[start..<(start + tarBlockByteCount)].reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        let field = String(repeating: "0", count: 6 - digits.utf8.count) + digits + "\0 "
        bytes.replaceSubrange((start + 148)..<(start + 156), with: field.utf8)
    }
    return bytes
}

/// The bytes unchanged, and repaired if that makes a difference.
func asTars(_ bytes: [UInt8]) -> [[UInt8]] {
    let repaired = repaired(bytes)
    return repaired == bytes ? [bytes] : [bytes, repaired]
}

func entries(
    of bytes: [UInt8], sizes: [Int], isEndProved: Bool = false
) throws(TarError) -> [DigestedEntry] {
    var reader = TarReader(
        ChunkedSource(bytes, sizes: sizes), path: "fuzz", isEndProved: isEndProved)
    var entries: [DigestedEntry] = []
    while let entry = try reader.next() {
        let digest = StreamingDigest()
        // A few bytes can declare a hole that is too large to be hashed.
        try reader.readData(
            hole: { (count) throws(TarError) in
                withUnsafeBytes(of: count) { digest.update($0) }
            },
            { (bytes) throws(TarError) in digest.update(bytes) })
        entries.append(DigestedEntry(entry: entry, data: digest.finalize()))
    }
    return entries
}

func follow(_ bytes: [UInt8], sizes: [Int]) throws {
    var follower = TarFollower(path: "fuzz", isEndProved: true)
    try forEachPiece(of: bytes, sizes: sizes) { try follower.update($0) }
    try follower.finish()
}

@Sendable func checkTar(_ input: [UInt8]) throws {
    for bytes in asTars(input) {
        let read = try outcome { try entries(of: bytes, sizes: []) }
        let followed = try outcome {
            try follow(bytes, sizes: [])
            return true
        }
        for sizes in ChunkedSource.cuts(of: bytes).dropFirst() {
            let other = try outcome { try entries(of: bytes, sizes: sizes) }
            try expect(other == read, "read in pieces of \(sizes): \(other), else \(read)")
            let otherFollowed = try outcome {
                try follow(bytes, sizes: sizes)
                return true
            }
            try expect(
                otherFollowed == followed,
                "followed in pieces of \(sizes): \(otherFollowed), else \(followed)")
        }
        guard let found = read.value else { continue }
        // The check of a layer and the unpacking of it must see the same entries.
        try expect(!followed.isRefused, "read, but followed: \(followed)")
        let proved = try outcome { try entries(of: bytes, sizes: [], isEndProved: true) }
        try expect(proved == read, "with its end proved: \(proved), else \(read)")
        for entry in found.prefix(4) { try checkHeader(of: entry.entry) }
        try checkRewriting(bytes)
    }
}

/// What is encoded is read back unchanged.
private func checkHeader(of entry: TarEntry) throws {
    var entry = entry
    entry.modificationNanoseconds = 0
    var header = HeaderEncoder.encode(entry)
    // In place of the data, which a header does not need.
    header += [UInt8](repeating: 0, count: 1024)
    var reader = TarReader(MemorySource(header), path: "encoded")
    let decoded = try reader.next()
    try expect(decoded == entry, "encoded: \(entry), decoded: \(String(describing: decoded))")
    _ = try? reader.skipData()
}

/// A rewritten tar is complete, and rewriting it again changes nothing.
private func checkRewriting(_ bytes: [UInt8]) throws {
    let once = try outcome { try rewritten(bytes) }
    guard let once = once.value else { return }
    try follow(once, sizes: [])
    let twice = try outcome { try rewritten(once) }
    try expect(twice.value == once, "rewritten twice: \(twice)")
}

private func rewritten(_ bytes: [UInt8]) throws -> [UInt8] {
    try withFile(of: []) { file in
        let output = OutputBuffer(file.descriptor, path: file.path, capacity: 1 << 20)
        var policy = EntryPolicy()
        policy.keepsOwner = true
        policy.time = .keep(latest: nil)
        policy.keepsExtendedAttributes = true
        let writer = TarWriter(output, policy: policy) { _ in }
        try withFile(of: bytes) { try writer.rewrite($0, ArchiveRequest()) }
        try writer.finish()
        lseek(file.descriptor.rawValue, 0, SEEK_SET)
        guard let bytes = try file.readAll(limit: 64 << 20) else {
            throw Broken("a rewritten tar of more than 64 MiB")
        }
        return bytes
    }
}

@Sendable func checkExcludePatterns(_ input: [UInt8]) throws {
    let parts = parts(of: input, 2)
    // Names of a tree have no zero bytes and no empty components.
    let components = parts[1].filter { $0 != 0 }.split(separator: UInt8(ascii: "/"))
    let name = Array(components.joined(separator: [UInt8(ascii: "/")]))
    var patterns = ExcludePatterns()
    let isRead = try outcome {
        try patterns.add(lines: parts[0])
        return true
    }
    guard !isRead.isRefused, !name.isEmpty else { return }
    let isExcluded = patterns.excludes(name)
    if isExcluded, !patterns.hasExceptions {
        try expect(
            patterns.excludes(name + Array("/below".utf8)), "what is in an excluded directory")
    }
    // The escaped form of a name matches the name. Letters and digits need no escape and would
    // become special with a backslash. White space at the ends is skipped, and so is a byte order
    // mark at the beginning, as Docker does.
    var literal = ExcludePatterns()
    let scalars = text(name).unicodeScalars
    guard let first = scalars.first, let last = scalars.last, !first.properties.isWhitespace,
        !last.properties.isWhitespace, first != "\u{FEFF}",
        !components.contains(where: { $0.elementsEqual(".".utf8) }),
        !components.contains(where: { $0.elementsEqual("..".utf8) })
    else { return }
    let isWord: (UInt8) -> Bool = { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
    }
    try literal.add(
        name.flatMap { $0 < 0x80 && $0 != 0x2F && !isWord($0) ? [UInt8(ascii: "\\"), $0] : [$0] })
    try expect(literal.excludes(name), "a name is excluded by itself")
}
