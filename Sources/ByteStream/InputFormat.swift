/// A format that is known by its first bytes. Messages name it where another one is expected.
public enum InputFormat: String, Sendable {
    case zstd = "a zstd layer"
    case gzip = "a gzip layer"
    case xz = "an xz file"
    case bzip2 = "a bzip2 file"
    case tar = "a tar"
    case snapshot = "a snapshot"
    case json = "a JSON document"
    case html = "an HTML page"
    case zip = "a zip file"

    /// - Parameter bytes: the beginning of the input; a tar needs 512 bytes to be known.
    /// - Returns: nil for other formats.
    public init?(firstBytes bytes: some Collection<UInt8>) {
        if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) || InputFormat.isSkippableFrame(bytes) {
            self = .zstd
        } else if bytes.starts(with: [0x1F, 0x8B]) {
            self = .gzip
        } else if bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A]) {
            self = .xz
        } else if bytes.starts(with: "BZh".utf8) {
            self = .bzip2
        } else if bytes.dropFirst(257).starts(with: "ustar".utf8)
            || (bytes.count >= 512 && bytes.prefix(512).allSatisfy { $0 == 0 })
        {
            self = .tar
        } else if bytes.starts(with: "#mtree".utf8) {
            self = .snapshot
        } else if InputFormat.isJSON(bytes) {
            self = .json
        } else if InputFormat.isHTML(bytes) {
            self = .html
        } else if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
            self = .zip
        } else {
            return nil
        }
    }

    /// The name of the format in messages, with an article.
    public var name: String { rawValue }

    /// Whether an object begins, or an array of objects, with any white space.
    private static func isJSON(_ bytes: some Collection<UInt8>) -> Bool {
        let start = bytes.lazy.filter { !" \t\r\n".utf8.contains($0) }.prefix(3)
        return start.starts(with: "{\"".utf8) || start.starts(with: "[{\"".utf8)
    }

    private static func isHTML(_ bytes: some Collection<UInt8>) -> Bool {
        let start = bytes.prefix(14).map { $0 | 0x20 }
        return start.starts(with: "<!doctype html".utf8)
            || start.starts(with: "<html".utf8)
    }

    private static func isSkippableFrame(_ bytes: some Collection<UInt8>) -> Bool {
        (bytes.first ?? 0) & 0xF0 == 0x50 && bytes.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
    }
}
