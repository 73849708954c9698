import ArgumentParser
import ByteStream
import CSystem
import Glibc
import OCI

/// Arguments as bytes, carried through Swift's strings.
///
/// The kernel's arguments need not be UTF-8; `CommandLine.arguments` would replace invalid bytes.
/// Here each byte that is not part of valid UTF-8 becomes a character of a private range, and
/// `Path(argument:)` converts it back. Characters of that range in the argument itself are treated
/// the same way, byte by byte, so that the conversion is unambiguous.
public enum ArgumentText {
    private static let base: UInt32 = 0x10_FE00
    /// No character stands for a byte of ASCII: such bytes are always UTF-8, and text of other origin
    /// must not become a quote or a zero byte when it is encoded.
    private static let escapes = base + 0x80...base + 0xFF

    /// This process's arguments, the program's name first.
    public static var processArguments: [String] {
        var result: [String] = []
        var next = system_arguments()
        while let pointer = next, let argument = pointer.pointee {
            result.append(decode(UnsafeRawBufferPointer(start: argument, count: strlen(argument))))
            next = pointer + 1
        }
        return result
    }

    /// Converts bytes to text from which `encode` restores them.
    public static func decode(_ bytes: some Collection<UInt8>) -> String {
        var result = String.UnicodeScalarView()
        var rest = Array(bytes)[...]
        while let first = rest.first {
            var decoder = UTF8()
            var iterator = rest.makeIterator()
            if case .scalarValue(let scalar) = decoder.decode(&iterator),
                !escapes.contains(scalar.value)
            {
                result.append(scalar)
                rest = rest.dropFirst(UTF8.width(scalar))
            } else if let escape = Unicode.Scalar(base + UInt32(first)) {
                result.append(escape)
                rest = rest.dropFirst()
            }
        }
        return String(result)
    }

    /// The byte that a character of the private range stands for.
    static func escapedByte(_ scalar: Unicode.Scalar) -> UInt8? {
        escapes.contains(scalar.value) ? UInt8(scalar.value - base) : nil
    }

    /// The bytes the user typed.
    public static func encode(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if let byte = escapedByte(scalar) {
                bytes.append(byte)
            } else {
                bytes += Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        return bytes
    }
}

extension ArgumentText {
    /// An option's value as text.
    ///
    /// - Throws: `ValidationError` for bytes that are not UTF-8, which a JSON document cannot
    ///   contain.
    @Sendable public static func text(_ argument: String) throws -> String {
        if argument.unicodeScalars.contains(where: { escapedByte($0) != nil }) {
            throw ValidationError("not UTF-8")
        }
        return argument
    }

    /// An option's value as text that must not be empty.
    @Sendable public static func nonemptyText(_ argument: String) throws -> String {
        if argument.isEmpty { throw ValidationError("empty") }
        return try text(argument)
    }

    /// Parses an option's value with a parser of the model, and shows its error to the user.
    @Sendable public static func parsing<Value>(
        _ parse: @escaping @Sendable (String) throws(ValueError) -> Value
    ) -> @Sendable (String) throws -> Value {
        { argument in
            do {
                return try parse(text(argument))
            } catch let error as ValueError {
                throw ValidationError(error.problem)
            }
        }
    }
}

extension Path: ExpressibleByArgument {
    /// The bytes the user typed.
    public init?(argument: String) {
        self.init(ArgumentText.encode(argument))
    }

    public static var defaultCompletionKind: CompletionKind { .file() }
}

extension Digest: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension Platform: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension MediaType: ExpressibleByArgument {
    public init?(argument: String) { self.init(parsing: argument) }
}
