import ByteStream
import JSON
import OCI

extension LayoutRepository {
    /// Removes tags from `index.json` in one change, in their order up to the first that does not
    /// exist. Their manifests and blobs stay until they are collected.
    ///
    /// - Returns: the number of removed tags.
    public func deleteTags(_ tags: [String]) throws -> Int {
        var count = 0
        _ = try editIndex { index in
            var present = index.tagBytes
            var removed: Set<[UInt8]> = []
            for tag in tags.map({ Array($0.utf8) }) {
                guard present.remove(tag) != nil else { break }
                removed.insert(tag)
            }
            count = removed.count
            return index.removeEntries { $0.tag.map { removed.contains($0.utf8) } ?? false }
        }
        return count
    }

    /// Removes every entry of a manifest from `index.json`, whatever its tags.
    ///
    /// - Returns: false without such an entry; a manifest that only an index refers to stays.
    public func deleteManifest(_ digest: Digest) throws -> Bool {
        try editIndex { index in
            index.removeEntries { $0.digest == JSONString(digest.description) }
        }
    }

    /// Edits `index.json` under the lock, and writes it when `edit` returns true.
    func editIndex(_ edit: (inout LayoutIndex) throws -> Bool) throws -> Bool {
        try withExistingLock {
            var index = try readIndex()
            guard try edit(&index) else { return false }
            try write(index)
            return true
        }
    }
}
