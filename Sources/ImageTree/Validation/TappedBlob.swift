import ByteStream
import Hashing

/// Passes on the bytes of a blob, and keeps a range of them.
final class TappedBlob: BlobSource {
    private let blob: any BlobSource
    private let range: Range<Int64>
    private var offset: Int64 = 0
    private(set) var bytes: [UInt8] = []

    init(_ blob: any BlobSource, _ range: Range<Int64>) {
        self.blob = blob
        self.range = range
    }

    var announced: BlobIdentity? { blob.announced }
    var identity: BlobIdentity { blob.identity }

    func rewind() -> Bool { false }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try blob.read(into: buffer)
        let here = offset..<(offset + Int64(count))
        if here.overlaps(range) {
            let kept = here.clamped(to: range)
            bytes.append(
                contentsOf: buffer[Int(kept.lowerBound - offset)..<Int(kept.upperBound - offset)])
        }
        offset = here.upperBound
        return count
    }
}
