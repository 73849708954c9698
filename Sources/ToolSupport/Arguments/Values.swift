import ArgumentParser

/// The values in one argument of an option or operand that may be repeated: `[Values<Path>]` is a list
/// of paths of any length.
///
/// As users type it, an argument has one value. When there are many arguments, `JoinedArguments`
/// passes several values to the parser as one argument.
public struct Values<Value> {
    public let values: [Value]

    init(_ argument: String, _ parse: (String) throws -> Value) throws {
        guard let texts = JoinedArguments.values(in: argument) else {
            values = [try parse(argument)]
            return
        }
        values = try texts.map { text in
            do {
                return try parse(text)
            } catch {
                throw RefusedValue(value: text, reason: String(describing: error))
            }
        }
    }

    /// A transform for options whose values are read with `parse`.
    public static func each(
        _ parse: @escaping @Sendable (String) throws -> Value
    ) -> @Sendable (String) throws -> Self {
        { try Self($0, parse) }
    }
}

extension Values: Sendable where Value: Sendable {}

extension Values: ExpressibleByArgument where Value: ExpressibleByArgument {
    public init?(argument: String) {
        var values: [Value] = []
        for text in JoinedArguments.values(in: argument) ?? [argument] {
            guard let value = Value(argument: text) else { return nil }
            values.append(value)
        }
        self.values = values
    }

    public static var allValueStrings: [String] { Value.allValueStrings }
    public static var defaultCompletionKind: CompletionKind { Value.defaultCompletionKind }
}

extension Array {
    /// The values of all arguments, in order.
    public func flattened<Value>() -> [Value] where Element == Values<Value> {
        flatMap(\.values)
    }
}

/// Why one of several values in one argument is refused.
///
/// The parser appends the description to a text that quotes the whole argument;
/// `UsageError` puts the value in its place.
struct RefusedValue: Error, CustomStringConvertible {
    let value: String
    let reason: String

    var description: String { "\0\(value)\0\(reason)" }

    /// The parser's message for the one value.
    static func message(parserMessage text: String) -> String {
        let invalid = "' is invalid for '"
        guard let quote = text.firstIndex(of: "'"), let end = text.ranges(of: invalid).last
        else { return text }
        let parts = text[end.upperBound...].split(separator: "\0", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return text }
        return "\(text[...quote])\(parts[1])\(invalid)\(parts[0])\(parts[2])"
    }
}
