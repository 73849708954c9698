import ByteStream
import OCI
import Tar

/// Detects a layer and its type from the first bytes.
public enum LayerProbe {
    private static let bufferByteCount = 64 << 10

    /// The layer type by the first bytes of `source`, or else `application/octet-stream`.
    ///
    /// Reads only up to the first header of the tar, decompressing if needed. A compressed stream
    /// that fails before this header counts as a layer, so that a reader of layers refuses it.
    ///
    /// - Throws: what the source throws.
    public static func mediaType(of source: any ByteSource) throws -> MediaType {
        let header = Header()
        let inspector = LayerInspector(verifiesLayer: true) { (bytes) throws(LayerError) in
            header.append(bytes)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: bufferByteCount, alignment: 16)
        defer { buffer.deallocate() }
        var compression = LayerCompression.none
        var isBeginning = true
        while true {
            let count = try source.read(into: buffer)
            if isBeginning, count > 0 {
                compression = LayerCompression(firstByte: buffer[0])
                isBeginning = false
            }
            do throws(LayerError) {
                if count == 0 {
                    _ = try inspector.finish()
                    return .octetStream
                }
                try inspector.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } catch .notLayer {
                return .octetStream
            } catch {
                return compression.mediaType
            }
            if let isTar = header.isTar { return isTar ? compression.mediaType : .octetStream }
        }
    }
}

/// The first block of a decompressed layer.
private final class Header {
    private var bytes: [UInt8] = []

    func append(_ more: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: more.prefix(tarBlockByteCount - bytes.count))
    }

    /// Whether it is the first block of a tar, which may be empty; nil while bytes are missing.
    var isTar: Bool? {
        guard bytes.count == tarBlockByteCount else { return nil }
        return isTarHeader(bytes) || bytes.allSatisfy { $0 == 0 }
    }
}

extension LayerCompression {
    /// The possible kinds of bytes with this first byte.
    fileprivate init(firstByte: UInt8) {
        switch firstByte {
        case 0x1F: self = .gzip
        case 0x28, 0x50...0x5F: self = .zstd
        default: self = .none
        }
    }
}
