import ByteStream
import Hashing
import OCI

/// The part of a stream that can still be sent again: the last bytes read from it.
///
/// Memory is allocated a MiB at a time, as needed, up to the capacity.
final class UploadWindow {
    static let segmentByteCount = 1 << 20
    static let defaultByteCount = 32 << 20
    /// The capacity for a source that can be read again: more than libcurl reads in one call.
    static let rewindableByteCount = 4 << 20

    private let source: any BlobSource
    private var segmentLimit: Int
    private var segments: [UnsafeMutableRawBufferPointer] = []
    /// The offset in the stream of the first kept byte.
    private(set) var start: Int64 = 0
    /// Offset in the stream after the last byte that was read.
    private(set) var end: Int64 = 0
    /// Whether the source has ended at `end`.
    private(set) var isComplete = false

    /// - Parameter byteCount: the number of bytes to keep; rounded up to whole segments.
    init(_ source: any BlobSource, byteCount: Int = UploadWindow.defaultByteCount) {
        self.source = source
        let size = UploadWindow.segmentByteCount
        segmentLimit = max(1, (byteCount + size - 1) / size)
    }

    deinit {
        for segment in segments { segment.deallocate() }
    }

    /// Raises the capacity to at least this number of bytes.
    func reserve(_ byteCount: Int) {
        let size = UploadWindow.segmentByteCount
        // The bytes may begin within a segment.
        segmentLimit = max(segmentLimit, (byteCount + size - 1) / size + 1)
    }

    func contains(_ offset: Int64) -> Bool { offset >= start && offset <= end }

    /// Reads once from the source, dropping the oldest bytes when the window is full.
    ///
    /// - Throws: what the source throws.
    func fill() throws {
        if isComplete { return }
        let size = UploadWindow.segmentByteCount
        if Int(end - start) == segments.count * size { makeRoom() }
        let filled = Int(end - start) % size
        guard let segment = segments.last else { return }
        let count = try source.read(
            into: UnsafeMutableRawBufferPointer(rebasing: segment[filled...]))
        end += Int64(count)
        if count == 0 { isComplete = true }
    }

    /// Reads until `offset` is in the window, or the source ends.
    func fill(to offset: Int64) throws {
        while end < offset && !isComplete { try fill() }
    }

    /// Reads as much as there is room for without dropping a byte.
    func fillUp() throws {
        try fill(to: start + Int64(segmentLimit * UploadWindow.segmentByteCount))
    }

    private func makeRoom() {
        let size = UploadWindow.segmentByteCount
        if segments.count < segmentLimit {
            segments.append(.allocate(byteCount: size, alignment: 4096))
        } else {
            segments.append(segments.removeFirst())
            start += Int64(size)
        }
    }

    /// Copies kept bytes from `offset` on; returns 0 when that is `end`.
    func copy(from offset: Int64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        precondition(contains(offset))
        let size = UploadWindow.segmentByteCount
        var copied = 0
        while copied < buffer.count, offset + Int64(copied) < end {
            let position = Int(offset - start) + copied
            let available = min(size - position % size, Int(end - start) - position)
            let part = UnsafeRawBufferPointer(
                rebasing: segments[position / size][(position % size)...].prefix(available))
            let count = min(part.count, buffer.count - copied)
            buffer[copied...].copyBytes(from: part.prefix(count))
            copied += count
        }
        return copied
    }

    /// Calls `body` with the bytes from `first` to `last`, in order. They must be in the window.
    func visit(from first: Int64, to last: Int64, _ body: (UnsafeRawBufferPointer) -> Void) {
        precondition(contains(first) && contains(last))
        let size = UploadWindow.segmentByteCount
        var offset = first
        while offset < last {
            let position = Int(offset - start)
            let count = min(size - position % size, Int(last - offset))
            let segment = UnsafeRawBufferPointer(segments[position / size])
            body(UnsafeRawBufferPointer(rebasing: segment[(position % size)...].prefix(count)))
            offset += Int64(count)
        }
    }

    /// Whether `restart` will work.
    var canRestart: Bool { start == 0 || source.canRewind }

    /// Rewinds to the first byte, in the kept bytes or in the source.
    ///
    /// - Returns: false when the first byte is no longer available.
    func restart() throws -> Bool {
        if start == 0 { return true }
        guard try source.rewind() else { return false }
        start = 0
        end = 0
        isComplete = false
        for segment in segments { segment.deallocate() }
        segments = []
        return true
    }
}

/// A range of the window as the body of a request.
final class WindowBody: RequestBody {
    private let window: UploadWindow
    private let first: Int64
    private let announced: BlobIdentity?
    private let source: any BlobSource
    private let progress: (Int64) -> Void
    private var position: Int64
    let byteCount: Int64?
    /// Why a body of unknown length ended before the stream did.
    ///
    /// The body ends instead of breaking off the exchange, because some registries accept a
    /// cancellation only at the Location in their response to the bytes so far.
    private(set) var failure: (any Error)?

    /// - Parameters:
    ///   - byteCount: nil for all bytes to the end of the stream.
    ///   - announced: the expected identity of the whole blob, when the body ends with it.
    init(
        _ window: UploadWindow, of source: any BlobSource, from first: Int64, byteCount: Int64?,
        announced: BlobIdentity? = nil, progress: @escaping (Int64) -> Void
    ) {
        self.window = window
        self.source = source
        self.first = first
        self.byteCount = byteCount
        self.announced = announced
        self.progress = progress
        position = first
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var space = buffer
        if let byteCount {
            let rest = first + byteCount - position
            if rest == 0 { return 0 }
            space = UnsafeMutableRawBufferPointer(
                rebasing: buffer.prefix(Int(min(rest, Int64(buffer.count)))))
        }
        if failure != nil { return 0 }
        if position == window.end {
            do {
                try window.fill()
            } catch  where byteCount == nil {
                failure = error
                return 0
            }
        }
        try checkEnd(position + Int64(space.count))
        let count = window.copy(from: position, into: space)
        if count == 0, let byteCount {
            throw VerificationError.size(
                subject: announced?.digest.description ?? "blob", expected: first + byteCount,
                actual: position)
        }
        position += Int64(count)
        progress(position)
        return count
    }

    /// The last bytes are sent only after the source has verified that they are the last and
    /// correct.
    private func checkEnd(_ offset: Int64) throws {
        guard let announced, offset >= announced.size else { return }
        try window.fill(to: announced.size + 1)
        if window.end > announced.size {
            throw VerificationError.tooLong(
                subject: announced.digest.description, expected: announced.size)
        }
        try source.check(announced)
    }

    /// The bytes that are still to be sent must be in memory.
    func abandon() -> Bool {
        if let byteCount { return first + byteCount <= window.end }
        failure = failure ?? TransportFailure.interrupted
        return true
    }

    /// An upload's URL is consumed by a body, or by a part of one.
    var mayBeSentTwice: Bool { false }

    func rewind() -> Bool {
        guard window.contains(first) else { return false }
        position = first
        return true
    }
}

extension BlobSource {
    /// Compares the bytes read with the announced identity. Call it only after the end.
    func check(_ announced: BlobIdentity) throws(VerificationError) {
        let subject = announced.digest.description
        if identity.size != announced.size {
            throw .size(subject: subject, expected: announced.size, actual: identity.size)
        }
        if identity.digest != announced.digest {
            throw .digest(
                subject: subject, expected: announced.digest, actual: identity.digest)
        }
    }
}
