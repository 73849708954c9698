/// Work on arguments as users write them, which ArgumentParser does not do.
enum Arguments {
    /// Splits `--name=` into the option and an empty value. The parser would take the next argument
    /// as the value.
    static func withEmptyValues(_ arguments: [String]) -> [String] {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        let split = arguments[..<end].flatMap { argument in
            let name = String(argument.prefix { $0 != "=" })
            let isSplit =
                name.hasPrefix("-") && argument.utf8.count == name.utf8.count + 1
                && !["-", "--"].contains(name)
            return isSplit ? [name, ""] : [argument]
        }
        return split + arguments[end...]
    }

    /// How to write a value that looks like an option, when the parser's `message` is that an
    /// option before such an argument lacks its value; else empty.
    static func advice(on message: String, _ arguments: [String]) -> String {
        for (option, value) in zip(arguments, arguments.dropFirst())
        where value.hasPrefix("-") && message.hasPrefix("Missing value for '\(option) <") {
            return ", write \(option)=\(value) if that is the value"
        }
        return ""
    }
}
