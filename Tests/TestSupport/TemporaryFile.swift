import ByteStream
import Glibc

/// A new file without a name, open for reading and writing.
public func temporaryFile() -> CInt {
    var name = Array("/tmp/ocinoco-tests.XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    precondition(descriptor != -1)
    unlink(name)
    return descriptor
}

/// The bytes that `body` writes to an output and flushes.
public func bytesWritten(_ body: (OutputBuffer) throws -> Void) throws -> [UInt8] {
    let descriptor = temporaryFile()
    defer { close(descriptor) }
    try body(OutputBuffer(FileDescriptor(rawValue: descriptor), path: "the output"))
    lseek(descriptor, 0, SEEK_SET)
    return try InputStream(FileDescriptor(rawValue: descriptor)).readAll(limit: 1 << 30) ?? []
}

/// Calls `body` with an input that has these bytes.
public func withInput<Result>(
    _ bytes: [UInt8], _ body: (InputStream) throws -> Result
) throws -> Result {
    let descriptor = temporaryFile()
    defer { close(descriptor) }
    try FileDescriptor(rawValue: descriptor).writeAll(bytes)
    lseek(descriptor, 0, SEEK_SET)
    return try body(InputStream(FileDescriptor(rawValue: descriptor), path: "the test"))
}
