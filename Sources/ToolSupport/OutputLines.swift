import ByteStream
import OCI

/// Writes lines to stdout, all of them at once.
///
/// - Throws: `StreamError.write`.
public func writeLines(_ lines: [String]) throws(StreamError) {
    let output = OutputBuffer()
    for line in lines { try output.append(Array("\(line)\n".utf8)) }
    try output.flush()
}

/// Writes descriptor lines to stdout, all of them at once.
///
/// - Throws: `StreamError.write`.
public func writeDescriptors(_ descriptors: [Descriptor]) throws(StreamError) {
    let output = OutputBuffer()
    for descriptor in descriptors { try output.append(descriptor.line) }
    try output.flush()
}
