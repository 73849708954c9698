import ByteStream
import Glibc

extension TarEntry {
    /// Refuses an entry that cannot be a file on Linux, whatever the tree below it is: one rule for
    /// unpacking and for the listings of layers. Whiteouts are not files.
    ///
    /// - Parameter location: its path.
    /// - Throws: `TarError.refused`.
    package func checkIsPossible(at location: EntryPath) throws(TarError) {
        func refused(_ problem: String) -> TarError { .refused(path: location.path, problem) }
        if location.isRoot, kind != .directory {
            throw refused("it is not a directory, but the root is")
        }
        if location.hasLongName {
            throw refused("a name in its path has more than \(EntryPath.nameByteLimit) bytes")
        }
        switch kind {
        case .hardLink:
            let components = linkTarget.split(separator: UInt8(ascii: "/"))
            if components.contains(where: { $0.elementsEqual("..".utf8) }) {
                throw refused("its link target \(Path(linkTarget).quoted) leads out of the layer")
            }
            _ = try EntryPath(linkTarget)
            // It has the owner of its target.
            return
        case .symbolicLink:
            if linkTarget.isEmpty { throw refused("its link target is empty") }
            if linkTarget.count >= Int(PATH_MAX) { throw refused("its link target is too long") }
        case .file, .directory, .characterDevice, .blockDevice, .fifo: break
        }
        _ = try owner(at: location)
    }

    /// The owner in the form of the kernel.
    ///
    /// - Throws: `TarError.refused` for numbers that no owner can have.
    func owner(at location: EntryPath) throws(TarError) -> (uid: UInt32, gid: UInt32) {
        // The highest number means "do not change" in chown(2).
        guard let uid = UInt32(exactly: uid), let gid = UInt32(exactly: gid), uid != .max,
            gid != .max
        else {
            throw .refused(path: location.path, "no owner can be \(self.uid):\(self.gid)")
        }
        return (uid, gid)
    }
}
