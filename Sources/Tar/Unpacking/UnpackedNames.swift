import Glibc

/// The names that a layer has put into directories, which its own whiteouts leave alone.
///
/// A name is kept as a hash of 64 bits that nobody can foresee: some 16 bytes for each, however
/// long it is. Two that are the same by chance would keep a file that a whiteout deletes, once in
/// 2^64 for every pair.
final class UnpackedNames {
    /// Some 800 MB. No layer in the field has a tenth of it; one of a few megabytes could otherwise ask
    /// for any amount, since a name counts again in each directory that replaces another.
    static let countLimit = 50_000_000

    let countLimit: Int
    private var hashes: Set<UInt64> = []

    init(countLimit: Int = UnpackedNames.countLimit) {
        self.countLimit = countLimit
    }

    /// - Parameter directory: the identity of the directory that the name is in, so that it does
    ///   not matter by which links it was reached.
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
