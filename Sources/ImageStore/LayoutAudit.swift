import ByteStream
import ImageLayout
import OCI

/// Access to a whole layout, for checking it.
public struct LayoutAudit {
    private let layout: LayoutRepository

    fileprivate init(_ layout: LayoutRepository) {
        self.layout = layout
    }

    /// The bytes of `index.json`.
    ///
    /// - Throws: `LayoutFileError` for a fault of `oci-layout` and for a missing or too large
    ///   `index.json`, and `StreamError` when one of them cannot be read.
    public func indexBytes() throws -> [UInt8] {
        try naming("oci-layout", layout.checkLayout)
        return try naming("index.json", layout.readIndexBytes)
    }

    /// Runs `body`, and names the file of the layout in an error about the file's content.
    private func naming<Result>(_ file: Path, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch LayoutError.malformed(_, let error) {
            throw LayoutFileError(file: file, message: error.text)
        } catch let error as any Failure where error.exitStatus == .dataError {
            throw LayoutFileError(file: file, message: error.message)
        }
    }

    /// Files among the blobs that are not blobs.
    ///
    /// - Throws: `StreamError.open`.
    public func strayFiles() throws -> [Path] { try layout.strayFiles() }
}

/// A fault of one of the two files that describe a layout.
public struct LayoutFileError: Failure {
    /// The file, relative to the layout.
    public let file: Path
    public let message: String

    public var exitStatus: ExitStatus { .dataError }
}

extension ImageStore {
    /// Access to a whole layout, for checking it.
    public func layoutAudit(_ reference: LayoutReference) -> LayoutAudit {
        LayoutAudit(layout(reference))
    }
}
