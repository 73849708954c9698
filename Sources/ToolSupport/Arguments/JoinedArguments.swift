import ArgumentParser

/// Arguments for the parser, in which many values of one name are one argument.
///
/// The parser's time for each value grows with the number of earlier values of the same name, so
/// thousands of arguments from xargs(1) would take seconds. Only arguments declared with `Values`
/// are joined, and the meaning stays: an option's values keep their order, and so do operands.
struct JoinedArguments {
    /// The number of arguments up to which nothing is joined.
    static let unjoinedCount = 100

    /// The maximum number of arguments after joining.
    static let countLimit = 2000

    private(set) var arguments: [String] = []
    private let names: JoinableNames
    /// The values of each option, and the index in `arguments` where they go.
    private var options: [(index: Int, name: String, values: [String])] = []
    private var positions: [String: Int] = [:]
    /// Operands that are not in `arguments` yet.
    private var operands: [String] = []

    /// - Throws: `UsageError` when more than `countLimit` arguments remain.
    init(_ arguments: [String], for command: any ParsableArguments.Type) throws(UsageError) {
        guard arguments.count > Self.unjoinedCount else {
            names = JoinableNames()
            self.arguments = arguments
            return
        }
        names = JoinableNames(of: command)
        var rest = arguments[...]
        while let argument = rest.first {
            if argument == "--" {
                append(argument)
                operands += rest.dropFirst()
                break
            }
            if isOption(argument) {
                rest = addOption(rest)
            } else {
                operands.append(argument)
                rest = rest.dropFirst()
            }
        }
        appendOperands()
        for option in options {
            self.arguments[option.index] = "\(option.name)=\(Self.join(option.values))"
        }
        if self.arguments.count > Self.countLimit {
            throw UsageError(
                "too many arguments: \(self.arguments.count), and at most \(Self.countLimit) "
                    + "beside operands and options that are lists")
        }
    }

    /// The values in a joined argument; nil for any other argument.
    static func values(in argument: String) -> [String]? {
        guard argument.unicodeScalars.first == separator else { return nil }
        return argument.unicodeScalars.dropFirst()
            .split(separator: separator, omittingEmptySubsequences: false).map { String($0) }
    }

    /// Puts a NUL before each value; arguments of a process cannot contain NUL.
    private static func join(_ values: some Sequence<String>) -> String {
        values.reduce(into: "") { $0 += "\(separator)\($1)" }
    }

    private static let separator: Unicode.Scalar = "\0"

    private func isOption(_ argument: String) -> Bool {
        argument.first == "-" && argument != "-"
    }

    private mutating func appendOperands() {
        if names.hasOperands && operands.count > 1 {
            arguments.append(Self.join(operands))
        } else {
            arguments += operands
        }
        operands = []
    }

    private mutating func append(_ argument: String) {
        appendOperands()
        arguments.append(argument)
    }

    /// Consumes the first argument, an option, and its value if it has one.
    private mutating func addOption(_ rest: ArraySlice<String>) -> ArraySlice<String> {
        let option = rest[rest.startIndex]
        let end = option.firstIndex(of: "=") ?? option.endIndex
        let name = String(option[..<end])
        let attached = option[end...].dropFirst()
        let next = rest.dropFirst().first.flatMap { isOption($0) ? nil : $0 }
        if names.options.contains(name), !attached.isEmpty {
            addValue(String(attached), of: name)
            return rest.dropFirst()
        }
        if names.options.contains(name), let next {
            addValue(next, of: name)
            return rest.dropFirst(2)
        }
        // Here it is unknown whether another option takes a value. The next argument stays after
        // the option: it is the value or an operand.
        append(option)
        if attached.isEmpty, let next { arguments.append(next) }
        return rest.dropFirst(attached.isEmpty && next != nil ? 2 : 1)
    }

    private mutating func addValue(_ value: String, of name: String) {
        if let position = positions[name] {
            options[position].values.append(value)
        } else {
            positions[name] = options.count
            append(name)
            options.append((arguments.count - 1, name, [value]))
        }
    }
}
