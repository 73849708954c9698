import ByteStream
import Glibc

/// The lines of a snapshot: continued lines are joined; empty lines and comments other than
/// `OwnKeywords` are skipped.
final class SnapshotLines {
    /// The maximum size of a line: attributes of 64 KiB each, or a user file of 10 MiB, in base64.
    static let byteLimit = 16 << 20

    private let input: InputStream
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 256 << 10, alignment: 16)
    private var available: Range<Int> = 0..<0
    /// The part of an incomplete line read so far.
    private var text: [UInt8] = []
    /// The number of lines read so far.
    private(set) var number = 0

    init(_ input: InputStream) {
        self.input = input
    }

    deinit {
        buffer.deallocate()
    }

    /// Reads to the end and passes each line to `body`, without its newline and leading spaces;
    /// `number` is the number of its last line, from 1.
    func read(
        _ body: (UnsafeRawBufferPointer) throws(SnapshotError) -> Void
    ) throws(SnapshotError) {
        while let part = try readPart() {
            if part.isEnd, text.isEmpty, !isContinued(part.bytes) {
                try pass(part.bytes, to: body)
                continue
            }
            text += part.bytes
            guard text.count <= SnapshotLines.byteLimit else {
                throw .tooLarge(path: input.path, line: part.isEnd ? number : number + 1)
            }
            if !part.isEnd { continue }
            if text.withUnsafeBytes(isContinued) {
                text.removeLast()
                continue
            }
            let line = text
            text.removeAll(keepingCapacity: true)
            try line.withRawBytes { (line) throws(SnapshotError) in try pass(line, to: body) }
        }
        guard text.isEmpty else { throw .cut(path: input.path, line: number + 1) }
    }

    private func pass(
        _ line: UnsafeRawBufferPointer,
        to body: (UnsafeRawBufferPointer) throws(SnapshotError) -> Void
    ) throws(SnapshotError) {
        let content = UnsafeRawBufferPointer(
            rebasing: line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") })
        guard let first = content.first, first != UInt8(ascii: "#") || OwnKeywords.areIn(content)
        else { return }
        try body(content)
    }

    /// Whether a line ends with an odd number of backslashes; an even number are escaped
    /// backslashes.
    private func isContinued(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.last == UInt8(ascii: "\\") else { return false }
        return text.reversed().prefix { $0 == UInt8(ascii: "\\") }.count % 2 == 1
    }

    /// A part of a line, valid until the next call, and whether its newline followed; nil at the
    /// end of the input.
    private func readPart() throws(SnapshotError) -> (bytes: UnsafeRawBufferPointer, isEnd: Bool)? {
        if available.isEmpty {
            do {
                available = 0..<(try input.read(into: buffer))
            } catch {
                throw .stream(error)
            }
            if number == 0, text.isEmpty,
                let format = InputFormat(firstBytes: buffer[available]), format != .snapshot
            {
                throw .wrongFormat(path: input.path, format)
            }
        }
        let rest = UnsafeRawBufferPointer(rebasing: buffer[available])
        guard let start = rest.baseAddress, !rest.isEmpty else { return nil }
        guard let end = memchr(start, CInt(UInt8(ascii: "\n")), rest.count) else {
            available = 0..<0
            return (rest, false)
        }
        let count = UnsafeRawPointer(end) - start
        available = (available.lowerBound + count + 1)..<available.upperBound
        number += 1
        return (UnsafeRawBufferPointer(start: start, count: count), true)
    }
}
