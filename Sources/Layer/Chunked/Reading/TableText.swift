import JSON

/// Splits the text of a table as it arrives into the elements of its list `entries` and the
/// surrounding text, so that only one element is in memory.
///
/// - Spec: RFC 8259.
struct TableText {
    /// The maximum size of an entry: its attributes have at most 1 MiB, here in base64.
    private static let elementByteLimit = 4 << 20
    /// The maximum size of everything outside the list.
    private static let surroundingByteLimit = 64 << 10

    private enum Place {
        case around
        /// Between two elements of the list.
        case list(isElementNext: Bool, isEmpty: Bool)
        case element
    }

    private var place = Place.around
    /// The document with an empty list.
    private var surrounding: [UInt8] = []
    private var element: [UInt8] = []
    /// The number of open brackets of the surrounding document or of the element.
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var hasList = false

    /// - Parameter body: receives each element; only its brackets and strings have been checked.
    /// - Throws: `TableError.malformed`, and what `body` throws.
    mutating func update(
        _ bytes: UnsafeRawBufferPointer, _ body: ([UInt8]) throws -> Void
    ) throws {
        var rest = bytes[...]
        while let byte = rest.first {
            switch place {
            case .around:
                rest.removeFirst()
                try passSurrounding(byte)
            case .list(let isElementNext, let isEmpty):
                rest.removeFirst()
                try passList(byte, isElementNext: isElementNext, isEmpty: isEmpty)
            case .element:
                let count = elementByteCount(in: rest)
                element.append(contentsOf: rest.prefix(count))
                rest = rest.dropFirst(count)
                guard element.count <= TableText.elementByteLimit else {
                    throw TableError.malformed(
                        "an entry has more than \(TableText.elementByteLimit) bytes")
                }
                if depth > 0 { continue }
                // The document and its list are open.
                depth = 2
                place = .list(isElementNext: false, isEmpty: false)
                try body(element)
                element.removeAll(keepingCapacity: true)
            }
        }
    }

    /// The document without the elements of its list.
    ///
    /// - Throws: `TableError.malformed`.
    func finish() throws(TableError) -> JSONObject {
        let document: JSON
        do throws(JSONError) {
            document = try JSON.parse(surrounding)
        } catch {
            throw .malformed("not JSON around its entries, \(error.text)")
        }
        guard case .object(let object) = document, hasList, object["entries"] == .array([]) else {
            throw .malformed("it has no list of entries")
        }
        return object
    }

    private mutating func passSurrounding(_ byte: UInt8) throws(TableError) {
        let wasInString = isInString
        if byte == UInt8(ascii: "["), !wasInString, depth == 1, !hasList, isAfterKey {
            hasList = true
            place = .list(isElementNext: true, isEmpty: true)
        }
        surrounding.append(byte)
        note(byte)
        guard surrounding.count <= TableText.surroundingByteLimit else {
            throw .malformed(
                "more than \(TableText.surroundingByteLimit) bytes around its entries")
        }
    }

    private mutating func passList(
        _ byte: UInt8, isElementNext: Bool, isEmpty: Bool
    ) throws(TableError) {
        switch byte {
        case 0x20, 0x0A, 0x0D, 0x09: break
        case UInt8(ascii: "{") where isElementNext:
            place = .element
            depth = 1
            element.append(byte)
        case UInt8(ascii: ",") where !isElementNext:
            place = .list(isElementNext: true, isEmpty: false)
        case UInt8(ascii: "]") where !isElementNext || isEmpty:
            place = .around
            surrounding.append(byte)
            depth = 1
        default: throw .malformed("its list of entries is not one of objects")
        }
    }

    /// The number of `bytes` that belong to the element, up to its closing brace.
    private mutating func elementByteCount(in bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        var count = 0
        for byte in bytes {
            count += 1
            note(byte)
            if depth == 0 { break }
        }
        return count
    }

    private mutating func note(_ byte: UInt8) {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        default: break
        }
    }

    /// Whether the document so far ends with the key `entries` and its colon. Text that only looks
    /// like this key is detected when the document is parsed.
    private var isAfterKey: Bool {
        func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x0A, 0x0D, 0x09].contains(byte) }
        var rest = surrounding[...]
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        guard rest.popLast() == UInt8(ascii: ":") else { return false }
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return rest.suffix(9).elementsEqual("\"entries\"".utf8)
    }
}
