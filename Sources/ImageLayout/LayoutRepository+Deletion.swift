import ByteStream
import JSON
import OCI

extension LayoutRepository {
    /// Removes a tag from `index.json`. Its manifest and blobs stay until they are collected.
    ///
    /// - Returns: false when there is no such tag.
    public func deleteTag(_ tag: String) throws -> Bool {
        try editIndex { index in index.removeEntries { $0.tag == JSONString(tag) } }
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
