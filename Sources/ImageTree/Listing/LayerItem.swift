import Snapshot
import Tar

/// One entry of a layer's tar, in the form of a listing.
struct LayerItem {
    enum Action: Equatable {
        /// A file, directory or link at the path.
        case entry
        /// Deletes the path in the layers below.
        case whiteout
        /// Hides the contents of the directory in the layers below.
        case opaqueWhiteout
    }

    var action: Action
    /// The entry; its path, or the deleted path, is components joined by slashes, empty for the
    /// root.
    var entry: TarEntry
    /// The digest of a file's content, when requested.
    var content: ContentDigest?
}

extension LayerItem {
    private enum Flag {
        static let attributes: UInt8 = 1 << 4
        static let nanoseconds: UInt8 = 1 << 5
        static let content: UInt8 = 1 << 6
    }

    private static let kinds: [TarEntry.Kind] = [
        .file, .hardLink, .symbolicLink, .characterDevice, .blockDevice, .directory, .fifo,
    ]
    private static let whiteoutCode: UInt8 = 7
    private static let opaqueCode: UInt8 = 8

    /// Appends everything but the path.
    func appendAttributes(to bytes: inout [UInt8]) {
        switch action {
        case .whiteout: return bytes.append(LayerItem.whiteoutCode)
        case .opaqueWhiteout: return bytes.append(LayerItem.opaqueCode)
        case .entry: break
        }
        var code = UInt8(LayerItem.kinds.firstIndex(of: entry.kind) ?? 0)
        if !entry.extendedAttributes.isEmpty { code |= Flag.attributes }
        if entry.modificationNanoseconds > 0 { code |= Flag.nanoseconds }
        if content != nil { code |= Flag.content }
        bytes.append(code)
        bytes.append(number: UInt64(entry.mode))
        bytes.append(number: entry.uid)
        bytes.append(number: entry.gid)
        bytes.append(
            number: UInt64(
                bitPattern: entry.modificationTime << 1 ^ entry.modificationTime >> 63))
        switch entry.kind {
        case .file: bytes.append(number: entry.size)
        case .hardLink, .symbolicLink: bytes.append(text: entry.linkTarget)
        case .characterDevice, .blockDevice:
            bytes.append(number: UInt64(entry.deviceMajor))
            bytes.append(number: UInt64(entry.deviceMinor))
        case .directory, .fifo: break
        }
        if entry.modificationNanoseconds > 0 {
            bytes.append(number: UInt64(entry.modificationNanoseconds))
        }
        if let content { bytes.append(contentsOf: content.bytes) }
        if entry.extendedAttributes.isEmpty { return }
        bytes.append(number: UInt64(entry.extendedAttributes.count))
        for attribute in entry.extendedAttributes {
            bytes.append(text: attribute.name)
            bytes.append(text: attribute.value)
        }
    }

    /// Whether the attributes that begin with `code` have extended attributes.
    static func hasExtendedAttributes(_ code: UInt8) -> Bool { code & Flag.attributes != 0 }

    /// Whether both are equal, apart from contents.
    func isSame(as other: LayerItem) -> Bool {
        var (one, two) = (self, other)
        (one.content, two.content) = (nil, nil)
        var (left, right): ([UInt8], [UInt8]) = ([], [])
        one.appendAttributes(to: &left)
        two.appendAttributes(to: &right)
        return one.entry.path == two.entry.path && left == right
    }

    /// Reads what `appendAttributes` wrote; the path of the entry is empty.
    init(attributesOf cursor: inout ByteCursor) throws(ImageTreeError) {
        let code = try cursor.byte()
        entry = TarEntry(kind: .file, path: [], mode: 0)
        switch code {
        case LayerItem.whiteoutCode: action = .whiteout
        case LayerItem.opaqueCode: action = .opaqueWhiteout
        default: action = .entry
        }
        guard action == .entry else { return }
        guard code & 0x0F < LayerItem.kinds.count else { throw .damaged }
        entry.kind = LayerItem.kinds[Int(code & 0x0F)]
        entry.mode = UInt32(truncatingIfNeeded: try cursor.number())
        entry.uid = try cursor.number()
        entry.gid = try cursor.number()
        let time = try cursor.number()
        entry.modificationTime = Int64(bitPattern: time >> 1) ^ -Int64(bitPattern: time & 1)
        switch entry.kind {
        case .file: entry.size = try cursor.number()
        case .hardLink, .symbolicLink: entry.linkTarget = Array(try cursor.text())
        case .characterDevice, .blockDevice:
            entry.deviceMajor = UInt32(truncatingIfNeeded: try cursor.number())
            entry.deviceMinor = UInt32(truncatingIfNeeded: try cursor.number())
        case .directory, .fifo: break
        }
        if code & Flag.nanoseconds != 0 {
            entry.modificationNanoseconds = UInt32(truncatingIfNeeded: try cursor.number())
        }
        if code & Flag.content != 0 { content = ContentDigest(bytes: try cursor.read(32)) }
        if code & Flag.attributes == 0 { return }
        for _ in 0..<(try cursor.count()) {
            let name = Array(try cursor.text())
            entry.extendedAttributes.append(
                TarEntry.ExtendedAttribute(name: name, value: Array(try cursor.text())))
        }
    }
}
