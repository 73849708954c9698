import ByteStream
import Glibc

/// Copies the data of a large file into a tar. Holes are written as zeros without being read.
struct FileStream {
    private let file: OpenFile
    private let descriptor: CInt
    private let size: Int

    init(_ file: OpenFile) {
        self.file = file
        descriptor = file.descriptor
        size = Int(file.status.st_size)
    }

    /// Appends exactly the file's size and the padding.
    ///
    /// - Throws: `TarError.changed`, `.modified` when the file changed since it was opened.
    func copy(to output: OutputBuffer) throws(TarError) {
        _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        // A file with fewer blocks than bytes has holes, or is compressed, which does no harm here.
        let isSparse = Int64(file.status.st_blocks) * 512 < Int64(size)
        var offset = 0
        while offset < size {
            let data = isSparse ? extent(after: offset) : offset..<size
            try zeros(data.lowerBound - offset, to: output)
            try read(data, to: output)
            offset = data.upperBound
        }
        try zeros(tarPadding(after: UInt64(size)), to: output)
        try file.checkUnchanged()
    }

    /// The next run of data at or after `offset`; an empty one at the end when only a hole is left.
    private func extent(after offset: Int) -> Range<Int> {
        let start = lseek(descriptor, off_t(offset), seekData)
        // ENXIO: no data after the offset. After any other failure, treat everything as data.
        if start == -1 { return errno == ENXIO ? size..<size : offset..<size }
        let end = lseek(descriptor, start, seekHole)
        guard end > start else { return offset..<size }
        return min(Int(start), size)..<min(Int(end), size)
    }

    private func read(_ range: Range<Int>, to output: OutputBuffer) throws(TarError) {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let room = try output.room(atLeast: 64 << 10)
            let wanted = min(room.count, range.upperBound - offset)
            let count: Int
            do {
                count = try retryingInterrupts {
                    pread(descriptor, room.baseAddress, wanted, off_t(offset))
                }
            } catch {
                throw .read(path: file.path, error)
            }
            if count == 0 {
                throw .changed(path: file.path, expected: UInt64(size), isLonger: false)
            }
            output.accept(count)
            offset += count
        }
    }

    private func zeros(_ count: Int, to output: OutputBuffer) throws(TarError) {
        do {
            try output.appendZeros(count)
        } catch {
            throw .stream(error)
        }
    }
}

/// SEEK_DATA and SEEK_HOLE of lseek(2), which Glibc's module declares only with _GNU_SOURCE.
private let seekData: CInt = 3
private let seekHole: CInt = 4
