import OCI

/// Appends JSON to a text, for tables that are too large for documents in memory.
struct JSONText {
    private var lastTime: (seconds: Int64, nanoseconds: UInt32)?
    private var lastTimeText: [UInt8] = []

    /// `"text"`.
    ///
    /// - Parameter text: valid UTF-8.
    static func string(_ text: some Sequence<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes += "\\u00".utf8
                bytes.append(hexadecimal[Int(byte >> 4)])
                bytes.append(hexadecimal[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    static func number(_ value: some BinaryInteger, to bytes: inout [UInt8]) {
        bytes += String(value).utf8
    }

    /// `"sha256:…"`.
    static func digest(_ digest: [UInt8], to bytes: inout [UInt8]) {
        bytes += "\"sha256:".utf8
        for byte in digest {
            bytes.append(hexadecimal[Int(byte >> 4)])
            bytes.append(hexadecimal[Int(byte & 15)])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// A time in the years 0 to 9999. The last one is cached, because most entries of a tar have
    /// the same.
    mutating func time(seconds: Int64, nanoseconds: UInt32, to bytes: inout [UInt8]) {
        if lastTime?.seconds != seconds || lastTime?.nanoseconds != nanoseconds {
            guard let time = Timestamp(seconds: seconds, nanoseconds: nanoseconds) else {
                preconditionFailure("a time that was not checked")
            }
            lastTime = (seconds, nanoseconds)
            lastTimeText = Array("\"\(time)\"".utf8)
        }
        bytes += lastTimeText
    }
}

private let hexadecimal = Array("0123456789abcdef".utf8)
