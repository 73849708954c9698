import ByteStream
import OCI
import Tar

/// The entries of one layer in the order of its tar: names and attributes, without contents. An
/// entry takes about 20 bytes, and the part of its path that differs from the previous one.
public struct LayerListing: Sendable {
    /// The items, each with the length of the common prefix with the previous path.
    private(set) var items: [UInt8] = []
    /// The number of entries and whiteouts.
    public private(set) var count = 0
    /// Whether every file has the digest of its content.
    let hasContentDigests: Bool
    /// The contents of the files in `UserFile` that the layer has.
    var userFiles: [UserFile: [UInt8]] = [:]
    /// The digest of the table that the listing comes from; nil when it comes from the layer
    /// itself.
    var table: Digest?
    /// Entries that unpacking refuses, when the scan keeps them: the first ones, and their number.
    private(set) var refused: (errors: [TarError], count: Int) = ([], 0)
    private var previous: [UInt8] = []

    /// The maximum number of bytes of the items of one layer.
    static let byteLimit = 1 << 30
    /// The maximum number of kept errors of one layer.
    private static let refusalLimit = 100

    init(hasContentDigests: Bool) {
        self.hasContentDigests = hasContentDigests
    }

    /// - Parameters:
    ///   - items: as `items` of another listing; they are untrusted and checked when read.
    ///   - count: their number.
    init(items: [UInt8], count: Int, hasContentDigests: Bool) {
        self.items = items
        self.count = count
        self.hasContentDigests = hasContentDigests
    }

    /// - Throws: `ImageTreeError.tooLarge`.
    mutating func append(_ item: LayerItem, layer: Digest) throws(ImageTreeError) {
        let path = item.entry.path
        var shared = 0
        while shared < path.count, shared < previous.count, path[shared] == previous[shared] {
            shared += 1
        }
        items.append(number: UInt64(shared))
        items.append(text: Array(path[shared...]))
        item.appendAttributes(to: &items)
        previous = path
        count += 1
        guard items.count <= LayerListing.byteLimit else {
            throw .tooLarge(subject: "layer '\(layer)'", byteCount: LayerListing.byteLimit)
        }
    }

    mutating func keep(refused error: TarError) {
        refused.count += 1
        if refused.errors.count < LayerListing.refusalLimit { refused.errors.append(error) }
    }

    /// Drops the content of an entry that another one with the same path replaces.
    mutating func dropUserFile(at path: [UInt8]) {
        if let file = UserFile(path: path) { userFiles[file] = nil }
    }

    /// Appends attributes without a path.
    ///
    /// - Returns: their offset.
    /// - Throws: `ImageTreeError.tooLarge`.
    mutating func appendAttributes(_ item: LayerItem) throws(ImageTreeError) -> Int {
        let offset = items.count
        item.appendAttributes(to: &items)
        guard items.count <= LayerListing.byteLimit else {
            throw .tooLarge(subject: "the image", byteCount: LayerListing.byteLimit)
        }
        return offset
    }

    /// Calls `body` with each item, with its full path, and the offset of its attributes in
    /// `items`.
    func visit(
        _ body: (LayerItem, _ attributes: Int) throws(ImageTreeError) -> Void
    ) throws(ImageTreeError) {
        try items.withRawBytes { (bytes) throws(ImageTreeError) in
            var reader = Reader(bytes)
            while let (item, attributes) = try reader.next() { try body(item, attributes) }
        }
    }

    /// As `visit`, for a body that throws other errors.
    func visitAll(_ body: (LayerItem, _ attributes: Int) throws -> Void) throws {
        try items.withUnsafeBytes { bytes in
            var reader = Reader(bytes)
            while let (item, attributes) = try reader.next() { try body(item, attributes) }
        }
    }

    /// The attributes at an offset, with an empty path.
    func item(at attributes: Int) throws(ImageTreeError) -> LayerItem {
        try items.withRawBytes { (bytes) throws(ImageTreeError) in
            var cursor = ByteCursor(bytes, offset: attributes)
            return try LayerItem(attributesOf: &cursor)
        }
    }

    /// Whether the item at an offset has extended attributes.
    func hasExtendedAttributes(at attributes: Int) -> Bool {
        items.indices.contains(attributes) && LayerItem.hasExtendedAttributes(items[attributes])
    }

    /// Reads the items one after the other.
    struct Reader {
        private var cursor: ByteCursor
        private var path: [UInt8] = []

        init(_ bytes: UnsafeRawBufferPointer) {
            cursor = ByteCursor(bytes)
        }

        mutating func next() throws(ImageTreeError) -> (item: LayerItem, attributes: Int)? {
            if cursor.isAtEnd { return nil }
            guard let shared = Int(exactly: try cursor.number()), shared <= path.count else {
                throw .damaged
            }
            path.removeLast(path.count - shared)
            path.append(contentsOf: try cursor.text())
            let attributes = cursor.offset
            var item = try LayerItem(attributesOf: &cursor)
            item.entry.path = path
            return (item, attributes)
        }
    }
}

/// The files with the names of users and groups, whose contents are stored with a listing.
public enum UserFile: UInt8, CaseIterable, Sendable {
    case passwd
    case group

    /// The path in an image.
    public var path: [UInt8] {
        switch self {
        case .passwd: Array("etc/passwd".utf8)
        case .group: Array("etc/group".utf8)
        }
    }

    /// - Returns: nil for any other path.
    init?(path: [UInt8]) {
        guard path.starts(with: "etc/".utf8),
            let file = UserFile.allCases.first(where: { $0.path == path })
        else { return nil }
        self = file
    }

    /// The maximum size of a stored file. The layer of a larger one is read again.
    static let byteLimit = 256 << 10
}
