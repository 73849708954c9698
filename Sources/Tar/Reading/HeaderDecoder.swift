/// A header block of an input: ustar, GNU, or the older format without a magic.
///
/// - Spec: POSIX.1-2017, pax, "ustar Interchange Format"; tar(5) for GNU's base-256 numbers, long
///   names and sparse maps.
struct HeaderBlock {
    /// 512 bytes, valid as long as the caller's buffer.
    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == tarBlockByteCount)
        self.bytes = bytes
    }

    var isZero: Bool { bytes.allSatisfy { $0 == 0 } }

    /// Whether the checksum is right, with bytes as unsigned or, as in some old tools, signed.
    var isValid: Bool {
        guard let stored = number(148..<156) else { return false }
        // The checksum is taken with spaces in its own field.
        var sum = Int64(byteSum(bytes))
        for byte in bytes[148..<156] { sum += Int64(UInt8(ascii: " ")) - Int64(byte) }
        if stored == sum { return true }
        let highBytes = bytes[..<148].count { $0 > 127 } + bytes[156...].count { $0 > 127 }
        return stored == sum - 256 * Int64(highBytes)
    }

    var type: UInt8 { bytes[156] }

    /// Value of the size field; nil when it is not a number or is negative.
    var size: UInt64? { number(124..<136).flatMap { UInt64(exactly: $0) } }

    /// The number of bytes of data in the archive; 0 for types without data.
    var dataSize: UInt64? { HeaderBlock.hasData(type) ? size : 0 }

    /// Links, devices, directories and FIFOs have no data, even if their size field says so.
    static func hasData(_ type: UInt8) -> Bool {
        !(UInt8(ascii: "1")...UInt8(ascii: "6")).contains(type)
    }

    /// Whether it extends the next entry: a GNU long name or pax records.
    var isExtension: Bool {
        switch type {
        case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"): true
        default: false
        }
    }

    /// Whether a block with more of the sparse map follows an old GNU header.
    var hasSparseExtension: Bool { type == UInt8(ascii: "S") && bytes[482] != 0 }

    /// The map and the size in an old GNU sparse header.
    var sparseMap: (entries: UnsafeRawBufferPointer, size: UInt64?) {
        (
            UnsafeRawBufferPointer(rebasing: bytes[386..<482]),
            number(483..<495).flatMap { UInt64(exactly: $0) }
        )
    }

    var isUstar: Bool { field(257..<262).elementsEqual("ustar".utf8) }

    /// The variant of star, with a shorter prefix and times after it.
    private var isStar: Bool { field(508..<512).elementsEqual("tar\0".utf8) }

    /// GNU's variant of the magic, with other fields in the place of ustar's prefix.
    var isGNU: Bool { field(257..<265).elementsEqual("ustar  \0".utf8) }

    var name: [UInt8] {
        let name = text(0..<100)
        // GNU tar has access and change times there; some writers still have a prefix.
        let hasTimes = number(345..<357) != nil && number(357..<369) != nil
        guard isUstar, !(isGNU && hasTimes) else { return name }
        let prefix = text(isStar ? 345..<476 : 345..<500)
        if isGNU, prefix.contains(where: { $0 >= 0x80 }) { return name }
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    var linkTarget: [UInt8] { text(157..<257) }
    var mode: Int64? { number(100..<108) }
    var uid: Int64? { number(108..<116) }
    var gid: Int64? { number(116..<124) }
    var modificationTime: Int64? { number(136..<148) }
    var deviceMajor: Int64? { isUstar ? number(329..<337) : 0 }
    var deviceMinor: Int64? { isUstar ? number(337..<345) : 0 }

    /// The access time, only in GNU's variant.
    var accessTime: Int64? { gnuTime(345..<357) }
    /// The change time, only in GNU's variant.
    var changeTime: Int64? { gnuTime(357..<369) }

    private func gnuTime(_ range: Range<Int>) -> Int64? {
        isGNU && bytes[range.lowerBound] != 0 ? number(range) : nil
    }

    private func field(_ range: Range<Int>) -> Slice<UnsafeRawBufferPointer> { bytes[range] }

    /// Bytes up to the first zero.
    private func text(_ range: Range<Int>) -> [UInt8] { Array(field(range).prefix { $0 != 0 }) }

    /// A number in octal, with spaces and zero bytes around it, or in base 256; empty is 0. Bytes
    /// after the terminating zero byte are ignored.
    ///
    /// - Returns: nil when it is neither or needs more than 64 bits.
    private func number(_ range: Range<Int>) -> Int64? { HeaderBlock.number(bytes[range]) }

    /// The same of any field.
    static func number(_ field: Slice<UnsafeRawBufferPointer>) -> Int64? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 { return base256(field) }
        // Some writers have a zero byte before the number too.
        var digits = field.drop { $0 == UInt8(ascii: " ") || $0 == 0 }.prefix { $0 != 0 }
        while digits.last == UInt8(ascii: " ") { digits.removeLast() }
        var value: Int64 = 0
        // At most 12 digits, the length of the longest field.
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
            value = value << 3 | Int64(digit & 7)
        }
        return value
    }

    /// Two's complement; the first bit marks this form, and the second is the sign.
    private static func base256(_ field: Slice<UnsafeRawBufferPointer>) -> Int64? {
        var value: Int64 = 0
        for (index, byte) in field.enumerated() {
            if index == 0 {
                value = byte & 0x40 != 0 ? Int64(Int8(bitPattern: byte)) : Int64(byte & 0x7F)
                continue
            }
            let (product, overflow) = value.multipliedReportingOverflow(by: 256)
            if overflow { return nil }
            value = product + Int64(byte)
        }
        return value
    }
}

/// Whether bytes begin with a valid header block.
public func isTarHeader(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= tarBlockByteCount else { return false }
    return bytes.withUnsafeBytes {
        HeaderBlock(UnsafeRawBufferPointer(rebasing: $0[..<tarBlockByteCount])).isValid
    }
}
