import ByteStream
import JSON
import OCI
import Tar

/// One element of a table's list, with its members parsed but not interpreted.
///
/// - Spec: containers-storage, zstd:chunked.
struct TableEntry {
    var type: [UInt8] = []
    var name: [UInt8] = []
    var linkName: [UInt8] = []
    var mode: Int64 = 0
    var size: Int64 = 0
    var uid: Int64 = 0
    var gid: Int64 = 0
    var time: Timestamp?
    var deviceMajor: Int64 = 0
    var deviceMinor: Int64 = 0
    var extendedAttributes: [TarEntry.ExtendedAttribute] = []
    var digest: [UInt8]?
    var offset: Int64 = 0
    var endOffset: Int64 = 0
    var chunkByteCount: Int64 = 0
    var chunkPosition: Int64 = 0
    var chunkDigest: [UInt8]?

    private enum Key: String, CaseIterable {
        case type, name, linkName, mode, size, uid, gid, modtime, accesstime, changetime
        case devMajor, devMinor, xattrs, digest, offset, endOffset
        case chunkSize, chunkOffset, chunkDigest, chunkType

        static let known = Dictionary(
            uniqueKeysWithValues: allCases.map { (JSONString($0.rawValue), $0) })
    }

    /// - Parameter text: a JSON object.
    /// - Throws: `TableError.malformed`.
    init(_ text: [UInt8]) throws(TableError) {
        let document: JSON
        do throws(JSONError) {
            document = try JSON.parse(text)
        } catch {
            throw .malformed("an entry is not JSON, \(error.text)")
        }
        guard case .object(let object) = document else { throw .malformed("an entry is no object") }
        // Go programs write null for a missing value.
        for member in object.members where member.value != .null { try read(member) }
    }

    private mutating func read(_ member: JSONObject.Member) throws(TableError) {
        let value = member.value
        guard let key = Key.known[member.key] else {
            if let other = Key.known.keys.first(where: { member.key.isOtherSpelling(of: $0) }) {
                throw .malformed(
                    "an entry has the key \(quote(member.key.utf8)), which some programs read as "
                        + "'\(other.text)'")
            }
            return
        }
        switch key {
        case .type: type = try text(value, key)
        case .name: name = try text(value, key)
        case .linkName: linkName = try text(value, key)
        case .mode: mode = try number(value, key)
        case .size: size = try number(value, key)
        case .uid: uid = try number(value, key)
        case .gid: gid = try number(value, key)
        case .modtime: time = try timestamp(value, key)
        case .accesstime, .changetime: break
        case .devMajor: deviceMajor = try number(value, key)
        case .devMinor: deviceMinor = try number(value, key)
        case .xattrs: extendedAttributes = try attributes(value)
        case .digest: digest = try rawDigest(value, key)
        case .offset: offset = try number(value, key)
        case .endOffset: endOffset = try number(value, key)
        case .chunkSize: chunkByteCount = try number(value, key)
        case .chunkOffset: chunkPosition = try number(value, key)
        case .chunkDigest: chunkDigest = try rawDigest(value, key)
        case .chunkType: try checkChunkType(text(value, key))
        }
    }

    private func text(_ value: JSON, _ key: Key) throws(TableError) -> [UInt8] {
        guard case .string(let string) = value, !string.utf8.contains(0) else {
            throw .malformed("the \(key.rawValue) of an entry is no text")
        }
        return string.utf8
    }

    private func number(_ value: JSON, _ key: Key) throws(TableError) -> Int64 {
        guard case .number(let number) = value, let integer = number.int64, integer >= 0 else {
            throw .malformed("the \(key.rawValue) of an entry is no count")
        }
        return integer
    }

    /// - Returns: nil for Go's zero time.
    private func timestamp(_ value: JSON, _ key: Key) throws(TableError) -> Timestamp? {
        let text = String(decoding: try text(value, key), as: UTF8.self)
        if text == "0001-01-01T00:00:00Z" { return nil }
        do throws(ValueError) {
            return try Timestamp(text)
        } catch {
            throw .malformed("the \(key.rawValue) of an entry is \(error.problem)")
        }
    }

    private func rawDigest(_ value: JSON, _ key: Key) throws(TableError) -> [UInt8]? {
        let text = try text(value, key)
        if text.isEmpty { return nil }
        let prefix = Array("sha256:".utf8)
        let bytes = text.starts(with: prefix) ? bytes(hexadecimal: text[prefix.count...]) : nil
        guard let bytes, bytes.count == 32 else {
            throw .malformed("the \(key.rawValue) of an entry is no sha256")
        }
        return bytes
    }

    private func attributes(
        _ value: JSON
    ) throws(TableError) -> [TarEntry.ExtendedAttribute] {
        guard case .object(let object) = value else { throw .malformed("xattrs are no object") }
        var attributes: [TarEntry.ExtendedAttribute] = []
        for member in object.members {
            guard case .string(let string) = member.value, let bytes = Base64.decode(string.utf8)
            else { throw .malformed("the value of an attribute is not base64") }
            // As when a tar with such an attribute is read.
            guard let name = XattrKey.name(ofRecord: member.key.utf8) else { continue }
            attributes.append(TarEntry.ExtendedAttribute(name: name, value: bytes))
        }
        return attributes.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private func checkChunkType(_ type: [UInt8]) throws(TableError) {
        guard type.isEmpty || type.elementsEqual("zeros".utf8) else {
            throw .malformed("a chunk of the unknown type \(quote(type))")
        }
    }
}

/// - Returns: nil for text other than pairs of lower-case hexadecimal digits.
private func bytes(hexadecimal text: ArraySlice<UInt8>) -> [UInt8]? {
    func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
    guard text.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 2)
    for index in stride(from: text.startIndex, to: text.endIndex, by: 2) {
        guard let high = value(text[index]), let low = value(text[index + 1]) else { return nil }
        bytes.append(high << 4 | low)
    }
    return bytes
}
