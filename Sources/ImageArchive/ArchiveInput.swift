import ByteStream
import Layer
import Tar

/// The tar of an archive, which may be compressed as a whole.
enum ArchiveInput {
    /// Formats that other programs decompress, by their first bytes.
    private static let others: [(magic: [UInt8], format: String, command: String)] = [
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz", "xz -dc"),
        (Array("BZh".utf8), "bzip2", "bzip2 -dc"),
        ([0x04, 0x22, 0x4D, 0x18], "lz4", "lz4 -dc"),
    ]

    /// - Throws: `ArchiveError.compressed` for a format that is not supported; `StreamError`.
    static func tar(_ input: InputStream) throws -> any ByteSource {
        var head: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: tarBlockByteCount, alignment: 16)
        defer { buffer.deallocate() }
        while head.count < tarBlockByteCount {
            let space = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<(tarBlockByteCount - head.count)])
            let count = try input.read(into: space)
            if count == 0 { break }
            head += space[..<count]
        }
        let whole = PrefixedSource(head, input)
        if isTarHeader(head) { return whole }
        for other in others where head.starts(with: other.magic) {
            throw ArchiveError.compressed(
                path: input.path, format: other.format, command: other.command)
        }
        return try DecompressedStream(whole, head: head, path: input.path) ?? whole
    }
}
