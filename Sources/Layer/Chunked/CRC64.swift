import CSystem

/// The CRC-64 of ISO 3309, which tar-split stores for each content.
///
/// It detects damage, not manipulation. The check value of `123456789` is B90956C775A41001.
///
/// - Spec: ISO 3309, x^64 + x^4 + x^3 + x + 1, bits reversed.
struct CRC64 {
    private var state = ~UInt64(0)

    /// Eight tables of 256: entry `k * 256 + b` is for the byte b with k zero bytes after it.
    private static let tables: [UInt64] = {
        var tables = [UInt64](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt64(byte)
            for _ in 0..<8 { value = value >> 1 ^ (value & 1) &* 0xD800_0000_0000_0000 }
            tables[byte] = value
        }
        for index in 256..<tables.count {
            let value = tables[index - 256]
            tables[index] = value >> 8 ^ tables[Int(value & 0xFF)]
        }
        return tables
    }()

    var value: UInt64 { ~state }

    /// In tar-split's form: eight bytes, the highest first.
    var bytes: [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        var folded = [UInt8](repeating: 0, count: 16)
        // Measured: 1.4 GB/s with tables, more than 10 GB/s with the instruction, which does not
        // help for short texts.
        let foldable = bytes.count & ~63
        if foldable >= 256,
            system_crc64_fold(bytes.baseAddress, foldable, state, &folded) == 1
        {
            state = 0
            folded.withUnsafeBytes { updateByTables($0) }
            rest = UnsafeRawBufferPointer(rebasing: bytes[foldable...])
        }
        updateByTables(rest)
    }

    private mutating func updateByTables(_ bytes: UnsafeRawBufferPointer) {
        var crc = state
        CRC64.tables.withUnsafeBufferPointer { tables in
            var offset = 0
            while offset + 8 <= bytes.count {
                let word = UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                crc ^= word
                crc =
                    tables[1792 + Int(crc & 0xFF)] ^ tables[1536 + Int(crc >> 8 & 0xFF)]
                    ^ tables[1280 + Int(crc >> 16 & 0xFF)] ^ tables[1024 + Int(crc >> 24 & 0xFF)]
                    ^ tables[768 + Int(crc >> 32 & 0xFF)] ^ tables[512 + Int(crc >> 40 & 0xFF)]
                    ^ tables[256 + Int(crc >> 48 & 0xFF)] ^ tables[Int(crc >> 56)]
                offset += 8
            }
            for byte in bytes[offset...] {
                crc = crc >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
            }
        }
        state = crc
    }
}
