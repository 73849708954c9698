/// Reads a source to its end and passes the bytes to a sink, through one buffer.
///
/// - Throws: what the source or the sink throws.
public func drain(_ source: some ByteSource, to sink: (any ByteSink)? = nil) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: readByteCount, alignment: 4096)
    defer { buffer.deallocate() }
    while true {
        let count = try source.read(into: buffer)
        if count == 0 { return }
        try sink?.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
}
