import JSON
import OCI

/// Runs `body`, naming the document in what it throws.
func parsing<Result>(
    _ subject: String, _ body: () throws(JSONError) -> Result
) throws(StoreError) -> Result {
    do {
        return try body()
    } catch {
        throw .malformed(subject: subject, error)
    }
}

extension RawManifest {
    /// The manifest; an error names it by its digest.
    func parsedManifest() throws(StoreError) -> Manifest {
        try parsing("manifest '\(digest)'") { () throws(JSONError) in try manifest() }
    }

    /// The index; an error names it by its digest.
    func parsedIndex() throws(StoreError) -> Index {
        try parsing("index '\(digest)'") { () throws(JSONError) in try index() }
    }
}
