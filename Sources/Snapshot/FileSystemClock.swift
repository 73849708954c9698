import ByteStream
import CSystem
import Glibc
import Tar

/// The time of a tree's own file system, taken before the tree is read.
///
/// A file that was last changed before it, and whose change time is the same later, is the same
/// file: the kernel sets that time at every change, and nobody else can. A file that was changed at
/// that time or later may have been changed again within one tick of the clock after it was read.
/// Memory that is mapped for writing is the exception: its change shows when it is written back.
///
/// - Spec: git's technical documentation, racy-git.
struct FileSystemClock {
    /// Time within which a change may get the time of the previous one.
    private static let tick: Int64 = 10_000_000
    /// The same of a file system that keeps whole seconds, or two of them, as FAT does.
    private static let coarseTick: Int64 = 2_000_000_000
    /// Time to wait for the clock's next tick.
    private static let waitLimit = 20

    /// The file system, by its number.
    let device: UInt64
    private let time: Int64

    init(device: UInt64, time: Int64) {
        self.device = device
        self.time = time
    }

    /// Touches a file of that file system until what was changed before can be told from what will
    /// be changed from now on: for about one tick.
    ///
    /// - Parameter output: touched when it is a file there and `directory` takes none without a name.
    /// - Returns: nil when no file can be touched there, as in a directory of another user.
    init?(of directory: OpenDirectory, output: FileDescriptor) throws(TarError) {
        let device = UInt64(try directory.status().st_dev)
        let unnamed = FileSystemClock.unnamedFile(in: directory)
        let file = unnamed?.descriptor ?? output
        guard let first = FileSystemClock.touch(file, device) else { return nil }
        var time = first
        for _ in 0..<FileSystemClock.waitLimit where time - first <= FileSystemClock.tick {
            usleep(2000)
            time = FileSystemClock.touch(file, device) ?? time
        }
        self.init(device: device, time: time)
    }

    private static func unnamedFile(in directory: OpenDirectory) -> OwnedDescriptor? {
        do {
            return try Path(".").withCString { (name) throws(Errno) in
                try OwnedDescriptor(
                    name, in: directory.descriptor, flags: system_O_TMPFILE | O_RDWR | O_CLOEXEC,
                    mode: 0o600)
            }
        } catch {
            // Not every file system has such files, and not everyone may write here.
            return nil
        }
    }

    /// Sets the times of a regular file of a file system to now.
    ///
    /// - Returns: what now is there, in nanoseconds.
    private static func touch(_ file: FileDescriptor, _ device: UInt64) -> Int64? {
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            UInt64(status.st_dev) == device, futimens(file.rawValue, nil) == 0,
            fstat(file.rawValue, &status) == 0
        else { return nil }
        return SnapshotEntry.Time(status.st_mtim).total
    }

    /// Whether any change of a file from now on will change its times.
    func isAfter(_ entry: SnapshotEntry, on device: UInt64) -> Bool {
        guard device == self.device, let time = entry.time?.total,
            let changeTime = entry.changeTime?.total
        else { return false }
        let isCoarse = entry.time?.nanoseconds == 0 && entry.changeTime?.nanoseconds == 0
        let tick = isCoarse ? FileSystemClock.coarseTick : FileSystemClock.tick
        return max(time, changeTime) < self.time - tick
    }
}

extension SnapshotEntry.Time {
    init(_ time: timespec) {
        self.init(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
    }

    /// Time in nanoseconds; nil when it overflows.
    fileprivate var total: Int64? {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(Int64(nanoseconds ?? 0))
        return overflow || carry ? nil : sum
    }
}
