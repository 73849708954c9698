import ByteStream
import OCI

/// Writes lines to stdout, all of them at once.
///
/// - Throws: `StreamError.write`.
public func writeLines(_ lines: [String]) throws(StreamError) {
    try writeLines(lines.map { Array($0.utf8) })
}

/// Writes lines that need not be UTF-8, such as paths.
public func writeLines(_ lines: [[UInt8]]) throws(StreamError) {
    let output = OutputBuffer()
    for line in lines { try output.append(line + [UInt8(ascii: "\n")]) }
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
