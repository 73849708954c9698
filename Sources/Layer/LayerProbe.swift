import ByteStream
import OCI
import Tar

/// Detects from the first bytes whether they are a layer, and of what type.
public enum LayerProbe {
    private static let bufferByteCount = 64 << 10

    /// The type of the layer that `source` begins as, else `application/octet-stream`.
    ///
    /// Reads no further than the first header of the tar, whatever compressed it. What begins as a
    /// compressed layer and cannot be followed to there counts as one, so that whoever reads it as a
    /// layer refuses it.
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

/// The first block of what a layer decompresses to.
private final class Header {
    private var bytes: [UInt8] = []

    func append(_ more: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: more.prefix(tarBlockByteCount - bytes.count))
    }

    /// Whether it is a tar's, which may be empty; nil while bytes are missing.
    var isTar: Bool? {
        guard bytes.count == tarBlockByteCount else { return nil }
        return isTarHeader(bytes) || bytes.allSatisfy { $0 == 0 }
    }
}

extension LayerCompression {
    /// The kinds that bytes with this beginning can be.
    fileprivate init(firstByte: UInt8) {
        switch firstByte {
        case 0x1F: self = .gzip
        case 0x28, 0x50...0x5F: self = .zstd
        default: self = .none
        }
    }
}
