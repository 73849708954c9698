import ByteStream
import CCrypto
import Glibc

/// Bytes that are wiped when they are no longer needed: a key, a password.
///
/// They are in one place: nothing here copies them into an array, which would be freed as it is.
public final class SecretBytes {
    private let buffer: UnsafeMutableRawBufferPointer
    private var length: Int

    /// The most that a key's file or a password has.
    public static let byteLimit = 64 << 10

    init(capacity: Int) {
        buffer = .allocate(byteCount: max(1, capacity), alignment: 16)
        length = 0
    }

    /// A copy of `bytes`, which their owner wipes.
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

    public func withBytes<Result, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> Result
    ) throws(E) -> Result {
        try body(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
    }

    /// Lets `body` write up to the capacity, and takes what it says it wrote for the length.
    func fill<E: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        length = min(buffer.count, max(0, try body(buffer)))
    }

    /// All of a file.
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

    /// Everything up to the end of `descriptor`, which `path` names in messages.
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

    /// Leaves out the newline at the end, as of a password's file.
    public func removeNewline() {
        if length > 0, buffer[length - 1] == UInt8(ascii: "\n") { length -= 1 }
        if length > 0, buffer[length - 1] == UInt8(ascii: "\r") { length -= 1 }
    }

    /// A variable of the environment, which is gone from it afterwards; nil when it is not set.
    ///
    /// Programs that this process starts do not get it. Called before any thread is started.
    public convenience init?(takingVariable name: String) {
        guard let value = getenv(name) else { return nil }
        let bytes = UnsafeMutableRawBufferPointer(start: value, count: strlen(value))
        self.init(copying: UnsafeRawBufferPointer(bytes))
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        unsetenv(name)
    }
}

extension SecretBytes {
    /// A password that the user types, unseen; nil where there is no terminal.
    ///
    /// - Throws: `StreamError.read`, also for one that is too long.
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
