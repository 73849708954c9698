import ByteStream
import Glibc
import Hashing
import ImageStore
import Layer
import OCI

/// Stores what comes from an input as a blob.
struct BlobPush {
    private let input: InputStream
    private let repository: any Repository
    private let mountFrom: [String]

    init(_ input: InputStream, to repository: any Repository, mountFrom: [String]) {
        self.input = input
        self.repository = repository
        self.mountFrom = mountFrom
    }

    /// Reads the input to its end, whether its bytes are needed or not: only then it is proved.
    ///
    /// A regular file is read twice: what is there already is not sent, and what breaks is sent
    /// again from the beginning.
    ///
    /// - Returns: the descriptor of what the place has confirmed.
    /// - Throws: `LayerError`, and what the input and the place throw; nothing is stored then.
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
            _ = try repository.writeBlob(file, mountFrom: mountFrom)
        } else {
            _ = try repository.writeBlob(source, mountFrom: mountFrom)
            try drain(source)
        }
        return source.descriptor
    }

    /// Where reading begins in a regular file; nil for anything else.
    private func regularFileOffset() -> Int64? {
        var status = stat()
        let number = input.descriptor.rawValue
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let offset = lseek(number, 0, SEEK_CUR)
        return offset == -1 ? nil : Int64(offset)
    }
}
