import ByteStream
import Glibc

/// The names that a layer has created, which its own whiteouts must not remove.
///
/// A name is stored as an unpredictable hash of 64 bits: about 16 bytes, whatever its length. A
/// collision would keep a file that a whiteout deletes; its probability is 2^-64 for each pair.
final class UnpackedNames {
    /// About 800 MB. Real layers have less than a tenth of this. Without a limit, a layer of a few
    /// megabytes could use any amount, because a name counts again in each directory that replaces
    /// another.
    static let countLimit = 50_000_000

    let countLimit: Int
    private var hashes: Set<UInt64> = []

    init(countLimit: Int = UnpackedNames.countLimit) {
        self.countLimit = countLimit
    }

    /// - Parameter directory: the identity of the directory that the name is in, so that the links
    ///   on the way to it make no difference.
    /// - Returns: false when there are `countLimit` names.
    func insert(_ name: UnsafeRawBufferPointer, in directory: FileIdentity) -> Bool {
        guard hashes.count < countLimit else { return false }
        hashes.insert(hash(name, directory))
        return true
    }

    func contains(_ name: UnsafeRawBufferPointer, in directory: FileIdentity) -> Bool {
        !hashes.isEmpty && hashes.contains(hash(name, directory))
    }

    /// Removes all names, for the next layer.
    func removeAll() { hashes.removeAll() }

    private func hash(_ name: UnsafeRawBufferPointer, _ directory: FileIdentity) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(directory)
        hasher.combine(bytes: name)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
