import ByteStream
import Hashing
import Tar

/// Reads a tar and cuts it into frames, which it passes on in jobs.
final class FrameCutter {
    /// The maximum size of the headers and the padding of one entry.
    private static let segmentByteLimit = 8 << 20

    private let ring: OrderedRing<FrameJob>
    private let boundary: ChunkBoundary
    private let digest = StreamingDigest()
    /// Checks that the tar is complete, as for every other layer.
    private var tar: TarFollower
    private var job: FrameJob
    /// The offset in the job of the current frame.
    private var start = 0
    /// The offset in the job of its part of the current segment. A segment is all bytes of the tar
    /// between two entries that are not payload.
    private var segmentStart = 0
    /// The size of the segment so far, in this job and previous jobs.
    private var segmentByteCount = 0
    private var isSegmentZero = true

    /// - Throws: what the ring throws.
    init(
        _ ring: OrderedRing<FrameJob>, _ boundary: ChunkBoundary, path: Path
    ) throws(TarError) {
        tar = TarFollower(path: path)
        self.ring = ring
        self.boundary = boundary
        job = try ring.next()
        job.isFirst = true
    }

    /// Cuts a whole tar.
    ///
    /// - Returns: digest and size of the tar.
    /// - Throws: `TarError`.
    func cut(_ input: InputStream) throws(TarError) -> BlobIdentity {
        var reader = TarReader(
            input, path: input.path,
            passMetadata: { [self] (bytes) throws(TarError) in try appendMetadata(bytes) })
        while let entry = try reader.next() {
            if reader.isSparse {
                throw .unsupported(
                    path: Path(entry.path),
                    "a sparse file, which zstd:chunked cannot hold; 'oci-tar --from-tar -' writes "
                        + "it in full")
            }
            let chunked = try ChunkedEntry(entry, reader.header)
            endSegment()
            // The frames of a payload follow its entry.
            if entry.size > 0 { endMetadata() }
            job.append(chunked)
            if entry.size > 0 { try cutPayload(of: &reader, entry.size) }
            segmentStart = job.byteCount
            try reader.skipData()
        }
        if segmentByteCount > 0 {
            endSegment()
            job.endSegment()
        }
        try submit()
        try tar.finish()
        return BlobIdentity(digest: digest.finalize(), size: digest.byteCount)
    }

    // MARK: Metadata

    /// Padding and end arrive in pieces of any size; the segments do not depend on the pieces.
    private func appendMetadata(_ bytes: UnsafeRawBufferPointer) throws(TarError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if segmentByteCount == FrameCutter.segmentByteLimit { try splitSegment() }
            if job.freeByteCount == 0 { try beginJob() }
            let part = rest.prefix(FrameCutter.segmentByteLimit - segmentByteCount)
            let count = job.append(UnsafeRawBufferPointer(rebasing: part))
            isSegmentZero = isSegmentZero && rest.prefix(count).allSatisfy { $0 == 0 }
            segmentByteCount += count
            rest = rest.dropFirst(count)
        }
    }

    /// Ends a segment at the limit. Only the zeros after the last entry may exceed it.
    private func splitSegment() throws(TarError) {
        guard isSegmentZero else {
            throw .unsupported(
                path: "headers of an entry",
                "more than \(FrameCutter.segmentByteLimit) bytes, which zstd:chunked cannot hold")
        }
        endSegment()
        job.endSegment()
    }

    private func endSegment() {
        job.appendSegment(segmentStart..<job.byteCount)
        segmentStart = job.byteCount
        segmentByteCount = 0
        isSegmentZero = true
    }

    private func endMetadata() {
        job.append(FrameJob.Frame(.metadata, start..<job.byteCount))
        start = job.byteCount
    }

    // MARK: Payloads

    private func cutPayload(of reader: inout TarReader, _ size: UInt64) throws(TarError) {
        let isWhole = size <= UInt64(boundary.largest)
        var remaining = size
        try makeRoom(for: remaining)
        try reader.readPayload { [self] (bytes) throws(TarError) in
            var rest = bytes[...]
            while !rest.isEmpty {
                let room = boundary.largest - (job.byteCount - start)
                let known = job.byteCount - start
                let count = job.append(UnsafeRawBufferPointer(rebasing: rest.prefix(room)))
                rest = rest.dropFirst(count)
                remaining -= UInt64(count)
                if !isWhole { try endChunks(known: known, remaining: remaining) }
            }
        }
        if isWhole { endFrame(.file, job.byteCount) }
    }

    /// Ends the complete chunks in the job.
    ///
    /// - Parameter remaining: the number of bytes of the file that are still to come.
    private func endChunks(known: Int, remaining: UInt64) throws(TarError) {
        var known = known
        while start < job.byteCount {
            let bytes = UnsafeRawBufferPointer(rebasing: job.tar[start...])
            guard let count = boundary.end(in: bytes, known: known) else {
                if remaining == 0 { endFrame(.chunk, job.byteCount) }
                return
            }
            known = 0
            endFrame(.chunk, start + count)
            try makeRoom(for: remaining + UInt64(job.byteCount - start))
        }
    }

    private func endFrame(_ content: FrameJob.Frame.Content, _ end: Int) {
        job.append(FrameJob.Frame(content, start..<end))
        start = end
    }

    /// Makes sure that the next chunk of a file fits into the job.
    private func makeRoom(for remaining: UInt64) throws(TarError) {
        let needed = Int(min(remaining, UInt64(boundary.largest)))
        let begun = job.byteCount - start
        if needed - begun <= job.freeByteCount { return }
        let tail = Array(job.tar[start...])
        job.removeLast(begun)
        try submit()
        job = try ring.next()
        start = 0
        _ = tail.withUnsafeBytes { job.append($0) }
    }

    // MARK: Jobs

    /// Begins a job in the middle of a segment.
    private func beginJob() throws(TarError) {
        // Base64 encodes groups of three bytes, so a group must not be split.
        let tail = Array(job.tar.suffix(segmentByteCount % 3))
        job.removeLast(tail.count)
        job.appendSegment(segmentStart..<job.byteCount)
        try submit()
        job = try ring.next()
        start = 0
        segmentStart = 0
        _ = tail.withUnsafeBytes { job.append($0) }
    }

    private func submit() throws(TarError) {
        endMetadata()
        digest.update(job.tar)
        try tar.update(job.tar)
        ring.submit()
    }
}
