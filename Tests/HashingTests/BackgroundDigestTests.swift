import ByteStream
import OCI
import Testing

@testable import Hashing

@Suite struct BackgroundDigestTests {
    static let bytes = (0..<(BackgroundDigest.byteLimit * 3 + 77)).map {
        UInt8(truncatingIfNeeded: $0 &* 7 >> 3)
    }

    @Test(arguments: [1, 4096, 65_537, 1 << 20, 5 << 20], [Digest.Algorithm.sha256, .sha512])
    func anySplitGivesTheSameDigest(_ size: Int, _ algorithm: Digest.Algorithm) {
        let bytes = size == 1 ? Array(Self.bytes.prefix(5000)) : Self.bytes
        let digest = BackgroundDigest(algorithm)
        bytes.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: size) {
                let end = min(start + size, bytes.count)
                digest.update(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            }
        }
        #expect(digest.byteCount == Int64(bytes.count))
        #expect(digest.finalize() == .of(bytes, algorithm: algorithm))
    }

    @Test func emptyIsTheDigestOfNothing() {
        #expect(BackgroundDigest().finalize() == .of([]))
    }

    /// The thread ends when the digest is dropped before its end.
    @Test func droppedDigestEnds() {
        let digest = BackgroundDigest()
        Self.bytes.withUnsafeBytes { digest.update($0) }
        #expect(digest.byteCount == Int64(Self.bytes.count))
    }
}
