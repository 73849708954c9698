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
    /// How long a change may go by with the time of the one before it.
    private static let tick: Int64 = 10_000_000
    /// The same of a file system that keeps whole seconds, or two of them, as FAT does.
    private static let coarseTick: Int64 = 2_000_000_000
    /// How long to wait for the clock to go on by a tick.
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
    init?(of directory: OpenDirectory, output: FileDescriptor?) throws(TarError) {
        let device = UInt64(try directory.status().st_dev)
        let unnamed = FileSystemClock.unnamedFile(in: directory)
        guard let file = unnamed?.descriptor ?? output,
            let first = FileSystemClock.touch(file, device)
        else { return nil }
        var time = first
        for _ in 0..<FileSystemClock.waitLimit where time - first <= FileSystemClock.tick {
            usleep(2000)
            time = FileSystemClock.touch(file, device) ?? time
        }
        self.init(device: device, time: time)
    }

    /// The time of this machine, less what its clock may be ahead of what files are given, where no
    /// file can be touched.
    ///
    /// - Returns: nil for a file system whose times this machine does not set: of another machine, or
    ///   of an image that was made elsewhere.
    static func ofMachine(for directory: OpenDirectory) throws(TarError) -> FileSystemClock? {
        guard localTypes.contains(system_file_system_type(directory.descriptor)) else {
            return nil
        }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        guard let time = SnapshotEntry.Time(now).total else { return nil }
        return FileSystemClock(
            device: UInt64(try directory.status().st_dev), time: time - machineMargin)
    }

    /// Of ext2 to ext4, XFS, btrfs, tmpfs, overlay, F2FS, bcachefs, ZFS.
    ///
    /// - Spec: statfs(2).
    private static let localTypes: Set<UInt32> = [
        0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630, 0xF2F5_2010, 0xCA45_1A4E,
        0x2FC1_2FC1,
    ]
    private static let machineMargin: Int64 = 2_000_000_000

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
        isAfter(entry.time, entry.changeTime, on: device)
    }

    /// - Parameters:
    ///   - modified: the modification time.
    ///   - changed: the change time.
    func isAfter(
        _ modified: SnapshotEntry.Time?, _ changed: SnapshotEntry.Time?, on device: UInt64
    ) -> Bool {
        guard device == self.device, let time = modified?.total, let changeTime = changed?.total
        else { return false }
        let isCoarse = modified?.nanoseconds == 0 && changed?.nanoseconds == 0
        let tick = isCoarse ? FileSystemClock.coarseTick : FileSystemClock.tick
        return max(time, changeTime) < self.time - tick
    }
}

extension SnapshotEntry.Time {
    init(_ time: timespec) {
        self.init(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
    }

    /// In nanoseconds; nil when they have no room.
    fileprivate var total: Int64? {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(Int64(nanoseconds ?? 0))
        return overflow || carry ? nil : sum
    }
}
