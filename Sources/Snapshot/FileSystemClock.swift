import ByteStream
import CSystem
import Glibc
import Tar

/// The time of a tree's own file system, taken before the tree is read.
///
/// A file that was last changed before this time, and has the same change time later, is unchanged:
/// the kernel sets the change time at every change, and no program can set it. A file that was
/// changed at this time or later may have been changed again within one tick of the clock after it
/// was read. Writable memory mappings are the exception: a change shows only when it is written
/// back.
///
/// - Spec: git's technical documentation, racy-git.
struct FileSystemClock {
    /// The time in nanoseconds within which a change may get the time of the previous one.
    private static let tick: Int64 = 10_000_000
    /// The same for a file system with times in whole seconds, or in two seconds as FAT.
    private static let coarseTick: Int64 = 2_000_000_000
    /// The maximum number of waits for the clock's next tick.
    private static let waitLimit = 20

    /// The device number of the file system.
    let device: UInt64
    private let time: Int64

    init(device: UInt64, time: Int64) {
        self.device = device
        self.time = time
    }

    /// Touches a file on that file system until earlier changes can be distinguished from later
    /// ones: for about one tick.
    ///
    /// - Parameter output: touched when it is a file on that file system and no unnamed file can be
    ///   created in `directory`.
    /// - Returns: nil when no file can be touched, for example in a directory of another user.
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

    /// The time of this machine when no file can be touched, minus the amount by which its clock
    /// may be ahead of file times.
    ///
    /// - Returns: nil for a file system whose times this machine does not set: a remote one, or an
    ///   image that was made elsewhere.
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

    /// The type numbers of ext2 to ext4, XFS, btrfs, tmpfs, overlay, F2FS, bcachefs, ZFS.
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
            // Not every file system supports unnamed files, and the directory may be read-only.
            return nil
        }
    }

    /// Sets the times of a regular file of a file system to now.
    ///
    /// - Returns: the current time of that file system, in nanoseconds.
    private static func touch(_ file: FileDescriptor, _ device: UInt64) -> Int64? {
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            UInt64(status.st_dev) == device, futimens(file.rawValue, nil) == 0,
            fstat(file.rawValue, &status) == 0
        else { return nil }
        return SnapshotEntry.Time(status.st_mtim).total
    }

    /// Whether any later change of a file will change its times.
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

    /// Time in nanoseconds; nil when it overflows.
    fileprivate var total: Int64? {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(Int64(nanoseconds ?? 0))
        return overflow || carry ? nil : sum
    }
}
