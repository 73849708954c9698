import ByteStream
import Glibc

/// An open regular file of the tree, with its attributes at the time of opening.
package struct OpenFile {
    private let file: OwnedDescriptor
    package let status: stat
    private let directory: OpenDirectory
    private let name: UnsafePointer<CChar>

    /// - Parameter name: must outlive the value.
    package init(
        _ name: UnsafePointer<CChar>, in directory: OpenDirectory
    ) throws(TarError) {
        self.name = name
        self.directory = directory
        // Non-blocking, so that a FIFO that replaced the file does not block the run.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        var status = stat()
        do {
            let file = try directory.open(name, flags: flags)
            try AccessLift.readingModes { fstat(file.rawValue, &status) }
            self.file = file
        } catch {
            throw .open(path: directory.path.appending(Path(cString: name)), error)
        }
        self.status = status
        if status.st_mode & S_IFMT != S_IFREG {
            throw .modified(path: directory.path.appending(Path(cString: name)))
        }
    }

    package var descriptor: CInt { file.rawValue }

    /// Its name in messages.
    package var path: Path { directory.path.appending(Path(cString: name)) }

    var identity: FileIdentity { FileIdentity(status) }

    /// Checks that size and times of the file are the same as when it was opened.
    ///
    /// A write in the same tick of the kernel's clock as an earlier one is not detected.
    ///
    /// - Throws: `TarError.changed`, `.modified`.
    package func checkUnchanged() throws(TarError) {
        var now = stat()
        do {
            try retryingInterrupts { fstat(descriptor, &now) }
        } catch {
            throw .read(path: path, error)
        }
        if now.st_size != status.st_size {
            throw .changed(
                path: path, expected: UInt64(status.st_size),
                isLonger: now.st_size > status.st_size)
        }
        guard now.st_mtim.tv_sec == status.st_mtim.tv_sec,
            now.st_mtim.tv_nsec == status.st_mtim.tv_nsec
        else { throw .modified(path: path) }
    }

    /// Reads until `buffer` is full or the file ends.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TarError) -> Int {
        do {
            var filled = 0
            while filled < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                let count = try retryingInterrupts {
                    Glibc.read(descriptor, rest.baseAddress, rest.count)
                }
                filled += count
                // One byte more than expected was requested; when only that byte is missing, the
                // file ended. Fewer bytes may be a short read, as on network and virtual file
                // systems.
                if count == 0 || filled == buffer.count - 1 { break }
            }
            return filled
        } catch {
            throw .read(path: path, error)
        }
    }
}
