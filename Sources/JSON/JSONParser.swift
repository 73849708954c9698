extension JSON {
    /// The maximum nesting; image documents have fewer than ten levels.
    public static let depthLimit = 128

    /// Parses exactly one value, with optional white space around it.
    ///
    /// - Parameter bytes: UTF-8 without a byte order mark.
    /// - Throws: `JSONError.syntax` with the offset of the wrong byte.
    public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSON {
        var parser = Parser(bytes: bytes)
        return try parser.document()
    }
}

private struct Parser {
    let bytes: [UInt8]
    var offset = 0
    var depth = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The next byte, or nil at the end.
    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func failure(_ problem: String) -> JSONError { .syntax(offset: offset, problem) }

    mutating func document() throws(JSONError) -> JSON {
        skipSpace()
        let value = try value()
        skipSpace()
        if offset < bytes.count { throw failure("more after the value") }
        return value
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            offset += 1
        }
    }

    private mutating func value() throws(JSONError) -> JSON {
        switch next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        case nil: throw failure("the text ends where a value should be")
        case let byte? where byte == UInt8(ascii: "-") || isDigit(byte): return try number()
        default: throw failure("no value begins like this")
        }
    }

    private mutating func word(_ word: String) throws(JSONError) {
        guard bytes[offset...].starts(with: word.utf8) else {
            throw failure("no value begins like this")
        }
        offset += word.utf8.count
    }

    private mutating func open() throws(JSONError) {
        offset += 1
        depth += 1
        if depth > JSON.depthLimit {
            throw failure("nested deeper than \(JSON.depthLimit) levels")
        }
        skipSpace()
    }

    private mutating func close() {
        offset += 1
        depth -= 1
    }

    private mutating func object() throws(JSONError) -> JSON {
        let start = offset
        try open()
        var members: [JSONObject.Member] = []
        if next != UInt8(ascii: "}") {
            while true {
                guard next == UInt8(ascii: "\"") else { throw failure("a key should be here") }
                let key = try string()
                skipSpace()
                guard next == UInt8(ascii: ":") else { throw failure("a colon should be here") }
                offset += 1
                skipSpace()
                members.append(JSONObject.Member(key: key, value: try value()))
                skipSpace()
                guard next == UInt8(ascii: ",") else { break }
                offset += 1
                skipSpace()
            }
        }
        guard next == UInt8(ascii: "}") else {
            throw failure("a comma or a closing brace should be here")
        }
        close()
        guard let object = JSONObject(members: members) else {
            throw .syntax(offset: start, "an object has the same key twice")
        }
        return .object(object)
    }

    private mutating func array() throws(JSONError) -> JSON {
        try open()
        var elements: [JSON] = []
        if next != UInt8(ascii: "]") {
            while true {
                elements.append(try value())
                skipSpace()
                guard next == UInt8(ascii: ",") else { break }
                offset += 1
                skipSpace()
            }
        }
        guard next == UInt8(ascii: "]") else {
            throw failure("a comma or a closing bracket should be here")
        }
        close()
        return .array(elements)
    }

    private mutating func digits() throws(JSONError) {
        guard let byte = next, isDigit(byte) else { throw failure("a digit should be here") }
        while let byte = next, isDigit(byte) { offset += 1 }
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = offset
        if next == UInt8(ascii: "-") { offset += 1 }
        if next == UInt8(ascii: "0") {
            offset += 1
        } else {
            try digits()
        }
        if next == UInt8(ascii: ".") {
            offset += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            offset += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
            try digits()
        }
        return .number(JSONNumber(text: Array(bytes[start..<offset])))
    }

    private mutating func string() throws(JSONError) -> JSONString {
        offset += 1
        let start = offset
        // The text with escapes resolved; empty before the first escape.
        var decoded: [UInt8] = []
        var hasEscapes = false
        while true {
            guard let byte = next else { throw failure("the text ends inside a string") }
            switch byte {
            case UInt8(ascii: "\""):
                let escaped = Array(bytes[start..<offset])
                offset += 1
                return JSONString(escaped: escaped, utf8: hasEscapes ? decoded : escaped)
            case UInt8(ascii: "\\"):
                if !hasEscapes {
                    decoded += bytes[start..<offset]
                    hasEscapes = true
                }
                try escape(into: &decoded)
            case 0..<0x20: throw failure("a control character inside a string")
            case 0x20..<0x80:
                if hasEscapes { decoded.append(byte) }
                offset += 1
            default:
                let width = try sequenceWidth()
                if hasEscapes { decoded += bytes[offset..<(offset + width)] }
                offset += width
            }
        }
    }

    /// The length of the valid UTF-8 sequence of several bytes that starts here.
    private func sequenceWidth() throws(JSONError) -> Int {
        var decoder = UTF8()
        var iterator = bytes[offset..<min(offset + 4, bytes.count)].makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else {
            throw failure("a string is not UTF-8")
        }
        return UTF8.width(scalar)
    }

    private mutating func escape(into decoded: inout [UInt8]) throws(JSONError) {
        offset += 1
        guard let byte = next else { throw failure("the text ends inside a string") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(byte)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"):
            var value = try hexadecimal()
            if (0xD800..<0xDC00).contains(value) {
                guard bytes[offset...].starts(with: "\\u".utf8) else {
                    throw failure("half a surrogate pair")
                }
                offset += 2
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else {
                    throw failure("half a surrogate pair")
                }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(value) else {
                throw failure("half a surrogate pair")
            }
            decoded += Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default:
            offset -= 1
            throw failure("no such escape")
        }
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue,
                byte < 0x80
            else { throw failure("four hexadecimal digits should be here") }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }
}

private func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
}
