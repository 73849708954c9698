import ByteStream
import JSON
import OCI

extension Descriptor {
    /// The descriptor line, with its newline.
    public var line: [UInt8] { document.serialized() + [UInt8(ascii: "\n")] }
}

extension FileDescriptor {
    /// Writes a descriptor line. A tool does this last.
    ///
    /// - Throws: `StreamError.write`.
    public func writeLine(_ descriptor: Descriptor) throws(StreamError) {
        do {
            try writeAll(descriptor.line)
        } catch {
            throw .write(path: .standardOutput, error)
        }
    }
}

/// Reads a file with exactly one descriptor line, as `oci-push-blob` writes it.
///
/// - Throws: `StreamError`, `InputError`, also for an empty file: the stage that should have
///   written it failed.
public func readDescriptor(_ path: Path) throws -> Descriptor {
    try descriptor(of: readFile(path, limit: ImageLines.lineByteLimit), path: path)
}

/// Reads an input of exactly one descriptor line.
public func readDescriptor(from input: InputStream) throws -> Descriptor {
    try descriptor(of: ImageLines.readAll(from: input), path: input.path)
}

/// Reads an input of descriptor lines, at least one.
///
/// - Throws: `InputError`, `StreamError.read`.
public func readDescriptors(from input: InputStream) throws -> [Descriptor] {
    try descriptors(of: ImageLines.readAll(from: input), path: input.path)
}

/// Reads a file of descriptor lines, at least one.
///
/// - Throws: `InputError`, `StreamError`.
public func readDescriptors(_ path: Path) throws -> [Descriptor] {
    try descriptors(of: readFile(path, limit: ImageLines.byteLimit), path: path)
}

private func descriptors(of bytes: [UInt8], path: Path) throws -> [Descriptor] {
    try InputKind.naming(bytes, path, expecting: .descriptorLines) {
        try ImageLines.lines(of: bytes, path: path).map { line, number in
            try descriptor(
                from: line, subject: "descriptor, line \(number) of \(path.quoted)")
        }
    }
}

private func descriptor(of bytes: [UInt8], path: Path) throws -> Descriptor {
    try InputKind.naming(bytes, path, expecting: .descriptorLines) {
        let lines = try ImageLines.lines(of: bytes, path: path)
        guard lines.count == 1, let line = lines.first else {
            throw InputError.refused(
                "\(path.quoted) has \(lines.count) lines, not one descriptor")
        }
        return try descriptor(from: line.line, subject: "descriptor in \(path.quoted)")
    }
}

private func descriptor(
    from line: [UInt8], subject: String
) throws(InputError) -> Descriptor {
    do throws(JSONError) {
        return try Descriptor(JSONField(JSON.parse(line)))
    } catch {
        throw .document(subject: subject, error)
    }
}
