import ByteStream
import Glibc
import JSON
import OCI

/// Checking and creating layouts.
///
/// - Spec: image-spec v1.1.1, image-layout.md, oci-layout file.
extension LayoutRepository {
    var layoutFilePath: Path { directory.appending("oci-layout") }

    /// Whether the directory has an `oci-layout` file.
    public var exists: Bool { layoutFilePath.withCString { access($0, F_OK) } == 0 }

    /// Why nothing can be read from the directory: it is missing, or no directory; nil otherwise.
    public var openError: StreamError? {
        do {
            let type = try directory.status().st_mode & S_IFMT
            return type == S_IFDIR ? nil : .open(path: directory, .notDirectory)
        } catch {
            return .open(path: directory, error)
        }
    }

    /// Checks that the directory is a layout of the supported version.
    ///
    /// - Throws: `LayoutError.notALayout` and `.malformed`, `StreamError`: `.open` for a missing
    ///   directory.
    public func checkLayout() throws {
        do {
            let input = try RegularFile.read(layoutFilePath, limit: 1 << 20)
            let field = JSONField(try JSON.parse(input))
            let version = try field.required("imageLayoutVersion").string()
            guard version.hasPrefix("1.") else {
                throw LayoutError.notALayout(
                    path: directory, reason: "layout version \(quote(version)), not 1")
            }
        } catch StreamError.open(_, .noEntry) {
            _ = try names()
            throw LayoutError.notALayout(path: directory, reason: "it has no oci-layout file")
        } catch StreamError.open(_, .notDirectory) {
            throw StreamError.open(path: directory, .notDirectory)
        } catch let error as JSONError {
            throw LayoutError.malformed(path: layoutFilePath, error)
        }
    }

    /// Whether the directory is missing or empty, so that a layout can be created.
    func isYetToBeMade() throws(StreamError) -> Bool {
        do {
            return try names().isEmpty
        } catch .open(_, .noEntry) {
            return true
        } catch {
            throw error
        }
    }

    /// Creates a layout in a missing or empty directory.
    ///
    /// - Throws: `LayoutError.occupied` when the directory has other files.
    func createLayout() throws {
        if exists { return try checkLayout() }
        try create(directory)
        let lockFailure = { StreamError.create(path: directory, $0) as any Error }
        try Directory.withLock(directory, failure: lockFailure) {
            let names = try names()
            // Another process may have created it while this one waited.
            if names.contains("oci-layout") { return try checkLayout() }
            guard names.isEmpty else { throw LayoutError.occupied(path: directory) }
            // Written first, so that the next run can continue after an interruption.
            try write(#"{"imageLayoutVersion":"1.0.0"}"#.utf8, to: layoutFilePath)
            try write(LayoutIndex().bytes, to: directory.appending("index.json"))
            try create(blobDirectory(.sha256))
        }
    }

    private func names() throws(StreamError) -> [Path] {
        do {
            return try Directory.names(in: directory)
        } catch {
            throw .open(path: directory, error)
        }
    }

    private func write(_ bytes: some Sequence<UInt8>, to path: Path) throws(StreamError) {
        let file = try AtomicFile(path)
        try file.write(Array(bytes))
        try file.commit()
    }

    func create(_ directory: Path) throws(StreamError) {
        do {
            try Directory.create(directory)
        } catch {
            throw .create(path: directory, error)
        }
    }
}
