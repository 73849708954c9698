import ArgumentParser

/// The arguments of a command that can take several values at once: options and an operand that are
/// lists of `Values`.
struct JoinableNames {
    /// Names with their dashes. Options that are not named after their property are missing.
    private(set) var options: Set<String> = []
    private(set) var hasOperands = false

    /// No names.
    init() {}

    init(of command: any ParsableArguments.Type) {
        for child in Mirror(reflecting: command.init()).children {
            if let group = child.value as? any OptionGroupDeclaration {
                let names = JoinableNames(of: group.optionsType)
                options.formUnion(names.options)
                hasOperands = hasOperands || names.hasOperands
            } else if child.value is any JoinableOperand {
                hasOperands = true
            } else if child.value is any JoinableOption, let label = child.label {
                // The storage of a property wrapper has the property's name after an underscore.
                options.insert(Self.optionName(ofProperty: label.dropFirst()))
            }
        }
    }

    /// The parser's name for a property: `--unset-env` for `unsetEnv`.
    private static func optionName(ofProperty property: Substring) -> String {
        property.reduce(into: "--") { name, character in
            name += character.isUppercase ? "-\(character.lowercased())" : String(character)
        }
    }
}

private protocol ListOfValues {}
private protocol ElementOfValues {}
private protocol JoinableOption {}
private protocol JoinableOperand {}
private protocol OptionGroupDeclaration {
    var optionsType: any ParsableArguments.Type { get }
}

extension Values: ElementOfValues {}
extension Array: ListOfValues where Element: ElementOfValues {}
extension Option: JoinableOption where Value: ListOfValues {}
extension Argument: JoinableOperand where Value: ListOfValues {}
extension OptionGroup: OptionGroupDeclaration {
    fileprivate var optionsType: any ParsableArguments.Type { Value.self }
}
