/// One entry of a tar: the fields of its headers.
///
/// - Spec: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header".
public struct TarEntry: Hashable, Sendable {
    /// The type flag of the header.
    public enum Kind: UInt8, Sendable {
        case file = 0x30
        case hardLink = 0x31
        case symbolicLink = 0x32
        case characterDevice = 0x33
        case blockDevice = 0x34
        case directory = 0x35
        case fifo = 0x36
    }

    public var kind: Kind
    /// Without a leading slash; with a trailing one when it is a directory.
    public var path: [UInt8]
    /// The target of a link, byte for byte; for a hard link, a path in this tar.
    public var linkTarget: [UInt8]
    /// Permission bits with setuid, setgid and sticky: at most 07777.
    public var mode: UInt32
    public var uid: UInt64
    public var gid: UInt64
    /// The number of bytes of data that follow; 0 except for files.
    public var size: UInt64
    /// Seconds since 1970-01-01.
    public var modificationTime: Int64
    /// The fraction of a pax mtime in nanoseconds. Read only: layers keep whole seconds.
    public var modificationNanoseconds: UInt32
    public var deviceMajor: UInt32
    public var deviceMinor: UInt32
    public var extendedAttributes: [ExtendedAttribute]

    /// An attribute, as a record `SCHILY.xattr.NAME` has it.
    public struct ExtendedAttribute: Hashable, Sendable {
        /// The name with its name space, such as `security.capability`.
        public let name: [UInt8]
        public let value: [UInt8]

        public init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    public init(kind: Kind, path: [UInt8], mode: UInt32, size: UInt64 = 0) {
        self.kind = kind
        self.path = path
        linkTarget = []
        self.mode = mode
        uid = 0
        gid = 0
        self.size = size
        modificationTime = 0
        modificationNanoseconds = 0
        deviceMajor = 0
        deviceMinor = 0
        extendedAttributes = []
    }
}

/// The unit of a tar, in bytes: headers are one block, data is padded to whole blocks.
public let tarBlockByteCount = 512

/// Number of padding bytes after `size` bytes of data.
@inlinable
public func tarPadding(after size: UInt64) -> Int {
    Int((UInt64(tarBlockByteCount) &- size % UInt64(tarBlockByteCount)) % UInt64(tarBlockByteCount))
}

/// The sum of the bytes of a block, sixteen at a time.
///
/// - Parameter block: at least 512 bytes.
func byteSum(_ block: UnsafeRawBufferPointer) -> UInt64 {
    var sums = SIMD16<UInt16>()
    for offset in stride(from: 0, to: tarBlockByteCount, by: 16) {
        // The sum of 32 bytes is less than 2^13.
        let bytes = block.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
        sums &+= SIMD16<UInt16>(truncatingIfNeeded: bytes)
    }
    return sums.indices.reduce(0) { $0 + UInt64(sums[$1]) }
}
