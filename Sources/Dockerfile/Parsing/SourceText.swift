/// Text as the parser sees it: a character is a Unicode scalar, never a cluster of them, so that CR
/// and LF stay apart and nothing is compared by canonical equivalence.
typealias Scalars = [Unicode.Scalar]

/// A position in a Dockerfile.
public struct SourcePosition: Hashable, Sendable {
    /// Counted from 1.
    public let line: Int
    /// In Unicode scalars, counted from 1.
    public let column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// The line of an instruction, joined from physical lines by the escape character at their ends.
public struct LogicalLine: Hashable, Sendable {
    /// The offset in `scalars` at which a physical line begins, and its position in the file.
    private struct Segment: Hashable, Sendable {
        let offset: Int
        let start: SourcePosition
    }

    private(set) var scalars: Scalars = []
    private var segments: [Segment] = []

    init() {}

    /// The line as it is parsed.
    public var text: String { String(scalars[...]) }

    mutating func append(_ part: some Collection<Unicode.Scalar>, at start: SourcePosition) {
        segments.append(Segment(offset: scalars.count, start: start))
        scalars += part
    }

    /// The position of the character at `offset`; of the end for a larger offset.
    func position(of offset: Int) -> SourcePosition {
        // The number of segments that begin at the offset or before it.
        var count = 0
        var end = segments.count
        while count < end {
            let middle = (count + end) / 2
            if segments[middle].offset <= offset { count = middle + 1 } else { end = middle }
        }
        let segment =
            count > 0
            ? segments[count - 1] : Segment(offset: 0, start: SourcePosition(line: 1, column: 1))
        return SourcePosition(
            line: segment.start.line, column: segment.start.column + offset - segment.offset)
    }
}

/// A part of a logical line.
public struct Word: Hashable, Sendable {
    /// As it is written, quotes and escapes included; a string of a JSON array without them.
    public let text: String
    /// Its offset in its instruction's line.
    let offset: Int

    init(_ text: String, at offset: Int) {
        self.text = text
        self.offset = offset
    }
}

extension String {
    init(_ scalars: some Sequence<Unicode.Scalar>) {
        var view = UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }

    /// Compares bytes: `==` of strings treats canonically equivalent text as equal.
    func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

extension Unicode.Scalar {
    /// Whether it ends a word: the white space of Unicode.
    var isWhiteSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
            0x205F, 0x3000:
            true
        default: false
        }
    }

    /// Whether it ends an instruction's keyword.
    var isBlank: Bool {
        switch value {
        case 0x09, 0x0B, 0x0C, 0x0D, 0x20: true
        default: false
        }
    }
}

extension Collection<Unicode.Scalar> where Self: BidirectionalCollection {
    /// The text without white space at both ends.
    var trimmed: SubSequence {
        var rest = drop { $0.isWhiteSpace }
        while let last = rest.last, last.isWhiteSpace { rest = rest.dropLast() }
        return rest
    }
}
