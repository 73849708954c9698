import ByteStream
import JSON
import OCI
import Tar

/// The expected digest, size and diffID of a layer that will be read.
public struct ExpectedLayer: Sendable {
    /// Digest and size as stored.
    public let descriptor: Descriptor
    /// The digest of the uncompressed tar; nil when it is unknown.
    public let diffID: Digest?

    public init(_ descriptor: Descriptor, diffID: Digest?) {
        self.descriptor = descriptor
        self.diffID = diffID
    }

    /// The layer of a descriptor line, whose annotation has the diffID.
    ///
    /// - Throws: `JSONError.field` for a malformed diffID.
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
    /// Sets the expected layer.
    public mutating func expect(_ layer: ExpectedLayer) {
        digest = layer.descriptor.digest
        size = layer.descriptor.size
        diffID = layer.diffID
    }

    /// Unpacks consecutive layers of one input, the lowest first. The size in each descriptor says
    /// where the next layer begins; the input must end after the last.
    ///
    /// - Throws: as `unpack`; `LayerError.size` for a layer that ends early, or bytes after the
    ///   last one.
    public func unpack(
        _ layers: [ExpectedLayer], from input: InputStream, with extractor: TreeExtractor
    ) throws {
        for (offset, layer) in layers.enumerated() {
            var unpacker = self
            unpacker.expect(layer)
            let isLast = offset == layers.count - 1
            // Bytes after the last layer are an error.
            let part: any ByteSource =
                isLast ? input : InputPart(input, byteCount: layer.descriptor.size)
            try unpacker.unpack(
                part, path: layers.count == 1 ? input.path : layer.path, with: extractor)
        }
    }
}

/// A limited number of the next bytes of an input.
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
