import ByteStream
import JSON
import OCI

extension KnownLayers {
    /// Adds the layers of a file: descriptor lines as `oci-layers` writes them, or image lines. A
    /// file without lines adds nothing. Neither does an artifact, or an image that contradicts
    /// itself.
    ///
    /// - Throws: `InputError` for lines that are cut or malformed, `StreamError`.
    public mutating func read(
        _ path: Path, ofTypes mediaTypes: [MediaType], onlyChunked: Bool = false
    ) throws {
        let bytes = try readWholeFile(path, limit: ImageLines.byteLimit)
        for (line, number) in try ImageLines.lines(of: bytes, path: path) {
            let subject = "line \(number) of \(path.quoted)"
            for layer in try KnownLayers.layers(of: line, subject: subject) {
                add(layer, ofTypes: mediaTypes, onlyChunked: onlyChunked)
            }
        }
    }

    private static func layers(of line: [UInt8], subject: String) throws -> [Descriptor] {
        do throws(JSONError) {
            let field = JSONField(try JSON.parse(line))
            if try field.object()["layers"] == nil { return [try Descriptor(field)] }
        } catch {
            throw InputError.document(subject: subject, error)
        }
        do {
            return try ImageLines.image(from: line, subject: subject).annotatedLayers()
        } catch is EditError {
            return []
        }
    }
}
