import ByteStream
import Hashing
import JSON
import OCI

/// Image lines: images as they cross a pipe, one to a line.
///
/// - Spec: docs/design.md, "Three things cross a pipe"; image-spec v1.1.1, descriptor.md, `data`.
public enum ImageLines {
    /// The maximum number of bytes of all lines in one run.
    public static let byteLimit = 256 << 20

    /// The maximum number of bytes of one line: a manifest and a config in base64, both of maximum
    /// size.
    public static let lineByteLimit = 16 << 20

    /// The maximum number of lines in one run.
    public static let lineCountLimit = 65_536

    /// Reads every line to the end of the input.
    ///
    /// - Returns: at least one image, configs verified against their descriptors.
    /// - Throws: `InputError`, `StreamError.read`.
    public static func read(from input: InputStream) throws -> [Image] {
        try read(readAll(from: input), path: input.path)
    }

    /// Parses all lines of an input that was read before.
    ///
    /// - Parameter path: the name of the input in messages.
    /// - Throws: `InputError`.
    public static func read(_ bytes: [UInt8], path: Path) throws -> [Image] {
        try InputKind.naming(bytes, path, expecting: .imageLines) {
            try lines(of: bytes, path: path).map { line, number in
                try image(from: line, subject: "image line \(number) of \(path.quoted)")
            }
        }
    }

    /// Reads the whole input, which must not be empty.
    ///
    /// - Throws: `InputError.empty`, `.tooLarge`, `StreamError.read`.
    public static func readAll(from input: InputStream) throws -> [UInt8] {
        guard let bytes = try input.readAll(limit: byteLimit) else {
            throw InputError.tooLarge(input.path, limit: byteLimit)
        }
        if bytes.isEmpty { throw InputError.empty(input.path) }
        return bytes
    }

    /// Splits into lines, numbered from 1, each of which ended with a newline.
    ///
    /// - Throws: `InputError.cutLine`, `.longLine` and `.tooManyLines`.
    public static func lines(
        of bytes: [UInt8], path: Path
    ) throws(InputError) -> [(line: [UInt8], number: Int)] {
        let newline = UInt8(ascii: "\n")
        guard bytes.count(where: { $0 == newline }) <= lineCountLimit else {
            throw .tooManyLines(path, limit: lineCountLimit)
        }
        var lines = bytes.split(separator: newline, omittingEmptySubsequences: false)
        let number = lines.count
        guard let last = lines.popLast(), last.isEmpty else {
            throw .cutLine(path, line: number)
        }
        if let index = lines.firstIndex(where: { $0.count > lineByteLimit }) {
            throw .longLine(path, line: index + 1, limit: lineByteLimit)
        }
        return lines.enumerated().map { (Array($0.element), $0.offset + 1) }
    }

    /// Reads one image line.
    ///
    /// - Parameter subject: its name in messages.
    /// - Throws: `InputError.document`, `.refused`.
    public static func image(from line: [UInt8], subject: String) throws -> Image {
        do {
            let manifest = try Manifest(JSONField(JSON.parse(line)))
            guard let data = try embeddedConfig(of: manifest) else {
                throw JSONError.field(
                    path: .root.key("config").key("data"),
                    "missing: this is a manifest, not an image line as oci-fetch writes it")
            }
            let verifier = Verifier(
                digest: manifest.config.digest, size: manifest.config.size,
                subject: "config.data")
            try data.withRawBytes { (bytes) throws(VerificationError) in
                try verifier.update(bytes)
            }
            try verifier.finish()
            return Image(manifest: manifest, configBytes: data)
        } catch let error as JSONError {
            throw InputError.document(subject: subject, error)
        } catch let error as VerificationError {
            throw InputError.refused("\(error.message) in \(subject)")
        }
    }

    private static func embeddedConfig(of manifest: Manifest) throws(JSONError) -> [UInt8]? {
        do throws(JSONError) {
            return try manifest.config.embeddedData()
        } catch {
            throw error.inside(.root.key("config"))
        }
    }

    /// Reads all lines of stdin, edits each image, and writes all images after the last was edited.
    ///
    /// When an edit fails, nothing is written, so that no later stage accepts a part as the whole.
    /// - Parameter edit: edits an image; the subject is its name in messages.
    public static func map(
        _ console: Console, _ edit: (inout Image, _ subject: String) throws -> Void
    ) throws {
        let input = try console.standardInput(expecting: "image lines")
        var images = try read(from: input)
        for index in images.indices {
            let subject = "image line \(index + 1) of \(input.path.quoted)"
            try naming(subject) { try edit(&images[index], subject) }
        }
        try write(images)
    }

    /// Reads the one image line of stdin.
    ///
    /// - Parameter body: uses the image.
    /// - Throws: `InputError.refused` for several lines, what `read` throws, and what `body` throws
    ///   with the line as its subject.
    public static func readOne<Result>(
        _ console: Console, _ body: (Image) throws -> Result
    ) throws -> Result {
        let input = try console.standardInput(expecting: "an image line")
        let images = try read(from: input)
        guard images.count == 1 else {
            throw InputError.refused(
                "\(images.count) image lines on \(input.path.quoted), where one should be; choose "
                    + "a platform")
        }
        return try naming("image line on \(input.path.quoted)") { try body(images[0]) }
    }

    /// The one image line of a file.
    ///
    /// - Throws: `InputError`, `StreamError`.
    public static func readOne(_ path: Path) throws -> Image {
        let images = try read(from: InputStream(opening: path))
        guard images.count == 1 else {
            throw InputError.refused(
                "\(images.count) image lines in \(path.quoted), where one should be")
        }
        return images[0]
    }

    /// Reads all image lines of stdin; no line of a numbered set may be missing.
    ///
    /// - Parameter body: uses an image.
    /// - Throws: what `read`, `checkPositions` and `body` throw, each with its line as the subject.
    public static func readEach<Result>(
        _ console: Console, _ body: (Image) throws -> Result
    ) throws -> [Result] {
        let input = try console.standardInput(expecting: "image lines")
        var images = try read(from: input)
        try checkPositions(&images)
        return try images.enumerated().map { offset, image in
            try naming("image line \(offset + 1) of \(input.path.quoted)") { try body(image) }
        }
    }

    /// Runs `body`. Its errors about a document become errors of the line `subject`.
    private static func naming<Result>(
        _ subject: String, _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let error as JSONError {
            throw InputError.document(subject: subject, error)
        } catch let error as EditError {
            throw InputError.refused("refused \(subject): \(error.text)")
        }
    }

    /// Writes the images to stdout, a line each.
    public static func write(_ images: [Image]) throws(StreamError) {
        let output = OutputBuffer()
        for image in images {
            try output.append(image.line)
            try output.append([UInt8(ascii: "\n")])
        }
        try output.flush()
    }
}
