/// Fields of headers that a layer does not need, unchanged.
///
/// - Spec: POSIX.1-2017, pax, "ustar Interchange Format"; tar(5) for GNU's times.
package struct HeaderFields: Hashable, Sendable {
    /// The type byte.
    package private(set) var type: UInt8 = 0
    /// The mode field with all bits.
    package private(set) var mode: Int64 = 0
    /// The size field, also of entries without data.
    package private(set) var size: UInt64 = 0
    /// Device numbers, also of other entries than devices.
    package private(set) var deviceMajor: Int64 = 0
    package private(set) var deviceMinor: Int64 = 0
    package private(set) var accessTime: Time?
    package private(set) var changeTime: Time?
    /// Extended attributes by the keys of their pax records, with escapes; in byte order.
    package private(set) var extendedAttributes: [TarEntry.ExtendedAttribute] = []
    /// Whether the tar so far had something that is not an entry of a layer: a global extended
    /// header, a volume label, the list of a dump.
    package internal(set) var hasOthers = false

    /// A point in time: seconds since 1970, rounded down, and nanoseconds.
    package struct Time: Hashable, Sendable {
        package let seconds: Int64
        package let nanoseconds: UInt32

        package init(seconds: Int64, nanoseconds: UInt32) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }
    }

    mutating func read(_ header: HeaderBlock, _ records: [(key: [UInt8], value: [UInt8])]) {
        type = header.type
        mode = header.mode ?? 0
        size = header.size ?? 0
        deviceMajor = header.deviceMajor ?? 0
        deviceMinor = header.deviceMinor ?? 0
        accessTime = header.accessTime.map { Time(seconds: $0, nanoseconds: 0) }
        changeTime = header.changeTime.map { Time(seconds: $0, nanoseconds: 0) }
        extendedAttributes = HeaderFields.extendedAttributes(records)
        for (key, value) in records where !value.isEmpty {
            if key.elementsEqual("atime".utf8) { accessTime = HeaderFields.time(value) }
            if key.elementsEqual("ctime".utf8) { changeTime = HeaderFields.time(value) }
            if key.elementsEqual("size".utf8), let size = PaxRecords.number(value) {
                self.size = size
            }
        }
    }

    /// Of duplicate records, the last counts.
    private static func extendedAttributes(
        _ records: [(key: [UInt8], value: [UInt8])]
    ) -> [TarEntry.ExtendedAttribute] {
        var attributes: [[UInt8]: [UInt8]] = [:]
        for (key, value) in records where key.starts(with: XattrKey.prefix) {
            attributes[Array(key.dropFirst(XattrKey.prefix.count))] = value
        }
        if attributes.isEmpty { return [] }
        return attributes.map { TarEntry.ExtendedAttribute(name: $0.key, value: $0.value) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private static func time(_ value: [UInt8]) -> Time? {
        PaxRecords.time(value).map { Time(seconds: $0.seconds, nanoseconds: $0.nanoseconds) }
    }
}
