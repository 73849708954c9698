import ByteStream
import OCI
import Tar

/// The entries of one layer in the order of its tar: names and attributes in some 20 bytes an entry
/// beside what its path does not share with the one before, and no contents.
public struct LayerListing: Sendable {
    /// Items, each with how much of its path is that of the item before.
    private(set) var items: [UInt8] = []
    /// Entries and whiteouts.
    public private(set) var count = 0
    /// Whether every file has the digest of its content.
    let hasContentDigests: Bool
    /// The contents of the files in `UserFile` that the layer has.
    var userFiles: [UserFile: [UInt8]] = [:]
    /// Digest of the table that says so; nil for what was read from the layer itself.
    var table: Digest?
    private var previous: [UInt8] = []

    /// The most bytes that the items of one layer have.
    static let byteLimit = 1 << 30

    init(hasContentDigests: Bool) {
        self.hasContentDigests = hasContentDigests
    }

    /// - Parameters:
    ///   - items: as `items` of another listing; read with care, whatever they are.
    ///   - count: how many there are.
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

    /// Appends attributes without a path.
    ///
    /// - Returns: where they are.
    /// - Throws: `ImageTreeError.tooLarge`.
    mutating func appendAttributes(_ item: LayerItem) throws(ImageTreeError) -> Int {
        let offset = items.count
        item.appendAttributes(to: &items)
        guard items.count <= LayerListing.byteLimit else {
            throw .tooLarge(subject: "the image", byteCount: LayerListing.byteLimit)
        }
        return offset
    }

    /// Calls `body` with each item, its path in full, and where in `items` its attributes are.
    func visit(
        _ body: (LayerItem, _ attributes: Int) throws(ImageTreeError) -> Void
    ) throws(ImageTreeError) {
        try items.withRawBytes { (bytes) throws(ImageTreeError) in
            var reader = Reader(bytes)
            while let (item, attributes) = try reader.next() { try body(item, attributes) }
        }
    }

    /// The same for a body that throws other errors.
    func visitAll(_ body: (LayerItem, _ attributes: Int) throws -> Void) throws {
        try items.withUnsafeBytes { bytes in
            var reader = Reader(bytes)
            while let (item, attributes) = try reader.next() { try body(item, attributes) }
        }
    }

    /// The attributes that stand at an offset, with an empty path.
    func item(at attributes: Int) throws(ImageTreeError) -> LayerItem {
        try items.withRawBytes { (bytes) throws(ImageTreeError) in
            var cursor = ByteCursor(bytes, offset: attributes)
            return try LayerItem(attributesOf: &cursor)
        }
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

/// The files whose contents are kept with a listing: they give names to owners.
public enum UserFile: UInt8, CaseIterable, Sendable {
    case passwd
    case group

    /// Where it is in an image.
    public var path: [UInt8] {
        switch self {
        case .passwd: Array("etc/passwd".utf8)
        case .group: Array("etc/group".utf8)
        }
    }

    /// The most that is kept of one.
    static let byteLimit = 256 << 10
}
