/// Reads numbers and texts from bytes, never beyond their end.
struct ByteCursor {
    let bytes: UnsafeRawBufferPointer
    var offset: Int

    init(_ bytes: UnsafeRawBufferPointer, offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    var isAtEnd: Bool { offset >= bytes.count }

    /// - Throws: `ImageTreeError.damaged` at the end.
    mutating func byte() throws(ImageTreeError) -> UInt8 {
        guard offset >= 0, offset < bytes.count else { throw .damaged }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// A number of up to 64 bits, seven to a byte, the lowest first.
    mutating func number() throws(ImageTreeError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try byte()
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw .damaged
    }

    /// A number of bytes, at most the number that is left.
    mutating func count() throws(ImageTreeError) -> Int {
        guard let count = Int(exactly: try number()), count <= bytes.count - offset else {
            throw .damaged
        }
        return count
    }

    mutating func read(_ count: Int) throws(ImageTreeError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count - offset else { throw .damaged }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
    }

    /// A text, preceded by its length.
    mutating func text() throws(ImageTreeError) -> UnsafeRawBufferPointer {
        try read(try count())
    }
}

extension [UInt8] {
    /// Appends a number as `ByteCursor.number` reads it.
    mutating func append(number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    /// Appends a text as `ByteCursor.text` reads it.
    mutating func append(text: [UInt8]) {
        append(number: UInt64(text.count))
        append(contentsOf: text)
    }
}
