import ByteStream
import CCrypto
import Glibc

/// Secret bytes that are wiped after use: a key or a password.
///
/// They are stored in one place and never copied into an array, which would be freed without being
/// wiped.
public final class SecretBytes {
    private let buffer: UnsafeMutableRawBufferPointer
    private var length: Int

    /// The maximum size of a key file or a password.
    public static let byteLimit = 64 << 10

    init(capacity: Int) {
        buffer = .allocate(byteCount: max(1, capacity), alignment: 16)
        length = 0
    }

    /// A copy of `bytes`; the caller wipes the original.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(capacity: bytes.count)
        buffer.copyMemory(from: bytes)
        length = bytes.count
    }

    deinit {
        OPENSSL_cleanse(buffer.baseAddress, buffer.count)
        buffer.deallocate()
    }

    public var count: Int { length }

    /// Lets `body` read the bytes, which it must not keep.
    public func withBytes<Result, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> Result
    ) throws(E) -> Result {
        try body(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
    }

    /// Lets `body` write up to the capacity; it returns the length.
    func fill<E: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        length = min(buffer.count, max(0, try body(buffer)))
    }

    /// Reads a whole file.
    ///
    /// - Throws: `StreamError.open`, `.read`, and `.tooLarge` beyond `byteLimit` bytes.
    public convenience init(readingFile path: Path) throws(StreamError) {
        let file: OwnedDescriptor
        do {
            file = try OwnedDescriptor(reading: path)
        } catch {
            throw .open(path: path, error)
        }
        try self.init(reading: file.descriptor, path: path)
        withExtendedLifetime(file) {}
    }

    /// Reads `descriptor` to its end; `path` is its name in messages.
    ///
    /// - Throws: `StreamError.read`, and `.tooLarge` beyond `byteLimit` bytes.
    public convenience init(reading descriptor: FileDescriptor, path: Path) throws(StreamError) {
        self.init(capacity: SecretBytes.byteLimit + 1)
        var filled = 0
        while filled < buffer.count {
            let count: Int
            do {
                count = try descriptor.read(into: .init(rebasing: buffer[filled...]))
            } catch {
                throw .read(path: path, error)
            }
            if count == 0 { break }
            filled += count
        }
        guard filled <= SecretBytes.byteLimit else {
            throw .tooLarge(path: path, limit: SecretBytes.byteLimit)
        }
        length = filled
    }

    /// Removes a newline at the end, as in a password file.
    public func removeNewline() {
        if length > 0, buffer[length - 1] == UInt8(ascii: "\n") { length -= 1 }
        if length > 0, buffer[length - 1] == UInt8(ascii: "\r") { length -= 1 }
    }

    /// Takes a variable out of the environment; nil when it is not set.
    ///
    /// Child processes do not get it. Call this before any thread is started.
    public convenience init?(takingVariable name: String) {
        guard let value = getenv(name) else { return nil }
        let bytes = UnsafeMutableRawBufferPointer(start: value, count: strlen(value))
        self.init(copying: UnsafeRawBufferPointer(bytes))
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        unsetenv(name)
    }
}

extension SecretBytes {
    /// Prompts for a password without echo; nil without a terminal.
    ///
    /// - Throws: `StreamError.read`, also when it is too long.
    public convenience init?(askingFor what: String) throws(StreamError) {
        self.init(capacity: 4096)
        var isThere = false
        do {
            try fill { (buffer) throws(Errno) in
                guard let count = try Terminal.readSecretLine(prompt: "\(what): ", into: buffer)
                else { return 0 }
                isThere = true
                guard count <= buffer.count else { throw Errno.range }
                return count
            }
        } catch {
            throw .read(path: "/dev/tty", error)
        }
        if !isThere { return nil }
    }
}
