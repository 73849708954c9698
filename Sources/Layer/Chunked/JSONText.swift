import OCI

/// Appends JSON to a text, for tables that are too large for documents in memory.
///
/// The text keeps its memory after `removeAll`, so that the members of an entry, about twenty, need
/// no allocation.
final class JSONText {
    private var space: UnsafeMutableRawBufferPointer
    private(set) var count = 0
    private var lastTime: (seconds: Int64, nanoseconds: UInt32)?
    private var lastTimeText: [UInt8] = []

    init(capacity: Int) {
        space = .allocate(byteCount: capacity, alignment: 64)
    }

    deinit {
        space.deallocate()
    }

    /// The text; valid until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: space[..<count]) }

    func removeAll() { count = 0 }

    func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// `"text"`.
    ///
    /// - Parameter text: valid UTF-8.
    func appendString(_ text: [UInt8]) {
        append("\"")
        text.withUnsafeBytes { text in
            var start = 0
            for index in text.indices where JSONText.isEscaped(text[index]) {
                append(UnsafeRawBufferPointer(rebasing: text[start..<index]))
                appendEscaped(text[index])
                start = index + 1
            }
            append(UnsafeRawBufferPointer(rebasing: text[start...]))
        }
        append("\"")
    }

    func appendNumber(_ value: some FixedWidthInteger) {
        if value < 0 { append("-") }
        var rest = UInt64(truncatingIfNeeded: value.magnitude)
        var digitCount = 1
        var power = rest / 10
        while power > 0 {
            digitCount += 1
            power /= 10
        }
        let room = grow(by: digitCount)
        for index in (0..<digitCount).reversed() {
            room[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }

    /// `"sha256:…"`.
    func appendDigest(_ digest: UnsafeRawBufferPointer) {
        append("\"sha256:")
        let room = grow(by: 2 * digest.count)
        for (index, byte) in digest.enumerated() {
            room[2 * index] = JSONText.digit(byte >> 4)
            room[2 * index + 1] = JSONText.digit(byte & 15)
        }
        append("\"")
    }

    /// The base64 of bytes, without quotes.
    func appendBase64(_ bytes: UnsafeRawBufferPointer) {
        Base64.encode(bytes, into: grow(by: Base64.byteCount(of: bytes.count)))
    }

    /// A time in the years 0 to 9999. The last one is cached, because most entries of a tar have
    /// the same.
    func appendTime(seconds: Int64, nanoseconds: UInt32) {
        if lastTime?.seconds != seconds || lastTime?.nanoseconds != nanoseconds {
            guard let time = Timestamp(seconds: seconds, nanoseconds: nanoseconds) else {
                preconditionFailure("a time that was not checked")
            }
            lastTime = (seconds, nanoseconds)
            lastTimeText = Array("\"\(time)\"".utf8)
        }
        lastTimeText.withUnsafeBytes { append($0) }
    }

    private func append(_ bytes: UnsafeRawBufferPointer) {
        grow(by: bytes.count).copyMemory(from: bytes)
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private func appendEscaped(_ byte: UInt8) {
        if byte >= 0x20 {
            append("\\")
            grow(by: 1)[0] = byte
        } else {
            append("\\u00")
            let room = grow(by: 2)
            room[0] = JSONText.digit(byte >> 4)
            room[1] = JSONText.digit(byte & 15)
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// Appends `byteCount` bytes, which the caller must initialize.
    private func grow(by byteCount: Int) -> UnsafeMutableRawBufferPointer {
        if space.count - count < byteCount {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(2 * space.count, count + byteCount), alignment: 64)
            larger.copyMemory(from: bytes)
            space.deallocate()
            space = larger
        }
        defer { count += byteCount }
        return UnsafeMutableRawBufferPointer(rebasing: space[count..<(count + byteCount)])
    }
}
