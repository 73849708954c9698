import ByteStream
import JSON
import OCI

/// The position of an image line among N lines, from `1/N` to `N/N`.
///
/// - Spec: docs/design.md, "A broken pipe never becomes an image", 7.
public struct LinePosition: Hashable, Sendable, CustomStringConvertible {
    public let number: Int
    public let total: Int

    /// - Precondition: `number` is in 1 to `total`.
    public init(_ number: Int, of total: Int) {
        precondition((1...total).contains(number))
        self.number = number
        self.total = total
    }

    /// - Returns: nil for anything but two numbers without leading zeros, the first at most the
    ///   second.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), let total = Int(parts[1]),
            number >= 1, number <= total, "\(number)/\(total)" == text
        else { return nil }
        self.number = number
        self.total = total
    }

    public var description: String { "\(number)/\(total)" }
}

extension ImageLines {
    /// Writes the images of a source to stdout; several lines are numbered.
    ///
    /// A filter uses `write`, which keeps the positions in its input.
    public static func writeNumbered(_ images: [Image]) throws(StreamError) {
        try write(numbered(images))
    }

    static func numbered(_ images: [Image]) -> [Image] {
        images.enumerated().map { offset, image in
            var image = image
            let position = LinePosition(offset + 1, of: images.count)
            image.manifest[annotation: Annotation.position] =
                images.count > 1 ? position.description : nil
            return image
        }
    }

    /// Checks that no numbered line is missing, and removes the numbers.
    ///
    /// Lines without a position are accepted as they are. There may be several sets of lines, in
    /// any order; a truncated input lacks a line of one of the sets.
    /// - Throws: `InputError.missingLine`, and `.document` for what is not a position.
    public static func checkPositions(_ images: inout [Image]) throws(InputError) {
        var counts: [Int: [Int: Int]] = [:]
        for index in images.indices {
            guard let text = images[index].manifest[annotation: Annotation.position] else {
                continue
            }
            guard let position = LinePosition(text) else {
                let path = JSONPath.root.key("annotations").key(Annotation.position)
                throw .document(
                    subject: "image line \(index + 1)", .field(path: path, "not like 1/2"))
            }
            counts[position.total, default: [:]][position.number, default: 0] += 1
        }
        for (total, numbers) in counts.sorted(by: { $0.key < $1.key }) {
            let sets = numbers.values.max() ?? 0
            // The search ends after the highest number in the input, however large the total is.
            let missing = (1...total).first { numbers[$0, default: 0] < sets }
            if let missing { throw .missingLine(LinePosition(missing, of: total)) }
        }
        for index in images.indices {
            images[index].manifest[annotation: Annotation.position] = nil
        }
    }
}
