import ByteStream
import Glibc
import TestSupport

@testable import Tar

func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }

func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

/// A header block of the texts of its fields, with the given checksum.
func block(_ fields: [(offset: Int, text: [UInt8])]) -> [UInt8] {
    var block = zeros(512)
    for field in fields {
        block.replaceSubrange(field.offset..<(field.offset + field.text.count), with: field.text)
    }
    return block
}

/// A header as other tools write it, with a right checksum.
struct ForeignHeader {
    enum Format {
        case v7
        case ustar
        case gnu
    }

    var format = Format.ustar
    var name = ascii("file")
    var type = UInt8(ascii: "0")
    var mode = ascii("0000644\0")
    var uid = ascii("0000000\0")
    var gid = ascii("0000000\0")
    var size = ascii("00000000000\0")
    var time = ascii("00000000000\0")
    var linkTarget: [UInt8] = []
    var more: [(offset: Int, text: [UInt8])] = []

    var bytes: [UInt8] {
        let magic =
            switch format {
            case .v7: ascii("")
            case .ustar: ascii("ustar\u{0}00")
            case .gnu: ascii("ustar  \u{0}")
            }
        return checksummed(
            block(
                [
                    (0, name), (100, mode), (108, uid), (116, gid), (124, size), (136, time),
                    (156, [type]), (157, linkTarget), (257, magic),
                ] + more))
    }

    func with(_ change: (inout ForeignHeader) -> Void) -> ForeignHeader {
        var header = self
        change(&header)
        return header
    }

    /// The header with data after it, and padding.
    func entry(_ data: [UInt8]) -> [UInt8] {
        var header = self
        header.size = octal(data.count)
        return header.bytes + padded(data)
    }
}

func octal(_ value: Int) -> [UInt8] {
    let digits = String(value, radix: 8)
    return ascii(String(repeating: "0", count: 11 - digits.count) + digits + "\0")
}

func padded(_ data: [UInt8]) -> [UInt8] { data + zeros((512 - data.count % 512) % 512) }

func checksummed(_ header: [UInt8]) -> [UInt8] {
    var header = header
    header.replaceSubrange(148..<156, with: ascii("        "))
    let sum = header.reduce(0) { $0 + Int($1) }
    let digits = String(sum, radix: 8)
    header.replaceSubrange(
        148..<156, with: ascii(String(repeating: "0", count: 6 - digits.count) + digits + "\0 "))
    return header
}

/// An extended header of a type, which applies to the next entry.
func extended(_ type: Character, _ data: [UInt8]) -> [UInt8] {
    ForeignHeader().with {
        $0.type = type.asciiValue ?? 0
        $0.name = ascii("././@LongLink")
    }.entry(data)
}

func paxRecords(_ records: [(String, [UInt8])]) -> [UInt8] {
    records.flatMap { key, value in
        var length = key.utf8.count + value.count + 3
        while length != String(length).count + key.utf8.count + value.count + 3 {
            length = String(length).count + key.utf8.count + value.count + 3
        }
        return ascii("\(length) \(key)=") + value + [0x0A]
    }
}

let endOfArchive = zeros(1024)

/// Calls `body` with an input that returns each piece in a read of its own.
func withInput<Result>(
    pieces: [[UInt8]], _ body: (InputStream) throws -> Result
) throws -> Result {
    var sockets: [CInt] = [-1, -1]
    let status = socketpair(AF_UNIX, CInt(SOCK_SEQPACKET.rawValue), 0, &sockets)
    precondition(status == 0)
    defer { close(sockets[0]) }
    // A thread of its own, as the tests' threads may all be busy.
    let writer = Unmanaged.passRetained(PieceWriter(pieces, to: sockets[1]))
    var thread = pthread_t()
    let started = pthread_create(&thread, nil, PieceWriter.run, writer.toOpaque())
    precondition(started == 0)
    pthread_detach(thread)
    return try body(InputStream(FileDescriptor(rawValue: sockets[0]), path: "the test"))
}

