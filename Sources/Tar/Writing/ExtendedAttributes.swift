import ByteStream
import CSystem
import Glibc

extension EntryEncoder {
    private static let capability = Array("security.capability".utf8)

    /// Whether the policy keeps an attribute of this name.
    func keeps(_ name: [UInt8]) -> Bool {
        policy.keepsExtendedAttributes
            ? EntryEncoder.isKept(name) : name == EntryEncoder.capability
    }

    /// Sets an entry's attributes. An attribute that records an owner becomes the owner instead.
    ///
    /// - Throws: `TarError.refused` for a malformed attribute.
    func setAttributes(
        _ entry: inout TarEntry, _ attributes: [TarEntry.ExtendedAttribute],
        _ path: @autoclosure () -> Path
    ) throws(TarError) {
        entry.extendedAttributes = attributes
        guard policy.takesRecordedOwner,
            let index = attributes.firstIndex(where: { $0.name == RootlessOwner.attribute })
        else { return }
        guard let owner = RootlessOwner.decode(attributes[index].value) else {
            throw .refused(path: path(), "its recorded owner is malformed")
        }
        entry.uid = UInt64(owner.uid)
        entry.gid = UInt64(owner.gid)
        entry.extendedAttributes.remove(at: index)
    }

    /// The attributes of an open file or directory that a layer keeps, in byte order of their names.
    ///
    /// - Throws: `TarError.attributes`; a file system without attributes has none.
    package func extendedAttributes(
        of descriptor: CInt, path: @autoclosure () -> Path
    ) throws(TarError) -> [TarEntry.ExtendedAttribute] {
        guard policy.keepsExtendedAttributes else {
            let value = try attribute(EntryEncoder.capability, path: path()) {
                system_fgetxattr(descriptor, $0, $1, $2)
            }
            guard let value else { return [] }
            return [TarEntry.ExtendedAttribute(name: EntryEncoder.capability, value: value)]
        }
        return try allAttributes(path: path()) { names, size in
            system_flistxattr(descriptor, names, size)
        } get: { name, buffer, size in
            // Reading `user` attributes needs read permission on the file.
            AccessLift.call(0o400, on: descriptor) {
                system_fgetxattr(descriptor, name, buffer, size)
            }
        }
    }

    /// The attributes of a symbolic link or special file, which cannot be opened.
    package func linkAttributes(
        _ name: UnsafePointer<CChar>, in directory: OpenDirectory, path: Path
    ) throws(TarError) -> [TarEntry.ExtendedAttribute] {
        let link = Path("/proc/self/fd/\(directory.descriptor)").appending(Path(cString: name))
        return try link.withCString { (link) throws(TarError) in
            try allAttributes(path: path) { names, size in
                AccessLift.call(0o100, on: directory.descriptor) {
                    system_llistxattr(link, names, size)
                }
            } get: { name, buffer, size in
                AccessLift.call(0o100, on: directory.descriptor) {
                    system_lgetxattr(link, name, buffer, size)
                }
            }
        }
    }

    private func allAttributes(
        path: Path, list: (UnsafeMutablePointer<CChar>?, Int) -> Int,
        get: (UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
    ) throws(TarError) -> [TarEntry.ExtendedAttribute] {
        var names: [UInt8]?
        do {
            names = try grow { buffer, size in
                list(buffer?.assumingMemoryBound(to: CChar.self), size)
            }
        } catch {
            throw .attributes(path: path, error)
        }
        guard let names else { return [] }
        var attributes: [TarEntry.ExtendedAttribute] = []
        for name in names.split(separator: 0).map(Array.init) where EntryEncoder.isKept(name) {
            if let value = try attribute(name, path: path, get: get) {
                attributes.append(TarEntry.ExtendedAttribute(name: name, value: value))
            }
        }
        return attributes.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private func attribute(
        _ name: [UInt8], path: @autoclosure () -> Path,
        get: (UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
    ) throws(TarError) -> [UInt8]? {
        do {
            return try Path(name).withCString { (name) throws(Errno) in
                try grow { buffer, size in get(name, buffer, size) }
            }
        } catch {
            throw .attributes(path: path(), error)
        }
    }

    /// Calls a function such as listxattr(2) with larger buffers until its result fits.
    ///
    /// - Returns: nil when there is no such attribute, or the file system has none.
    private func grow(
        _ call: (UnsafeMutableRawPointer?, Int) -> Int
    ) throws(Errno) -> [UInt8]? {
        do {
            // Most files have none, and one call shows that.
            var size = try retryingInterrupts { call(nil, 0) }
            if size == 0 { return [] }
            while true {
                var buffer = [UInt8](repeating: 0, count: size)
                do {
                    let count = try retryingInterrupts {
                        buffer.withUnsafeMutableBytes { call($0.baseAddress, $0.count) }
                    }
                    return Array(buffer.prefix(count))
                } catch  where error == .range {
                    size = try retryingInterrupts { call(nil, 0) }
                }
            }
        } catch  where error == .noData || error == .notSupported {
            return nil
        }
    }

    /// Whether an attribute describes the file, and not the machine.
    static func isKept(_ name: [UInt8]) -> Bool {
        let machine = [
            "security.selinux", "com.apple.", "user.com.apple.", "trusted.overlay.",
            "user.overlay.", "security.ima", "security.evm", "system.nfs4_acl",
        ]
        return !machine.contains { name.starts(with: $0.utf8) }
    }
}
