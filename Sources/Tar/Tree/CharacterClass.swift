/// A set of characters: Unicode scalars, and numbers above them for bytes that are not UTF-8.
struct CharacterClass: Sendable {
    private var ranges: [ClosedRange<UInt32>] = []
    private var categories: [(name: String, isNegated: Bool)] = []
    private(set) var isNegated = false

    /// The character that replaces a byte that is not UTF-8.
    static let replacement: UInt32 = 0xFFFD
    private static let last: UInt32 = 0x10_FFFF

    init(isNegated: Bool = false) {
        self.isNegated = isNegated
    }

    init(_ range: ClosedRange<UInt32>) {
        ranges = [range]
    }

    /// All characters but one.
    init(allBut character: Unicode.Scalar) {
        isNegated = true
        ranges = [character.value...character.value]
    }

    mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }

    /// Adds the characters of a general category of Unicode, or all others.
    ///
    /// - Parameter name: such as `L` or `Lu`; a `^` before it negates it.
    /// - Returns: false when there is no such category.
    mutating func insert(category name: String, isNegated: Bool) -> Bool {
        let isInverse = name.hasPrefix("^")
        let name = isInverse ? String(name.dropFirst()) : name
        guard Unicode.GeneralCategory.names.contains(where: { $0 == name || $0.prefix(1) == name })
        else { return false }
        categories.append((name, isNegated != isInverse))
        return true
    }

    /// Adds the characters of some ranges, or those that are in none of them.
    ///
    /// - Parameter others: in order, without U+10FFFF.
    mutating func insert(_ others: [ClosedRange<UInt32>], isNegated: Bool) {
        guard isNegated else {
            ranges += others
            return
        }
        var start: UInt32 = 0
        for range in others {
            if range.lowerBound > start { insert(start...(range.lowerBound - 1)) }
            start = range.upperBound + 1
        }
        insert(start...CharacterClass.last)
    }

    func contains(_ character: UInt32) -> Bool {
        // As in Go, whose decoder replaces such a byte.
        let character = character > CharacterClass.last ? CharacterClass.replacement : character
        let isMember =
            ranges.contains { $0.contains(character) }
            || categories.contains { category in
                let name = Unicode.Scalar(character)?.properties.generalCategory.name
                return (name?.hasPrefix(category.name) ?? false) != category.isNegated
            }
        return isMember != isNegated
    }
}

extension Unicode.GeneralCategory {
    fileprivate static let names = [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe",
        "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn",
    ]

    /// The category's short name; its first letter names the group of categories.
    fileprivate var name: String {
        switch self {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }
}