private final class PieceWriter {
    private let pieces: [[UInt8]]
    private let socket: CInt

    init(_ pieces: [[UInt8]], to socket: CInt) {
        self.pieces = pieces
        self.socket = socket
    }

    static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
        guard let argument = $0 else { return nil }
        Unmanaged<PieceWriter>.fromOpaque(argument).takeRetainedValue().write()
        return nil
    }

    private func write() {
        for piece in pieces {
            let count = piece.withUnsafeBytes {
                send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if count != piece.count { break }
        }
        close(socket)
    }
}

/// Entries in memory.
final class MemorySpace: EntrySpace {
    private(set) var bytes: [UInt8] = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: EntryEncoder.roomLimit, alignment: 16)

    deinit {
        buffer.deallocate()
    }

    func room(atLeast count: Int) -> UnsafeMutableRawBufferPointer {
        precondition(count <= buffer.count)
        return buffer
    }

    func accept(_ count: Int) { bytes += buffer[..<count] }
}

struct ReadEntry: Hashable {
    let entry: TarEntry
    let data: [UInt8]
}

func readEntries(_ input: InputStream) throws -> [ReadEntry] {
    var reader = TarReader(input)
    var entries: [ReadEntry] = []
    while let entry = try reader.next() {
        let space = MemorySpace()
        try reader.copyData(to: space)
        entries.append(ReadEntry(entry: entry, data: Array(space.bytes.prefix(Int(entry.size)))))
    }
    return entries
}

func readEntries(_ bytes: [UInt8]) throws -> [ReadEntry] {
    try withInput(bytes) { try readEntries($0) }
}

/// Follows pieces to their end.
func follow(pieces: [[UInt8]], isEndProved: Bool = false) throws(TarError) {
    var follower = TarFollower(path: "the test", isEndProved: isEndProved)
    for piece in pieces {
        try piece.withRawBytes { (bytes) throws(TarError) in try follower.update(bytes) }
    }
    try follower.finish()
}

func follow(_ bytes: [UInt8]) throws(TarError) { try follow(pieces: [bytes]) }

/// The output of a writer, with the end of the archive.
func written(
    _ policy: EntryPolicy = EntryPolicy(), warnings: (String) -> Void = { _ in },
    _ body: (TarWriter) throws -> Void
) throws -> [UInt8] {
    try bytesWritten { output in
        try withoutActuallyEscaping(warnings) { warnings in
            let writer = TarWriter(output, policy: policy, warn: warnings)
            try body(writer)
            try writer.finish()
        }
    }
}

/// An archive of every format and kind of entry that a reader knows.
let mixedArchive: [UInt8] = {
    let data = (0..<1300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var bytes = extended("g", paxRecords([("comment", ascii("0123456789abcdef"))]))
    bytes += ForeignHeader(format: .v7, name: ascii("old/"), type: 0).bytes
    bytes += ForeignHeader(format: .v7, name: ascii("old/file"), type: 0).entry(data)
    bytes += extended("L", ascii("long/" + String(repeating: "n", count: 300) + "\0"))
    bytes += extended("K", ascii("to/" + String(repeating: "t", count: 200) + "\0"))
    bytes += ForeignHeader(format: .gnu, name: ascii("cut"), type: UInt8(ascii: "2")).bytes
    bytes += extended("x", paxRecords([("path", ascii("päx")), ("mtime", ascii("12.75"))]))
    bytes += ForeignHeader(name: ascii("pax")).entry(Array(data.prefix(512)))
    bytes += ForeignHeader(name: ascii("empty")).entry([])
    bytes +=
        ForeignHeader(name: ascii("link"), type: UInt8(ascii: "1"))
        .with { $0.linkTarget = ascii("empty") }.bytes
    return bytes + endOfArchive
}()
