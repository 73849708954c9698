import CSystem
import Glibc
import Hashing
import OCI
import Tar

/// The recorded attributes of one path; missing ones are nil.
///
/// - Spec: mtree(5), Keywords.
public struct SnapshotEntry: Hashable, Sendable {
    /// The values of the keyword `type`.
    public enum Kind: String, Sendable {
        case file
        case directory = "dir"
        case symbolicLink = "link"
        case characterDevice = "char"
        case blockDevice = "block"
        case fifo
    }

    /// The value of the keyword `time`.
    public struct Time: Hashable, Sendable {
        /// Seconds since 1970-01-01, rounded down.
        public let seconds: Int64
        /// nil for a time from a tar, which has whole seconds.
        public let nanoseconds: UInt32?

        public init(seconds: Int64, nanoseconds: UInt32?) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }
    }

    /// The numbers of a device.
    public struct Device: Hashable, Sendable {
        public let major: UInt32
        public let minor: UInt32

        public init(major: UInt32, minor: UInt32) {
            self.major = major
            self.minor = minor
        }
    }

    public internal(set) var kind: Kind
    /// Permission bits with setuid, setgid and sticky.
    public var mode: UInt32?
    public var uid: UInt64?
    public var gid: UInt64?
    /// The size of a file in bytes.
    public var size: UInt64?
    /// The number of hard links of a file that is not a directory.
    public var linkCount: UInt64?
    public var inode: UInt64?
    public var time: Time?
    /// The change time (ctime), which no program can set.
    public var changeTime: Time?
    /// Target of a symbolic link.
    public var linkTarget: [UInt8]?
    public var device: Device?
    public var content: ContentDigest?
    /// Digests by algorithms other than SHA-256.
    public var otherContents: [FileDigest] = []
    /// Attributes in byte order of their names.
    public var extendedAttributes: [TarEntry.ExtendedAttribute] = []

    public init(kind: Kind) {
        self.kind = kind
    }

    /// Attributes from fstatat(2). Link target, content and extended attributes are set later.
    ///
    /// - Returns: nil for a socket, which a layer cannot have.
    init?(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        case S_IFCHR: kind = .characterDevice
        case S_IFBLK: kind = .blockDevice
        case S_IFIFO: kind = .fifo
        default: return nil
        }
        mode = kind == .symbolicLink ? 0o777 : status.st_mode & 0o7777
        uid = UInt64(status.st_uid)
        gid = UInt64(status.st_gid)
        inode = UInt64(status.st_ino)
        time = Time(status.st_mtim)
        changeTime = Time(status.st_ctim)
        if kind == .file { size = UInt64(status.st_size) }
        if kind != .directory { linkCount = UInt64(status.st_nlink) }
        if kind == .characterDevice || kind == .blockDevice {
            device = Device(
                major: system_major(UInt64(status.st_rdev)),
                minor: system_minor(UInt64(status.st_rdev)))
        }
    }
}

/// The sha256 of a file's content, in 32 bytes.
public struct ContentDigest: Hashable, Sendable {
    // Four words: a vector would be aligned to 32 bytes.
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    private init(_ words: SIMD4<UInt64>) {
        (first, second, third, fourth) = (words[0], words[1], words[2], words[3])
    }

    private var words: SIMD4<UInt64> { SIMD4(first, second, third, fourth) }

    /// - Precondition: `digest` is a sha256.
    public init(_ digest: Digest) {
        guard let value = ContentDigest(hexadecimal: digest.encoded.utf8) else {
            preconditionFailure("not a sha256: \(digest)")
        }
        self = value
    }

    /// - Returns: nil for text other than 64 hexadecimal digits.
    public init?(hexadecimal text: some Collection<UInt8>) {
        let digest = Array(text).withUnsafeBytes { ContentDigest(hexadecimal: $0) }
        guard let digest else { return nil }
        self = digest
    }

    /// - Returns: nil for text other than 64 hexadecimal digits.
    init?(hexadecimal text: UnsafeRawBufferPointer) {
        guard text.count == 64 else { return nil }
        var words = SIMD4<UInt64>()
        for index in 0..<4 {
            guard let high = ContentDigest.value(ofDigitsAt: 16 * index, text),
                let low = ContentDigest.value(ofDigitsAt: 16 * index + 8, text)
            else { return nil }
            words[index] = high << 32 | low
        }
        self.init(words)
    }

    /// The value of eight hexadecimal digits, computed at once: a snapshot has millions of them.
    private static func value(ofDigitsAt offset: Int, _ text: UnsafeRawBufferPointer) -> UInt64? {
        let one: UInt64 = 0x0101_0101_0101_0101
        let digits = UInt64(bigEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        let isLetter = digits >> 6 & one
        var value = (digits & (one * 0x0F)) + isLetter * 9
        let isAboveNine = (value + one * 6) >> 4 & one
        // Each value, written as a digit, must be the input in lower case.
        guard value & (one * 0xF0) == 0,
            value + one * 0x30 + isAboveNine * 0x27 == digits | isAboveNine << 5
        else { return nil }
        value = (value | value >> 4) & 0x00FF_00FF_00FF_00FF
        value = (value | value >> 8) & 0x0000_FFFF_0000_FFFF
        return (value | value >> 16) & 0xFFFF_FFFF
    }

    /// - Precondition: `bytes` has 32 bytes.
    public init(bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == 32)
        var words = SIMD4<UInt64>()
        for index in 0..<4 {
            words[index] = UInt64(
                bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
        self.init(words)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        (0..<32).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(56 - $0 % 8 * 8)) }
    }

    /// The 64 hexadecimal digits.
    public var hexadecimal: [UInt8] {
        var digits: [UInt8] = []
        append(to: &digits)
        return digits
    }

    /// Appends the 64 digits.
    func append(to text: inout [UInt8]) {
        for index in 0..<4 {
            for shift in stride(from: UInt64(60), through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: words[index] >> shift & 15)
                text.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
        }
    }
}
