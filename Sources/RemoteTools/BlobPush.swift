import ByteStream
import Glibc
import Hashing
import ImageStore
import Layer
import OCI

/// Stores an input as a blob.
struct BlobPush {
    let input: InputStream
    let store: ImageStore
    let targets: [Reference]
    /// The repositories that may have the blob, for each target.
    let mountSources: [Reference: [String]]
    /// The file that records the upload to the one target, for the next process.
    var resumption: (target: RegistryReference, file: Path)?

    /// Reads the input to its end, even when its bytes are not needed, because only the end proves
    /// that it is complete.
    ///
    /// A regular file is read twice: a blob that exists is not sent, and a broken upload starts
    /// again from the beginning.
    ///
    /// - Returns: the descriptor of the blob, after the place has confirmed it.
    /// - Throws: `LayerError`, and what the input and the place throw; then nothing was stored.
    func run(
        declared: MediaType?, expectedDigest: Digest?, expectedSize: Int64?, verifiesLayer: Bool
    ) throws -> Descriptor {
        let start = regularFileOffset()
        let source = LayerSource(
            input, path: input.path, declared: declared, expectedDigest: expectedDigest,
            expectedSize: expectedSize, verifiesLayer: verifiesLayer)
        if let start {
            try drain(source)
            let file = FileBlob(
                input.descriptor, start: start, path: input.path, identity: source.identity)
            _ = try file.rewind()
            try write(file)
        } else {
            try write(source)
            try drain(source)
        }
        return source.descriptor
    }

    private func write(_ source: any BlobSource) throws {
        if let resumption {
            return try store.writeBlob(
                source, to: resumption.target,
                mountFrom: mountSources[.registry(resumption.target)] ?? [],
                resumeFile: resumption.file)
        }
        try store.writeBlob(source, to: targets) { [mountSources] in mountSources[$0] ?? [] }
    }

    /// The offset of a regular file at which reading begins; nil for other inputs.
    private func regularFileOffset() -> Int64? {
        var status = stat()
        let number = input.descriptor.rawValue
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let offset = lseek(number, 0, SEEK_CUR)
        return offset == -1 ? nil : Int64(offset)
    }
}
