import ByteStream
import JSON
import OCI
import Tar

/// A layer that is to be read: what it must turn out to be.
public struct ExpectedLayer: Sendable {
    /// Digest and size as stored.
    public let descriptor: Descriptor
    /// Digest of the uncompressed tar; nil when it was not stated.
    public let diffID: Digest?

    public init(_ descriptor: Descriptor, diffID: Digest?) {
        self.descriptor = descriptor
        self.diffID = diffID
    }

    /// The layer of a descriptor line, whose annotation has the diffID.
    ///
    /// - Throws: `JSONError.field` for a diffID that is no digest.
    public init(_ descriptor: Descriptor) throws(JSONError) {
        var diffID: Digest?
        if let text = descriptor[annotation: Annotation.uncompressed] {
            diffID = Digest(text)
            guard diffID != nil else {
                let path = JSONPath.root.key("annotations").key(Annotation.uncompressed)
                throw .field(path: path, "not a sha256 or sha512 digest")
            }
        }
        self.init(descriptor, diffID: diffID)
    }

    /// Its name in messages.
    public var path: Path { Path("layer \(descriptor.digest)") }
}

extension LayerUnpacker {
    /// Expects a layer to be this one.
    public mutating func expect(_ layer: ExpectedLayer) {
        digest = layer.descriptor.digest
        size = layer.descriptor.size
        diffID = layer.diffID
    }

    /// Unpacks layers that follow one another on an input, the lowest first. The size in each
    /// descriptor says where the next one begins; the input ends with the last.
    ///
    /// - Throws: as `unpack`; a layer that ends early, or bytes behind the last one, are
    ///   `LayerError.size`.
    public func unpack(
        _ layers: [ExpectedLayer], from input: InputStream, with extractor: TreeExtractor
    ) throws {
        for (offset, layer) in layers.enumerated() {
            var unpacker = self
            unpacker.expect(layer)
            let isLast = offset == layers.count - 1
            // Bytes after the last layer are too many.
            let part: any ByteSource =
                isLast ? input : InputPart(input, byteCount: layer.descriptor.size)
            try unpacker.unpack(
                part, path: layers.count == 1 ? input.path : layer.path, with: extractor)
        }
    }
}

/// The next bytes of an input, and no more.
private final class InputPart: ByteSource {
    private let input: InputStream
    private var rest: Int64

    init(_ input: InputStream, byteCount: Int64) {
        self.input = input
        rest = byteCount
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        let room = UnsafeMutableRawBufferPointer(
            rebasing: buffer[..<Int(min(Int64(buffer.count), rest))])
        if room.isEmpty { return 0 }
        let count = try input.read(into: room)
        rest -= Int64(count)
        return count
    }
}
