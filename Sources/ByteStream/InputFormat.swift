/// A format that is known by its first bytes. Messages name it where another one is expected.
public enum InputFormat: String, Sendable {
    case zstd = "a zstd layer"
    case gzip = "a gzip layer"
    case xz = "an xz file"
    case bzip2 = "a bzip2 file"
    case tar = "a tar"
    case snapshot = "a snapshot"
    case json = "a JSON document"

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
        } else if bytes.starts(with: "{\"".utf8) || bytes.starts(with: "[{\"".utf8) {
            self = .json
        } else {
            return nil
        }
    }

    /// The name of the format in messages, with an article.
    public var name: String { rawValue }

    private static func isSkippableFrame(_ bytes: some Collection<UInt8>) -> Bool {
        (bytes.first ?? 0) & 0xF0 == 0x50 && bytes.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
    }
}
