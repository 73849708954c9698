import ByteStream

/// Passes bytes on and keeps some of them.
final class TappedSource: ByteSource {
    private let source: any ByteSource
    private let range: Range<Int64>
    private var offset: Int64 = 0
    private(set) var bytes: [UInt8] = []

    init(_ source: any ByteSource, _ range: Range<Int64>) {
        self.source = source
        self.range = range
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try source.read(into: buffer)
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
